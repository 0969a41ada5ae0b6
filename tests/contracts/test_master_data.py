"""What documents say of places, products and parties, and questions about it, on both databases."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from park.assets import Asset, Park
from park.database import open_engine
from park.times import to_epoch_ms
from tests.support.epcis_api import Json, document, seen
from tests.support.scanning import NOW
from traceability.epcis.contexts import GS1_CONTEXT, Context
from traceability.epcis.jsonld import master_data as reading
from traceability.epcis.master_data import tables as m
from traceability.epcis.query.master_data import MOST_FOUND
from traceability.epcis.query.parameters import parse_query
from traceability.epcis.subscriptions.feed import EventFeed
from traceability.errors import InvalidDocumentError, QueryTooComplexError
from traceability.event_repository import EventRepository
from traceability.repository import Traceability

VTYPE = "urn:epcglobal:epcis:vtype:"
CONTEXT = [GS1_CONTEXT, {"shop": "https://shop.example/terms/"}]
RULES: dict[str, Any] = {"mass_tolerance": 0.005, "clock_skew_s": 300.0}
MARKET = "urn:epc:id:sgln:9521321.00001.0"
MARKET_LINK = "https://id.gs1.org/414/9521321000018"
HALL, STALL = "urn:epc:id:sgln:9521321.00002.0", "urn:epc:id:sgln:9521321.00003.7"
STALL_LINK = "https://id.gs1.org/414/9521321000032/254/7"
FRUIT = "urn:epc:class:lgtin:9521321.000002.LOT1"


@pytest.fixture
def engine(migrated_address: str, small_park: Park) -> Iterator[Engine]:
    engine = open_engine(migrated_address)
    Traceability(engine, small_park, **RULES, clock=lambda: NOW).migrate()
    yield engine
    engine.dispose()


@pytest.fixture
def repository(engine: Engine, small_park: Park) -> EventRepository:
    return EventRepository(engine, small_park, **RULES, clock=lambda: NOW)


def element(
    name: str, children: Sequence[str] | None = None, **attributes: str | float | Json
) -> Json:
    """A vocabulary element; attributes are the shop's own."""
    listed = [{"id": f"shop:{key}", "attribute": value} for key, value in attributes.items()]
    return {
        "id": name,
        "attributes": listed,
        **({} if children is None else {"children": list(children)}),
    }


def said(kind: str, *elements: Json, events: Sequence[Json] = ()) -> Json:
    """A document that says this of elements of one vocabulary."""
    vocabulary = {"type": f"{VTYPE}{kind}", "vocabularyElementList": list(elements)}
    body = document(*events, context=CONTEXT)
    body["epcisHeader"] = {"epcisMasterData": {"vocabularyList": [vocabulary]}}
    return body


def at(number: int, place: str, field: str = "bizLocation", **more: Any) -> Json:
    """An event of that number at a place."""
    event = {**seen(number, **more), field: {"id": place}}
    if field != "readPoint":
        del event["readPoint"]
    return event


def found(repository: EventRepository, *asked: tuple[str, str]) -> list[int]:
    query = parse_query(asked, Context.of(CONTEXT))
    page = repository.query(query)
    return sorted(int(event["eventID"][-12:]) for event in page.items)


def rows(engine: Engine) -> tuple[int, int]:
    with engine.connect() as connection:
        counts = [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (m.master_attributes, m.master_children)
        ]
    return counts[0], counts[1]


# Attributes


def test_events_are_found_by_what_was_said_of_their_place(repository: EventRepository) -> None:
    events = [at(1, MARKET), at(2, HALL), at(3, MARKET_LINK)]
    market = element(MARKET, city="Bangkok", floor=2)
    repository.capture_document(
        said("BusinessLocation", market, element(HALL, city="Linyi"), events=events)
    )
    assert found(repository, ("HASATTR_bizLocation", "shop:city")) == [1, 2, 3]
    assert found(repository, ("HASATTR_bizLocation", "shop:floor|shop:owner")) == [1, 3]
    assert found(repository, ("EQATTR_bizLocation_shop:city", "Bangkok")) == [1, 3]
    assert found(repository, ("EQATTR_bizLocation_shop:city", "Linyi|Hanoi")) == [2]
    for joined in ("terms/floor", "terms/#floor"):
        name = f"EQATTR_bizLocation_https://shop.example/{joined}"
        assert found(repository, (name, "2")) == [1, 3]
    assert found(repository, ("EQATTR_bizLocation_shop:city", "bangkok")) == []


