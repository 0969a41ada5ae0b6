"""The laws of a season's plan, for any seed, year and size."""

from collections import defaultdict
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from park.assets import FIELD_RUN, ColdRoom, Destination, Orchard, Park
from park.definition import build_park, read_definition
from park.gs1 import BatchId, parse_batch, parse_sscc
from park.scans import SCAN
from park.times import to_epoch_ms
from simulators.errors import PlanError
from simulators.planning.calendar import latest_season
from simulators.readers import scans_of
from simulators.season import SeasonPlan, plan_season, season_settings
from simulators.seeds import generator


@cache
def park_of(scale: float) -> Park:
    return build_park(read_definition(), scale)


@st.composite
def plans(draw: st.DrawFn) -> SeasonPlan:
    park = park_of(draw(st.sampled_from((0.001, 0.01, 0.05))))
    more: dict[str, Any] = {}
    if (batches := draw(st.integers(0, 90))) >= 12:
        more["harvest_batches"] = batches
    season = season_settings(
        park, seed=draw(st.integers(0, 2**32)), year=draw(st.integers(2015, 2030)), **more
    )
    return plan_season(park, season)


laws = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])


@laws
@given(plan=plans())
def test_mass_is_conserved_in_every_sorting_run(plan: SeasonPlan) -> None:
    for run in plan.truth.runs:
        outputs = sum(output.qty_kg for output in run.outputs)
        assert run.input_kg == outputs + run.loss_kg
        assert 0 < run.loss_kg < 0.05 * run.input_kg
        assert 0 < run.reject_kg < 0.3 * run.input_kg


@laws
@given(plan=plans())
def test_a_batch_is_never_used_beyond_its_mass(plan: SeasonPlan) -> None:
    truth = plan.truth
    made = {harvest.batch: harvest.qty_kg for harvest in truth.harvests}
    for run in truth.runs:
        made |= {output.batch: output.qty_kg for output in run.outputs}
    used: dict[BatchId, int] = defaultdict(int)
    for run in truth.runs:
        for amount in run.inputs:
            used[amount.batch] += amount.qty_kg
    for pallet in truth.pallets:
        for amount in pallet.contents:
            used[amount.batch] += amount.qty_kg
    for batch, qty_kg in truth.in_stock().items():
        used[batch] += qty_kg
    rejects = {run.outputs[-1].batch for run in truth.runs}
    for batch, qty_kg in made.items():
        assert used[batch] == (0 if batch in rejects else qty_kg)
    assert set(used) <= set(made)


@laws
@given(plan=plans())
def test_nothing_is_used_before_it_exists_or_while_it_lies_elsewhere(plan: SeasonPlan) -> None:
    truth = plan.truth
    made = {harvest.batch: harvest.at_ms for harvest in truth.harvests}
    for run in truth.runs:
        made |= {output.batch: run.end_ms for output in run.outputs}
    left: dict[BatchId, int] = defaultdict(int)
    for stay in truth.stays:
        assert made[stay.batch] < stay.in_ms
        if stay.out_ms is not None:
            assert stay.in_ms < stay.out_ms
            left[stay.batch] = max(left[stay.batch], stay.out_ms)
    for run in truth.runs:
        assert run.start_ms < run.end_ms
        assert all(left[amount.batch] < run.start_ms for amount in run.inputs)
    packed = {}
    for pallet in truth.pallets:
        packed[pallet.sscc] = pallet.at_ms
        assert all(made[amount.batch] < pallet.at_ms for amount in pallet.contents)
    for shipment in truth.shipments:
        assert all(packed[sscc] < shipment.ship_ms for sscc in shipment.pallets)
        assert shipment.ship_ms < shipment.arrive_ms


