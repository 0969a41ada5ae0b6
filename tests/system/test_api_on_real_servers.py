"""The HTTP interface on PostgreSQL and InfluxDB, served over a real socket."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from api.app import LARGEST_BODY_BYTES, create_app
from api.ports import free_port
from api.server import serving
from ingest.stores.influx import InfluxStore
from park.assets import Park
from tests.support.api_story import EXPORT, GALA, SLASHED, SUNNY, empty_services, told_story
from tests.support.servers import InfluxDB, PostgreSQL

OCTOBER = "start=2025-10-02T00:00:00Z&end=2025-10-21T00:00:00Z&every=1d"
ADDRESSES = (
    f"/v1/batches/{EXPORT.gtin}/{EXPORT.lot}",
    f"/v1/batches/{GALA.gtin}/{GALA.lot}",
    f"/v1/batches/{SUNNY.gtin}/{SUNNY.lot}/trace/forward",
    "/v1/batches?orchard=orchard-005",
    "/v1/shipments",
    "/v1/totals",
    "/v1/latest?kind=cold_room",
    f"/v1/assets/room-0001/series?field=air_temp_c&field=door_open&aggregate=max&{OCTOBER}",
)


@contextmanager
def client_of(base: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=base, timeout=30) as client:
        yield client


def rounded(value: Any) -> Any:
    """JSON with its numbers to a thousandth: the stores add in different orders."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {name: rounded(member) for name, member in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list) else value


def test_real_servers_give_the_same_answers_as_embedded_stores(
    small_park: Park, tmp_path: Path, postgresql: PostgreSQL, influxdb: InfluxDB
) -> None:
    (tmp_path / "embedded").mkdir()
    store = InfluxStore(influxdb.url, influxdb.new_database())
    with (
        told_story(small_park, tmp_path / "embedded") as embedded,
        told_story(small_park, tmp_path, postgresql.new_database(), store) as real,
        serving(create_app(embedded.services), "127.0.0.1", 0) as embedded_base,
        serving(create_app(real.services), "127.0.0.1", 0) as real_base,
        client_of(embedded_base) as one,
        client_of(real_base) as other,
    ):
        for address in ADDRESSES:
            expected, answer = one.get(address), other.get(address)
            assert answer.status_code == 200, answer.text
            assert rounded(answer.json()) == rounded(expected.json()), address
        assert (
            other.get("/readyz").json()["parts"]["telemetry"]["version"].startswith("InfluxDB 1.")
        )


def test_a_telemetry_store_that_is_away_is_named_and_batches_are_still_served(
    small_park: Park, tmp_path: Path
) -> None:
    away = InfluxStore(f"http://127.0.0.1:{free_port()}", "agripark")
    with (
        empty_services(small_park, tmp_path, store=away) as services,
        serving(create_app(services), "127.0.0.1", 0) as base,
        client_of(base) as client,
    ):
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["type"]) == (503, "/problems/not-ready")
        assert ready.json()["parts"]["database"]["ok"] is True
        latest = client.get("/v1/assets/room-0001/latest")
        assert latest.status_code == 503
        assert latest.json()["type"] == "/problems/telemetry-unavailable"
        assert client.get("/v1/batches").status_code == 200


@pytest.fixture
def served(small_park: Park, tmp_path: Path) -> Iterator[str]:
    """The told story on a real socket."""
    with (
        told_story(small_park, tmp_path) as story,
        serving(create_app(story.services), "127.0.0.1", 0) as base,
    ):
        yield base


def test_a_slash_in_a_lot_number_survives_a_real_server(served: str) -> None:
    with client_of(served) as client:
        assert "A/7%Q?" in client.get(f"/{SLASHED.path}").text
        assert client.get("/v1/batches/09521321000018/A%2F7%25Q%3F").json()["lot"] == SLASHED.lot


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_refused_by_a_real_server(
    served: str, *, chunked: bool
) -> None:
    chunk = b" " * 100_000
    chunks = [chunk] * (LARGEST_BODY_BYTES // len(chunk) + 1)
    with client_of(served) as client:
        answer = client.post(
            "/v1/steps/harvest",
            content=iter(chunks) if chunked else b"".join(chunks),
            headers={"content-type": "application/json"},
        )
        assert (answer.status_code, answer.json()["type"]) == (413, "/problems/payload-too-large")
        assert client.get("/healthz").status_code == 200


def test_lines_that_are_no_http_dont_disturb_the_neighbours(served: str) -> None:
    parts = urlsplit(served)
    for line in (b"GET /\xff\xfe HTTP/1.1\r\n\r\n", b"\x00\x01\x02", b"GET /%zz HTTP/1.0\r\n\r\n"):
        with socket.create_connection((str(parts.hostname), parts.port or 0), timeout=10) as rude:
            rude.sendall(line)
            rude.shutdown(socket.SHUT_WR)
            rude.recv(1000)
    with client_of(served) as client:
        assert client.get("/healthz").json() == {"status": "ok"}


def test_many_readers_and_writers_at_once_are_all_served(served: str) -> None:
    def read(n: int) -> int:
        with client_of(served) as client:
            return client.get(ADDRESSES[n % len(ADDRESSES)]).status_code

    def write(n: int) -> int:
        body = {
            "ts": "2025-10-05T08:00:00Z",
            "asset": "orchard-001",
            "batch": f"01/{SUNNY.gtin}/10/MANY-{n}",
            "qty_kg": 10,
        }
        with client_of(served) as client:
            return client.post("/v1/steps/harvest", json=body).status_code

    with ThreadPoolExecutor(8) as pool:
        reads, writes = pool.map(read, range(32)), pool.map(write, range(32))
        assert set(reads) == {200}
        assert set(writes) == {201}
    with client_of(served) as client:
        assert client.get("/v1/totals").json()["events"] == 14 + 32
