"""The whole of ingest, put together: broker -> writer -> spool -> shippers."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

import orjson

from ingest.alarms import store as alarm_store
from ingest.alarms.crier import AlarmCrier
from ingest.alarms.rules.rule import RuleSet
from ingest.alarms.watch import AlarmWatch
from ingest.counters import Counters
from ingest.decoding import Decoder
from ingest.devices.book import DeviceBook, silence_limit_ms
from ingest.errors import BrokerError, StoppedError, StoreUnavailableError
from ingest.inbox import Inbox
from ingest.mqtt import BrokerConnection, BrokerOptions
from ingest.self_report import SelfReport
from ingest.shippers import ReadingShipper, ScanShipper, Shipper
from ingest.sinks import ScanSink
from ingest.spool import Spool
from ingest.stores.port import TelemetryStore
from ingest.vitals import Vitals
from ingest.writer import DECODER, Writer
from park.assets import Park
from park.times import now_ms, to_epoch_ms

_STOP_DEADLINE_S = 10.0
_POLL_S = 0.02
_SUBSCRIPTIONS = "subscriptions"


class Helper(Protocol):
    """A thread that works beside ingest."""

    name: str

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End after what is in hand."""

    def is_alive(self) -> bool:
        """Whether it works."""

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end."""


class Ingest:
    """Takes what the park's devices send. `spool` and `store` stay the caller's to close."""

    def __init__(  # noqa: PLR0913 - the parts that it joins
        self,
        broker: BrokerOptions,
        park: Park,
        decoder: Decoder,
        spool: Spool,
        store: TelemetryStore,
        sink: ScanSink,
        *,
        rules: RuleSet | None = None,
        helpers: Sequence[Helper] = (),
        clock_ms: Callable[[], int] = now_ms,
    ) -> None:
        """Without `rules` there are no alarms; nor in a group, where none sees all readings.

        `helpers` work on the same spool, as long as ingest does.
        """
        self._spool = spool
        self._store = store
        self._clock_ms = clock_ms
        member = None
        if broker.group:  # the session is this consumer's own
            member = f"{broker.client_id}-{spool.identity()}"
            broker = replace(broker, client_id=member)
        self._inbox = Inbox(2 * broker.receive_maximum)
        topics = decoder.shareable_subscriptions if broker.group else decoder.subscriptions
        self._subscriptions = broker.shared(topics)
        decoder.resume(spool.keepsake(DECODER))
        self._connection = BrokerConnection(
            broker,
            self._subscriptions,
            self._inbox.put,
            self._inbox.has_room,
            self._no_longer_wanted(),
        )
        self._shippers: tuple[Shipper, ...] = (
            ReadingShipper(spool, store, clock_ms),
            ScanShipper(spool, sink, clock_ms),
        )
        book = DeviceBook(park, spool.devices(), self._heard_of_late if broker.group else None)
        watch = None
        if rules is not None and not broker.group:
            with spool.reading() as connection:
                watch = AlarmWatch(park, rules, alarm_store.states(connection))
            crier = AlarmCrier(park, rules, spool, self._connection, clock_ms, self._wake)
            helpers = (crier, *helpers)
        self._helpers: tuple[Helper, ...] = (
            SelfReport(park.site.id, member, spool, clock_ms, self._lag_ms, self._wake),
            *helpers,
        )
        self._writer = Writer(
            self._inbox,
            decoder,
            spool,
            self._connection,
            clock_ms,
            self._wake,
            book,
            watch,
        )

    def start(self) -> None:
        """Connect and begin.

        Raises BrokerError where the broker can't be reached, SpoolError where another process
        ships from the same spool.
        """
        self._spool.claim()
        # First: before it answers, a broker may hand over more than the inbox takes.
        for thread in (self._writer, *self._shippers):
            thread.start()
        try:
            self._connection.open()
        except BrokerError:
            self.stop()
            raise
        for helper in self._helpers:
            helper.start()
        wanted = orjson.dumps(self._subscriptions)
        if self._spool.keepsake(_SUBSCRIPTIONS) != wanted:
            self._spool.keep({_SUBSCRIPTIONS: wanted})

    def stop(self) -> None:
        """End in good order: what is in hand is spooled and acknowledged, the rest left.

        What is still spooled is shipped after the next start.
        """
        self._writer.stop()
        self._join(self._writer)
        for helper in self._helpers:
            helper.stop()
            self._join(helper)
        self._connection.close()
        for shipper in self._shippers:
            shipper.stop()
            self._join(shipper)

    def counters(self) -> Counters:
        """What was received since the spool was made, and what became of it."""
        return self._spool.counters()

    def vitals(self) -> Vitals:
        """How it fares at this moment."""
        last = self._connection.last_message_at
        return Vitals(
            connected=self._connection.is_connected(),
            acknowledged=self._writer.acknowledged,
            lag_ms=self._lag_ms(),
            seconds_since_message=None if last is None else time.monotonic() - last,
        )

    def check_alive(self) -> None:
        """Raise StoppedError where a part of it has ended by a fault of its own."""
        threads: list[Helper] = [self._writer, *self._shippers, *self._helpers]
        if stopped := [thread.name for thread in threads if not thread.is_alive()]:
            raise StoppedError(f"{' and '.join(stopped)} stopped; restart ingest")

    def problem(self) -> str:
        """What keeps it from working, in words; empty where nothing does."""
        threads: tuple[Writer | Shipper, ...] = (self._writer, *self._shippers)
        problems = []
        try:
            self.check_alive()
        except StoppedError as error:
            problems.append(str(error))
        if not self._connection.is_connected():
            problems.append("the MQTT broker isn't connected")
        problems += [thread.trouble for thread in threads if thread.trouble]
        return "; ".join(problems)

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

    def _no_longer_wanted(self) -> Sequence[str]:
        """Subscriptions of an earlier run: the broker keeps them with the session."""
        kept = orjson.loads(self._spool.keepsake(_SUBSCRIPTIONS) or b"[]")
        return [topic for topic in kept if topic not in self._subscriptions]

    def _heard_of_late(self, kind: str, assets: Sequence[str]) -> Sequence[str]:
        """Of these, those that others of the group stored readings of; all where it can't say."""
        oldest_ms = self._clock_ms() - silence_limit_ms(kind)
        try:
            points = self._store.latest(kind, assets)
        except StoreUnavailableError:
            return assets
        return [point.asset for point in points if to_epoch_ms(point.time) >= oldest_ms]

    def _lag_ms(self) -> dict[str, int]:
        return {kind: ms for shipper in self._shippers for kind, ms in shipper.lag_ms.items()}

    def _wake(self) -> None:
        for shipper in self._shippers:
            shipper.wake()

    def _join(self, thread: Helper) -> None:
        if thread.is_alive():
            thread.join(_STOP_DEADLINE_S)
