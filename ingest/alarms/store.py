"""Alarms and their journal in the spool's file; every function works in an open transaction.

A signal is recorded in the transaction that makes its readings durable: whatever dies in between,
each raise is there once. People act on the same tables, in transactions of their own.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

from ingest.alarms.lifecycle import Order, action_of, follow, obey
from ingest.alarms.model import Action, Alarm, AlarmStatus, Priority, Signal, Transition
from ingest.alarms.tables import ALARM_COLUMNS, JOURNAL_COLUMNS, quoted

CLOCK = "agripark"
"""Who ends a shelf when its time is over."""

_SELECT = f"SELECT {quoted(ALARM_COLUMNS)} FROM alarms"  # noqa: S608 - names of our own
_SAVE = (
    f"INSERT OR REPLACE INTO alarms ({quoted(ALARM_COLUMNS)})"  # noqa: S608 - the same
    f" VALUES ({', '.join('?' * len(ALARM_COLUMNS))})"
)
_ENTER = (
    f"INSERT INTO alarm_journal ({quoted(JOURNAL_COLUMNS[1:])})"  # noqa: S608 - the same
    f" VALUES ({', '.join('?' * (len(JOURNAL_COLUMNS) - 1))})"
)
_JOURNAL = f"SELECT {quoted(JOURNAL_COLUMNS)} FROM alarm_journal"  # noqa: S608 - the same


class Total(StrEnum):
    """What is counted since the file was made."""

    RAISED = "raised"
    """Alarms that were shown to somebody."""
    ACKNOWLEDGED = "acknowledged"
    ACKNOWLEDGE_S = "acknowledge_s"
    """Seconds from the raise to the acknowledgement, summed."""


def record(
    connection: sqlite3.Connection, signals: Iterable[tuple[Signal, Priority]], now_ms: int
) -> None:
    """Let alarms follow their conditions."""
    for signal, priority in signals:
        known = find(connection, signal.rule, signal.asset)
        before = replace(known or Alarm(signal.rule, signal.asset, priority), priority=priority)
        after = follow(before, signal, now_ms)
        if after is not before:
            _save(
                connection,
                before,
                after,
                _entry(before, after, action_of(signal), signal.at_ms, now_ms, signal.reason),
            )


def act(
    connection: sqlite3.Connection,
    alarm: Alarm,
    order: Order,
    now_ms: int,
) -> Alarm:
    """Do what a person wants to the alarm of this rule and asset; what came of it.

    It may never have been raised: maintenance is planned ahead. Raises AlarmActionError; then
    nothing was done.
    """
    before = find(connection, alarm.rule, alarm.asset) or alarm
    after = obey(before, order, now_ms)
    entry = _entry(before, after, order.action, now_ms, now_ms, order.note)
    _save(connection, before, after, replace(entry, person=order.person))
    return after


def is_shelf_over(connection: sqlite3.Connection, now_ms: int) -> bool:
    """Whether something was shelved for long enough."""
    query = "SELECT 1 FROM alarms WHERE shelved_until_ms <= ? LIMIT 1"
    return connection.execute(query, (now_ms,)).fetchone() is not None


def same_instant(
    connection: sqlite3.Connection, entries: Sequence[Transition]
) -> dict[tuple[str, int], int]:
    """How many earlier entries have the asset and event time of one of these."""
    counts = {}
    for asset, at_ms in {(entry.asset, entry.at_ms) for entry in entries}:
        (counts[asset, at_ms],) = connection.execute(
            "SELECT count(*) FROM alarm_journal WHERE asset = ? AND at_ms = ? AND id < ?",
            (asset, at_ms, entries[0].id),
        ).fetchone()
    return counts


def end_shelves(connection: sqlite3.Connection, now_ms: int) -> int:
    """Bring back to sight what was shelved for long enough; how many."""
    rows = connection.execute(f"{_SELECT} WHERE shelved_until_ms <= ?", (now_ms,)).fetchall()
    for alarm in map(_alarm, rows):
        act(connection, alarm, Order(Action.UNSHELVE, CLOCK, "its time is over"), now_ms)
    return len(rows)


def find(connection: sqlite3.Connection, rule: str, asset: str) -> Alarm | None:
    """One alarm; None where it was never raised."""
    row = connection.execute(f"{_SELECT} WHERE asset = ? AND rule = ?", (asset, rule)).fetchone()
    return None if row is None else _alarm(row)


def select(
    connection: sqlite3.Connection, rest: str = "", values: Mapping[str, object] | None = None
) -> list[Alarm]:
    """The alarms that a query's rest asks for."""
    return [_alarm(row) for row in connection.execute(f"{_SELECT} {rest}", values or {})]


