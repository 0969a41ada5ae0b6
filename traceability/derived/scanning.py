"""Reads whole tables in constant memory, whatever stands in them."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Row,
    Select,
    tuple_,
)

from traceability.database.as_stored import as_stored

_PAGE = 5000


def scan(
    connection: Connection, query: Select[Any], key: Sequence[Column[Any]]
) -> Iterator[Sequence[Any]]:
    """All rows of a query over a table of that primary key, in any order."""
    if connection.dialect.name == "sqlite":
        shown = [as_stored(column) for column in query.selected_columns]
        yield from connection.execute(query.with_only_columns(*shown)).yield_per(_PAGE)
        return
    # PostgreSQL's driver keeps a whole answer in memory.
    paged = query.add_columns(*key).order_by(*key).limit(_PAGE)
    rows: Sequence[Row[Any]] = connection.execute(paged).all()
    while rows:
        yield from (row[: -len(key)] for row in rows)
        if len(rows) < _PAGE:
            return
        after = tuple_(*key) > tuple_(*rows[-1][-len(key) :])
        rows = connection.execute(paged.where(after)).all()
