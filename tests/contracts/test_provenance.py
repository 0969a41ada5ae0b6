"""Lineage of any event on the real databases: what came of what, with amounts and times."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete

from park.database import open_engine
from tests.support.lineage_events import (
    GLN,
    HOST,
    Events,
    capture,
    declared_wrong,
    hour,
    lot,
    pallet,
    party,
    place,
)
from traceability.epcis.model import Action, AnyEvent, Place
from traceability.errors import NotFoundError
from traceability.provenance.asking import thing_key
from traceability.provenance.positions import Position
from traceability.provenance.tracing import Lineage, trace
from traceability.provenance.walk_statements import Direction
from traceability.provenance.whereabouts import whereabouts
from traceability.tables import metadata

BACK, FORWARD = Direction.BACK, Direction.FORWARD


@pytest.fixture
def engine(address: str) -> Iterator[Engine]:
    engine = open_engine(address)
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def events() -> Events:
    return Events()


def lineage(engine: Engine, key: str, direction: Direction, at: float | None = None) -> Lineage:
    with engine.connect() as connection:
        return trace(connection, key, direction, None if at is None else hour(at))


def reached(engine: Engine, key: str, direction: Direction, at: float | None = None) -> set[str]:
    """Keys in a lineage, without the root and runs."""
    keys = {node.key for node in lineage(engine, key, direction, at).nodes}
    return {each for each in keys - {key} if not each.startswith("run/")}


def shares(engine: Engine, key: str, direction: Direction) -> dict[str, Any]:
    nodes = lineage(engine, key, direction).nodes
    return {node.key: None if node.share is None else pytest.approx(node.share) for node in nodes}


def positions(engine: Engine, key: str) -> Sequence[Position]:
    with engine.connect() as connection:
        return whereabouts(connection, key)


def codes(found: object) -> set[str]:
    assert isinstance(found, dict)
    return {each.code for group in found.values() for each in group}


# Splits and mixes


def test_lots_that_were_mixed_and_split_are_found_both_ways_with_their_shares(
    engine: Engine, events: Events
) -> None:
    a, b, mixed, extra, rest = (lot(name) for name in ("A", "B", "M", "E", "R"))
    capture(
        engine,
        events.make(0, {a: 300, b: 100}),
        events.turn(1, {a: 300, b: 100}, {mixed: 390}),
        events.turn(2, {mixed: 390}, {extra: 300, rest: 80}),
        events.pack(3, pallet(1), {extra: 200}),
        events.pack(3, pallet(2), {extra: 100, rest: 50}),
    )
    assert reached(engine, a, FORWARD) == {mixed, extra, rest, pallet(1), pallet(2)}
    assert reached(engine, pallet(1), BACK) == {extra, mixed, a, b}
    forward = shares(engine, b, FORWARD)
    assert forward[pallet(2)] == 0.25
    assert forward[rest] == 0.25
    back = shares(engine, pallet(2), BACK)
    assert back[extra] == pytest.approx(100 / 150)
    assert back[a] == 0.75
    assert back[b] == 0.25


def test_edges_tell_amounts_masses_times_and_events(engine: Engine, events: Events) -> None:
    raw, sorted_ = lot("A"), lot("S")
    turned = events.turn(1, {raw: (0.5, "TNE")}, {sorted_: (400_000, "GRM")})
    packed = events.pack(2, pallet(1), {sorted_: 400})
    opened = events.unpack(3, pallet(1), {sorted_: 100})
    capture(engine, turned, packed, opened)
    edges = lineage(engine, raw, FORWARD).edges
    into, out_of, *contents = edges
    assert (into.kind, into.quantity, into.uom, into.mass_kg) == ("into", 0.5, "TNE", 500)
    assert (out_of.kind, out_of.mass_kg, out_of.event_id) == ("out_of", 400, turned.event_id)
    assert sorted((edge.mass_kg, edge.until, edge.end_event_id) for edge in contents) == [
        (100, hour(3), opened.event_id),
        (300, None, None),
    ]
    assert {edge.event_id for edge in contents} == {packed.event_id}
    assert {edge.at for edge in contents} == {hour(2)}


@pytest.mark.parametrize(
    "name", ["o'brien", "50%", "%s", "back\\slash\\'", "{key}", ":key", "$1", "枣"]
)
def test_a_thing_is_found_whatever_is_in_its_name(
    engine: Engine, events: Events, name: str
) -> None:
    key = f"https://orchard.example/{name}"
    capture(engine, events.turn(1, {lot("A"): 1}, {key: 1}))
    assert reached(engine, key, BACK) == {lot("A")}
    with pytest.raises(NotFoundError):
        lineage(engine, f"{key}' OR 'a' = 'a", BACK)


def test_what_was_never_named_is_not_found(engine: Engine) -> None:
    with pytest.raises(NotFoundError) as error:
        lineage(engine, lot("A"), BACK)
    assert error.value.code == "node-not-found"


def test_an_object_is_one_whether_its_label_or_its_tag_was_read(
    engine: Engine, events: Events
) -> None:
    gtin, box = lot("A").partition("/10/")[0], pallet(1)
    label, tag = f"{gtin}/10/A/21/7", f"{gtin}/21/7"
    capture(
        engine,
        events.make_items(0, [label]),
        events.pack(1, box, [tag]),
        events.see(2, [box], where="dock"),
    )
    for form in (label, tag, f"(01){gtin[-14:]}(10)A(21)7"):
        key = thing_key(form)
        assert key == tag
        assert reached(engine, box, BACK) == {key}
        with engine.connect() as connection:
            (position,) = whereabouts(connection, key)
        assert (position.containers, position.place) == ([box], place("dock"))


def test_events_of_one_transformation_id_are_one_run(engine: Engine, events: Events) -> None:
    a, b, c = lot("A"), lot("B"), lot("C")
    run = "urn:uuid:00000000-0000-4000-8000-00000000aaaa"
    capture(
        engine,
        events.turn(2, {}, {c: 150}, transformation_id=run),
        events.turn(1, {a: 100}, {}, transformation_id=run),
        events.turn(3, {b: 60}, {}, transformation_id=run),
    )
    assert reached(engine, c, BACK) == {a, b}
    assert reached(engine, b, FORWARD) == {c}
    assert shares(engine, a, FORWARD)[c] == 100 / 160


def test_a_transformation_id_is_one_in_either_form(engine: Engine, events: Events) -> None:
    a, b = lot("A"), lot("B")
    urn, link = "urn:epc:id:gdti:9521141.00001.R7", f"{HOST}/253/{GLN}R7"
    capture(
        engine,
        events.turn(1, {a: 100}, {}, transformation_id=urn),
        events.turn(2, {}, {b: 90}, transformation_id=link),
    )
    assert reached(engine, b, BACK) == {a}
    for name in (urn, link):
        assert reached(engine, thing_key(f"run/{name}"), FORWARD) == {b}


def test_runs_that_add_to_a_lot_after_it_was_packed_are_not_in_the_pallet(
    engine: Engine, events: Events
) -> None:
    first, second, made = lot("A"), lot("B"), lot("M")
    capture(
        engine,
        events.turn(1, {first: 100}, {made: 100}),
        events.pack(2, pallet(1), {made: 100}),
        events.turn(3, {second: 100}, {made: 100}),
        events.pack(4, pallet(2), {made: 100}),
    )
    assert reached(engine, pallet(1), BACK) == {made, first}
    assert reached(engine, second, FORWARD) == {made, pallet(2)}
    assert reached(engine, pallet(2), BACK) == {made, first, second}
    assert shares(engine, first, FORWARD)[pallet(1)] == 1
    assert shares(engine, first, FORWARD)[pallet(2)] == 0.5


def test_packing_that_began_before_the_run_was_closed_still_counts(
    engine: Engine, events: Events
) -> None:
    raw, made = lot("A"), lot("M")
    capture(engine, events.pack(1, pallet(1), {made: 10}), events.turn(2, {raw: 100}, {made: 100}))
    assert reached(engine, raw, FORWARD) == {made, pallet(1)}
    assert reached(engine, pallet(1), BACK) == {made, raw}


def test_fruit_that_goes_round_in_circles_ends_the_trace(engine: Engine, events: Events) -> None:
    a, b = lot("A"), lot("B")
    capture(
        engine,
        events.make(0, {a: 100}),
        events.turn(1, {a: 100}, {b: 100}),
        events.turn(2, {b: 50, a: 10}, {a: 60, b: 0.5}),
    )
    assert reached(engine, a, FORWARD) == {b}
    assert reached(engine, b, BACK) == {a}


def test_products_without_a_lot_are_named_but_not_followed(engine: Engine, events: Events) -> None:
    product = lot("x").partition("/10/")[0]
    a, b = lot("A"), lot("B")
    capture(
        engine,
        events.turn(1, {a: 10}, {product: 10}),
        events.turn(2, {product: 5}, {b: 5}),
    )
    assert reached(engine, a, FORWARD) == {product}
    assert reached(engine, b, BACK) == {product}
    assert reached(engine, product, FORWARD) == {b}


# Containers in time


def test_a_pallet_that_was_opened_and_packed_again_does_not_carry_the_old_contents(
    engine: Engine, events: Events
) -> None:
    old, new, container = lot("OLD"), lot("NEW"), pallet(9)
    capture(
        engine,
        events.pack(1, pallet(1), {old: 100}),
        events.ship(2, [pallet(1)], to=1),
        events.unpack(3, pallet(1)),
        events.pack(3, pallet(1), {new: 100}),
        events.pack(4, container, [pallet(1)]),
        events.ship(5, [container], to=2),
    )
    assert reached(engine, old, FORWARD) == {pallet(1)}
    assert reached(engine, new, FORWARD) == {pallet(1), container}
    assert reached(engine, container, BACK) == {pallet(1), new}
    assert reached(engine, pallet(1), BACK, at=2) == {old}
    assert reached(engine, pallet(1), BACK, at=5) == {new}
    assert reached(engine, pallet(1), BACK) == {old, new}
    assert positions(engine, new)[-1].holder == party(2)
    assert positions(engine, old)[-1].holder == party(1)


def test_cases_on_pallets_in_a_container_are_found_through_all_of_them(
    engine: Engine, events: Events
) -> None:
    a, b, cases = lot("A"), lot("B"), [pallet(number) for number in (11, 12)]
    capture(
        engine,
        events.pack(1, cases[0], {a: 10}),
        events.pack(1, cases[1], {b: 30}),
        events.pack(2, pallet(1), cases),
        events.pack(3, pallet(2), [pallet(1)]),
        events.unpack(4, pallet(1), [cases[0]]),
        events.pack(5, pallet(3), [cases[0]]),
    )
    assert reached(engine, a, FORWARD) == {cases[0], *map(pallet, (1, 2, 3))}
    assert reached(engine, b, FORWARD) == {cases[1], *map(pallet, (1, 2))}
    assert reached(engine, pallet(2), BACK, at=3) == {pallet(1), *cases, a, b}
    assert reached(engine, pallet(2), BACK, at=5) == {pallet(1), cases[1], b}
    assert reached(engine, pallet(3), BACK) == {cases[0], a}
    assert shares(engine, a, FORWARD)[pallet(1)] == 0.25


def test_a_pallet_used_as_an_input_brings_in_what_lay_on_it_then(
    engine: Engine, events: Events
) -> None:
    old, new, made = lot("OLD"), lot("NEW"), lot("M")
    pressed = events.turn(5, {}, {made: 90}, input_epcs=[pallet(1)])
    capture(
        engine,
        events.pack(1, pallet(1), {old: 100}),
        events.unpack(2, pallet(1)),
        events.pack(3, pallet(1), {new: 100}),
        pressed,
    )
    assert reached(engine, made, BACK) == {pallet(1), new}
    assert reached(engine, old, FORWARD) == {pallet(1)}
    assert reached(engine, new, FORWARD) == {pallet(1), made}


def test_a_trace_forward_from_a_pallet_follows_what_was_on_it(
    engine: Engine, events: Events
) -> None:
    case, raw, made = pallet(11), lot("A"), lot("M")
    capture(
        engine,
        events.pack(1, case, {raw: 10}),
        events.pack(2, pallet(1), [case]),
        events.unpack(3, pallet(1), [case]),
        events.unpack(4, case),
        events.turn(5, {raw: 10}, {made: 10}),
    )
    assert reached(engine, pallet(1), FORWARD) == {case, raw, made}


def test_parts_of_lots_come_out_in_any_unit_of_mass(engine: Engine, events: Events) -> None:
    a = lot("A")
    found = capture(
        engine,
        events.pack(1, pallet(1), {a: 100}),
        events.unpack(2, pallet(1), {a: (60_000, "GRM")}),
        events.pack(3, pallet(2), [pallet(1)]),
    )
    assert not codes(found)
    (position,) = [each for each in positions(engine, a) if each.containers]
    assert position.mass_kg == 40
    assert position.containers == [pallet(1), pallet(2)]
    assert "units-differ" in codes(capture(engine, events.unpack(4, pallet(1), {a: (3, "XBX")})))
    assert "more-unpacked-than-packed" in codes(
        capture(engine, events.unpack(5, pallet(1), {a: 50}))
    )


def test_containers_that_hold_each_other_end_the_trace(engine: Engine, events: Events) -> None:
    found = capture(
        engine,
        events.pack(1, pallet(1), [pallet(2), pallet(1)]),
        events.pack(2, pallet(2), [pallet(1)]),
        events.pack(3, pallet(2), {lot("A"): 1}),
    )
    assert codes(found) == {"packed-in-itself"}
    assert reached(engine, lot("A"), FORWARD) == {pallet(1), pallet(2)}
    assert positions(engine, lot("A"))[-1].containers


def test_an_observed_child_is_in_its_parent_though_nobody_packed_it(
    engine: Engine, events: Events
) -> None:
    case = pallet(11)
    seen = events.pack(5, pallet(1), [case], action=Action.OBSERVE)
    capture(engine, seen)
    assert reached(engine, pallet(1), BACK) == {case}
    capture(engine, events.pack(1, pallet(1), [case]))
    (edge,) = lineage(engine, pallet(1), BACK).edges
    assert edge.at == hour(1)


# Order of capture, corrections


def a_season(events: Events) -> list[AnyEvent]:
    """Events of every kind; several are of one instant."""
    a, b, m, n = (lot(name) for name in "ABMN")
    return [
        events.make(0, {a: 100, b: 100}),
        events.turn(1, {a: 60, b: 40}, {m: 95}),
        events.pack(2, pallet(1), {m: 50}),
        events.turn(2.5, {b: 20}, {m: 20}),
        events.pack(3, pallet(1), {m: 20}),
        events.pack(4, pallet(2), [pallet(1)]),
        events.unpack(5, pallet(1), {m: 60}),
        events.unpack(6, pallet(2)),
        events.turn(7, {m: 30}, {n: 30}),
        events.pack(8, pallet(1), {n: 30}),
        events.pack(9, pallet(2), [pallet(1)]),
        events.see(10, {n: 5}, "room"),
        events.see(10, {n: 5}, "hall", biz_step="storing"),
        events.unpack(10, pallet(1), {n: 10}),
        events.unpack(10, pallet(1)),
    ]


def _picture(engine: Engine) -> object:
    """All that a user sees of the season, whatever ids the rows have."""
    keys = [*(lot(name) for name in "ABMN"), pallet(1), pallet(2)]
    return [
        (
            sorted(lineage(engine, key, direction).nodes, key=lambda node: node.key),
            sorted(lineage(engine, key, direction).edges, key=repr),
            sorted(positions(engine, key), key=repr),
        )
        for key in keys
        for direction in Direction
    ]


def test_the_order_in_which_events_are_captured_does_not_matter(
    engine: Engine, events: Events
) -> None:
    season = a_season(events)
    capture(engine, *season)
    in_order = _picture(engine)
    _clear(engine)
    for event in reversed(season):
        capture(engine, event)
    assert _picture(engine) == in_order


def _clear(engine: Engine) -> None:
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(order=st.permutations(range(15)), batches=st.lists(st.integers(1, 4), max_size=15))
def test_any_order_of_capture_in_any_batches_gives_the_same(
    order: list[int], batches: list[int]
) -> None:
    season = a_season(Events())
    mixed = [season[number] for number in order]
    with TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'any.db'}")
        metadata.create_all(engine)
        for size in [*batches, *([1] * len(mixed))]:
            if mixed:
                capture(engine, *mixed[:size])
                del mixed[:size]
        picture = _picture(engine)
        _clear(engine)
        capture(engine, *season)
        try:
            assert picture == _picture(engine)
        finally:
            engine.dispose()


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_what_was_declared_wrong_leaves_no_trace_whenever_it_comes(
    engine: Engine, events: Events, order: tuple[int, ...]
) -> None:
    a, wrong, right, m = (lot(name) for name in ("A", "W", "R", "M"))
    mistake = events.turn(2, {wrong: 10}, {m: 10})
    capture(engine, events.turn(1, {a: 10}, {m: 10}), events.pack(4, pallet(1), {m: 20}))
    three = [mistake, declared_wrong(mistake), events.turn(2, {right: 10}, {m: 10})]
    for number in order:
        capture(engine, three[number])
    assert reached(engine, pallet(1), BACK) == {m, a, right}
    with pytest.raises(NotFoundError):
        reached(engine, wrong, FORWARD)


def test_a_packing_that_was_declared_wrong_is_taken_back_with_its_stops(
    engine: Engine, events: Events
) -> None:
    wrong = events.pack(2, pallet(1), {lot("B"): 10})
    shipped = events.ship(3, [pallet(1)], to=2)
    capture(engine, events.pack(1, pallet(1), {lot("A"): 10}, "dock"), wrong, shipped)
    capture(engine, declared_wrong(wrong), declared_wrong(shipped))
    assert reached(engine, pallet(1), BACK) == {lot("A")}
    assert positions(engine, pallet(1))[0].holder is None
    assert positions(engine, pallet(1))[0].place == place("dock")


# Findings


def test_what_can_not_be_true_is_flagged_by_name(engine: Engine, events: Events) -> None:
    a, b, c = lot("A"), lot("B"), lot("C")
    sound = capture(
        engine, events.make(0, {a: 100}), events.turn(1, {a: 100}, {b: (100_000, "GRM")})
    )
    assert not codes(sound)
    assert codes(capture(engine, events.turn(2, {a: 10}, {c: 10}))) == {"more-used-than-made"}
    assert codes(capture(engine, events.turn(3, {b: 50}, {lot("D"): 51}))) == {"more-out-than-in"}
    assert codes(capture(engine, events.pack(4, pallet(1), {b: 120}))) == {"more-packed-than-made"}
    assert codes(capture(engine, events.turn(0.5, {b: 1}, {lot("E"): 1}))) == {"used-before-made"}
    assert codes(capture(engine, events.unpack(6, pallet(1), [pallet(3)]))) == {"not-in-container"}
    assert not codes(capture(engine, events.unpack(7, pallet(7))))


def test_an_object_is_made_once_and_used_up_once(engine: Engine, events: Events) -> None:
    case = pallet(5)
    capture(engine, events.make_items(0, [case]))
    assert codes(capture(engine, events.make_items(1, [case]))) == {"made-twice"}
    assert not codes(capture(engine, events.turn(2, {}, {lot("A"): 1}, input_epcs=[case])))
    again = events.turn(3, {}, {lot("B"): 1}, input_epcs=[case])
    assert codes(capture(engine, again)) == {"used-up-twice"}


# Whereabouts


def test_a_lot_is_where_its_pallets_are_and_what_is_left_where_it_was(
    engine: Engine, events: Events
) -> None:
    a = lot("A")
    capture(
        engine,
        events.make(0, {a: 100}, "field", disposition="active"),
        events.see(1, {a: 100}, "room", biz_step="storing"),
        events.pack(2, pallet(1), {a: 40}, "hall"),
        events.pack(2.5, pallet(9), [pallet(1)], "dock"),
        events.ship(3, [pallet(9)], to=2, paper="D7"),
    )
    loose, packed = positions(engine, a)
    assert (loose.place, loose.mass_kg, loose.seen_at) == (place("room"), 60, hour(1))
    assert packed.containers == [pallet(1), pallet(9)]
    assert (packed.mass_kg, packed.in_transit, packed.disposition) == (40, True, "in_transit")
    assert (packed.holder, packed.owner) == (party(2), party(2))
    assert packed.destination is not None
    capture(engine, events.see(4, [pallet(9)], "far", biz_step="receiving"))
    arrived = positions(engine, pallet(1))[0]
    assert (arrived.place, arrived.in_transit, arrived.destination) == (place("far"), False, None)
    capture(engine, events.unpack(5, pallet(9), (), "shop"), events.unpack(6, pallet(1)))
    assert positions(engine, pallet(1))[0].place == place("shop")
    assert positions(engine, pallet(1))[0].holder == party(2)
    capture(engine, events.end(7, {a: 100}))
    assert [each.state for each in positions(engine, a)] == ["ended"]


def where(engine: Engine, key: str) -> list[tuple[str | None, float | None, str | None]]:
    """Place, or holder where it is on its way, with the quantity and its unit."""
    found = positions(engine, key)
    return sorted(
        (each.holder if each.in_transit else each.place, each.quantity, each.uom) for each in found
    )


def test_a_lot_has_a_position_for_each_part_of_it(engine: Engine, events: Events) -> None:
    a = lot("A")
    capture(
        engine,
        events.make(0, {a: (1, "TNE")}, "orchard"),
        events.see(1, {a: 500}, "room-1", biz_step="storing"),
        events.see(1, {a: 300}, "room-2", biz_step="storing"),
        events.see(2, {a: 200}, "hall", read_point=Place(place("room-1"))),
        events.ship(3, {a: 150}, to=1, where="hall"),
        events.ship(4, {a: 50}, to=2, where="hall"),
    )
    assert where(engine, a) == [
        (place("orchard"), 200, "KGM"),
        (place("room-1"), 300, "KGM"),
        (place("room-2"), 300, "KGM"),
        (party(1), 150, "KGM"),
        (party(2), 50, "KGM"),
    ]
    arrived = events.see(5, {a: 50}, "abroad", biz_step="receiving")
    capture(engine, replace(arrived, biz_location=Place(f"{HOST}/414/{party(2)[-13:]}")))
    assert (party(2).replace("417", "414"), 50, "KGM") in where(engine, a)
    assert (party(2), 50, "KGM") not in where(engine, a)


def test_what_came_out_of_containers_is_where_they_were_opened(
    engine: Engine, events: Events
) -> None:
    a = lot("A")
    capture(
        engine,
        events.make(0, {a: (90, None)}, "field"),
        events.pack(1, pallet(1), {a: (60, None)}, "hall"),
        events.pack(1, pallet(2), {a: (30, None)}, "hall"),
        events.pack(2, pallet(3), [pallet(1)], "hall"),
        events.ship(3, [pallet(3)], to=1),
        events.ship(3, [pallet(2)], to=2),
        events.see(4, [pallet(3)], "shop-1", biz_step="receiving"),
        events.see(4, [pallet(2)], "shop-2", biz_step="receiving"),
        *(events.unpack(5 + number / 10, pallet(number)) for number in (3, 2, 1)),
    )
    assert where(engine, a) == [(place("shop-1"), 60, None), (place("shop-2"), 30, None)]
    assert {each.holder for each in positions(engine, a)} == {party(1), party(2)}
    assert positions(engine, pallet(1))[0].place == place("shop-1")
    capture(engine, events.turn(6, {a: (60, None)}, {lot("J"): 9}, "shop-1"))
    assert where(engine, a) == [(place("shop-2"), 30, None)]
    capture(engine, events.end(7, {a: (30, None)}, "shop-2"))
    assert [each.state for each in positions(engine, a)] == ["ended"]


def test_who_ships_a_thing_on_has_it_no_more(engine: Engine, events: Events) -> None:
    away = events.ship(3, [pallet(1)], to=2)
    location = tuple(each for each in away.destinations if each.type == "location")
    capture(engine, events.ship(1, [pallet(1)], to=1), replace(away, destinations=location))
    (position,) = positions(engine, pallet(1))
    assert (position.holder, position.destination) == (None, location[0].id)


def test_an_event_on_the_way_does_not_end_the_way(engine: Engine, events: Events) -> None:
    capture(
        engine,
        events.ship(1, [pallet(1)], to=2),
        events.see(2, [pallet(1)], read_point=Place(place("port")), biz_step="inspecting"),
    )
    (position,) = positions(engine, pallet(1))
    assert (position.in_transit, position.holder, position.place) == (
        True,
        party(2),
        place("port"),
    )
