"""Breaks ingest's surroundings on a seeded schedule, under load, and says what came of it.

A device publishes without pause while ingest is killed, the broker restarted, the store stopped or
killed and the disk full, one after the other and then two at once. Afterwards everything is mended,
and what the broker acknowledged to the device is compared with what the store holds, reading by
reading. All the while the spool's sum is looked at from another process, as an operator would.

`scale` shortens the schedule: 1 is the full length of some five minutes, with the store away for
one of them.
"""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from random import Random

import httpx

from ingest.counters import Counters
from ingest.quarantine import Quarantine
from park.times import now_ms
from tests.support.ingest_process import IngestProcess, look
from tests.support.publisher import NUMBER, ROOMS, Outcome, Pace, place, publishing
from tests.support.servers import InfluxDB, Mosquitto, run_influxdb, run_mosquitto

_LOOK_S = 0.05
_PATIENCE_S = 45.0
"""Longer than ingest ever waits before it tries again."""


class Fault(StrEnum):
    """What is done to ingest and its surroundings."""

    INGEST_KILLED = "ingest killed"
    BROKER_RESTARTED = "broker restarted"
    STORE_STOPPED = "store stopped"
    STORE_KILLED = "store killed"
    DISK_FULL = "disk full"


_SPANS_S = {
    Fault.INGEST_KILLED: (2.0, 15.0),
    Fault.BROKER_RESTARTED: (2.0, 15.0),
    Fault.STORE_STOPPED: (60.0, 60.0),
    Fault.STORE_KILLED: (20.0, 40.0),
    Fault.DISK_FULL: (20.0, 30.0),
}
"""How long each lasts at full length."""
_QUIET_S = (5.0, 15.0)
"""Between two rounds, so that there is something to break again."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A fault and when it begins and ends, in seconds from the start."""

    fault: Fault
    start_s: float
    end_s: float

    def __str__(self) -> str:
        return f"{self.start_s:.1f} s to {self.end_s:.1f} s: {self.fault}"


def schedule(seed: int, scale: float) -> list[Outage]:
    """Every fault alone, in any order, then two pairs of them that overlap.

    In one pair ingest is always killed while it can't write: whoever acknowledges too early is
    then found out.
    """
    random = Random(seed)  # noqa: S311 - the same seed must break the same things
    rounds: list[Sequence[Fault]] = [(fault,) for fault in random.sample(list(Fault), len(Fault))]
    store = {Fault.STORE_STOPPED, Fault.STORE_KILLED}
    pairs = [(a, b) for a in Fault for b in Fault if a != b and {a, b} != store]
    rounds += [(Fault.DISK_FULL, Fault.INGEST_KILLED), random.choice(pairs)]
    outages, now_s = [], 0.0
    for faults in rounds:
        now_s += random.uniform(*_QUIET_S)
        first_s, second_s = now_s, now_s
        for fault in faults:
            start_s = random.uniform(first_s, second_s)
            end_s = start_s + random.uniform(*_SPANS_S[fault])
            outages.append(Outage(fault, start_s * scale, end_s * scale))
            first_s, second_s = start_s, end_s  # the other begins while this one lasts
            now_s = max(now_s, end_s)
    return outages


