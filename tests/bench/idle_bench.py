"""What ingest costs while nothing special happens: the whole park, each device at its cadence.

`python -m tests.bench.idle_bench --seconds 60`. The park is the real one at full scale; a tenth of
its valves are open, the others report as seldom as shut valves do. Devices are spread evenly over
their cadence, as they are when each was switched on at a time of its own.
"""

import argparse
import heapq
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

import orjson

from park.assets import Park
from park.definition import build_park, read_definition
from park.telemetry import Field, FieldType, Kind
from park.times import now_ms
from tests.bench.figures import Figure
from tests.support.ingest_process import IngestProcess, look
from tests.support.ingest_runs import Device
from tests.support.servers import run_influxdb, run_mosquitto

QUICK_S = 20.0
FULL_S = 60.0
MOST_OF_A_CORE = 0.10
_SCALE = 1.0
_WARM_UP_S = 5.0
_SHUT_VALVES = 0.9
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_ENOUGH = 0.95


@dataclass(frozen=True, slots=True)
class _Sender:
    topic: str
    kind: Kind
    cadence_s: float


def measure(seconds: float = QUICK_S) -> list[Figure]:
    """The share of one core that ingest takes, and the messages a second that it takes it for."""
    park = build_park(read_definition(), _SCALE)
    with (
        tempfile.TemporaryDirectory(prefix="agripark-idle-") as folder,
        run_mosquitto() as mosquitto,
        run_influxdb() as influxdb,
    ):
        influx = (influxdb.url, influxdb.new_database())
        ingest = IngestProcess(mosquitto, influx, Path(folder), scale=_SCALE)
        try:
            ingest.start()
            ingest.wait_until_up()
            with Device(mosquitto.port) as device:
                share, rate = _share(park, ingest, device, seconds)
        finally:
            ingest.kill()
    return [
        Figure("ingest.idle_cpu_share", share, "cores", MOST_OF_A_CORE, share / MOST_OF_A_CORE),
        Figure("ingest.idle_rate", rate, "messages/s"),
    ]


def _share(
    park: Park, ingest: IngestProcess, device: Device, seconds: float
) -> tuple[float, float]:
    messages = _messages(park)
    _send(messages, device, _WARM_UP_S)
    cpu_s, clock = cpu_seconds(ingest.pid), time.perf_counter()
    sent = _send(messages, device, seconds)
    elapsed_s = time.perf_counter() - clock
    cpu_s = cpu_seconds(ingest.pid) - cpu_s
    device.settle()
    counters = look(ingest.spool)
    assert counters is not None
    assert counters.quarantined == 0
    assert counters.received >= sent * _ENOUGH, f"{counters.received:,} of {sent:,} came"
    return cpu_s / elapsed_s, sent / elapsed_s


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used, its threads together."""
    columns = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(columns[11]) + int(columns[12])) / _TICKS_A_SECOND


def _send(messages: Iterator[tuple[float, str, bytes]], device: Device, seconds: float) -> int:
    """Send for so long, each message when it is due; how many there were."""
    sent, start, first_s = 0, time.monotonic(), None
    for due_s, topic, payload in messages:
        first_s = due_s if first_s is None else first_s
        wait_s = start + due_s - first_s - time.monotonic()
        if wait_s > 0:
            time.sleep(wait_s)
        device.send(topic, payload)
        sent += 1
        if time.monotonic() > start + seconds:
            break
    return sent


def _messages(park: Park) -> Iterator[tuple[float, str, bytes]]:
    """When what is due, without end."""
    random = Random(1)  # noqa: S311 - the same load in every run
    senders = list(_senders(park, random))
    queue = [(random.random() * sender.cadence_s, n) for n, sender in enumerate(senders)]
    heapq.heapify(queue)
    while True:
        due_s, number = queue[0]
        sender = senders[number]
        heapq.heapreplace(queue, (due_s + sender.cadence_s, number))
        fields = {name: _value(random, field) for name, field in sender.kind.fields.items()}
        reading = {"ts": now_ms(), **fields}
        yield due_s, sender.topic, orjson.dumps(reading)


def _senders(park: Park, random: Random) -> Iterator[_Sender]:
    for asset in park.assets.values():
        kind = asset.kind
        if kind is not None:
            is_slow = random.random() < _SHUT_VALVES
            cadence_s = kind.slowest_cadence_s if is_slow else kind.cadence_s
            topic = f"agripark/v1/{park.site.id}/{kind.name}/{asset.id}/telemetry"
            yield _Sender(topic, kind, cadence_s)


def _value(random: Random, field: Field) -> object:
    match field.type:
        case FieldType.STATE:
            return field.states[0]
        case FieldType.BOOLEAN:
            return random.random() < 0.5
        case FieldType.INTEGER:
            return random.randrange(1_000_000)
        case _:
            return round(random.uniform(field.low, min(field.high, 1e6)), 2)


def main() -> None:
    """Measure for as long as the option says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=FULL_S)
    for figure in measure(parser.parse_args().seconds):
        sys.stdout.write(f"{asdict(figure)}\n")


if __name__ == "__main__":
    main()
