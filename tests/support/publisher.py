"""A device that sends cold-room readings at a steady pace and keeps each until its PUBACK.

It is a process of its own, without an MQTT library, so that what it claims to have sent and what
was acknowledged can be relied on whatever the broker does. Reading number n has an (asset, ms) of
its own and carries n as its `energy_kwh`. When the connection breaks, the device goes on measuring;
once the broker is back it sends again what wasn't acknowledged, and then what came meanwhile.

`python -m tests.support.publisher PACE`, a `Pace` as JSON. It says `ready` once it is connected,
makes no more readings after a line on its input, waits until everything is acknowledged, and says
as JSON what came of it.
"""

import json
import os
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson

from tests.support.mqtt_packets import long_number, text

ROOMS = tuple(f"room-{number:04}" for number in range(1, 17))
NUMBER = "energy_kwh"
"""The field that carries the number of the reading."""
_PUBLISH_QOS_1, _DUPLICATE = 0x32, 0x08
_CONNACK, _PUBACK, _DISCONNECT = 2, 4, 14
_NO_SUBSCRIBER, _FAILURE = 0x10, 0x80
_LAST_ID = 65_535
_AT_ONCE = 500
_RECV_BYTES = 1 << 16
_RETRY_S = 0.1
_TICK_S = 0.005
_DEADLINE_S = 5.0
_PATIENCE_S = 60.0
_ROOT = Path(__file__).parents[2]
_PATIENCE_S = 60.0
_ROOT = Path(__file__).parents[2]
_LEVELS = {"3.1.1": 4, "5": 5}


@dataclass(frozen=True, slots=True)
class Pace:
    """What to send, where and how fast."""

    port: int
    first_ms: int
    """Time of the first readings."""
    rate: float
    """Messages a second."""
    version: str = "3.1.1"
    window: int = 2_000
    """Most messages on their way at once."""
    fields: dict[str, float | bool] = field(default_factory=dict)
    """What else each reading says."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the readings 0 to `sent - 1`."""

    sent: int
    """Readings that went out at least once."""
    missing: list[int]
    """Readings that were never acknowledged."""
    unrouted: int
    """Acknowledged with "no matching subscribers": the broker kept them for nobody (MQTT 5)."""
    resent: int
    connections: int


def place(number: int, first_ms: int) -> tuple[str, int]:
    """Asset and epoch milliseconds of a reading."""
    return ROOMS[number % len(ROOMS)], first_ms + number // len(ROOMS)


def packet(number: int, message_id: int, pace: Pace) -> bytes:
    """The PUBLISH packet of a reading."""
    room, time_ms = place(number, pace.first_ms)
    topic = f"agripark/v1/linyi/cold_room/{room}/telemetry".encode()
    payload = orjson.dumps({"ts": time_ms, **pace.fields, NUMBER: float(number)})
    properties = b"\0" if pace.version == "5" else b""
    body = text(topic) + struct.pack("!H", message_id) + properties + payload
    return bytes([_PUBLISH_QOS_1]) + long_number(len(body)) + body


class _Gone(Exception):  # noqa: N818 - no error: brokers go and come
    """The broker isn't there, or has just left."""


