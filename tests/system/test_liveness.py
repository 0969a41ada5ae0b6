"""Over a real broker: a device comes, is cut off, falls silent, and is there again."""

import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from ingest.devices.device import State
from ingest.devices.register import DeviceRegister
from ingest.stores.sqlite import SqliteStore
from park.assets import Park
from park.times import from_epoch_ms, now_ms
from tests.support.ingest_fakes import as_json, wait_for
from tests.support.ingest_runs import Device, Setting, broker_options, settle
from tests.support.servers import Mosquitto

LINE_TOPIC = "agripark/v1/linyi/sorting_line/line-01/telemetry"
"""Its kind's cadence is a second, so that three are silence."""


@pytest.fixture
def setting(small_park: Park, tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Setting]:
    store = SqliteStore(tmp_path / "telemetry.db")
    yield Setting(small_park, tmp_path, broker_options(mosquitto.url), store)
    store.close()


def history(setting: Setting, asset: str) -> list[str]:
    now = from_epoch_ms(now_ms())
    span = now - timedelta(hours=1), now + timedelta(hours=1)
    return [str(sample.value) for sample in setting.store.raw("liveness", asset, "state", *span)]


def reading() -> bytes:
    return as_json({"ts": now_ms(), "throughput_kg_h": 18_200.0})


def test_a_device_that_is_cut_off_is_offline_by_its_last_will(
    setting: Setting, mosquitto: Mosquitto
) -> None:
    topic = "agripark/v1/linyi/cold_room/room-0001/status"
    device = mqtt.Client(CallbackAPIVersion.VERSION2)
    device.will_set(topic, b'{"online": false}', qos=1, retain=True)
    with setting.running():
        device.connect("127.0.0.1", mosquitto.port)
        device.loop_start()
        device.publish(topic, b'{"online": true, "fw": "2.4.1"}', qos=1, retain=True)
        wait_for(lambda: history(setting, "room-0001") == ["online"])
        wire = device.socket()
        assert isinstance(wire, socket.socket)
        device.loop_stop()
        wire.shutdown(socket.SHUT_RDWR)
        wait_for(lambda: history(setting, "room-0001") == ["online", "offline"])
    known = DeviceRegister(setting.spool_path).device("room-0001")
    assert known is not None
    assert (known.state, known.firmware) == (State.OFFLINE, "2.4.1")
    (point,) = setting.store.latest("liveness", ["room-0001"])
    assert point.fields == {"state": "offline", "firmware": "2.4.1"}
    with Device(mosquitto.port) as cleaner:
        cleaner.send(topic, b"", retain=True)
        cleaner.settle()


def test_a_device_that_was_cut_off_is_back_by_its_birth_though_its_clock_lags(
    setting: Setting, mosquitto: Mosquitto
) -> None:
    topic = "agripark/v1/linyi/cold_room/room-0002/status"
    two_minutes_ago = now_ms() - 120_000
    birth = as_json({"online": True, "fw": "2.4.2", "ts": two_minutes_ago})
    with setting.running(), Device(mosquitto.port) as device:
        device.send(topic, b'{"online": false}')
        wait_for(lambda: history(setting, "room-0002") == ["offline"])
        device.send(topic, birth)
        wait_for(lambda: history(setting, "room-0002") == ["offline", "online"])
    (point,) = setting.store.latest("liveness", ["room-0002"])
    assert point.fields == {"state": "online", "firmware": "2.4.2"}
    known = DeviceRegister(setting.spool_path).device("room-0002")
    assert known is not None
    assert (known.state, known.firmware) == (State.ONLINE, "2.4.2")


def test_what_happened_while_ingest_was_away_is_stored_in_its_order(
    setting: Setting, mosquitto: Mosquitto
) -> None:
    room = "agripark/v1/linyi/cold_room/room-0003"
    with setting.running():
        pass
    with Device(mosquitto.port) as device:
        device.send(f"{room}/telemetry", as_json({"ts": now_ms(), "co2_pct": 0.1}))
        device.send(f"{room}/status", b'{"online": true, "fw": "1"}')
        device.send(f"{room}/status", b'{"online": false}')
        device.settle()
    with setting.running() as ingest:
        settle(ingest, 3)
        wait_for(lambda: history(setting, "room-0003")[-1:] == ["offline"])
    assert history(setting, "room-0003") in (["online", "offline"], ["online", "online", "offline"])
    (point,) = setting.store.latest("liveness", ["room-0003"])
    assert point.fields["state"] == "offline"


def test_a_silent_device_is_stale_until_it_sends_again(
    setting: Setting, mosquitto: Mosquitto
) -> None:
    with setting.running() as ingest, Device(mosquitto.port) as device:
        device.send(LINE_TOPIC, reading())
        wait_for(lambda: history(setting, "line-01") == ["online", "stale"])
        device.send(LINE_TOPIC, reading())
        wait_for(lambda: history(setting, "line-01") == ["online", "stale", "online"])
        assert ingest.counters().received == 2


def test_what_ingest_slept_through_is_no_silence(setting: Setting, mosquitto: Mosquitto) -> None:
    with setting.running(), Device(mosquitto.port) as device:
        device.send(LINE_TOPIC, reading())
        wait_for(lambda: history(setting, "line-01") == ["online"])
    with setting.running(), Device(mosquitto.port) as device:
        for _ in range(3):
            before = setting.store.count("sorting_line")
            device.send(LINE_TOPIC, reading())
            wait_for(lambda before=before: setting.store.count("sorting_line") > before)  # type: ignore[misc]  # a default binds the loop's value
        assert history(setting, "line-01") == ["online"]
