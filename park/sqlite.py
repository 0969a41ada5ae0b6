"""Connections to an SQLite file that is the one that it was when the program began.

A file that was moved away or deleted under a running program would go on to be written, and all of
that would be lost with the program's end; where a new one is made in its place, events of two
stories would be told apart by nobody.
"""

import sqlite3
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

_LOCK_WAIT_S = 30.0
WRITER = "writer"
"""Execution option of an engine: the lock that whoever writes takes first. Waiting for the file
itself is done by sleeping and looking again, and the one who comes last may be the first."""
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    # A long reading keeps what is written meanwhile in the WAL, which would stay as large for ever.
    "journal_size_limit=67108864",
)
_IDENTITY = "identity"


def sqlite_engine(url: URL) -> Engine:
    """An engine for a file. Its folder is made; it itself is made by the first connection."""
    path = Path(url.database or "").absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url, connect_args={"timeout": _LOCK_WAIT_S}, execution_options={WRITER: Lock()}
    )
    opening = _Opening(path)
    event.listen(engine, "do_connect", opening.find)
    event.listen(engine, "connect", opening.configure)
    event.listen(engine, "checkout", opening.check)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        mode = "DEFERRED" if options.get("read_only") else "IMMEDIATE"
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


class _Opening:
    """Opens one file, and looks whether a connection is still one to it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mode = "rwc"

    def find(
        self, _dialect: object, _record: object, positional: list[Any], named: dict[str, Any]
    ) -> None:
        """Say which file is to be opened, and whether it may be made."""
        positional[:] = [f"{self._path.as_uri()}?mode={self._mode}"]
        named["uri"] = True

    def configure(self, connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
        """Make a new connection ready."""
        self._mode = "rw"
        record.info[_IDENTITY] = self._identity()
        # sqlite3 must not begin transactions by itself, or BEGIN IMMEDIATE would come too late.
        connection.isolation_level = None
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    def check(self, _connection: object, record: ConnectionPoolEntry, _proxy: object) -> None:
        """Raise DisconnectionError, whereupon a new connection is made, for one to another file."""
        if record.info[_IDENTITY] != self._identity():
            raise DisconnectionError(f"{self._path} was replaced")

    def _identity(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino
