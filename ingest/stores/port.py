"""What a telemetry store does, whichever it is.

A store takes line protocol with millisecond timestamps, written by `ingest.line_protocol`, and
answers in points and buckets. Writes are idempotent on kind, asset and time: a field written
again replaces itself, and the fields of two partial readings of one instant join.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

Value = float | int | bool | str
"""What a field holds on reading: boolean fields are True or False again."""


class Aggregate(StrEnum):
    """How the readings of one bucket become one number."""

    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    LAST = "last"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Point:
    """The newest value of every field that an asset ever sent; `time` is the newest of them."""

    asset: str
    time: datetime
    fields: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Bucket:
    """The aggregated fields of one span of time that begins at `time`; None without readings."""

    time: datetime
    values: Mapping[str, float | int | str | None]


@dataclass(frozen=True, slots=True)
class Sample:
    """One stored value."""

    time: datetime
    value: Value


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """Whether the store answers, what it is, and what is wrong where it doesn't."""

    ok: bool
    version: str
    detail: str = ""


class TelemetryStore(Protocol):
    """A place for readings. All methods raise StoreUnavailableError where it can't be reached.

    Asking for a kind or field that the table doesn't have raises UnknownFieldError.
    """

    def write(self, lines: Sequence[str]) -> None:
        """Store lines; afterwards they are durable.

        Raises LinesRefusedError, with the refused lines and their reasons, after every other
        line was stored.
        """

    def latest(self, kind: str, assets: Collection[str] | None = None) -> list[Point]:
        """The newest values of these assets (None: of all), sorted by asset."""

    def series(
        self,
        kind: str,
        asset: str,
        fields: Sequence[str],
        start: datetime,
        end: datetime,
        every: timedelta,
        aggregate: Aggregate,
    ) -> list[Bucket]:
        """Buckets of `every`, aligned to the epoch, over start <= time < end, oldest first.

        Only buckets with at least one reading of the fields are given.
        """

    def raw(
        self, kind: str, asset: str, field: str, start: datetime, end: datetime
    ) -> list[Sample]:
        """Every stored value with start <= time < end, oldest first."""

    def count(self, kind: str) -> int:
        """How many readings of a kind are stored.

        Exact where one field stands on every reading of an asset; never more than are stored.
        """

    def health(self) -> StoreHealth:
        """Whether it answers; never raises."""

    def close(self) -> None:
        """Let go of connections and files; safe to repeat."""
