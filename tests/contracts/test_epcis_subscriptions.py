"""Subscriptions as a partner sees them: over real HTTP and WebSockets, through faults."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from api.app import create_app
from api.ports import free_port
from api.server import serving
from park.assets import Park
from tests.support.epcis_api import document, epcis_services, listed, seen
from tests.support.ingest_fakes import wait_for
from tests.support.webhook_receiver import Receiver, listening

LIST = "/epcis/queries/shipments/subscriptions"


@contextmanager
def repository(park: Park, folder: Path, database: str) -> Iterator[httpx.Client]:
    """A running server over a database, with deliveries."""
    with (
        epcis_services(park, folder, database) as services,
        serving(create_app(services), "127.0.0.1", 0) as address,
        httpx.Client(base_url=address) as client,
    ):
        yield client


@pytest.fixture
def client(small_park: Park, tmp_path: Path, migrated_address: str) -> Iterator[httpx.Client]:
    with repository(small_park, tmp_path, migrated_address) as running:
        ask(running)
        yield running


def ask(client: httpx.Client) -> None:
    body = {"name": "shipments", "query": {"EQ_bizStep": ["shipping"]}}
    client.post("/epcis/queries", json=body).raise_for_status()


def subscribe(client: httpx.Client, dest: str, **wanted: object) -> str:
    answer = client.post(LIST, json={"dest": dest, "stream": True, **wanted})
    answer.raise_for_status()
    location: str = answer.headers["location"]
    return location


def capture(client: httpx.Client, *numbers: int) -> None:
    answer = client.post("/epcis/capture", json=document(*[seen(n) for n in numbers]))
    answer.raise_for_status()


def ids(*numbers: int) -> list[str]:
    return [seen(number)["eventID"] for number in numbers]


def test_a_webhook_gets_every_event_once_signed(client: httpx.Client) -> None:
    receiver = Receiver(token="s3cret")  # noqa: S106 - a test's
    with listening(receiver) as dest:
        location = subscribe(client, dest, signatureToken="s3cret")
        capture(client, 1, 2)
        wait_for(lambda: receiver.event_ids == ids(1, 2))
        capture(client, 3)
        wait_for(lambda: receiver.event_ids == ids(1, 2, 3))
        wait_for(lambda: "lastNotifiedAt" in client.get(location).json())
        assert client.delete(location).status_code == 204
        capture(client, 4)
    assert receiver.event_ids == ids(1, 2, 3)
    assert receiver.headers[0]["Content-Type"] == "application/json"


def test_a_receiver_that_was_away_misses_nothing(client: httpx.Client) -> None:
    port, receiver = free_port(), Receiver()
    dest = f"http://127.0.0.1:{port}/callback"
    subscribe(client, dest)
    capture(client, 1)
    capture(client, 2)
    with listening(receiver, port):
        wait_for(lambda: receiver.event_ids == ids(1, 2))
    capture(client, 3)
    with listening(receiver, port):
        wait_for(lambda: receiver.event_ids == ids(1, 2, 3))


def test_a_receiver_that_fails_and_redirects_gets_everything_in_order(
    client: httpx.Client,
) -> None:
    receiver = Receiver(answers=[500, 302])
    with listening(receiver) as dest:
        subscribe(client, dest)
        capture(client, 1)
        capture(client, 2)
        wait_for(lambda: receiver.event_ids == ids(1, 2))
    assert receiver.tries >= 3


def test_a_receiver_that_hangs_keeps_nobody_waiting(client: httpx.Client) -> None:
    hold = threading.Event()
    slow, quick = Receiver(hold=hold), Receiver()
    with listening(slow) as slow_dest, listening(quick) as quick_dest:
        subscribe(client, slow_dest)
        subscribe(client, quick_dest)
        try:
            for number in range(5):
                capture(client, number)
                wait_for(lambda number=number: len(quick.event_ids) == number + 1)  # type: ignore[misc]  # mypy can't infer the default
        finally:
            hold.set()
        wait_for(lambda: slow.event_ids == ids(*range(5)))


def test_subscriptions_go_on_after_a_restart(
    small_park: Park, tmp_path: Path, migrated_address: str
) -> None:
    receiver = Receiver()
    with listening(receiver) as dest:
        with repository(small_park, tmp_path, migrated_address) as client:
            ask(client)
            subscribe(client, dest)
            capture(client, 1)
            wait_for(lambda: receiver.event_ids == ids(1))
            client.post(LIST, json={"dest": "http://127.0.0.1:1/", "stream": True})
        with repository(small_park, tmp_path, migrated_address) as client:
            capture(client, 2)
            wait_for(lambda: receiver.event_ids == ids(1, 2))
            assert len(client.get(LIST).json()) == 2


def test_a_schedule_of_every_second_reports(client: httpx.Client) -> None:
    receiver = Receiver()
    with listening(receiver) as dest:
        body = {"dest": dest, "schedule": {"second": "*"}, "reportIfEmpty": True}
        client.post(LIST, json=body).raise_for_status()
        wait_for(lambda: len(receiver.taken) >= 1)
        capture(client, 1)
        wait_for(lambda: receiver.event_ids == ids(1))


def test_a_websocket_over_the_network(client: httpx.Client) -> None:
    host = str(client.base_url).replace("http://", "ws://").rstrip("/")
    address = f"{host}/epcis/queries/shipments/events"
    with connect(f"{address}?stream=true", proxy=None) as socket:
        capture(client, 1)
        assert [event["eventID"] for event in listed(json.loads(socket.recv(10)))] == ids(1)
        capture(client, 2)
        assert [event["eventID"] for event in listed(json.loads(socket.recv(10)))] == ids(2)


@pytest.mark.parametrize(
    ("path", "status", "exception", "word"),
    [
        ("queries/shipments/events", 400, "SubscriptionControlsException", "stream"),
        ("queries/nobodys/events?stream=true", 404, "NoSuchResourceException", "nobodys"),
        ("queries/shipments/subscriptions", 404, "NoSuchResourceException", "{name}/events"),
        ("events?stream=true", 404, "NoSuchResourceException", "{name}/events"),
    ],
)
def test_a_websocket_that_cannot_be_is_refused_with_a_problem_and_is_no_fault_of_ours(
    client: httpx.Client,
    caplog: pytest.LogCaptureFixture,
    path: str,
    status: int,
    exception: str,
    word: str,
) -> None:
    host = str(client.base_url).replace("http://", "ws://").rstrip("/")
    with pytest.raises(InvalidStatus) as refused, connect(f"{host}/epcis/{path}", proxy=None):
        pass
    assert refused.value.response.status_code == status
    body = json.loads(refused.value.response.body or b"")
    assert body["type"] == f"epcisException:{exception}"
    assert word in body["detail"]
    assert not [each for each in caplog.records if each.levelname == "ERROR"]