def journal(
    connection: sqlite3.Connection, rest: str = "", values: Mapping[str, object] | None = None
) -> list[Transition]:
    """The entries of the journal that a query's rest asks for."""
    return [_transition(row) for row in connection.execute(f"{_JOURNAL} {rest}", values or {})]


def totals(connection: sqlite3.Connection) -> dict[Total, float]:
    """What was counted since the file was made."""
    rows = connection.execute("SELECT name, value FROM alarm_totals")
    return dict.fromkeys(Total, 0.0) | {Total(name): value for name, value in rows}


def keep_states(connection: sqlite3.Connection, states: Mapping[str, bytes]) -> None:
    """Keep what the conditions want to find again after a restart."""
    connection.executemany("INSERT OR REPLACE INTO alarm_states VALUES (?, ?)", states.items())


def states(connection: sqlite3.Connection) -> dict[str, bytes]:
    """What `keep_states` kept."""
    return dict(connection.execute("SELECT name, content FROM alarm_states"))


def _entry(
    before: Alarm, after: Alarm, action: Action, at_ms: int, now_ms: int, note: str
) -> Transition:
    return Transition(
        id=0,
        rule=after.rule,
        asset=after.asset,
        priority=after.priority,
        action=action,
        before=before.status,
        after=after.status,
        at_ms=at_ms,
        recorded_ms=now_ms,
        note=note,
        value=after.value,
        limit=after.limit,
    )


def _save(connection: sqlite3.Connection, before: Alarm, after: Alarm, entry: Transition) -> None:
    connection.execute(_SAVE, [getattr(after, name) for name in ALARM_COLUMNS])
    connection.execute(_ENTER, [getattr(entry, name) for name in JOURNAL_COLUMNS[1:]])
    steps: Counter[Total] = Counter()
    if entry.action is Action.RAISE and after.status is AlarmStatus.UNACKNOWLEDGED:
        steps[Total.RAISED] = 1
    if entry.action is Action.ACKNOWLEDGE:
        steps[Total.ACKNOWLEDGED] = 1
        waited_ms = entry.recorded_ms - (before.unseen_since_ms or entry.recorded_ms)
        _add(connection, {Total.ACKNOWLEDGE_S: max(0, waited_ms) / 1000})
    _add(connection, steps)


def _add(connection: sqlite3.Connection, steps: Mapping[Total, float]) -> None:
    connection.executemany(
        "INSERT INTO alarm_totals VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
        list(steps.items()),
    )


def _alarm(row: Sequence[object]) -> Alarm:
    named = dict(zip(ALARM_COLUMNS, row, strict=True))
    flags = {name: bool(value) for name, value in named.items() if name.startswith("is_")}
    words = {
        "priority": Priority(str(named["priority"])),
        "status": AlarmStatus(str(named["status"])),
    }
    return Alarm(**{**named, **flags, **words})  # type: ignore[arg-type]  # as stored


def _transition(row: Sequence[object]) -> Transition:
    named = dict(zip(JOURNAL_COLUMNS, row, strict=True))
    words = {
        "priority": Priority(str(named["priority"])),
        "action": Action(str(named["action"])),
        "before": AlarmStatus(str(named["before"])),
        "after": AlarmStatus(str(named["after"])),
    }
    return Transition(**{**named, **words})  # type: ignore[arg-type]  # as stored
