"""Queries over events and top-level resources under `/epcis`."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from park.assets import Park
from tests.support.epcis_api import FARM, GS1, PLACE, Json, document, epcis_services, listed, seen

HASHED = "ni:///sha-256;" + "ab" * 32 + "?ver=CBV2.0"
LINK = "https://id.gs1.org/01/09521321000025/21/3"
URN = "urn:epc:id:sgtin:9521321.000002.3"


@pytest.fixture(scope="module")
def client(
    small_park: Park, tmp_path_factory: pytest.TempPathFactory, shared_address: str
) -> Iterator[TestClient]:
    """Thirty events; don't capture more through it."""
    with epcis_services(small_park, tmp_path_factory.mktemp("epcis"), shared_address) as services:
        client = TestClient(create_app(services), raise_server_exceptions=False)
        events = [seen(n, bizStep="receiving" if n % 3 else "shipping") for n in range(28)]
        events.append(seen(28, eventID=HASHED, **{"farm:row": "7", "farm:trees": 12}))
        events.append(
            seen(29, eventID="https://farm.example.org/events/29", bizStep="farm:pruning")
        )
        answer = client.post("/epcis/capture", json=document(*events, context=[GS1, FARM]))
        assert client.get(answer.headers["location"]).json()["success"] is True
        yield client


def ids(answer: Json) -> list[str]:
    return [event["eventID"] for event in listed(answer)]


def test_a_page_has_thirty_events_and_the_last_has_no_link(client: TestClient) -> None:
    answer = client.get("/epcis/events")
    assert answer.status_code == 200
    assert len(listed(answer.json())) == 30
    assert "link" not in answer.headers
    assert "GS1-Next-Page-Token-Expires" not in answer.headers


def test_pages_follow_each_other(client: TestClient) -> None:
    found: list[str] = []
    address = "/epcis/events?perPage=7&GE_eventTime=2025-03-01T00:00:00%2B00:00&orderDirection=ASC"
    pages = 0
    while address:
        answer = client.get(address)
        assert answer.status_code == 200, answer.text
        found += ids(answer.json())
        pages += 1
        address = answer.links.get("next", {}).get("url", "")
        assert not address or address.startswith("http://testserver/epcis/events?perPage=7&")
    assert pages == 5
    assert len(set(found)) == len(found) == 30


