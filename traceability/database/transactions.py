"""Transactions on SQLite and PostgreSQL, with the database's errors turned into ours."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from park.sqlite import WRITER
from traceability.database.faults import fault_of, was_rolled_back
from traceability.errors import DatabaseUnavailableError

T = TypeVar("T")


class Matter(IntEnum):
    """What is done by one after the other, by numbers that nobody else uses."""

    MIGRATION = 4_713_202_607
    QUERIES = 4_713_202_608
    CHECKPOINTS = 4_713_202_609


_ATTEMPTS = 10
_PAUSE_S = 0.01
_TURN_S = 60.0

_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


def write(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Do work in one transaction: all of it, or nothing where it raises.

    Where the database asks for another try (a cluster, or one that serializes by default), the
    work runs again from its beginning. Raises DatabaseUnavailableError.
    """
    for attempt in range(1, _ATTEMPTS):
        try:
            return _write_once(engine, work)
        except DatabaseUnavailableError as error:
            if not was_rolled_back(error.__cause__):
                raise
            # Rivals that pause for different times don't meet again.
            time.sleep(random.uniform(0, _PAUSE_S * attempt))  # noqa: S311 - no secret
    return _write_once(engine, work)


def _write_once(engine: Engine, work: Callable[[Connection], T]) -> T:
    with _turn(engine), _our_errors(), engine.begin() as connection:
        return work(connection)


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    """SQLite: be the one in this process who writes. Raises DatabaseUnavailableError."""
    writer = engine.get_execution_options().get(WRITER)
    if writer is None:
        yield
        return
    if not writer.acquire(timeout=_TURN_S):
        msg = f"the traceability database was busy for {_TURN_S:g} s"
        raise DatabaseUnavailableError(msg)
    try:
        yield
    finally:
        writer.release()


def alone(connection: Connection, matter: Matter) -> None:
    """Let nobody else see to that matter until the end of the transaction.

    On SQLite nobody does anyway: there is one writer.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({matter:d})")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one state throughout and waits for no writer.

    Raises DatabaseUnavailableError.
    """
    with _our_errors(), engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.execution_options(read_only=True)
        else:
            # One message; SQLAlchemy's own options take ten, there and back.
            connection.exec_driver_sql(_SNAPSHOT)
        yield connection


@contextmanager
def glancing(engine: Engine) -> Iterator[Connection]:
    """A connection for questions that need no common state, such as of rows that never change.

    On PostgreSQL it saves the message that sets up a snapshot. Raises DatabaseUnavailableError.
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
        fault = fault_of(error)
        if fault is None:
            raise
        raise fault from error
