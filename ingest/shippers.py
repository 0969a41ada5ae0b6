"""From the spool onwards: readings to the telemetry store, scans to the scan sink.

Each has a thread of its own. What the receiver confirmed leaves the spool, what it refuses for
good goes to quarantine, and while it doesn't answer everything stays where it is.
"""

import logging
import threading
from abc import abstractmethod
from collections.abc import Callable

from pydantic import ValidationError

from ingest.backoff import Backoff
from ingest.decoding import Fault
from ingest.errors import (
    LinesRefusedError,
    ScanRefusedError,
    ScanSinkUnavailableError,
    SpoolError,
    StoreUnavailableError,
    UnknownFieldError,
)
from ingest.line_protocol import decode
from ingest.sinks import ScanSink
from ingest.spool import Spool
from ingest.stores.port import TelemetryStore
from ingest.topics import telemetry_topic
from park.scans import SCAN

_log = logging.getLogger(__name__)

_ENOUGH_LINES = 5_000
_MOST_SCANS = 100
_POLL_S = 0.5
_REFUSED = "refused-by-store"


class Shipper(threading.Thread):
    """Ships whenever there is something to ship, backing off while the receiver is away."""

    def __init__(self, name: str, spool: Spool, clock_ms: Callable[[], int]) -> None:
        super().__init__(name=name, daemon=True)
        self._spool = spool
        self._clock_ms = clock_ms
        self._work = threading.Event()
        self._stopping = threading.Event()

    def wake(self) -> None:
        """Say that there may be something to ship."""
        self._work.set()

    def stop(self) -> None:
        """End after the batch in hand."""
        self._stopping.set()
        self._work.set()

    def run(self) -> None:
        """Work until stopped."""
        backoff = Backoff(self._stopping)
        while not self._stopping.is_set():
            self._work.clear()
            try:
                shipped = self._ship()
            except (StoreUnavailableError, ScanSinkUnavailableError, SpoolError) as error:
                _log.warning("%s waits: %s", self.name, error)
                backoff.wait()
                continue
            except Exception:  # noqa: BLE001 - nobody would notice a dead thread
                _log.exception("%s waits", self.name)
                backoff.wait()
                continue
            backoff.reset()
            if not shipped:
                self._work.wait(_POLL_S)

    @abstractmethod
    def _ship(self) -> bool:
        """Ship one batch; False where nothing waits."""


class ReadingShipper(Shipper):
    """Ships readings to the telemetry store, oldest first."""

    def __init__(self, spool: Spool, store: TelemetryStore, clock_ms: Callable[[], int]) -> None:
        super().__init__("reading-shipper", spool, clock_ms)
        self._store = store

    def _ship(self) -> bool:
        batch = self._spool.oldest_lines(_ENOUGH_LINES)
        if batch is None:
            return False
        faults = []
        try:
            self._store.write(batch.lines)
        except LinesRefusedError as error:
            faults = [
                (_topic(refused.line), Fault(refused.line.encode(), _REFUSED, refused.reason))
                for refused in error.refused
            ]
        self._spool.drop_lines(batch, faults, self._clock_ms())
        return True


def _topic(line: str) -> str:
    """The topic that the line's reading came by."""
    try:
        reading = decode(line)
    except UnknownFieldError:
        return ""
    return telemetry_topic(reading.site, reading.kind, reading.asset)


class ScanShipper(Shipper):
    """Ships scans to the scan sink, in the order of their arrival."""

    def __init__(self, spool: Spool, sink: ScanSink, clock_ms: Callable[[], int]) -> None:
        super().__init__("scan-shipper", spool, clock_ms)
        self._sink = sink

    def _ship(self) -> bool:
        scans = self._spool.oldest_scans(_MOST_SCANS)
        for spooled in scans:
            fault = None
            try:
                self._sink.capture(SCAN.validate_json(spooled.scan))
            except ValidationError as error:  # spooled by a version that knew other scans
                fault = Fault(spooled.scan, "invalid-scan", str(error))
            except ScanRefusedError as error:
                fault = Fault(spooled.scan, error.code, error.detail)
            self._spool.drop_scan(spooled, fault, self._clock_ms())
        return bool(scans)
