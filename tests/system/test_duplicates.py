"""What comes twice is stored once and counted as what it is, whoever sends it again."""

from collections.abc import Iterator
from pathlib import Path
from time import time_ns

import pytest

from ingest.stores.sqlite import SqliteStore
from park.assets import Park
from tests.support.ingest_fakes import HARVEST_TOPIC, ROOM_TOPIC, as_json, harvest, room_reading
from tests.support.ingest_runs import Device, Setting, broker_options, settle
from tests.support.servers import Mosquitto

NOW_MS = time_ns() // 1_000_000


@pytest.fixture
def setting(small_park: Park, tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Setting]:
    store = SqliteStore(tmp_path / "telemetry.db")
    yield Setting(small_park, tmp_path, broker_options(mosquitto.url), store)
    store.close()


def test_a_device_that_sends_again_after_a_restart_of_ingest_is_recognised(
    setting: Setting, mosquitto: Mosquitto
) -> None:
    messages = [(ROOM_TOPIC, as_json(room_reading(NOW_MS - n))) for n in range(100)]
    with setting.running() as ingest, Device(mosquitto.port) as device:
        device.send_all([*messages, *messages[:10]])
        first = settle(ingest, 110)
    with setting.running() as ingest, Device(mosquitto.port) as device:
        device.send_all(messages)
        second = settle(ingest, 210)
    assert (first.stored, first.duplicates) == (100, 10)
    assert (second.stored, second.duplicates) == (100, 110)
    assert setting.store.count("cold_room") == 100


def test_the_same_scan_twice_is_one_event(setting: Setting, mosquitto: Mosquitto) -> None:
    scan = as_json(harvest(NOW_MS))
    with setting.running() as ingest, Device(mosquitto.port) as device:
        device.send_all([(HARVEST_TOPIC, scan), (HARVEST_TOPIC, scan)])
        counters = settle(ingest, 2)
    assert (counters.captured, counters.duplicates) == (1, 1)


def test_another_value_at_the_same_instant_is_no_repeat(
    setting: Setting, mosquitto: Mosquitto
) -> None:
    with setting.running() as ingest, Device(mosquitto.port) as device:
        for value in (1.0, 2.0, 1.0):
            device.send(ROOM_TOPIC, as_json(room_reading(NOW_MS, air_temp_c=value)))
        counters = settle(ingest, 3)
    assert (counters.stored, counters.duplicates) == (2, 1)
