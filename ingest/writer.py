"""From deliveries to the spool: decode, commit, then acknowledge.

While one batch is being committed the next gathers, so that commits grow with the load.
"""

import logging
import threading
from collections.abc import Callable, Sequence

from ingest.backoff import Backoff
from ingest.decoding import Decoded, Decoder, Fault
from ingest.errors import SpoolError
from ingest.inbox import Inbox
from ingest.mqtt import Delivery
from ingest.spool import Received, Spool

_log = logging.getLogger(__name__)

_MOST_MESSAGES = 2_000
_MOST_BYTES = 4 * 1024 * 1024
"""What one commit takes; more waits for the next."""


class Writer(threading.Thread):
    """Takes deliveries from `inbox`, makes them durable and calls `acknowledge`."""

    def __init__(
        self,
        inbox: Inbox,
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
        self._inbox.close()

    def run(self) -> None:
        """Work until stopped."""
        while deliveries := self._inbox.take(_MOST_MESSAGES, _MOST_BYTES):
            if self._write(self._receive(deliveries)):
                self._acknowledge(deliveries)
                self.written += len(deliveries)
                self._spooled()

    def _receive(self, deliveries: Sequence[Delivery]) -> Received:
        now_ms = self._clock_ms()
        lines: list[str] = []
        scans: list[tuple[str, bytes]] = []
        faults: list[tuple[str, Fault]] = []
        for delivery in deliveries:
            decoded = self._decode(delivery, now_ms)
            lines += decoded.lines
            scans += [(delivery.topic, scan) for scan in decoded.scans]
            faults += [(delivery.topic, fault) for fault in decoded.faults]
        return Received(lines, scans, faults)

    def _decode(self, delivery: Delivery, now_ms: int) -> Decoded:
        try:
            return self._decoder.decode(delivery.topic, delivery.payload, now_ms)
        except Exception as error:  # noqa: BLE001 - one message must never stop all others
            _log.exception("the decoder fails on a message on %r", delivery.topic)
            return Decoded(faults=[Fault(delivery.payload, "decoder-failed", repr(error)[:500])])

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
