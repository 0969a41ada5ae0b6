"""Statements for PostgreSQL as texts without parameters.

The driver sends a statement with parameters in three messages, each of which waits for an answer,
and looks for placeholders in all of its text. Without parameters one message asks and one answers.
"""

from typing import Any

from sqlalchemy import Select
from sqlalchemy.engine import make_url

_DIALECT = make_url("postgresql+pg8000://").get_dialect()()


def text_of(statement: Select[Any]) -> str:
    """A statement whose values all stand in it."""
    return str(statement.compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True}))


def quoted(value: str) -> str:
    r"""A text as PostgreSQL reads it where a backslash is a character like others.

    `park.database` sees to that. Raises ValueError for a NUL, which would end the message.
    """
    if "\0" in value:
        msg = "PostgreSQL takes no text with a NUL"
        raise ValueError(msg)
    doubled = value.replace("'", "''")
    return f"'{doubled}'"
