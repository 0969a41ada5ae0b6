"""Stands in for what ingest ships to: fakes of its ports, and messages to feed it."""

import resource
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import orjson

from ingest.errors import (
    LinesRefusedError,
    RefusedLine,
    ScanRefusedError,
    ScanSinkUnavailableError,
    StoreUnavailableError,
)
from ingest.stores.port import Bucket, Point, Sample, StoreHealth
from park.scans import Scan
from park.telemetry import OWN_KINDS

ROOM_TOPIC = "agripark/v1/linyi/cold_room/room-0001/telemetry"
HARVEST_TOPIC = "agripark/v1/linyi/orchard/orchard-001/scan"
BATCH = "01/09521321000018/10/LOT-1"


def room_reading(time_ms: int | str, **fields: object) -> dict[str, object]:
    """A cold room's reading as a device sends it."""
    return {"ts": time_ms, **(fields or {"air_temp_c": -0.8})}


def harvest(time_ms: int, **changes: object) -> dict[str, object]:
    """A harvest's scan as a reader sends it."""
    scan: dict[str, object] = {
        "id": str(uuid4()),
        "ts": time_ms,
        "action": "harvest",
        "batch": BATCH,
        "qty_kg": 480.5,
    }
    return scan | changes


def as_json(value: object) -> bytes:
    """The payload of a message."""
    return orjson.dumps(value)


class RecordingScanSink:
    """A `ScanSink` that remembers what it was given; can be away, and can refuse batches' lots."""

    def __init__(self) -> None:
        self.captured: list[Scan] = []
        self.tries: list[UUID] = []
        self.is_away = False
        self.refused: dict[str, ScanRefusedError] = {}
        """By lot of a harvested batch."""

    def capture(self, scan: Scan) -> bool:
        """Remember the scan; once only, whatever the number of tries."""
        self.tries.append(scan.id)
        if self.is_away:
            raise ScanSinkUnavailableError("the scan sink is away")
        batch = getattr(scan, "batch", None)
        if batch is not None and batch.lot in self.refused:
            raise self.refused[batch.lot]
        is_new = scan.id not in {known.id for known in self.captured}
        if is_new:
            self.captured.append(scan)
        return is_new


_OWN = tuple(f"{kind}," for kind in OWN_KINDS)
"""How lines begin that no device sent."""


class MemoryStore:
    """A `TelemetryStore` that only takes writes; can be away, and can refuse lines."""

    def __init__(self) -> None:
        self.writes: list[Sequence[str]] = []
        self.is_away = False
        self.refuses = ""
        """Lines with this text in them are refused; none where empty."""
        self.asked = threading.Event()
        """Set by every write that is tried."""

    @property
    def lines(self) -> list[str]:
        """Every stored line that a device sent, in the order of its writing."""
        return [line for lines in self.writes for line in lines if not line.startswith(_OWN)]

    def write(self, lines: Sequence[str]) -> None:
        """Remember the lines; see the port."""
        self.asked.set()
        if self.is_away:
            raise StoreUnavailableError("the store is away")
        refused = [line for line in lines if self.refuses and self.refuses in line]
        self.writes.append([line for line in lines if line not in refused])
        if refused:
            raise LinesRefusedError([RefusedLine(line, "not to my taste") for line in refused])

    def latest(self, *_: Any) -> list[Point]:
        """Nothing: this fake isn't asked."""
        return []

    def series(self, *_: Any) -> list[Bucket]:
        """Nothing: this fake isn't asked."""
        return []

    def raw(self, _kind: str, _asset: str, _field: str, _s: datetime, _e: datetime) -> list[Sample]:
        """Nothing: this fake isn't asked."""
        return []

    def count(self, kind: str) -> int:
        """How many different points of the kind were written."""
        heads = {line.rsplit(" ", 1)[1] + line.split(" ", 1)[0] for line in self.lines}
        return sum(f"{kind}," in head for head in heads)

    def health(self) -> StoreHealth:
        """Whether it is away."""
        return StoreHealth(ok=not self.is_away, version="in memory")

    def close(self) -> None:
        """Nothing to let go of."""


@contextmanager
def full_disk(most_bytes: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size meanwhile, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def wait_for(condition: Callable[[], bool], deadline_s: float = 20.0) -> None:
    """Poll until the condition holds; fails after the deadline."""
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, "what the test waits for doesn't come about"
        time.sleep(0.01)