def test_documents_have_the_standards_form(client: TestClient) -> None:
    body = client.get("/epcis/events?perPage=1").json()
    assert body["type"] == "EPCISQueryDocument"
    assert body["schemaVersion"] == "2.0"
    assert body["@context"] == [GS1, FARM]
    assert body["epcisBody"]["queryResults"]["queryName"] == "SimpleEventQuery"
    assert "@context" not in listed(body)[0]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("EQ_bizStep=shipping", 11),
        ("EQ_bizStep=shipping%7Creceiving", 29),
        ("EQ_bizStep=urn:epcglobal:cbv:bizstep:shipping", 11),
        (f"MATCH_epc={quote(URN, safe='')}", 1),
        (f"MATCH_epc={quote(LINK, safe='')}", 1),
        ("EQ_farm:row=7", 1),
        ("GE_farm:trees=12", 1),
        ("EXISTS_farm:row=true", 1),
        ("eventType=AggregationEvent", 0),
        ("eventType=ObjectEvent&EQ_action=OBSERVE", 30),
    ],
)
def test_parameters_of_the_standard(client: TestClient, query: str, count: int) -> None:
    headers = {"GS1-Extensions": "farm=https://farm.example.org/voc/"}
    answer = client.get(f"/epcis/events?{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    assert len(listed(answer.json())) == count


@pytest.mark.parametrize(
    "query",
    [
        "EQ_bizstep=shipping",
        "nonsense=1",
        "GE_eventTime=yesterday",
        "perPage=0",
        "perPage=many",
        "nextPageToken=nonsense",
        "EQ_action=SEEN",
        "EQ_bizStep=%00",
    ],
)
def test_parameters_that_cant_be_used(client: TestClient, query: str) -> None:
    answer = client.get(f"/epcis/events?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "epcisException:QueryParameterException"


def test_more_than_is_allowed_is_too_large(client: TestClient) -> None:
    answer = client.get("/epcis/events?maxEventCount=5")
    assert answer.status_code == 413
    assert answer.json()["type"] == "epcisException:QueryTooLargeException"


def test_an_address_without_end_is_too_long(client: TestClient) -> None:
    answer = client.get("/epcis/events?EQ_bizStep=" + "x" * 9_000)
    assert answer.status_code == 414
    assert answer.json()["type"] == "epcisException:URITooLongException"


@pytest.mark.parametrize(
    "address",
    [
        quote(HASHED, safe=""),
        HASHED,
        HASHED.replace("?", "%3F"),
        quote(HASHED, safe=":/;"),
        "https://farm.example.org/events/29",
        quote("https://farm.example.org/events/29", safe=""),
        "urn:uuid:00000000-0000-4000-8000-000000000003",
    ],
)
def test_an_event_is_found_by_its_id_encoded_or_not(client: TestClient, address: str) -> None:
    answer = client.get(f"/epcis/events/{address}")
    assert answer.status_code == 200, answer.text
    assert len(listed(answer.json())) == 1
    assert client.options(f"/epcis/events/{address}").status_code == 204


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
@pytest.mark.parametrize(
    "address",
    [
        "events/urn:uuid:none",
        "eventTypes/QuantityEvent",
        "eventTypes/QuantityEvent/events",
        "epcs/urn:epc:id:sgtin:9521321.000002.999",
        "bizSteps/nothing/events",
        "dispositions/urn:epcglobal:cbv:disp:gone",
        "readPoints/nowhere",
        "bizLocations/nowhere/events",
        "queries/none",
        "queries/none/events",
        "queries/none/subscriptions",
        "queries/none/subscriptions/none",
        "capture/none",
        "nothing",
    ],
)
def test_what_isnt_there(client: TestClient, method: str, address: str) -> None:
    answer = client.request(method, f"/epcis/{address}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "epcisException:NoSuchResourceException"


def test_the_root_lists_what_there_is(client: TestClient) -> None:
    for address in ("/epcis", "/epcis/"):
        body = client.get(address).json()
        assert body["type"] == "Collection"
        for name in body["member"]:
            assert client.get(f"/epcis/{name}").status_code == 200, name
            assert client.options(f"/epcis/{name}").status_code == 204, name


PRUNING = "https://farm.example.org/voc/pruning"


@pytest.mark.parametrize(
    ("resource", "members", "count"),
    [
        ("eventTypes", ["ObjectEvent"], 5),
        ("bizSteps", [PRUNING, "receiving", "shipping"], 42),
        ("dispositions", ["in_transit"], 33),
        ("readPoints", ["https://id.gs1.org/414/9521321000018"], 1),
        ("bizLocations", [], 0),
    ],
)
def test_members_of_a_resource(
    client: TestClient, resource: str, members: list[str], count: int
) -> None:
    body = client.get(f"/epcis/{resource}").json()
    assert (body["@context"], body["type"]) == (GS1, "Collection")
    assert len(body["member"]) == count
    assert set(members) <= set(body["member"])
    for member in members:
        for each in (member, quote(member, safe="")):
            assert client.get(f"/epcis/{resource}/{each}").json()["member"] == ["events"]
            assert listed(client.get(f"/epcis/{resource}/{each}/events").json())


@pytest.mark.parametrize(
    "member",
    ["eventTypes/TransformationEvent", "bizSteps/void_shipping", "dispositions/cbv:Disp-stolen"],
)
def test_what_the_standard_has_is_there_without_events(client: TestClient, member: str) -> None:
    assert client.get(f"/epcis/{member}").json()["member"] == ["events"]
    answer = client.get(f"/epcis/{member}/events")
    assert answer.status_code == 200
    assert listed(answer.json()) == []


@pytest.mark.parametrize(("resource", "count"), [("epcs", 30), ("bizSteps", 42)])
def test_members_are_paged(client: TestClient, resource: str, count: int) -> None:
    found: list[str] = []
    address = f"/epcis/{resource}?perPage=8"
    while address:
        answer = client.get(address)
        found += answer.json()["member"]
        address = answer.links.get("next", {}).get("url", "")
    assert len(found) == len(set(found)) == count
    assert found == sorted(found)


@pytest.mark.parametrize("epc", [URN, LINK, quote(URN, safe=""), quote(LINK, safe="")])
def test_events_of_an_epc_in_either_form(client: TestClient, epc: str) -> None:
    answer = client.get(f"/epcis/epcs/{epc}/events")
    assert ids(answer.json()) == ["urn:uuid:00000000-0000-4000-8000-000000000003"]
    assert client.get(f"/epcis/epcs/{epc}").status_code == 200


def test_a_resource_and_a_parameter_must_both_fit(client: TestClient) -> None:
    place = f"/epcis/readPoints/{PLACE}/events"
    assert len(listed(client.get(f"{place}?EQ_bizStep=shipping").json())) == 11
    assert listed(client.get("/epcis/bizSteps/shipping/events?EQ_bizStep=receiving").json()) == []
    assert client.get(f"{place}?nonsense=1").status_code == 400


def test_a_word_in_any_form_is_the_same_resource(client: TestClient) -> None:
    for word in ("shipping", "urn:epcglobal:cbv:bizstep:shipping", "cbv:BizStep-shipping"):
        assert len(listed(client.get(f"/epcis/bizSteps/{word}/events").json())) == 11
    headers = {"GS1-Extensions": "farm=https://farm.example.org/voc/"}
    answer = client.get("/epcis/bizSteps/farm:pruning/events", headers=headers)
    assert len(listed(answer.json())) == 1


@pytest.mark.parametrize(
    ("asked", "said", "epc"),
    [
        (None, "Never_Translates", URN),
        ("Never_Translates", "Never_Translates", URN),
        ("Always_GS1_Digital_Link", "Always_GS1_Digital_Link", LINK),
        ("No_Preference", "Always_GS1_Digital_Link", LINK),
        ("Always_EPC_URN", "Always_EPC_URN", URN),
        ("always_epc_urn", "Always_EPC_URN", URN),
    ],
)
def test_identifiers_come_in_the_form_that_is_asked_for(
    client: TestClient, asked: str | None, said: str, epc: str
) -> None:
    headers = {} if asked is None else {"GS1-EPC-Format": asked}
    answer = client.get(f"/epcis/epcs/{URN}/events", headers=headers)
    assert answer.headers["GS1-EPC-Format"] == said
    (event,) = listed(answer.json())
    assert event["epcList"] == [epc]


def test_members_come_as_urns_too(client: TestClient) -> None:
    headers = {"GS1-EPC-Format": "Always_EPC_URN"}
    assert URN in client.get("/epcis/epcs", headers=headers).json()["member"]
    assert "shipping" in client.get("/epcis/bizSteps", headers=headers).json()["member"]


@pytest.mark.parametrize(
    "headers",
    [
        {"GS1-EPC-Format": "whatever"},
        {"GS1-Extensions": "nonsense"},
        {"GS1-Extensions": "{"},
        {"GS1-Extensions": '{"a": 1}'},
        {"GS1-EPCIS-Version": "two"},
    ],
)
def test_headers_that_cant_be_read(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.get("/epcis/events", headers=headers)
    assert answer.status_code == 400
    assert answer.json()["type"] == "epcisException:ValidationException"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"GS1-EPCIS-Version": "2.0"}, 200),
        ({"GS1-EPCIS-Version": "2"}, 200),
        ({"GS1-EPCIS-Version": "2.0.1"}, 200),
        ({"GS1-EPCIS-Min": "1.2", "GS1-EPCIS-Max": "2.0"}, 200),
        ({"GS1-CBV-Version": "2.0", "GS1-CBV-Min": "1.2"}, 200),
        ({"GS1-EPCIS-Version": "1.2"}, 406),
        ({"GS1-EPCIS-Max": "1.2"}, 406),
        ({"GS1-EPCIS-Min": "3.0"}, 406),
        ({"GS1-CBV-Version": "1.2"}, 406),
    ],
)
def test_versions(client: TestClient, headers: dict[str, str], status: int) -> None:
    answer = client.get("/epcis/events?perPage=1", headers=headers)
    assert answer.status_code == status
    if status == 406:
        assert answer.json()["type"] == "epcisException:NotAcceptableException"
        assert answer.headers["GS1-EPCIS-Max"] == "2.0"
    else:
        assert answer.headers["GS1-EPCIS-Version"] == "2.0"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json", "application/json"),
        ("application/ld+json", "application/ld+json"),
        ("*/*", "application/json"),
        ("application/*;q=0.1", "application/json"),
        ("text/html, application/ld+json;q=0.5", "application/ld+json"),
    ],
)
def test_the_media_type_is_negotiated(client: TestClient, accept: str, kind: str) -> None:
    answer = client.get("/epcis/events?perPage=1", headers={"Accept": accept})
    assert answer.headers["content-type"] == kind


