"""The largest questions that are read, on both databases: each is answered, none is an error."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from park.database import open_engine
from park.times import to_epoch_ms
from traceability import tables as t
from traceability.epcis.contexts import Context
from traceability.epcis.model import Action, ObjectEvent, Quantity
from traceability.epcis.query.indexing import index_events
from traceability.epcis.query.parameters import MOST_CONDITIONS, parse_query_body
from traceability.epcis.query.search import find, matching
from traceability.errors import QueryTooComplexError

CONTEXT = Context.of({"partner": "https://partner.example/voc/"})
AT = datetime(2026, 4, 1, tzinfo=UTC)
EPC = "https://id.gs1.org/01/09521321000025/21/7"
MANY = 1000
PATTERNS = [f"urn:epc:idpat:sgtin:9521321.{n:06}.*" for n in range(2, 192)]


@pytest.fixture(scope="module")
def connection(shared_address: str) -> Iterator[Connection]:
    """One event, captured as the first."""
    engine = open_engine(shared_address)
    t.metadata.create_all(engine)
    with engine.begin() as connection:
        _store(connection)
        yield connection
    engine.dispose()


def _store(connection: Connection) -> None:
    event = ObjectEvent(
        event_time=AT,
        event_time_zone_offset="+00:00",
        action=Action.OBSERVE,
        epcs=[EPC],
        quantities=[Quantity("https://id.gs1.org/01/09521321000025/10/A", 5.0)],
    )
    row = {
        "seq": 1,
        "event_id": "urn:event:1",
        "declared": False,
        "event_time_ms": to_epoch_ms(AT),
        "record_time_ms": to_epoch_ms(AT),
        "fingerprint": "",
        "content_hash": bytes(32),
        "document": "{}",
    }
    connection.execute(insert(t.events), row)
    index_events(connection, [(1, event)])


@pytest.mark.parametrize(
    "asked",
    [
        {"EQ_eventID": [f"urn:event:{n}" for n in range(MANY)]},
        {"EQ_quantity": list(range(MANY))},
        {"MATCH_anyEPC": [EPC, *(f"urn:other:{n}" for n in range(MANY - 1))]},
        {"MATCH_anyEPC": PATTERNS},
        {"MATCH_anyEPC": PATTERNS, "EQ_eventID": ["urn:event:1"], "EQ_quantity": [5, 6]},
        {"EQ_eventID": [f"urn:event:{n}" for n in range(MANY)], "orderBy": "partner:row"},
    ],
    ids=["ids", "numbers", "objects", "patterns", "several", "in another order"],
)
def test_long_lists_find_what_short_ones_find(connection: Connection, asked: Any) -> None:
    query = parse_query_body(asked, CONTEXT)
    assert [seq for seq, _ in find(connection, query).items] == [1]
    assert [seq for seq, _ in matching(connection, query, 1, 1)] == [1]


def test_as_many_conditions_as_are_read_are_answered(connection: Connection) -> None:
    asked = {f"EQ_partner:f{n}": ["a", "b"] for n in range(MOST_CONDITIONS)}
    query = parse_query_body(asked, CONTEXT)
    assert find(connection, query).items == []
    assert matching(connection, query, 1, 1) == []


@pytest.mark.parametrize(
    "asked",
    [
        {f"EQ_partner:f{n}": ["a"] for n in range(MOST_CONDITIONS + 1)},
        {f"EQ_partner:f{n}": [f"v{m}" for m in range(MANY)] for n in range(11)},
        {"MATCH_anyEPC": [f"urn:epc:idpat:sgtin:{n:07}.*.*" for n in range(251)]},
    ],
    ids=["conditions", "values", "ranges"],
)
def test_questions_beyond_are_too_complex(asked: Any) -> None:
    with pytest.raises(QueryTooComplexError) as error:
        parse_query_body(asked, CONTEXT)
    assert error.value.code == "query-too-complex"
