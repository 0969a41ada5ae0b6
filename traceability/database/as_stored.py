"""Columns of SQLite as they are, not as their types say they should be."""

from typing import Any

from sqlalchemy import Boolean, ColumnElement, Integer, LargeBinary, Text, cast, type_coerce


def as_stored(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A column that gives what is there: SQLite keeps any bytes in texts, and any type anywhere."""
    if isinstance(column.type, Text | LargeBinary):
        return cast(column, LargeBinary)
    return type_coerce(column, Integer) if isinstance(column.type, Boolean) else column
