"""The SQL database engine: SQLite in one file, or PostgreSQL."""

from sqlalchemy import Engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from park.errors import DatabaseError
from park.postgresql import postgresql_engine
from park.sqlite import sqlite_engine

_IN_MEMORY = (None, "", ":memory:")


def open_engine(address: str) -> Engine:
    """An engine for `sqlite:///file` or `postgresql://user:password@host/name`.

    SQLite runs in WAL mode with synchronous=FULL and foreign keys, and every transaction that
    begins with `engine.begin()` takes the write lock at once, so that a check and the write that
    rests on it see one state. The file's folder is made. Raises DatabaseError where the address
    can't be used.
    """
    try:
        url = make_url(address)
    except ArgumentError as error:
        msg = f"{address!r} is no database address; take sqlite:///file.db or postgresql://…"
        raise DatabaseError(msg) from error
    try:
        return _engine(url)
    except (OSError, SQLAlchemyError) as error:
        msg = f"can't open the database {url.render_as_string(hide_password=True)}: {error}"
        raise DatabaseError(msg) from error


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return postgresql_engine(url)
    if url.database in _IN_MEMORY:
        msg = "a database in memory can't be shared between threads; name a file: sqlite:///file.db"
        raise DatabaseError(msg)
    return sqlite_engine(url)
