"""What a subscriber by WebSocket asked for, and what is sent next."""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from anyio import CapacityLimiter, Lock, to_thread

from api.epcis.controls import read_schedule
from api.epcis.headers import read_epc_format
from api.epcis.services import EpcisServices
from park.times import parse_instant
from traceability.epcis.jsonld.writing import query_document
from traceability.epcis.query.conditions import EventQuery
from traceability.epcis.subscriptions.feed import recorded_from
from traceability.epcis.subscriptions.schedules import FIELDS, Schedule
from traceability.epcis.translation import IdentifierForm, translate_json
from traceability.errors import DatabaseUnavailableError, SubscriptionControlsError

_MOST_EVENTS = 100
_LOOK_EVERY_S = 0.25
_THREADS = 4
_FAR = timedelta(minutes=1)
_COUNT = re.compile(r"0*[1-9][0-9]{0,8}")
_CONTROLS = {*FIELDS, "stream", "reportIfEmpty", "initialRecordTime", "perPage"}


@dataclass(frozen=True, slots=True)
class View:
    """What there is at some moment."""

    head: int
    """The number of the last event."""
    queries: Mapping[str, datetime]
    """When each named query got its name."""


class Outlook:
    """Looks now and then at what there is, once for all WebSockets, however many there are.

    What they ask for beyond that they ask for in few threads, so that it keeps no request waiting.
    """

    def __init__(self) -> None:
        self.threads = CapacityLimiter(_THREADS)
        self._lock = Lock()
        self._looked_at = float("-inf")
        self._view: View | None = None

    async def look(self, epcis: EpcisServices) -> View | None:
        """What there is now, or was a moment ago; None where the database doesn't answer."""
        async with self._lock:
            if time.monotonic() - self._looked_at >= _LOOK_EVERY_S:
                self._view = await to_thread.run_sync(_view, epcis, limiter=self.threads)
                self._looked_at = time.monotonic()
            return self._view


def _view(epcis: EpcisServices) -> View | None:
    try:
        return View(epcis.feed.head(), epcis.queries.names())
    except DatabaseUnavailableError:
        return None


@dataclass(slots=True)
class Watch:
    """One WebSocket's subscription, and how far it has come."""

    name: str
    named_at: datetime
    query: EventQuery
    schedule: Schedule | None
    report_if_empty: bool
    form: IdentifierForm
    most_events: int
    """In one message."""
    clock: Callable[[], datetime]
    seen: int
    due_at: datetime | None
    """When a schedule reports next; None for a stream."""
    is_under_way: bool = False
    """Whether a schedule's report goes on."""

    def ends(self, view: View) -> bool:
        """Whether the query was removed."""
        return view.queries.get(self.name) != self.named_at

    def is_due(self, view: View) -> bool:
        """Whether there may be something to send."""
        if self.schedule is None:
            return view.head > self.seen
        now = self.clock()
        if self.due_at is not None and self.due_at - now > _FAR:
            # Unless the clock was set back meanwhile, this changes nothing.
            self.due_at = min(self.due_at, self.schedule.next_after(now))
        return self.is_under_way or self.due_at is None or now >= self.due_at

    def next_document(self, epcis: EpcisServices) -> str | None:
        """The next message, None where there is none after all.

        Raises QueryError where the query can't be answered any more, DatabaseUnavailableError.
        """
        portion = epcis.feed.take(self.query, self.seen, self.most_events)
        empty_too = self.due_at is not None and self.report_if_empty and not self.is_under_way
        self.seen = portion.last_seq
        self.is_under_way = self.due_at is not None and portion.more
        if self.schedule is not None and not self.is_under_way:
            self.due_at = self.schedule.next_after(self.clock())
        if not portion.events and not (empty_too and not portion.more):
            return None
        document = query_document(
            [translate_json(event, self.form) for event in portion.events], self.clock(), self.name
        )
        return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def read_watch(
    epcis: EpcisServices,
    clock: Callable[[], datetime],
    name: str,
    parameters: Mapping[str, str],
    epc_format: str | None,
) -> Watch:
    """Read the query string of a WebSocket.

    Raises NotFoundError, SubscriptionControlsError and ProblemError.
    """
    named = epcis.queries.get(name)
    query = named.query
    for parameter in parameters:
        if parameter not in _CONTROLS:
            msg = f"{parameter[:50]}: there is no such control; there are {', '.join(_CONTROLS)}"
            raise SubscriptionControlsError(msg)
    fields = {field: parameters[field] for field in FIELDS if field in parameters}
    schedule = read_schedule(fields or None, stream=_flag(parameters, "stream"))
    initial = _instant(parameters, "initialRecordTime")
    return Watch(
        name=name,
        named_at=named.created_at,
        query=recorded_from(query, initial),
        schedule=schedule,
        report_if_empty=_flag(parameters, "reportIfEmpty"),
        form=read_epc_format(epc_format),
        most_events=_count(parameters, "perPage"),
        clock=clock,
        seen=epcis.feed.head() if initial is None else 0,
        due_at=None if schedule is None else schedule.next_after(clock()),
    )


def _flag(parameters: Mapping[str, str], name: str) -> bool:
    text = parameters.get(name, "false").lower()
    if text not in {"true", "false"}:
        raise SubscriptionControlsError(f"{name}: must be true or false")
    return text == "true"


def _count(parameters: Mapping[str, str], name: str) -> int:
    text = parameters.get(name, str(_MOST_EVENTS))
    if _COUNT.fullmatch(text) is None:
        raise SubscriptionControlsError(f"{name}: must be a whole number from 1 on")
    return min(int(text), _MOST_EVENTS)


def _instant(parameters: Mapping[str, str], name: str) -> datetime | None:
    text = parameters.get(name)
    if text is None:
        return None
    try:
        # A + that wasn't encoded arrives as a space.
        return parse_instant(text.replace(" ", "+"))
    except ValueError as error:
        raise SubscriptionControlsError(f"{name}: {error}") from error
