"""Between broker and spool: decodes what came, makes it durable in one commit, acknowledges it.

The order is the promise: a message is acknowledged after its commit, never before. While the spool
can't be written, such as on a full disk, nothing is acknowledged and the writer tries on.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from ingest.alarms.model import Priority, Signal
from ingest.alarms.watch import AlarmWatch
from ingest.backoff import Backoff
from ingest.decoding import Decoder
from ingest.devices.book import DeviceBook
from ingest.digests import RecentLines
from ingest.errors import SpoolError
from ingest.inbox import Inbox
from ingest.packets import Delivery
from ingest.received import STATUSES, Decoded, Fault, Measured, Received
from ingest.spool import Spool

_log = logging.getLogger(__name__)

_MOST_MESSAGES = 2_000
_MOST_BYTES = 4 * 1024 * 1024
"""What one commit takes; more waits for the next."""
_LOOK_ROUND_S = 1.0
DECODER = "decoder"
"""Under which name the spool keeps what the decoder wants to find again."""
_AUDIT_S = 60.0


class Broker(Protocol):
    """Where deliveries come from."""

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Tell it that these are safe."""

    def publish(self, topic: str, payload: bytes) -> None:
        """Send a message to devices."""

    def is_connected(self) -> bool:
        """Whether messages can come."""


class Writer(threading.Thread):
    """Takes deliveries from `inbox`, makes them durable and acknowledges them."""

    def __init__(
        self,
        inbox: Inbox,
        decoder: Decoder,
        spool: Spool,
        broker: Broker,
        clock_ms: Callable[[], int],
        spooled: Callable[[], None],
        book: DeviceBook,
        watch: AlarmWatch | None = None,
    ) -> None:
        """Without a `watch` there are no alarms, as where consumers share a device's readings."""
        super().__init__(name="ingest-writer", daemon=True)
        self._inbox = inbox
        self._decoder = decoder
        self._spool = spool
        self._broker = broker
        self._clock_ms = clock_ms
        self._spooled = spooled
        self._book = book
        self._watch = watch
        self._recent = RecentLines(spool.digests(), int(spool.identity(), 16))
        self._stopping = threading.Event()
        self._listening_since_ms: int | None = None
        self._look_round_at = self._audit_at = 0.0
        self._acknowledged: Counter[str] = Counter()
        self.written = 0
        """Deliveries that are durable."""
        self.trouble = ""
        """Why nothing can be written at the moment; empty where it can."""

    @property
    def acknowledged(self) -> Mapping[str, int]:
        """Things whose message was acknowledged since the start, by kind."""
        return dict(self._acknowledged)

    def stop(self) -> None:
        """Write what is in the inbox, then end; what can't be written now is left."""
        self._stopping.set()
        self._inbox.close()

    def run(self) -> None:
        """Work until stopped."""
        while not self._inbox.is_over():
            deliveries = self._inbox.take(_MOST_MESSAGES, _MOST_BYTES, _LOOK_ROUND_S)
            received = self._receive(deliveries)
            if not self._write(received):
                continue
            for topic, payload in self._decoder.take_requests(self._clock_ms()):
                self._broker.publish(topic, payload)
            if deliveries:
                self._broker.acknowledge(deliveries)
                self._acknowledged.update(received.by_kind())
                self.written += len(deliveries)
                self._spooled()
        self._write(
            Received(
                devices=self._book.take_changed(),
                keepsakes=self._keepsakes(),
                alarm_states={} if self._watch is None else self._watch.take_everything(),
            )
        )

    def _receive(self, deliveries: Sequence[Delivery]) -> Received:
        now_ms = self._clock_ms()
        decoded = Decoded()
        for topic, payload, *_ in deliveries:
            try:
                self._decoder.decode_into(decoded, topic, payload, now_ms)
            except Exception as error:  # noqa: BLE001 - one message must never stop all others
                _log.exception("the decoder fails on a message on %r", topic)
                fault = Fault(topic, payload, "decoder-failed", repr(error)[:500])
                decoded.faults.append(fault)
        return self._account(decoded, now_ms)

    def _account(self, decoded: Decoded, now_ms: int) -> Received:
        """Sort out what came before, and note what it says of the devices."""
        book, note = self._book, self._recent.note
        readings, digests = [], []
        duplicates: Counter[str] = Counter()
        for measured in decoded.readings:
            digest = note(measured.line)
            if digest is None:
                duplicates[measured.kind] += 1
                book.duplicate(measured, now_ms)
            else:
                digests.append(digest)
                readings.append(measured)
                book.reading(measured, now_ms)
        for announcement in decoded.announcements:
            book.announced(announcement, now_ms)
        for fault in decoded.faults:
            if fault.asset is not None:
                book.refused(fault.asset, now_ms)
        changed = self._look_round(now_ms)
        announced = book.take_announced()
        states = book.take_states()
        signals, alarm_states = self._look(readings, states)
        return Received(
            lines=[*[measured.line for measured in readings], *announced],
            kinds=[*[measured.kind for measured in readings], *[STATUSES] * len(announced)],
            own_lines=book.take_noticed(),
            scans=decoded.scans,
            faults=decoded.faults,
            duplicates=duplicates,
            digests=b"".join(digests),
            devices=book.take_changed() if changed else (),
            keepsakes=self._keepsakes(),
            signals=signals,
            alarm_states=alarm_states,
        )

    def _look(
        self, readings: Sequence[Measured], states: Sequence[tuple[str, str, int]]
    ) -> tuple[Sequence[tuple[Signal, Priority]], Mapping[str, bytes]]:
        """What alarms make of it."""
        if self._watch is None:
            return (), {}
        self._watch.look(readings, states)
        return self._watch.take()

    def _keepsakes(self) -> Mapping[str, bytes]:
        keepsake = self._decoder.keepsake()
        return {} if keepsake is None else {DECODER: keepsake}

    def _look_round(self, now_ms: int) -> bool:
        """Now and then find devices that fell silent; True where it was time for it."""
        if time.monotonic() < self._look_round_at:
            return False
        self._look_round_at = time.monotonic() + _LOOK_ROUND_S
        self._audit()
        if not self._broker.is_connected():
            self._listening_since_ms = None
        elif self._listening_since_ms is None:
            self._listening_since_ms = now_ms
        else:
            self._book.find_silent(now_ms, self._listening_since_ms)
        return True

    def _audit(self) -> None:
        """Now and then see that the spool's sum holds."""
        if time.monotonic() < self._audit_at:
            return
        self._audit_at = time.monotonic() + _AUDIT_S
        with suppress(SpoolError):
            if unaccounted := self._spool.counters().unaccounted:
                _log.critical("%d readings are unaccounted for; please report it", unaccounted)

    def _write(self, received: Received) -> bool:
        if received.is_empty():
            return True
        backoff = Backoff(self._stopping)
        while True:
            try:
                self._spool.append(received, self._clock_ms())
            except SpoolError as error:
                _log.error("nothing is acknowledged until the spool can be written: %s", error)
                self.trouble = f"nothing can be written: {error}"
                self._listening_since_ms = None
                if not backoff.wait():
                    return False
            else:
                self.trouble = ""
                return True
