"""What comes twice is stored once and counted as what it is, whoever sends it again."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.counters import Counters
from ingest.devices.register import DeviceRegister
from ingest.spool_file import SpoolFile
from ingest.stores.sqlite import SqliteStore
from park.assets import Park
from park.times import from_epoch_ms, now_ms, to_epoch_ms
from tests.support.ingest_fakes import (
    HARVEST_TOPIC,
    ROOM_TOPIC,
    as_json,
    harvest,
    room_reading,
    wait_for,
)
from tests.support.ingest_process import ingest_process
from tests.support.ingest_runs import Device, Setting, broker_options, settle
from tests.support.relay import relay_to
from tests.support.servers import Mosquitto

NOW_MS = now_ms()


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


def readings(first: int, count: int) -> list[tuple[str, bytes]]:
    """Messages of one reading each, a millisecond apart."""
    numbers = range(first, first + count)
    return [(ROOM_TOPIC, as_json(room_reading(NOW_MS - number))) for number in numbers]


def stored_numbers(folder: Path) -> list[int]:
    """The numbers of the stored readings."""
    store, end = SqliteStore(folder / "telemetry.db"), from_epoch_ms(NOW_MS + 1)
    samples = store.raw("cold_room", "room-0001", "air_temp_c", end - timedelta(hours=1), end)
    store.close()
    return sorted(NOW_MS - to_epoch_ms(sample.time) for sample in samples)


def test_ingest_that_dies_between_commit_and_acknowledgement_stores_nothing_twice(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """Acknowledgements get lost on the wire, and the process is killed once all is on its disk."""
    file = SpoolFile(tmp_path / "spool.db")

    def counters() -> Counters:
        return file.status().counters

    with relay_to(mosquitto.port) as relay, Device(mosquitto.port) as device:
        options = ("--mqtt", relay.url, "--data", str(tmp_path))
        with ingest_process(*options):
            relay.is_deaf = True
            device.send_all(readings(0, 300))
            wait_for(lambda: counters().received == 300)
        assert counters().duplicates == 0
        relay.is_deaf = False
        with ingest_process(*options):
            wait_for(lambda: counters().received == 600)
            relay.is_deaf = True
            device.send_all(readings(300, 300))
            wait_for(lambda: len(stored_numbers(tmp_path)) == 600)
        relay.is_deaf = False
        with ingest_process(*options):
            device.send_all(readings(600, 100))
            wait_for(lambda: len(stored_numbers(tmp_path)) == 700)
            wait_for(lambda: counters().spooled == 0)
            final = counters()
    assert stored_numbers(tmp_path) == list(range(700))
    assert final.stored == 700
    assert final.duplicates >= 600, "what was not acknowledged is handed over again"
    assert final.received == 700 + final.duplicates
    assert final.unaccounted == 0


def test_a_repeat_is_counted_with_the_device_that_sent_it(
    setting: Setting, mosquitto: Mosquitto
) -> None:
    with setting.running() as ingest, Device(mosquitto.port) as device:
        device.send_all([*readings(0, 20), *readings(5, 10)])
        settle(ingest, 30)
    known = DeviceRegister(setting.spool_path).device("room-0001")
    assert known is not None
    assert (known.readings, known.duplicates) == (20, 10)


def test_a_repeat_inside_one_message_is_one_as_well(setting: Setting, mosquitto: Mosquitto) -> None:
    reading = room_reading(NOW_MS)
    with setting.running() as ingest, Device(mosquitto.port) as device:
        device.send(ROOM_TOPIC, as_json([reading, reading, room_reading(NOW_MS - 1)]))
        counters = settle(ingest, 3)
    assert (counters.stored, counters.duplicates) == (2, 1)
