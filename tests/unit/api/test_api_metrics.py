"""Metrics are what the spool's file says, wherever ingest runs."""

from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from api.app import create_app
from api.services import Services
from ingest.devices.device import Device, State
from ingest.devices.register import DeviceRegister
from ingest.quarantine import Quarantine
from ingest.received import Fault, Received
from ingest.spool import Spool
from ingest.spool_file import SpoolFile

NOW_MS = 1_760_000_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool.db"


@pytest.fixture
def client(empty: Services, path: Path) -> TestClient:
    services = replace(
        empty, quarantine=Quarantine(path), devices=DeviceRegister(path), spool=SpoolFile(path)
    )
    return TestClient(create_app(services), raise_server_exceptions=False)


def samples(client: TestClient) -> dict[str, float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_everything_is_counted_by_kind(client: TestClient, path: Path) -> None:
    spool = Spool(path)
    received = Received(
        lines=["a", "b", "c"],
        kinds=["cold_room", "cold_room", "soil"],
        scans=[("t", b"{}")],
        faults=[Fault("t", b"{", "malformed-json", "no", "cold_room")],
        duplicates={"soil": 4},
        devices=[Device("room-0001", "cold_room", State.STALE)],
    )
    spool.append(received, NOW_MS)
    found = samples(client)
    assert found["agripark_ingest_received_total cold_room"] == 3
    assert found["agripark_ingest_received_total scan"] == 1
    assert found["agripark_ingest_duplicates_total soil"] == 4
    assert found["agripark_ingest_quarantined_total cold_room"] == 1
    assert found["agripark_ingest_spooled cold_room"] == 2
    assert found["agripark_spool_waiting readings"] == 3
    assert found["agripark_spool_waiting scans"] == 1
    assert found["agripark_ingest_unaccounted"] == 0
    assert found["agripark_quarantine_entries malformed-json"] == 1
    assert found["agripark_devices cold_room stale"] == 1
    assert found["agripark_spool_oldest_seconds"] > 0
    assert found["agripark_spool_bytes"] > 0
    batch = spool.oldest_lines(10)
    assert batch is not None
    spool.drop_lines(batch, [], NOW_MS)
    spool.close()
    found = samples(client)
    assert found["agripark_ingest_stored_total cold_room"] == 2
    assert found["agripark_ingest_spooled cold_room"] == 0
    assert found["agripark_ingest_unaccounted"] == 0


def test_a_sum_that_is_off_is_shown(client: TestClient, path: Path) -> None:
    spool = Spool(path)
    spool.append(Received(lines=["a", "b"], kinds=["soil", "soil"]), NOW_MS)
    spool._connection.execute("DELETE FROM reading_queue")  # noqa: SLF001 - as nobody should
    spool.close()
    assert samples(client)["agripark_ingest_unaccounted"] == 2


def test_before_anything_was_received_there_is_nothing_to_count(client: TestClient) -> None:
    found = samples(client)
    assert found["agripark_ingest_unaccounted"] == 0
    assert found["agripark_spool_bytes"] == 0
    assert "agripark_mqtt_connected" not in found


def test_every_metric_has_words(client: TestClient, path: Path) -> None:
    Spool(path).close()
    families = list(text_string_to_metric_families(client.get("/metrics").text))
    assert len(families) > 10
    assert all(family.documentation for family in families)
