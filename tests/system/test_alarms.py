"""Alarms from the reading to the people, on Mosquitto and InfluxDB."""

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from ingest.alarms.lifecycle import Order
from ingest.alarms.model import Action, Alarm, AlarmStatus, Priority
from ingest.alarms.register import AlarmRegister
from ingest.spool_file import SpoolFile
from ingest.stores.influx import InfluxStore
from park.assets import Park
from park.telemetry import ALARM, ALARM_LOAD, PLATFORM
from park.times import now_ms
from tests.support.ingest_fakes import as_json, room_reading, wait_for
from tests.support.ingest_process import ingest_process
from tests.support.ingest_runs import Device
from tests.support.servers import InfluxDB, Mosquitto

NOW_MS = now_ms()
MINUTE_MS = 60_000
ROOM, RULE = "room-0001", "room-cold"
TOPIC = f"agripark/v1/linyi/cold_room/{ROOM}"


def minutes(first: int, last: int, air_temp_c: float) -> Iterator[tuple[str, bytes]]:
    """A reading each minute; minute 60 is now."""
    for minute in range(first, last + 1):
        reading = room_reading(NOW_MS - (60 - minute) * MINUTE_MS) | {"air_temp_c": air_temp_c}
        yield f"{TOPIC}/telemetry", as_json(reading)


@pytest.fixture
def store(influxdb: InfluxDB, monkeypatch: pytest.MonkeyPatch) -> Iterator[InfluxStore]:
    database = influxdb.new_database()
    monkeypatch.setenv("AGRIPARK_INFLUX_DATABASE", database)
    store = InfluxStore(influxdb.url, database)
    yield store
    store.close()


@pytest.fixture
def command(
    mosquitto: Mosquitto,
    influxdb: InfluxDB,
    store: InfluxStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[str, ...]:
    assert store.count(ALARM.name) == 0
    monkeypatch.setenv("AGRIPARK_MQTT_CLIENT_ID", f"alarms-{uuid4().hex[:12]}")
    return ("--mqtt", mosquitto.url, "--influx", influxdb.url, "--data", str(tmp_path))


@pytest.fixture
def register(tmp_path: Path) -> AlarmRegister:
    return AlarmRegister(tmp_path / "spool.db")


def received(data: Path) -> int:
    return SpoolFile(data / "spool.db").status().counters.received


def standing(register: AlarmRegister) -> Alarm | None:
    return register.alarm(RULE, ROOM)


def status(register: AlarmRegister) -> AlarmStatus | None:
    alarm = standing(register)
    return None if alarm is None else alarm.status


def retained(mosquitto: Mosquitto) -> list[dict[str, Any]]:
    """What a newcomer to the alarm channel of the room gets; nothing where nothing was said."""
    came: list[bytes] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _client, _data, message: came.append(bytes(message.payload))
    client.connect("127.0.0.1", mosquitto.port)
    client.subscribe(f"{TOPIC}/alarm", 1)
    loop = Thread(target=client.loop_forever)
    loop.start()
    wait_for(lambda: bool(came))
    client.disconnect()
    loop.join()
    alarms: list[dict[str, Any]] = json.loads(came[0])["alarms"]
    return alarms


def test_an_alarm_reaches_the_broker_the_store_and_a_person(
    mosquitto: Mosquitto,
    store: InfluxStore,
    command: tuple[str, ...],
    register: AlarmRegister,
    small_park: Park,
) -> None:
    with ingest_process(*command), Device(mosquitto.port) as device:
        device.send_all(minutes(0, 9, -0.5))
        device.send_all(minutes(10, 14, -2.0))
        wait_for(lambda: status(register) is AlarmStatus.UNACKNOWLEDGED)
        alarm = standing(register)
        assert alarm is not None
        assert alarm.since_ms == NOW_MS - 50 * MINUTE_MS
        assert (alarm.priority, alarm.value) == (Priority.CRITICAL, -2.0)
        wait_for(lambda: store.count(ALARM.name) >= 1)
        assert [each["rule"] for each in retained(mosquitto)] == [RULE]

        order = Order(Action.ACKNOWLEDGE, "Li Wei", "on my way")
        register.act(RULE, ROOM, Priority.CRITICAL, order)
        wait_for(lambda: retained(mosquitto)[0]["status"] == AlarmStatus.ACKNOWLEDGED)
        device.send_all(minutes(15, 30, -0.5))
        wait_for(lambda: status(register) is AlarmStatus.NORMAL)
        wait_for(lambda: retained(mosquitto) == [])
        wait_for(lambda: store.count(ALARM.name) == len(register.journal(asset=ROOM)))
    assert store.count(PLATFORM.name) >= 1
    assert store.count(ALARM_LOAD.name) >= 1
    (point,) = store.latest(ALARM.name, [ROOM])
    assert point.fields["asset_kind"] == "cold_room"
    assert (point.fields["lat"], point.fields["lon"]) == small_park.position_of(
        small_park.asset(ROOM)
    )


def test_a_death_neither_loses_an_alarm_nor_raises_it_twice(
    mosquitto: Mosquitto, command: tuple[str, ...], register: AlarmRegister, tmp_path: Path
) -> None:
    with Device(mosquitto.port) as device:
        with ingest_process(*command):
            device.send_all(minutes(0, 9, -0.5))
            # The condition holds, but not for long enough yet.
            device.send_all(minutes(10, 11, -2.0))
            wait_for(lambda: received(tmp_path) == 12)
        assert standing(register) is None
        device.send_all(minutes(12, 14, -2.0))
        with ingest_process(*command):
            wait_for(lambda: status(register) is AlarmStatus.UNACKNOWLEDGED)
        alarm = standing(register)
        assert alarm is not None
        assert alarm.since_ms == NOW_MS - 50 * MINUTE_MS
        with ingest_process(*command):
            before = received(tmp_path)
            device.send_all(minutes(10, 14, -2.0))
            wait_for(lambda: received(tmp_path) >= before + 5)
    raises = [each for each in register.journal(rule=RULE) if each.action is Action.RAISE]
    assert len(raises) == 1
