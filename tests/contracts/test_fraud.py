"""What can't be true is refused or flagged, however it is told: fruit out of nowhere."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from park.assets import Orchard, Park
from park.database import open_engine
from tests.support.epcis_api import Json, document
from tests.support.lineage_events import lot, pallet, place
from tests.support.recall_story import kg, told
from tests.support.scanning import NOW
from traceability.event_repository import EventRepository
from traceability.repository import Traceability

ORCHARD = "orchard-001"
ORGANIC = "https://certificates.example/organic/17"
FARM, HALL, PORT = place("farm"), place("hall"), f"https://id.gs1.org/414/{place()[-13:]}"
MORNING, NOON, EVENING = (f"2025-10-01T{hour:02}:00:00Z" for hour in (1, 5, 9))


class Books:
    """A database that takes documents; what it refuses and finds odd, by code."""

    def __init__(self, address: str, park: Park) -> None:
        self.park = park
        self.engine = open_engine(address)
        rules: dict[str, Any] = {"mass_tolerance": 0.005, "clock_skew_s": 300.0}
        self._traceability = Traceability(self.engine, park, **rules, clock=lambda: NOW)
        self._repository = EventRepository(self.engine, park, **rules, clock=lambda: NOW)
        self._seen = 0

    def capture(self, *events: Json) -> list[str]:
        """Codes of what is refused, else of what is odd about the last event."""
        result = self._repository.capture_document(document(*events))
        if result.refused:
            return [each.code for each in result.refused]
        last = result.captured[-1].event_id
        found = self._traceability.findings(None, None, 100).items
        return [each.code for each in found if each.event_id == last]

    @property
    def orchard(self) -> Orchard:
        found = self.park.assets[ORCHARD]
        assert isinstance(found, Orchard)
        return found

    @property
    def grove(self) -> str:
        assert self.orchard.place is not None
        return self.orchard.place.uri


@pytest.fixture
def books(migrated_address: str, small_park: Park) -> Iterator[Books]:
    books = Books(migrated_address, small_park)
    yield books
    books.engine.dispose()


def ours(name: str, gtin: str = "09521321000018") -> str:
    """A lot of the park's own jujubes."""
    return f"https://id.gs1.org/01/{gtin}/10/{name}"


def harvest(what: Sequence[Json], where: str, at: str = MORNING, **more: Any) -> Json:
    return told(
        "ObjectEvent",
        at,
        where,
        action="ADD",
        **{"bizStep": "commissioning", "quantityList": list(what), **more},
    )


def shipping(what: Sequence[Json], at: str = EVENING, **more: Any) -> Json:
    return told(
        "ObjectEvent",
        at,
        None,
        action="OBSERVE",
        bizStep="shipping",
        readPoint={"id": HALL},
        **({"quantityList": list(what)} if what else {}),
        **more,
    )


@pytest.mark.parametrize(
    "more",
    [
        {"quantityList": [{"epcClass": ours("A"), "quantity": 9e9}]},
        {"quantityList": [{"epcClass": ours("A")}]},
        {"quantityList": [kg(ours("A"), 5), kg(ours("B"), 5)]},
        {"quantityList": [kg(lot("A"), 5)]},
        {"quantityList": [kg("https://id.gs1.org/01/09521321000018", 5)]},
        {"bizStep": "inspecting"},
        {"bizStep": None},
        {"quantityList": [], "epcList": ["https://id.gs1.org/01/09521321000018/21/7"]},
        {"readPoint": {"id": HALL}, "bizLocation": {"id": HALL}},
    ],
)
def test_fruit_that_comes_into_being_past_the_books_is_flagged(books: Books, more: Json) -> None:
    event = harvest([kg(ours("A"), 5)], books.grove) | more
    event = {name: value for name, value in event.items() if value not in (None, [])}
    assert books.capture(event) == ["not-in-books"]


def test_no_trick_lets_an_orchard_give_more_than_it_can_unseen(books: Books) -> None:
    tonnes = books.orchard.ceiling_kg / 1000
    assert books.capture(harvest([kg(ours("A"), tonnes - 1, "TNE")], books.grove)) == []
    assert books.capture(harvest([kg(ours("B"), 2205, "LBR")], books.grove)) == ["yield-exceeded"]
    plot = f"{books.grove}/254/plot-9"
    for number, name in enumerate(("C", "D", "E", "F")):
        past = harvest([kg(ours(name), 300, "KGM")], plot, bizStep="inspecting")
        expected = ["not-in-books", *(["ceiling-exceeded"] if number == 3 else [])]
        assert books.capture(past) == expected
    before = harvest([kg(ours("G"), 300)], plot, at="2024-10-01T00:00:00Z", bizStep="inspecting")
    assert books.capture(before) == ["not-in-books"]
    for year in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
        odd = harvest([kg(ours("H"), 9e9)], plot, at=year, bizStep="inspecting")
        assert books.capture(odd) == ["not-in-books"]


