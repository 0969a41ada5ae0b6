"""What clients stumble on that know the standard, but not this server."""

import gzip
import json
from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode
from xml.etree.ElementTree import Element, fromstring

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from park.assets import Park
from tests.support.epcis_api import FARM, GS1, Json, document, epcis_services, listed, seen

JSON = {"Content-Type": "application/json"}
EXTENSIONS = {"GS1-Extensions": f"farm={FARM['farm']}"}
RUN = "urn:epc:id:gdti:9521321.00003.7"
RUN_LINK = "https://id.gs1.org/253/95213210000327"
CERTIFICATE = "https://certificates.example.org/253/95213210000327"


@pytest.fixture(scope="module")
def client(
    small_park: Park, tmp_path_factory: pytest.TempPathFactory, shared_address: str
) -> Iterator[TestClient]:
    """Six events."""
    with epcis_services(small_park, tmp_path_factory.mktemp("clients"), shared_address) as services:
        client = TestClient(create_app(services), raise_server_exceptions=False)
        events = [seen(n) for n in range(4)]
        events.append(seen(4, bizStep="farm:pruning", certificationInfo=CERTIFICATE))
        events.append(_transformation(5))
        assert _captured(client, document(*events, context=[GS1, FARM]))["success"] is True
        yield client


def _transformation(number: int) -> Json:
    event = seen(number, type="TransformationEvent", transformationID=RUN)
    event["inputEPCList"] = event.pop("epcList")
    event["outputEPCList"] = ["urn:epc:id:sgtin:9521321.000003.1"]
    del event["action"]
    return event


def _captured(client: TestClient, body: Json) -> Json:
    answer = client.post("/epcis/capture", json=body)
    assert answer.status_code == 202, answer.text
    job: Json = client.get(answer.headers["location"]).json()
    return job


def _found(client: TestClient, **parameters: Any) -> list[int]:
    answer = client.get("/epcis/events", params=parameters)
    assert answer.status_code == 200, answer.text
    return [int(event["eventID"][-12:]) for event in listed(answer.json())]


# Bodies


@pytest.mark.parametrize("coding", ["gzip", "br", "gzip, identity"])
@pytest.mark.parametrize("path", ["capture", "events", "queries"])
def test_coded_bodies_are_refused_by_their_coding(
    client: TestClient, path: str, coding: str
) -> None:
    body = gzip.compress(json.dumps(document(seen(0))).encode())
    headers = {**JSON, "Content-Encoding": coding}
    answer = client.post(f"/epcis/{path}", content=body, headers=headers)
    assert answer.status_code == 415
    assert answer.json()["type"] == "epcisException:UnsupportedMediaTypeException"
    assert answer.headers["accept-encoding"] == "identity"


def test_a_byte_order_mark_and_a_coding_of_none_do_no_harm(client: TestClient) -> None:
    body = BOM_UTF8 + json.dumps(document(seen(0))).encode()
    headers = {**JSON, "Content-Encoding": "identity"}
    assert client.post("/epcis/capture", content=body, headers=headers).status_code == 202


@pytest.mark.parametrize(
    ("number", "quantity"), [(5001, 1e16), (5002, 1e308), (5003, 12345678901234567890123456789)]
)
def test_masses_larger_than_databases_add_up_are_captured(
    client: TestClient, number: int, quantity: float
) -> None:
    lot = {"epcClass": "urn:epc:class:lgtin:9521321.000002.A", "quantity": quantity, "uom": "KGM"}
    event = seen(number, eventTime="2024-01-01T00:00:00Z", quantityList=[lot, lot])
    assert _captured(client, document(event))["success"] is True


# Identifiers in any form


@pytest.mark.parametrize("run", [RUN, RUN_LINK, f"https://farm.example.org/{RUN_LINK[19:]}"])
def test_transformations_are_found_in_any_form_of_their_id(client: TestClient, run: str) -> None:
    assert _found(client, EQ_transformationID=run) == [5]


@pytest.mark.parametrize("certificate", [CERTIFICATE, RUN_LINK, RUN])
def test_certificates_are_found_in_any_form_of_their_id(
    client: TestClient, certificate: str
) -> None:
    assert _found(client, EQ_certificationInfo=certificate) == [4]