def test_master_data_may_come_after_the_events_and_without_any(
    repository: EventRepository,
) -> None:
    repository.capture_document(document(at(1, MARKET)))
    assert found(repository, ("HASATTR_bizLocation", "shop:city")) == []
    result = repository.capture_document(said("Location", element(MARKET_LINK, city="Bangkok")))
    assert (result.captured, result.refused) == ([], [])
    assert found(repository, ("HASATTR_bizLocation", "shop:city")) == [1]


def test_a_field_has_the_attributes_of_its_own_vocabulary(repository: EventRepository) -> None:
    events = [at(1, MARKET, "readPoint"), at(2, MARKET, "bizLocation")]
    repository.capture_document(said("ReadPoint", element(MARKET, gate="north"), events=events))
    repository.capture_document(said("BusinessLocation", element(MARKET, rent="high")))
    repository.capture_document(said("Location", element(MARKET, city="Bangkok")))
    for field, attribute, numbers in (
        *(("readPoint", "gate", [1]), ("bizLocation", "gate", [])),
        *(("readPoint", "rent", []), ("bizLocation", "rent", [2])),
        *(("readPoint", "city", [1]), ("bizLocation", "city", [2])),
    ):
        assert found(repository, (f"HASATTR_{field}", f"shop:{attribute}")) == numbers


def test_attributes_of_the_cbv_are_the_same_in_either_form(repository: EventRepository) -> None:
    place = {"id": MARKET, "attributes": [{"id": "cbvmda:city", "attribute": "Bangkok"}]}
    repository.capture_document(said("Location", place, events=[at(1, MARKET)]))
    for name in ("cbvmda:city", "urn:epcglobal:cbv:mda:city", "urn:epcglobal:cbv:mda#city"):
        assert found(repository, ("HASATTR_bizLocation", name)) == [1]
        assert found(repository, (f"EQATTR_bizLocation_{name}", "Bangkok")) == [1]


def test_steps_papers_parties_and_products_have_attributes_as_well(
    repository: EventRepository,
) -> None:
    order = "urn:epc:id:gdti:9521321.00001.77"
    party = "urn:epc:id:pgln:9521321.00001"
    lots = [{"epcClass": FRUIT, "quantity": 5, "uom": "KGM"}]
    events = [
        seen(1, bizStep="storing"),
        seen(2, bizTransactionList=[{"type": "po", "bizTransaction": order}]),
        seen(3, bizTransactionList=[{"bizTransaction": order}]),
        seen(4, sourceList=[{"type": "owning_party", "source": party}]),
        seen(5, quantityList=lots),
        {
            **seen(6, type="TransformationEvent", inputQuantityList=lots),
            "outputEPCList": ["urn:epc:id:sgtin:9521321.000002.6"],
        },
        seen(7, **{"shop:stall": STALL_LINK}),
    ]
    for name in ("epcList", "action"):
        del events[5][name]
    repository.capture_document(document(*events, context=CONTEXT))
    for kind, name in (
        ("BusinessStep", "urn:epcglobal:cbv:bizstep:storing"),
        ("BusinessTransaction", "https://id.gs1.org/253/952132100001877"),
        ("Party", party),
        ("EPCClass", FRUIT),
    ):
        repository.capture_document(said(kind, element(name, note=kind)))
    repository.capture_document(said("ReadPoint", element(STALL, note="busy")))
    assert found(repository, ("HASATTR_bizStep", "shop:note")) == [1]
    assert found(repository, ("EQATTR_bizTransaction_shop:note", "BusinessTransaction")) == [2, 3]
    assert found(repository, ("HASATTR_source", "shop:note")) == [4]
    assert found(repository, ("HASATTR_destination", "shop:note")) == []
    assert found(repository, ("HASATTR_epcClass", "shop:note")) == [5, 6]
    assert found(repository, ("EQATTR_shop:stall_shop:note", "busy")) == [7]