def test_our_fruit_that_leaves_past_the_books_is_flagged(books: Books) -> None:
    packhouse = books.park.assets["packhouse-01"].place
    assert packhouse is not None
    event = shipping([kg(ours("A", "09521321000025"), 500)])
    assert books.capture(event) == []
    assert books.capture(event | {"readPoint": {"id": packhouse.uri}}) == ["not-in-books"]


def test_what_a_partner_makes_of_our_fruit_is_his_affair(books: Books) -> None:
    nets = told(
        "TransformationEvent",
        NOON,
        HALL,
        inputQuantityList=[kg(ours("A", "09521321000025"), 5)],
        outputQuantityList=[kg(lot("NETS"), 5)],
    )
    assert books.capture(nets) == []
    thailand = books.park.assets["destination-th"].place
    assert thailand is not None
    abroad = {"readPoint": {"id": thailand.uri}, "bizLocation": {"id": thailand.uri}}
    assert books.capture(nets | abroad) == []
    assert books.capture(harvest([kg(lot("TEA"), 5)], thailand.uri)) == []
    sold = shipping([kg(ours("A", "09521321000025"), 5)]) | {"readPoint": {"id": thailand.uri}}
    assert books.capture(sold) == []
    assert books.capture(sold | {"bizStep": "receiving"}) == ["not-in-books"]
    swapped = nets | {"inputQuantityList": [kg(lot("B"), 5)]}
    swapped |= {"outputQuantityList": [kg(ours("B", "09521321000025"), 5)]}
    assert books.capture(swapped) == ["not-in-books"]


def test_more_of_a_lot_than_was_made_is_flagged_however_it_goes(books: Books) -> None:
    a, b, c = lot("A"), lot("B"), lot("C")
    boxes = [{"epcClass": b, "quantity": 100}]
    books.capture(harvest([kg(a, 100), kg(c, 100), *boxes], FARM))
    assert books.capture(shipping([kg(a, 60)])) == []
    assert books.capture(shipping([kg(a, 60)], at=NOON)) == ["more-shipped-than-made"]
    assert books.capture(shipping([boxes[0] | {"quantity": 101}])) == ["more-shipped-than-made"]
    packed = told(
        "AggregationEvent",
        NOON,
        HALL,
        action="ADD",
        parentID=pallet(1),
        childQuantityList=[kg(c, 70)],
    )
    assert books.capture(packed) == []
    assert books.capture(shipping([kg(c, 70)])) == ["more-gone-than-made"]
    used = told(
        "TransformationEvent",
        EVENING,
        PORT,
        inputQuantityList=[kg(c, 40)],
        outputQuantityList=[kg(lot("M"), 40)],
    )
    assert books.capture(used) == ["more-gone-than-made"]


@pytest.mark.parametrize(
    "as_object",
    [
        {"gs1:CertificationDetails": {"gs1:certificationURI": ORGANIC}},
        {"gs1:certificationURI": {"@value": ORGANIC}},
        {"gs1:CertificationDetails": [{"gs1:certificationIdentification": [ORGANIC]}]},
    ],
)
def test_a_certificate_in_an_object_is_the_same_claim(books: Books, as_object: Json) -> None:
    a, b, m = lot("A"), lot("B"), lot("M", 2)
    books.capture(
        harvest([kg(a, 1000)], FARM, certificationInfo=ORGANIC), harvest([kg(b, 1000)], FARM)
    )
    mixed = {"inputQuantityList": [kg(a, 500), kg(b, 500)], "outputQuantityList": [kg(m, 1000)]}
    books.capture(told("TransformationEvent", NOON, HALL, **mixed))
    odd = books.capture(shipping([kg(m, 300)], certificationInfo=as_object))
    assert odd == ["certified-in-part"]