def test_words_are_listed_under_the_prefixes_of_the_client(client: TestClient) -> None:
    plain = client.get("/epcis/bizSteps").json()
    assert {"https://farm.example.org/voc/pruning", "shipping"} < set(plain["member"])
    named = client.get("/epcis/bizSteps", headers=EXTENSIONS).json()
    assert {"farm:pruning", "shipping"} < set(named["member"])
    assert named["@context"] == [GS1, FARM]
    first = client.get("/epcis/bizSteps/farm:pruning/events", headers=EXTENSIONS)
    assert len(listed(first.json())) == 1


@pytest.mark.parametrize(
    "lot",
    [
        "urn:epc:class:lgtin:9521321.000002.LOT7",
        "https://id.gs1.org/01/09521321000025/10/LOT7",
        "https%3A%2F%2Fid.gs1.org%2F01%2F09521321000025%2F10%2FLOT7",
    ],
)
def test_lots_are_looked_up_as_epcs_are(client: TestClient, lot: str) -> None:
    harvest = {"epcClass": "urn:epc:class:lgtin:9521321.000002.LOT7", "quantity": 3, "uom": "KGM"}
    event = seen(7001, eventTime="2022-01-01T00:00:00Z", epcList=[], quantityList=[harvest])
    _captured(client, document(event))
    assert client.get(f"/epcis/epcs/{lot}").json()["member"] == ["events"]
    answer = client.get(f"/epcis/epcs/{lot}/events?EQ_bizStep=shipping")
    assert [each["eventID"] for each in listed(answer.json())] == [event["eventID"]]


@pytest.mark.parametrize("form", [{}, {"GS1-EPC-Format": "Never_Translates"}])
def test_words_captured_as_urns_are_bare_in_json(client: TestClient, form: dict[str, str]) -> None:
    event = seen(
        6001,
        eventTime="2023-01-01T00:00:00Z",
        bizStep="urn:epcglobal:cbv:bizstep:shipping",
        disposition="urn:epcglobal:cbv:disp:in_transit",
    )
    _captured(client, document(event))
    address = f"/epcis/events/{event['eventID']}"
    (found,) = listed(client.get(address, headers=form).json())
    assert (found["bizStep"], found["disposition"]) == ("shipping", "in_transit")
    assert found["epcList"] == event["epcList"]
    xml = client.get(
        address, headers={"Accept": "application/xml", "GS1-CBV-XML-Format": "Never_Translates"}
    )
    assert "urn:epcglobal:cbv:bizstep:shipping" in xml.text


# Pages


@pytest.mark.parametrize(
    "other",
    [
        {"EQ_bizStep": "storing"},
        {"orderBy": "recordTime"},
        {"orderDirection": "ASC"},
        {"GE_eventTime": "2025-01-01T00:00:00Z"},
        {"EQ_bizStep": "shipping", "EQ_action": "OBSERVE"},
    ],
)
def test_a_token_is_of_its_query(client: TestClient, other: dict[str, str]) -> None:
    asked = {"EQ_bizStep": "shipping", "perPage": "2"}
    address = client.get("/epcis/events", params=asked).links["next"]["url"]
    token = address.partition("nextPageToken=")[2]
    again = {"perPage": "1", "EQ_bizStep": "urn:epcglobal:cbv:bizstep:shipping"}
    ours = client.get(f"/epcis/events?{urlencode(again)}&nextPageToken={token}")
    assert ours.status_code == 200
    answer = client.get(f"/epcis/events?{urlencode(other)}&nextPageToken={token}")
    assert answer.status_code == 400
    assert answer.json()["type"] == "epcisException:QueryParameterException"


@pytest.mark.parametrize("path", ["events", "eventTypes/ObjectEvent/events", "epcs", "capture"])
def test_a_token_of_nothing_is_the_first_page(client: TestClient, path: str) -> None:
    answer = client.get(f"/epcis/{path}?perPage=1&nextPageToken=")
    assert answer.status_code == 200, answer.text
    assert "next" in answer.links or path == "capture"


