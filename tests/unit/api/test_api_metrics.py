"""Metrics are what the spool's file says, wherever ingest runs."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from api.app import create_app
from api.services import Services
from ingest.alarms.model import Change, Priority, Signal
from ingest.alarms.register import AlarmRegister
from ingest.counters import Count
from ingest.devices.device import Device, State
from ingest.devices.register import DeviceRegister
from ingest.quarantine import Quarantine
from ingest.received import Fault, Received
from ingest.spool import Spool
from ingest.spool_file import SpoolFile
from ingest.vitals import Vitals
from park.database import open_engine
from tests.support.ledger_log import LedgerDatabase

NOW_MS = 1_760_000_000_000


@dataclass(frozen=True)
class RunningSomehow:
    """Ingest in the same process, as the API sees it."""

    state: Vitals

    def problem(self) -> str:
        """Nothing ails it."""
        return ""

    def vitals(self) -> Vitals:
        """As it was made."""
        return self.state


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


def test_for_each_kind_the_sum_holds_by_the_metrics_alone(client: TestClient, path: Path) -> None:
    spool = Spool(path)
    spool.append(Received(lines=["a", "b"], kinds=["soil", "pump_head"]), NOW_MS)
    batch = spool.oldest_lines(10)
    assert batch is not None
    spool.drop_lines(batch, [Fault("t", b"a", "refused-by-store", "no", "soil")], NOW_MS)
    scans = [("t", b"1"), ("t", b"2"), ("t", b"3")]
    spool.append(Received(lines=["c"], kinds=["soil"], scans=scans), NOW_MS)
    first, second, _ = spool.oldest_scans(3)
    spool.drop_scan(first, Count.STORED, NOW_MS)
    spool.drop_scan(second, Count.DUPLICATES, NOW_MS)
    spool.close()
    found = samples(client)
    for kind in ("soil", "pump_head", "scan"):
        became = sum(
            found.get(f"agripark_ingest_{name} {kind}", 0)
            for name in ("stored_total", "quarantined_total", "spooled", "duplicates_total")
        )
        assert found[f"agripark_ingest_received_total {kind}"] == became, kind
    assert found["agripark_ingest_duplicates_total scan"] == 1
    assert found["agripark_ingest_quarantined_total soil"] == 1


def test_no_scrape_takes_what_is_missing_yet_for_a_full_disk(client: TestClient) -> None:
    assert samples(client)["agripark_spool_free_bytes"] > 0


def test_what_only_the_running_process_knows_is_there_where_ingest_runs(
    empty: Services, path: Path
) -> None:
    vitals = Vitals(
        connected=False,
        acknowledged={"soil": 7},
        lag_ms={"soil": 1_500},
        seconds_since_message=12.5,
    )
    services = replace(
        empty,
        quarantine=Quarantine(path),
        devices=DeviceRegister(path),
        spool=SpoolFile(path),
        ingest=RunningSomehow(vitals),
    )
    found = samples(TestClient(create_app(services), raise_server_exceptions=False))
    assert found["agripark_ingest_acknowledged_total soil"] == 7
    assert found["agripark_ingest_lag_seconds soil"] == 1.5
    assert found["agripark_mqtt_connected"] == 0
    assert found["agripark_ingest_last_message_age_seconds"] == 12.5


def test_a_file_that_can_not_be_read_is_a_problem_and_no_crash(
    client: TestClient, path: Path
) -> None:
    path.write_bytes(b"not a database at all" * 100)
    answer = client.get("/metrics")
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/spool-unavailable")


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


def test_alarms_are_counted_by_status_and_priority(empty: Services, path: Path) -> None:
    signals = [
        (Signal("room-warm", room, Change.RAISED, NOW_MS, NOW_MS), Priority.HIGH)
        for room in ("room-0001", "room-0002")
    ]
    spool = Spool(path)
    spool.append(Received(signals=signals), NOW_MS)
    spool.close()
    services = replace(
        empty,
        quarantine=Quarantine(path),
        devices=DeviceRegister(path),
        spool=SpoolFile(path),
        alarms=AlarmRegister(path),
    )
    found = samples(TestClient(create_app(services), raise_server_exceptions=False))
    assert found["agripark_alarms high unacknowledged"] == 2
    assert found["agripark_alarm_notes_waiting"] == 0


def test_it_is_seen_how_far_the_ledger_is_signed(
    empty: Services, path: Path, tmp_path: Path
) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'ledger.db'}")
    database = LedgerDatabase(engine, tmp_path)
    database.create()
    database.capture(3)
    database.ledger().publish()
    database.capture(2)
    services = replace(
        empty,
        quarantine=Quarantine(path),
        devices=DeviceRegister(path),
        spool=SpoolFile(path),
        ledger=database.ledger(),
    )
    client = TestClient(create_app(services), raise_server_exceptions=False)
    found = samples(client)
    assert found["agripark_ledger_events"] == 5
    assert found["agripark_ledger_signed_events"] == 3
    engine.dispose()
    for file in tmp_path.glob("ledger.db*"):
        file.unlink()
    assert "agripark_ledger_events" not in samples(client)
