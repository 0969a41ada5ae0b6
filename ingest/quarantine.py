"""Quarantine: what could not be stored, with topic, payload, reason and time.

It lies in the spool's file and is read through connections of its own, so that a command or the
API may look while ingest runs in another process.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ingest.errors import NotInQuarantineError, SpoolError
from park.times import from_epoch_ms

_COLUMNS = "id, received_ms, topic, payload, payload_bytes, reason, detail"


@dataclass(frozen=True, slots=True)
class QuarantineEntry:
    """One quarantined message, or one element of an array."""

    id: int
    received_at: datetime
    topic: str
    payload: bytes
    """Its first 64 KiB."""
    payload_bytes: int
    """Its whole size."""
    reason: str
    """Stable code, such as `out-of-range`."""
    detail: str


class Quarantine:
    """Reads the quarantine of a spool's file; a file that isn't there yet holds nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def entries(self, limit: int = 50, before: int | None = None) -> Sequence[QuarantineEntry]:
        """The newest entries, or the newest below the number `before`. Raises SpoolError."""
        with self._connection() as connection:
            if connection is None:
                return []
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM quarantine WHERE id < ? ORDER BY id DESC LIMIT ?",
                (2**63 - 1 if before is None else before, limit),
            ).fetchall()
        return [_entry(row) for row in rows]

    def entry(self, number: int) -> QuarantineEntry:
        """One entry. Raises NotInQuarantineError, SpoolError."""
        with self._connection() as connection:
            row = (
                None
                if connection is None
                else connection.execute(
                    f"SELECT {_COLUMNS} FROM quarantine WHERE id = ?", (number,)
                ).fetchone()
            )
        if row is None:
            raise NotInQuarantineError(f"nothing in quarantine has the number {number}")
        return _entry(row)

    def count(self) -> int:
        """How many entries there are. Raises SpoolError."""
        with self._connection() as connection:
            if connection is None:
                return 0
            total: int = connection.execute("SELECT count(*) FROM quarantine").fetchone()[0]
        return total

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection | None]:
        if not self._path.is_file():
            yield None
            return
        try:
            uri = f"{self._path.absolute().as_uri()}?mode=ro"
            with closing(sqlite3.connect(uri, uri=True, timeout=10.0)) as connection:
                yield connection
        except sqlite3.Error as error:
            raise SpoolError(f"the spool {self._path} can't be read: {error}") from error


def _entry(row: tuple[int, int, str, bytes, int, str, str]) -> QuarantineEntry:
    number, received_ms, topic, payload, payload_bytes, reason, detail = row
    return QuarantineEntry(
        number, from_epoch_ms(received_ms), topic, payload, payload_bytes, reason, detail
    )
