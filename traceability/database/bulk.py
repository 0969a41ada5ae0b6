"""Many rows of a table in one go, as fast as each database takes them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, Text, insert
from sqlalchemy.dialects import sqlite

from traceability.database.postgresql_texts import DIALECT, array

Row = tuple[Any, ...]


class BulkInsert:
    """Inserts tuples of one table's columns, in the order in which the table declares them.

    With `or_known`, rows whose key is there already are left out.
    """

    def __init__(self, table: Table, *, or_known: bool = False) -> None:
        self._known = " ON CONFLICT DO NOTHING" if or_known else ""
        self._sqlite = f"{insert(table).compile(dialect=sqlite.dialect())}{self._known}"
        names = ", ".join(column.name for column in table.columns)
        # One statement with an array a column: row by row, each would be a journey to the server.
        self._postgresql = f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest"  # noqa: S608 - our own names
        self._types = [
            # The column's collation isn't the array's business.
            "TEXT" if isinstance(column.type, Text) else column.type.compile(dialect=DIALECT)
            for column in table.columns
        ]

    def __call__(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Insert them all; none is fine, too."""
        if not rows:
            return
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(self._sqlite, list(rows))
        else:
            columns = zip(*rows, strict=True)
            arrays = (
                array(values, kind) for values, kind in zip(columns, self._types, strict=True)
            )
            connection.exec_driver_sql(f"{self._postgresql}({', '.join(arrays)}){self._known}")
