"""Questions about events, on both databases: the SQL finds what a plain filter finds."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, delete, insert, select

from park.assets import Park
from park.database import open_engine
from park.times import to_epoch_ms
from tests.support.query_events import CLASSES, NAMESPACE, PLACES, PREFIX, START, events
from tests.support.query_questions import Areas, Asked, questions, value_of
from traceability import tables as t
from traceability.epcis.contexts import Context
from traceability.epcis.model import (
    Action,
    AnyEvent,
    ErrorDeclaration,
    ObjectEvent,
    Place,
    Quantity,
)
from traceability.epcis.query import planning
from traceability.epcis.query import tables as q
from traceability.epcis.query.indexing import index_events
from traceability.epcis.query.master_data import KnownMasterData
from traceability.epcis.query.parameters import parse_query
from traceability.epcis.query.planning import FEW
from traceability.epcis.query.resources import Resource, is_known, list_resource
from traceability.epcis.query.search import find, matching
from traceability.epcis.vocabulary import Word, known_words
from traceability.errors import QueryError, QueryTooLargeError
from traceability.paging import read_token, write_token

CONTEXT = Context.of({"partner": NAMESPACE})
RECORDED = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def engine(shared_address: str) -> Iterator[Engine]:
    engine = open_engine(shared_address)
    t.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """One transaction, undone at the end."""
    with engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


def _store(connection: Connection, stored: Sequence[AnyEvent], first: int = 1) -> None:
    """Number and index these events; each is recorded a second after the one before."""
    rows = list(enumerate(stored, start=first))
    connection.execute(
        insert(t.events),
        [
            {
                "seq": seq,
                "event_id": f"urn:event:{seq}",
                "declared": event.error_declaration is not None,
                "event_time_ms": to_epoch_ms(event.event_time),
                "record_time_ms": to_epoch_ms(RECORDED + timedelta(seconds=seq)),
                "fingerprint": "",
                "content_hash": seq.to_bytes(32, "big"),
                "document": json.dumps({"seq": seq, **event.extensions}),
            }
            for seq, event in rows
        ],
    )
    index_events(connection, rows)


def _clear(connection: Connection) -> None:
    for table in (q.shape_terms, q.event_numbers, q.event_terms, q.event_facts, t.events):
        connection.execute(delete(table))


def _all_pages(
    connection: Connection, items: Sequence[tuple[str, str]], per_page: int = 1000
) -> list[int]:
    """Numbers of all events that fit, gone through page by page."""
    query = parse_query(items, CONTEXT)
    found: list[int] = []
    token = None
    while True:
        page = find(connection, query, token, per_page, master_data=Areas())
        assert len(page.items) <= per_page
        assert all(json.loads(document)["seq"] == seq for seq, document in page.items)
        found += [seq for seq, _ in page.items]
        token = page.next_token
        if token is None:
            return found
        assert page.items


def _object(number: int = 0, **fields: Any) -> ObjectEvent:
    given: dict[str, Any] = {
        "event_time": START + timedelta(minutes=number),
        "event_time_zone_offset": "+00:00",
        "action": Action.OBSERVE,
        "epcs": [f"urn:example:{number}"],
    }
    return ObjectEvent(**given | fields)


# The law: what the index finds is what a plain filter finds, in order


@pytest.mark.parametrize("few", [FEW, 0], ids=["few", "many"])
@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_what_is_found_is_what_fits(
    connection: Connection, few: int, monkeypatch: pytest.MonkeyPatch, data: st.DataObject
) -> None:
    for name in ("FEW", "MANY"):
        monkeypatch.setattr(planning, name, few)
    stored = data.draw(st.lists(events(), min_size=1, max_size=12))
    _clear(connection)
    _store(connection, stored)
    for _ in range(4):
        asked = data.draw(st.lists(questions(), max_size=3, unique_by=lambda each: each.name))
        order = data.draw(st.sampled_from(["eventTime", "recordTime", "partner:size"]))
        direction = data.draw(st.sampled_from(["ASC", "DESC"]))
        per_page = data.draw(st.integers(1, 5))
        items = [(each.name, each.value) for each in asked]
        order_items = [("orderBy", order), ("orderDirection", direction)]
        found = _all_pages(connection, [*items, *order_items], per_page)
        assert found == _expected(stored, asked, order, direction), items
        query = parse_query(items, CONTEXT)
        half = len(stored) // 2 + 1
        later = matching(connection, query, half, len(stored), master_data=Areas())
        watched = [seq for seq, _ in later]
        assert watched == sorted(seq for seq in found if seq >= half)


def _expected(
    stored: Sequence[AnyEvent], asked: Sequence[Asked], order: str, direction: str
) -> list[int]:
    fitting = [
        (seq, event)
        for seq, event in enumerate(stored, start=1)
        if all(each.fits(event) for each in asked)
    ]
    kinds: list[list[tuple[Any, int]]] = [[], [], []]
    for seq, event in fitting:
        kind, key = _order_key(event, order)
        kinds[kind].append((key, seq))
    return [seq for kind in kinds for _, seq in sorted(kind, reverse=direction == "DESC")]


def _order_key(event: AnyEvent, order: str) -> tuple[int, Any]:
    """What kind of value the event is ordered by, and the value."""
    if order == "partner:size":
        kind, value = value_of(event.extensions, NAMESPACE + "size")
        return kind, (value, event.event_time)
    return 0, event.event_time if order == "eventTime" else RECORDED


# Many events: each way of finding them


def _grade(number: int) -> Any:
    """A number, texts, or nothing."""
    return [number % 11, [f"B{number % 5}", f"C{number % 3}"], None][number % 3]


@pytest.fixture(scope="module")
def large_engine(new_address: Callable[[], str]) -> Iterator[Engine]:
    """More events than are few: of two steps, in three places, of two products."""
    engine = open_engine(new_address())
    t.metadata.create_all(engine)
    places = list(PLACES)
    with engine.begin() as connection:
        _store(
            connection,
            [
                _object(
                    number,
                    biz_step="shipping" if number % 2 else "receiving",
                    read_point=Place(places[number % 3]),
                    quantities=[
                        Quantity(f"urn:class:{number % 2}", float(number), "KGM"),
                        *([] if number % 3 else [Quantity(list(CLASSES)[number % 4])]),
                        # Two numbers of one event that fit, or don't, together.
                        *([] if number % 7 else [Quantity("urn:class:0", number + 0.5, "KGM")]),
                    ],
                    extensions={
                        f"{NAMESPACE}grade": _grade(number),
                        **({f"{NAMESPACE}rare": "yes"} if number % 500 == 0 else {}),
                    },
                )
                for number in range(3 * FEW)
            ],
        )
    yield engine
    engine.dispose()


@pytest.fixture
def many(large_engine: Engine) -> Iterator[Connection]:
    """The large store; what a test adds to it is undone."""
    with large_engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


@pytest.mark.parametrize(
    ("items", "fits"),
    [
        pytest.param([], lambda _: True, id="everything"),
        pytest.param([("EQ_bizStep", "shipping")], lambda n: n % 2 == 1, id="one column"),
        pytest.param(
            [("EQ_bizStep", "shipping|receiving")], lambda _: True, id="two values of a column"
        ),
        pytest.param(
            [("EQ_bizStep", "shipping"), ("MATCH_epcClass", "urn:class:1")],
            lambda n: n % 2 == 1,
            id="two that many fit",
        ),
        pytest.param(
            [("EQ_bizStep", "receiving"), ("EQ_partner:rare", "yes")],
            lambda n: n % 500 == 0,
            id="one that few fit",
        ),
        pytest.param(
            [("GE_quantity_KGM", "100"), ("LT_quantity", "2900")],
            lambda n: 100 <= n < 2900,
            id="numbers",
        ),
        pytest.param(
            [("GE_quantity_TNE", "2.9")], lambda n: n >= 2900, id="few numbers in another unit"
        ),
        pytest.param(
            [("WD_readPoint", next(iter(PLACES))), ("EQ_bizStep", "shipping")],
            lambda n: n % 3 in {0, 1} and n % 2 == 1,
            id="a place and what lies in it",
        ),
        pytest.param(
            [("EQ_bizStep", "shipping"), ("GE_recordTime", "2026-04-01T00:41:41Z")],
            lambda n: n % 2 == 1 and n >= 2500,
            id="what was captured lately",
        ),
        pytest.param(
            [("EQ_bizStep", "shipping"), ("GE_recordTime", "2026-04-01T00:25:01Z")],
            lambda n: n % 2 == 1 and n >= 1500,
            id="what was captured before, which is much",
        ),
        pytest.param(
            [("MATCH_anyEPCClass", f"urn:epc:idpat:sgtin:{PREFIX}.*.*")],
            lambda n: n % 3 == 0,
            id="a pattern that many fit",
        ),
        pytest.param(
            [("MATCH_anyEPC", "|".join(f"urn:example:{n}" for n in range(30)))],
            lambda n: n < 30,
            id="many objects",
        ),
        pytest.param(
            [("GE_eventTime", "2026-03-01T10:00:00Z"), ("LT_eventTime", "2026-03-01T11:00:00Z")],
            lambda n: 600 <= n < 660,
            id="a span of time",
        ),
    ],
)
@pytest.mark.parametrize("order", ["eventTime", "recordTime"])
def test_large_stores_are_paged_in_order(
    many: Connection, items: list[tuple[str, str]], fits: Any, order: str
) -> None:
    expected = [number + 1 for number in reversed(range(3 * FEW)) if fits(number)]
    assert _all_pages(many, [*items, ("orderBy", order)], 700) == expected
    first = find(many, parse_query([*items, ("orderBy", order)], CONTEXT))
    assert [seq for seq, _ in first.items] == expected[:30]


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize("order", ["eventTime", "recordTime", "partner:grade"])
def test_pages_stay_while_events_arrive(many: Connection, order: str, direction: str) -> None:
    items = [("EQ_bizStep", "shipping"), ("orderBy", order), ("orderDirection", direction)]
    before = _all_pages(many, items)
    query, token = parse_query([*items, ("perPage", "400")], CONTEXT), None
    seen: list[int] = []
    while not seen or token is not None:
        page = find(many, query, token)
        seen += [seq for seq, _ in page.items]
        token = page.next_token
        late = [
            _object(n, biz_step="shipping", extensions={f"{NAMESPACE}grade": _grade(n)})
            for n in (0, 1501, 2990, 5000)
        ]
        _store(many, late, first=3 * FEW + 1 + 10 * len(seen))
    assert [seq for seq in seen if seq <= 3 * FEW] == before
    assert len(set(seen)) == len(seen)


# Order, limits and tokens


def test_the_last_page_has_no_token(connection: Connection) -> None:
    _store(connection, [_object(n) for n in range(4)])
    query = parse_query([("perPage", "2")])
    first = find(connection, query)
    last = find(connection, query, first.next_token)
    assert [seq for seq, _ in first.items] == [4, 3]
    assert [seq for seq, _ in last.items] == [2, 1]
    assert first.next_token is not None
    assert last.next_token is None


def test_a_count_limit_holds_over_all_pages(connection: Connection) -> None:
    _store(connection, [_object(n) for n in range(10)])
    items = [("orderBy", "eventTime"), ("orderDirection", "ASC"), ("eventCountLimit", "5")]
    assert _all_pages(connection, items, 2) == [1, 2, 3, 4, 5]
    assert _all_pages(connection, items, 5) == [1, 2, 3, 4, 5]
    assert _all_pages(connection, items, 50) == [1, 2, 3, 4, 5]


def test_more_events_than_the_most_are_refused(connection: Connection) -> None:
    _store(connection, [_object(n) for n in range(3)])
    assert len(_all_pages(connection, [("maxEventCount", "3")], 1)) == 3
    with pytest.raises(QueryTooLargeError) as error:
        find(connection, parse_query([("maxEventCount", "2")]))
    assert error.value.limit == 2


@pytest.mark.parametrize("token", ["x", "WzFd", "é", "", "W1tb" * 3000])
def test_a_token_that_is_none_is_refused(connection: Connection, token: str) -> None:
    with pytest.raises(QueryError) as error:
        find(connection, parse_query([]), token)
    assert error.value.code == "bad-page-token"


@pytest.mark.parametrize(
    ("place", "value"), [(0, 7), (1, "x"), (1, "0x1p99999"), (4, 0), (4, 5), (5, "another")]
)
def test_a_token_tampered_with_is_refused(connection: Connection, place: int, value: Any) -> None:
    _store(connection, [_object(n, extensions={f"{NAMESPACE}x": n}) for n in range(9)])
    items = [("orderBy", "partner:x"), ("eventCountLimit", "5"), ("perPage", "2")]
    query = parse_query(items, CONTEXT)
    parts = read_token(find(connection, query).next_token or "", (int, str, int, int, int, str))
    parts[place] = value
    with pytest.raises(QueryError) as error:
        find(connection, query, write_token(parts))
    assert error.value.code == "bad-page-token"


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
def test_events_are_ordered_by_an_extension(connection: Connection, direction: str) -> None:
    values = [10, 9.5, "11", "Zebra", "apple", "Äpfel", None, ["pear", "fig", 12], {"a": 1}]
    _store(
        connection,
        [
            _object(n, extensions={} if value is None else {f"{NAMESPACE}x": value})
            for n, value in enumerate(values)
        ],
    )
    items = [("orderBy", "partner:x"), ("orderDirection", direction)]
    kinds = [[2, 1, 3, 8], [4, 5, 6], [7, 9]]
    expected = [seq for kind in kinds for seq in (kind if direction == "ASC" else kind[::-1])]
    assert _all_pages(connection, items, 2) == expected
    assert _all_pages(connection, items) == expected


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize("asked", [[], [("EQ_bizStep", "shipping")]], ids=["all", "some"])
def test_many_events_are_ordered_by_an_extension(
    many: Connection, direction: str, asked: list[tuple[str, str]]
) -> None:
    items = [*asked, ("orderBy", "partner:grade"), ("orderDirection", direction)]
    kinds: list[list[Any]] = [[], [], []]
    for number in range(1 if asked else 0, 3 * FEW, 2 if asked else 1):
        grade = _grade(number)
        kind = 2 if grade is None else 0 if isinstance(grade, int) else 1
        kinds[kind].append((min(grade) if kind == 1 else grade or 0, number))
    for found in kinds:
        found.sort(reverse=direction == "DESC")
    assert _all_pages(many, items, 700) == [n + 1 for found in kinds for _, n in found]


# Single events


def test_an_event_is_found_by_its_id(connection: Connection) -> None:
    _store(connection, [_object(n) for n in range(5)])
    assert _all_pages(connection, [("EQ_eventID", "urn:event:2|urn:event:9|urn:event:4")]) == [4, 2]


def test_places_of_the_park_hold_their_rooms(connection: Connection, small_park: Park) -> None:
    centre = next(a for a in small_park.assets.values() if a.type == "centre")
    room = next(a for a in small_park.children(centre.id) if a.place is not None)
    assert centre.place is not None
    assert room.place is not None
    places = [centre.place.uri, room.place.uri, next(iter(PLACES))]
    _store(connection, [_object(n, biz_location=Place(uri)) for n, uri in enumerate(places)])
    master_data = KnownMasterData(small_park)

    def found(name: str, value: str) -> list[int]:
        page = find(connection, parse_query([(name, value)]), master_data=master_data)
        return sorted(seq for seq, _ in page.items)

    assert found("WD_bizLocation", centre.place.uri) == [1, 2]
    assert found("EQ_bizLocation", centre.place.uri) == [1]
    assert found("HASATTR_bizLocation", "urn:epcglobal:cbv:mda#name") == [1, 2]
    assert found("EQATTR_bizLocation_name", room.name.zh) == [2]
    assert found("EQATTR_bizLocation_name", "nowhere") == []


def test_texts_that_no_index_holds_are_found_all_the_same(connection: Connection) -> None:
    texts = ["long " * 2000, "long " * 2000 + "er", "half \ud800", "nul \0 inside", "梨"]
    _store(
        connection, [_object(n, extensions={f"{NAMESPACE}x": text}) for n, text in enumerate(texts)]
    )
    assert _all_pages(connection, [("EQ_partner:x", texts[0])]) == [1]
    assert _all_pages(connection, [("EQ_partner:x", texts[4])]) == [5]
    assert _all_pages(connection, [("EXISTS_partner:x", "")]) == [5, 4, 3, 2, 1]


def test_numbers_that_no_database_holds_are_left_out(connection: Connection) -> None:
    _store(connection, [_object(extensions={f"{NAMESPACE}x": 10**400})])
    assert _all_pages(connection, [("EXISTS_partner:x", "")]) == [1]
    assert _all_pages(connection, [("GE_partner:x", "1")]) == []


def test_a_declaration_and_the_event_it_declares_wrong_are_two(connection: Connection) -> None:
    declaration = ErrorDeclaration(declaration_time=START, reason="incorrect_data")
    _store(connection, [_object(), replace(_object(), error_declaration=declaration)])
    assert _all_pages(connection, [("EXISTS_errorDeclaration", "")]) == [2]


# Top-level resources


def _all_members(connection: Connection, resource: Resource, per_page: int) -> list[str]:
    page = list_resource(connection, resource, None, per_page)
    found = list(page.items)
    while page.next_token is not None:
        page = list_resource(connection, resource, page.next_token, per_page)
        found += page.items
    return found


def test_resources_are_listed_once_each_page_by_page(connection: Connection) -> None:
    steps = ["shipping", "zoning", "https://partner.example/waxing", None]
    _store(
        connection,
        [
            _object(n, biz_step=steps[n % 4], epcs=[f"urn:example:{n % 7}", "urn:example:a"])
            for n in range(50)
        ],
    )
    epcs = _all_members(connection, Resource.EPCS, 3)
    assert epcs == [*(f"urn:example:{n}" for n in range(7)), "urn:example:a"]
    assert _all_members(connection, Resource.READ_POINTS, 3) == []
    known = known_words(Word.BIZ_STEP)
    assert _all_members(connection, Resource.BIZ_STEPS, 4) == sorted(
        known | {"zoning", "https://partner.example/waxing"}
    )
    assert len(_all_members(connection, Resource.EVENT_TYPES, 5)) == 5
    assert is_known(connection, Resource.EPCS, "urn:example:3")
    assert not is_known(connection, Resource.EPCS, "urn:example:7")
    assert not is_known(connection, Resource.READ_POINTS, "urn:example:3")


def test_everything_is_rebuilt_alike(connection: Connection) -> None:
    stored = [_object(n, extensions={f"{NAMESPACE}x": [1, "a"]}) for n in range(3)]
    _store(connection, stored)
    before = _index(connection)
    for table in (q.shape_terms, q.event_numbers, q.event_terms, q.event_facts):
        connection.execute(delete(table))
    index_events(connection, list(enumerate(stored, start=1)))
    assert _index(connection) == before


def _index(connection: Connection) -> list[Any]:
    tables = (q.event_facts, q.event_terms, q.event_numbers, q.shape_terms)
    return [sorted(map(tuple, connection.execute(select(table)))) for table in tables]
