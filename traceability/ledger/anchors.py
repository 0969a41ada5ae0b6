"""Checkpoints outside of the database: a file that only grows.

Who can rewrite the database can't thereby rewrite this file: copy it to where he has no hands, or
let a witness sign. A line is a JSON object of `time` and `checkpoint`, a signed note; the last one
is the latest. Processes that write take turns by a lock on the file.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from park.times import format_instant
from traceability.errors import CheckpointError, LedgerError
from traceability.ledger.checkpoint import SignedCheckpoint

_TAIL_BYTES = 8192
_MODE = 0o644


class AnchorLine(NamedTuple):
    """One line of the file, not yet read."""

    number: int
    text: str

    def checkpoint(self) -> SignedCheckpoint:
        """What it holds, signatures not checked. Raises CheckpointError."""
        try:
            record = json.loads(self.text)
            return SignedCheckpoint.parse(record["checkpoint"])
        except CheckpointError:
            raise
        # JSON that is nested too deeply raises RecursionError.
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            msg = "the line is no record of a checkpoint"
            raise CheckpointError(msg) from error


@dataclass(slots=True)
class AnchorFile:
    """The file. Safe to share among threads and processes; every method raises LedgerError."""

    path: Path
    _seen: tuple[tuple[int, int], SignedCheckpoint] | None = field(
        default=None, init=False, repr=False
    )
    """Which file it was and how long, when this checkpoint was its last: saves reading it again."""

    def length(self) -> int:
        """Its bytes; 0 where there is none."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise _unusable(self.path, error) from error

    def lines(self, length: int | None = None) -> Iterator[AnchorLine]:
        """The whole lines among the first `length` bytes, the oldest first.

        A last line that doesn't end is a write that was cut short, and is no line.
        """
        left = self.length() if length is None else length
        if not left:
            return
        try:
            with self.path.open("rb") as file:
                for number, line in enumerate(file, 1):
                    left -= len(line)
                    if left < 0 or not line.endswith(b"\n"):
                        return
                    yield AnchorLine(number, line.decode(errors="replace"))
        except OSError as error:
            raise _unusable(self.path, error) from error

    @contextmanager
    def alone(self) -> Iterator["AnchorWriter"]:
        """The file for one writer at a time."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, _MODE)
        except OSError as error:
            raise _unusable(self.path, error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield AnchorWriter(self, handle)
        finally:
            os.close(handle)


@dataclass(slots=True)
class AnchorWriter:
    """The file while nobody else writes it."""

    file: AnchorFile
    handle: int

    def last(self) -> SignedCheckpoint | None:
        """The latest checkpoint, signatures not checked. Raises CheckpointError."""
        mark = self._mark()
        seen = self.file._seen  # noqa: SLF001 - the writer is a part of the file
        if seen is not None and seen[0] == mark:
            return seen[1]
        line = self._last_line(mark[1])
        if line is None:
            return None
        try:
            return AnchorLine(0, line).checkpoint()
        except CheckpointError as error:
            msg = f"the last line of {self.file.path} is garbled: {error}"
            raise CheckpointError(msg) from error

    def _last_line(self, length: int) -> str | None:
        width = _TAIL_BYTES
        while True:
            start = max(0, length - width)
            whole = os.pread(self.handle, length - start, start).rpartition(b"\n")[0]
            before, found, line = whole.rpartition(b"\n")
            if found or start == 0:
                return line.decode(errors="replace") if before or line else None
            width *= 2

    def append(self, checkpoint: SignedCheckpoint, now: datetime, *, durable: bool) -> None:
        """Add a checkpoint; with `durable`, only return once it is on disk."""
        record = {"time": format_instant(now), "checkpoint": str(checkpoint)}
        line = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        try:
            self._cut_torn_line()
            written = os.write(self.handle, line)
            if durable:
                os.fsync(self.handle)
        except OSError as error:
            raise _unusable(self.file.path, error) from error
        if written != len(line):
            msg = f"{self.file.path} is cut short: the disk is full"
            raise LedgerError(msg)
        self.file._seen = (self._mark(), checkpoint)  # noqa: SLF001 - as above

    def sync(self) -> None:
        """Only return once all of the file is on disk."""
        try:
            os.fsync(self.handle)
        except OSError as error:
            raise _unusable(self.file.path, error) from error

    def _mark(self) -> tuple[int, int]:
        status = os.fstat(self.handle)
        return status.st_ino, status.st_size

    def _cut_torn_line(self) -> None:
        """Drop what a writer that was killed left behind: nothing that was ever given out."""
        length = os.fstat(self.handle).st_size
        if not length or os.pread(self.handle, 1, length - 1) == b"\n":
            return
        end = length
        while end and os.pread(self.handle, 1, end - 1) != b"\n":
            end -= 1
        os.ftruncate(self.handle, end)


def _unusable(path: Path, error: OSError) -> LedgerError:
    return LedgerError(f"can't use the file of checkpoints {path}: {error.strerror or error}")
