"""What every device of a season does and when: doors, loads, runs and trips from the plan."""

from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from random import Random

from park.assets import (
    FIELD_RUN,
    Centre,
    ColdRoom,
    Destination,
    FertigationMixer,
    Greenhouse,
    IrrigationBlock,
    Orchard,
    Park,
    PumpHead,
    Reefer,
    SoilProbe,
    SortingLane,
    SortingLine,
    WeatherStation,
)
from simulators.devices.climate import GreenhouseGroup, WeatherGroup
from simulators.devices.cold_room import ColdRoomGroup
from simulators.devices.orchard import WaterGroup, WaterWorks
from simulators.devices.reefer import ReeferGroup, Trip
from simulators.devices.sorting import Feed, LineGroup
from simulators.physics.fruit import profile_of
from simulators.physics.weather import WeatherTrack
from simulators.planning.calendar import DAY_MS, HOUR_MS, MINUTE_MS
from simulators.reporting import Action, Span, Work
from simulators.season import SeasonPlan
from simulators.seeds import generator
from simulators.truth import Shipment, SortingRun, Stay

_COOLED_AHEAD_MS = 12 * HOUR_MS
_AFTERWARDS_MS = 6 * HOUR_MS
_SORTING_HALL_C = 8.0
# Shade and a cooled yard take about half of the field heat before fruit is stored.
_PRECOOLED_C, _FIELD_HEAT_LEFT = 5.0, 0.5
_CHANGEOVER_MS = 11 * MINUTE_MS
_LOADING_MS = 50 * MINUTE_MS


def works_of(plan: SeasonPlan) -> Iterator[Work]:
    """Every group of devices that reports in a season."""
    sky = WeatherTrack(_rng(plan, "sky"), plan.start_ms - DAY_MS)
    yield from _stations(plan, sky)
    yield from _greenhouses(plan, sky)
    yield from _water(plan, sky)
    yield from _rooms(plan, sky)
    yield from _lines(plan)
    yield from _reefers(plan)


def _rng(plan: SeasonPlan, name: str) -> Random:
    return generator(plan.settings.seed, plan.park.site.id, plan.settings.year, name)


def _begin(plan: SeasonPlan, rng: Random) -> int:
    """Devices don't report in step: each begins within the first minutes of the season."""
    return plan.start_ms + rng.randrange(10 * MINUTE_MS)


def _stations(plan: SeasonPlan, sky: WeatherTrack) -> Iterator[Work]:
    cadence_s = plan.settings.cadences.weather_s
    for asset in plan.park.of_type(WeatherStation)[: plan.settings.weather_stations]:
        rng = _rng(plan, asset.id)
        start_ms = _begin(plan, rng)
        group = WeatherGroup(asset, sky, rng, start_ms)
        yield Work(group, cadence_s, [(start_ms, plan.shipping_end_ms)])


def _greenhouses(plan: SeasonPlan, sky: WeatherTrack) -> Iterator[Work]:
    cadence_s = plan.settings.cadences.greenhouse_s
    for asset in plan.park.of_type(Greenhouse)[: plan.settings.greenhouses]:
        rng = _rng(plan, asset.id)
        start_ms = _begin(plan, rng)
        group = GreenhouseGroup(asset, sky, rng, start_ms)
        yield Work(group, cadence_s, [(start_ms, plan.shipping_end_ms)])


def _water(plan: SeasonPlan, sky: WeatherTrack) -> Iterator[Work]:
    for works in water_of(plan):
        rng = _rng(plan, works.pump.id)
        start_ms = _begin(plan, rng)
        group = WaterGroup(works, sky, rng, start_ms)
        yield Work(group, 3600, [(start_ms, plan.growing_end_ms)])


def water_of(plan: SeasonPlan) -> list[WaterWorks]:
    """The pump heads that report in a season: those of the orchards that harvest."""
    orchards = {harvest.orchard for harvest in plan.truth.harvests}
    return water_works(plan.park, orchards, plan.settings.blocks_per_orchard)


