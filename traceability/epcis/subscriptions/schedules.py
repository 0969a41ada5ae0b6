"""When a scheduled subscription reports (GS1 EPCIS 2.0, section 8.2.5.3).

1. A field is a list of numbers and ranges: `5`, `[1-5]`, `0,15,[30-45]`. Written as elsewhere it is
   read too: `1-5`, `0/30` (from 0 on, every 30), `*`.
2. It reports at every time at which all fields match. A field that is left out matches always, if
   one that is finer is given: an hour alone means that hour's first second, not 3,600 of them.
3. Days of the week count from Monday, 1. Times are UTC.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from park.times import utc_now
from traceability.errors import SubscriptionControlsError

_RANGES: Mapping[str, tuple[int, int]] = {
    "second": (0, 59),
    "minute": (0, 59),
    "hour": (0, 23),
    "dayOfMonth": (1, 31),
    "month": (1, 12),
    "dayOfWeek": (1, 7),
}
FIELDS: Sequence[str] = tuple(_RANGES)
"""The fields, the finest first."""
_FINE = ("second", "minute", "hour")
_ELEMENT = re.compile(
    r"(?P<one>\d{1,2})|\[?(?P<low>\d{1,2})-(?P<high>\d{1,2})\]?|(?P<from>\d{1,2}|\*)/(?P<step>\d{1,2})",
    re.ASCII,
)
_LONGEST = 200
# A 29 February that is a given day of the week comes after 40 years at the latest.
_DAYS_AHEAD = 366 * 41


@dataclass(frozen=True, slots=True)
class Schedule:
    """Times at which all fields match."""

    fields: Mapping[str, str]
    """As they were given."""
    _values: Mapping[str, frozenset[int]]

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "Schedule":
        """Read a schedule. Raises SubscriptionControlsError naming the field that is wrong."""
        if not fields:
            raise SubscriptionControlsError("schedule: name at least one of " + ", ".join(FIELDS))
        for name in fields:
            if name not in _RANGES:
                msg = f"schedule.{name[:50]}: there is no such field; there are {', '.join(FIELDS)}"
                raise SubscriptionControlsError(msg)
        given = {name: _text(name, value) for name, value in fields.items()}
        schedule = cls(given, {name: _read(name, given.get(name), given) for name in FIELDS})
        schedule.next_after(utc_now())
        return schedule

    def next_after(self, instant: datetime) -> datetime:
        """The first time after an instant, in UTC.

        Raises SubscriptionControlsError where there is none: 30 February.
        """
        now = instant.astimezone(UTC)
        day = now.date()
        begin = now.replace(microsecond=0) + timedelta(seconds=1)
        earliest = begin.timetz().replace(tzinfo=None) if begin.date() == day else None
        if earliest is not None and self._holds(day.month, day.day, day.isoweekday()):
            found = self._time_from(earliest)
            if found is not None:
                return datetime.combine(day, found, UTC)
        for _ in range(_DAYS_AHEAD):
            day += timedelta(days=1)
            if self._holds(day.month, day.day, day.isoweekday()):
                first = self._time_from(time())
                if first is not None:
                    return datetime.combine(day, first, UTC)
        raise SubscriptionControlsError("schedule: no day fits, so it would never report")

    def _holds(self, month: int, day: int, weekday: int) -> bool:
        return (
            month in self._values["month"]
            and day in self._values["dayOfMonth"]
            and weekday in self._values["dayOfWeek"]
        )

    def _time_from(self, earliest: time) -> time | None:
        hours, minutes, seconds = (sorted(self._values[name]) for name in reversed(_FINE))
        for hour in (h for h in hours if h >= earliest.hour):
            for minute in minutes:
                if (hour, minute) < (earliest.hour, earliest.minute):
                    continue
                for second in seconds:
                    found = time(hour, minute, second)
                    if found >= earliest:
                        return found
        return None


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or len(str(value)) > _LONGEST:
        msg = f"schedule.{name}: must be a text such as 5, [1-5] or 0,15,30"
        raise SubscriptionControlsError(msg)
    return str(value)


def _read(name: str, text: str | None, given: Mapping[str, str]) -> frozenset[int]:
    low, high = _RANGES[name]
    if text is None:
        position = FIELDS.index(name)
        has_finer = any(other in given for other in FIELDS[:position])
        if name in _FINE and not has_finer:
            return frozenset({low})
        return frozenset(range(low, high + 1))
    if text.strip() == "*":
        return frozenset(range(low, high + 1))
    values: set[int] = set()
    for element in text.split(","):
        values.update(_element(name, element.strip()))
    return frozenset(values)


def _element(name: str, text: str) -> range:
    low, high = _RANGES[name]
    match = _ELEMENT.fullmatch(text)
    found = range(0)
    if match is not None:
        part = match.groupdict()
        if part["one"] is not None:
            found = range(int(part["one"]), int(part["one"]) + 1)
        elif part["low"] is not None:
            found = range(int(part["low"]), int(part["high"]) + 1)
        elif int(part["step"]) > 0:
            start = low if part["from"] == "*" else int(part["from"])
            found = range(start, high + 1, int(part["step"]))
    if not found or found[0] < low or found[-1] > high:
        msg = f"schedule.{name}: {text[:50]!r} isn't a number or range within {low} and {high}"
        raise SubscriptionControlsError(msg)
    return found
