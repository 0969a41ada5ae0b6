"""The SQL database engine: SQLite in one file, or PostgreSQL."""

import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from park.errors import DatabaseError

_LOCK_WAIT_S = 30.0


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
        return _sqlite(url) if url.get_backend_name() == "sqlite" else _postgresql(url)
    except (OSError, SQLAlchemyError) as error:
        msg = f"can't open the database {url.render_as_string(hide_password=True)}: {error}"
        raise DatabaseError(msg) from error


def _sqlite(url: URL) -> Engine:
    if url.database is None:
        msg = "a database in memory can't be shared between threads; name a file: sqlite:///file.db"
        raise DatabaseError(msg)
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": _LOCK_WAIT_S})

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: object) -> None:
        # sqlite3 must not begin transactions by itself, or BEGIN IMMEDIATE below comes too late.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        mode = "DEFERRED" if options.get("read_only") else "IMMEDIATE"
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


def _postgresql(url: URL) -> Engine:
    engine = create_engine(url.set(drivername="postgresql+pg8000"), pool_pre_ping=True)

    @event.listens_for(engine, "connect")
    def _configure(connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        # Our questions have small answers: compiling one costs PostgreSQL more than answering it.
        cursor.execute("SET jit TO off")
        # Whatever a server's own settings say, a backslash in a text is a character like others.
        cursor.execute("SET standard_conforming_strings TO on")
        connection.commit()

    return engine
