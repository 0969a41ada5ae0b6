"""Capture of documents under `/epcis`, and the jobs that say what became of them."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from park.assets import Park
from tests.support.epcis_api import FARM, GS1, Json, document, epcis_services, listed, seen, single

ROLLBACK = {"GS1-Capture-Error-Behaviour": "rollback"}
PROCEED = {"GS1-Capture-Error-Behaviour": "proceed"}


@pytest.fixture
def client(small_park: Park, tmp_path: Path, migrated_address: str) -> Iterator[TestClient]:
    with epcis_services(
        small_park, tmp_path, migrated_address, capture_limit_events=10
    ) as services:
        yield TestClient(create_app(services), raise_server_exceptions=False)


@pytest.fixture(scope="module")
def refusing(
    small_park: Park, tmp_path_factory: pytest.TempPathFactory, shared_address: str
) -> Iterator[TestClient]:
    """A repository for requests that change nothing."""
    with epcis_services(small_park, tmp_path_factory.mktemp("r"), shared_address) as services:
        yield TestClient(create_app(services), raise_server_exceptions=False)


def job_of(client: TestClient, body: Json, headers: dict[str, str] | None = None) -> Json:
    answer = client.post("/epcis/capture", json=body, headers=headers)
    assert answer.status_code == 202, answer.text
    job: Json = client.get(answer.headers["location"]).json()
    return job


def count(client: TestClient) -> int:
    return len(listed(client.get("/epcis/events?perPage=1000").json()))


def test_a_document_is_captured_and_its_job_says_so(client: TestClient) -> None:
    job = job_of(client, document(seen(1), seen(2)))
    assert job["success"] is True
    assert job["running"] is False
    assert job["errors"] == []
    assert job["captureErrorBehaviour"] == "rollback"
    assert job["createdAt"] <= job["finishedAt"]
    assert count(client) == 2


def test_the_result_of_a_query_is_captured_as_well(client: TestClient) -> None:
    found = document(seen(1), seen(2))
    found["type"] = "EPCISQueryDocument"
    events = found.pop("epcisBody")
    found["epcisBody"] = {"queryResults": {"queryName": "any", "resultsBody": events}}
    assert job_of(client, found)["success"] is True
    assert count(client) == 2


def test_the_same_document_again_changes_nothing(client: TestClient) -> None:
    job_of(client, document(seen(1)))
    assert job_of(client, document(seen(1)))["success"] is True
    assert count(client) == 1


def test_one_event_that_contradicts_another_takes_the_document_with_it(client: TestClient) -> None:
    job_of(client, document(seen(1)))
    job = job_of(client, document(seen(2), seen(1, bizStep="receiving")), ROLLBACK)
    assert job["success"] is False
    (error,) = job["errors"]
    assert error["type"] == "epcisException:ResourceAlreadyExistsException"
    assert error["path"] == "epcisBody.eventList[1]"
    assert count(client) == 1


def test_with_proceed_the_others_are_captured(client: TestClient) -> None:
    job_of(client, document(seen(1)))
    wrong = seen(3)
    del wrong["eventTime"]
    body = document(seen(2), seen(1, bizStep="receiving"), wrong, seen(4))
    job = job_of(client, body, PROCEED)
    assert job["captureErrorBehaviour"] == "proceed"
    assert job["success"] is False
    assert sorted(error["path"].split(".")[1] for error in job["errors"]) == [
        "eventList[1]",
        "eventList[2]",
    ]
    assert count(client) == 3


@pytest.mark.parametrize("headers", [ROLLBACK, {}])
def test_a_document_that_breaks_the_schema_is_refused_with_every_path(
    client: TestClient, headers: dict[str, str]
) -> None:
    first, second = seen(1), seen(2, action="SEEN")
    del first["eventTimeZoneOffset"]
    answer = client.post("/epcis/capture", json=document(first, second), headers=headers)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "epcisException:ValidationException"
    assert problem["status"] == 400
    assert [entry["path"] for entry in problem["errors"]] == [
        "epcisBody.eventList[0].eventTimeZoneOffset",
        "epcisBody.eventList[1].action",
    ]
    assert count(client) == 0
    assert client.get("/epcis/capture").json() == []


MASTER_DATA = {
    "epcisMasterData": {
        "vocabularyList": [
            {
                "type": "urn:epcglobal:epcis:vtype:ReadPoint",
                "vocabularyElementList": [
                    {
                        "id": "https://id.gs1.org/414/9521321000018",
                        "attributes": [{"id": "farm:region", "attribute": "north"}],
                        "children": ["urn:epc:id:sgln:9521321.00002.0"],
                    }
                ],
            }
        ]
    }
}


def test_master_data_of_a_document_answers_questions(client: TestClient) -> None:
    inner = seen(2, readPoint={"id": "urn:epc:id:sgln:9521321.00002.0"})
    body = document(seen(1), inner, context=[GS1, FARM])
    assert job_of(client, {**body, "epcisHeader": MASTER_DATA})["success"] is True

    def found(**asked: str) -> list[str]:
        names = {"GS1-Extensions": f"farm={FARM['farm']}"}
        answer = client.get("/epcis/events", params=asked, headers=names)
        assert answer.status_code == 200, answer.text
        return sorted(event["eventID"][-1] for event in listed(answer.json()))

    assert found(HASATTR_readPoint="farm:region") == ["1"]
    assert found(**{"EQATTR_readPoint_farm:region": "north"}) == ["1"]
    assert found(**{"EQATTR_readPoint_farm:region": "south"}) == []
    assert found(WD_readPoint="urn:epc:id:sgln:9521321.00001.0") == ["1", "2"]


@pytest.mark.parametrize("headers", [ROLLBACK, PROCEED])
def test_master_data_that_breaks_the_schema_is_refused_with_every_path(
    client: TestClient, headers: dict[str, str]
) -> None:
    wrong = {
        "id": "next door",
        "attributes": [{"id": "region"}, {"attribute": "x"}, {"id": "farm:a", "attribute": True}],
        "children": ["next door"],
    }
    vocabularies = [
        {"vocabularyElementList": [wrong]},
        {"type": "urn:x:y", "vocabularyElementList": {}},
    ]
    header = {"epcisMasterData": {"vocabularyList": vocabularies}, "masterData": {}}
    body = {**document(seen(1), context=[GS1, FARM]), "epcisHeader": header}
    answer = client.post("/epcis/capture", json=body, headers=headers)
    assert answer.status_code == 400
    lists = "epcisHeader.epcisMasterData.vocabularyList"
    first = f"{lists}[0].vocabularyElementList[0]"
    assert sorted(entry["path"] for entry in answer.json()["errors"]) == sorted(
        [
            f"{lists}[0].type",
            f"{first}.id",
            f"{first}.attributes[0].id",
            f"{first}.attributes[1].id",
            f"{first}.attributes[2].attribute",
            f"{first}.children[0]",
            f"{lists}[1].vocabularyElementList",
            "epcisHeader.masterData",
        ]
    )
    assert count(client) == 0


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'"text"', b"{}", b'{"type": "EPCISDocument"}', b"[" * 100_000],
)
def test_what_is_no_document_is_refused(refusing: TestClient, content: bytes) -> None:
    answer = refusing.post(
        "/epcis/capture", content=content, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400
    assert answer.json()["type"] == "epcisException:ValidationException"
    assert answer.json()["errors"]


def test_more_events_than_the_limit_are_refused(client: TestClient) -> None:
    answer = client.post("/epcis/capture", json=document(*[seen(n) for n in range(11)]))
    assert answer.status_code == 413
    assert answer.json()["type"] == "epcisException:CaptureLimitExceededException"
    assert answer.headers["GS1-EPCIS-Capture-Limit"] == "10"
    assert count(client) == 0


def test_a_document_may_be_larger_than_other_bodies_but_not_without_end(
    small_park: Park, tmp_path: Path, migrated_address: str
) -> None:
    large = seen(1, **{"farm:note": "x" * 1_500_000})
    context = {"farm": "https://farm.example.org/voc/"}
    with epcis_services(
        small_park, tmp_path, migrated_address, capture_limit_bytes=1_600_000
    ) as services:
        client = TestClient(create_app(services), raise_server_exceptions=False)
        assert job_of(client, document(large, context=context))["success"] is True
        larger = document(large, seen(2, **{"farm:note": "x" * 200_000}), context=context)
        answer = client.post("/epcis/capture", json=larger)
        assert answer.status_code == 413
        assert answer.json()["type"] == "epcisException:CaptureLimitExceededException"
        assert answer.headers["GS1-EPCIS-Capture-File-Size-Limit"] == "1600000"
        assert client.post("/epcis/queries", json=larger).status_code == 413


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_a_body_of_another_type_is_refused(client: TestClient, kind: str) -> None:
    answer = client.post("/epcis/capture", content=b"{}", headers={"Content-Type": kind})
    assert answer.status_code == 415
    assert answer.json()["type"] == "epcisException:UnsupportedMediaTypeException"


def test_json_ld_is_json(client: TestClient) -> None:
    answer = client.post(
        "/epcis/capture",
        content=json.dumps(document(seen(1))),
        headers={"Content-Type": "application/ld+json; charset=utf-8"},
    )
    assert answer.status_code == 202


def test_an_unknown_behaviour_is_refused(client: TestClient) -> None:
    answer = client.post(
        "/epcis/capture",
        json=document(seen(1)),
        headers={"GS1-Capture-Error-Behaviour": "whatever"},
    )
    assert answer.status_code == 400
    assert count(client) == 0


def test_jobs_are_listed_latest_first_and_pages_dont_shift(client: TestClient) -> None:
    made = [job_of(client, document(seen(n)))["captureID"] for n in range(5)]
    first = client.get("/epcis/capture?perPage=2")
    job_of(client, document(seen(9)))
    second = client.get(first.links["next"]["url"])
    third = client.get(second.links["next"]["url"])
    assert "next" not in third.links
    jobs = [*first.json(), *second.json(), *third.json()]
    assert [job["captureID"] for job in jobs] == made[::-1]


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_an_unknown_job_isnt_found(client: TestClient, method: str) -> None:
    answer = client.request(method, "/epcis/capture/none")
    assert answer.status_code == 404
    assert answer.json()["type"] == "epcisException:NoSuchResourceException"


@pytest.mark.parametrize("query", ["perPage=0", "perPage=x", "nextPageToken=%21", "perPage="])
def test_pages_that_cant_be_asked_for(refusing: TestClient, query: str) -> None:
    answer = refusing.get(f"/epcis/capture?{query}")
    assert answer.status_code == 400
    assert answer.json()["type"] == "epcisException:QueryParameterException"


def test_a_single_event_is_captured_and_given_back(client: TestClient) -> None:
    answer = client.post("/epcis/events", json=single(seen(1)))
    assert answer.status_code == 201
    assert answer.json()["eventID"] == seen(1)["eventID"]
    assert "recordTime" in answer.json()
    (event,) = listed(client.get(answer.headers["location"]).json())
    assert {name: event[name] for name in seen(1)} == seen(1)


def test_a_single_event_that_is_there_is_refused(client: TestClient) -> None:
    for event in (seen(1), seen(1), seen(1, bizStep="receiving")):
        answer = client.post("/epcis/events", json=single(event))
    assert answer.status_code == 409
    assert answer.json()["type"] == "epcisException:ResourceAlreadyExistsException"
    assert count(client) == 1


def test_an_event_without_an_id_gets_its_hash(client: TestClient) -> None:
    event = seen(1)
    del event["eventID"]
    answer = client.post("/epcis/events", json=single(event))
    assert answer.status_code == 201
    event_id = answer.json()["eventID"]
    assert event_id.startswith("ni:///sha-256;")
    assert client.get(answer.headers["location"]).status_code == 200
    assert client.get(f"/epcis/events/{event_id}").status_code == 200
    assert client.post("/epcis/events", json=single(event)).status_code == 409


def test_a_single_event_that_breaks_the_schema_is_refused(client: TestClient) -> None:
    answer = client.post("/epcis/events", json=single(seen(1, action="SEEN")))
    assert answer.status_code == 400
    assert [entry["path"] for entry in answer.json()["errors"]] == ["action"]


def test_documents_dont_go_to_events(client: TestClient) -> None:
    answer = client.post("/epcis/events", json=document(seen(1)))
    assert answer.status_code == 400
    assert "/epcis/capture" in answer.json()["detail"]


XML = """<?xml version="1.0" encoding="UTF-8"?>
<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:2" xmlns:farm="https://farm.example.org/voc/"
    schemaVersion="2.0" creationDate="2025-03-02T00:00:00Z">
  <EPCISBody>
    <EventList>
      <ObjectEvent>
        <eventTime>2025-03-01T00:00:00.000Z</eventTime>
        <eventTimeZoneOffset>+00:00</eventTimeZoneOffset>
        <eventID>urn:uuid:00000000-0000-4000-8000-000000000001</eventID>
        <epcList><epc>urn:epc:id:sgtin:9521321.000002.1</epc></epcList>
        <action>OBSERVE</action>
        <bizStep>urn:epcglobal:cbv:bizstep:shipping</bizStep>
        <farm:row>7</farm:row>
      </ObjectEvent>
    </EventList>
  </EPCISBody>
