"""Transactions on SQLite and PostgreSQL, with the database's errors turned into ours."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import (
    DatabaseError,
    DBAPIError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from traceability.errors import DatabaseUnavailableError

T = TypeVar("T")

_ATTEMPTS = 10
_PAUSE_S = 0.01

# SQLSTATE classes of PostgreSQL's manual, appendix A.
_ROLLED_BACK = "40"
_UNAVAILABLE = {
    "08",  # connection
    "28",  # authorisation
    "3D",  # no such database
    _ROLLED_BACK,  # serialization failure or deadlock
    "53",  # disk, memory or connections exhausted
    "55",  # locked, or still starting
    "57",  # shut down by its operator
    "58",  # input or output failed
}
_NO_TABLE = "42P01"


def write(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Do work in one transaction: all of it, or nothing where it raises.

    Where the database asks for another try (a cluster, or one that serializes by default), the
    work runs again from its beginning. Raises DatabaseUnavailableError.
    """
    for attempt in range(1, _ATTEMPTS):
        try:
            return _write_once(engine, work)
        except DatabaseUnavailableError as error:
            if not _sqlstate(error.__cause__).startswith(_ROLLED_BACK):
                raise
            # Rivals that pause for different times don't meet again.
            time.sleep(random.uniform(0, _PAUSE_S * attempt))  # noqa: S311 - no secret
    return _write_once(engine, work)


def _write_once(engine: Engine, work: Callable[[Connection], T]) -> T:
    with _our_errors(), engine.begin() as connection:
        return work(connection)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one state throughout and waits for no writer.

    Raises DatabaseUnavailableError.
    """
    with _our_errors(), engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.execution_options(read_only=True)
        else:
            connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        yield connection


@contextmanager
def glancing(engine: Engine) -> Iterator[Connection]:
    """A connection for questions that need no common state, such as of rows that never change.

    On PostgreSQL it saves the messages that set up a snapshot. Raises DatabaseUnavailableError.
    """
    if engine.dialect.name == "sqlite":
        with reading(engine) as connection:
            yield connection
    else:
        with _our_errors(), engine.connect() as connection:
            yield connection


@contextmanager
def _our_errors() -> Iterator[None]:
    """Raise ours for what another try may mend; a fault of the program is left as it is."""
    try:
        yield
    except SQLAlchemyError as error:
        if _is_unavailable(error):
            msg = f"the traceability database doesn't answer: {error}"
            raise DatabaseUnavailableError(msg) from error
        raise


def _is_unavailable(error: SQLAlchemyError) -> bool:
    if isinstance(error, OperationalError | InterfaceError | PoolTimeoutError):
        return True
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    # SQLite's driver raises the base class for a file that is damaged, or is none of SQLite's.
    damaged = type(error) is DatabaseError
    state = _sqlstate(error)
    return lost or damaged or state[:2] in _UNAVAILABLE or state == _NO_TABLE


def _sqlstate(error: BaseException | None) -> str:
    """PostgreSQL's code of an error; empty for other errors."""
    if not isinstance(error, DBAPIError) or error.orig is None or not error.orig.args:
        return ""
    fields = error.orig.args[0]
    return str(fields.get("C", "")) if isinstance(fields, dict) else ""
