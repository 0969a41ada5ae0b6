"""What the broker was told is safe is stored in the end, whatever stops or dies in between."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from ingest.spool import Spool
from ingest.stores.influx import InfluxStore
from ingest.stores.port import TelemetryStore
from ingest.stores.sqlite import SqliteStore
from park.assets import Park
from park.times import from_epoch_ms, now_ms, to_epoch_ms
from tests.support.ingest_fakes import (
    HARVEST_TOPIC,
    ROOM_TOPIC,
    MemoryStore,
    RecordingScanSink,
    as_json,
    full_disk,
    harvest,
    room_reading,
    wait_for,
)
from tests.support.ingest_process import ingest_process
from tests.support.ingest_runs import (
    Device,
    Setting,
    assert_balanced,
    broker_options,
    settle,
)
from tests.support.servers import Mosquitto, run_influxdb

NOW_MS = now_ms()


def readings(first: int, count: int) -> list[tuple[str, bytes]]:
    """Messages of one reading each, a millisecond apart."""
    numbers = range(first, first + count)
    return [(ROOM_TOPIC, as_json(room_reading(NOW_MS - number))) for number in numbers]


def stored_numbers(store: TelemetryStore) -> list[int]:
    """The numbers of the stored readings."""
    end = from_epoch_ms(NOW_MS + 1)
    samples = store.raw("cold_room", "room-0001", "air_temp_c", end - timedelta(hours=1), end)
    return sorted(NOW_MS - to_epoch_ms(sample.time) for sample in samples)


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "telemetry.db")
    yield store
    store.close()


@pytest.fixture
def setting(
    small_park: Park, tmp_path: Path, mosquitto: Mosquitto, sqlite_store: SqliteStore
) -> Setting:
    return Setting(small_park, tmp_path, broker_options(mosquitto.url), sqlite_store)


def test_what_is_published_while_ingest_is_down_comes_after_its_restart(
    setting: Setting, mosquitto: Mosquitto
) -> None:
    with setting.running():
        pass
    with Device(mosquitto.port) as device:
        device.send_all(readings(0, 500))
    with setting.running() as ingest:
        assert settle(ingest, 500).stored == 500
    assert stored_numbers(setting.store) == list(range(500))


def test_with_the_store_away_everything_stays_in_the_spool_and_ships_after_a_restart(
    small_park: Park, tmp_path: Path, mosquitto: Mosquitto
) -> None:
    store, sink = MemoryStore(), RecordingScanSink()
    store.is_away = sink.is_away = True
    setting = Setting(small_park, tmp_path, broker_options(mosquitto.url), store, sink)
    messages = [*readings(0, 300), (HARVEST_TOPIC, as_json(harvest(NOW_MS)))]
    with setting.running() as ingest, Device(mosquitto.port) as device:
        device.send_all(messages)
        wait_for(lambda: ingest.counters().spooled == 301)
        assert (ingest.counters().stored, ingest.counters().captured) == (0, 0)
    store.is_away = sink.is_away = False
    with setting.running() as ingest:
        counters = settle(ingest, 301)
    assert (counters.stored, counters.captured) == (300, 1)
    assert len(store.lines) == 300


def test_a_full_disk_stops_acknowledgement_and_nothing_is_lost_once_it_has_room(
    small_park: Park, tmp_path: Path, mosquitto: Mosquitto
) -> None:
    store = MemoryStore()
    store.is_away = True
    setting = Setting(small_park, tmp_path, broker_options(mosquitto.url), store)
    with setting.running() as ingest, Device(mosquitto.port) as device:
        with full_disk(200_000):
            device.send_all(readings(0, 5_000))
            wait_for(store.asked.is_set)
            wait_for(lambda: "nothing can be written" in ingest.problem())
            assert ingest.counters().received < 5_000
        wait_for(lambda: ingest.counters().received == 5_000)
        store.is_away = False
        assert settle(ingest, 5_000).stored == 5_000
        assert not ingest.problem()
    assert len(set(store.lines)) == 5_000


def test_a_broker_that_is_restarted_while_devices_publish_loses_nothing(
    setting: Setting, mosquitto: Mosquitto
) -> None:
    with setting.running() as ingest, Device(mosquitto.port) as device:
        for round_ in range(3):
            for topic, payload in readings(round_ * 1_000, 1_000):
                device.send(topic, payload)
            wait_for(partial(device.has_acknowledged, round_ * 1_000 + 100))
            mosquitto.stop()
            mosquitto.start()
        device.settle()
        wait_for(lambda: setting.store.count("cold_room") == 3_000)
        wait_for(lambda: not ingest.problem())
        assert ingest.wait_until_idle(20)
    assert stored_numbers(setting.store) == list(range(3_000))


def has_received(path: Path, number: int) -> bool:
    """Whether the spool's counter has come so far."""
    spool = Spool(path)
    received = spool.counters().received
    spool.close()
    return received >= number


def test_ingest_that_is_killed_again_and_again_loses_nothing_that_was_published(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    total = 0
    with Device(mosquitto.port) as device:
        for _ in range(2):
            with ingest_process("--mqtt", mosquitto.url, "--data", str(tmp_path)):
                for topic, payload in readings(total, 4_000):
                    device.send(topic, payload)
                wait_for(partial(has_received, tmp_path / "spool.db", total + 300))
                total += 4_000
        device.settle()
    store = SqliteStore(tmp_path / "telemetry.db")
    spool = Spool(tmp_path / "spool.db")
    with ingest_process("--mqtt", mosquitto.url, "--data", str(tmp_path)):
        wait_for(lambda: store.count("cold_room") == total)
        wait_for(lambda: spool.counters().spooled == 0)
    assert stored_numbers(store) == list(range(total))
    assert_balanced(spool.counters())
    spool.close()
    store.close()


def test_an_influxdb_that_comes_up_after_ingest_gets_everything(
    small_park: Park, tmp_path: Path, mosquitto: Mosquitto
) -> None:
    with run_influxdb() as influxdb:
        influxdb.stop()
        store = InfluxStore(influxdb.url, "agripark")
        setting = Setting(small_park, tmp_path, broker_options(mosquitto.url), store)
        with setting.running() as ingest, Device(mosquitto.port) as device:
            device.send_all(readings(0, 500))
            wait_for(lambda: ingest.counters().spooled == 500)
            influxdb.start()
            assert settle(ingest, 500).stored == 500
        assert stored_numbers(store) == list(range(500))
        store.close()


def test_a_big_backlog_is_shipped_in_writes_of_bounded_size(
    small_park: Park, tmp_path: Path, mosquitto: Mosquitto
) -> None:
    store = MemoryStore()
    setting = Setting(small_park, tmp_path, broker_options(mosquitto.url), store)
    with setting.running() as ingest, Device(mosquitto.port) as device:
        for start in range(0, 30_000, 3_000):
            array = [room_reading(NOW_MS - number) for number in range(start, start + 3_000)]
            device.send(ROOM_TOPIC, as_json(array))
        assert settle(ingest, 30_000).stored == 30_000
    assert max(len(lines) for lines in store.writes) <= 10_000
    assert len(set(store.lines)) == 30_000
