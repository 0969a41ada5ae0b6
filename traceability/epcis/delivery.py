"""Delivery to subscribers: a thread that looks what is due, and others that send.

1. A stream is due whenever events were captured, a schedule at its times.
2. Each subscription has one message under way at most, on a thread of its own: a subscriber that
   is slow or away keeps nobody else waiting.
3. Where a message isn't taken it is sent again, after pauses that double up to five minutes and
   differ at random. What has been taken is written down before the next message is sent.
4. A subscriber that answers 413 gets half as many events at a time.
5. A query that can no longer be answered is told as a problem, again after pauses as in 3.
"""

import json
import logging
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import uuid4

from traceability.epcis.feed import EventFeed, Portion, recorded_from
from traceability.epcis.query.conditions import EventQuery
from traceability.epcis.query.parameters import parse_query_body
from traceability.epcis.subscriptions import Subscription, Subscriptions, at
from traceability.epcis.translation import translate_json
from traceability.epcis.webhooks import signature
from traceability.epcis.writing import query_document
from traceability.errors import DeliveryError, QueryError, TraceabilityError

_log = logging.getLogger(__name__)

MOST_EVENTS = 100
"""In one message."""
_TOO_LARGE = 413
_POLL_S = 1.0
_LEASE = timedelta(seconds=30)
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 300.0
_SENDERS = 16
_WRITE_DOWN_AFTER = 1000
"""Events that don't fit are remembered as seen in the database only now and then."""

Json = dict[str, Any]


class Sender(Protocol):
    """What takes a message to a subscriber."""

    def send(self, dest: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Post a body. Raises DeliveryError unless it was taken."""


Describe = Callable[[QueryError], Json]
"""Makes the problem of an error, in JSON."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class _Pace:
    """What is remembered of a subscription between two looks at it."""

    busy: bool = False
    seen: int = 0
    """Events up to this number don't fit, whether that was written down or not."""
    most_events: int = MOST_EVENTS


class SubscriptionRunner:
    """Delivers what subscriptions ask for, from `start` to `stop`."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        feed: EventFeed,
        sender: Sender,
        *,
        describe: Describe,
        clock: Callable[[], datetime] = _now,
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
        self._pool: ThreadPoolExecutor | None = None

    def start(self) -> None:
        """Begin to deliver, in threads of its own; nothing happens where it did already."""
        if self._thread is not None:
            return
        self._stopping.clear()
        self._pool = ThreadPoolExecutor(_SENDERS, thread_name_prefix="subscriptions")
        self._thread = threading.Thread(target=self._run, name="subscriptions", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the messages that are under way."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def wake(self) -> None:
        """Look at once: events were captured, or somebody subscribed."""
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self._look()
            except TraceabilityError as error:
                _log.warning("subscriptions wait: %s", error)
            except Exception:  # noqa: BLE001 - one mistake must not end all deliveries
                _log.exception("subscriptions: a look at them failed; the next one follows")
            self._wake.wait(_POLL_S)

    def _look(self) -> None:
        due = self._subscriptions.due(self._clock())
        if not due:
            return
        head = self._feed.head()
        for subscription in due:
            pace = self._paces.setdefault(subscription.key, _Pace())
            with self._lock:
                is_stream = subscription.wanted.schedule is None
                nothing_new = max(pace.seen, subscription.last_seq) >= head
                if pace.busy or (is_stream and nothing_new):
                    continue
                pace.busy = True
            if self._pool is not None:
                self._pool.submit(self._serve, subscription, pace)

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
            pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (min(failures, 20) - 1))
            # Subscribers that came back together don't get everything at the same moment.
            jitter = random.uniform(0.5, 1)  # noqa: S311 - no secret
            return now + timedelta(seconds=pause * jitter)
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
