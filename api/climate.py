"""What a cold room did while a batch lay in it: the join of telemetry and traceability.

The figures of a stay are exact, not sampled: the store aggregates every reading of the stay into
at most MOST_POINTS spans, and a mean is weighted by the readings of each span. The chart is drawn
from the same spans.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ingest.errors import StoreUnavailableError
from ingest.stores.port import Aggregate, Bucket, TelemetryStore
from park.assets import ColdRoom, Park
from traceability.views import Stay

KIND = "cold_room"
AIR = "air_temp_c"
PULP = "pulp_temp_c"
SETPOINT = "setpoint_c"
MOST_POINTS = 120

_STEPS = tuple(
    timedelta(minutes=minutes)
    for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080, 43_200)
)
_INSTANT = timedelta(milliseconds=1)


class ClimateStatus(StrEnum):
    """Whether a stay's figures could be read."""

    MEASURED = "measured"
    NO_READINGS = "no_readings"
    """The store answers and has nothing for the room and time."""
    UNAVAILABLE = "unavailable"
    """The store doesn't answer just now."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one quantity did over a span of time."""

    samples: int
    min_c: float
    mean_c: float
    max_c: float


@dataclass(frozen=True, slots=True)
class ClimatePoint:
    """One span of a chart; what has no reading in it is None."""

    time: datetime
    air: Figures | None
    pulp: Figures | None
    setpoint_c: float | None


@dataclass(frozen=True, slots=True)
class Climate:
    """A room's temperatures over a stay."""

    status: ClimateStatus
    until: datetime
    """End of the span that was looked at: of the stay, or the newest reading while it lasts."""
    setpoint_c: float | None
    """The newest set-point of the stay; the room's design value where none was sent."""
    air: Figures | None = None
    pulp: Figures | None = None
    every: timedelta = _STEPS[0]
    points: Sequence[ClimatePoint] = ()


class Climates:
    """Reads the climate of stays; one object serves one request and reads each span once."""

    def __init__(self, park: Park, store: TelemetryStore, now: datetime) -> None:
        self._park = park
        self._store = store
        self._now = now
        self._known: dict[tuple[str, datetime, datetime | None], Climate] = {}
        self._away = False

    def of(self, stay: Stay) -> Climate:
        """The climate of a stay; its status says so where the store doesn't answer."""
        return self.over(stay.room, stay.since, stay.until)

    def over(self, room: str, since: datetime, until: datetime | None) -> Climate:
        """The climate of a room over a span; without an end, up to its newest reading."""
        key = (room, since, until)
        if key not in self._known:
            self._known[key] = self._read(*key)
        return self._known[key]

    def _read(self, room: str, since: datetime, until: datetime | None) -> Climate:
        design = self._design_setpoint(room)
        # Once it failed it isn't tried again: each try may cost a time-out.
        if not self._away:
            try:
                end = until or self._newest(room, since)
                return read_climate(self._store, room, since, end, design)
            except StoreUnavailableError:
                self._away = True
        return Climate(ClimateStatus.UNAVAILABLE, until or self._now, design)

    def _newest(self, room: str, since: datetime) -> datetime:
        points = self._store.latest(KIND, [room])
        return max((point.time + _INSTANT for point in points), default=since)

    def _design_setpoint(self, room: str) -> float | None:
        asset = self._park.assets.get(room)
        return asset.setpoint_c if isinstance(asset, ColdRoom) else None


def read_climate(
    store: TelemetryStore, room: str, start: datetime, end: datetime, design_c: float | None
) -> Climate:
    """The climate of a room over start <= time < end. Raises StoreUnavailableError."""
    every = span_for(end - start)
    if end <= start:
        return Climate(ClimateStatus.NO_READINGS, end, design_c)
    tables = {
        aggregate: _by_time(
            store.series(KIND, room, [AIR, PULP, SETPOINT], start, end, every, aggregate)
        )
        for aggregate in (Aggregate.COUNT, Aggregate.MIN, Aggregate.MEAN, Aggregate.MAX)
    }
    points = [_point(time, tables) for time in sorted(tables[Aggregate.COUNT])]
    air = joined(point.air for point in points)
    pulp = joined(point.pulp for point in points)
    setpoints = [point.setpoint_c for point in points if point.setpoint_c is not None]
    return Climate(
        ClimateStatus.MEASURED if air or pulp else ClimateStatus.NO_READINGS,
        end,
        setpoints[-1] if setpoints else design_c,
        air,
        pulp,
        every,
        points,
    )


def span_for(whole: timedelta) -> timedelta:
    """The shortest round span that cuts `whole` into at most MOST_POINTS parts."""
    longest = _STEPS[-1] * math.ceil(whole / (_STEPS[-1] * MOST_POINTS))
    return next((step for step in _STEPS if whole / step <= MOST_POINTS), longest)


_Table = Mapping[datetime, Mapping[str, float | int | str | None]]


def _by_time(buckets: Iterable[Bucket]) -> _Table:
    return {bucket.time: bucket.values for bucket in buckets}


def _point(time: datetime, tables: Mapping[Aggregate, _Table]) -> ClimatePoint:
    def number(aggregate: Aggregate, field: str) -> float | None:
        value = tables[aggregate].get(time, {}).get(field)
        return None if value is None else float(value)

    def figures(field: str) -> Figures | None:
        samples = number(Aggregate.COUNT, field)
        low, mean, high = (
            number(aggregate, field) for aggregate in (Aggregate.MIN, Aggregate.MEAN, Aggregate.MAX)
        )
        # A reading may arrive between two of the questions: it is left to the next look.
        if not samples or low is None or mean is None or high is None:
            return None
        return Figures(int(samples), low, mean, high)

    return ClimatePoint(time, figures(AIR), figures(PULP), number(Aggregate.MEAN, SETPOINT))


def joined(parts: Iterable[Figures | None]) -> Figures | None:
    """Figures over several spans; None where none of them has any."""
    given = [part for part in parts if part is not None]
    if not given:
        return None
    samples = sum(part.samples for part in given)
    return Figures(
        samples,
        min(part.min_c for part in given),
        sum(part.mean_c * part.samples for part in given) / samples,
        max(part.max_c for part in given),
    )
