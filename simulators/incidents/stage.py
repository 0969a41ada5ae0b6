"""When each asset is at what an incident needs, and nothing else would explain what is seen.

In a season: rooms with fruit that is cold, and neither loaded nor emptied; lines in the middle of a
run; containers on their way; orchards from July to October. In a living park: anything, and lines
within their shifts.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from park.assets import (
    AssetType,
    Centre,
    ColdRoom,
    Greenhouse,
    Orchard,
    Park,
    Reefer,
    SortingLine,
    WeatherStation,
)
from simulators.devices.orchard import WaterWorks
from simulators.planning.calendar import DAY_MS, HOUR_MS, MINUTE_MS
from simulators.routines import shifts_of_lines
from simulators.season import SeasonPlan
from simulators.works import spans_of_use, water_of, water_works

Span = tuple[int, int]

_LOADED_MS = 60 * HOUR_MS
"""After that fruit is cold."""
_EMPTIED_MS = 12 * HOUR_MS
_BEFORE_MS = 3 * HOUR_MS
_SETTLED_MS = 2 * DAY_MS
"""After that a season's devices in orchards have been heard of."""
_LINE_WARM_MS, _LINE_ENDS_MS = 4 * MINUTE_MS, 2 * MINUTE_MS
_UNDER_WAY_MS = 14 * HOUR_MS
_LEAST_ROOMS = 3
"""Of a centre that are in use, for a loss of power to be seen as one."""
_LIVE_SETTLED_MS = 3 * HOUR_MS


class Stage:
    """Windows of time for each asset, and which assets belong together."""

    def __init__(
        self,
        park: Park,
        windows: Mapping[str, Sequence[Span]],
        water: Iterable[WaterWorks],
    ) -> None:
        self._park = park
        self._windows = windows
        self._beside: dict[str, frozenset[str]] = {}
        for works in water:
            together = frozenset(
                asset.id
                for asset in (
                    works.pump,
                    *(block for block, _ in works.blocks),
                    *works.probes,
                    *works.mixers,
                )
            )
            self._beside.update(dict.fromkeys(together, together))

    def windows(self, asset_type: AssetType) -> Iterator[tuple[str, Span]]:
        """The windows of all assets of a type."""
        for asset, spans in self._windows.items():
            if self._park.asset(asset).type is asset_type:
                for span in spans:
                    yield asset, span

    def touched(self, asset: str) -> frozenset[str]:
        """The assets with devices that an incident at `asset` changes."""
        if isinstance(self._park.asset(asset), Centre):
            rooms = self._park.children(asset)
            return frozenset(room.id for room in rooms if isinstance(room, ColdRoom))
        return frozenset((asset,))

    def beside(self, asset: str) -> frozenset[str]:
        """These, and those that share physics with them."""
        return self._beside.get(asset, self.touched(asset))


def season_stage(plan: SeasonPlan) -> Stage:
    """The stage of a season."""
    park, settings = plan.park, plan.settings
    water = water_of(plan)
    windows: dict[str, list[Span]] = defaultdict(list)
    whole = (plan.start_ms + DAY_MS, plan.shipping_end_ms - DAY_MS)
    for asset in (
        *park.of_type(WeatherStation)[: settings.weather_stations],
        *park.of_type(Greenhouse)[: settings.greenhouses],
    ):
        windows[asset.id] = [whole]
    _add_water(windows, water, (plan.start_ms + _SETTLED_MS, plan.growing_end_ms - DAY_MS))
    _add_rooms(windows, plan)
    for run in plan.truth.runs:
        windows[run.line].append((run.start_ms + _LINE_WARM_MS, run.end_ms - _LINE_ENDS_MS))
    for trip in plan.truth.shipments:
        if trip.reefer is not None:
            windows[trip.reefer].append((trip.ship_ms + _UNDER_WAY_MS, trip.arrive_ms - HOUR_MS))
    return Stage(park, windows, water)


def live_stage(park: Park, start_ms: int, end_ms: int) -> Stage:
    """The stage of a living park between two times."""
    orchards = {orchard.id for orchard in park.of_type(Orchard)}
    water = water_works(park, orchards, len(park.assets))
    whole = (start_ms + _LIVE_SETTLED_MS, end_ms)
    windows: dict[str, list[Span]] = {}
    for asset in park.assets.values():
        if isinstance(asset, ColdRoom | Centre | Reefer | WeatherStation | Greenhouse):
            windows[asset.id] = [whole]
        elif isinstance(asset, SortingLine):
            windows[asset.id] = [
                (since_ms + _LINE_WARM_MS, until_ms - _LINE_ENDS_MS)
                for since_ms, until_ms in shifts_of_lines(start_ms, end_ms)
            ]
    _add_water(windows, water, whole)
    return Stage(park, windows, water)


def _add_water(windows: dict[str, list[Span]], water: Iterable[WaterWorks], span: Span) -> None:
    for works in water:
        blocks = [block for block, _ in works.blocks]
        for asset in (works.pump, *blocks, *works.probes, *works.mixers):
            windows[asset.id] = [span]


def _add_rooms(windows: dict[str, list[Span]], plan: SeasonPlan) -> None:
    by_centre: dict[str, list[Span]] = defaultdict(list)
    for room, stays in spans_of_use(plan).items():
        centre = plan.park.asset(room).parent or ""
        for span in stays:
            by_centre[centre].append(span)
        moves = [
            (time_ms - _BEFORE_MS, time_ms + after_ms)
            for stay in plan.truth.stays
            if stay.room == room
            for time_ms, after_ms in ((stay.in_ms, _LOADED_MS), (stay.out_ms, _EMPTIED_MS))
            if time_ms is not None
        ]
        windows[room] = [rest for span in stays for rest in _without(span, sorted(moves))]
    for centre, spans in by_centre.items():
        windows[centre] = list(_together(spans))


def _without(span: Span, holes: Iterable[Span]) -> Iterator[Span]:
    """What is left of a span; holes are in order."""
    since_ms, until_ms = span
    for hole_since_ms, hole_until_ms in holes:
        if hole_since_ms >= until_ms:
            break
        if since_ms < hole_since_ms:
            yield since_ms, hole_since_ms
        since_ms = max(since_ms, hole_until_ms)
    if since_ms < until_ms:
        yield since_ms, until_ms


def _together(spans: Sequence[Span]) -> Iterator[Span]:
    """When enough rooms are in use, and no room came into use or went out of it the day before."""
    edges = sorted({edge for span in spans for edge in span})
    for since_ms, until_ms in pairwise(edges):
        in_use = sum(one <= since_ms and until_ms <= other for one, other in spans)
        if in_use >= _LEAST_ROOMS and since_ms + DAY_MS < until_ms:
            yield since_ms + DAY_MS, until_ms