@laws
@given(plan=plans())
def test_pallets_take_from_rooms_only_what_has_left_them(plan: SeasonPlan) -> None:
    packed: dict[BatchId, list[tuple[int, int]]] = defaultdict(list)
    for pallet in plan.truth.pallets:
        for amount in pallet.contents:
            packed[amount.batch].append((pallet.at_ms, amount.qty_kg))
    made = {output.batch: output for run in plan.truth.runs for output in run.outputs}
    for batch, uses in packed.items():
        stays = [stay for stay in plan.truth.stays if stay.batch == batch]
        for at_ms, _ in uses:
            in_rooms = sum(s.qty_kg for s in stays if s.out_ms is None or s.out_ms > at_ms)
            gone = sum(qty_kg for used_ms, qty_kg in uses if used_ms <= at_ms)
            assert gone + in_rooms <= made[batch].qty_kg


@laws
@given(plan=plans())
def test_no_room_holds_more_than_its_capacity_or_another_crop(plan: SeasonPlan) -> None:
    rooms = {room.id: room for room in plan.park.of_type(ColdRoom)}
    for room_id in {stay.room for stay in plan.truth.stays}:
        stays = [stay for stay in plan.truth.stays if stay.room == room_id]
        for moment in (stay.in_ms for stay in stays):
            held = sum(
                s.qty_kg for s in stays if s.in_ms <= moment and (s.out_ms or moment + 1) > moment
            )
            assert held <= rooms[room_id].capacity_t * 1000
        crops = {plan.park.products[stay.batch.gtin].crop for stay in stays}
        assert crops == {rooms[room_id].crop}


@laws
@given(plan=plans())
def test_no_line_runs_twice_at_once_and_no_reefer_is_in_two_places(plan: SeasonPlan) -> None:
    runs = sorted(plan.truth.runs, key=lambda run: (run.line, run.start_ms))
    for earlier, later in pairwise(runs):
        assert earlier.line != later.line or earlier.end_ms < later.start_ms
    trips = sorted(
        (s for s in plan.truth.shipments if s.reefer), key=lambda s: (s.reefer, s.ship_ms)
    )
    for first, second in pairwise(trips):
        assert first.reefer != second.reefer or first.arrive_ms < second.ship_ms


@laws
@given(plan=plans())
def test_no_orchard_bears_more_than_it_can(plan: SeasonPlan) -> None:
    borne: dict[str, int] = defaultdict(int)
    for harvest in plan.truth.harvests:
        borne[harvest.orchard] += harvest.qty_kg
    for orchard in plan.park.of_type(Orchard):
        assert borne[orchard.id] <= orchard.area_mu * orchard.yield_kg_mu
    for harvest in plan.truth.harvests:
        source = plan.park.asset(harvest.orchard)
        assert isinstance(source, Orchard)
        product = plan.park.products[harvest.batch.gtin]
        assert (product.variety, product.grade) == (source.variety, FIELD_RUN)


@laws
@given(plan=plans())
def test_numbers_are_unique_and_valid(plan: SeasonPlan) -> None:
    truth = plan.truth
    batches = [h.batch for h in truth.harvests]
    batches += [output.batch for run in truth.runs for output in run.outputs]
    assert len({batch.lot for batch in batches}) == len(batches)
    assert all(parse_batch(str(batch)) == batch for batch in batches)
    ssccs = [pallet.sscc for pallet in truth.pallets]
    assert len(set(ssccs)) == len(ssccs)
    assert all(parse_sscc(sscc) == sscc for sscc in ssccs)
    numbers = [shipment.number for shipment in truth.shipments]
    assert len(set(numbers)) == len(numbers)
    shipped = [sscc for shipment in truth.shipments for sscc in shipment.pallets]
    assert len(set(shipped)) == len(shipped)
    assert set(shipped) <= set(ssccs)


@laws
@given(plan=plans())
def test_fruit_goes_to_six_destinations_at_least_and_winter_jujube_to_thailand(
    plan: SeasonPlan,
) -> None:
    destinations = plan.truth.destinations()
    assert len(destinations) >= 6
    assert all(isinstance(plan.park.asset(name), Destination) for name in destinations)
    thai = plan.truth.shipped_to("destination-th")
    assert any(plan.park.products[batch.gtin].variety == "winter-jujube" for batch in thai)


