"""Lineage and whereabouts over HTTP, of a season told by two companies."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from park.assets import Park
from tests.support.api_story import EXPORT, PALLETS, REJECTED, SHADY, SUNNY
from tests.support.epcis_api import epcis_services
from tests.support.lineage_events import lot, place
from tests.support.recall_story import (
    FIRST,
    MENDED,
    MISTAKE,
    NETS,
    OTHERS,
    RIGHT,
    RUN,
    SECOND,
    SHOP,
    WRONG,
    kg,
    post_document,
    told,
    told_recall_story,
)

SHIPPED, REPACKED = "2025-10-25T00:00:00Z", "2025-11-02T12:00:00Z"
A, B, BLEND = lot("A"), lot("B"), lot("BLEND", 2)


@pytest.fixture(scope="module")
def client(small_park: Park, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Post no more through it."""
    with told_recall_story(small_park, tmp_path_factory.mktemp("provenance")) as made:
        yield made


@pytest.fixture
def fresh(small_park: Park, tmp_path: Path) -> Iterator[TestClient]:
    with epcis_services(small_park, tmp_path) as services:
        yield TestClient(create_app(services), raise_server_exceptions=False)


def traced(client: TestClient, key: str, direction: str = "back", **query: str) -> Any:
    answer = client.get(
        f"/v1/provenance/{quote(key, safe='')}", params={"direction": direction, **query}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()[direction]


def nodes(client: TestClient, key: str, direction: str = "back", **query: str) -> dict[str, Any]:
    return {each["key"]: each for each in traced(client, key, direction, **query)["nodes"]}


def things(found: dict[str, Any]) -> set[str]:
    """All but the runs."""
    return {key for key, each in found.items() if each["kind"] != "run"}


def placed(client: TestClient, key: str) -> list[dict[str, Any]]:
    answer = client.get(f"/v1/whereabouts/{quote(key, safe='')}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["positions"]
    return found


def test_a_partners_lot_leads_back_to_the_orchards_with_shares(client: TestClient) -> None:
    found = nodes(client, NETS)
    assert things(found) == {NETS, EXPORT.uri, SUNNY.uri, SHADY.uri}
    assert found[SUNNY.uri]["share"] == pytest.approx(2 / 3)
    assert found[SHADY.uri]["share"] == pytest.approx(1 / 3)
    assert found[NETS] | {"share": 1} == found[NETS]


def test_whole_masses_are_told_up_to_the_harvest(client: TestClient) -> None:
    found = nodes(client, NETS)
    assert {key: found[key]["mass_kg"] for key in things(found)} == {
        NETS: 400,
        EXPORT.uri: 900,
        SUNNY.uri: 800,
        SHADY.uri: 400,
    }


def test_a_harvest_leads_forward_to_all_ends(client: TestClient) -> None:
    found = things(nodes(client, SUNNY.uri, "forward"))
    assert found >= {SUNNY.uri, EXPORT.uri, REJECTED.uri, FIRST, SECOND, NETS, RIGHT}
    assert not {OTHERS, WRONG, SHADY.uri} & found


def test_both_ways_are_told_at_once(client: TestClient) -> None:
    answer = client.get(f"/v1/provenance/{EXPORT.path}", params={"direction": "both"}).json()
    assert answer["root"] == EXPORT.uri
    assert SUNNY.uri in {each["key"] for each in answer["back"]["nodes"]}
    assert NETS in {each["key"] for each in answer["forward"]["nodes"]}
    back = client.get(f"/v1/provenance/{EXPORT.path}").json()
    assert (back["back"], back["forward"]) == (answer["back"], None)


def test_events_of_one_transformation_id_are_one_run_in_any_unit(client: TestClient) -> None:
    edges = traced(client, NETS)["edges"]
    run = f"run/{RUN}"
    (came,) = (each for each in edges if each["target"] == run)
    (went,) = (each for each in edges if each["source"] == run)
    assert (came["source"], came["uom"], came["quantity"]) == (EXPORT.uri, "LBR", 881.849)
    assert came["mass_kg"] == pytest.approx(400, abs=0.001)
    assert (went["target"], went["uom"], went["quantity"], went["mass_kg"]) == (
        NETS,
        "TNE",
        0.4,
        400,
    )
    assert came["event"] != went["event"]


def test_every_edge_names_an_event_that_can_be_read(client: TestClient) -> None:
    edges = traced(client, NETS)["edges"]
    assert edges
    for each in edges:
        event = client.get(each["href"])
        assert event.status_code == 200
        assert event.json()["eventID"] == each["event"]


def test_a_pallet_holds_at_any_time_what_was_on_it_then(client: TestClient) -> None:
    assert EXPORT.uri in nodes(client, FIRST, at=SHIPPED)
    assert OTHERS not in nodes(client, FIRST, at=SHIPPED)
    assert OTHERS in nodes(client, FIRST, at=REPACKED)
    assert EXPORT.uri not in nodes(client, FIRST, at=REPACKED)
    (edge,) = (each for each in traced(client, FIRST)["edges"] if each["source"] == EXPORT.uri)
    assert (edge["kind"], edge["mass_kg"]) == ("contains", 450)
    assert (edge["at"], edge["until"]) == (
        "2025-10-20T03:00:00.000Z",
        "2025-11-01T02:00:00.000Z",
    )


def test_what_was_declared_wrong_left_the_lineage_for_its_correction(client: TestClient) -> None:
    answer = client.get(f"/v1/provenance/{quote(WRONG, safe='')}")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/node-not-found")
    events = {each["event"] for each in traced(client, EXPORT.uri, "forward")["edges"]}
    assert MENDED in events
    assert MISTAKE not in events


def test_a_correction_may_come_before_its_mistake_is_declared(fresh: TestClient) -> None:
    made = told("ObjectEvent", "2025-10-01T00:00:00Z", place(), action="ADD")
    blend = told(
        "TransformationEvent",
        "2025-10-02T00:00:00Z",
        place(),
        eventID=MISTAKE,
        inputQuantityList=[kg(A, 60)],
        outputQuantityList=[kg(BLEND, 60)],
    )
    right = blend | {"eventID": MENDED, "inputQuantityList": [kg(A, 20), kg(B, 40)]}
    post_document(fresh, made | {"quantityList": [kg(A, 60), kg(B, 40)]}, right)
    declared = {"declarationTime": "2025-10-03T00:00:00Z", "correctiveEventIDs": [MENDED]}
    post_document(fresh, blend | {"errorDeclaration": declared}, blend)
    found = nodes(fresh, BLEND)
    assert things(found) == {A, B, BLEND}
    assert found[A]["share"] == pytest.approx(1 / 3)
    assert found[BLEND]["mass_kg"] == 60


def test_a_lot_that_was_split_is_told_part_by_part(client: TestClient) -> None:
    loose, packed = placed(client, EXPORT.uri)
    assert (loose["containers"], loose["place"]) == ([], place("hall"))
    assert loose["mass_kg"] == pytest.approx(10, abs=0.001)
    assert (packed["containers"], packed["mass_kg"]) == ([SECOND], 450)


def test_what_was_sent_is_in_transit_and_whose_it_is_known(client: TestClient) -> None:
    for key in (FIRST, NETS):
        (position,) = placed(client, key)
        assert (position["in_transit"], position["holder"]) == (True, SHOP)


def test_what_was_used_up_is_said_to_be(client: TestClient) -> None:
    (position,) = placed(client, SUNNY.uri)
    assert position["state"] == "used"


@pytest.mark.parametrize(
    "form",
    [
        EXPORT.uri,
        EXPORT.path,
        EXPORT.uri.replace("https://id.gs1.org", "https://fruit.example.org"),
        "urn:epc:class:lgtin:9521321.000002.LY-7-A",
        "(01)09521321000025(10)LY-7-A",
    ],
)
def test_a_thing_is_found_by_any_form_of_its_identifier(client: TestClient, form: str) -> None:
    for text in (quote(form, safe=""), quote(form, safe="/:()")):
        for path in ("provenance", "whereabouts"):
            answer = client.get(f"/v1/{path}/{text}")
            assert answer.status_code == 200, (text, answer.text)
            assert EXPORT.uri in {answer.json().get("root"), answer.json().get("key")}


@pytest.mark.parametrize("form", [PALLETS[0], f"(00){PALLETS[0]}", f"00/{PALLETS[0]}", FIRST])
def test_a_pallet_is_found_by_any_form_of_its_number(client: TestClient, form: str) -> None:
    assert client.get(f"/v1/whereabouts/{quote(form, safe='')}").json()["key"] == FIRST


@pytest.mark.parametrize("path", ["provenance", "whereabouts"])
@pytest.mark.parametrize(
    ("text", "status", "slug"),
    [
        (lot("UNHEARD-OF"), 404, "node-not-found"),
        ("pallet seven", 404, "node-not-found"),
        ("01/09521321000026/10/LY-7-A", 422, "invalid-identifier"),
        ("095213210000000019", 422, "wrong-check-digit"),
    ],
)
def test_what_is_unknown_or_mistyped_is_a_problem_with_a_next_step(
    client: TestClient, path: str, text: str, status: int, slug: str
) -> None:
    answer = client.get(f"/v1/{path}/{quote(text, safe='')}")
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (status, f"/problems/{slug}")
    assert problem["detail"]
    assert client.get(problem["type"], headers={"accept": "application/json"}).json()["advice"]


@pytest.mark.parametrize(
    "query",
    [{"at": "yesterday"}, {"at": "2025-10-25"}, {"direction": "sideways"}, {"depth": "3"}],
)
def test_a_question_that_cannot_be_read_is_a_problem(
    client: TestClient, query: dict[str, str]
) -> None:
    answer = client.get(f"/v1/provenance/{EXPORT.path}", params=query)
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    assert next(iter(query)) in answer.text