@pytest.mark.parametrize("path", ["events", "epcs", "capture", "queries", "", "bizSteps/shipping"])
@pytest.mark.parametrize("accept", ["text/html", "image/png", "application/json;q=0"])
def test_other_media_types_arent_to_be_had(client: TestClient, path: str, accept: str) -> None:
    answer = client.get(f"/epcis/{path}", headers={"Accept": accept})
    assert answer.status_code == 406
    assert answer.json()["type"] == "epcisException:NotAcceptableException"


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/epcis", "OPTIONS, GET"),
        ("", "OPTIONS, GET"),
        ("capture", "OPTIONS, GET, POST"),
        ("events", "OPTIONS, GET, POST"),
        (f"events/{HASHED}", "OPTIONS, GET"),
        ("eventTypes", "OPTIONS, GET"),
        ("eventTypes/ObjectEvent", "OPTIONS, GET"),
        ("bizSteps/shipping/events", "OPTIONS, GET"),
        ("queries", "OPTIONS, GET, POST"),
    ],
)
def test_what_an_address_can_do(client: TestClient, path: str, allow: str) -> None:
    answer = client.options(path if path.startswith("/") else f"/epcis/{path}")
    assert answer.status_code == 204
    assert answer.content == b""
    assert answer.headers["allow"] == allow
    for kind in ("EPCIS", "CBV"):
        for what in ("Version", "Min", "Max"):
            assert answer.headers[f"GS1-{kind}-{what}"] == "2.0"
    for name in ("Vendor-Version", "Extensions", "EPC-Format", "CBV-XML-Format"):
        assert answer.headers[f"GS1-{name}"]


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("", "Always_EPC_URN"),
        ("/", "Always_EPC_URN"),
        ("/capture", "Always_EPC_URN"),
        ("/events?perPage=1", "Always_EPC_URN"),
        (f"/events/{HASHED}", "Always_EPC_URN"),
        ("/epcs", "Always_EPC_URN"),
        ("/bizSteps/shipping", "Always_EPC_URN"),
        ("/queries", "Always_EPC_URN"),
        ("/queries/none", "Always_EPC_URN"),
        ("/events?EQ_nothing=1", "Always_EPC_URN"),
        ("/epcs", "Never_Translates"),
    ],
)
def test_every_answer_says_versions_and_forms(client: TestClient, path: str, form: str) -> None:
    asked = {
        "GS1-EPC-Format": form,
        "GS1-CBV-XML-Format": "always_urn",
        "GS1-Extensions": "ex=https://ns.example.com/epcis/",
    }
    answer = client.get(f"/epcis{path}", headers=asked)
    for kind in ("EPCIS", "CBV"):
        for what in ("Version", "Min", "Max"):
            assert answer.headers[f"GS1-{kind}-{what}"] == "2.0"
    assert answer.headers["GS1-Vendor-Version"].startswith("agripark-")
    # Members are listed in one form only, if not as URNs.
    listed_as = {"Never_Translates": "Always_GS1_Digital_Link"}.get(form, form)
    assert answer.headers["GS1-EPC-Format"] == listed_as
    assert answer.headers["GS1-CBV-XML-Format"] == "Always_URN"
    assert answer.headers["GS1-Extensions"] == "ex=https://ns.example.com/epcis/"


