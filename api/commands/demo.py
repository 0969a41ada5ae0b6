"""`agripark demo`: a season through the whole park, and whether anything was lost on the way.

What is reported is not what the parts say of themselves: stored readings are counted in the
telemetry store, and each scan that was sent is looked up as an event.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import orjson

from ingest.counters import Counters
from ingest.stores.port import TelemetryStore
from park.scans import ReceiveScan
from park.telemetry import KINDS
from simulators.handheld import ScanPoster
from simulators.messages import Message, ScanSent
from simulators.mqtt import Publisher
from simulators.runner import Lookup, Progress, run_season
from simulators.season import SeasonPlan
from traceability.errors import NotFoundError
from traceability.repository import Traceability

_PATIENCE_S = 30.0
"""How long ingest may stand still before what has not arrived counts as lost."""
_POLL_S = 0.05


class RunningIngest(Protocol):
    """What the demo asks of ingest."""

    def counters(self) -> Counters:
        """How much was received and what became of it."""

    def is_idle(self) -> bool:
        """Whether nothing is under way."""


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What was sent and what arrived."""

    batches: int
    shipments: int
    readings_sent: int
    readings_stored: int
    scans_sent: int
    events: int
    quarantined: int
    elapsed_s: float

    def complaints(self) -> Sequence[str]:
        """What was lost, a line each; empty where nothing was."""
        found = []
        if self.readings_stored < self.readings_sent:
            found.append(f"{self.readings_sent} readings sent, {self.readings_stored} stored")
        if self.events < self.scans_sent:
            found.append(f"{self.scans_sent} scans sent, {self.events} became events")
        if self.quarantined:
            found.append(f"{self.quarantined} messages went to quarantine")
        return found

    def as_json(self) -> dict[str, Any]:
        """The report as one JSON object."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The report, and where to look next."""

    report: DemoReport
    lookups: Sequence[Lookup]
    first_ms: int
    """Time of the season's first reading, epoch milliseconds."""
    last_ms: int
    """Time of its last."""


@dataclass(frozen=True, slots=True)
class DemoParts:
    """The running park that the season goes through."""

    ingest: RunningIngest
    store: TelemetryStore
    traceability: Traceability
    publisher: Publisher
    handheld: ScanPoster


def run_demo(
    plan: SeasonPlan, parts: DemoParts, progress: Callable[[Progress], None]
) -> DemoResult:
    """Send the season through the parts, wait until it has settled, and count."""
    began = time.monotonic()
    witness = _Witness(parts.publisher, parts.handheld)
    season = run_season(plan, witness, witness, progress)
    _settle(parts.ingest, season.readings_sent)
    counters = parts.ingest.counters()
    report = DemoReport(
        batches=season.batches,
        shipments=season.shipments,
        readings_sent=season.readings_sent,
        readings_stored=min(counters.stored, _count_readings(parts.store)),
        scans_sent=season.scans_sent,
        events=_count_events(parts.traceability, witness.scans),
        quarantined=counters.quarantined,
        elapsed_s=round(time.monotonic() - began, 1),
    )
    return DemoResult(report, season.lookups, season.first_ms, season.last_ms)


@dataclass(slots=True)
class _Witness:
    """Passes messages and scans on, and remembers the id of every scan."""

    publisher: Publisher
    handheld: ScanPoster
    scans: list[str] = field(default_factory=list)

    def publish(self, message: Message) -> None:
        if isinstance(message, ScanSent):
            self.scans.append(orjson.loads(message.payload)["id"])
        self.publisher.publish(message)

    def flush(self) -> None:
        self.publisher.flush()

    def post(self, scan: ReceiveScan) -> None:
        self.scans.append(str(scan.id))
        self.handheld.post(scan)

    def finish(self) -> None:
        self.handheld.finish()


def _settle(ingest: RunningIngest, readings: int) -> None:
    """Wait until all is stored or nothing has moved for a while."""
    before: Counters | None = None
    deadline = 0.0
    while time.monotonic() < deadline or before is None:
        now = ingest.counters()
        if now != before:
            before, deadline = now, time.monotonic() + _PATIENCE_S
        if ingest.is_idle() and now.stored + now.quarantined >= readings:
            return
        time.sleep(_POLL_S)


def _count_readings(store: TelemetryStore) -> int:
    return sum(store.count(kind) for kind in KINDS)


def _count_events(traceability: Traceability, scans: Sequence[str]) -> int:
    return sum(_is_event(traceability, scan) for scan in set(scans))


def _is_event(traceability: Traceability, scan: str) -> bool:
    try:
        traceability.event(f"urn:uuid:{scan}")
    except NotFoundError:
        return False
    return True