@laws
@given(plan=plans())
def test_some_fruit_stays_in_stock(plan: SeasonPlan) -> None:
    assert plan.truth.in_stock()
    assert len(plan.truth.harvests) >= 8


def test_the_demos_season_mixes_batches_and_splits_some_over_two_rooms(season: SeasonPlan) -> None:
    truth = season.truth
    assert {len(run.inputs) for run in truth.runs} == {1, 2, 3}
    rooms: dict[BatchId, set[str]] = defaultdict(set)
    for stay in truth.stays:
        rooms[stay.batch].add(stay.room)
    assert any(len(found) == 2 for found in rooms.values())
    assert any(len(pallet.contents) > 1 for pallet in truth.pallets)
    assert sum(shipment.received for shipment in truth.shipments) > len(truth.shipments) // 2


@laws
@given(plan=plans())
def test_everything_happens_within_the_season(plan: SeasonPlan) -> None:
    scans = scans_of(plan.truth, generator(plan.settings.seed, "test"))
    times = [to_epoch_ms(scan.ts) for scan in scans]
    assert times == sorted(times)
    assert plan.start_ms < times[0]
    assert times[-1] < plan.end_ms
    assert all(s.ship_ms < plan.shipping_end_ms for s in plan.truth.shipments)
    assert len({scan.id for scan in scans}) == len(scans)
    assert {scan.id.version for scan in scans} == {7}


def test_every_scan_can_be_read_again_from_its_json(season: SeasonPlan) -> None:
    for scan in scans_of(season.truth, generator(1, "test")):
        assert SCAN.validate_json(scan.model_dump_json()) == scan


def test_the_same_seed_plans_the_same_season_and_another_does_not(small_park: Park) -> None:
    first, again, other = (
        plan_season(small_park, season_settings(small_park, seed=seed, year=2025)).truth
        for seed in (5, 5, 6)
    )
    assert first == again
    assert first.harvests != other.harvests


@pytest.mark.parametrize(
    ("now", "year"),
    [
        (datetime(2026, 11, 23, tzinfo=UTC), 2025),
        (datetime(2026, 3, 2, tzinfo=UTC), 2025),
        (datetime(2026, 2, 20, tzinfo=UTC), 2024),
        (datetime(2026, 1, 1, tzinfo=UTC), 2024),
    ],
)
def test_the_usual_season_is_the_latest_that_is_wholly_over(now: datetime, year: int) -> None:
    assert latest_season(now) == year
    park = park_of(0.01)
    plan = plan_season(park, season_settings(park, now=now))
    assert plan.settings.year == year
    assert plan.end_ms <= to_epoch_ms(now)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"harvest_batches": 3}, "harvest_batches = 3"),
        ({"year": 1970}, "year = 1970"),
        ({"orchards": 0}, "orchards = 0"),
        ({"blocks_per_orchard": 0}, "blocks_per_orchard = 0"),
    ],
)
def test_an_impossible_setting_is_refused_by_name_and_value(
    small_park: Park, wrong: dict[str, Any], named: str
) -> None:
    with pytest.raises(PlanError, match=named):
        season_settings(small_park, **({"year": 2025} | wrong))


def test_seasons_of_two_seeds_can_share_a_database(small_park: Park) -> None:
    first, second = (
        plan_season(small_park, season_settings(small_park, seed=seed, year=2025)).truth
        for seed in (1, 2)
    )
    assert not {h.batch for h in first.harvests} & {h.batch for h in second.harvests}
    assert not {p.sscc for p in first.pallets} & {p.sscc for p in second.pallets}
    assert not {s.number for s in first.shipments} & {s.number for s in second.shipments}
