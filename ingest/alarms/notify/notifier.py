"""Follows the journal of alarms, and sees to it that somebody hears of them."""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence

from ingest.alarms import store
from ingest.alarms.model import Action, Alarm, AlarmStatus, Transition
from ingest.alarms.notify import outbox
from ingest.alarms.notify.message import Item, Message, Stake, compose
from ingest.alarms.notify.outbox import Bundle, Cause, Note
from ingest.alarms.notify.plan import NotifyPlan, Recipient
from ingest.alarms.notify.senders import Senders
from ingest.alarms.rules.rule import RuleSet
from ingest.errors import NotifyError, SpoolError
from ingest.spool import Spool
from park.assets import Park

_log = logging.getLogger(__name__)

CURSOR = "alarms-notified"
_AT_ONCE = 500
_LOOK_S = 1.0
_FIRST_RETRY_MS = 10_000
_LONGEST_RETRY_MS = 15 * 60_000
_IN_ONE_MESSAGE = 50
_UNSEEN = (AlarmStatus.UNACKNOWLEDGED, AlarmStatus.RETURNED_UNACKNOWLEDGED)
_GONE = (Action.CLEAR, Action.WITHDRAW)

Stakes = Callable[[Sequence[str]], Sequence[Stake]]
"""The batches that lie in these assets; nothing where it can't be found out."""


