"""Recalls over HTTP, as a coordinator asks for them, of a season told by two companies."""

import codecs
import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from park.assets import Park
from tests.support.api_story import EXPORT, LEFT_OVER, REJECTED, SHADY, SUNNY
from tests.support.epcis_api import Json, document, epcis_services
from tests.support.lineage_events import lot, party, place
from tests.support.recall_story import (
    FIRST,
    FORMULA,
    NETS,
    OTHERS,
    RIGHT,
    SECOND,
    SHOP,
    SPRAY,
    WELL,
    WRONG,
    kg,
    orchard_key,
    post_document,
    sent,
    told_recall_story,
)
from tests.support.recall_story import (
    told as told_event,
)
from tests.support.workbooks import sheet

SORTED = {EXPORT.uri, LEFT_OVER.uri, REJECTED.uri, FIRST, SECOND, NETS, RIGHT, FORMULA}
EVERYTHING = SORTED | {SUNNY.uri}
KEY_DATA_ELEMENTS = {
    "Traceability lot code",
    "Quantity",
    "Unit of measure",
    "Product description",
    "Location description",
    "Date and time (UTC)",
    "Traceability lot code source",
    "Reference document type",
    "Reference document number",
    "Commodity and variety",
    "Farm",
    "Growing area",
    "Harvester",
    "Date of harvesting",
    "Cooling location",
    "Date of cooling",
}


@pytest.fixture
def fresh(small_park: Park, tmp_path: Path) -> Iterator[TestClient]:
    with epcis_services(small_park, tmp_path) as services:
        yield TestClient(create_app(services), raise_server_exceptions=False)


