"""Instants: always aware, UTC inside, RFC 3339 outside, epoch milliseconds in telemetry."""

import re
import time
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""What says it happened before comes from a clock that was never set."""

_RFC3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII
)


def parse_instant(text: str) -> datetime:
    """Read an RFC 3339 date-time with an offset; the result is in UTC.

    Raises ValueError where the text is no RFC 3339 date-time or lacks its offset.
    """
    if not _RFC3339.fullmatch(text):
        msg = f"{text[:60]!r} is no RFC 3339 time with an offset, such as 2026-10-12T03:04:05.678Z"
        raise ValueError(msg)
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError as error:
        msg = f"{text!r} lies outside the calendar"
        raise ValueError(msg) from error
    except ValueError as error:
        msg = f"{text!r} is no time of the calendar: {error}"
        raise ValueError(msg) from error


def format_instant(instant: datetime) -> str:
    """Write an aware instant as RFC 3339 in UTC with milliseconds."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def utc_now() -> datetime:
    """The time of this machine's clock."""
    return datetime.now(UTC)


def now_ms() -> int:
    """The same in epoch milliseconds."""
    return time.time_ns() // 1_000_000


def to_epoch_ms(instant: datetime) -> int:
    """Whole milliseconds since 1970 of an aware instant."""
    return (instant - EPOCH) // timedelta(milliseconds=1)


def from_epoch_ms(milliseconds: int) -> datetime:
    """The UTC instant of epoch milliseconds."""
    return EPOCH + timedelta(milliseconds=milliseconds)
