"""Subscriptions by webhook: who wants to hear of what fits a named query, how far each has heard.

A subscription remembers the number of the last event that it was told of. Numbers follow the order
of commits, so each event is delivered once, in the order of capture; where the subscriber's answer
is lost it is delivered again.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Engine, Row, Select, delete, insert, select, update

from park.times import from_epoch_ms, to_epoch_ms
from traceability import tables as log
from traceability.database.transactions import Matter, alone, reading, write
from traceability.epcis import tables as t
from traceability.epcis.subscriptions.schedules import Schedule
from traceability.epcis.translation import IdentifierForm
from traceability.errors import NotFoundError
from traceability.paging import check_texts, read_token, write_token
from traceability.views import Page

_S = t.subscriptions.c
_Q = t.named_queries.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a subscriber asks for."""

    dest: str
    """Where to send, `http://` or `https://`."""
    schedule: Schedule | None = None
    """None is a stream: whatever fits is sent at once."""
    signature_token: str | None = None
    """What messages are signed with."""
    report_if_empty: bool = False
    """Whether a schedule sends a document without events, too."""
    initial_record_time: datetime | None = None
    """Events recorded from here on; what is captured from now on, where not given."""
    identifier_form: IdentifierForm = IdentifierForm.NEVER
    """In which form identifiers are sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Somebody's wish, and how far it was met."""

    key: int
    subscription_id: str
    query_name: str
    definition: Mapping[str, Any]
    """The named query's parameters."""
    wanted: Wanted
    created_at: datetime
    last_seq: int
    """Every event up to this number was delivered or doesn't fit."""
    last_notified_at: datetime | None
    due_at: datetime
    """Nothing happens before."""
    failures: int
    """Deliveries that failed since the last that didn't."""


