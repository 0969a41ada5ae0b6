"""Publishes cold-room readings at QoS 1 as fast as a broker takes them, over a bare socket.

A process of its own, and no MQTT library, so that the consumer under test is what is measured.
Run as `python -m tests.bench.mqtt_publisher PORT FIRST_MS MESSAGES READINGS`; it says `ready`,
waits for a line on its input, publishes, and says `done` once all is acknowledged.
"""

import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress

import orjson

from tests.support.mqtt_packets import long_number, text

ROOMS = tuple(f"room-{number:04}" for number in range(1, 17))
FIELDS = {
    "air_temp_c": -0.81,
    "return_temp_c": -0.42,
    "pulp_temp_c": -0.15,
    "humidity_pct": 93.4,
    "co2_pct": 1.87,
    "o2_pct": 3.05,
    "ethylene_ppm": 0.42,
    "door_open": False,
    "defrost_on": False,
    "compressor_on": True,
    "setpoint_c": -1.0,
    "power_kw": 41.37,
    "energy_kwh": 182034.6,
    "evaporator_temp_c": -7.93,
}
_MOST_IN_FLIGHT = 20_000
_AT_ONCE = 200
_LAST_ID = 60_000
_PUBLISH_QOS_1 = 0x32
_PUBACK_BYTES = 4


def topic(room: str) -> str:
    """Where a room's readings are published."""
    return f"agripark/v1/linyi/cold_room/{room}/telemetry"


def payload(first_ms: int, message: int, readings: int) -> bytes:
    """The readings of one message, each at a millisecond of its own."""
    start_ms = first_ms + message // len(ROOMS) * readings
    made = [
        FIELDS
        | {
            "ts": start_ms + n,
            "seq": message // len(ROOMS) * readings + n,
            "air_temp_c": -0.8 + n / 100 + message % 100 / 1000,
        }
        for n in range(readings)
    ]
    return orjson.dumps(made[0] if readings == 1 else made)


def packets(first_ms: int, messages: int, readings: int) -> Iterator[bytes]:
    """MQTT 3.1.1 PUBLISH packets."""
    for message in range(messages):
        name = topic(ROOMS[message % len(ROOMS)]).encode()
        number = message % _LAST_ID + 1
        body = text(name) + struct.pack("!H", number) + payload(first_ms, message, readings)
        yield bytes([_PUBLISH_QOS_1]) + long_number(len(body)) + body


def _connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port))
    body = text(b"MQTT") + bytes([4, 2]) + struct.pack("!H", 0) + text(b"bench-publisher")
    connection.sendall(bytes([0x10]) + long_number(len(body)) + body)
    if connection.recv(_PUBACK_BYTES) != bytes([0x20, 2, 0, 0]):
        raise ConnectionError("the broker refuses")
    return connection


def publish(connection: socket.socket, prepared: list[bytes]) -> None:
    """Send all, never more than the window ahead of the broker's acknowledgements."""
    sent, acknowledged_bytes = 0, 0
    while acknowledged_bytes < _PUBACK_BYTES * len(prepared):
        in_flight = sent - acknowledged_bytes // _PUBACK_BYTES
        if sent < len(prepared) and in_flight < _MOST_IN_FLIGHT:
            connection.sendall(b"".join(prepared[sent : sent + _AT_ONCE]))
            sent = min(sent + _AT_ONCE, len(prepared))
        may_send = sent < len(prepared) and in_flight < _MOST_IN_FLIGHT
        with suppress(BlockingIOError):
            answer = connection.recv(65_536, socket.MSG_DONTWAIT if may_send else 0)
            if not answer:
                raise ConnectionError("the broker has gone")
            acknowledged_bytes += len(answer)


def main() -> None:
    """Prepare, wait for the word, publish."""
    port, first_ms, messages, readings = (int(argument) for argument in sys.argv[1:])
    prepared = list(packets(first_ms, messages, readings))
    connection = _connect(port)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    publish(connection, prepared)
    sys.stdout.write("done\n")
    connection.close()


if __name__ == "__main__":
    main()
