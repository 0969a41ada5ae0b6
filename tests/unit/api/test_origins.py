"""Web pages of other sites: which may ask from within a browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse

from api.app import create_app
from park.assets import Park
from tests.support.epcis_api import epcis_services

FRIEND, STRANGER = "https://customs.example:8443", "https://stranger.example"
UNSHELVE = "/v1/alarms/room-0001/room-too-warm/unshelve"
QUERY = {"name": "everything", "query": {}}
STREAM = "/epcis/queries/everything/events?stream=true"


@contextmanager
def client_of(park: Park, folder: Path, *origins: str) -> Iterator[TestClient]:
    with (
        epcis_services(park, folder, browser_origins=origins) as services,
        TestClient(create_app(services)) as client,
    ):
        yield client


@pytest.fixture
def client(small_park: Park, tmp_path: Path) -> Iterator[TestClient]:
    with client_of(small_park, tmp_path, FRIEND) as opened:
        yield opened


def test_a_page_that_the_operator_allows_may_read_answers_and_their_headers(
    client: TestClient,
) -> None:
    answer = client.get("/epcis/events", headers={"Origin": FRIEND})
    assert answer.headers["Access-Control-Allow-Origin"] == FRIEND
    assert "Link" in answer.headers["Access-Control-Expose-Headers"].split(", ")
    assert "Origin" in answer.headers["Vary"].split(", ")


def test_it_may_read_problems_as_well(client: TestClient) -> None:
    answer = client.get("/v1/batches?misspelt=1", headers={"Origin": FRIEND})
    assert answer.status_code == 422
    assert answer.headers["Access-Control-Allow-Origin"] == FRIEND


def test_a_browser_hears_that_it_may_capture(client: TestClient) -> None:
    wanted = {"Access-Control-Request-Method": "POST", "Origin": FRIEND}
    headers = {"Access-Control-Request-Headers": "content-type,gs1-epc-format"}
    answer = client.options("/epcis/capture", headers=wanted | headers)
    assert answer.status_code == 200
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Allow-Headers"] == "content-type,gs1-epc-format"


def test_a_page_of_a_stranger_is_told_nothing(client: TestClient) -> None:
    wanted = {"Access-Control-Request-Method": "POST", "Origin": STRANGER}
    assert client.options("/epcis/capture", headers=wanted).status_code == 400
    answer = client.get("/epcis/events", headers={"Origin": STRANGER})
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        *(STRANGER, "null", "http://testserver.stranger.example", "http://testserver:8080"),
        *("http://[", "http://a]b", "http://testserver:x", "http://testserver:99999", "testserver"),
    ],
)
def test_a_post_that_browsers_send_unasked_is_refused(client: TestClient, origin: str) -> None:
    answer = client.post(UNSHELVE, headers={"Origin": origin})
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/foreign-page")
    answer = client.post("/epcis/queries", json=QUERY, headers={"Origin": origin})
    assert answer.json()["type"] == "epcisException:SecurityException"
    assert "AGRIPARK_BROWSER_ORIGINS" in answer.json()["detail"]


@pytest.mark.parametrize("origin", [FRIEND, "http://testserver"])
def test_our_own_pages_and_allowed_ones_may_act_and_watch(client: TestClient, origin: str) -> None:
    headers = {"Origin": origin}
    assert client.post("/epcis/queries", json=QUERY, headers=headers).status_code == 201
    with client.websocket_connect(STREAM, headers=headers):
        pass


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://testserver", "testserver:80"),
        ("https://trace.example", "trace.example:443"),
        ("https://trace.example", "Trace.Example"),
        ("HTTP://TestServer", "testserver"),
        ("http://[2001:db8::1]:8000", "[2001:DB8::1]:8000"),
        ("https://park.example", "inside:8000"),
        ("https://park.example:443", "inside:8000"),
    ],
)
def test_our_own_pages_are_known_however_our_address_is_written(
    small_park: Park, tmp_path: Path, origin: str, host: str
) -> None:
    url = "https://Park.example:443/"
    with (
        epcis_services(small_park, tmp_path, public_url=url) as services,
        TestClient(create_app(services)) as client,
    ):
        headers = {"Origin": origin, "Host": host}
        assert client.post("/epcis/queries", json=QUERY, headers=headers).status_code == 201


def test_a_page_of_a_stranger_opens_no_websocket(client: TestClient) -> None:
    client.post("/epcis/queries", json=QUERY)
    with (
        pytest.raises(WebSocketDenialResponse) as refused,
        client.websocket_connect(STREAM, headers={"Origin": STRANGER}),
    ):
        pass
    assert refused.value.status_code == 403
    assert refused.value.json()["type"] == "epcisException:SecurityException"


def test_every_page_may_where_the_operator_says_so(small_park: Park, tmp_path: Path) -> None:
    with client_of(small_park, tmp_path, "*") as client:
        answer = client.post("/epcis/queries", json=QUERY, headers={"Origin": STRANGER})
    assert answer.status_code == 201
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
