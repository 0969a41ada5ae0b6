"""Recalls on the real databases: what a cause affected, where it is now, as people get it."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from park.assets import Park
from park.database import open_engine
from tests.support.lineage_events import Events, capture, hour, lot, pallet, party, place
from tests.support.workbooks import sheet
from traceability.epcis.model import Place
from traceability.provenance.recall.descriptions import KnownDescriptions
from traceability.provenance.recall.formats import as_csv, as_json
from traceability.provenance.recall.fsma import as_xlsx
from traceability.provenance.recall.recall import Recall, recall
from traceability.provenance.recall.starts import Cause, RecallStart
from traceability.tables import metadata


@pytest.fixture
def engine(address: str) -> Iterator[Engine]:
    engine = open_engine(address)
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def events() -> Events:
    return Events()


def recalled(
    engine: Engine, cause: Cause, key: str, since: float | None = None, until: float | None = None
) -> Recall:
    start = RecallStart(
        cause=cause,
        key=key,
        since=None if since is None else hour(since),
        until=None if until is None else hour(until),
    )
    with engine.connect() as connection:
        return recall(connection, start)


def keys(result: Recall) -> set[str]:
    return {each.key for each in result.affected}


def a_trade(engine: Engine, events: Events) -> None:
    """Two orchards' fruit, sorted together, packed and shipped."""
    a, b, m = lot("A"), lot("B"), lot("M", 2)
    capture(
        engine,
        events.make(0, {a: 300}, "orchard-1"),
        events.make(1, {b: 100}, "orchard-2"),
        events.see(2, {a: 300}, "room-1", biz_step="storing"),
        events.see(3, {b: 100}, "room-2", biz_step="storing"),
        events.see(10, {a: 300}, "hall", biz_step="storing"),
        events.turn(11, {a: 300, b: 100}, {m: 380}, "line-1"),
        events.pack(12, pallet(1), {m: 200}, "hall"),
        events.ship(13, [pallet(1)], to=3, paper="D1"),
    )


def test_an_orchard_is_recalled_with_masses_places_and_holders(
    engine: Engine, events: Events
) -> None:
    a_trade(engine, events)
    result = recalled(engine, Cause.ORCHARD, place("orchard-2"))
    assert keys(result) == {lot("B"), lot("M", 2), pallet(1)}
    by_key = {each.key: each for each in result.affected}
    on_pallet = by_key[pallet(1)]
    assert on_pallet.share == 0.25
    assert (on_pallet.mass_kg, on_pallet.from_cause_kg) == (200, 50)
    assert [each.key for each in on_pallet.contents] == [lot("M", 2)]
    assert on_pallet.positions[0].holder == party(3)
    assert on_pallet.positions[0].in_transit
    assert by_key[lot("B")].is_start
    assert on_pallet.why[0] == lot("B")
    assert on_pallet.why[-1] == pallet(1)
    (shipment,) = result.shipments
    assert (shipment.holder, shipment.things) == (party(3), [pallet(1)])
    assert on_pallet.shipments == [shipment.event_id]
    assert shipment.papers[0][0] == "desadv"


def test_a_site_is_all_its_places_and_a_span_bounds_the_harvest(
    engine: Engine, events: Events
) -> None:
    a_trade(engine, events)
    assert lot("A") in keys(recalled(engine, Cause.ORCHARD, place()))
    assert lot("A") not in keys(recalled(engine, Cause.ORCHARD, place(), 0.5, 1))
    assert keys(recalled(engine, Cause.ORCHARD, place("orchard-9"))) == set()
    assert keys(recalled(engine, Cause.ORCHARD, place("orchard"))) == set()


def test_a_lot_of_two_orchards_counts_by_its_share(engine: Engine, events: Events) -> None:
    capture(
        engine,
        events.make(0, {lot("A"): 30}, "orchard-1"),
        events.make(1, {lot("A"): 10}, "orchard-2"),
        events.pack(2, pallet(1), {lot("A"): 40}),
    )
    result = recalled(engine, Cause.ORCHARD, place("orchard-2"))
    assert {each.key: each.from_cause_kg for each in result.affected} == {
        lot("A"): 10,
        pallet(1): 10,
    }


def test_an_input_reaches_what_used_it_and_what_was_harvested_where_it_was_spread(
    engine: Engine, events: Events
) -> None:
    spray, wash = lot("SPRAY", 7), lot("WASH", 8)
    capture(
        engine,
        events.see(-50, {spray: (5, "LTR")}, "depot", biz_step="storing"),
        events.make(-40, {lot("D"): 5}, "depot"),
        events.make(-30, {lot("EARLY"): 5}, "orchard-1"),
        events.see(-20, {spray: (5, "LTR")}, "orchard-1", biz_step="inspecting"),
        events.make(0, {lot("A"): 100}, "orchard-1"),
        events.make(24 * 200, {lot("LATE"): 100}, "orchard-1"),
        events.turn(5, {lot("A"): 100, wash: (3, "LTR")}, {lot("M"): 100}),
    )
    sprayed = recalled(engine, Cause.INPUT, spray)
    assert keys(sprayed) == {spray, lot("A"), lot("M")}
    washed = recalled(engine, Cause.INPUT, wash)
    assert keys(washed) == {wash, lot("M")}
    assert {each.key: each.share for each in washed.affected}[lot("M")] is None


