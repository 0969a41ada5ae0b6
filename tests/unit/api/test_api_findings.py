"""What is odd about events that were stored, as the API lists it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from park.assets import Park
from tests.support.epcis_api import Json, epcis_services
from tests.support.lineage_events import lot, pallet, place
from tests.support.recall_story import kg, post_document, told

A, B, BLEND = lot("A"), lot("B"), lot("BLEND", 2)
IDS = [f"urn:uuid:0b000000-0000-4000-8000-00000000000{n}" for n in range(10)]


@pytest.fixture
def client(small_park: Park, tmp_path: Path) -> Iterator[TestClient]:
    with epcis_services(small_park, tmp_path) as services:
        yield TestClient(create_app(services), raise_server_exceptions=False)


def made(number: int, at: str, name: str, amount: float, uom: str = "KGM") -> Json:
    return told(
        "ObjectEvent",
        at,
        place(),
        eventID=IDS[number],
        action="ADD",
        quantityList=[kg(name, amount, uom)],
    )


def blended(number: int, at: str, into: Json, out: Json) -> Json:
    lists = {"inputQuantityList": [into], "outputQuantityList": [out]}
    return told("TransformationEvent", at, place(), eventID=IDS[number], **lists)


def packed(number: int, at: str, action: str, what: Json) -> Json:
    content = {"parentID": pallet(1), "childQuantityList": [what]}
    return told("AggregationEvent", at, place(), eventID=IDS[number], action=action, **content)


def found(client: TestClient, **query: Any) -> list[dict[str, Any]]:
    answer = client.get("/v1/findings", params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def codes(client: TestClient) -> list[tuple[str, str]]:
    return [(each["event"], each["code"]) for each in found(client)]


def test_a_season_in_which_all_is_well_has_none(client: TestClient) -> None:
    post_document(
        client,
        made(0, "2025-10-01T00:00:00Z", A, 1, "TNE"),
        blended(1, "2025-10-02T00:00:00Z", kg(A, 2204.6, "LBR"), kg(BLEND, 990)),
    )
    assert found(client) == []


def test_masses_that_cannot_be_true_are_told_whatever_their_units(client: TestClient) -> None:
    post_document(
        client,
        made(0, "2025-10-01T00:00:00Z", A, 1, "TNE"),
        blended(1, "2025-10-02T00:00:00Z", kg(A, 2500, "LBR"), kg(BLEND, 1.2, "TNE")),
    )
    assert sorted(codes(client)) == [
        (IDS[1], "more-out-than-in"),
        (IDS[1], "more-used-than-made"),
    ]


def test_use_before_the_making_is_told(client: TestClient) -> None:
    post_document(
        client,
        made(0, "2025-10-03T00:00:00Z", A, 100),
        blended(1, "2025-10-02T00:00:00Z", kg(A, 100), kg(BLEND, 90)),
    )
    assert (IDS[1], "used-before-made") in codes(client)


def test_a_wrong_unpacking_is_told_with_a_sentence_and_an_address(client: TestClient) -> None:
    post_document(
        client,
        packed(0, "2025-10-02T00:00:00Z", "ADD", kg(B, 10)),
        packed(1, "2025-10-03T00:00:00Z", "DELETE", kg(A, 10)),
    )
    (each,) = found(client)
    assert each["code"] == "not-in-container"
    assert A in each["detail"]
    assert client.get(each["href"]).json()["eventID"] == each["event"] == IDS[1]


def test_the_same_told_twice_counts_once(client: TestClient) -> None:
    event = made(0, "2025-10-01T00:00:00Z", A, 100)
    post_document(client, event, event | {"eventID": IDS[1]})
    assert codes(client) == [(IDS[1], "same-content")]
    (node,) = client.get(f"/v1/provenance/{A}").json()["back"]["nodes"]
    assert node["mass_kg"] == 100


def test_findings_are_listed_by_code_and_page_by_page(client: TestClient) -> None:
    event = made(0, "2025-10-01T00:00:00Z", A, 100)
    twins = [event | {"eventID": each} for each in IDS[:5]]
    late = blended(9, "2025-10-02T00:00:00Z", kg(A, 100), kg(BLEND, 130))
    post_document(client, *twins, late)
    assert len(found(client, code="same-content")) == 4
    assert [each["event"] for each in found(client, code="more-out-than-in")] == [IDS[9]]
    assert found(client, code="never-heard-of") == []
    listed, after = [], None
    while True:
        query = {"limit": 2} if after is None else {"limit": 2, "after": after}
        page = client.get("/v1/findings", params=query).json()
        listed += page["items"]
        after = page["next"]
        if after is None:
            break
    assert listed == found(client)
    assert len(listed) == 5


def seen(number: int, step: str, at: str, where: str = "dock", pallets: int = 2) -> Json:
    names = [pallet(n) for n in range(1, pallets + 1)]
    return told(
        "ObjectEvent",
        at,
        None,
        eventID=IDS[number],
        action="OBSERVE",
        bizStep=step,
        epcList=names,
        readPoint={"id": place(where)},
    )


@pytest.mark.parametrize("part", ["staging_outbound", "loading", "departing"])
def test_shipping_excludes_its_parts_over_events(client: TestClient, part: str) -> None:
    post_document(client, seen(0, part, "2025-10-01T06:00:00Z", "gate", pallets=1))
    post_document(client, seen(1, "shipping", "2025-10-01T08:00:00Z"))
    (each,) = found(client)
    assert (each["event"], each["code"], each["path"]) == (
        IDS[1],
        "cbv-excluded-step",
        "bizStep",
    )
    assert part in each["detail"]


def test_the_parts_of_shipping_go_together(client: TestClient) -> None:
    steps = ("staging_outbound", "loading", "departing")
    times = ("06", "07", "08")
    post_document(
        client,
        *(
            seen(number, step, f"2025-10-01T{at}:00:00Z")
            for number, (step, at) in enumerate(zip(steps, times, strict=True))
        ),
    )
    assert found(client) == []


def test_steps_of_other_journeys_exclude_nothing(client: TestClient) -> None:
    elsewhere = {"readPoint": {"id": "urn:epc:id:sgln:9521141.00002.0"}}
    wrong = seen(2, "departing", "2025-10-01T09:00:00Z")
    declared = {"declarationTime": "2025-10-02T00:00:00Z", "reason": "did_not_occur"}
    post_document(
        client,
        seen(0, "loading", "2025-09-01T06:00:00Z"),
        seen(1, "departing", "2025-10-01T06:00:00Z") | elsewhere,
        wrong,
        wrong | {"errorDeclaration": declared},
    )
    post_document(client, seen(3, "shipping", "2025-10-01T08:00:00Z"))
    assert found(client) == []


@pytest.mark.parametrize("query", [{"after": "nonsense"}, {"limit": "0"}, {"kode": "x"}])
def test_a_question_that_cannot_be_read_is_a_problem(
    client: TestClient, query: dict[str, str]
) -> None:
    answer = client.get("/v1/findings", params=query)
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"
