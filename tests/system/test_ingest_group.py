"""Consumers of a group share the load, and one that is killed takes nothing with it."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.counters import Counters
from ingest.spool_file import SpoolFile
from ingest.stores.influx import InfluxStore
from park.times import from_epoch_ms, now_ms, to_epoch_ms
from tests.support.ingest_fakes import as_json, room_reading, wait_for
from tests.support.ingest_process import ingest_process
from tests.support.ingest_runs import Device
from tests.support.servers import InfluxDB, Mosquitto

NOW_MS = now_ms()
ROOMS = tuple(f"room-{number:04}" for number in range(1, 9))


def messages(first: int, count: int) -> Iterator[tuple[str, bytes]]:
    """One reading each, of eight rooms in turn, numbered by their time."""
    for number in range(first, first + count):
        topic = f"agripark/v1/linyi/cold_room/{ROOMS[number % len(ROOMS)]}/telemetry"
        yield topic, as_json(room_reading(NOW_MS - number))


def stored_numbers(store: InfluxStore) -> list[int]:
    end = from_epoch_ms(NOW_MS + 1)
    start = end - timedelta(hours=1)
    return sorted(
        NOW_MS - to_epoch_ms(sample.time)
        for room in ROOMS
        for sample in store.raw("cold_room", room, "air_temp_c", start, end)
    )


def counters(data: Path) -> Counters:
    return SpoolFile(data / "spool.db").status().counters


@pytest.fixture
def command(mosquitto: Mosquitto, influxdb: InfluxDB, database: str) -> tuple[str, ...]:
    return (
        *("--group", f"group-{database}"),
        *("--mqtt", mosquitto.url, "--influx", influxdb.url),
    )


@pytest.fixture
def database(influxdb: InfluxDB, monkeypatch: pytest.MonkeyPatch) -> str:
    name = influxdb.new_database()
    monkeypatch.setenv("AGRIPARK_INFLUX_DATABASE", name)
    return name


@pytest.fixture
def store(influxdb: InfluxDB, database: str) -> Iterator[InfluxStore]:
    store = InfluxStore(influxdb.url, database)
    yield store
    store.close()


def accounted_for(folder: Path) -> int:
    counted = counters(folder)
    return counted.stored + counted.duplicates


def test_two_consumers_share_the_messages_and_a_killed_one_loses_none(
    mosquitto: Mosquitto, store: InfluxStore, command: tuple[str, ...], tmp_path: Path
) -> None:
    folders = tmp_path / "first", tmp_path / "second"
    with ExitStack() as stack, Device(mosquitto.port) as device:
        doomed = stack.enter_context(ingest_process(*command, "--data", str(folders[0])))
        stack.enter_context(ingest_process(*command, "--data", str(folders[1])))
        device.send_all(messages(0, 2_000))
        wait_for(lambda: all(counters(folder).stored > 500 for folder in folders))
        for topic, payload in messages(2_000, 2_000):
            device.send(topic, payload)
        wait_for(lambda: device.has_acknowledged(2_500))
        doomed.kill()
        doomed.wait()
        device.settle()
        device.send_all(messages(4_000, 1_000))
        stack.enter_context(ingest_process(*command, "--data", str(folders[0])))
        wait_for(lambda: store.count("cold_room") == 5_000, 60)
        # The store has a batch a moment before the spool has counted it.
        wait_for(lambda: sum(accounted_for(folder) for folder in folders) >= 5_000)
    assert stored_numbers(store) == list(range(5_000))
    both = [counters(folder) for folder in folders]
    assert [each.unaccounted for each in both] == [0, 0]
    # What the killed one had stored and not yet counted is a duplicate to the other.
    assert sum(each.stored for each in both) <= 5_000
    assert not any(each.quarantined for each in both)


def test_a_consumer_keeps_its_session_under_a_name_of_its_own(
    mosquitto: Mosquitto, store: InfluxStore, command: tuple[str, ...], tmp_path: Path
) -> None:
    with ingest_process(*command, "--data", str(tmp_path)):
        pass
    with Device(mosquitto.port) as device:
        device.send_all(messages(0, 100))
    with ingest_process(*command, "--data", str(tmp_path)):
        wait_for(lambda: store.count("cold_room") == 100)
