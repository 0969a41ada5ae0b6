"""Quarantine: what could not be stored, with topic, payload, reason and time.

It lies in the spool's file and is read through connections of its own, so that a command or the
API may look while ingest runs in another process.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ingest.errors import NotInQuarantineError, SpoolError
from ingest.readonly import read_only
from park.times import from_epoch_ms

_COLUMNS = "id, received_ms, topic, payload, payload_bytes, reason, detail"


@dataclass(frozen=True, slots=True)
class QuarantineEntry:
    """One quarantined message, or one element of an array."""

    id: int
    received_at: datetime
    topic: str
    payload: bytes
    """Its first MiB."""
    payload_bytes: int
    """Its whole size."""
    reason: str
    """Stable code, such as `out-of-range`."""
    detail: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Which entries are meant; without any limit, all."""

    numbers: Sequence[int] = ()
    reason: str | None = None
    topic: str | None = None
    """The topic exactly, or its beginning where it ends with `#`."""


EVERYTHING = Selection()


class Quarantine:
    """Reads the quarantine of a spool's file; a file that isn't there yet holds nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def entries(
        self, limit: int = 50, before: int | None = None, selection: Selection = EVERYTHING
    ) -> Sequence[QuarantineEntry]:
        """The newest entries, or the newest below the number `before`. Raises SpoolError."""
        where, values = _conditions(selection)
        last = 2**63 - 1 if before is None else before
        with read_only(self._path, SpoolError) as connection:
            if connection is None:
                return []
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM quarantine WHERE id < ?{where} ORDER BY id DESC LIMIT ?",
                (last, *values, limit),
            ).fetchall()
        return [_entry(row) for row in rows]

    def entry(self, number: int) -> QuarantineEntry:
        """One entry. Raises NotInQuarantineError, SpoolError."""
        found = self.entries(1, selection=Selection((number,)))
        if not found:
            raise NotInQuarantineError(f"nothing in quarantine has the number {number}")
        return found[0]

    def numbers(self, selection: Selection) -> Sequence[int]:
        """The numbers of all entries that are meant, oldest first. Raises SpoolError.

        Raises NotInQuarantineError where a number was named that isn't there.
        """
        where, values = _conditions(selection)
        with read_only(self._path, SpoolError) as connection:
            rows = (
                []
                if connection is None
                else connection.execute(
                    f"SELECT id FROM quarantine WHERE id > 0{where} ORDER BY id", values
                ).fetchall()
            )
        found = [number for (number,) in rows]
        if missing := set(selection.numbers) - set(found):
            raise NotInQuarantineError(f"nothing in quarantine has the number {min(missing)}")
        return found

    def count(self) -> int:
        """How many entries there are. Raises SpoolError."""
        return sum(self.reasons().values())

    def reasons(self) -> dict[str, int]:
        """How many entries there are for each reason. Raises SpoolError."""
        with read_only(self._path, SpoolError) as connection:
            if connection is None:
                return {}
            rows = connection.execute(
                "SELECT reason, count(*) FROM quarantine GROUP BY reason ORDER BY reason"
            )
            return dict(rows.fetchall())


def _conditions(selection: Selection) -> tuple[str, list[object]]:
    conditions: list[str] = []
    values: list[object] = []
    if selection.numbers:
        conditions.append(f"id IN ({', '.join(str(int(n)) for n in selection.numbers)})")
    if selection.reason is not None:
        conditions.append("reason = ?")
        values.append(selection.reason)
    if selection.topic is not None:
        beginning = selection.topic.removesuffix("#")
        is_whole = beginning == selection.topic
        conditions.append("topic = ?" if is_whole else "substr(topic, 1, ?) = ?")
        values += [beginning] if is_whole else [len(beginning), beginning]
    return "".join(f" AND {condition}" for condition in conditions), values


def _entry(row: tuple[int, int, str, bytes, int, str, str]) -> QuarantineEntry:
    number, received_ms, topic, payload, payload_bytes, reason, detail = row
    return QuarantineEntry(
        number, from_epoch_ms(received_ms), topic, payload, payload_bytes, reason, detail
    )
