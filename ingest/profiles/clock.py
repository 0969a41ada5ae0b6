"""The time of a reading, in the ways in which devices write it."""

from dataclasses import dataclass
from typing import Any

from ingest.errors import MessageError
from ingest.profiles.fields import to_number
from ingest.profiles.pointer import ABSENT, Pointer, find_first, in_words
from ingest.validation import brief
from park.times import parse_instant, to_epoch_ms

_FARTHEST_MS = 2**53
_MS_PER_UNIT = {"epoch-s": 1000, "epoch-ms": 1}


@dataclass(frozen=True, slots=True)
class Clock:
    """Where a reading's time stands and how it is written."""

    format: str
    pointers: tuple[Pointer, ...]
    """None for the time of arrival."""
    offset: str

    def read(self, reading: Any, message: Any, now_ms: int) -> int:
        """Epoch milliseconds. Raises MessageError `profile-mismatch` or `time-invalid`."""
        if self.format == "arrival":
            return now_ms
        raw = find_first(self.pointers, reading, message)
        if raw is ABSENT:
            raise MessageError("profile-mismatch", f"no time at {in_words(self.pointers)}")
        try:
            return self._epoch_ms(raw)
        except (ValueError, OverflowError) as error:
            raise MessageError(
                "time-invalid",
                f"time {brief(raw)} at {in_words(self.pointers)} is no {self.format}: {error}",
            ) from None

    def _epoch_ms(self, raw: object) -> int:
        unit_ms = _MS_PER_UNIT.get(self.format)
        if unit_ms is not None:
            return _whole(to_number(raw) * unit_ms)
        if not isinstance(raw, str):
            raise ValueError("it should be a text")  # noqa: TRY004 - told from others by no one
        if self.format == "local":
            return to_epoch_ms(parse_instant(raw.strip().replace("/", "-") + self.offset))
        return to_epoch_ms(parse_instant(raw.strip()))


def _whole(milliseconds: float) -> int:
    if not abs(milliseconds) < _FARTHEST_MS:
        raise ValueError("it lies outside the calendar")
    return round(milliseconds)
