"""From deliveries to the spool: decode, commit, then acknowledge.

While one batch is being committed the next gathers, so that commits grow with the load and a
lone message never waits.
"""

import logging
import queue
import threading
from collections.abc import Callable, Sequence

from ingest.backoff import Backoff
from ingest.decoding import Decoder, Fault
from ingest.errors import SpoolError
from ingest.mqtt import Delivery
from ingest.spool import Received, Spool

_log = logging.getLogger(__name__)

_MOST_MESSAGES = 2_000
_POLL_S = 0.1


class Writer(threading.Thread):
    """Takes deliveries from `inbox`, makes them durable and calls `acknowledge`."""

    def __init__(
        self,
        inbox: "queue.Queue[Delivery]",
        decoder: Decoder,
        spool: Spool,
        acknowledge: Callable[[Sequence[Delivery]], None],
        clock_ms: Callable[[], int],
        spooled: Callable[[], None],
    ) -> None:
        super().__init__(name="ingest-writer", daemon=True)
        self._inbox = inbox
        self._decoder = decoder
        self._spool = spool
        self._acknowledge = acknowledge
        self._clock_ms = clock_ms
        self._spooled = spooled
        self._stopping = threading.Event()
        self.written = 0
        """Deliveries that are durable."""

    def stop(self) -> None:
        """Write what is in the inbox, then end; what can't be written now is left."""
        self._stopping.set()

    def run(self) -> None:
        """Work until stopped."""
        while deliveries := self._take():
            if self._write(self._receive(deliveries)):
                self._acknowledge(deliveries)
                self.written += len(deliveries)
                self._spooled()

    def _take(self) -> list[Delivery]:
        """The deliveries of the next commit; empty once stopped and nothing waits."""
        while True:
            try:
                deliveries = [self._inbox.get(timeout=_POLL_S)]
                break
            except queue.Empty:
                if self._stopping.is_set():
                    return []
        while len(deliveries) < _MOST_MESSAGES:
            try:
                deliveries.append(self._inbox.get_nowait())
            except queue.Empty:
                break
        return deliveries

    def _receive(self, deliveries: Sequence[Delivery]) -> Received:
        now_ms = self._clock_ms()
        lines: list[str] = []
        scans: list[tuple[str, bytes]] = []
        faults: list[tuple[str, Fault]] = []
        for delivery in deliveries:
            decoded = self._decoder.decode(delivery.topic, delivery.payload, now_ms)
            lines += decoded.lines
            scans += [(delivery.topic, scan) for scan in decoded.scans]
            faults += [(delivery.topic, fault) for fault in decoded.faults]
        return Received(lines, scans, faults)

    def _write(self, received: Received) -> bool:
        backoff = Backoff(self._stopping)
        while True:
            try:
                self._spool.append(received, self._clock_ms())
            except SpoolError:
                _log.exception("nothing is acknowledged until the spool can be written")
                if not backoff.wait():
                    return False
            else:
                return True