def test_what_was_said_last_holds(repository: EventRepository, engine: Engine) -> None:
    many = element(MARKET, city="Bangkok", floor=2)
    many["attributes"].append({"id": "shop:city", "attribute": "Krung Thep"})
    repository.capture_document(said("Location", many, events=[at(1, MARKET)]))
    for name in ("Bangkok", "Krung Thep"):
        assert found(repository, ("EQATTR_bizLocation_shop:city", name)) == [1]
    repository.capture_document(said("Location", element(MARKET_LINK, city="Hanoi")))
    assert found(repository, ("EQATTR_bizLocation_shop:city", "Bangkok|Krung Thep")) == []
    assert found(repository, ("EQATTR_bizLocation_shop:city", "Hanoi")) == [1]
    assert found(repository, ("EQATTR_bizLocation_shop:floor", "2")) == [1]
    assert rows(engine) == (2, 0)
    with engine.connect() as connection:
        recorded = connection.execute(select(m.master_attributes.c.record_time_ms)).scalars()
        assert set(recorded) == {to_epoch_ms(NOW)}


def test_values_and_names_of_any_length_are_kept_apart(repository: EventRepository) -> None:
    names = [f"{'品种' * 150}{end}" for end in "ab"]
    values = [f"{'长' * 300}{end}" for end in "ab"]
    place = element(MARKET, address={"street": "1 Fruit Road", "n": 1.0}, nothing="", odd="a\0b")
    place["attributes"].append({"id": f"shop:{names[0]}", "attribute": values[0]})
    place["attributes"].append({"id": "shop:unsaid"})
    repository.capture_document(said("Location", place, events=[at(1, MARKET)]))
    assert found(repository, (f"EQATTR_bizLocation_shop:{names[0]}", values[0])) == [1]
    assert found(repository, (f"EQATTR_bizLocation_shop:{names[0]}", values[1])) == []
    assert found(repository, ("HASATTR_bizLocation", f"shop:{names[1]}")) == []
    assert found(repository, ("HASATTR_bizLocation", "shop:nothing")) == [1]
    assert found(repository, ("HASATTR_bizLocation", "shop:unsaid")) == []
    address = '{"n":1,"street":"1 Fruit Road"}'
    assert found(repository, ("EQATTR_bizLocation_shop:address", address)) == [1]


# Places within places


def test_places_hold_what_was_said_to_lie_in_them(repository: EventRepository) -> None:
    events = [at(1, MARKET), at(2, HALL), at(3, STALL), at(4, STALL, "readPoint")]
    repository.capture_document(
        said("BusinessLocation", element(MARKET, [HALL]), element(HALL, [STALL]), events=events)
    )
    assert found(repository, ("WD_bizLocation", MARKET)) == [1, 2, 3]
    assert found(repository, ("WD_bizLocation", HALL)) == [2, 3]
    assert found(repository, ("WD_readPoint", MARKET_LINK)) == [4]
    assert found(repository, ("EQ_bizLocation", MARKET)) == [1]


def test_the_last_list_of_children_holds(repository: EventRepository, engine: Engine) -> None:
    repository.capture_document(
        said("Location", element(MARKET, [HALL, STALL, HALL]), events=[at(2, HALL), at(3, STALL)])
    )
    assert found(repository, ("WD_bizLocation", MARKET)) == [2, 3]
    repository.capture_document(said("Location", element(MARKET, city="Bangkok")))
    assert found(repository, ("WD_bizLocation", MARKET)) == [2, 3]
    repository.capture_document(said("Location", element(MARKET, [STALL])))
    assert found(repository, ("WD_bizLocation", MARKET)) == [3]
    repository.capture_document(said("Location", element(MARKET, [])))
    assert found(repository, ("WD_bizLocation", MARKET)) == []
    assert rows(engine) == (1, 0)


def test_places_that_lie_in_each_other_end_somewhere(repository: EventRepository) -> None:
    ring = [element(MARKET, [HALL, MARKET]), element(HALL, [MARKET])]
    repository.capture_document(said("Location", *ring, events=[at(1, MARKET), at(2, HALL)]))
    assert found(repository, ("WD_bizLocation", HALL)) == [1, 2]