@pytest.fixture(scope="module")
def told(small_park: Park, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Post no more through it."""
    with told_recall_story(small_park, tmp_path_factory.mktemp("recalls")) as client:
        yield client


def recalled(client: TestClient, **query: str) -> dict[str, Json]:
    """What is affected, by key."""
    query = {name.rstrip("_"): text for name, text in query.items()}
    answer = client.get("/v1/recalls", params=query)
    assert answer.status_code == 200, answer.text
    return {each["key"]: each for each in answer.json()["affected"]}


def refused(client: TestClient, **query: str) -> tuple[int, str, str]:
    answer = client.get("/v1/recalls", params={name.rstrip("_"): q for name, q in query.items()})
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    advice = client.get(problem["type"], headers={"accept": "application/json"}).json()["advice"]
    assert advice
    return answer.status_code, problem["type"].removeprefix("/problems/"), problem["detail"]


def test_an_orchard_reaches_all_that_came_of_it_and_nothing_else(told: TestClient) -> None:
    found = recalled(told, orchard="orchard-001")
    assert set(found) == EVERYTHING
    assert found[SUNNY.uri]["is_start"] is True
    assert not {OTHERS, WRONG, SHADY.uri} & set(found)


def test_an_orchard_is_named_by_its_gln_in_any_form_as_well(
    told: TestClient, small_park: Park
) -> None:
    by_id = set(recalled(told, orchard="orchard-001"))
    key = orchard_key(small_park)
    for form in (key, key.rsplit("/", 1)[1], key.replace("id.gs1.org", "farm.example.org")):
        assert set(recalled(told, orchard=form)) == by_id


def test_masses_and_shares_are_of_what_was_mixed(told: TestClient) -> None:
    found = recalled(told, orchard="orchard-001")
    assert (found[SUNNY.uri]["share"], found[SUNNY.uri]["mass_kg"]) == (1, 800)
    for key, mass_kg in ((EXPORT.uri, 900), (NETS, 400), (RIGHT, 38), (FIRST, 450)):
        assert found[key]["mass_kg"] == mass_kg
        assert found[key]["share"] == pytest.approx(2 / 3)
        assert found[key]["from_cause_kg"] == pytest.approx(mass_kg * 2 / 3)


def test_it_says_where_each_is_and_who_has_it(told: TestClient) -> None:
    found = recalled(told, orchard="orchard-001")
    (second,) = found[SECOND]["positions"]
    assert (second["place_name"], second["who_has_it"]) == ("Thailand", "Thailand")
    (nets,) = found[NETS]["positions"]
    assert (nets["holder"], nets["who_has_it"], nets["in_transit"]) == (SHOP, SHOP, True)
    (rejects,) = found[REJECTED.uri]["positions"]
    assert rejects["who_has_it"] == "Linyi agricultural industrial park"
    (sunny,) = found[SUNNY.uri]["positions"]
    assert (sunny["state"], sunny["who_has_it"]) == ("used", None)


def test_a_lot_is_told_part_by_part_in_kilograms_of_any_unit(told: TestClient) -> None:
    loose, packed = recalled(told, orchard="orchard-001")[EXPORT.uri]["positions"]
    # 450 kg came off the pallet; 881.849 lb and 40 kg of it were used.
    assert (loose["containers"], loose["mass_kg"]) == ([], pytest.approx(10, abs=0.001))
    assert (packed["containers"], packed["mass_kg"]) == ([SECOND], 450)


def test_a_pallet_that_was_emptied_is_cleared_and_not_recalled_for_what_is_on_it_now(
    told: TestClient,
) -> None:
    found = recalled(told, orchard="orchard-001")[FIRST]
    assert found["until"] == "2025-11-01T02:00:00.000Z"
    (content,) = found["contents"]
    assert (content["key"], content["until"]) == (EXPORT.uri, "2025-11-01T02:00:00.000Z")
    (position,) = found["positions"]
    assert (position["state"], position["who_has_it"]) == ("cleared", None)
    assert len(found["shipments"]) == 1


def test_shipments_and_events_are_those_while_it_was_affected(told: TestClient) -> None:
    body = told.get("/v1/recalls", params={"orchard": "orchard-001"}).json()
    assert [each["things"] for each in body["shipments"]] == [[FIRST, SECOND], [NETS]]
    papers = [paper for each in body["shipments"] for _, paper in each["papers"]]
    assert not [paper for paper in papers if "D-OTHERS" in paper]
    assert {each["at"] for each in body["happenings"] if each["key"] == FIRST} == {
        "2025-10-20T03:00:00.000Z",
        "2025-10-20T22:00:00.000Z",
        "2025-10-30T03:00:00.000Z",
    }


@pytest.mark.parametrize("source", [SPRAY, WELL])
def test_an_input_reaches_what_was_harvested_where_it_was_used(
    told: TestClient, source: str
) -> None:
    found = recalled(told, input=source)
    assert set(found) == EVERYTHING | {source}
    assert set(recalled(told, input=source, reach="10d")) == {source}
    assert set(recalled(told, input=source, from_="2025-09-10T00:00:00Z")) == {source}


def test_a_room_and_a_span_reach_what_lay_there_then(told: TestClient) -> None:
    span = {"from_": "2025-10-05T00:00:00+08:00", "to": "2025-10-06T00:00:00+08:00"}
    assert set(recalled(told, room="room-0001", **span)) == EVERYTHING
    assert recalled(told, room="room-0001", from_="2025-10-21T00:00:00Z") == {}
    assert recalled(told, room="room-0002", **span) == {}


def test_a_line_and_a_span_reach_what_was_sorted_there_then(told: TestClient) -> None:
    assert set(recalled(told, line="line-01")) == SORTED
    assert recalled(told, line="line-01", to="2025-10-19T00:00:00Z") == {}
    assert set(recalled(told, line=place("nets"))) == {NETS}


def test_every_way_leads_from_the_cause_to_the_thing(told: TestClient) -> None:
    for key, each in recalled(told, orchard="orchard-001").items():
        assert each["why"][0] == SUNNY.uri
        assert each["why"][-1] == key


def test_csv_has_a_row_a_position_with_units_in_its_names(told: TestClient) -> None:
    answer = told.get("/v1/recalls", params={"orchard": "orchard-001", "format": "csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="recall.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["mass_here_kg"] for row in rows if row["key"] == EXPORT.uri] == ["10.0", "450.0"]
    (nets,) = (row for row in rows if row["key"] == NETS)
    assert (nets["mass_kg"], nets["mass_from_cause_kg"]) == ("400.0", "266.667")
    assert (nets["who_has_it"], nets["lot"]) == (SHOP, "NETS")
    (first,) = (row for row in rows if row["key"] == FIRST)
    assert (first["state"], first["affected_until"]) == ("cleared", "2025-11-01T02:00:00.000Z")


def test_no_cell_of_a_table_is_a_formula(told: TestClient) -> None:
    query = {"orchard": "orchard-001", "format": "csv"}
    rows = list(csv.DictReader(io.StringIO(told.get("/v1/recalls", params=query).text)))
    assert [row["lot"] for row in rows if row["key"] == FORMULA] == ["'=1+2"]
    for row in rows:
        assert not [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]


def test_the_spreadsheet_has_the_key_data_elements(told: TestClient) -> None:
    rows = spreadsheet(told)
    assert set().union(*rows) >= KEY_DATA_ELEMENTS
    wanted = ("Critical tracking event", "Traceability lot code", "Role", "Quantity")
    assert [tuple(row.get(name) for name in wanted) for row in rows] == [
        ("Harvesting", "LY-7", "harvested", 800),
        ("Cooling", "LY-7", "cooled", 800),
        ("Transformation", "LY-7", "input", 800),
        ("Transformation", "LY-7-A", "output", 900),
        ("Transformation", "LY-7-B", "output", 200),
        ("Transformation", "LY-7-R", "output", 90),
        ("Initial packing", "LY-7-A", "packed", 450),
        ("Initial packing", "LY-7-A", "packed", 450),
        ("Shipping", "LY-7-A", "shipped", 450),
        ("Shipping", "LY-7-A", "shipped", 450),
        ("Receiving", "LY-7-A", "received", 450),
        ("Receiving", "LY-7-A", "received", 450),
        ("Transformation", "LY-7-A", "input", 881.849),
        ("Transformation", "NETS", "output", 0.4),
        ("Shipping", "NETS", "shipped", 400),
        ("Transformation", "RIGHT", "output", 38),
        ("Transformation", "=1+2", "output", 2),
        ("Transformation", "LY-7-A", "input", 40),
    ]


def test_a_row_of_the_spreadsheet_stands_on_its_own(told: TestClient) -> None:
    rows = spreadsheet(told)
    harvest, packing = rows[0], rows[6]
    assert harvest["Location description"] == "Orchard 1"
    assert harvest["Product description"] == "Winter jujube"
    assert (harvest["Unit of measure"], harvest["Mass (kg)"]) == ("KGM", 800)
    assert (harvest["Shipped to"], harvest["Harvester"]) == ("Cold room 1", "Grower 1")
    assert packing["Logistic unit"] == FIRST
    assert packing["Farm"] == packing["Growing area"] == "Orchard 1; Orchard 5"
    assert packing["Cooling location"] == "Cold room 1"
    assert packing["Date of harvesting"].count(";") == 1
    shipping, receiving = rows[8], rows[10]
    assert (shipping["Shipped from"], shipping["Shipped to"]) == ("Packhouse 1", "Thailand")
    assert shipping["Reference document type"] == "desadv"
    assert shipping["Reference document number"].endswith(":EXP-2025-0007")
    assert receiving["Shipped from"] == "Packhouse 1"
    assert receiving["Traceability lot code source"] == "Sorting line 1"
    pounds = rows[12]
    assert pounds["Unit of measure"] == "LBR"
    assert pounds["Mass (kg)"] == pytest.approx(400, abs=0.001)


def test_the_accept_header_chooses_where_no_format_is_given(told: TestClient) -> None:
    for accept, kind in (
        ("text/csv", "text/csv; charset=utf-8"),
        ("application/json", "application/json"),
        (
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
    ):
        answer = told.get("/v1/recalls", params={"line": "line-01"}, headers={"accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
        assert "Accept" in answer.headers["vary"].split(", ")


def test_an_input_is_found_where_events_name_it_beside_their_objects(fresh: TestClient) -> None:
    own = "https://farm.example.org/voc/"  # as in the document's context
    tank, spray = "urn:epc:id:sgln:0614141.00077.tank1", "urn:epc:class:lgtin:0614141.012345.S-7"
    a, b, c, d = (lot(name) for name in "ABCD")
    harvest: Json = {"action": "ADD", "bizStep": "commissioning"}
    seen: Json = {"action": "OBSERVE", "bizStep": "inspecting"}
    treated: Json = {f"{own}treatment": [{f"{own}agent": spray, f"{own}dose": 2}]}
    post_document(
        fresh,
        told_by(place("plot-1"), **harvest, quantityList=[kg(a, 9)], ilmd={f"{own}water": tank}),
        told_by(
            place("plot-2"), **seen, epcList=["https://id.gs1.org/8004/0614141ROW2"], **treated
        ),
        told_by(place("plot-2"), hour=5, **harvest, quantityList=[kg(b, 9)]),
        told_by(place("room"), hour=6, **seen, quantityList=[kg(c, 9)], **treated),
        told_by(place("plot-3"), hour=6, **harvest, quantityList=[kg(d, 9)]),
    )
    link = "https://id.gs1.org/414/0614141000777/254/tank1"
    assert set(recalled(fresh, input=tank)) == set(recalled(fresh, input=link)) == {a}
    assert {b, c} <= set(recalled(fresh, input=spray))
    assert not {a, d} & set(recalled(fresh, input=spray))


def told_by(where: str, hour: int = 1, **more: Any) -> Json:
    return told_event("ObjectEvent", f"2025-10-01T{hour:02}:00:00Z", where, **more)


def test_a_pump_head_reaches_its_orchards_and_a_container_what_it_carried(
    told: TestClient,
) -> None:
    assert set(recalled(told, input="pump-0001")) >= EVERYTHING
    assert recalled(told, input="pump-0001", from_="2025-10-21T00:00:00Z") == {}
    assert set(recalled(told, room="reefer-001")) >= {FIRST, SECOND, NETS}
    assert recalled(told, room="reefer-001", to="2025-10-01T00:00:00Z") == {}


def test_master_data_names_products_and_holders(fresh: TestClient) -> None:
    a, shop = lot("A"), party(4)
    kinds = "urn:epcglobal:epcis:vtype:"
    named = [
        (f"{kinds}Party", shop, "urn:epcglobal:cbv:mda:name", "Marché frais"),
        (
            f"{kinds}EPCClass",
            a.partition("/10/")[0],
            "urn:epcglobal:cbv:mda:descriptionShort",
            "枣",
        ),
    ]
    body = document(
        told_by(place("farm"), action="ADD", quantityList=[kg(a, 9)]),
        sent("2025-10-02T00:00:00Z", shop, "D-1", quantityList=[kg(a, 9)]),
    )
    body["epcisHeader"] = {
        "epcisMasterData": {
            "vocabularyList": [
                {
                    "type": kind,
                    "vocabularyElementList": [
                        {"id": key, "attributes": [{"id": attribute, "attribute": value}]}
                    ],
                }
                for kind, key, attribute, value in named
            ]
        }
    }
    assert fresh.post("/epcis/capture", json=body).status_code == 202
    query = {"orchard": place("farm")}
    found = recalled(fresh, **query)[a]
    assert (found["product"], found["positions"][0]["who_has_it"]) == ("枣", "Marché frais")
    file = fresh.get("/v1/recalls", params={**query, "format": "csv"}).content
    assert file.startswith(codecs.BOM_UTF8)
    assert [row["who_has_it"] for row in csv.DictReader(io.StringIO(file.decode("utf-8-sig")))] == [
        "Marché frais"
    ]


def test_a_cause_that_is_given_twice_is_refused(told: TestClient) -> None:
    answer = told.get("/v1/recalls?orchard=orchard-001&orchard=orchard-005")
    assert answer.status_code == 422
    assert "is given 2 times" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "status", "slug", "word"),
    [
        ({}, 422, "bad-recall", "one of orchard"),
        ({"orchard": "orchard-001", "room": "room-0001"}, 422, "bad-recall", "one of orchard"),
        ({"orchard": "room-0001"}, 422, "bad-recall", "ask for it as room"),
        ({"line": "orchard-001"}, 422, "bad-recall", "ask for it as orchard"),
        (
            {"line": "line-01", "from_": "2025-10-02T00:00:00Z", "to": "2025-10-01T00:00:00Z"},
            422,
            "bad-recall",
            "ends before it begins",
        ),
        ({"orchard": "orchard-999"}, 422, "invalid-identifier", "neither an asset"),
        ({"orchard": "9521321010018"}, 422, "wrong-check-digit", "should be"),
        ({"orchard": "4006381333931"}, 404, "node-not-found", "no event names"),
        ({"input": SPRAY + "0"}, 404, "node-not-found", "no event names"),
        ({"input": "spray of tuesday"}, 404, "node-not-found", "no event names"),
        ({"room": "room-0001", "from_": "2025-10-01"}, 422, "invalid-request", ""),
        ({"room": "room-0001", "from_": "2025-10-01T00:00:00"}, 422, "invalid-request", ""),
        ({"input": SPRAY, "reach": "soon"}, 422, "invalid-request", ""),
        ({"line": "line-01", "format": "pdf"}, 422, "invalid-request", ""),
    ],
)
def test_what_cannot_be_answered_is_a_problem_with_a_next_step(
    told: TestClient, query: dict[str, str], status: int, slug: str, word: str
) -> None:
    found = refused(told, **query)
    assert found[:2] == (status, slug)
    assert word in found[2]


def spreadsheet(client: TestClient) -> list[dict[str, Any]]:
    query = {"orchard": "orchard-001", "format": "xlsx"}
    return sheet(client.get("/v1/recalls", params=query).content)