</epcis:EPCISDocument>"""


@pytest.mark.parametrize("kind", ["application/xml", "text/xml; charset=utf-8"])
def test_xml_goes_in_and_comes_out(client: TestClient, kind: str) -> None:
    answer = client.post("/epcis/capture", content=XML, headers={"Content-Type": kind})
    assert answer.status_code == 202, answer.text
    (event,) = listed(client.get("/epcis/bizSteps/shipping/events").json())
    assert event["farm:row"] == "7"
    again = client.get("/epcis/events", headers={"Accept": "application/xml"})
    assert again.headers["content-type"].startswith("application/xml")
    assert "<bizStep>urn:epcglobal:cbv:bizstep:shipping</bizStep>" in again.text
    headers = {"Accept": "text/xml", "GS1-CBV-XML-Format": "Always_Web_URI"}
    web = client.get(f"/epcis/events/{event['eventID']}", headers=headers)
    assert web.headers["GS1-CBV-XML-Format"] == "Always_Web_URI"
    assert "<bizStep>https://ref.gs1.org/cbv/BizStep-shipping</bizStep>" in web.text


@pytest.mark.parametrize("content", ["", "<", "<a/>", XML.replace("OBSERVE", "SEEN")])
def test_wrong_xml_is_refused(refusing: TestClient, content: str) -> None:
    headers = {"Content-Type": "application/xml"}
    answer = refusing.post("/epcis/capture", content=content, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["type"] == "epcisException:ValidationException"
    assert answer.json()["errors"]


def test_examples_of_the_reference_are_captured(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    for path, status in (("/epcis/events", 201), ("/epcis/capture", 202)):
        content = paths[path]["post"]["requestBody"]["content"]
        answer = client.post(path, json=content["application/json"]["schema"]["examples"][0])
        assert answer.status_code == status, answer.text


LONG = f"https://partner.example/{'x' * 1500}"


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"eventID": LONG}, "eventID"),
        ({"epcList": ["urn:example:1", LONG]}, "epcList[1]"),
        ({"quantityList": [{"epcClass": LONG}]}, "quantityList[0].epcClass"),
        ({"readPoint": {"id": LONG}}, "readPoint.id"),
        ({"bizLocation": {"id": LONG}}, "bizLocation.id"),
        ({"sourceList": [{"type": "location", "source": LONG}]}, "sourceList[0]"),
        ({"destinationList": [{"type": "location", "destination": LONG}]}, "destinationList[0]"),
    ],
)
def test_an_identifier_that_no_index_holds_is_refused_by_its_path(
    client: TestClient, more: Json, path: str
) -> None:
    body = document(seen(1), seen(2, **more))
    answer = client.post("/epcis/capture", json=body)
    assert answer.status_code == 400
    assert f"epcisBody.eventList[1].{path}" in answer.text
    assert client.post("/epcis/events", json=single(seen(2, **more))).status_code == 400
    assert job_of(client, body, PROCEED)["errors"]
    assert count(client) == 1


def test_the_longest_identifiers_that_are_taken_fit_every_index(client: TestClient) -> None:
    draw = random.Random(1)  # noqa: S311 - no secret

    def longest(begin: str) -> str:
        # Of letters drawn at random: PostgreSQL would make repeated ones short.
        return begin + "".join(
            draw.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=1500 - len(begin))
        )

    names = {
        name: longest(f"https://partner.example/{name}/") for name in ("a", "b", "c", "d", "e")
    }
    event = seen(
        1,
        eventID=longest("urn:example:"),
        action="ADD",
        epcList=[names["a"]],
        quantityList=[{"epcClass": names["b"]}],
        readPoint={"id": names["c"]},
        bizLocation={"id": names["d"]},
        sourceList=[{"type": "location", "source": names["e"]}],
        certificationInfo="https://certificates.example/"
        + "".join(chr(draw.randint(0x1F300, 0x1F5FF)) for _ in range(210)),
    )
    assert job_of(client, document(event))["success"]
    assert count(client) == 1