def test_an_input_that_was_used_twice_counts_with_all_that_either_use_reaches(
    engine: Engine, events: Events
) -> None:
    spray = lot("SPRAY", 7)
    capture(
        engine,
        events.see(-20, {spray: (5, "LTR")}, "orchard-1", biz_step="inspecting"),
        events.see(-10, {spray: (5, "LTR")}, "orchard-2", biz_step="inspecting"),
        events.see(-5, {spray: (5, "LTR")}, "orchard-2", biz_step="inspecting"),
        events.make(0, {lot("A"): 100}, "orchard-1"),
        events.make(1, {lot("A"): 300}, "orchard-2"),
        events.make(2, {lot("A"): 400}, "orchard-3"),
    )
    (found,) = (
        each for each in recalled(engine, Cause.INPUT, spray).affected if each.key == lot("A")
    )
    assert (found.share, found.from_cause_kg) == (0.5, 400)


def test_a_pallet_is_affected_until_the_case_on_it_was_emptied(
    engine: Engine, events: Events
) -> None:
    case, around = pallet(1), pallet(2)
    capture(
        engine,
        events.make(0, {lot("A"): 100}, "orchard-1"),
        events.pack(1, case, {lot("A"): 100}),
        events.pack(2, around, [case]),
        events.unpack(5, case),
        events.make(6, {lot("B"): 50}, "orchard-2"),
        events.pack(7, case, {lot("B"): 50}),
        events.unpack(20, around),
    )
    found = recalled(engine, Cause.ORCHARD, place("orchard-1"))
    assert {each.key: each.until for each in found.affected} == {
        lot("A"): None,
        case: hour(5),
        around: hour(5),
    }


def test_what_a_run_used_goes_into_that_run_only(engine: Engine, events: Events) -> None:
    wash, other = lot("WASH", 8), lot("WASH-2", 8)
    capture(
        engine,
        events.make(0, {lot("A"): 100}, "orchard-1"),
        events.make(0, {lot("B"): 100}, "orchard-1"),
        events.see(4, {lot("A"): 100}, "line-1", biz_step="inspecting"),
        events.turn(5, {lot("A"): 100, wash: (3, "LTR")}, {lot("M"): 100}, "line-1"),
        events.turn(6, {lot("B"): 100, other: (3, "LTR")}, {lot("N"): 100}, "line-1"),
    )
    assert keys(recalled(engine, Cause.INPUT, wash)) == {wash, lot("M")}
    assert keys(recalled(engine, Cause.INPUT, lot("A"))) == {lot("A"), lot("M")}


def test_a_concentrate_reaches_the_harvest_where_what_was_mixed_with_it_was_spread(
    engine: Engine, events: Events
) -> None:
    copper, tank = lot("COPPER", 7), lot("TANK", 8)
    capture(
        engine,
        events.turn(-9, {copper: (5, "LTR")}, {tank: (500, "LTR")}, "shed"),
        events.see(-5, {tank: (500, "LTR")}, "orchard-1", biz_step="inspecting"),
        events.see(-4, {copper: (1, "LTR")}, "orchard-2", biz_step="inspecting"),
        events.make(0, {lot("A"): 100}, "orchard-1"),
        events.make(0, {lot("B"): 100}, "orchard-2"),
        events.make(0, {lot("C"): 100}, "orchard-3"),
    )
    assert keys(recalled(engine, Cause.INPUT, copper)) == {copper, tank, lot("A"), lot("B")}


def test_what_was_spread_on_one_plot_is_not_in_the_harvest_of_another(
    engine: Engine, events: Events
) -> None:
    spray = lot("SPRAY", 7)
    capture(
        engine,
        events.see(-20, {spray: (5, "LTR")}, "plot-1", biz_step="inspecting"),
        events.make(0, {lot("A"): 100}, "plot-1"),
        events.make(0, {lot("B"): 100}, "plot-2"),
        events.make(0, {lot("C"): 100}, biz_location=Place(place())),
    )
    assert keys(recalled(engine, Cause.INPUT, spray)) == {spray, lot("A"), lot("C")}


def test_a_room_and_a_span_reach_what_was_stored_there_then(engine: Engine, events: Events) -> None:
    a_trade(engine, events)
    assert lot("A") in keys(recalled(engine, Cause.ROOM, place("room-1"), 5, 6))
    assert keys(recalled(engine, Cause.ROOM, place("room-1"), 10.5, 12)) == set()
    assert keys(recalled(engine, Cause.ROOM, place("room-1"), 0, 1)) == set()