def test_what_came_out_of_a_run_is_as_certified_as_what_went_in_though_it_is_named_again(
    books: Books,
) -> None:
    a, pure = lot("A"), lot("PURE")
    certified = {"certificationInfo": ORGANIC}
    books.capture(harvest([kg(a, 1000)], FARM, **certified))
    run = {"inputQuantityList": [kg(a, 1000)], "outputQuantityList": [kg(pure, 950)]}
    books.capture(told("TransformationEvent", NOON, HALL, **run, **certified))
    books.capture(harvest([kg(pure, 950)], HALL, at=NOON))
    assert books.capture(shipping([kg(pure, 900)], **certified)) == []


def test_of_what_is_named_as_new_and_comes_out_of_a_run_the_larger_sum_was_made(
    books: Books,
) -> None:
    a, m = lot("A"), lot("M")
    run = {"inputQuantityList": [kg(a, 500)], "outputQuantityList": [kg(m, 400)]}
    books.capture(harvest([kg(a, 1000)], FARM), told("TransformationEvent", NOON, HALL, **run))
    books.capture(harvest([kg(m, 500)], HALL, at=NOON))
    assert books.capture(shipping([kg(m, 480)])) == []
    assert "more-shipped-than-made" in books.capture(shipping([kg(m, 40)]))


def test_what_was_on_a_pallet_before_or_after_it_left_was_not_shipped_with_it(
    books: Books,
) -> None:
    a, certified = lot("A"), {"certificationInfo": ORGANIC}

    def put(hour: int, number: int, action: str) -> None:
        more = {"parentID": pallet(number), "childQuantityList": [kg(a, 600)], "action": action}
        books.capture(told("AggregationEvent", f"2025-10-01T{hour:02}:00:00Z", HALL, **more))

    books.capture(harvest([kg(a, 1000)], FARM, **certified))
    put(2, 1, "ADD")
    put(3, 1, "DELETE")
    put(4, 2, "ADD")
    both = [pallet(1), pallet(2)]
    assert books.capture(shipping([], epcList=both, at=EVENING, **certified)) == []
    put(10, 1, "ADD")
    put(11, 1, "DELETE")
    later = "2025-10-01T12:00:00Z"
    assert books.capture(shipping([kg(a, 100)], at=later, **certified)) == []


def test_a_crumb_without_its_certificate_is_no_fraud_and_unpacking_claims_nothing(
    books: Books,
) -> None:
    a, b, certified = lot("A"), lot("B"), {"certificationInfo": ORGANIC}
    books.capture(harvest([kg(a, 1000), kg(b, 1000)], FARM, **certified))
    books.capture(harvest([kg(a, 3)], FARM), harvest([kg(b, 30)], FARM))
    assert books.capture(shipping([kg(a, 100)], **certified)) == []
    assert books.capture(shipping([kg(b, 100)], **certified)) == ["certified-in-part"]
    packed = {"parentID": pallet(1), "childQuantityList": [kg(b, 100)]}
    books.capture(told("AggregationEvent", NOON, HALL, action="ADD", **packed))
    unpacked = told("AggregationEvent", EVENING, HALL, action="DELETE", **packed, **certified)
    assert books.capture(unpacked) == []


def test_certified_fruit_has_to_stem_from_certified_harvests(books: Books) -> None:
    a, b, m, pure = lot("A"), lot("B"), lot("M"), lot("P")
    certified = {"certificationInfo": ORGANIC}
    books.capture(harvest([kg(a, 1000)], FARM, **certified), harvest([kg(b, 400)], FARM))
    turned = {"inputQuantityList": [kg(a, 400), kg(b, 400)], "outputQuantityList": [kg(m, 800)]}
    assert books.capture(told("TransformationEvent", NOON, HALL, **turned)) == []
    straight = {"inputQuantityList": [kg(a, 600)], "outputQuantityList": [kg(pure, 600)]}
    assert books.capture(told("TransformationEvent", NOON, HALL, **straight, **certified)) == []
    assert books.capture(shipping([kg(pure, 600)], **certified)) == []
    assert books.capture(shipping([kg(m, 300)], **certified)) == ["certified-in-part"]
    haccp = {"certificationInfo": "https://certificates.example/haccp/1"}
    assert books.capture(shipping([kg(m, 100)], **haccp)) == []
    packed = told(
        "AggregationEvent",
        NOON,
        HALL,
        action="ADD",
        parentID=pallet(1),
        childQuantityList=[kg(m, 200)],
    )
    books.capture(packed)
    assert books.capture(shipping([], epcList=[pallet(1)], **certified)) == [
        "certified-in-part",
        "more-certified-than-made",
    ]
