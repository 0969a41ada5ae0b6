"""The demo's own broker: carries messages, and is gone afterwards."""

import threading
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from api.embedded_broker import embedded_broker
from api.ports import is_free


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def test_a_published_message_arrives_at_a_subscriber() -> None:
    arrived = threading.Event()
    with embedded_broker() as url:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)

        @client.connect_callback()
        def subscribe(*_: Any) -> None:
            client.subscribe("orchard/#", 1)

        @client.subscribe_callback()
        def publish(*_: Any) -> None:
            client.publish("orchard/1", b"ripe", 1)

        @client.message_callback()
        def note(*_: Any) -> None:
            arrived.set()

        client.connect("127.0.0.1", port_of(url))
        client.loop_start()
        was_delivered = arrived.wait(10)
        client.disconnect()
        client.loop_stop()
    assert was_delivered


def test_nothing_runs_or_listens_once_it_is_left() -> None:
    before = set(threading.enumerate())
    with embedded_broker() as url:
        assert not is_free("127.0.0.1", port_of(url))
    assert set(threading.enumerate()) <= before
    assert is_free("127.0.0.1", port_of(url))
