"""Reads whole tables in constant memory, whatever stands in them."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    Row,
    Select,
    Text,
    cast,
    tuple_,
    type_coerce,
)

_PAGE = 5000


def scan(
    connection: Connection, query: Select[Any], key: Sequence[Column[Any]]
) -> Iterator[Sequence[Any]]:
    """All rows of a query over a table of that primary key, in any order."""
    if connection.dialect.name == "sqlite":
        shown = [_as_stored(column) for column in query.selected_columns]
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


def _as_stored(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """SQLite keeps any bytes in texts, and any type anywhere: taken as it is."""
    if isinstance(column.type, Text | LargeBinary):
        return cast(column, LargeBinary)
    return type_coerce(column, Integer) if isinstance(column.type, Boolean) else column
