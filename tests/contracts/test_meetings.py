"""What never meets in one event is known before an index is gone through."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, event

from park.assets import Park
from park.database import open_engine
from tests.support import park_hour
from tests.support.epcis_load import PREFIX
from tests.support.hours_store import fill
from traceability.database.transactions import reading
from traceability.epcis.query.conditions import Condition
from traceability.epcis.query.meetings import narrowed
from traceability.epcis.query.parameters import parse_query
from traceability.epcis.query.search import find
from traceability.epcis.query.shapes import shaped

SHIFT = "https://partner.example/epcis/shift"
BRIX = "https://partner.example/epcis/brix"
NEVER = (Condition("shape", ()),)

Items = list[tuple[str, str]]


@pytest.fixture(scope="module")
def engine(new_address: Callable[[], str], small_park: Park) -> Iterator[Engine]:
    """Two thousand events of eleven kinds."""
    engine = open_engine(new_address())
    fill(engine, small_park, 2 * park_hour.EVENTS)
    yield engine
    engine.dispose()


def _never(engine: Engine, items: Items) -> bool:
    with reading(engine) as connection:
        asked = shaped(connection, parse_query(items))
        return tuple(narrowed(connection, asked).conditions) == NEVER


def _count(engine: Engine, items: Items) -> int:
    with reading(engine) as connection:
        return len(find(connection, parse_query(items), per_page=1000).items)


APART: dict[str, Items] = {
    "step and party": [
        ("EQ_bizStep", "storing"),
        ("EQ_destination_owning_party", park_hour.party(3)),
    ],
    "step and place": [
        ("EQ_bizStep", "shipping"),
        ("EQ_bizLocation", f"urn:epc:id:sgln:{PREFIX}.00001.yard"),
    ],
    "step and number": [("EQ_bizStep", "shipping"), (f"GE_{BRIX}", "10")],
    "step and text of an extension": [("EQ_bizStep", "shipping"), (f"EQ_{SHIFT}", "day")],
    "step and pattern": [
        ("EQ_bizStep", "commissioning"),
        ("MATCH_parentID", f"urn:epc:idpat:grai:{PREFIX}.00001.*"),
    ],
    "parties of different steps": [
        ("EQ_source_owning_party", park_hour.party(0)),
        ("EQ_persistentDisposition_set", "needs_replacement"),
    ],
    "text and number": [
        ("EQ_source_owning_party", park_hour.party(0)),
        ("GE_value_CEL", "-10"),
    ],
}


@pytest.mark.parametrize("items", APART.values(), ids=APART)
def test_what_never_meets_is_known(engine: Engine, items: Items) -> None:
    assert all(_count(engine, [each]) for each in items)
    assert _never(engine, items)
    assert _count(engine, items) == 0


TOGETHER: dict[str, Items] = {
    "step and party": [
        ("EQ_bizStep", "shipping"),
        ("EQ_destination_owning_party", park_hour.party(3)),
    ],
    "step and place": [("EQ_bizStep", "storing"), ("EQ_bizLocation", park_hour.room(7))],
    "step and number": [("EQ_bizStep", "inspecting"), (f"GE_{BRIX}", "10")],
    "step and text of an extension": [("EQ_bizStep", "shipping"), (f"EQ_{SHIFT}", "night")],
    "step and presence": [("EQ_bizStep", "shipping"), (f"EXISTS_{SHIFT}", "")],
    "step and identifier": [
        ("EQ_bizStep", "shipping"),
        ("MATCH_epc", park_hour.crate(3)),
    ],
    "one of two parties": [
        ("EQ_bizStep", "shipping"),
        ("EQ_destination_owning_party", f"{park_hour.party(3)}|urn:example:nobody"),
    ],
}


@pytest.mark.parametrize("items", TOGETHER.values(), ids=TOGETHER)
def test_what_meets_is_found(engine: Engine, items: Items) -> None:
    assert not _never(engine, items)
    assert _count(engine, items) > 0


def test_in_the_order_of_an_extension_texts_that_never_meet_are_passed_over(
    engine: Engine,
) -> None:
    items = [("EQ_bizStep", "shipping"), ("orderBy", SHIFT), ("orderDirection", "ASC")]
    read: list[object] = []

    @event.listens_for(engine, "after_cursor_execute")
    def _note(*seen: object) -> None:
        read.append(seen[3])

    try:
        with reading(engine) as connection:
            page = find(connection, parse_query(items), per_page=30)
    finally:
        event.remove(engine, "after_cursor_execute", _note)
    assert len(page.items) == 30
    assert all('"night"' in document for _, document in page.items)
    # Nothing was looked for among the events of the day shift: they aren't even counted.
    assert not any("day" in str(parameters) for parameters in read)
