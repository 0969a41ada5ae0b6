"""Puts what follows from the events in the place of what a database holds."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, Table, bindparam, delete, func, select, text, update

from traceability import tables as t
from traceability.database.bulk import BulkInsert
from traceability.derived.tables import DERIVED
from traceability.ledger.tables import ledger_nodes

_E = t.events.c
_PAGE = 1000
_COLUMNS = (
    "event_id",
    "declared",
    "event_time_ms",
    "record_time_ms",
    "fingerprint",
    "content_hash",
)
"""Columns of the events that follow from their documents."""
_EVENTS = (
    select(_E.seq, *(_E[name] for name in _COLUMNS))
    .where(_E.seq > bindparam("after"))
    .order_by(_E.seq)
    .limit(_PAGE)
)
_MEND = (
    update(t.events)
    .where(_E.seq == bindparam("number"))
    .values({name: bindparam(f"new_{name}") for name in _COLUMNS})
)


def restore(connection: Connection, shadow: Connection, *, with_ledger: bool) -> int:
    """Replace all derived tables, within the connection's transaction; how many rows there are.

    `with_ledger` replaces the ledger's own hashes, too.
    """
    tables = [each.table for each in DERIVED] + [ledger_nodes] * with_ledger
    for table in reversed(tables):
        if connection.dialect.name == "sqlite":
            # From an index that doesn't agree with its table nothing can be deleted.
            connection.exec_driver_sql(f"REINDEX {table.name}")
        connection.execute(delete(table))
    rows = sum(_copy(connection, shadow, table) for table in tables)
    _mend_events(connection, shadow)
    if connection.dialect.name == "postgresql":
        _count_on(connection)
    return rows


def _copy(connection: Connection, shadow: Connection, table: Table) -> int:
    insert_rows, done = BulkInsert(table), 0
    for rows in shadow.execute(select(table)).partitions(_PAGE):
        insert_rows(connection, [tuple(row) for row in rows])
        done += len(rows)
    return done


def _mend_events(connection: Connection, shadow: Connection) -> None:
    for found, wanted in zip(_pages(connection), _pages(shadow), strict=True):
        changes = [
            {"number": right.seq, **{f"new_{name}": getattr(right, name) for name in _COLUMNS}}
            for wrong, right in zip(found, wanted, strict=True)
            if tuple(wrong) != tuple(right)
        ]
        if changes:
            connection.execute(_MEND, changes)


def _pages(connection: Connection) -> Iterator[list[Row[Any]]]:
    after = 0
    while rows := list(connection.execute(_EVENTS, {"after": after})):
        yield rows
        after = rows[-1].seq


def _count_on(connection: Connection) -> None:
    """Let PostgreSQL give out numbers behind those that are taken now."""
    for table in (t.nodes, t.stays):
        last = select(func.coalesce(func.max(table.c.id), 0) + 1).scalar_subquery()
        sequence = func.pg_get_serial_sequence(table.name, "id")
        connection.execute(select(func.setval(sequence, last, text("false"))))
