"""Everything that events name has an address, a page and JSON, whose ever it is."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.pages.thing import MOST_ROWS
from park.assets import Park
from park.database import open_engine
from park.gs1 import CANONICAL_HOST
from tests.support.api_story import EXPORT, PALLETS, SHADY, SUNNY
from tests.support.epcis_api import GS1, document, epcis_services
from tests.support.lineage_events import lot, pallet, place
from tests.support.recall_story import (
    FIRST,
    NETS,
    SHOP,
    kg,
    post_document,
    told,
    told_recall_story,
)
from traceability.ledger.ledger import Ledger
from traceability.ledger.proofs import EventProof

HTML, JSON = {"accept": "text/html"}, {"accept": "application/json"}
GTIN = lot("A", 5).split("/")[4]
ITEM, CRATE, BOX = (
    f"{CANONICAL_HOST}/01/{GTIN}/21/7",
    f"{CANONICAL_HOST}/8004/9521141CRATE",
    pallet(7),
)
GGN = "https://certificates.example.org/GGN-9521141000014"


@pytest.fixture(scope="module")
def client(small_park: Park, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Of a season and what an importer says of it; post no more through it."""
    with told_recall_story(small_park, tmp_path_factory.mktemp("things")) as made:
        yield made


@pytest.fixture
def fresh(small_park: Park, tmp_path: Path) -> Iterator[TestClient]:
    """Without events, with a ledger."""
    with epcis_services(small_park, tmp_path) as services:
        engine = open_engine(f"sqlite:///{tmp_path / 'epcis.db'}")
        ledger = Ledger(engine, tmp_path / "keys", tmp_path / "anchor.jsonl", origin="park.example")
        yield TestClient(
            create_app(replace(services, ledger=ledger)),
            raise_server_exceptions=False,
            follow_redirects=False,
        )
        engine.dispose()


def path_of(key: str) -> str:
    return key.removeprefix(CANONICAL_HOST)


def thing(client: TestClient, key: str) -> Any:
    answer = client.get(path_of(key), headers=JSON)
    assert answer.status_code == 200, answer.text
    return answer.json()


def made_of_a_certified_harvest(client: TestClient) -> None:
    """A harvest of lot A goes into lot B, an object and a crate; both are packed and sent."""
    post_document(
        client,
        told(
            "ObjectEvent",
            "2025-10-01T02:00:00Z",
            place("farm"),
            action="ADD",
            quantityList=[kg(lot("A"), 500)],
            certificationInfo=[GGN],
        ),
        told(
            "TransformationEvent",
            "2025-10-02T02:00:00Z",
            place("hall"),
            inputQuantityList=[kg(lot("A"), 500)],
            outputQuantityList=[kg(lot("B", 2), 0.4, "TNE")],
            outputEPCList=[ITEM],
        ),
        told(
            "AggregationEvent",
            "2025-10-03T02:00:00Z",
            place("hall"),
            action="ADD",
            parentID=BOX,
            childEPCs=[ITEM, CRATE],
            childQuantityList=[kg(lot("B", 2), 100)],
        ),
        told(
            "ObjectEvent",
            "2025-10-04T02:00:00Z",
            None,
            action="OBSERVE",
            bizStep="shipping",
            epcList=[BOX],
            readPoint={"id": place("dock")},
            destinationList=[{"type": "possessing_party", "destination": SHOP}],
        ),
    )


def test_a_partners_lot_is_told_of_from_harvest_to_holder(client: TestClient) -> None:
    found = thing(client, NETS)
    assert (found["kind"], found["lot"], found["gtin"]) == ("lot", "NETS", NETS.split("/")[4])
    assert {each["key"]: each["share"] for each in found["beginnings"]} == {
        SUNNY.uri: pytest.approx(2 / 3),
        SHADY.uri: pytest.approx(1 / 3),
    }
    (position,) = found["positions"]
    assert (position["mass_kg"], position["holder"]) == (400, SHOP)
    assert found["names"][EXPORT.uri] == "Winter jujube, extra class"
    assert found["back"] == client.get(f"/v1/provenance{path_of(NETS)}").json()["back"]


