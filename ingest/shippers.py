"""From the spool onwards: readings to the telemetry store, scans to the scan sink.

Each has a thread of its own. What the receiver confirmed leaves the spool, what it refuses for
good goes to quarantine, and while it doesn't answer everything stays where it is.
"""

import logging
import threading
import traceback
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping

from pydantic import ValidationError

from ingest.backoff import Backoff
from ingest.counters import Count
from ingest.errors import (
    LinesRefusedError,
    RefusedLine,
    ScanRefusedError,
    ScanSinkUnavailableError,
    SpoolError,
    StoreUnavailableError,
    UnknownFieldError,
)
from ingest.line_protocol import decode
from ingest.received import SCANS, STATUSES, Fault
from ingest.sinks import ScanSink
from ingest.spool import Spool, SpooledScan
from ingest.stores.port import TelemetryStore
from ingest.topics import telemetry_topic
from park.scans import SCAN
from park.telemetry import LIVENESS

_log = logging.getLogger(__name__)

_ENOUGH_LINES = 5_000
_MOST_SCANS = 100
_POLL_S = 0.5
_GATHERING_S = 0.4
"""What comes meanwhile is shipped together: a request costs as much as a thousand lines."""
REFUSED_BY_STORE = "refused-by-store"


class Shipper(threading.Thread):
    """Ships whenever there is something to ship, backing off while the receiver is away."""

    def __init__(self, name: str, spool: Spool, clock_ms: Callable[[], int]) -> None:
        super().__init__(name=name, daemon=True)
        self._spool = spool
        self._clock_ms = clock_ms
        self._work = threading.Event()
        self._stopping = threading.Event()
        self._lag_ms: dict[str, int] = {}
        self.trouble = ""
        """Why nothing can be shipped at the moment; empty where it can."""

    @property
    def lag_ms(self) -> Mapping[str, int]:
        """How long what was shipped last had waited, by kind."""
        return dict(self._lag_ms)

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
                self.trouble = str(error)
                _let_go(error)
                backoff.wait()
                continue
            except Exception as error:  # noqa: BLE001 - nobody would notice a dead thread
                _log.exception("%s waits", self.name)
                self.trouble = repr(error)
                _let_go(error)
                backoff.wait()
                continue
            self.trouble = ""
            backoff.reset()
            if not shipped:
                self._work.wait(_POLL_S)
                self._stopping.wait(_GATHERING_S)

    def _note_lag(self, kinds: Iterable[str], lag_ms: int) -> None:
        self._lag_ms.update(dict.fromkeys(kinds, lag_ms))

    @abstractmethod
    def _ship(self) -> bool:
        """Ship one batch; False where little or nothing waits behind it."""


def _let_go(error: BaseException | None) -> None:
    """Forget what a failed try had in hand.

    Its frames would keep it until the next big collection of garbage, and an outage has many tries.
    """
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__


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
            faults = [_refusal(refused) for refused in error.refused]
        now_ms = self._clock_ms()
        self._spool.drop_lines(batch, faults, now_ms)
        self._note_lag(batch.kinds, now_ms - batch.received_ms)
        return len(batch.lines) >= _ENOUGH_LINES


def _refusal(refused: RefusedLine) -> Fault:
    """Quarantine's view of a line that the store refused."""
    line = refused.line.encode()
    try:
        reading = decode(refused.line)
    except UnknownFieldError:
        return Fault("", line, REFUSED_BY_STORE, refused.reason)
    topic = telemetry_topic(reading.site, reading.kind, reading.asset)
    kind = STATUSES if reading.kind == LIVENESS.name else reading.kind
    return Fault(topic, line, REFUSED_BY_STORE, refused.reason, kind, reading.asset)


class ScanShipper(Shipper):
    """Ships scans to the scan sink, in the order of their arrival."""

    def __init__(self, spool: Spool, sink: ScanSink, clock_ms: Callable[[], int]) -> None:
        super().__init__("scan-shipper", spool, clock_ms)
        self._sink = sink

    def _ship(self) -> bool:
        scans = self._spool.oldest_scans(_MOST_SCANS)
        for spooled in scans:
            outcome = self._capture(spooled)
            now_ms = self._clock_ms()
            self._spool.drop_scan(spooled, outcome, now_ms)
            self._note_lag((SCANS,), now_ms - spooled.received_ms)
        return len(scans) >= _MOST_SCANS

    def _capture(self, spooled: SpooledScan) -> Fault | Count:
        try:
            is_new = self._sink.capture(SCAN.validate_json(spooled.scan))
        except ValidationError as error:  # spooled by a version that knew other scans
            return Fault(spooled.topic, spooled.scan, "invalid-scan", str(error), SCANS)
        except ScanRefusedError as error:
            return Fault(spooled.topic, spooled.scan, error.code, error.detail, SCANS)
        return Count.STORED if is_new else Count.DUPLICATES
