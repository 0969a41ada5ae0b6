"""The file of the register: SQLite in WAL mode, to which rows are only ever added.

Reading keeps one connection, because a page asks often; it sees what another process commits at
once, and notices when the file is replaced by another, such as one from a backup. Each addition
has a connection of its own.
"""

import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from ingest.errors import CalibrationUnavailableError

_LOCK_WAIT_S = 30.0
_RETRY_S = 0.01
_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS corrections (
        number INTEGER PRIMARY KEY AUTOINCREMENT, asset TEXT NOT NULL, field TEXT NOT NULL,
        gain REAL NOT NULL, offset REAL NOT NULL, points TEXT NOT NULL,
        valid_from_ms INTEGER NOT NULL, valid_until_ms INTEGER, certificate TEXT NOT NULL,
        person TEXT NOT NULL, recorded_ms INTEGER NOT NULL
    )""",
    """CREATE TABLE IF NOT EXISTS withdrawals (
        number INTEGER PRIMARY KEY REFERENCES corrections, recorded_ms INTEGER NOT NULL,
        person TEXT NOT NULL, reason TEXT NOT NULL
    )""",
    "CREATE INDEX IF NOT EXISTS corrections_of_probe ON corrections (asset, field)",
    *(
        f"""CREATE TRIGGER IF NOT EXISTS {table}_{verb} BEFORE {moment} ON {table} {condition}
        BEGIN SELECT raise(ABORT, 'the register is only ever added to'); END"""
        for table in ("corrections", "withdrawals")
        for verb, moment, condition in (
            ("stay", "UPDATE", ""),
            ("last", "DELETE", ""),
            # INSERT OR REPLACE would delete without a word.
            (
                "once",
                "INSERT",
                # The two names above, nothing from outside.
                f"WHEN EXISTS (SELECT 1 FROM {table} WHERE number = NEW.number)",  # noqa: S608
            ),
        )
    ),
)
_NEWEST_TABLE = "withdrawals"


class RegisterFile:
    """One file of corrections and withdrawals. Safe to share among threads and processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._reader: list[sqlite3.Connection] = []
        self._identity: tuple[int, int] | None = None
        self._has_tables = False
        # Nobody has to close it: with the last reference its connection goes, too.
        weakref.finalize(self, _close_all, self._reader)

    def select(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows that a query finds; none where there is no file yet.

        Raises CalibrationUnavailableError.
        """
        with self._lock:
            try:
                connection = self._connection()
                return [] if connection is None else connection.execute(sql, values).fetchall()
            except (UnicodeEncodeError, OverflowError):
                return []  # what SQLite can't hold isn't in the file
            except (sqlite3.Error, OSError) as error:
                _close_all(self._reader)
                raise CalibrationUnavailableError(
                    f"the calibration register {self._path} can't be read: {error}"
                ) from error

    @contextmanager
    def adding(self) -> Iterator[sqlite3.Connection]:
        """A transaction that nobody else adds anything beside; durable at its end.

        Raises CalibrationUnavailableError.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(
                sqlite3.connect(self._path, timeout=_LOCK_WAIT_S, isolation_level=None)
            ) as connection:
                _use_wal(connection)
                connection.execute("PRAGMA synchronous=FULL")
                connection.execute("BEGIN IMMEDIATE")
                # Closing without a commit rolls back.
                for statement in _SCHEMA:
                    connection.execute(statement)
                yield connection
                connection.execute("COMMIT")
                # Readers keep the log beside the file alive; a copy of the file alone shall be
                # whole. Where that fails what was added still stands.
                with suppress(sqlite3.Error):
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except (sqlite3.Error, OSError) as error:
            raise CalibrationUnavailableError(
                f"the calibration register {self._path} can't be written: {error}"
            ) from error

    def _connection(self) -> sqlite3.Connection | None:
        """The connection for reading; None before anything was added."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            _close_all(self._reader)
            return None
        identity = (found.st_dev, found.st_ino)
        if not self._reader or identity != self._identity:
            _close_all(self._reader)
            uri = f"{self._path.absolute().as_uri()}?mode=ro"
            self._reader.append(
                sqlite3.connect(uri, uri=True, timeout=_LOCK_WAIT_S, check_same_thread=False)
            )
            self._identity, self._has_tables = identity, False
        (connection,) = self._reader
        if not self._has_tables:
            rows = connection.execute(
                "SELECT 1 FROM sqlite_master WHERE name = ?", (_NEWEST_TABLE,)
            )
            self._has_tables = rows.fetchone() is not None
        return connection if self._has_tables else None


def _use_wal(connection: sqlite3.Connection) -> None:
    """Turn WAL mode on. SQLite doesn't wait for others who do so at the same moment."""
    deadline = time.monotonic() + _LOCK_WAIT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_S)
        else:
            return


def _close_all(connections: list[sqlite3.Connection]) -> None:
    while connections:
        connections.pop().close()