@pytest.mark.parametrize("key", [NETS, FIRST, EXPORT.uri])
def test_one_model_holds_for_all_at_one_address(client: TestClient, key: str) -> None:
    by_path = client.get(f"/v1/things{path_of(key)}").json()
    assert by_path == client.get(f"/v1/things/{quote(key, safe='')}").json()
    assert by_path == client.get(by_path["links"]["self"]).json()
    assert by_path == client.get(path_of(key), params={"view": "events"}, headers=JSON).json()
    assert client.get(by_path["links"]["page"], headers=HTML).status_code == 200
    events = client.get(by_path["links"]["events"]).json()
    listed = events["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    assert {each["event"] for each in by_path["events"]} <= {each["eventID"] for each in listed}


def test_what_the_park_has_in_its_books_keeps_its_page_beside_that_of_all_events(
    client: TestClient,
) -> None:
    own = client.get(f"/{EXPORT.path}", headers=HTML).text
    assert f'href="/{EXPORT.path}?view=events"' in own
    everybody = client.get(f"/{EXPORT.path}?view=events", headers=HTML).text
    assert "NETS" in everybody
    assert f'href="/{EXPORT.path}"' in everybody
    assert f'href="/00/{PALLETS[0]}?view=events"' in client.get(f"/00/{PALLETS[0]}").text


@pytest.mark.parametrize("key", [lot("A"), lot("B", 2), ITEM, CRATE, BOX])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_whatever_an_event_names_has_a_page(fresh: TestClient, key: str, lang: str) -> None:
    made_of_a_certified_harvest(fresh)
    answer = fresh.get(path_of(key), params={"lang": lang}, headers=HTML)
    assert answer.status_code == 200
    assert answer.headers["content-language"] == lang
    assert 'class="qr"' in answer.text
    assert "/proof" in answer.text


def test_a_pallet_of_the_park_has_these_forms_too(client: TestClient) -> None:
    pallet = f"/00/{PALLETS[0]}"
    document = client.get(pallet, headers={"accept": "application/ld+json"}).json()
    assert {"AggregationEvent", "ObjectEvent"} <= {
        each["type"] for each in document["epcisBody"]["eventList"]
    }
    (entry,) = client.get(pallet, params={"linkType": "all"}).json()["linkset"]
    (*_, everything) = entry["https://ref.gs1.org/voc/traceability"]
    told_by_all = client.get(everything["href"], headers=JSON).json()
    assert told_by_all == client.get(f"/v1/things{pallet}").json()


@pytest.mark.parametrize("accept", ["application/ld+json", "application/linkset+json"])
def test_a_thing_has_the_forms_that_a_batch_has(fresh: TestClient, accept: str) -> None:
    made_of_a_certified_harvest(fresh)
    answer = fresh.get(path_of(BOX), headers={"accept": accept})
    assert answer.headers["content-type"] == accept
    body = answer.json()
    if accept.endswith("ld+json"):
        assert GS1 in body["@context"]
        events = body["epcisBody"]["eventList"]
        assert [each["type"] for each in events] == ["AggregationEvent", "ObjectEvent"]
    else:
        (entry,) = body["linkset"]
        assert entry["anchor"] == f"http://testserver{path_of(BOX)}"


def test_certificates_of_what_a_thing_came_of_are_its_papers(fresh: TestClient) -> None:
    made_of_a_certified_harvest(fresh)
    (certificate,) = thing(fresh, ITEM)["certificates"]
    assert (certificate["certificate"], certificate["about"]) == (GGN, [lot("A")])
    assert certificate["since"] == "2025-10-01T02:00:00.000Z"


def test_a_certificate_that_is_an_object_is_told_as_it_came(fresh: TestClient) -> None:
    details = {"gs1:CertificationDetails": {"gs1:certificationIdentification": "K-7 & co"}}
    post_document(
        fresh,
        told(
            "ObjectEvent",
            "2025-10-01T02:00:00Z",
            place("farm"),
            action="ADD",
            quantityList=[kg(lot("A"), 500)],
            certificationInfo=details,
        ),
    )
    (certificate,) = thing(fresh, lot("A"))["certificates"]
    assert certificate["certificate"] == details
    assert "K-7 &amp; co" in fresh.get(path_of(lot("A")), headers=HTML).text


def test_each_event_leads_to_its_proof(fresh: TestClient) -> None:
    made_of_a_certified_harvest(fresh)
    for event in thing(fresh, BOX)["events"]:
        proof = EventProof.from_json(fresh.get(event["proof"]).json())
        assert (proof.event_id, proof.leaf_index) == (event["event"], event["leaf_index"])
        assert proof.holds()


def test_a_page_says_which_events_are_not_signed_yet(fresh: TestClient) -> None:
    made_of_a_certified_harvest(fresh)
    assert "2 of them not signed yet" in fresh.get(path_of(BOX), headers=HTML).text
    assert fresh.get("/v1/ledger/checkpoint").status_code == 200
    assert "all under a signed checkpoint" in fresh.get(path_of(BOX), headers=HTML).text


def test_what_only_wrong_events_name_is_no_thing(fresh: TestClient) -> None:
    wrong = told(
        "ObjectEvent",
        "2025-10-01T02:00:00Z",
        place("farm"),
        eventID="urn:uuid:0a000000-0000-4000-8000-000000000001",
        action="ADD",
        epcList=[ITEM],
    )
    post_document(fresh, wrong)
    assert fresh.get(path_of(ITEM), headers=JSON).status_code == 200
    post_document(fresh, wrong | {"errorDeclaration": {"declarationTime": "2025-10-02T00:00:00Z"}})
    answer = fresh.get(path_of(ITEM), headers=JSON)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/node-not-found")
    assert "declared wrong" in answer.json()["detail"]


def test_what_is_odd_about_an_event_stands_beside_it(fresh: TestClient) -> None:
    common = {"action": "ADD", "quantityList": [kg(lot("A"), 5)]}
    post_document(fresh, told("ObjectEvent", "2025-10-01T02:00:00Z", place("farm"), **common))
    too_much = {"inputQuantityList": [kg(lot("A"), 9)], "outputQuantityList": [kg(lot("B"), 9)]}
    post_document(fresh, told("TransformationEvent", "2025-10-02T02:00:00Z", None, **too_much))
    latest = thing(fresh, lot("A"))["events"][0]
    assert [each["code"] for each in latest["findings"]] == ["more-used-than-made"]
    assert "more-used-than-made" in fresh.get(path_of(lot("A")), headers=HTML).text


@pytest.mark.parametrize(
    ("path", "status", "slug"),
    [
        (path_of(lot("UNHEARD-OF")), 404, "node-not-found"),
        (f"/01/{GTIN}/21/8", 404, "node-not-found"),
        (f"/01/{GTIN}", 404, "node-not-found"),
        (path_of(pallet(8)), 404, "node-not-found"),
        ("/8004/9521141OTHER", 404, "node-not-found"),
        (f"/01/{GTIN[:-1]}0/21/7", 422, "invalid-identifier"),
        (f"/01/{GTIN}/21/{'7' * 21}", 422, "invalid-identifier"),
        (f"/01/{GTIN}/99/7", 422, "invalid-identifier"),
        ("/414/9521141000014", 404, "not-found"),
    ],
)
def test_what_no_event_names_is_a_problem_that_says_so(
    client: TestClient, path: str, status: int, slug: str
) -> None:
    answer = client.get(path, headers=JSON)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}")
    assert answer.headers["content-type"] == "application/problem+json"
    page = client.get(path, headers=HTML)
    assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    "path", [f"/01/{GTIN[1:]}/21/7", f"/01/{GTIN}/10/LOT/21/7", f"/01/{GTIN}/21/%37/10/LOT"]
)
def test_other_forms_of_an_address_lead_to_the_canonical_one(fresh: TestClient, path: str) -> None:
    made_of_a_certified_harvest(fresh)
    answer = fresh.get(f"{path}?lang=zh")
    assert (answer.status_code, answer.headers["location"]) == (308, f"{path_of(ITEM)}?lang=zh")


