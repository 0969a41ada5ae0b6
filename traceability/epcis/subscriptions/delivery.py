"""Delivery to subscribers: a thread that looks what is due, and others that send.

1. A stream is due whenever events were captured, a schedule at its times.
2. Each subscription has one message under way at most, on a thread of its own. Those whose last
   message wasn't taken share a few threads: however many are away, they keep nobody else waiting.
3. Where a message isn't taken it is sent again, after pauses that double up to five minutes and
   differ at random. What has been taken is written down before the next message is sent.
4. A subscriber that answers 413 gets half as many events at a time.
5. A query that can no longer be answered is told as a problem, again after pauses as in 3.
6. Where the machine's clock was set back, what was due in a time that is now far away is due anew.
"""

import json
import logging
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import uuid4

from park.times import utc_now
from traceability.epcis.jsonld.writing import query_document
from traceability.epcis.query.conditions import EventQuery
from traceability.epcis.query.parameters import parse_query_body
from traceability.epcis.subscriptions.feed import EventFeed, Portion, recorded_from
from traceability.epcis.subscriptions.store import Subscription, Subscriptions, at
from traceability.epcis.subscriptions.webhooks import signature
from traceability.epcis.translation import translate_json
from traceability.errors import DeliveryError, QueryError, TraceabilityError

_log = logging.getLogger(__name__)

MOST_EVENTS = 100
"""In one message."""
_TOO_LARGE = 413
_POLL_S = 1.0
_AWAY_S = 5.0
"""Until the next look where one failed."""
_LEASE = timedelta(seconds=30)
_FIRST_PAUSE = timedelta(seconds=1)
_LONGEST_PAUSE = timedelta(minutes=5)
_MISTAKE_S = 60.0
_SENDERS = 16
_RETRYING_SENDERS = 8
_WRITE_DOWN_AFTER = 1000
"""Events that don't fit are remembered as seen in the database only now and then."""

Json = dict[str, Any]


class Sender(Protocol):
    """What takes a message to a subscriber."""

    def send(self, dest: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Post a body. Raises DeliveryError unless it was taken."""


Describe = Callable[[QueryError], Json]
"""Makes the problem of an error, in JSON."""


@dataclass(slots=True)
class _Pace:
    """What is remembered of a subscription between two looks at it."""

    busy: bool = False
    seen: int = 0
    """Events up to this number don't fit, whether that was written down or not."""
    most_events: int = MOST_EVENTS
    rests_until: float = 0.0
    """On the clock that nobody sets: nothing is tried before, after a mistake of ours."""


@dataclass(slots=True)
class _Pools:
    """Threads that send: to those who take what they get, and to those who didn't."""

    first: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(_SENDERS, thread_name_prefix="subscriptions")
    )
    again: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(
            _RETRYING_SENDERS, thread_name_prefix="subscriptions-again"
        )
    )

    def shutdown(self) -> None:
        """End after the messages that are under way."""
        for pool in (self.first, self.again):
            pool.shutdown(cancel_futures=True)