class Notifier(threading.Thread):
    """Tells recipients; what can't be sent is tried again, for as long as the alarm waits."""

    def __init__(
        self,
        park: Park,
        rules: RuleSet,
        plan: NotifyPlan,
        spool: Spool,
        senders: Senders,
        stakes: Stakes,
        base_url: str,
        clock_ms: Callable[[], int],
    ) -> None:
        super().__init__(name="alarm-notifier", daemon=True)
        self._park = park
        self._rules = rules
        self._plan = plan
        self._spool = spool
        self._senders = senders
        self._stakes = stakes
        self._base_url = base_url
        self._clock_ms = clock_ms
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End after what is in hand; the rest is told after the next start."""
        self._stopping.set()

    def run(self) -> None:
        """Work until stopped."""
        while not self._stopping.is_set():
            try:
                self.work()
            except SpoolError as error:
                _log.warning("%s waits: %s", self.name, error)
            except Exception:  # noqa: BLE001 - nobody would notice a dead thread
                _log.exception("%s waits", self.name)
            self._stopping.wait(_LOOK_S)
        self._senders.close()

    def work(self) -> None:
        """Read the journal on, see who was waited for too long, and send what is due."""
        while self._read_on():
            pass
        self._escalate()
        with self._spool.reading() as connection:
            bundles = outbox.due(connection, self._clock_ms())
        for bundle in bundles:
            if self._stopping.is_set():
                return
            self._send(bundle)

    def _read_on(self) -> bool:
        """Put into the outbox what some entries of the journal call for; False without any."""
        told = int(self._spool.keepsake(CURSOR) or 0)
        with self._spool.reading() as connection:
            entries = store.journal(
                connection,
                "WHERE id > :told ORDER BY id LIMIT :most",
                {"told": told, "most": _AT_ONCE},
            )
        if not entries:
            return False
        with self._spool.transaction() as connection:
            for entry in entries:
                outbox.put(connection, self._notes(connection, entry))
            self._spool.keep_in(connection, {CURSOR: str(entries[-1].id).encode()})
        return True

    def _notes(self, connection: sqlite3.Connection, entry: Transition) -> Iterator[Note]:
        if entry.action in _GONE:
            returning = set(outbox.take_told(connection, entry.asset, entry.rule))
            for name in sorted(returning):
                yield from self._to(name, Cause.RETURNED, entry, 0)
        elif _comes_in_sight(entry):
            routes = self._plan.routes_of(
                self._park, entry.asset, entry.rule, entry.priority, entry.recorded_ms
            )
            names: dict[str, bool] = {}
            for _, route in routes:
                for name in route.to:
                    names[name] = names.get(name, False) or route.returns
            for name, hears_return in names.items():
                if hears_return:
                    outbox.remember(connection, entry.asset, entry.rule, name)
                yield from self._to(name, Cause.RAISED, entry, entry.id)

    def _to(self, name: str, cause: Cause, entry: Transition, number: int) -> Iterator[Note]:
        recipient = self._plan.recipients.get(name)
        if recipient is None:  # of an earlier file of routes
            return
        due_ms = self._plan.due_ms(recipient, entry.priority, entry.recorded_ms)
        for channel, address in recipient.addresses:
            yield Note(name, channel, address, cause, entry.rule, entry.asset, number, due_ms)

    def _escalate(self) -> None:
        """Tell others of alarms that nobody acknowledged in time."""
        now_ms = self._clock_ms()
        shortest = min(
            (route.escalate_after_ms for route in self._plan.routes if route.escalate_after_ms),
            default=None,
        )
        if shortest is None:
            return
        with self._spool.reading() as connection:
            late = store.select(
                connection, "WHERE unseen_since_ms <= :before", {"before": now_ms - shortest}
            )
        if late:
            with self._spool.transaction() as connection:
                for alarm in late:
                    outbox.put(connection, self._escalations(connection, alarm, now_ms))

    def _escalations(
        self, connection: sqlite3.Connection, alarm: Alarm, now_ms: int
    ) -> Iterator[Note]:
        since_ms = alarm.unseen_since_ms or now_ms
        # Whoever was on duty when it was raised should have seen it.
        routes = self._plan.routes_of(self._park, alarm.asset, alarm.rule, alarm.priority, since_ms)
        for number, route in routes:
            after_ms = route.escalate_after_ms
            if after_ms is None or now_ms - since_ms < after_ms:
                continue
            if outbox.is_fresh_escalation(connection, alarm.asset, alarm.rule, number, since_ms):
                for name in route.escalate_to:
                    for channel, address in self._plan.recipients[name].addresses:
                        yield Note(
                            *(name, channel, address, Cause.ESCALATED),
                            *(alarm.rule, alarm.asset, 0, now_ms),
                        )

    def _send(self, bundle: Bundle) -> None:
        recipient = self._plan.recipients.get(bundle.recipient)
        items = list(self._items(bundle.notes))
        if recipient is not None and items:
            try:
                for begin in range(0, len(items), _IN_ONE_MESSAGE):
                    message = self._compose(recipient, items[begin : begin + _IN_ONE_MESSAGE])
                    self._senders.send(recipient, bundle.channel, bundle.address, message)
            except NotifyError as error:
                self._put_off(bundle, str(error))
                return
        with self._spool.transaction() as connection:
            outbox.done(connection, bundle.numbers)

    def _compose(self, recipient: Recipient, items: Sequence[Item]) -> Message:
        return compose(
            self._park, recipient.id, recipient.language, items, self._base_url, self._clock_ms()
        )

    def _put_off(self, bundle: Bundle, trouble: str) -> None:
        _log.warning("%s can't be told of alarms: %s", bundle.recipient, trouble)
        wait_ms = min(_FIRST_RETRY_MS * 2**bundle.tries, _LONGEST_RETRY_MS)
        with self._spool.transaction() as connection:
            outbox.put_off(connection, bundle.numbers, self._clock_ms() + wait_ms, trouble)

    def _items(self, notes: Sequence[Note]) -> Iterator[Item]:
        """What is still worth telling: not what somebody has seen meanwhile."""
        latest = {(note.asset, note.rule): note for note in notes}
        for note in latest.values():
            with self._spool.reading() as connection:
                alarm = store.find(connection, note.rule, note.asset)
            if alarm is None or (note.cause is not Cause.RETURNED and alarm.status not in _UNSEEN):
                continue
            stakes = (
                () if note.cause is Cause.RETURNED else self._stakes(self._park.within(note.asset))
            )
            yield Item(note.cause, alarm, self._rules.find(note.rule), stakes)


def _comes_in_sight(entry: Transition) -> bool:
    """What comes again before anybody has seen it is not told again: a chatter would flood."""
    return entry.after is AlarmStatus.UNACKNOWLEDGED and entry.before not in _UNSEEN
