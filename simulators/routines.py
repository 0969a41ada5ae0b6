"""What people do in a living park: doors, shifts at the lines, trips of the containers.

A routine is called with the park's time before a group's clock moves to it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from park.assets import Centre, Destination, Park, SortingLine
from simulators.devices.base import local_hour
from simulators.devices.cold_room import ColdRoomGroup
from simulators.devices.reefer import ReeferGroup, Trip
from simulators.devices.sorting import Feed, LineGroup
from simulators.physics.fruit import PROFILES

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS
_DAYTIME = range(7, 19)
_SHIFT = range(8, 18)
_DOOR_EVERY_MS = 4 * _HOUR_MS
_SHORTEST_VISIT_MS, _LONGEST_VISIT_MS = 1 * _MINUTE_MS, 4 * _MINUTE_MS
"""A door that stands open for longer is worth an alarm."""
_RUN_MS = 2 * _HOUR_MS
_PAUSE_MS = 12 * _MINUTE_MS


@dataclass(slots=True)
class RoomRoutine:
    """A room in store: somebody comes a few times a day."""

    group: ColdRoomGroup
    rng: Random
    _next_ms: int = 0
    _shut_ms: int = 0

    def __post_init__(self) -> None:
        room = self.group.room
        room.air_c = room.setpoint_c + self.rng.uniform(-0.2, 0.2)
        room.evaporator_c = room.setpoint_c - 2
        room.humidity_pct = 94.0
        room.store(room.capacity_t * 1000 * self.rng.uniform(0.4, 0.9), room.setpoint_c + 0.2)

    def __call__(self, now_ms: int) -> None:
        """Open and shut the door."""
        if self._shut_ms and now_ms >= self._shut_ms:
            self.group.shut_door()
            self._shut_ms = 0
        if self._next_ms == 0:
            self._next_ms = now_ms + self.rng.randrange(_DOOR_EVERY_MS)
        if now_ms >= self._next_ms:
            self._next_ms = now_ms + self.rng.randrange(_DOOR_EVERY_MS // 2, 2 * _DOOR_EVERY_MS)
            if local_hour(now_ms) in _DAYTIME and not self._shut_ms:
                self.group.open_door()
                self._shut_ms = now_ms + self.rng.randrange(_SHORTEST_VISIT_MS, _LONGEST_VISIT_MS)


@dataclass(slots=True)
class LineRoutine:
    """A line that sorts by day, two hours a batch."""

    group: LineGroup
    asset: SortingLine
    rng: Random
    _until_ms: int = 0

    def __call__(self, now_ms: int) -> None:
        """Begin and end batches."""
        feed = self.group.feed
        if feed is not None and now_ms >= feed.end_ms:
            self.group.advance(feed.end_ms)
            self.group.stop()
            self._until_ms = feed.end_ms + _PAUSE_MS
            if local_hour(now_ms) in _SHIFT:
                self.group.change_over()
        elif feed is None and now_ms >= self._until_ms and local_hour(now_ms) in _SHIFT:
            mass_kg = self.asset.capacity_kg_h * self.rng.uniform(0.5, 0.75) * _RUN_MS / _HOUR_MS
            fruit = self.rng.choice(list(PROFILES.values())).varied(self.rng)
            reject_kg = mass_kg * self.rng.uniform(0.05, 0.1)
            self.group.start(Feed(now_ms, now_ms + _RUN_MS, mass_kg, reject_kg, fruit))


def shifts_of_lines(start_ms: int, end_ms: int) -> Iterator[tuple[int, int]]:
    """When lines run, from and until, as far as runs end in time."""
    since_ms = start_ms
    while since_ms + _RUN_MS <= end_ms:
        if local_hour(since_ms) in _SHIFT:
            yield since_ms, since_ms + _RUN_MS
            since_ms += _RUN_MS + _PAUSE_MS
        else:
            since_ms = (since_ms // _HOUR_MS + 1) * _HOUR_MS


@dataclass(slots=True)
class ReeferRoutine:
    """A container that goes to and fro between the park and its markets."""

    group: ReeferGroup
    home: tuple[float, float]
    markets: Sequence[Destination]
    rng: Random
    _trip: Trip | None = field(default=None)

    def __call__(self, now_ms: int) -> None:
        """Begin the next trip where the last is over."""
        if self._trip is not None and now_ms < self._trip.arrive_ms:
            return
        market = self.rng.choice(self.markets)
        ends = [self.home, (market.latitude_deg, market.longitude_deg)]
        days_ms = self.rng.randrange(4 * _DAY_MS, 12 * _DAY_MS)
        # At the start of the show containers are already under way.
        leave_ms = now_ms - (self.rng.randrange(days_ms) if self._trip is None else 0)
        if self._trip is not None and self._trip.start == self.home:
            ends = [self._trip.end, self.home]
        self._trip = Trip(ends[0], ends[1], leave_ms, leave_ms + days_ms)
        self.group.assign(self._trip, self.group.reefer.setpoint_c)


def home_of(park: Park) -> tuple[float, float]:
    """Where containers start: the first cold-chain centre."""
    centres = park.of_type(Centre)
    return (centres[0].latitude_deg, centres[0].longitude_deg) if centres else (0.0, 0.0)