class SubscriptionRunner:
    """Delivers what subscriptions ask for, from `start` to `stop`."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        feed: EventFeed,
        sender: Sender,
        *,
        describe: Describe,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._subscriptions = subscriptions
        self._feed = feed
        self._sender = sender
        self._describe = describe
        self._clock = clock
        self._owner = str(uuid4())
        self._paces: dict[int, _Pace] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._pools: _Pools | None = None
        self._looked_at: datetime | None = None

    def start(self) -> None:
        """Begin to deliver, in threads of its own; nothing happens where it did already."""
        if self._thread is not None:
            return
        self._stopping.clear()
        self._paces = {}
        self._pools = _Pools()
        self._thread = threading.Thread(target=self._run, name="subscriptions", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the messages that are under way."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._pools is not None:
            self._pools.shutdown()
            self._pools = None

    def wake(self) -> None:
        """Look at once: events were captured, or somebody subscribed."""
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            pause_s = _POLL_S
            try:
                self._look()
            except TraceabilityError as error:
                _log.warning("subscriptions wait: %s", error)
                pause_s = _AWAY_S
            except Exception:  # noqa: BLE001 - one mistake must not end all deliveries
                _log.exception("subscriptions: a look at them failed; the next one follows")
                pause_s = _AWAY_S
            self._wake.wait(pause_s)

    def _look(self) -> None:
        now = self._clock()
        if self._was_set_back(now):
            self._subscriptions.bring_forward(now, now + _LEASE, now + _LONGEST_PAUSE)
        due = self._subscriptions.due(now)
        if not due:
            return
        head = self._feed.head()
        for subscription in due:
            pace = self._paces.setdefault(subscription.key, _Pace())
            with self._lock:
                if pace.busy or not self._may_be_served(subscription, pace, head):
                    continue
                pace.busy = True
            if self._pools is not None:
                pool = self._pools.again if subscription.failures else self._pools.first
                pool.submit(self._serve, subscription, pace)

    def _was_set_back(self, now: datetime) -> bool:
        """Whether the clock shows less than at the last look; so it may be, too, at the first."""
        last, self._looked_at = self._looked_at, now
        return last is None or now < last

    @staticmethod
    def _may_be_served(subscription: Subscription, pace: _Pace, head: int) -> bool:
        if time.monotonic() < pace.rests_until:
            return False
        is_stream = subscription.wanted.schedule is None
        return not is_stream or max(pace.seen, subscription.last_seq) < head

    def _serve(self, subscription: Subscription, pace: _Pace) -> None:
        has_reported = False
        try:
            has_reported = self._report(subscription, pace)
        except QueryError as error:
            self._tell(subscription, error)
        except TraceabilityError as error:
            _log.warning("subscription %s waits: %s", subscription.subscription_id, error)
        except Exception:  # noqa: BLE001 - one mistake must not end all deliveries
            _log.exception("subscription %s failed", subscription.subscription_id)
            pace.rests_until = time.monotonic() + _MISTAKE_S
        finally:
            with self._lock:
                pace.busy = False
            if has_reported:
                # Events that were captured meanwhile were passed over.
                self._wake.set()

    def _report(self, subscription: Subscription, pace: _Pace) -> bool:
        """Deliver all that there is; where it isn't taken, try again later.

        False where there was nothing to do, or another process does it.
        """
        query = recorded_from(
            parse_query_body(subscription.definition), subscription.wanted.initial_record_time
        )
        portion = self._next(query, subscription, pace)
        is_due = subscription.wanted.schedule is not None
        if not portion.events and not is_due and not self._is_far(subscription, portion):
            pace.seen = portion.last_seq
            return False
        now = self._clock()
        if not self._subscriptions.claim(subscription, self._owner, now, now + _LEASE):
            return False
        must_send = is_due and subscription.wanted.report_if_empty
        failures = 0
        while portion.events or must_send:
            try:
                self._send(subscription, portion.events)
            except DeliveryError as error:
                if error.status == _TOO_LARGE and pace.most_events > 1 and portion.events:
                    pace.most_events = max(1, min(pace.most_events, len(portion.events)) // 2)
                    portion = self._next(query, subscription, pace)
                    continue
                failures = subscription.failures + 1
                _log.info("subscription %s: %s", subscription.subscription_id, error)
                break
            must_send = False
            subscription = self._taken(subscription, portion)
            if not portion.more or self._stopping.is_set():
                break
            portion = self._next(query, subscription, pace)
        else:
            subscription = at(subscription, portion.last_seq)
        pace.seen = subscription.last_seq
        due_at = self._due_again(subscription, failures)
        self._subscriptions.rest(subscription, self._owner, subscription.last_seq, due_at, failures)
        return True

    def _tell(self, subscription: Subscription, error: QueryError) -> None:
        """Tell the subscriber why nothing comes."""
        now = self._clock()
        if not self._subscriptions.claim(subscription, self._owner, now, now + _LEASE):
            return
        try:
            self._post(subscription, self._describe(error), "application/problem+json")
        except DeliveryError as refusal:
            _log.info("subscription %s: %s", subscription.subscription_id, refusal)
        failures = subscription.failures + 1
        due_at, last_seq = self._due_again(subscription, failures), subscription.last_seq
        self._subscriptions.rest(subscription, self._owner, last_seq, due_at, failures)

    def _next(self, query: EventQuery, subscription: Subscription, pace: _Pace) -> Portion:
        after = max(subscription.last_seq, pace.seen)
        portion = self._feed.take(query, after, pace.most_events)
        while portion.more and not portion.events and not self._stopping.is_set():
            portion = self._feed.take(query, portion.last_seq, pace.most_events)
        return portion

    def _is_far(self, subscription: Subscription, portion: Portion) -> bool:
        return portion.last_seq - subscription.last_seq >= _WRITE_DOWN_AFTER

    def _taken(self, subscription: Subscription, portion: Portion) -> Subscription:
        now = self._clock()
        still_ours = self._subscriptions.delivered(
            subscription, self._owner, portion.last_seq, now, now + _LEASE
        )
        if not still_ours:
            msg = "it was removed, or another process took it over"
            raise TraceabilityError(msg)
        return at(subscription, portion.last_seq)

    def _due_again(self, subscription: Subscription, failures: int) -> datetime:
        now = self._clock()
        if failures:
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * (1 << min(failures, 20) - 1))
            # Subscribers that came back together don't get everything at the same moment.
            jitter = random.uniform(0.5, 1)  # noqa: S311 - no secret
            return now + pause * jitter
        schedule = subscription.wanted.schedule
        return now if schedule is None else schedule.next_after(now)

    def _send(self, subscription: Subscription, events: Sequence[Json]) -> None:
        form = subscription.wanted.identifier_form
        document = query_document(
            [translate_json(event, form) for event in events],
            self._clock(),
            subscription.query_name,
            subscription.subscription_id,
        )
        self._post(subscription, document, "application/json")

    def _post(self, subscription: Subscription, document: Json, media_type: str) -> None:
        wanted = subscription.wanted
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {
            "Content-Type": media_type,
            "User-Agent": "agripark",
            "GS1-EPCIS-Version": "2.0",
            "GS1-CBV-Version": "2.0",
        }
        if wanted.signature_token is not None:
            headers["GS1-Signature"] = signature(body, wanted.signature_token)
        self._sender.send(wanted.dest, body, headers)