class Subscriptions:
    """The subscriptions in one SQL database. Safe to share among threads.

    Every method raises DatabaseUnavailableError where the database doesn't answer.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, query_name: str, wanted: Wanted, now: datetime) -> Subscription:
        """Subscribe to a query.

        Raises NotFoundError `query-not-found`, SubscriptionControlsError for a schedule that
        never comes.
        """
        check_texts(query_name, wanted.dest, wanted.signature_token)
        initial = wanted.initial_record_time
        due = now if wanted.schedule is None else wanted.schedule.next_after(now)
        values: dict[str, Any] = {
            "subscription_id": str(uuid4()),
            "dest": wanted.dest,
            "signature_token": wanted.signature_token,
            "schedule": None
            if wanted.schedule is None
            else json.dumps(dict(wanted.schedule.fields)),
            "report_if_empty": wanted.report_if_empty,
            "initial_record_time_ms": None if initial is None else to_epoch_ms(initial),
            "identifier_form": wanted.identifier_form.value,
            "created_at_ms": to_epoch_ms(now),
            "due_at_ms": to_epoch_ms(due),
            "failures": 0,
            "claimed_by": "",
            "claimed_until_ms": 0,
        }

        def work(connection: Connection) -> None:
            alone(connection, Matter.QUERIES)
            query_id = _query_id(connection, query_name)
            head = connection.execute(select(log.log_head.c.size)).scalar_one()
            # What was captured before may count where a time is given; the query looks at that.
            row = {**values, "query_id": query_id, "last_seq": head if initial is None else 0}
            connection.execute(insert(t.subscriptions).values(row))

        write(self._engine, work)
        return self.get(query_name, values["subscription_id"])

    def get(self, query_name: str, subscription_id: str) -> Subscription:
        """One subscription. Raises NotFoundError."""
        check_texts(query_name, subscription_id)
        statement = _joined().where(_S.subscription_id == subscription_id, _Q.name == query_name)
        with reading(self._engine) as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            raise _missing(query_name, subscription_id)
        return _subscription(row)

    def page(self, query_name: str, token: str | None, per_page: int) -> Page[Subscription]:
        """One page of the subscriptions to a query, the oldest first.

        Raises NotFoundError `query-not-found`, QueryError for a token that is none.
        """
        check_texts(query_name)
        with reading(self._engine) as connection:
            query_id = _query_id(connection, query_name)
            statement = _joined().where(_S.query_id == query_id).limit(per_page + 1)
            if token is not None:
                statement = statement.where(_S.id > read_token(token, (int,))[0])
            rows = connection.execute(statement).all()
        more = len(rows) > per_page
        return Page(
            [_subscription(row) for row in rows[:per_page]],
            write_token([rows[per_page - 1].id]) if more else None,
        )

    def remove(self, query_name: str, subscription_id: str) -> None:
        """Unsubscribe. Raises NotFoundError."""
        found = self.get(query_name, subscription_id)
        statement = delete(t.subscriptions).where(_S.id == found.key)
        write(self._engine, lambda connection: connection.execute(statement))

    def due(self, now: datetime) -> Sequence[Subscription]:
        """Those of which something may have to be delivered now."""
        statement = _joined().where(_S.due_at_ms <= to_epoch_ms(now))
        with reading(self._engine) as connection:
            return [_subscription(row) for row in connection.execute(statement)]

    def bring_forward(self, now: datetime, until: datetime, latest: datetime) -> None:
        """Make due what lies beyond the times that are possible now, after a clock was set back.

        No claim ends after `until`, no stream is due after `latest`, no schedule after its next
        time.
        """
        until_ms, latest_ms = to_epoch_ms(until), to_epoch_ms(latest)
        far = (_S.due_at_ms > latest_ms) | (_S.claimed_until_ms > until_ms)
        with reading(self._engine) as connection:
            found = [_subscription(row) for row in connection.execute(_joined().where(far))]

        def work(connection: Connection) -> None:
            for each in found:
                schedule = each.wanted.schedule
                following = now if schedule is None else schedule.next_after(now)
                due_ms = to_epoch_ms(min(following, each.due_at))
                one = update(t.subscriptions).where(_S.id == each.key)
                connection.execute(one.values(due_at_ms=due_ms))
                late = one.where(_S.claimed_until_ms > until_ms)
                connection.execute(late.values(claimed_until_ms=until_ms))

        if found:
            write(self._engine, work)

    def claim(self, subscription: Subscription, owner: str, now: datetime, until: datetime) -> bool:
        """Take a subscription for this process, until a time; False where another has it.

        So it is, too, where another process delivered meanwhile or the subscription is gone.
        """
        now_ms = to_epoch_ms(now)
        statement = (
            update(t.subscriptions)
            .where(
                _S.id == subscription.key,
                _S.last_seq == subscription.last_seq,
                (_S.claimed_until_ms <= now_ms) | (_S.claimed_by == owner),
            )
            .values(claimed_by=owner, claimed_until_ms=to_epoch_ms(until))
        )
        return write(self._engine, lambda connection: connection.execute(statement).rowcount == 1)

    def delivered(
        self, subscription: Subscription, owner: str, last_seq: int, now: datetime, until: datetime
    ) -> bool:
        """Remember what the subscriber has taken; False where it is no longer this process's."""
        values = {
            "last_seq": last_seq,
            "last_notified_ms": to_epoch_ms(now),
            "failures": 0,
            "claimed_until_ms": to_epoch_ms(until),
        }
        return self._change(subscription, owner, values)

    def rest(
        self, subscription: Subscription, owner: str, last_seq: int, due_at: datetime, failures: int
    ) -> bool:
        """Let go of a subscription until it is due again."""
        values = {
            "last_seq": last_seq,
            "due_at_ms": to_epoch_ms(due_at),
            "failures": failures,
            "claimed_by": "",
            "claimed_until_ms": 0,
        }
        return self._change(subscription, owner, values)

    def _change(self, subscription: Subscription, owner: str, values: Mapping[str, Any]) -> bool:
        statement = (
            update(t.subscriptions)
            .where(_S.id == subscription.key, _S.claimed_by == owner)
            .values(**values)
        )
        return write(self._engine, lambda connection: connection.execute(statement).rowcount == 1)


def at(subscription: Subscription, last_seq: int) -> Subscription:
    """The same subscription, further on."""
    return replace(subscription, last_seq=last_seq)


def _joined() -> Select[Any]:
    return (
        select(t.subscriptions, _Q.name, _Q.definition)
        .join(t.named_queries, _S.query_id == _Q.id)
        .order_by(_S.id)
    )


def _query_id(connection: Connection, name: str) -> int:
    found = connection.execute(select(_Q.id).where(_Q.name == name)).scalar_one_or_none()
    if found is None:
        raise NotFoundError("query-not-found", f"there is no query {name}")
    return int(found)


def _missing(query_name: str, subscription_id: str) -> NotFoundError:
    msg = f"there is no subscription {subscription_id} to a query {query_name}"
    return NotFoundError("subscription-not-found", msg)


def _subscription(row: Row[Any]) -> Subscription:
    initial, notified = row.initial_record_time_ms, row.last_notified_ms
    return Subscription(
        key=row.id,
        subscription_id=row.subscription_id,
        query_name=row.name,
        definition=json.loads(row.definition),
        wanted=Wanted(
            dest=row.dest,
            schedule=None if row.schedule is None else Schedule.of(json.loads(row.schedule)),
            signature_token=row.signature_token,
            report_if_empty=row.report_if_empty,
            initial_record_time=None if initial is None else from_epoch_ms(initial),
            identifier_form=IdentifierForm(row.identifier_form),
        ),
        created_at=from_epoch_ms(row.created_at_ms),
        last_seq=row.last_seq,
        last_notified_at=None if notified is None else from_epoch_ms(notified),
        due_at=from_epoch_ms(row.due_at_ms),
        failures=row.failures,
    )