@pytest.mark.parametrize(
    "typed",
    [
        ITEM,
        f"https://shop.example.org/01/{GTIN}/21/7?exp=261231",
        f"(01){GTIN}(21)7",
        f"(01){GTIN}(17)261231(10)LOT(21)7",
        f"01/{GTIN}/21/7",
    ],
)
def test_whatever_a_scanner_gives_leads_to_the_page(fresh: TestClient, typed: str) -> None:
    answer = fresh.get("/", params={"number": typed})
    assert (answer.status_code, answer.headers["location"]) == (303, path_of(ITEM))


def test_many_links_are_shortened_on_the_page_but_not_in_the_json(fresh: TestClient) -> None:
    many = MOST_ROWS + 5
    post_document(
        fresh,
        *(
            told(
                "TransformationEvent",
                f"2025-10-02T{number // 60:02}:{number % 60:02}:00Z",
                place("hall"),
                inputQuantityList=[kg(lot("A"), 1)],
                outputQuantityList=[kg(lot(f"B{number}"), 1)],
            )
            for number in range(many)
        ),
    )
    assert "and 5 more" in fresh.get(path_of(lot("A")), headers=HTML).text
    runs = {each["target"] for each in thing(fresh, lot("A"))["forward"]["edges"]}
    assert len(runs) == 2 * many