def water_works(park: Park, orchards: set[str], most: int) -> list[WaterWorks]:
    """The pump heads of these orchards' blocks, with what hangs on them.

    At most so many blocks an orchard are taken, those with a soil probe first.
    """
    probes: dict[str, list[SoilProbe]] = defaultdict(list)
    for probe in park.of_type(SoilProbe):
        probes[probe.parent or ""].append(probe)
    blocks: dict[str, list[IrrigationBlock]] = defaultdict(list)
    for block in park.of_type(IrrigationBlock):
        if block.parent in orchards:
            blocks[block.parent].append(block)
    by_pump: dict[str, list[tuple[IrrigationBlock, Orchard]]] = defaultdict(list)
    for orchard in park.of_type(Orchard):
        chosen = sorted(blocks[orchard.id], key=lambda block: block.id not in probes)[:most]
        for block in chosen:
            by_pump[block.pump_head].append((block, orchard))
    mixers: dict[str, list[FertigationMixer]] = defaultdict(list)
    for mixer in park.of_type(FertigationMixer):
        mixers[mixer.parent or ""].append(mixer)
    return [
        WaterWorks(
            pump,
            by_pump[pump.id],
            [probe for block, _ in by_pump[pump.id] for probe in probes[block.id]],
            mixers[pump.id],
        )
        for pump in park.of_type(PumpHead)
        if pump.id in by_pump
    ]


def _rooms(plan: SeasonPlan, sky: WeatherTrack) -> Iterator[Work]:
    by_room = _stays_by_room(plan)
    for asset in plan.park.of_type(ColdRoom):
        if stays := by_room[asset.id]:
            rng = _rng(plan, asset.id)
            spans = _spans_of_use(plan, stays)
            group = ColdRoomGroup(asset, sky, rng, spans[0][0])
            actions: list[Action] = []
            for stay in stays:
                actions += _stay_actions(plan, group, stay, sky, rng)
            for span in spans:
                actions += _inspections(group, span, rng)
            yield Work(group, plan.settings.cadences.room_s, spans, actions)


def spans_of_use(plan: SeasonPlan) -> dict[str, list[Span]]:
    """When each room is in use and reports."""
    return {room: _spans_of_use(plan, stays) for room, stays in _stays_by_room(plan).items()}


def _stays_by_room(plan: SeasonPlan) -> dict[str, list[Stay]]:
    by_room: dict[str, list[Stay]] = defaultdict(list)
    for stay in plan.truth.stays:
        by_room[stay.room].append(stay)
    return by_room


def _spans_of_use(plan: SeasonPlan, stays: list[Stay]) -> list[Span]:
    """From some hours before fruit comes until some after it has left."""
    spans: list[Span] = []
    for stay in sorted(stays, key=lambda stay: stay.in_ms):
        since_ms = stay.in_ms - _COOLED_AHEAD_MS
        until_ms = plan.shipping_end_ms if stay.out_ms is None else stay.out_ms + _AFTERWARDS_MS
        if spans and since_ms <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], until_ms))
        else:
            spans.append((since_ms, until_ms))
    return spans


