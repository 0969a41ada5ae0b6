"""The tables of a spool's file, and how an older file gets them."""

import sqlite3
from dataclasses import fields

from ingest.alarms.notify.outbox import OUTBOX_TABLES
from ingest.alarms.tables import ALARM_INDEXES, ALARM_TABLES
from ingest.devices.device import Device

VERSION = 3

_TABLES = """
CREATE TABLE IF NOT EXISTS reading_queue (
    id INTEGER PRIMARY KEY AUTOINCREMENT, readings INTEGER NOT NULL, lines TEXT NOT NULL,
    received_ms INTEGER NOT NULL DEFAULT 0, kinds TEXT NOT NULL DEFAULT '{}'
);
CREATE TABLE IF NOT EXISTS scan_queue (
    id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, scan BLOB NOT NULL,
    received_ms INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS quarantine (
    id INTEGER PRIMARY KEY AUTOINCREMENT, received_ms INTEGER NOT NULL, topic TEXT NOT NULL,
    payload BLOB NOT NULL, payload_bytes INTEGER NOT NULL, reason TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS counts (
    name TEXT NOT NULL, kind TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (name, kind)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS digests (upto INTEGER PRIMARY KEY, digests BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS keepsakes (name TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID;
"""
# Counting what waits reads this index only, not the lines.
_INDEXES = """
CREATE INDEX IF NOT EXISTS reading_queue_counts ON reading_queue (id, readings);
CREATE INDEX IF NOT EXISTS devices_by_state ON devices (state, asset);
"""
_ADDED_COLUMNS = (
    ("reading_queue", "received_ms INTEGER NOT NULL DEFAULT 0"),
    ("reading_queue", "kinds TEXT NOT NULL DEFAULT '{}'"),
    ("scan_queue", "received_ms INTEGER NOT NULL DEFAULT 0"),
)
_TEXTS = frozenset({"kind", "state", "firmware"})


def bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Make the tables that are missing; what an older file holds stays."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version >= VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        is_older = _has_table(connection, "counters")
        for statement in (*_statements(_TABLES), *ALARM_TABLES, *OUTBOX_TABLES):
            connection.execute(statement)
        connection.execute(_devices_table())
        if is_older:
            _upgrade(connection)
        for statement in (*_statements(_INDEXES), *ALARM_INDEXES):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _upgrade(connection: sqlite3.Connection) -> None:
    """From version 0.1, which counted without regard to kinds."""
    for table, column in _ADDED_COLUMNS:
        names = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
        if column.split()[0] not in names:
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
    connection.execute("""UPDATE reading_queue SET kinds = '{"unknown":' || readings || '}'""")
    # When it came was not kept: it has waited since now at the latest.
    connection.execute("UPDATE reading_queue SET received_ms = strftime('%s', 'now') * 1000")
    connection.execute("UPDATE scan_queue SET received_ms = strftime('%s', 'now') * 1000")
    connection.execute(
        "INSERT INTO counts (name, kind, value) SELECT"
        " CASE name WHEN 'captured' THEN 'stored' ELSE name END,"
        " CASE name WHEN 'captured' THEN 'scan' ELSE 'unknown' END, value FROM counters"
    )
    # Scans were received among all others; apart, what waits of each kind is never below nothing.
    connection.execute(
        "INSERT INTO counts (name, kind, value) SELECT 'received', 'scan',"
        " (SELECT count(*) FROM scan_queue)"
        " + (SELECT coalesce(sum(value), 0) FROM counters WHERE name = 'captured')"
    )
    connection.execute(
        "UPDATE counts SET value = value -"
        " (SELECT value FROM counts WHERE name = 'received' AND kind = 'scan')"
        " WHERE name = 'received' AND kind = 'unknown'"
    )
    connection.execute("DROP TABLE counters")


def _devices_table() -> str:
    columns = [f"{field.name} {_column(field.name)}" for field in fields(Device)]
    return f"CREATE TABLE IF NOT EXISTS devices ({', '.join(columns)}) WITHOUT ROWID"


def _column(name: str) -> str:
    if name == "asset":
        return "TEXT PRIMARY KEY"
    if name == "last_seq":
        return "INTEGER"
    return "TEXT NOT NULL" if name in _TEXTS else "INTEGER NOT NULL"


def _statements(script: str) -> list[str]:
    return [statement for statement in script.split(";") if statement.strip()]


def _has_table(connection: sqlite3.Connection, name: str) -> bool:
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
    return connection.execute(query, (name,)).fetchone() is not None
