"""Figures that follow the steps of the park."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from park.assets import ColdRoom, Destination, Packhouse, Park
from park.scans import SCAN
from park.telemetry import EXPORT, MILESTONE, OUTPUT, STOCK, STORED_KINDS, TAKEN_BACK
from park.times import to_epoch_ms
from traceability.figures.projection import Figures, Point, Step, advance, counts_too_much, standing

BEGIN = datetime(2025, 10, 1, 6, tzinfo=UTC)
SSCC = ("095213210000000018", "095213210000000025")


class Season:
    """Steps in order, an hour apart."""

    def __init__(self, park: Park) -> None:
        self.park = park
        self.steps: list[Step] = []
        self.room = next(a.id for a in park.assets.values() if isinstance(a, ColdRoom))
        self.house = next(a.id for a in park.assets.values() if isinstance(a, Packhouse))
        self.target = next(a.id for a in park.assets.values() if isinstance(a, Destination))
        graded = next(p for p in park.products.values() if p.grade != "field-run")
        self.grade = graded.grade
        self.batches = [f"01/{graded.gtin}/10/L{number}" for number in (1, 2)]

    def add(self, **said: Any) -> None:
        seq = len(self.steps) + 1
        ts = BEGIN + timedelta(hours=seq)
        self.steps.append(Step(seq, SCAN.validate_python({"id": uuid4(), "ts": ts, **said})))

    def store(self, way: str, batch: str, qty_kg: float) -> None:
        self.add(action=f"store_{way}", asset=self.room, batch=batch, qty_kg=qty_kg)

    def pack_and_ship(self) -> None:
        for sscc, batch in zip(SSCC, self.batches, strict=True):
            contents = [{"batch": batch, "qty_kg": 500.0}]
            self.add(action="palletise", asset=self.house, pallet=sscc, contents=contents)
        self.add(
            action="ship",
            asset=self.house,
            shipment="EXP-1",
            pallets=list(SSCC),
            destination=self.target,
        )

    def receive(self, *pallets: str) -> None:
        self.add(action="receive", asset=self.target, shipment="EXP-1", pallets=list(pallets))

    def points(self) -> list[Point]:
        return advance(Figures(), self.steps, self.park)


def last(points: Sequence[Point], kind: str) -> dict[str, Any]:
    return dict([point for point in points if point.kind == kind][-1].fields)


def test_stock_is_what_went_in_less_what_went_out(small_park: Park) -> None:
    season = Season(small_park)
    season.store("in", season.batches[0], 4_000.0)
    season.store("in", season.batches[1], 1_000.0)
    season.store("out", season.batches[0], 3_500.0)
    stock = last(season.points(), STOCK.name)
    assert (stock["stock_kg"], stock["lots"]) == (1_500.0, 2)
    assert stock["lots_text"] == "L2 1000 kg, L1 500 kg"
    room = small_park.asset(season.room)
    assert isinstance(room, ColdRoom)
    assert stock["capacity_kg"] == room.capacity_t * 1000


def test_an_emptied_room_holds_no_lot(small_park: Park) -> None:
    season = Season(small_park)
    season.store("in", season.batches[0], 0.3)
    season.store("out", season.batches[0], 0.1)
    season.store("out", season.batches[0], 0.2)
    stock = last(season.points(), STOCK.name)
    assert (stock["stock_kg"], stock["lots"], stock["lots_text"]) == (0, 0, "")


def test_a_point_lies_at_the_time_of_its_step(small_park: Park) -> None:
    season = Season(small_park)
    season.store("in", season.batches[0], 4_000.0)
    (stock,) = [point for point in season.points() if point.kind == STOCK.name]
    assert stock.time_ms == to_epoch_ms(BEGIN + timedelta(hours=1))


def test_a_shipment_is_in_transit_until_its_last_pallet_arrives(small_park: Park) -> None:
    season = Season(small_park)
    season.pack_and_ship()
    sent = last(season.points(), EXPORT.name)
    assert (sent["in_transit_kg"], sent["in_transit_shipments"], sent["shipments"]) == (1000, 1, 1)
    season.receive(SSCC[0])
    half = last(season.points(), EXPORT.name)
    assert (half["in_transit_kg"], half["in_transit_shipments"], half["arrived_kg"]) == (
        500,
        1,
        500,
    )
    season.receive(SSCC[1])
    done = last(season.points(), EXPORT.name)
    assert (done["in_transit_kg"], done["in_transit_shipments"], done["arrived_kg"]) == (0, 0, 1000)


def test_output_is_what_was_packed_by_grade(small_park: Park) -> None:
    season = Season(small_park)
    season.pack_and_ship()
    (first, second) = [point for point in season.points() if point.kind == OUTPUT.name]
    assert (first.asset, first.fields["packed_kg"]) == (season.grade, 500)
    assert second.fields["packed_kg"] == 1000


def test_every_step_is_a_milestone_with_its_mass(small_park: Park) -> None:
    season = Season(small_park)
    season.store("in", season.batches[0], 4_000.0)
    season.pack_and_ship()
    stones = [point for point in season.points() if point.kind == MILESTONE.name]
    assert [stone.fields["step"] for stone in stones] == [
        "store_in",
        "palletise",
        "palletise",
        "ship",
    ]
    assert stones[-1].fields == {
        "step": "ship",
        "mass_kg": 1000.0,
        "destination": season.target,
    }


def test_in_pieces_the_figures_are_the_same(small_park: Park) -> None:
    season = Season(small_park)
    season.store("in", season.batches[0], 4_000.0)
    season.pack_and_ship()
    season.receive(*SSCC)
    figures = Figures()
    piecewise = [point for step in season.steps for point in advance(figures, [step], small_park)]
    assert piecewise == season.points()
    assert figures.seq == len(season.steps)


def test_points_have_fields_of_the_telemetry_table_only(small_park: Park) -> None:
    season = Season(small_park)
    season.store("in", season.batches[0], 4_000.0)
    season.pack_and_ship()
    season.receive(*SSCC)
    figures = Figures()
    points = advance(figures, season.steps, small_park)
    points += standing(figures, small_park, to_epoch_ms(BEGIN))
    for point in points:
        assert set(point.fields) <= set(STORED_KINDS[point.kind].fields)


def test_events_that_are_no_step_only_count(small_park: Park) -> None:
    figures = Figures()
    assert advance(figures, [Step(7, None)], small_park) == []
    assert figures.seq == 7


def test_a_step_that_doesnt_count_changes_no_sum_and_its_points_say_so(small_park: Park) -> None:
    season = Season(small_park)
    season.store("in", season.batches[0], 4_000.0)
    season.store("in", season.batches[1], 1_000.0)
    season.steps[0] = season.steps[0]._replace(counts=False)
    figures = Figures()
    points = advance(figures, season.steps, small_park)
    assert [(each.kind, *each.fields.values())[:3] for each in points] == [
        (STOCK.name, 0, 0),
        (MILESTONE.name, TAKEN_BACK, 0),
        (STOCK.name, 1_000, 1),
        (MILESTONE.name, "store_in", 1_000),
    ]
    assert figures.left_out == {1}


def test_only_what_was_counted_and_is_taken_back_counts_too_much(small_park: Park) -> None:
    season = Season(small_park)
    season.store("in", season.batches[0], 4_000.0)
    counted, left_out = Figures(), Figures()
    (step,) = season.steps
    declaration = Step(2, None, takes_back=1)
    advance(counted, [step, declaration], small_park)
    advance(left_out, [step._replace(counts=False), declaration], small_park)
    assert counts_too_much(counted, [declaration])
    assert not counts_too_much(left_out, [declaration])
    assert not counts_too_much(counted, [Step(2, None, takes_back=3)])