def test_many_places_and_certificates_are_shortened_on_the_page_but_not_in_the_json(
    fresh: TestClient,
) -> None:
    many = MOST_ROWS + 5

    def told_of(kind: str, number: int, **more: Any) -> dict[str, Any]:
        at = f"2025-10-02T{number // 60:02}:{number % 60:02}:00Z"
        return told(kind, at, place("hall"), **more)

    post_document(
        fresh,
        told_of("ObjectEvent", 0, action="ADD", quantityList=[kg(lot("A"), 10 * many)]),
        *(
            told_of(
                *("AggregationEvent", number),
                action="ADD",
                parentID=pallet(number),
                childQuantityList=[kg(lot("A"), 1)],
            )
            for number in range(many)
        ),
        *(
            told_of(
                *("ObjectEvent", number),
                action="OBSERVE",
                epcList=[ITEM],
                certificationInfo=f"https://certificates.example/{number}",
            )
            for number in range(many)
        ),
    )
    lots, item = (fresh.get(path_of(key), headers=HTML).text for key in (lot("A"), ITEM))
    # What is in no pallet is one more.
    assert "and 6 more" in lots
    assert "and 5 more" in item
    assert len(thing(fresh, lot("A"))["positions"]) == many + 1
    assert len(thing(fresh, ITEM)["certificates"]) == many


@pytest.mark.parametrize(
    "key",
    [
        f"{CANONICAL_HOST}//evil.example/01/1",
        f"{CANONICAL_HOST}@evil.example",
        f"{CANONICAL_HOST}:8000//evil.example",
    ],
)
def test_an_identifier_never_leads_to_another_host(fresh: TestClient, key: str) -> None:
    inside = {"parentID": pallet(7), "action": "ADD", "childEPCs": [key]}
    post_document(fresh, told("AggregationEvent", "2025-10-01T00:00:00Z", place(), **inside))
    assert "location" not in fresh.get("/", params={"number": key}).headers
    assert fresh.get(f"/v1/things/{quote(key, safe='')}").json()["links"]["page"] is None
    assert 'href="//' not in fresh.get(path_of(pallet(7)), headers=HTML).text


def test_names_of_others_are_escaped(fresh: TestClient) -> None:
    evil = "<script>alert(1)</script>"
    master = {
        "type": "urn:epcglobal:epcis:vtype:ReadPoint",
        "vocabularyElementList": [
            {"id": place(), "attributes": [{"id": "cbvmda:name", "attribute": evil}]}
        ],
    }
    seen = told("ObjectEvent", "2025-10-01T02:00:00Z", place(), action="OBSERVE", epcList=[ITEM])
    body = document(seen) | {"epcisHeader": {"epcisMasterData": {"vocabularyList": [master]}}}
    assert fresh.post("/epcis/capture", json=body).status_code == 202
    assert thing(fresh, ITEM)["names"][place()] == evil
    page = fresh.get(path_of(ITEM), headers=HTML).text
    assert evil not in page
    assert "&lt;script&gt;alert(1)" in page
