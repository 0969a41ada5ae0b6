"""Ingest as a service: its metrics and health over HTTP, its log, its end by SIGTERM."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ingest.decoding import Decoder
from ingest.errors import StoppedError
from ingest.pipeline import Ingest
from ingest.spool import Spool
from ingest.spool_file import SpoolFile
from park.assets import Park
from park.times import now_ms
from tests.support.ingest_fakes import (
    ROOM_TOPIC,
    MemoryStore,
    RecordingScanSink,
    as_json,
    room_reading,
    wait_for,
)
from tests.support.ingest_runs import Device, broker_options
from tests.support.servers import Mosquitto, free_port

NOW_MS = now_ms()


def samples(text: str) -> dict[tuple[str, str], float]:
    """Every sample by its name and its only label's value."""
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_service_tells_how_it_fares_and_ends_in_good_order(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    port = free_port()
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "api", "ingest", "--scale", "0.01", "--data", str(tmp_path)),
            *("--mqtt", mosquitto.url, "--metrics-port", str(port)),
        ],
        env={**os.environ, "AGRIPARK_LOG_FORMAT": "json", "AGRIPARK_LOG_LEVEL": "info"},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        words = [process.stderr.readline()]
        while "ingest from" not in words[-1]:
            assert process.poll() is None, "".join(words)
            words.append(process.stderr.readline())
        address = f"http://127.0.0.1:{port}"
        with Device(mosquitto.port) as device:
            device.send_all((ROOM_TOPIC, as_json(room_reading(NOW_MS - n))) for n in range(50))
            device.send_all([(ROOM_TOPIC, b"{"), (ROOM_TOPIC, as_json(room_reading(NOW_MS)))])
        spool = SpoolFile(tmp_path / "spool.db")
        wait_for(lambda: spool.status().counters.received == 52)
        wait_for(lambda: spool.status().counters.spooled == 0)
        found = samples(httpx.get(f"{address}/metrics").text)
        ready = httpx.get(f"{address}/readyz")
        alive = httpx.get(f"{address}/healthz")
        process.send_signal(signal.SIGTERM)
        words += process.stderr.readlines()
        assert process.wait(20) == 0
    assert found["agripark_ingest_received_total", "cold_room"] == 52
    assert found["agripark_ingest_acknowledged_total", "cold_room"] == 52
    assert found["agripark_ingest_stored_total", "cold_room"] == 50
    assert found["agripark_ingest_quarantined_total", "cold_room"] == 1
    assert found["agripark_ingest_duplicates_total", "cold_room"] == 1
    assert found["agripark_ingest_spooled", "cold_room"] == 0
    assert found["agripark_ingest_unaccounted", ""] == 0
    assert found["agripark_quarantine_entries", "malformed-json"] == 1
    assert found["agripark_mqtt_connected", ""] == 1
    assert found["agripark_spool_bytes", ""] > 0
    assert 0 <= found["agripark_ingest_lag_seconds", "cold_room"] < 20
    assert found["agripark_ingest_last_message_age_seconds", ""] < 60
    assert (ready.status_code, ready.json()["parts"]["ingest"]["ok"]) == (200, True)
    assert alive.status_code == 200
    for line in words:
        assert json.loads(line)["message"], line


class FaultyDecoder(Decoder):
    """Fails where nobody expects it."""

    def take_requests(self, now_ms: int) -> Sequence[tuple[str, bytes]]:
        """Fail."""
        raise ZeroDivisionError(now_ms)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_part_that_ended_by_a_fault_of_its_own_is_noticed(
    small_park: Park, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    spool = Spool(tmp_path / "spool.db")
    decoder = FaultyDecoder(small_park, 300, 262_144)
    options = broker_options(mosquitto.url)
    ingest = Ingest(options, small_park, decoder, spool, MemoryStore(), RecordingScanSink())
    ingest.start()
    wait_for(lambda: "ingest-writer stopped" in ingest.problem())
    with pytest.raises(StoppedError, match="ingest-writer stopped; restart ingest"):
        ingest.check_alive()
    ingest.stop()
    spool.close()
