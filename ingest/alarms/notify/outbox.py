"""What is to be told and isn't yet, durable in the spool's file.

Every function works in an open transaction. What is due to one address goes out in one message;
what was sent is deleted after it was sent, so a death in between tells it twice, never not at all.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from ingest.alarms.notify.plan import Channel

OUTBOX_TABLES = (
    """CREATE TABLE IF NOT EXISTS alarm_outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT, recipient TEXT NOT NULL, channel TEXT NOT NULL,
    address TEXT NOT NULL, cause TEXT NOT NULL, rule TEXT NOT NULL, asset TEXT NOT NULL,
    entry INTEGER NOT NULL, due_ms INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
    trouble TEXT NOT NULL DEFAULT '')""",
    """CREATE TABLE IF NOT EXISTS alarm_told (
    asset TEXT NOT NULL, rule TEXT NOT NULL, recipient TEXT NOT NULL,
    PRIMARY KEY (asset, rule, recipient)) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS alarm_escalations (
    asset TEXT NOT NULL, rule TEXT NOT NULL, route INTEGER NOT NULL,
    unseen_since_ms INTEGER NOT NULL, PRIMARY KEY (asset, rule, route)) WITHOUT ROWID""",
)


class Cause(StrEnum):
    """Why somebody is told."""

    RAISED = "raised"
    ESCALATED = "escalated"
    RETURNED = "returned"


class Note(NamedTuple):
    """One thing to tell one address."""

    recipient: str
    channel: Channel
    address: str
    cause: Cause
    rule: str
    asset: str
    entry: int
    """The journal's entry that it is about; 0 of an escalation."""
    due_ms: int


class Bundle(NamedTuple):
    """What is due to one address, the oldest first."""

    recipient: str
    channel: Channel
    address: str
    numbers: Sequence[int]
    """Of the rows."""
    notes: Sequence[Note]
    tries: int


def put(connection: sqlite3.Connection, notes: Iterable[Note]) -> None:
    """Add what is to be told."""
    connection.executemany(
        "INSERT INTO alarm_outbox"
        " (recipient, channel, address, cause, rule, asset, entry, due_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        list(notes),
    )


def due(connection: sqlite3.Connection, now_ms: int) -> list[Bundle]:
    """What is due, a bundle for each recipient's address."""
    rows = connection.execute(
        "SELECT recipient, channel, address, cause, rule, asset, entry, due_ms, id, tries"
        " FROM alarm_outbox WHERE due_ms <= ? ORDER BY id",
        (now_ms,),
    )
    bundles: dict[tuple[str, str, str], Bundle] = {}
    for *said, number, tries in rows:
        note = Note(*said)._replace(channel=Channel(said[1]), cause=Cause(said[3]))
        key = (note.recipient, note.channel, note.address)
        known = bundles.get(key) or Bundle(note.recipient, note.channel, note.address, (), (), 0)
        bundles[key] = known._replace(
            numbers=(*known.numbers, number),
            notes=(*known.notes, note),
            tries=max(known.tries, tries),
        )
    return list(bundles.values())


def done(connection: sqlite3.Connection, numbers: Sequence[int]) -> None:
    """Forget what was told."""
    connection.executemany(
        "DELETE FROM alarm_outbox WHERE id = ?", [(number,) for number in numbers]
    )


def put_off(
    connection: sqlite3.Connection, numbers: Sequence[int], due_ms: int, trouble: str
) -> None:
    """Keep what couldn't be told for another try."""
    connection.executemany(
        "UPDATE alarm_outbox SET due_ms = ?, tries = tries + 1, trouble = ? WHERE id = ?",
        [(due_ms, trouble[:300], number) for number in numbers],
    )


def waiting(connection: sqlite3.Connection) -> tuple[int, str]:
    """How many notes failed at least once and wait, and why the last did."""
    count, trouble = connection.execute(
        "SELECT count(*), max(trouble) FROM alarm_outbox WHERE tries > 0"
    ).fetchone()
    return count, trouble or ""


def remember(connection: sqlite3.Connection, asset: str, rule: str, recipient: str) -> None:
    """Note that a recipient is told of an alarm, so as to tell its return."""
    connection.execute(
        "INSERT OR IGNORE INTO alarm_told VALUES (?, ?, ?)", (asset, rule, recipient)
    )


def take_told(connection: sqlite3.Connection, asset: str, rule: str) -> list[str]:
    """The recipients that were told of an alarm, once."""
    rows = connection.execute(
        "DELETE FROM alarm_told WHERE asset = ? AND rule = ? RETURNING recipient", (asset, rule)
    ).fetchall()
    return sorted(recipient for (recipient,) in rows)


def is_fresh_escalation(
    connection: sqlite3.Connection, asset: str, rule: str, route: int, unseen_since_ms: int
) -> bool:
    """Whether a route wasn't escalated yet since the alarm waits; from now on it was."""
    cursor = connection.execute(
        "INSERT INTO alarm_escalations VALUES (?, ?, ?, ?) ON CONFLICT (asset, rule, route)"
        " DO UPDATE SET unseen_since_ms = excluded.unseen_since_ms"
        " WHERE unseen_since_ms <> excluded.unseen_since_ms",
        (asset, rule, route, unseen_since_ms),
    )
    return cursor.rowcount > 0
