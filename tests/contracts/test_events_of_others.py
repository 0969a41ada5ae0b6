"""Events of types that the standard doesn't have, from capture to the answers."""

from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from park.assets import Park
from tests.support.epcis_api import FARM, GS1, Json, document, epcis_services, listed, seen, single

TYPE = "https://farm.example.org/voc/Weighing"
PREFIXES = {"GS1-Extensions": "f=https://farm.example.org/voc/"}
XML = {"Accept": "application/xml"}


def weighed(number: int, **fields: object) -> Json:
    """A crate was weighed; without an action, which this type doesn't have."""
    event = seen(number, **{"type": "farm:Weighing", "farm:gross": 12.5, **fields})
    del event["action"]
    return event


@pytest.fixture(scope="module")
def client(
    small_park: Park, tmp_path_factory: pytest.TempPathFactory, shared_address: str
) -> Iterator[TestClient]:
    """A crate that was seen and weighed; don't capture more through it."""
    with epcis_services(small_park, tmp_path_factory.mktemp("e"), shared_address) as services:
        client = TestClient(create_app(services), raise_server_exceptions=False)
        events = [seen(1), weighed(2, **{"farm:row": "7"}), weighed(3, type=TYPE)]
        answer = client.post("/epcis/capture", json=document(*events, context=[GS1, FARM]))
        assert client.get(answer.headers["location"]).json()["success"] is True
        yield client


@pytest.mark.parametrize(
    ("query", "count"),
    [
        (f"eventType={TYPE}", 2),
        ("eventType=f:Weighing", 2),
        ("EQ_eventType=f:Weighing|ObjectEvent", 3),
        ("eventType=epcis:ObjectEvent", 1),
        ("eventType=f:Weighing&EQ_bizStep=shipping&GE_f:gross=12&EQ_f:row=7", 1),
        ("MATCH_anyEPC=urn:epc:id:sgtin:9521321.000002.2", 1),
        ("EQ_action=OBSERVE", 1),
    ],
)
def test_parameters_ask_for_them(client: TestClient, query: str, count: int) -> None:
    answer = client.get(f"/epcis/events?{query}", headers=PREFIXES)
    assert answer.status_code == 200, answer.text
    assert len(listed(answer.json())) == count


def test_they_are_a_resource(client: TestClient) -> None:
    assert client.get("/epcis/eventTypes").json()["member"][-1] == TYPE
    listing = client.get("/epcis/eventTypes", headers=PREFIXES).json()
    assert listing["member"][-1] == "f:Weighing"
    for name in ("f:Weighing", TYPE, quote(TYPE, safe="")):
        answer = client.get(f"/epcis/eventTypes/{name}/events", headers=PREFIXES)
        assert len(listed(answer.json())) == 2, name
    assert client.get("/epcis/eventTypes/f:Washing", headers=PREFIXES).status_code == 404


def test_what_comes_out_in_json_and_xml_goes_in_again(
    client: TestClient, small_park: Park, tmp_path_factory: pytest.TempPathFactory
) -> None:
    as_json = client.get("/epcis/events").json()
    as_xml = client.get("/epcis/events", headers=XML)
    assert [event["type"] for event in listed(as_json)] == [TYPE, "farm:Weighing", "ObjectEvent"]
    with epcis_services(small_park, tmp_path_factory.mktemp("again")) as services:
        other = TestClient(create_app(services), raise_server_exceptions=False)
        answer = other.post(
            "/epcis/capture", content=as_xml.content, headers={"Content-Type": "application/xml"}
        )
        assert answer.status_code == 202, answer.text
        assert len(listed(other.get(f"/epcis/eventTypes/{TYPE}/events").json())) == 2
        # The same events: known by their hashes, whichever form they came in.
        jobs = other.post("/epcis/capture", json=as_json).headers["location"]
        assert other.get(jobs).json()["success"] is True
        assert len(listed(other.get("/epcis/events").json())) == 3


