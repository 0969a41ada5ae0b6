"""A broker that can't be used is named at once, with what to do about it."""

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from api.embedded_broker import embedded_broker
from ingest.errors import BrokerError
from ingest.mqtt import BrokerConnection, BrokerOptions
from ingest.packets import Delivery
from ingest.stores.sqlite import SqliteStore
from park.assets import Park
from park.times import now_ms
from tests.support.ingest_fakes import ROOM_TOPIC, as_json, room_reading, wait_for
from tests.support.ingest_runs import Device, Setting, broker_options, settle
from tests.support.servers import Mosquitto, free_port

NOW_MS = now_ms()


def refusal(setting: Setting) -> str:
    begun = time.monotonic()
    with pytest.raises(BrokerError) as caught, setting.running():
        pytest.fail("it started")
    assert time.monotonic() - begun < 8
    return str(caught.value)


@pytest.fixture
def setting(small_park: Park, tmp_path: Path) -> Setting:
    return Setting(small_park, tmp_path, broker_options(""), SqliteStore(tmp_path / "t.db"))


def test_a_broker_that_is_not_there_is_named_within_seconds(setting: Setting) -> None:
    port = free_port()
    setting.options = broker_options(f"mqtt://user:secret@127.0.0.1:{port}")
    message = refusal(setting)
    assert f"127.0.0.1:{port}" in message
    assert "secret" not in message
    setting.store.close()


def test_a_broker_of_an_older_protocol_is_told_from_one_that_is_not_there(
    setting: Setting,
) -> None:
    with embedded_broker() as url:
        setting.options = broker_options(url)
        assert "MQTT 5" in refusal(setting)
    setting.store.close()


def test_a_broker_of_an_older_protocol_is_used_by_its_own_version(setting: Setting) -> None:
    with embedded_broker() as url:
        setting.options = broker_options(url, "3.1.1")
        port = int(url.rpartition(":")[2])
        with setting.running() as ingest, Device(port, "3.1.1") as device:
            device.send(ROOM_TOPIC, as_json(room_reading(NOW_MS)))
            assert settle(ingest, 1).stored == 1
    setting.store.close()


def connection(url: str, taken: list[Delivery]) -> BrokerConnection:
    options = BrokerOptions(url, "5", "acknowledges-late", 100)
    return BrokerConnection(options, ("news/#",), taken.extend)


def test_an_unacknowledged_message_comes_again_and_an_acknowledged_one_does_not(
    mosquitto: Mosquitto,
) -> None:
    taken: list[Delivery] = []
    first = connection(mosquitto.url, taken)
    first.open()
    with Device(mosquitto.port) as device:
        device.send_all([("news/1", b"one"), ("news/2", b"two")])
    wait_for(lambda: len(taken) == 2)
    first.acknowledge(taken[:1])
    first.close()
    again: list[Delivery] = []
    second = connection(mosquitto.url, again)
    second.open()
    wait_for(lambda: len(again) == 1)
    assert again[0].payload == b"two"
    second.acknowledge(again)
    second.close()


def test_acknowledgements_of_an_earlier_connection_are_not_sent_on_the_next(
    mosquitto: Mosquitto,
) -> None:
    taken: list[Delivery] = []
    subject = connection(mosquitto.url, taken)
    subject.open()
    with Device(mosquitto.port) as device:
        device.send_all([("news/1", b"one")])
        wait_for(lambda: len(taken) == 1)
        mosquitto.stop()
        mosquitto.start()
        wait_for(lambda: len(taken) == 2)
    stale, fresh = taken
    assert stale.connection != fresh.connection
    subject.acknowledge([stale])
    subject.close()
    again: list[Delivery] = []
    other = connection(mosquitto.url, again)
    other.open()
    wait_for(lambda: len(again) == 1)
    other.acknowledge(again)
    other.close()


def test_a_callback_that_fails_leaves_the_loop_alive(mosquitto: Mosquitto) -> None:
    taken: list[bytes] = []

    def stumble_once(deliveries: Sequence[Delivery]) -> None:
        taken.extend(delivery.payload for delivery in deliveries)
        if len(taken) == 1:
            raise ZeroDivisionError

    subject = BrokerConnection(
        BrokerOptions(mosquitto.url, "5", "stumbles", 100), ("news/#",), stumble_once
    )
    subject.open()
    with Device(mosquitto.port) as device:
        device.send_all([("news/1", b"one"), ("news/2", b"two")])
        wait_for(lambda: taken == [b"one", b"two"])
    assert subject.is_connected()
    subject.close()
    assert not subject.is_connected()
