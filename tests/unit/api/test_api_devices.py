"""Devices over HTTP: who is there, who fell silent, and what each lost."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.services import Services
from ingest.devices.device import Device, State
from ingest.devices.register import DeviceRegister
from ingest.line_protocol import encode
from ingest.reading import Reading
from ingest.received import Received
from ingest.spool import Spool
from park.times import to_epoch_ms

NOW_MS = 1_760_000_000_000
DEVICES = [
    Device("room-0001", "cold_room", State.ONLINE, NOW_MS, NOW_MS, NOW_MS, "2.4.1", readings=5),
    Device("room-0002", "cold_room", State.STALE, NOW_MS, NOW_MS, NOW_MS, missing=3, late=1),
    Device("station-001", "weather", State.STALE, NOW_MS, NOW_MS),
]


@pytest.fixture
def client(empty: Services, tmp_path: Path) -> TestClient:
    spool = Spool(tmp_path / "spool.db")
    spool.append(Received(devices=DEVICES), NOW_MS)
    spool.close()
    services = replace(empty, devices=DeviceRegister(tmp_path / "spool.db"))
    return TestClient(create_app(services), raise_server_exceptions=False)


def assets(client: TestClient, **question: str) -> list[str]:
    answer = client.get("/v1/devices", params=question).json()
    return [item["asset"]["id"] for item in answer["items"]]


def test_devices_are_listed_by_state_and_kind(client: TestClient) -> None:
    assert assets(client) == ["room-0001", "room-0002", "station-001"]
    assert assets(client, state="stale") == ["room-0002", "station-001"]
    assert assets(client, state="stale", kind="weather") == ["station-001"]
    assert assets(client, state="offline") == []


def test_pages_follow_each_other(client: TestClient) -> None:
    first = client.get("/v1/devices", params={"limit": 2}).json()
    second = client.get("/v1/devices", params={"after": first["next"]}).json()
    assert [item["asset"]["id"] for item in second["items"]] == ["station-001"]
    assert second["next"] is None


def test_pages_keep_to_their_filters_and_end(client: TestClient) -> None:
    question = {"state": "stale", "limit": "1"}
    first = client.get("/v1/devices", params=question).json()
    second = client.get("/v1/devices", params={**question, "after": first["next"]}).json()
    found = [item["asset"]["id"] for page in (first, second) for item in page["items"]]
    assert found == ["room-0002", "station-001"]
    assert second["next"] is None


def test_a_device_that_the_park_no_longer_has_is_listed_by_its_id(
    empty: Services, tmp_path: Path
) -> None:
    spool = Spool(tmp_path / "spool.db")
    spool.append(Received(devices=[Device("room-9999", "cold_room", since_ms=NOW_MS)]), NOW_MS)
    spool.close()
    services = replace(empty, devices=DeviceRegister(tmp_path / "spool.db"))
    client = TestClient(create_app(services), raise_server_exceptions=False)
    assert assets(client) == ["room-9999"]


def test_before_the_first_start_of_ingest_nothing_was_heard(
    empty: Services, tmp_path: Path
) -> None:
    services = replace(empty, devices=DeviceRegister(tmp_path / "none" / "spool.db"))
    client = TestClient(create_app(services), raise_server_exceptions=False)
    assert client.get("/v1/devices").json() == {"items": [], "next": None}
    assert client.get("/v1/devices/room-0001").json()["type"] == "/problems/device-not-heard"


def test_a_file_that_can_not_be_read_is_a_problem_and_no_crash(
    empty: Services, tmp_path: Path
) -> None:
    (tmp_path / "spool.db").write_bytes(b"not a database at all" * 100)
    services = replace(empty, devices=DeviceRegister(tmp_path / "spool.db"))
    client = TestClient(create_app(services), raise_server_exceptions=False)
    answer = client.get("/v1/devices")
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/spool-unavailable")


def test_a_device_tells_what_it_lost(client: TestClient) -> None:
    first, second = (client.get(f"/v1/devices/room-000{n}").json() for n in (1, 2))
    assert (first["state"], first["firmware"], first["readings"]) == ("online", "2.4.1", 5)
    assert (second["state"], second["missing"], second["late"]) == ("stale", 3, 1)
    assert client.get("/v1/devices/station-001").json()["newest_reading_at"] is None


@pytest.mark.parametrize(
    ("address", "slug"),
    [
        ("/v1/devices/room-0003", "device-not-heard"),
        ("/v1/devices?state=happy", "invalid-request"),
        ("/v1/devices?limit=0", "invalid-request"),
        ("/v1/devices?after=%21", "bad-page-token"),
        ("/v1/assets/orchard-001/liveness", "no-telemetry"),
        ("/v1/assets/room-9999/liveness", "asset-not-found"),
    ],
)
def test_what_is_not_there_is_a_problem(client: TestClient, address: str, slug: str) -> None:
    assert client.get(address).json()["type"] == f"/problems/{slug}"


def test_without_ingest_beside_it_a_server_says_so(poster: TestClient) -> None:
    for address in ("/v1/devices", "/v1/devices/room-0001", "/metrics"):
        assert poster.get(address).json()["type"] == "/problems/no-ingest-here"


def liveness(services: Services, client: TestClient, state: str, age: timedelta) -> str | None:
    """What the API says of room 1, whose last news and reading are so old."""
    time_ms = to_epoch_ms(services.clock() - age)
    news = Reading("liveness", "linyi", "room-0001", None, time_ms, {"state": state})
    reading = Reading("cold_room", "linyi", "room-0001", None, time_ms, {"air_temp_c": 1.0})
    services.telemetry.write([encode(news), encode(reading)])
    answer: str | None = client.get("/v1/assets/room-0001/liveness").json()["state"]
    return answer


def test_liveness_is_read_from_the_store(empty: Services, client: TestClient) -> None:
    nothing = client.get("/v1/assets/room-0001/liveness").json()
    assert (nothing["state"], nothing["since"]) == (None, None)
    assert liveness(empty, client, "online", timedelta(seconds=30)) == "online"


def test_whoever_was_online_long_ago_is_stale_though_nobody_marked_it(
    empty: Services, client: TestClient
) -> None:
    assert liveness(empty, client, "online", timedelta(minutes=4)) == "stale"


def test_whoever_went_is_offline(empty: Services, client: TestClient) -> None:
    assert liveness(empty, client, "offline", timedelta(minutes=4)) == "offline"
