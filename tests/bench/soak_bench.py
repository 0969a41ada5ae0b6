"""Whether ingest's memory stays flat under a steady load, and small while the store is away.

`python -m tests.bench.soak_bench --minutes 10 --rate 5000` runs at full length: twice as many
minutes, once with the store and once without it.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean

from park.times import now_ms
from tests.bench.figures import Figure
from tests.bench.mqtt_publisher import FIELDS
from tests.support.ingest_process import IngestProcess, look
from tests.support.publisher import Pace, publishing
from tests.support.servers import Mosquitto, free_port, run_influxdb, run_mosquitto

RATE = 5_000
FULL_MINUTES = 10.0
QUICK_MINUTES = 0.5
MOST_GROWTH = 1.1
MOST_MIB_STORE_AWAY = 200
WARM_UP_S = 60.0
_SAMPLE_S = 0.5
_KIB_A_MIB = 1024
_SETTLE_S = 60.0
_ENOUGH = 0.98
"""Share of the offered messages that must have been received; else the load wasn't what it says."""


@dataclass(frozen=True, slots=True)
class Soak:
    """One run under load."""

    samples_mib: Sequence[float]
    """Resident memory of the ingest process, evenly spaced."""
    messages_per_s: float
    """That ingest received."""


def measure(minutes: float = QUICK_MINUTES, rate: float = RATE) -> list[Figure]:
    """Growth with the store, and most memory without it."""
    with run_influxdb() as influxdb:
        steady = _soak((influxdb.url, influxdb.new_database()), minutes, rate)
    away = _soak((f"http://127.0.0.1:{free_port()}", "away"), minutes, rate)
    growth, most_mib = _growth(steady.samples_mib, minutes), max(away.samples_mib)
    return [
        Figure("ingest.memory_growth", growth, "last/first", MOST_GROWTH, growth / MOST_GROWTH),
        Figure("ingest.memory_steady_mib", max(steady.samples_mib), "MiB"),
        Figure(
            "ingest.memory_store_away_mib",
            most_mib,
            "MiB",
            MOST_MIB_STORE_AWAY,
            most_mib / MOST_MIB_STORE_AWAY,
        ),
        Figure("ingest.soak_rate", min(steady.messages_per_s, away.messages_per_s), "messages/s"),
    ]


def _growth(samples: Sequence[float], minutes: float) -> float:
    """Mean of the last third over the mean of the first, once warm."""
    warm_up = min(WARM_UP_S / (minutes * 60), 1 / 3)
    warm = samples[round(len(samples) * warm_up) :]
    third = len(warm) // 3
    return fmean(warm[-third:]) / fmean(warm[:third])


def _soak(influx: tuple[str, str], minutes: float, rate: float) -> Soak:
    with _running(influx) as (mosquitto, ingest):
        first_ms = now_ms() - 3_600_000
        pace = Pace(mosquitto.port, first_ms, rate, window=10_000, fields=FIELDS)
        with publishing(pace) as device:
            samples = list(_samples(ingest.pid, minutes * 60))
            sent = device.finish().sent
        received = _received(ingest, sent)
    assert not ingest.ends, ingest.ends
    assert received >= sent * _ENOUGH, f"{received:,} of {sent:,} readings came"
    assert sent >= rate * minutes * 60 * _ENOUGH, f"only {sent:,} readings were sent"
    return Soak(samples, received / (minutes * 60))


@contextmanager
def _running(influx: tuple[str, str]) -> Iterator[tuple[Mosquitto, IngestProcess]]:
    with (
        tempfile.TemporaryDirectory(prefix="agripark-soak-") as folder,
        run_mosquitto() as mosquitto,
    ):
        ingest = IngestProcess(mosquitto, influx, Path(folder))
        try:
            ingest.start()
            ingest.wait_until_up()
            yield mosquitto, ingest
        finally:
            ingest.kill()


def _samples(pid: int, seconds: float) -> Iterator[float]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield resident_mib(pid)
        time.sleep(_SAMPLE_S)


def resident_mib(pid: int) -> float:
    """How much memory of a process lies in RAM."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name == "VmRSS":
            return int(rest.split()[0]) / _KIB_A_MIB
    raise ProcessLookupError(f"process {pid} has ended")


def _received(ingest: IngestProcess, sent: int) -> int:
    """What ingest received in the end."""
    deadline = time.monotonic() + _SETTLE_S
    while True:
        counters = look(ingest.spool)
        received = 0 if counters is None else counters.received - counters.duplicates
        if received >= sent or time.monotonic() > deadline:
            return received
        time.sleep(_SAMPLE_S)


def main() -> None:
    """Measure for as long as the options say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=FULL_MINUTES, help="for each of two runs")
    parser.add_argument("--rate", type=float, default=RATE, help="messages a second")
    options = parser.parse_args()
    for figure in measure(options.minutes, options.rate):
        sys.stdout.write(f"{asdict(figure)}\n")


if __name__ == "__main__":
    main()