def test_a_lot_that_left_a_room_in_parts_was_there_until_the_last(
    engine: Engine, events: Events
) -> None:
    capture(
        engine,
        events.see(1, {lot("A"): 100}, "room-1"),
        events.see(2, {lot("A"): 60}, "hall"),
        events.see(4, {lot("A"): 40}, "hall", biz_step="arriving"),
        events.pack(5, pallet(1), {lot("A"): 100}),
    )
    assert keys(recalled(engine, Cause.ROOM, place("room-1"), 3, 3.5)) == {lot("A"), pallet(1)}
    assert keys(recalled(engine, Cause.ROOM, place("room-1"), 4.5, 5)) == set()


def test_the_part_of_a_lot_that_stayed_in_a_room_is_not_forgotten_for_the_part_elsewhere(
    engine: Engine, events: Events
) -> None:
    a, b = lot("A"), lot("B")
    capture(
        engine,
        events.make(0, {a: 100, b: (100, None)}, "orchard-1"),
        events.see(1, {a: 50, b: (60, None)}, "room-1", biz_step="storing"),
        events.see(1, {a: 50}, "room-2", biz_step="storing"),
        events.see(3, {a: 50}, "room-2", biz_step="inspecting"),
        events.see(4, {b: (40, None)}, "hall"),
        events.turn(5, {a: 50}, {lot("M"): 50}, "line-1"),
        events.see(6, [pallet(3)], None, read_point=Place(place("room-1"))),
    )
    assert keys(recalled(engine, Cause.ROOM, place("room-1"), 6, 7)) == {
        *(a, b, lot("M"), pallet(3)),
    }


def test_a_pallet_in_a_room_takes_along_what_was_on_it_then(engine: Engine, events: Events) -> None:
    capture(
        engine,
        events.pack(0, pallet(5), [pallet(11)]),
        events.see(1, [pallet(5)], "room-1"),
        events.see(3, [pallet(5)], "hall"),
        events.unpack(4, pallet(5)),
        events.pack(5, pallet(5), [pallet(12)]),
        events.pack(6, pallet(6), [pallet(11)]),
    )
    result = keys(recalled(engine, Cause.ROOM, place("room-1"), 2, 2))
    assert result == {pallet(5), pallet(11), pallet(6)}


def test_a_line_and_a_span_reach_its_runs_only(engine: Engine, events: Events) -> None:
    a_trade(engine, events)
    capture(engine, events.turn(20, {lot("C"): 5}, {lot("N"): 5}, "line-1"))
    result = recalled(engine, Cause.LINE, place("line-1"), 10, 12)
    assert keys(result) == {lot("M", 2), pallet(1)}
    assert recalled(engine, Cause.LINE, place("line-1"), 21, 22).affected == ()


def test_json_names_what_a_reader_needs(engine: Engine, events: Events, small_park: Park) -> None:
    a_trade(engine, events)
    result = recalled(engine, Cause.ORCHARD, place("orchard-1"), 0, 5)
    body = as_json(result, KnownDescriptions(small_park))
    assert body["start"]["cause"] == "orchard"
    assert body["start"]["since"] == "2026-10-01T00:00:00.000Z"
    first = next(each for each in body["affected"] if each["key"] == lot("A"))
    assert (first["lot"], first["kind"], first["is_start"]) == ("A", "lot", True)


def test_csv_has_a_row_a_position_and_no_formula(
    engine: Engine, events: Events, small_park: Park
) -> None:
    a_trade(engine, events)
    found = recalled(engine, Cause.ORCHARD, place("orchard-1"))
    formula = replace(found.affected[0], key="=HYPERLINK(1)")
    text = as_csv(
        replace(found, affected=[formula, *found.affected[1:]]), _descriptions(small_park)
    )
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[0]["key"] == "'=HYPERLINK(1)"
    assert {row["lot"] for row in rows} >= {"M"}
    assert all(None not in row and None not in row.values() for row in rows)


def test_the_spreadsheet_has_a_row_a_critical_tracking_event(
    engine: Engine, events: Events, small_park: Park
) -> None:
    a_trade(engine, events)
    result = recalled(engine, Cause.ORCHARD, place("orchard-1"))
    rows = sheet(as_xlsx(result, _descriptions(small_park)))
    assert [(row["Critical tracking event"], row["Traceability lot code"]) for row in rows] == [
        ("Harvesting", "A"),
        ("Transformation", "A"),
        ("Transformation", "M"),
        ("Initial packing", "M"),
        ("Shipping", "M"),
    ]
    shipping = rows[-1]
    assert shipping["Mass (kg)"] == 200
    assert shipping["Logistic unit"] == pallet(1)
    assert shipping["Reference document type"] == "desadv"
    assert shipping["Recipient"] == party(3)
    assert shipping["Traceability lot code source"] == place("line-1")


def _descriptions(park: Park) -> KnownDescriptions:
    return KnownDescriptions(park)