def test_one_question_finds_an_extension_whatever_its_contexts_call_it(
    small_park: Park, tmp_path_factory: pytest.TempPathFactory, new_address: Callable[[], str]
) -> None:
    farm = "https://farm.example.org/voc/"
    named = {
        "a:colour": {"a": farm},
        "b:colour": {"b": f"{farm}"},
        f"{farm}colour": {},
        "colour": {"colour": {"@id": f"{farm}colour"}},
    }
    events = [
        seen(number, **{"@context": [context], name: "red"})
        for number, (name, context) in enumerate(named.items())
    ]
    with epcis_services(small_park, tmp_path_factory.mktemp("x"), new_address()) as services:
        client = TestClient(create_app(services), raise_server_exceptions=False)
        answer = client.post("/epcis/capture", json=document(*events))
        assert client.get(answer.headers["location"]).json()["success"] is True
        for name in ("f:colour", quote(f"{farm}colour", safe="")):
            answer = client.get(f"/epcis/events?EQ_{name}=red", headers=PREFIXES)
            assert len(listed(answer.json())) == len(named)
        again = client.get("/epcis/events", headers=XML).content
        with epcis_services(small_park, tmp_path_factory.mktemp("y")) as others:
            other = TestClient(create_app(others), raise_server_exceptions=False)
            other.post("/epcis/capture", content=again, headers={"Content-Type": "text/xml"})
            answer = other.get("/epcis/events?EQ_f:colour=red", headers=PREFIXES)
            assert len(listed(answer.json())) == len(named)


def test_large_numbers_come_back(
    small_park: Park, tmp_path_factory: pytest.TempPathFactory, new_address: Callable[[], str]
) -> None:
    numbers = [1e16, 2**53, 10**20, 1e21, 5e-324, -1.5e300]
    with epcis_services(small_park, tmp_path_factory.mktemp("n"), new_address()) as services:
        client = TestClient(create_app(services), raise_server_exceptions=False)
        body = document(seen(1, **{"farm:n": numbers}), context=[GS1, FARM, {"x": 1e17}])
        assert client.post("/epcis/capture", json=body).status_code == 202
        (event,) = listed(client.get("/epcis/events").json())
        assert event["farm:n"] == numbers
        assert client.get("/epcis/events", headers=XML).status_code == 200
        assert client.post("/epcis/events", json=single(event, [GS1, FARM])).status_code == 409


def test_the_same_event_again_is_a_duplicate(client: TestClient) -> None:
    written_out = weighed(2, **{f"{FARM['farm']}row": "7"}) | {"type": TYPE}
    answer = client.post("/epcis/events", json=single(written_out, [GS1, FARM]))
    assert answer.status_code == 409


def test_nothing_follows_from_them_for_the_lineage(client: TestClient) -> None:
    for number, status in ((1, 200), (2, 404)):
        crate = quote(f"urn:epc:id:sgtin:9521321.000002.{number}", safe="")
        assert client.get(f"/v1/provenance/{crate}").status_code == status


@pytest.mark.parametrize(
    ("kind", "hint"),
    [
        ("Weighing", "types of others need a prefix, as ex:MyEvent"),
        ("ObjectEvnt", "did you mean ObjectEvent?"),
        ("epcis:Weighing", "types of others need a prefix, as ex:MyEvent"),
        ("https://farm.example.org/voc/", "types of others need a prefix, as ex:MyEvent"),
    ],
)
def test_a_type_without_a_namespace_is_refused(client: TestClient, kind: str, hint: str) -> None:
    body = document(weighed(9, type=kind), context=[GS1, FARM])
    (error,) = client.post("/epcis/capture", json=body).json()["errors"]
    assert error["path"] == "epcisBody.eventList[0].type"
    assert error["detail"].endswith(hint)


def test_fields_of_the_standard_keep_their_form(client: TestClient) -> None:
    wrong = weighed(9, bizStep="weighing", epcList="no list", weight=3)
    body = document(wrong, context=[GS1, FARM])
    answer = client.post("/epcis/capture", json=body).json()
    assert {error["path"].split(".")[-1] for error in answer["errors"]} == {
        "bizStep",
        "epcList",
        "weight",
    }
