"""How fast ingest takes readings from Mosquitto to InfluxDB, beside what the bare parts do."""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import urllib3
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ingest.decoding import Decoder
from ingest.mqtt import BrokerOptions
from ingest.pipeline import Ingest
from ingest.received import Received
from ingest.shippers import ReadingShipper
from ingest.spool import Spool
from ingest.stores.influx import InfluxStore
from park.assets import Park
from park.definition import build_park, read_definition
from tests.bench.figures import Figure
from tests.bench.mqtt_publisher import FIELDS, ROOMS, payload, topic
from tests.support.ingest_fakes import RecordingScanSink
from tests.support.servers import InfluxDB, Mosquitto, run_influxdb, run_mosquitto

MESSAGES = 60_000
ARRAY_MESSAGES = 10_000
ARRAY_READINGS = 20
DRAINED_MESSAGES = 100_000
ROUNDS = 5
"""Odd, so that one round is the median."""
RECEIVE_MAXIMUM = 10_000
DEADLINE_S = 60.0
_ROOT = Path(__file__).parents[2]
_POLL_S = 0.05
_FIRST_MS = 1_760_000_000_000


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a consumer."""

    messages_per_s: float
    cpu_us: float
    """CPU microseconds a message of the consumer's process."""


def measure() -> list[Figure]:
    """Durable ingest, its CPU time, field values of arrays, and the drain of a spool."""
    park = build_park(read_definition(), 0.01)
    with run_influxdb() as influxdb, run_mosquitto() as mosquitto:
        rounds = [
            (
                _durable(park, mosquitto, influxdb, MESSAGES, 1),
                _bare(mosquitto),
                _mosquitto_sub(mosquitto),
            )
            for _ in range(ROUNDS)
        ]
        arrays = _durable(park, mosquitto, influxdb, ARRAY_MESSAGES, ARRAY_READINGS)
        drained, written = _drain(park, influxdb)
    values = arrays.messages_per_s * ARRAY_READINGS * len(FIELDS)
    rates = [(durable.messages_per_s, bare.messages_per_s) for durable, bare, _ in rounds]
    others = [(durable.messages_per_s, other) for durable, _, other in rounds]
    cpu = [(durable.cpu_us, bare.cpu_us) for durable, bare, _ in rounds]
    return [
        _median_round("ingest.durable_vs_paho", "messages/s", rates),
        _median_round("ingest.durable_vs_mosquitto_sub", "messages/s", others),
        _median_round("ingest.cpu_vs_paho", "us/message", cpu),
        Figure("ingest.field_values", values, "values/s"),
        Figure("ingest.drain_vs_influx", drained, "readings/s", written, drained / written),
    ]


