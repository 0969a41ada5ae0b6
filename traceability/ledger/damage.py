"""Tells a database that can't be read because of what is in it from one that doesn't answer."""

import sqlite3
from collections.abc import Sequence

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError

_PASSING = {"08", "28", "3D", "40", "53", "55", "57", "58"}
"""Classes of PostgreSQL's states (its manual, appendix A) that another try may mend."""


def damage_of(connection: Connection, table: str) -> Sequence[str]:
    """SQLite: what is wrong with the part of its file in which a table and its indexes lie.

    Where these don't agree, queries find other rows than a look at the table.
    """
    if connection.dialect.name != "sqlite":
        return ()
    try:
        rows = connection.exec_driver_sql(f"PRAGMA integrity_check({table})").scalars().all()
    except DatabaseError as error:
        if is_passing(error):
            raise
        return (reason(error),)
    return [row for row in rows if row != "ok"]


def is_passing(error: DatabaseError) -> bool:
    """Whether an error is of the moment, such as a lost connection, and not of what is stored."""
    if isinstance(error.orig, sqlite3.Error):
        # Where SQLite gives no code, Python couldn't make a text of what is stored.
        code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        return code not in {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
    lost = error.connection_invalidated or isinstance(error, InterfaceError)
    return lost or str(_fields(error).get("C", ""))[:2] in _PASSING


def reason(error: DatabaseError) -> str:
    """What the database said, without the statement."""
    return str(_fields(error).get("M") or error.orig).partition("\n")[0]


def _fields(error: DBAPIError) -> dict[str, str]:
    """What PostgreSQL says of an error, by its letters."""
    fields = error.orig.args[0] if error.orig is not None and error.orig.args else None
    return fields if isinstance(fields, dict) else {}
