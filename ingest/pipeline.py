"""The whole of ingest, put together: broker -> writer -> spool -> shippers."""

import threading
import time
from collections.abc import Callable

from ingest.decoding import Decoder
from ingest.inbox import Inbox
from ingest.mqtt import BrokerConnection, BrokerOptions
from ingest.shippers import ReadingShipper, ScanShipper, Shipper
from ingest.sinks import ScanSink
from ingest.spool import Counters, Spool
from ingest.stores.port import TelemetryStore
from ingest.writer import Writer

_STOP_DEADLINE_S = 10.0
_POLL_S = 0.02


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class Ingest:
    """Takes what the park's devices send. `spool` and `store` stay the caller's to close."""

    def __init__(
        self,
        broker: BrokerOptions,
        decoder: Decoder,
        spool: Spool,
        store: TelemetryStore,
        sink: ScanSink,
        *,
        clock_ms: Callable[[], int] = _now_ms,
    ) -> None:
        self._spool = spool
        self._inbox = Inbox(2 * broker.receive_maximum)
        self._connection = BrokerConnection(broker, decoder.subscriptions, self._inbox.put)
        self._shippers: tuple[Shipper, ...] = (
            ReadingShipper(spool, store, clock_ms),
            ScanShipper(spool, sink, clock_ms),
        )
        self._writer = Writer(
            self._inbox, decoder, spool, self._connection.acknowledge, clock_ms, self._wake
        )

    def start(self) -> None:
        """Connect and begin.

        Raises BrokerError where the broker can't be reached, SpoolError where another process
        ships from the same spool.
        """
        self._spool.claim()
        self._connection.open()
        for thread in (self._writer, *self._shippers):
            thread.start()

    def stop(self) -> None:
        """End in good order: what is in hand is spooled and acknowledged, the rest left.

        What is still spooled is shipped after the next start.
        """
        self._writer.stop()
        self._join(self._writer)
        self._connection.close()
        for shipper in self._shippers:
            shipper.stop()
            self._join(shipper)

    def counters(self) -> Counters:
        """What was received since the spool was made, and what became of it."""
        return self._spool.counters()

    def problem(self) -> str:
        """What keeps it from working, in words; empty where nothing does."""
        if not self._connection.is_connected():
            return "the MQTT broker isn't connected"
        stopped = [t.name for t in (self._writer, *self._shippers) if not t.is_alive()]
        return f"{' and '.join(stopped)} stopped; restart ingest" if stopped else ""

    def seconds_since_message(self) -> float | None:
        """Age of the last message; None before the first."""
        last = self._connection.last_message_at
        return None if last is None else time.monotonic() - last

    def is_idle(self) -> bool:
        """Whether everything that was handed over is stored, captured or in quarantine."""
        return self._writer.written == self._inbox.accepted and self.counters().spooled == 0

    def wait_until_idle(self, timeout_s: float) -> bool:
        """Wait until `is_idle`; False where it isn't in time."""
        deadline = time.monotonic() + timeout_s
        while not self.is_idle():
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_S)
        return True

    def _wake(self) -> None:
        for shipper in self._shippers:
            shipper.wake()

    def _join(self, thread: threading.Thread) -> None:
        if thread.is_alive():
            thread.join(_STOP_DEADLINE_S)