# Clients that speak XML only

ONLY_XML = {"Accept": "application/xml"}
_XMLNS = "{urn:epcglobal:epcis:xsd:2}"
_OURS = "{https://agripark.example/epcis/}"


def _root(content: bytes) -> Element:
    return fromstring(content)  # noqa: S314 - we wrote it ourselves


def test_a_job_in_xml_tells_what_became_of_every_event(client: TestClient) -> None:
    taken = seen(0, bizStep="receiving")
    answer = client.post(
        "/epcis/capture",
        json=document(taken),
        headers={**ONLY_XML, "GS1-Capture-Error-Behaviour": "proceed"},
    )
    assert answer.status_code == 202
    answer = client.get(answer.headers["location"], headers=ONLY_XML)
    assert answer.headers["content-type"].startswith("application/xml")
    job = _root(answer.content)
    assert job.tag == f"{_XMLNS}EPCISCaptureJob"
    assert (job.get("running"), job.get("success")) == ("false", "false")
    assert job.get("captureID")
    assert [child.tag for child in job] == [
        "captureErrorBehaviour",
        "createdAt",
        "finishedAt",
        "errors",
    ]
    assert job.findtext("captureErrorBehaviour") == "proceed"
    (error,) = job.findall("errors/error")
    assert [child.tag for child in error] == [
        "type",
        "title",
        "status",
        "detail",
        f"{_OURS}code",
        f"{_OURS}path",
    ]
    assert error.findtext("type") == "epcisException:ResourceAlreadyExistsException"
    assert error.findtext(f"{_OURS}path") == "epcisBody.eventList[0]"


def test_a_job_without_errors_has_no_list_of_them_in_xml(client: TestClient) -> None:
    answer = client.post("/epcis/capture", json=document(seen(0)))
    job = _root(client.get(answer.headers["location"], headers=ONLY_XML).content)
    assert job.get("success") == "true"
    assert [child.tag for child in job] == ["captureErrorBehaviour", "createdAt", "finishedAt"]


@pytest.mark.parametrize("accept", ["application/xml", "text/xml", "application/problem+xml"])
def test_problems_are_in_xml_for_who_takes_nothing_else(client: TestClient, accept: str) -> None:
    answer = client.post("/epcis/capture", json=document({}), headers={"Accept": accept})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+xml"
    problem = _root(answer.content)
    assert problem.tag == f"{_XMLNS}EPCISException"
    assert problem.findtext("type") == "epcisException:ValidationException"
    assert problem.findtext("status") == "400"
    own = [child.tag for child in problem if child.tag.startswith("{")]
    assert own == [f"{_OURS}errors"] * len(own)
    assert problem.findtext(f"{_OURS}errors/{_OURS}path")
    either = client.get("/epcis/events/none", headers={"Accept": f"{accept}, */*;q=0.1"})
    assert either.headers["content-type"] == "application/problem+json"


# Questions that are too large


@pytest.mark.parametrize("most", [2**53, 2**63, 10**30])
def test_a_count_beyond_all_counting_limits_nothing(client: TestClient, most: int) -> None:
    assert 5 in _found(client, maxEventCount=most)
    assert 5 in _found(client, orderBy="eventTime", eventCountLimit=most)


def test_a_query_that_is_too_complex_is_refused_by_its_name(client: TestClient) -> None:
    query = {"@context": FARM, **{f"EQ_farm:f{n}": ["1"] for n in range(1500)}}
    answer = client.post("/epcis/queries", json={"name": "all", "query": query})
    assert answer.status_code == 413
    assert answer.json()["type"] == "epcisException:QueryTooComplexException"


def test_a_list_as_long_as_is_read_is_answered(client: TestClient) -> None:
    ids = [seen(n)["eventID"] for n in range(1000)]
    query = {"EQ_eventID": ids, "orderDirection": "ASC"}
    client.post("/epcis/queries", json={"name": "known", "query": query})
    answer = client.get("/epcis/queries/known/events")
    assert answer.status_code == 200
    assert [event["eventID"] for event in listed(answer.json())] == ids[:6]
