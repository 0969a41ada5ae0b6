"""Foreign payloads over a real broker: SenML, CBOR, Sparkplug B, and JSON by a profile."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import cbor2
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from ingest.profiles.collection import Profiles
from ingest.profiles.files import parse_profile
from ingest.stores.port import Value
from ingest.stores.sqlite import SqliteStore
from park.assets import Park
from park.times import from_epoch_ms, now_ms
from tests.support.ingest_fakes import ROOM_TOPIC, as_json, wait_for
from tests.support.ingest_runs import Device, Setting, broker_options, settle
from tests.support.servers import Mosquitto
from tests.support.sparkplug_node import EdgeNode, M

NOW_MS = now_ms()

PROFILE = """
name = "halls"
topic = "halls/+/state"
kind = "cold_room"
[device]
level = 2
[time]
pointer = "/when"
format = "epoch-s"
[fields.air_temp_c]
pointer = "/t"
unit = "[degF]"
[devices]
"7" = "room-0003"
"""


@pytest.fixture
def setting(small_park: Park, tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Setting]:
    store = SqliteStore(tmp_path / "telemetry.db")
    options = broker_options(mosquitto.url)
    profiles = Profiles([parse_profile(PROFILE, "halls.toml")])
    yield Setting(small_park, tmp_path, options, store, profiles=profiles)
    store.close()


def room(setting: Setting, asset: str) -> dict[str, Value]:
    (point,) = setting.store.latest("cold_room", [asset])
    return dict(point.fields)


def history(setting: Setting, asset: str, field: str) -> list[Value]:
    end = from_epoch_ms(NOW_MS) + timedelta(minutes=5)
    found = setting.store.raw("cold_room", asset, field, end - timedelta(hours=2), end)
    return [sample.value for sample in found]


def test_senml_as_json_and_as_cbor_is_stored_in_our_units(
    setting: Setting, mosquitto: Mosquitto
) -> None:
    pack = [
        {"bn": "urn:dev:1:", "bt": NOW_MS / 1000, "n": "air_temp_c", "u": "K", "v": 272.35},
        {"n": "door_open", "vb": True},
        {"n": "air_temp_c", "t": -60, "u": "Cel", "v": -0.5},
    ]
    in_cbor = [{-2: "x/", -3: NOW_MS / 1000, 0: "humidity_pct", 1: "/", 2: 0.925}]
    with setting.running() as ingest, Device(mosquitto.port) as device:
        device.send(ROOM_TOPIC, as_json(pack))
        device.send(ROOM_TOPIC.replace("0001", "0002"), cbor2.dumps(in_cbor))
        counters = settle(ingest, 3)
    assert (counters.stored, counters.quarantined) == (3, 0)
    assert room(setting, "room-0001") == {"air_temp_c": -0.8, "door_open": True}
    assert history(setting, "room-0001", "air_temp_c") == [-0.5, -0.8]
    assert room(setting, "room-0002") == {"humidity_pct": 92.5}


def test_cbor_is_read_as_the_same_thing_in_json(setting: Setting, mosquitto: Mosquitto) -> None:
    readings = [{"ts": NOW_MS - n, "air_temp_c": -n / 10} for n in range(3)]
    with setting.running() as ingest, Device(mosquitto.port) as device:
        device.send(ROOM_TOPIC, cbor2.dumps(readings))
        assert settle(ingest, 3).stored == 3
    assert history(setting, "room-0001", "air_temp_c") == [-0.2, -0.1, -0.0]


def test_a_profile_takes_a_device_in_and_an_unlisted_one_goes_to_quarantine(
    setting: Setting, mosquitto: Mosquitto
) -> None:
    with setting.running() as ingest, Device(mosquitto.port) as device:
        device.send("halls/7/state", as_json({"when": NOW_MS // 1000, "t": 31.1}))
        device.send("halls/8/state", as_json({"when": NOW_MS // 1000, "t": 31.1}))
        counters = settle(ingest, 2)
    assert (counters.stored, counters.quarantined) == (1, 1)
    assert room(setting, "room-0003") == {"air_temp_c": -0.5}
    assert list(setting.quarantined()) == ["unknown-device"]


def test_a_sparkplug_node_is_read_by_alias_also_after_a_restart(
    setting: Setting, mosquitto: Mosquitto
) -> None:
    node = EdgeNode()
    with setting.running() as ingest, Device(mosquitto.port) as device:
        device.send(*node.birth(ts=NOW_MS))
        device.send(*node.device_birth("room-0001", M("air_temp_c", -0.5, alias=7), ts=NOW_MS))
        device.send(*node.device_data("room-0001", M(None, -0.6, alias=7, ts=NOW_MS + 1)))
        wait_for(lambda: ingest.counters().stored >= 2)
    with setting.running() as ingest, Device(mosquitto.port) as device:
        device.send(*node.device_data("room-0001", M(None, -0.7, alias=7, ts=NOW_MS + 2)))
        wait_for(lambda: len(history(setting, "room-0001", "air_temp_c")) == 3)
        device.send(*node.death())
        wait_for(lambda: state(setting, "room-0001") == "offline")
    assert history(setting, "room-0001", "air_temp_c") == [-0.5, -0.6, -0.7]
    assert setting.quarantined() == {}


def state(setting: Setting, asset: str) -> Value | None:
    points = setting.store.latest("liveness", [asset])
    return points[0].fields["state"] if points else None


def test_a_sparkplug_node_without_a_birth_is_asked_for_one(
    setting: Setting, mosquitto: Mosquitto
) -> None:
    node = EdgeNode(name="stranger")
    asked = threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2)

    def take(_client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        if b"Node Control/Rebirth" in message.payload:
            asked.set()

    client.on_message = take
    client.connect("127.0.0.1", mosquitto.port)
    client.subscribe(node.topic("NCMD"))
    client.loop_start()
    try:
        with setting.running() as ingest, Device(mosquitto.port) as device:
            device.send(*node.device_data("room-0001", M(None, -0.7, alias=7, ts=NOW_MS)))
            assert asked.wait(20)
            assert settle(ingest, 1).quarantined == 1
    finally:
        client.disconnect()
        client.loop_stop()
    assert list(setting.quarantined()) == ["sparkplug-no-birth"]