class SpoolWatch(threading.Thread):
    """Looks at the spool all the time, and notes where its sum doesn't hold."""

    def __init__(self, spool: Path) -> None:
        super().__init__(name="spool-watch", daemon=True)
        self._spool = spool
        self._over = threading.Event()
        self._last = Counters()
        self.looks = 0
        self.failures = 0
        """Looks that showed nothing."""
        self.complaints: list[str] = []
        self.received: list[tuple[float, int]] = []
        """What had been received at what time, by `time.monotonic`."""

    def run(self) -> None:
        """Look until stopped."""
        while not self._over.wait(_LOOK_S):
            counters = look(self._spool)
            if counters is None:
                self.failures += 1
                continue
            self.looks += 1
            self.received.append((time.monotonic(), counters.received))
            if counters.unaccounted:
                self.complaints.append(f"{counters.unaccounted} unaccounted for: {counters}")
            if counters.received < self._last.received or counters.stored < self._last.stored:
                self.complaints.append(f"went back from {self._last} to {counters}")
            self._last = counters

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        self.join()

    def stood_still(self, start: float, end: float) -> bool:
        """Whether nothing was received in the last part of that time."""
        seen = [number for at, number in self.received if start + (end - start) * 0.7 <= at <= end]
        return len(seen) > 1 and seen[0] == seen[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of it."""

    outcome: Outcome
    """What the device says."""
    lost: list[int]
    """Readings that were acknowledged and aren't stored."""
    invented: list[tuple[str, int, float]]
    """Asset, time and value of what is stored and was never sent."""
    counters: Counters
    quarantined: list[str]
    complaints: list[str]
    """Moments at which the spool's sum didn't hold."""
    looks: int
    """At the spool, while all this went on."""
    stalls: list[bool]
    """For each time that the disk alone was full: whether that was felt."""
    ends: list[str]
    """What ingest said when it ended by itself."""
    elapsed_s: float

    def __str__(self) -> str:
        counters = self.counters
        return (
            f"{self.outcome.sent:,} readings sent ({self.outcome.resent:,} again),"
            f" {len(self.outcome.missing)} never acknowledged; {len(self.lost)} lost,"
            f" {len(self.invented)} invented; received {counters.received:,} ="
            f" stored {counters.stored:,} + quarantined {counters.quarantined:,}"
            f" + spooled {counters.spooled:,} + duplicates {counters.duplicates:,};"
            f" {len(self.complaints)} wrong sums in {self.looks:,} looks;"
            f" ingest ended by itself {len(self.ends)} times; {self.elapsed_s:.0f} s"
        )


@dataclass
class Site:
    """Everything that can be broken."""

    mosquitto: Mosquitto
    influxdb: InfluxDB
    database: str
    ingest: IngestProcess
    random: Random
    down: set[Fault] = field(default_factory=set)

    def begin(self, fault: Fault) -> None:
        """Break something."""
        alone = not self.down
        self.down.add(fault)
        match fault:
            case Fault.INGEST_KILLED:
                self.ingest.kill()
            case Fault.BROKER_RESTARTED:
                self.mosquitto.stop()
            case Fault.STORE_STOPPED:
                self.influxdb.stop()
            case Fault.STORE_KILLED:
                self.influxdb.kill()
            case Fault.DISK_FULL:
                # SQLite writes its journal from the start again and again: at its present size
                # the limit is felt only when more must be kept, at a small share of it at once.
                self.ingest.fill_disk(self.random.uniform(0.02, 0.2) if alone else 1.0)

    def end(self, fault: Fault) -> None:
        """Mend it."""
        self.down.discard(fault)
        match fault:
            case Fault.INGEST_KILLED:
                self.ingest.start()
            case Fault.BROKER_RESTARTED:
                self.mosquitto.start()
            case Fault.STORE_STOPPED | Fault.STORE_KILLED:
                self.influxdb.start()
            case Fault.DISK_FULL:
                self.ingest.free_disk()

    def stored(self) -> set[tuple[str, int, float]]:
        """Asset, time and value of every reading in the store, asked of the store itself."""
        found = set()
        for room in ROOMS:
            query = f"SELECT {NUMBER} FROM cold_room WHERE asset = '{room}'"  # noqa: S608 - ours
            answer = httpx.post(
                f"{self.influxdb.url}/query",
                params={"db": self.database, "epoch": "ms", "q": query},
                timeout=60,
            )
            for series in answer.raise_for_status().json()["results"][0].get("series", []):
                found |= {(room, time_ms, value) for time_ms, value in series["values"]}
        return found


@contextmanager
def site(seed: int) -> Iterator[Site]:
    """Servers and ingest, running."""
    with (
        tempfile.TemporaryDirectory(prefix="agripark-chaos-") as folder,
        run_mosquitto() as mosquitto,
        run_influxdb() as influxdb,
    ):
        database = influxdb.new_database()
        ingest = IngestProcess(mosquitto, (influxdb.url, database), Path(folder))
        random = Random(seed)  # noqa: S311 - the same seed must break the same things
        try:
            ingest.start()
            ingest.wait_until_up()
            yield Site(mosquitto, influxdb, database, ingest, random)
        finally:
            ingest.kill()


def run_chaos(
    seed: int,
    scale: float,
    *,
    rate: float = 2_000,
    say: Callable[[str], None] = lambda _: None,
) -> Verdict:
    """Break things for as long as the schedule says, mend all, and compare."""
    start = time.monotonic()
    first_ms = now_ms() - 3_600_000
    with site(seed) as park:
        watch = SpoolWatch(park.ingest.spool)
        watch.start()
        try:
            pace = Pace(park.mosquitto.port, first_ms, rate, "5" if seed % 2 else "3.1.1")
            with publishing(pace) as device:
                stalls = _break_things(park, schedule(seed, scale), watch, say)
                outcome = device.finish()
            counters = _settle(park, outcome.sent)
        finally:
            watch.stop()
        lost, invented = _differences(park, outcome, first_ms)
        return Verdict(
            outcome=outcome,
            counters=counters,
            quarantined=[
                f"{entry.reason}: {entry.detail}"
                for entry in Quarantine(park.ingest.spool).entries()
            ],
            complaints=watch.complaints,
            looks=watch.looks,
            stalls=stalls,
            ends=park.ingest.ends,
            elapsed_s=time.monotonic() - start,
            lost=lost,
            invented=invented,
        )


def _break_things(
    park: Site, outages: Sequence[Outage], watch: SpoolWatch, say: Callable[[str], None]
) -> list[bool]:
    """Begin and end every outage in its time; whether full disks were felt."""
    stalls: list[bool] = []
    start = time.monotonic()
    events = [(outage.start_s, park.begin, outage) for outage in outages]
    events += [(outage.end_s, park.end, outage) for outage in outages]
    alone = outages[: len(Fault)]
    for at_s, act, outage in sorted(events, key=lambda event: event[0]):
        while time.monotonic() < start + at_s:
            time.sleep(_LOOK_S)
            park.ingest.look_after()
        if act == park.end and outage.fault is Fault.DISK_FULL and outage in alone:
            stalls.append(watch.stood_still(start + outage.start_s, time.monotonic()))
        act(outage.fault)
        say(f"{time.monotonic() - start:6.1f} s {act.__name__} {outage.fault}")
    return stalls


def _settle(park: Site, sent: int) -> Counters:
    """The counters once all that was sent is stored, or when nothing has moved for long."""
    last, deadline = Counters(), time.monotonic() + _PATIENCE_S
    while True:
        park.ingest.look_after()
        counters = look(park.ingest.spool) or last
        if not counters.spooled and counters.stored >= sent:
            return counters
        if counters != last:
            last, deadline = counters, time.monotonic() + _PATIENCE_S
        if time.monotonic() > deadline:
            return counters
        time.sleep(_LOOK_S)


def _differences(
    park: Site, outcome: Outcome, first_ms: int
) -> tuple[list[int], list[tuple[str, int, float]]]:
    """What was acknowledged and isn't stored, and what is stored and wasn't sent."""
    stored = park.stored()
    sent = {(*place(number, first_ms), float(number)): number for number in range(outcome.sent)}
    acknowledged = set(sent.values()) - set(outcome.missing)
    lost = acknowledged - {sent[point] for point in stored & sent.keys()}
    return sorted(lost), sorted(stored - sent.keys())
