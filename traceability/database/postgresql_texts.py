r"""Statements for PostgreSQL as texts without parameters.

The driver sends a statement with parameters in three messages, each of which waits for an answer,
and looks for placeholders in all of its text. Without parameters one message asks and one answers.

A backslash in a text is a character like others: `park.database` sees to that.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select
from sqlalchemy.engine import make_url

DIALECT = make_url("postgresql+pg8000://").get_dialect()()


def text_of(statement: Select[Any]) -> str:
    """A statement whose values all stand in it."""
    return str(statement.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True}))


def quoted(value: str) -> str:
    """A text as PostgreSQL reads it. Raises ValueError for a NUL, which would end the message."""
    if "\0" in value:
        msg = "PostgreSQL takes no text with a NUL"
        raise ValueError(msg)
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


def array(values: Iterable[object], kind: str) -> str:
    """An array of that type of texts, bytes, numbers, booleans or nulls; ValueError as above."""
    return f"{quoted('{' + ','.join(map(_item, values)) + '}')}::{kind}[]"


def _item(value: object) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    return "NULL" if value is None else str(value)