def test_more_than_a_query_can_hold_is_refused(repository: EventRepository) -> None:
    chain = [element(f"urn:x:place:{n}", [f"urn:x:place:{n + 1}"]) for n in range(100)]
    crowd = [element(f"urn:x:shop:{n}", kind="shop") for n in range(MOST_FOUND + 1)]
    repository.capture_document(said("Location", *chain, *crowd))
    with pytest.raises(QueryTooComplexError):
        found(repository, ("WD_bizLocation", "urn:x:place:0"))
    with pytest.raises(QueryTooComplexError):
        found(repository, ("HASATTR_bizLocation", "shop:kind"))
    assert found(repository, ("WD_bizLocation", "urn:x:place:50")) == []


# The park's own places


def _centre_and_rooms(park: Park) -> tuple[Asset, list[Asset]]:
    centre = next(each for each in park.assets.values() if each.type == "centre")
    return centre, [each for each in park.children(centre.id) if each.place is not None]


def _uri(asset: Asset) -> str:
    assert asset.place is not None
    return asset.place.uri


def test_nobody_else_says_what_the_park_s_own_places_are(
    repository: EventRepository, small_park: Park
) -> None:
    centre, (first, second, *_) = _centre_and_rooms(small_park)
    places = {1: centre, 2: first, 3: second}
    events = [at(number, _uri(place)) for number, place in places.items()]
    claim = element(_uri(first), [_uri(second), STALL], colour="green")
    claim["attributes"].append({"id": "cbvmda:name", "attribute": "Our own hall"})
    repository.capture_document(said("Location", claim, events=[*events, at(4, STALL)]))
    assert found(repository, ("WD_bizLocation", _uri(centre))) == [1, 2, 3, 4]
    assert found(repository, ("WD_bizLocation", _uri(first))) == [2, 4]
    assert found(repository, ("EQATTR_bizLocation_name", first.name.en)) == [2]
    assert found(repository, ("EQATTR_bizLocation_cbvmda:name", "Our own hall")) == []
    assert found(repository, ("EQATTR_bizLocation_shop:colour", "green")) == [2]


# What comes of a document


def test_a_document_that_is_refused_leaves_no_master_data(
    repository: EventRepository, engine: Engine
) -> None:
    repository.capture_document(document(at(1, MARKET)))
    body = said("Location", element(MARKET, city="Bangkok"), events=[at(1, HALL), at(2, HALL)])
    assert repository.capture_document(body).refused
    assert rows(engine) == (0, 0)
    assert len(repository.capture_document(body, proceed=True).captured) == 1
    assert rows(engine) == (1, 0)


def test_the_same_document_again_changes_nothing(
    repository: EventRepository, engine: Engine
) -> None:
    body = said("Location", element(MARKET, [HALL], city="Bangkok"), events=[at(1, HALL)])
    for _ in range(2):
        repository.capture_document(body)
        assert rows(engine) == (1, 1)


def test_a_document_s_master_data_has_a_limit(repository: EventRepository, engine: Engine) -> None:
    most = reading.MOST_STATED
    children = [f"urn:x:place:{n}" for n in range(most)]
    repository.capture_document(said("Location", element(MARKET, children)))
    assert rows(engine) == (0, most)
    with pytest.raises(InvalidDocumentError) as error:
        repository.capture_document(said("Location", element(HALL, children, city="Bangkok")))
    (problem,) = error.value.problems
    assert problem.path == "epcisHeader.epcisMasterData.vocabularyList"
    assert rows(engine) == (0, most)


def test_subscribers_ask_with_master_data_as_well(
    repository: EventRepository, engine: Engine, small_park: Park
) -> None:
    body = said("Location", element(MARKET, [HALL], city="Bangkok"))
    repository.capture_document(body)
    repository.capture_document(document(at(1, HALL), at(2, STALL), at(3, MARKET)))
    feed = EventFeed(engine, small_park)
    names = Context.of(CONTEXT)
    for name, value, numbers in (
        ("WD_bizLocation", MARKET, ["1", "3"]),
        ("HASATTR_bizLocation", "shop:city", ["3"]),
    ):
        portion = feed.take(parse_query([(name, value)], names), 0, 10)
        assert [event["eventID"][-1] for event in portion.events] == numbers
