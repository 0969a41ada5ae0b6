"""Named queries, subscriptions and WebSockets under `/epcis`."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from api.app import create_app
from park.assets import Park
from tests.support.epcis_api import FARM, GS1, Json, document, epcis_services, listed, seen, single

SHIPMENTS = {"name": "shipments", "query": {"EQ_bizStep": ["shipping"]}}
DEST = "http://127.0.0.1:9/callback"
LIST = "/epcis/queries/shipments/subscriptions"
WATCH = "/epcis/queries/shipments/events"


@pytest.fixture
def client(small_park: Park, tmp_path: Path, migrated_address: str) -> Iterator[TestClient]:
    with epcis_services(small_park, tmp_path, migrated_address) as services:
        yield TestClient(create_app(services), raise_server_exceptions=False)


@pytest.fixture
def asked(client: TestClient) -> TestClient:
    """A client of a repository that has the query `shipments` and three events."""
    events = [seen(n, bizStep="shipping" if n < 2 else "receiving") for n in range(3)]
    assert client.post("/epcis/capture", json=document(*events)).status_code == 202
    assert client.post("/epcis/queries", json=SHIPMENTS).status_code == 201
    return client


@pytest.fixture(scope="module")
def refusing(
    small_park: Park, tmp_path_factory: pytest.TempPathFactory, shared_address: str
) -> Iterator[TestClient]:
    """A repository with the query `shipments`, for requests that change nothing."""
    folder = tmp_path_factory.mktemp("refusing")
    with epcis_services(small_park, folder, shared_address) as services:
        client = TestClient(create_app(services), raise_server_exceptions=False)
        assert client.post("/epcis/queries", json=SHIPMENTS).status_code == 201
        yield client


def test_a_query_is_made_found_and_listed(client: TestClient) -> None:
    answer = client.post("/epcis/queries", json=SHIPMENTS)
    assert answer.status_code == 201
    assert answer.headers["location"] == "http://testserver/epcis/queries/shipments"
    found = client.get(answer.headers["location"]).json()
    assert {name: found[name] for name in SHIPMENTS} == SHIPMENTS
    assert client.get("/epcis/queries").json() == [found]


def test_a_name_may_have_any_characters(client: TestClient) -> None:
    for name in ("a/b", "with space", "发货", "50%?&#"):
        answer = client.post("/epcis/queries", json={"name": name, "query": {}})
        assert answer.status_code == 201
        assert client.get(answer.headers["location"]).json()["name"] == name
        assert client.get(f"{answer.headers['location']}/events").status_code == 200


def test_queries_are_paged(client: TestClient) -> None:
    for n in range(5):
        client.post("/epcis/queries", json={"name": f"q{n}", "query": {}})
    found: list[str] = []
    address = "/epcis/queries?perPage=2"
    while address:
        answer = client.get(address)
        found += [each["name"] for each in answer.json()]
        address = answer.links.get("next", {}).get("url", "")
    assert found == [f"q{n}" for n in range(5)]


def test_a_name_is_given_once(asked: TestClient) -> None:
    answer = asked.post("/epcis/queries", json={"name": "shipments", "query": {}})
    assert answer.status_code == 409
    assert answer.json()["type"] == "epcisException:ResourceAlreadyExistsException"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ([], "ValidationException"),
        ({}, "ValidationException"),
        ({"name": "q"}, "ValidationException"),
        ({"name": 5, "query": {}}, "ValidationException"),
        ({"name": "q", "query": "EQ_bizStep=shipping"}, "ValidationException"),
        ({"name": "", "query": {}}, "QueryParameterException"),
        ({"name": "x" * 201, "query": {}}, "QueryParameterException"),
        ({"name": "a\u0000b", "query": {}}, "QueryParameterException"),
        ({"name": "q", "query": {"EQ_bizstep": ["shipping"]}}, "QueryParameterException"),
        ({"name": "q", "query": {"GE_eventTime": "never"}}, "QueryParameterException"),
        ({"name": "q", "query": {"EQ_bizStep": [5]}}, "QueryParameterException"),
    ],
)
def test_a_query_that_cant_be_asked_is_refused(refusing: TestClient, body: Any, kind: str) -> None:
    answer = refusing.post("/epcis/queries", json=body)
    assert answer.status_code == 400
    assert answer.json()["type"] == f"epcisException:{kind}"
    assert [each["name"] for each in refusing.get("/epcis/queries").json()] == ["shipments"]


def test_the_result_of_a_query_has_its_name_and_pages(asked: TestClient) -> None:
    first = asked.get(f"{WATCH}?perPage=1")
    assert first.json()["epcisBody"]["queryResults"]["queryName"] == "shipments"
    second = asked.get(first.links["next"]["url"])
    assert "next" not in second.links
    found = [*listed(first.json()), *listed(second.json())]
    assert {event["eventID"] for event in found} == {seen(n)["eventID"] for n in range(2)}


def test_a_query_knows_its_own_size_of_a_page(asked: TestClient) -> None:
    asked.post("/epcis/queries", json={"name": "small", "query": {"perPage": 2}})
    assert len(listed(asked.get("/epcis/queries/small/events").json())) == 2
    assert len(listed(asked.get("/epcis/queries/small/events?perPage=3").json())) == 3


def test_a_result_takes_no_further_parameters(asked: TestClient) -> None:
    answer = asked.get(f"{WATCH}?EQ_action=ADD")
    assert answer.status_code == 400
    assert answer.json()["type"] == "epcisException:QueryParameterException"


@pytest.mark.parametrize("where", ["query", "beside", "header"])
def test_extensions_are_declared_in_three_places(client: TestClient, where: str) -> None:
    event = seen(1, **{"farm:row": "7"})
    client.post("/epcis/capture", json=document(event, seen(2), context=[GS1, FARM]))
    body: Json = {"name": "row", "query": {"EQ_f:row": ["7"]}}
    declared = {"f": FARM["farm"]}
    headers = {"GS1-Extensions": f"f={FARM['farm']}"} if where == "header" else {}
    if where == "query":
        body["query"]["@context"] = declared
    if where == "beside":
        body["@context"] = [GS1, declared]
    assert client.post("/epcis/queries", json=body, headers=headers).status_code == 201
    assert len(listed(client.get("/epcis/queries/row/events").json())) == 1


def test_a_query_is_removed_with_its_subscriptions(asked: TestClient) -> None:
    answer = asked.post(LIST, json={"dest": DEST, "stream": True})
    assert asked.delete("/epcis/queries/shipments").status_code == 204
    assert asked.delete("/epcis/queries/shipments").status_code == 404
    assert asked.get(answer.headers["location"]).status_code == 404
    assert asked.post("/epcis/queries", json=SHIPMENTS).status_code == 201
    assert asked.get(LIST).json() == []


def test_a_subscription_is_made_found_listed_and_removed(asked: TestClient) -> None:
    wanted = {"dest": DEST, "schedule": {"hour": "1", "minute": 5}, "reportIfEmpty": True}
    answer = asked.post(
        LIST,
        json={**wanted, "signatureToken": "s3cret", "initialRecordTime": "2025-01-01T00:00:00Z"},
    )
    assert answer.status_code == 201
    made = answer.json()
    assert "s3cret" not in answer.text
    assert made["schedule"] == {"hour": "1", "minute": "5"}
    assert made["queryName"] == "shipments"
    assert made["initialRecordTime"] == "2025-01-01T00:00:00.000Z"
    assert made["epcFormat"] == "Never_Translates"
    assert "stream" not in made
    location = answer.headers["location"]
    assert location.endswith(f"{LIST}/{made['subscriptionID']}")
    assert asked.get(location).json() == made
    assert asked.get(LIST).json() == [made]
    assert asked.options(location).headers["allow"] == "OPTIONS, GET, DELETE"
    assert asked.options(LIST).headers["allow"] == "OPTIONS, GET, POST"
    assert asked.delete(location).status_code == 204
    assert asked.get(location).status_code == 404
    assert asked.delete(location).status_code == 404


def test_a_subscription_belongs_to_its_query(asked: TestClient) -> None:
    made = asked.post(LIST, json={"dest": DEST, "stream": True}).json()
    asked.post("/epcis/queries", json={"name": "other", "query": {}})
    answer = asked.get(f"/epcis/queries/other/subscriptions/{made['subscriptionID']}")
    assert answer.status_code == 404


def test_subscriptions_are_paged(asked: TestClient) -> None:
    made = [
        asked.post(LIST, json={"dest": DEST, "stream": True}).json()["subscriptionID"]
        for _ in range(3)
    ]
    first = asked.get(f"{LIST}?perPage=2")
    second = asked.get(first.links["next"]["url"])
    found = [each["subscriptionID"] for each in (*first.json(), *second.json())]
    assert found == made


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"stream": True}, "ValidationException"),
        ({"dest": DEST, "stream": "perhaps"}, "ValidationException"),
        ({"dest": DEST, "stream": True, "signatureToken": ""}, "ValidationException"),
        ({"dest": DEST, "stream": True, "initialRecordTime": "soon"}, "ValidationException"),
        ({"dest": DEST}, "SubscriptionControlsException"),
        ({"dest": DEST, "stream": False}, "SubscriptionControlsException"),
        ({"dest": DEST, "schedule": {}}, "SubscriptionControlsException"),
        ({"dest": DEST, "schedule": {"hour": "24"}}, "SubscriptionControlsException"),
        (
            {"dest": DEST, "schedule": {"hour": "1"}, "stream": True},
            "SubscriptionControlsException",
        ),
        *(
            ({"dest": dest, "stream": True}, "SubscriptionControlsException")
            for dest in ("", "file:///etc/passwd", "127.0.0.1:80", "http://", "http://h:99999/")
        ),
    ],
)
def test_a_subscription_that_cant_be_made_is_refused(
    refusing: TestClient, body: Json, kind: str
) -> None:
    answer = refusing.post(LIST, json=body)
    assert answer.status_code == 400
    assert answer.json()["type"] == f"epcisException:{kind}"
    assert refusing.get(LIST).json() == []


@pytest.fixture(scope="module")
def open_server(
    small_park: Park, tmp_path_factory: pytest.TempPathFactory, new_address: Callable[[], str]
) -> Iterator[TestClient]:
    """A repository that anybody can reach."""
    folder = tmp_path_factory.mktemp("open")
    with epcis_services(small_park, folder, new_address(), api_host="0.0.0.0") as services:  # noqa: S104 - nothing listens
        client = TestClient(create_app(services), raise_server_exceptions=False)
        assert client.post("/epcis/queries", json=SHIPMENTS).status_code == 201
        yield client


@pytest.mark.parametrize(
    "dest",
    [
        "http://127.0.0.1/",
        "http://localhost:8000/",
        "http://[::1]/",
        "http://10.1.2.3/",
        "http://169.254.169.254/latest/",
        "http://[::ffff:192.168.0.1]/",
        "http://0.0.0.0/",
    ],
)
def test_an_open_server_sends_to_nobody_inside(open_server: TestClient, dest: str) -> None:
    answer = open_server.post(LIST, json={"dest": dest, "stream": True})
    assert answer.status_code == 400
    assert answer.json()["type"] == "epcisException:SubscriptionControlsException"
    outside = {"dest": "https://client.example.com/callback", "stream": True}
    assert open_server.post(LIST, json=outside).status_code == 201


def test_a_websocket_gets_what_is_captured_from_now_on(asked: TestClient) -> None:
    with asked.websocket_connect(f"{WATCH}?stream=true") as socket:
        asked.post("/epcis/events", json=single(seen(10)))
        message = socket.receive_json()
        assert [event["eventID"] for event in listed(message)] == [seen(10)["eventID"]]
        assert message["epcisBody"]["queryResults"]["queryName"] == "shipments"
        asked.post("/epcis/events", json=single(seen(11, bizStep="receiving")))
        asked.post("/epcis/events", json=single(seen(12)))
        found = [event["eventID"] for event in listed(socket.receive_json())]
        assert found == [seen(12)["eventID"]]


def test_a_websocket_gets_what_was_captured_before_if_it_says_so(asked: TestClient) -> None:
    address = f"{WATCH}?stream=true&initialRecordTime=2020-01-01T00:00:00%2B00:00"
    headers = {"GS1-EPC-Format": "Always_GS1_Digital_Link"}
    with asked.websocket_connect(address, headers=headers) as socket:
        found = listed(socket.receive_json())
    assert [event["eventID"] for event in found] == [seen(n)["eventID"] for n in range(2)]
    assert found[0]["epcList"] == ["https://id.gs1.org/01/09521321000025/21/0"]


def test_a_websocket_gets_as_many_events_at_once_as_it_says(asked: TestClient) -> None:
    address = f"{WATCH}?stream=true&initialRecordTime=2020-01-01T00:00:00Z&perPage=1"
    with asked.websocket_connect(address) as socket:
        found = [listed(socket.receive_json()) for _ in range(2)]
    assert [[event["eventID"] for event in each] for each in found] == [
        [seen(n)["eventID"]] for n in range(2)
    ]


def test_a_websocket_with_a_schedule_reports_without_events_if_it_says_so(
    asked: TestClient,
) -> None:
    with asked.websocket_connect(f"{WATCH}?second=*&reportIfEmpty=true") as socket:
        assert listed(socket.receive_json()) == []
        assert listed(socket.receive_json()) == []


def test_a_websocket_ends_with_its_query(asked: TestClient) -> None:
    with asked.websocket_connect(f"{WATCH}?stream=true") as socket:
        asked.delete("/epcis/queries/shipments")
        with pytest.raises(WebSocketDisconnect) as ended:
            socket.receive_json()
    assert ended.value.code == 1001


def test_a_websocket_hears_that_its_query_became_too_complex(asked: TestClient) -> None:
    place = "urn:x:place:{}".format
    asked.post("/epcis/queries", json={"name": "within", "query": {"WD_readPoint": [place(0)]}})
    nested = [{"id": place(n), "children": [place(n + 1)]} for n in range(100)]
    vocabulary = {"type": "urn:epcglobal:epcis:vtype:ReadPoint", "vocabularyElementList": nested}
    header = {"epcisMasterData": {"vocabularyList": [vocabulary]}}
    with asked.websocket_connect("/epcis/queries/within/events?stream=true") as socket:
        asked.post("/epcis/capture", json={**document(seen(10)), "epcisHeader": header})
        assert socket.receive_json()["type"] == "epcisException:QueryTooComplexException"
        with pytest.raises(WebSocketDisconnect) as ended:
            socket.receive_json()
    assert ended.value.code == 1011


@pytest.mark.parametrize(
    ("watch", "status", "kind"),
    [
        ("/epcis/queries/none/events?stream=true", 404, "NoSuchResourceException"),
        (WATCH, 400, "SubscriptionControlsException"),
        (f"{WATCH}?stream=false", 400, "SubscriptionControlsException"),
        (f"{WATCH}?stream=true&hour=1", 400, "SubscriptionControlsException"),
        (f"{WATCH}?hour=25", 400, "SubscriptionControlsException"),
        (f"{WATCH}?stream=true&perPage=0", 400, "SubscriptionControlsException"),
        (f"{WATCH}?stream=true&nextPageToken=x", 400, "SubscriptionControlsException"),
        (f"{WATCH}?stream=true&initialRecordTime=x", 400, "SubscriptionControlsException"),
    ],
)
def test_a_websocket_that_cant_be_served_is_refused(
    refusing: TestClient, watch: str, status: int, kind: str
) -> None:
    with (
        pytest.raises(WebSocketDenialResponse) as refused,
        refusing.websocket_connect(watch),
    ):
        pass
    assert refused.value.status_code == status
    assert refused.value.json()["type"] == f"epcisException:{kind}"