def test_forms_that_nobody_asked_for_are_the_servers(client: TestClient) -> None:
    answer = client.get("/epcis/queries", headers={"GS1-EPC-Format": "whatever"})
    assert answer.headers["GS1-EPC-Format"] == "No_Preference"
    assert answer.headers["GS1-CBV-XML-Format"] == "No_Preference"
    assert answer.headers["GS1-Extensions"].startswith("agripark=")
    assert "GS1-EPCIS-Version" not in client.get("/healthz").headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("OPTIONS", "capture"),
        ("GET", "capture"),
        ("GET", "capture/none"),
        ("POST", "capture"),
        ("POST", "events"),
    ],
)
def test_capture_says_its_limits(client: TestClient, method: str, path: str) -> None:
    headers = client.request(method, f"/epcis/{path}").headers
    assert headers["GS1-EPCIS-Capture-Limit"] == "5000"
    assert headers["GS1-EPCIS-Capture-File-Size-Limit"] == str(16 * 1024 * 1024)


def test_capture_takes_both_behaviours(client: TestClient) -> None:
    assert client.options("/epcis/capture").headers["GS1-Capture-Error-Behaviour"] == "all"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "capture", {"GET", "POST", "OPTIONS"}),
        ("DELETE", "events", {"GET", "POST", "OPTIONS"}),
        ("POST", "epcs", {"GET", "OPTIONS"}),
        ("POST", "queries/none", {"GET", "DELETE", "OPTIONS"}),
    ],
)
def test_other_methods_arent_taken(
    client: TestClient, method: str, path: str, allowed: set[str]
) -> None:
    answer = client.request(method, f"/epcis/{path}")
    assert answer.status_code == 405
    assert answer.json()["type"] == "epcisException:ImplementationException"
    assert set(answer.headers["allow"].split(", ")) >= allowed


def test_page_tokens_hold_nothing_to_be_released(client: TestClient) -> None:
    answer = client.delete("/epcis/nextPageToken/any")
    assert answer.status_code == 501
    assert answer.json()["type"] == "epcisException:ImplementationException"


def test_a_browser_gets_problems_as_json_too(client: TestClient) -> None:
    answer = client.get("/epcis/events/none", headers={"Accept": "text/html,*/*;q=0.8"})
    assert answer.headers["content-type"] == "application/problem+json"