class _Device:
    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._socket: socket.socket | None = None
        self._unread = b""
        self._unacknowledged: dict[int, tuple[int, bytes]] = {}
        """By message id: number of the reading and its packet, oldest first."""
        self._next_id = 1
        self._resent = self._unrouted = 0
        self.sent = self.connections = 0

    def outcome(self) -> Outcome:
        missing = sorted(number for number, _ in self._unacknowledged.values())
        return Outcome(self.sent, missing, self._unrouted, self._resent, self.connections)

    def is_settled(self) -> bool:
        return not self._unacknowledged

    def step(self, due: int) -> None:
        """Send what is due and take what was acknowledged, for a moment."""
        try:
            self._connect()
            while self.sent < due and len(self._unacknowledged) < self._pace.window:
                self._send_next(min(due, self.sent + _AT_ONCE))
                self._take_answers(0)
            self._take_answers(_TICK_S)
        except (_Gone, OSError):
            self.close()
            time.sleep(_RETRY_S)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket, self._unread = None, b""

    def _connect(self) -> None:
        if self._socket is not None:
            return
        self._socket = socket.create_connection(("127.0.0.1", self._pace.port), _DEADLINE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        level = _LEVELS[self._pace.version]
        name = text(f"device-{os.getpid()}".encode())
        properties = b"\0" if self._pace.version == "5" else b""
        body = text(b"MQTT") + bytes([level, 2]) + struct.pack("!H", 0) + properties + name
        self._socket.sendall(b"\x10" + long_number(len(body)) + body)
        kind, answer = self._next_packet(_DEADLINE_S)
        if kind >> 4 != _CONNACK or answer[1]:
            raise _Gone
        self.connections += 1
        again = [
            bytes([whole[0] | _DUPLICATE]) + whole[1:] for _, whole in self._unacknowledged.values()
        ]
        self._resent += len(again)
        for start in range(0, len(again), _AT_ONCE):
            self._send(b"".join(again[start : start + _AT_ONCE]))

    def _send_next(self, until: int) -> None:
        packets = []
        while self.sent < until and len(self._unacknowledged) < self._pace.window:
            while self._next_id in self._unacknowledged:
                self._next_id = self._next_id % _LAST_ID + 1
            made = packet(self.sent, self._next_id, self._pace)
            self._unacknowledged[self._next_id] = (self.sent, made)
            self._next_id = self._next_id % _LAST_ID + 1
            self.sent += 1
            packets.append(made)
        self._send(b"".join(packets))

    def _send(self, data: bytes) -> None:
        """Send all, and go on reading meanwhile: a broker that can't write stops reading."""
        assert self._socket is not None
        while data:
            readable, writable, _ = select.select([self._socket], [self._socket], [], _DEADLINE_S)
            if not readable and not writable:
                raise _Gone
            if readable:
                self._unread += self._receive()
            if writable:
                data = data[self._socket.send(data) :]

    def _receive(self) -> bytes:
        assert self._socket is not None
        data = self._socket.recv(_RECV_BYTES)
        if not data:
            raise _Gone
        return data

    def _take_answers(self, wait_s: float) -> None:
        assert self._socket is not None
        if select.select([self._socket], [], [], wait_s)[0]:
            self._unread += self._receive()
        while (found := self._cut_packet()) is not None:
            kind, body = found
            if kind >> 4 == _PUBACK:
                self._acknowledged(body)
            elif kind >> 4 == _DISCONNECT:
                raise _Gone

    def _acknowledged(self, body: bytes) -> None:
        (message_id,) = struct.unpack_from("!H", body)
        reason = body[2] if len(body) > 2 else 0  # success may be left out
        if reason >= _FAILURE:
            raise _Gone
        self._unrouted += reason == _NO_SUBSCRIBER
        self._unacknowledged.pop(message_id, None)

    def _next_packet(self, wait_s: float) -> tuple[int, bytes]:
        deadline = time.monotonic() + wait_s
        while (found := self._cut_packet()) is None:
            if time.monotonic() > deadline:
                raise _Gone
            self._unread += self._receive()
        return found

    def _cut_packet(self) -> tuple[int, bytes] | None:
        """First byte and body of the next packet; brokers send us none of 128 bytes or more."""
        if len(self._unread) < 2 or len(self._unread) < 2 + self._unread[1]:
            return None
        end = 2 + self._unread[1]
        found = self._unread[0], self._unread[2:end]
        self._unread = self._unread[end:]
        return found


def run(pace: Pace) -> Outcome:
    """Send at that pace until a line comes on the input; then until all is acknowledged."""
    device = _Device(pace)
    while not device.connections:
        device.step(0)
    _say("ready")
    start, due = time.monotonic(), 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        due = round((time.monotonic() - start) * pace.rate)
        device.step(due)
    patience = time.monotonic() + _PATIENCE_S
    while (device.sent < due or not device.is_settled()) and time.monotonic() < patience:
        device.step(due)
    device.close()
    return device.outcome()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@dataclass(frozen=True, slots=True)
class Publisher:
    """A publisher that runs in a process of its own."""

    process: "subprocess.Popen[str]"

    def finish(self) -> Outcome:
        """Let it make no more readings, and wait until all it made are acknowledged."""
        answer, _ = self.process.communicate("\n", _PATIENCE_S + _DEADLINE_S)
        return Outcome(**json.loads(answer))


@contextmanager
def publishing(pace: Pace) -> Iterator[Publisher]:
    """A publisher, connected and sending."""
    command = (sys.executable, "-m", "tests.support.publisher", json.dumps(asdict(pace)))
    with subprocess.Popen(
        command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield Publisher(process)
        finally:
            process.kill()


if __name__ == "__main__":
    _say(json.dumps(asdict(run(Pace(**json.loads(sys.argv[1]))))))
