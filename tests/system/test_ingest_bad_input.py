"""Bad messages between good ones, over a real broker: each has its answer, none does harm."""

from dataclasses import replace
from pathlib import Path

import pytest

from ingest.stores.influx import InfluxStore
from ingest.stores.port import TelemetryStore
from ingest.stores.sqlite import SqliteStore
from park.assets import Park
from park.times import now_ms
from tests.support.ingest_fakes import (
    HARVEST_TOPIC,
    ROOM_TOPIC,
    RecordingScanSink,
    as_json,
    harvest,
    room_reading,
)
from tests.support.ingest_runs import Device, Setting, broker_options, settle
from tests.support.servers import InfluxDB, Mosquitto

NOW_MS = now_ms()
HOUR_MS = 3_600_000
TOO_BIG = b'{"ts": %d, "air_temp_c": 1, "note": "%s"}' % (NOW_MS, b"x" * 1_000_000)

BAD = {
    "malformed-json": (ROOM_TOPIC, b'{"ts": '),
    "unknown-asset": (ROOM_TOPIC.replace("0001", "9999"), as_json(room_reading(NOW_MS))),
    "unknown-site": (ROOM_TOPIC.replace("linyi", "mars"), as_json(room_reading(NOW_MS))),
    "unknown-kind": (ROOM_TOPIC.replace("cold_room", "sauna"), as_json(room_reading(NOW_MS))),
    "unknown-field": (ROOM_TOPIC, as_json(room_reading(NOW_MS, temperature=1))),
    "wrong-type": (ROOM_TOPIC, as_json(room_reading(NOW_MS, air_temp_c="cold"))),
    "out-of-range": (ROOM_TOPIC, as_json(room_reading(NOW_MS, air_temp_c=85))),
    "not-finite": (ROOM_TOPIC, b'{"ts": %d, "air_temp_c": NaN}' % NOW_MS),
    "no-fields": (ROOM_TOPIC, as_json({"ts": NOW_MS})),
    "time-missing": (ROOM_TOPIC, as_json({"air_temp_c": 1})),
    "time-invalid": (ROOM_TOPIC, as_json(room_reading("yesterday"))),
    "time-in-future": (ROOM_TOPIC, as_json(room_reading(NOW_MS + HOUR_MS))),
    "time-implausible": (ROOM_TOPIC, as_json(room_reading(NOW_MS // 1_000))),
    "payload-too-large": (ROOM_TOPIC, TOO_BIG),
    "too-many-readings": (ROOM_TOPIC, b"[" + b"1," * 10_000 + b"1]"),
    "wrong-check-digit": (
        HARVEST_TOPIC,
        as_json(harvest(NOW_MS, batch="01/09521321000019/10/LOT-1")),
    ),
    "invalid-mass": (HARVEST_TOPIC, as_json(harvest(NOW_MS, qty_kg=-5))),
    "invalid-scan": (HARVEST_TOPIC, as_json(harvest(NOW_MS, action="eat"))),
}
"""A message for each code that decoding gives."""


@pytest.fixture(params=["sqlite", "influx"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> TelemetryStore:
    if request.param == "sqlite":
        return SqliteStore(tmp_path / "telemetry.db")
    influxdb: InfluxDB = request.getfixturevalue("influxdb")
    return InfluxStore(influxdb.url, influxdb.new_database())


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_every_bad_message_is_quarantined_with_its_code_and_its_neighbours_are_stored(
    small_park: Park, tmp_path: Path, mosquitto: Mosquitto, store: TelemetryStore, version: str
) -> None:
    sink = RecordingScanSink()
    setting = Setting(small_park, tmp_path, broker_options(mosquitto.url, version), store, sink)
    messages = []
    for number, bad in enumerate(BAD.values()):
        messages.append((ROOM_TOPIC, as_json(room_reading(NOW_MS - number))))
        messages.append(bad)
        messages.append((HARVEST_TOPIC, as_json(harvest(NOW_MS - number))))
    with setting.running() as ingest, Device(mosquitto.port, version) as device:
        device.send_all(messages)
        counters = settle(ingest, len(messages))
        assert not ingest.problem()
    assert counters.stored == store.count("cold_room") == len(BAD)
    assert counters.captured == len(sink.captured) == len(BAD)
    assert counters.quarantined == len(BAD)
    quarantined = setting.quarantined()
    assert quarantined.keys() == BAD.keys()
    for code, (topic, payload) in BAD.items():
        entry = quarantined[code]
        assert (entry.topic, entry.payload_bytes) == (topic, len(payload))
        assert entry.payload == payload
        assert entry.detail
    store.close()


def test_a_bad_reading_in_an_array_spares_the_others(
    small_park: Park, tmp_path: Path, mosquitto: Mosquitto
) -> None:
    store = SqliteStore(tmp_path / "telemetry.db")
    setting = Setting(small_park, tmp_path, broker_options(mosquitto.url), store)
    array = [room_reading(NOW_MS - n, air_temp_c=85 if n == 7 else 1) for n in range(20)]
    with setting.running() as ingest, Device(mosquitto.port) as device:
        device.send(ROOM_TOPIC, as_json(array))
        counters = settle(ingest, 20)
    assert (counters.stored, counters.quarantined) == (19, 1)
    assert store.count("cold_room") == 19
    assert as_json(array[7]) == setting.quarantined()["out-of-range"].payload
    store.close()


def test_a_retained_message_comes_once_however_often_ingest_connects(
    small_park: Park, tmp_path: Path, mosquitto: Mosquitto
) -> None:
    store = SqliteStore(tmp_path / "telemetry.db")
    options = replace(broker_options(mosquitto.url), client_id="ingest-and-retained")
    setting = Setting(small_park, tmp_path, options, store)
    bad_topic = ROOM_TOPIC.replace("0001", "9998")
    with Device(mosquitto.port) as device:
        device.send(ROOM_TOPIC, as_json(room_reading(NOW_MS)), retain=True)
        device.send(bad_topic, b"{", retain=True)
        device.settle()
        with setting.running() as ingest:
            settle(ingest, 2)
        with setting.running() as ingest:
            device.send(ROOM_TOPIC, as_json(room_reading(NOW_MS - 1)))
            counters = settle(ingest, 3)
        device.send(ROOM_TOPIC, b"", retain=True)
        device.send(bad_topic, b"", retain=True)
        device.settle()
    assert (counters.stored, counters.quarantined) == (2, 1)
    store.close()


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_messages_of_every_quality_of_service_are_taken_and_judged(
    small_park: Park, tmp_path: Path, mosquitto: Mosquitto, qos: int
) -> None:
    store = SqliteStore(tmp_path / "telemetry.db")
    setting = Setting(small_park, tmp_path, broker_options(mosquitto.url), store)
    with setting.running() as ingest, Device(mosquitto.port) as device:
        device.send(ROOM_TOPIC, as_json(room_reading(NOW_MS)), qos=qos)
        device.send(ROOM_TOPIC, b"", qos=qos)
        counters = settle(ingest, 2)
    assert (counters.stored, counters.quarantined) == (1, 1)
    store.close()


def test_readings_of_both_protocol_versions_arrive_side_by_side(
    small_park: Park, tmp_path: Path, mosquitto: Mosquitto
) -> None:
    store = SqliteStore(tmp_path / "telemetry.db")
    setting = Setting(small_park, tmp_path, broker_options(mosquitto.url), store)
    with (
        setting.running() as ingest,
        Device(mosquitto.port, "5") as new,
        Device(mosquitto.port, "3.1.1") as old,
    ):
        new.send(ROOM_TOPIC, as_json(room_reading(NOW_MS)))
        old.send(ROOM_TOPIC, as_json(room_reading(NOW_MS - 1)))
        assert settle(ingest, 2).stored == 2
    store.close()