def _median_round(name: str, unit: str, rounds: Sequence[tuple[float, float]]) -> Figure:
    """The round whose ratio is the median: figure and limit were measured side by side."""
    ours, limit = sorted(rounds, key=lambda pair: pair[0] / pair[1])[len(rounds) // 2]
    return Figure(name, ours, unit, limit, ours / limit)


@contextmanager
def _publishing(mosquitto: Mosquitto, messages: int, readings: int) -> Iterator[None]:
    """A publisher that begins when the block does, and has ended when it does."""
    arguments = [str(number) for number in (mosquitto.port, _FIRST_MS, messages, readings)]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.mqtt_publisher", *arguments],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            process.stdin.write("go\n")
            process.stdin.flush()
            yield
            assert process.stdout.readline() == "done\n"
        finally:
            process.kill()


def _bare(mosquitto: Mosquitto) -> Run:
    """A paho client that acknowledges every message and drops it."""
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id="bench-bare",
        protocol=MQTTProtocolVersion.MQTTv5,
        manual_ack=True,
    )
    subscribed, finished, taken = threading.Event(), threading.Event(), 0

    def take(_client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        nonlocal taken
        client.ack(message.mid, message.qos)
        taken += 1
        if taken == MESSAGES:
            finished.set()

    client.on_message = take
    client.on_subscribe = lambda *_: subscribed.set()
    properties: Any = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho
    properties.ReceiveMaximum = RECEIVE_MAXIMUM
    client.connect("127.0.0.1", mosquitto.port, properties=properties)
    client.loop_start()
    client.subscribe("agripark/v1/+/+/+/telemetry", qos=1)
    assert subscribed.wait(DEADLINE_S)
    with _publishing(mosquitto, MESSAGES, 1):
        clock, cpu = time.perf_counter(), time.process_time()
        assert finished.wait(DEADLINE_S)
        elapsed_s, cpu_s = time.perf_counter() - clock, time.process_time() - cpu
    client.disconnect()
    client.loop_stop()
    return Run(MESSAGES / elapsed_s, cpu_s / MESSAGES * 1e6)


def _mosquitto_sub(mosquitto: Mosquitto) -> float:
    """Messages a second of Mosquitto's own client, which acknowledges and prints empty lines."""
    address = ("-h", "127.0.0.1", "-p", str(mosquitto.port), "-q", "1")
    greeting = ("mosquitto_pub", *address, "-r", "-t", "agripark/v1/bench/bench/bench/telemetry")
    subprocess.run((*greeting, "-m", "subscribed"), check=True)
    with subprocess.Popen(
        [
            *("mosquitto_sub", *address, "-V", "5", "-t", "agripark/v1/+/+/+/telemetry"),
            *("-C", str(MESSAGES + 1), "-F", ""),
            *("-D", "connect", "receive-maximum", str(RECEIVE_MAXIMUM)),
        ],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "\n"
        subprocess.run((*greeting, "-n"), check=True)
        rest = threading.Thread(target=process.stdout.read)
        rest.start()
        with _publishing(mosquitto, MESSAGES, 1):
            clock = time.perf_counter()
            assert process.wait(DEADLINE_S) == 0
            elapsed_s = time.perf_counter() - clock
        rest.join()
    return MESSAGES / elapsed_s


def _durable(
    park: Park, mosquitto: Mosquitto, influxdb: InfluxDB, messages: int, readings: int
) -> Run:
    """The whole of ingest, until InfluxDB has confirmed the last reading."""
    store = InfluxStore(influxdb.url, influxdb.new_database())
    store.health()  # connects, as a service that runs has long done
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(Path(folder) / "spool.db")
        options = BrokerOptions(mosquitto.url, "5", "bench-durable", RECEIVE_MAXIMUM, 0)
        ingest = Ingest(
            options, park, Decoder(park, 300, 262_144), spool, store, RecordingScanSink()
        )
        ingest.start()
        with _publishing(mosquitto, messages, readings):
            clock, cpu = time.perf_counter(), time.process_time()
            _wait_until_stored(spool, messages * readings)
            elapsed_s, cpu_s = time.perf_counter() - clock, time.process_time() - cpu
        ingest.stop()
        spool.close()
    assert store.count("cold_room") == messages * readings
    store.close()
    return Run(messages / elapsed_s, cpu_s / messages * 1e6)


def _wait_until_stored(spool: Spool, readings: int) -> None:
    """Wait, asking seldom enough not to be in the way of what is measured."""
    end = time.monotonic() + DEADLINE_S
    while spool.counters().stored < readings:
        assert time.monotonic() < end, "ingest is too slow or stands still"
        time.sleep(_POLL_S)


def _drain(park: Park, influxdb: InfluxDB) -> tuple[float, float]:
    """Readings a second from a full spool to InfluxDB, and by bare writes of the same batches."""
    decoder = Decoder(park, 300, 262_144)
    lines = [
        line
        for message in range(DRAINED_MESSAGES)
        for line in decoder.decode(
            topic(ROOMS[message % len(ROOMS)]), payload(_FIRST_MS, message, 1), _FIRST_MS * 2
        ).lines
    ]
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(Path(folder) / "spool.db")
        spool.append(Received(lines=lines, kinds=["cold_room"] * len(lines)), _FIRST_MS)
        batches = _batches(spool)
        store = InfluxStore(influxdb.url, influxdb.new_database())
        store.health()
        shipper = ReadingShipper(spool, store, lambda: _FIRST_MS)
        clock = time.perf_counter()
        shipper.start()
        _wait_until_stored(spool, len(lines))
        drained_s = time.perf_counter() - clock
        shipper.stop()
        shipper.join()
        spool.close()
        store.close()
    return len(lines) / drained_s, len(lines) / _bare_write_s(influxdb, batches)


def _batches(spool: Spool) -> list[bytes]:
    """What the shipper would send, without dropping it."""
    first = spool.oldest_lines(5_000)
    assert first is not None
    whole = spool.oldest_lines(DRAINED_MESSAGES)
    assert whole is not None
    size = len(first.lines)
    return [
        "\n".join(whole.lines[start : start + size]).encode()
        for start in range(0, len(whole.lines), size)
    ]


def _bare_write_s(influxdb: InfluxDB, batches: list[bytes]) -> float:
    url = f"{influxdb.url}/write?db={influxdb.new_database()}&precision=ms"
    with urllib3.PoolManager() as http:
        clock = time.perf_counter()
        for batch in batches:
            assert http.request("POST", url, body=batch).status == 204
        return time.perf_counter() - clock
