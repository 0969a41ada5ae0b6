import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from simulators.errors import BrokerSilentError, BrokerUnreachableError
from simulators.messages import Telemetry
from simulators.mqtt import MqttPublisher, MqttVersion
from tests.support.servers import Mosquitto, free_port, wait_until

TOPIC = "agripark/v1/linyi/weather/station-001/telemetry"


def message(number: int) -> Telemetry:
    return Telemetry(number, TOPIC, str(number).encode(), 1)


@contextmanager
def subscriber(port: int) -> Iterator[list[bytes]]:
    received: list[bytes] = []
    ready = threading.Event()
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _c, _u, incoming: received.append(bytes(incoming.payload))
    client.on_subscribe = lambda *_: ready.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    client.subscribe("agripark/#", qos=1)
    assert ready.wait(10)
    yield received
    client.disconnect()
    client.loop_stop()


@contextmanager
def silent_broker(answer: bytes) -> Iterator[int]:
    """Takes connections, answers CONNECT as told, and then never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        connections = []

        def serve() -> None:
            try:
                while True:
                    connection, _ = server.accept()
                    connections.append(connection)
                    connection.recv(1024)
                    connection.sendall(answer)
            except OSError:
                return

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join()
    for connection in connections:
        connection.close()


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_every_message_arrives_once_and_in_order(
    mosquitto: Mosquitto, version: MqttVersion
) -> None:
    expected = [str(number).encode() for number in range(2000)]
    with subscriber(mosquitto.port) as received:
        with MqttPublisher(mosquitto.url, version=version, window=50) as publisher:
            for number in range(2000):
                publisher.publish(message(number))
            publisher.flush()
        wait_until(lambda: len(received) >= 2000, 10, lambda: f"only {len(received)} arrived")
        assert received == expected


def test_what_was_not_acknowledged_is_sent_again_after_the_broker_came_back(
    mosquitto: Mosquitto,
) -> None:
    with MqttPublisher(mosquitto.url, deadline_s=30) as publisher:
        publisher.publish(message(1))
        publisher.flush()
        mosquitto.stop()
        publisher.publish(message(2))
        mosquitto.start()
        publisher.flush()


def test_a_broker_that_is_not_there_is_named_without_its_password() -> None:
    port = free_port()
    url = f"mqtt://gate:secret@127.0.0.1:{port}"
    with pytest.raises(BrokerUnreachableError, match="can't connect") as caught:
        MqttPublisher(url).__enter__()
    assert caught.value.url == f"mqtt://127.0.0.1:{port}"
    assert "secret" not in str(caught.value)


def test_a_broker_that_refuses_the_connection_is_an_error_at_once() -> None:
    not_authorised = bytes([0x20, 2, 0, 5])
    with (
        silent_broker(not_authorised) as port,
        pytest.raises(BrokerUnreachableError, match=r"refused the connection: Not authorized"),
    ):
        MqttPublisher(f"mqtt://127.0.0.1:{port}", version="3.1.1").__enter__()


def test_a_server_that_never_answers_connect_is_an_error_after_the_deadline() -> None:
    with (
        silent_broker(b"") as port,
        pytest.raises(BrokerUnreachableError, match="no answer to CONNECT"),
    ):
        MqttPublisher(f"mqtt://127.0.0.1:{port}", deadline_s=0.3).__enter__()


def test_a_broker_that_stops_acknowledging_is_an_error_after_the_deadline() -> None:
    accepted = bytes([0x20, 2, 0, 0])
    with (
        silent_broker(accepted) as port,
        MqttPublisher(
            f"mqtt://127.0.0.1:{port}", version="3.1.1", window=3, deadline_s=0.3
        ) as publisher,
    ):
        for number in range(3):
            publisher.publish(message(number))
        with pytest.raises(BrokerSilentError, match=r"no acknowledgement for 0\.3 s, 3 messages"):
            publisher.publish(message(4))
