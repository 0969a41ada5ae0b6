"""Many rows of a derived table in one go, as fast as each database takes them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, Connection, Table, bindparam, func, insert, select
from sqlalchemy.dialects import sqlite

Row = tuple[Any, ...]


class BulkInsert:
    """Inserts tuples of one table's columns, in the order in which the table declares them."""

    def __init__(self, table: Table) -> None:
        self._sqlite = str(insert(table).compile(dialect=sqlite.dialect()))
        columns = list(table.columns)
        # One statement with an array a column: row by row, each would be a journey to the server.
        arrays = [
            func.unnest(bindparam(column.name, type_=ARRAY(column.type))) for column in columns
        ]
        self._names = [column.name for column in columns]
        self._postgresql = insert(table).from_select(self._names, select(*arrays))

    def __call__(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Insert them all; none is fine, too."""
        if not rows:
            return
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(self._sqlite, list(rows))
        else:
            columns = (list(column) for column in zip(*rows, strict=True))
            connection.execute(self._postgresql, dict(zip(self._names, columns, strict=True)))
