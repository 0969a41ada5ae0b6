"""What a database's error means: worth another try, no more room, or a mistake of the program."""

import sqlite3

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from traceability.errors import DatabaseFullError, DatabaseUnavailableError

# SQLSTATE classes and codes of PostgreSQL's manual, appendix A.
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
    "XX",  # damaged
}
_UNUSABLE = {
    "25006",  # read-only
    "25P03",  # a transaction stood still for too long
    "25P04",  # or took too long
    "42501",  # not permitted
    "42P01",  # no such table
}
_DISK_FULL = "53100"
_BROKEN_FILES = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def fault_of(error: SQLAlchemyError) -> DatabaseUnavailableError | None:
    """Ours for what an operator or another try may mend; None for a mistake of the program."""
    reason = _reason(error)
    if _is_full(error):
        return DatabaseFullError(f"the disk of the traceability database is full: {reason}")
    if _is_unavailable(error):
        return DatabaseUnavailableError(f"the traceability database can't be used: {reason}")
    return None


def was_rolled_back(error: BaseException | None) -> bool:
    """Whether the database itself asks for another try."""
    return _sqlstate(error).startswith(_ROLLED_BACK)


def _is_full(error: SQLAlchemyError) -> bool:
    return _sqlstate(error) == _DISK_FULL or _sqlite_code(error) == sqlite3.SQLITE_FULL


def _is_unavailable(error: SQLAlchemyError) -> bool:
    if isinstance(error, OperationalError | InterfaceError | PoolTimeoutError):
        return True
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    state = _sqlstate(error)
    return (
        lost
        or state[:2] in _UNAVAILABLE
        or state in _UNUSABLE
        or _sqlite_code(error) in _BROKEN_FILES
    )


def _fields(error: BaseException | None) -> dict[str, str]:
    """What PostgreSQL says of an error, by its letters."""
    if not isinstance(error, DBAPIError) or error.orig is None or not error.orig.args:
        return {}
    fields = error.orig.args[0]
    return fields if isinstance(fields, dict) else {}


def _sqlstate(error: BaseException | None) -> str:
    """PostgreSQL's code of an error; empty for other errors."""
    return str(_fields(error).get("C", ""))


def _sqlite_code(error: SQLAlchemyError) -> int | None:
    """SQLite's primary code of an error; None for other errors."""
    orig = error.orig if isinstance(error, DBAPIError) else None
    # What the driver itself complains of has no code.
    code: int | None = getattr(orig, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _reason(error: SQLAlchemyError) -> str:
    """The database's own words, in one line, without the statement."""
    orig = error.orig if isinstance(error, DBAPIError) else None
    words = _fields(error).get("M") or str(error if orig is None else orig)
    return words.partition("\n")[0]