def _stay_actions(
    plan: SeasonPlan, group: ColdRoomGroup, stay: Stay, sky: WeatherTrack, rng: Random
) -> Iterator[Action]:
    """Fruit in and out, the door open while it passes: about a minute a tonne."""
    if plan.park.products[stay.batch.gtin].grade == FIELD_RUN:
        moments = (stay.in_ms, stay.in_ms - 12 * HOUR_MS)
        yard_c = sum(sky.at(moment).air_temp_c for moment in moments) / 2
        temp_c = _PRECOOLED_C + _FIELD_HEAT_LEFT * (yard_c - _PRECOOLED_C)
    else:
        temp_c = _SORTING_HALL_C
    open_ms = min(20, 4 + stay.qty_kg // 1000) * MINUTE_MS + rng.randrange(MINUTE_MS)
    room = group.room
    yield stay.in_ms, partial(room.store, stay.qty_kg, temp_c)
    yield stay.in_ms - open_ms // 2, group.open_door
    yield stay.in_ms + open_ms // 2, group.shut_door
    if stay.out_ms is not None:
        yield stay.out_ms - open_ms // 2, group.open_door
        yield stay.out_ms, partial(room.take, stay.qty_kg)
        yield stay.out_ms + open_ms // 2, group.shut_door


def _inspections(group: ColdRoomGroup, span: Span, rng: Random) -> Iterator[Action]:
    """Somebody looks after the fruit every other day or so."""
    day_ms = span[0] + _COOLED_AHEAD_MS + DAY_MS
    while day_ms < span[1] - DAY_MS:
        open_ms = day_ms + rng.randrange(8 * HOUR_MS)
        yield open_ms, group.open_door
        yield open_ms + rng.randrange(2 * MINUTE_MS, 5 * MINUTE_MS), group.shut_door
        day_ms += rng.choice((1, 2, 2, 3)) * DAY_MS


def _lines(plan: SeasonPlan) -> Iterator[Work]:
    by_line: dict[str, list[SortingRun]] = defaultdict(list)
    for run in plan.truth.runs:
        by_line[run.line].append(run)
    for asset in plan.park.of_type(SortingLine):
        if runs := by_line[asset.id]:
            rng = _rng(plan, asset.id)
            lanes = [c for c in plan.park.children(asset.id) if isinstance(c, SortingLane)]
            group = LineGroup(asset, lanes, rng, plan.start_ms)
            spans: list[Span] = []
            actions: list[Action] = []
            for run in runs:
                crop = plan.park.products[run.inputs[0].batch.gtin].crop
                fruit = profile_of(run.variety, crop).varied(rng)
                feed = Feed(run.start_ms, run.end_ms, run.input_kg, run.reject_kg, fruit)
                begin_ms, end_ms = run.start_ms - _CHANGEOVER_MS, run.end_ms
                actions += [
                    (begin_ms, group.change_over),
                    (run.start_ms, partial(group.start, feed)),
                    (end_ms, group.stop),
                ]
                spans.append((begin_ms, end_ms + MINUTE_MS))
            yield Work(group, plan.settings.cadences.line_s, spans, actions)


def _reefers(plan: SeasonPlan) -> Iterator[Work]:
    by_reefer: dict[str, list[Shipment]] = defaultdict(list)
    for shipment in plan.truth.shipments:
        by_reefer[shipment.reefer or ""].append(shipment)
    for asset in plan.park.of_type(Reefer):
        if shipments := by_reefer[asset.id]:
            group = ReeferGroup(asset, _rng(plan, asset.id), plan.start_ms)
            spans: list[Span] = []
            actions: list[Action] = []
            for shipment in shipments:
                trip = trip_of(plan.park, shipment)
                begin_ms = trip.leave_ms - 2 * _LOADING_MS
                end_ms = min(trip.arrive_ms + HOUR_MS, plan.end_ms)
                actions += [
                    (begin_ms, partial(group.assign, trip, shipment.setpoint_c)),
                    (trip.leave_ms - _LOADING_MS, group.load),
                    (trip.leave_ms - MINUTE_MS, group.shut),
                    (trip.arrive_ms, group.open),
                    (trip.arrive_ms + _LOADING_MS, group.shut),
                ]
                spans.append((begin_ms, end_ms))
            yield Work(group, plan.settings.cadences.reefer_s, spans, actions)


def trip_of(park: Park, shipment: Shipment) -> Trip:
    """The way of a shipment, from its packhouse's centre to the destination."""
    centre = park.ancestor(park.asset(shipment.packhouse), Centre)
    destination = park.asset(shipment.destination)
    assert isinstance(destination, Destination)  # noqa: S101 - shipments go nowhere else
    end = (destination.latitude_deg, destination.longitude_deg)
    start = end if centre is None else (centre.latitude_deg, centre.longitude_deg)
    return Trip(start, end, shipment.ship_ms, shipment.arrive_ms)
