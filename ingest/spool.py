"""The spool: what was received and isn't stored yet, durable in one SQLite file.

A message counts as received once `append` returns; only then may it be acknowledged. Readings and
scans wait in two queues, so that a store that doesn't answer never holds up the other. What is
refused goes to quarantine in the same file, and every step moves the counters in its own
transaction, so that at any moment, a crash included,
`received = stored + quarantined + spooled` for readings and scans alike.

To forget what was stored takes room on the disk too, for SQLite's journal. So `append` stops
before the disk is full: a spool that filled it would otherwise never drain.
"""

import fcntl
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ingest.decoding import Fault
from ingest.errors import SpoolError

_LOCK_WAIT_S = 30.0
LINES_A_ROW = 2_000
"""Most lines in one row of the queue, so that a write to the store stays bounded."""
KEPT_PAYLOAD_BYTES = 65_536
"""How much of a quarantined payload is kept."""
RESERVE_BYTES = 32 * 1024 * 1024
"""Room that appending leaves: twice the largest append, some 12 MiB, and SQLite's journal."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS reading_queue (
    id INTEGER PRIMARY KEY AUTOINCREMENT, readings INTEGER NOT NULL, lines TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS scan_queue (
    id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, scan BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS quarantine (
    id INTEGER PRIMARY KEY AUTOINCREMENT, received_ms INTEGER NOT NULL, topic TEXT NOT NULL,
    payload BLOB NOT NULL, payload_bytes INTEGER NOT NULL, reason TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Received:
    """What one batch of messages held, ready for the spool."""

    lines: Sequence[str]
    scans: Sequence[tuple[str, bytes]]
    """Topic and checked scan."""
    faults: Sequence[tuple[str, Fault]]
    """Topic and what can't be stored."""

    @property
    def things(self) -> int:
        """How many readings, scans and faults it holds."""
        return len(self.lines) + len(self.scans) + len(self.faults)


@dataclass(frozen=True, slots=True)
class LineBatch:
    """The oldest spooled lines; `last_id` names the end of the batch."""

    last_id: int
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class SpooledScan:
    """A spooled scan, its number in the queue and the topic it came by."""

    id: int
    topic: str
    scan: bytes


@dataclass(frozen=True, slots=True)
class Counters:
    """What was received since the spool's file was made, and what became of it."""

    received: int
    """Readings, scans and undecodable messages."""
    stored: int
    """Readings that the telemetry store confirmed."""
    captured: int
    """Scans that became events."""
    quarantined: int
    spooled_readings: int
    spooled_scans: int

    @property
    def spooled(self) -> int:
        """What waits to be stored or captured."""
        return self.spooled_readings + self.spooled_scans


def free_bytes(folder: Path) -> int:
    """Room left on the folder's disk."""
    return shutil.disk_usage(folder).free


class Spool:
    """The spool's file. Safe to share among threads; who ships from it claims it first."""

    def __init__(self, path: Path, free_bytes: Callable[[Path], int] = free_bytes) -> None:
        """Open or make the file. Raises SpoolError."""
        self._path = path
        self._free_bytes = free_bytes
        self._lock = threading.Lock()
        self._claim: IO[bytes] | None = None
        with _as_spool_error(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                path, timeout=_LOCK_WAIT_S, isolation_level=None, check_same_thread=False
            )
            for pragma in ("journal_mode=WAL", "synchronous=FULL"):
                self._connection.execute(f"PRAGMA {pragma}")
            self._connection.executescript(_SCHEMA)

    def claim(self) -> None:
        """Keep others from shipping what is in it, until `close` or the end of this process.

        Two that ship would forget each other's readings. Raises SpoolError where another has it.
        """
        with _as_spool_error(self._path):
            claim = self._path.with_name(f"{self._path.name}.lock").open("wb")
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            claim.close()
            raise SpoolError(
                f"another process ships from the spool {self._path}; stop it, or set"
                " AGRIPARK_DATA_DIR to a folder of this one's own"
            ) from error
        self._claim = claim

    def append(self, received: Received, now_ms: int) -> None:
        """Make everything durable in one commit. Raises SpoolError; then nothing was kept."""
        with self._transaction() as connection:
            self._check_room(connection)
            connection.executemany(
                "INSERT INTO reading_queue (readings, lines) VALUES (?, ?)",
                [(len(row), "\n".join(row)) for row in _rows(received.lines)],
            )
            connection.executemany(
                "INSERT INTO scan_queue (topic, scan) VALUES (?, ?)", received.scans
            )
            _quarantine(connection, received.faults, now_ms)
            _count(connection, received=received.things)

    def oldest_lines(self, enough: int) -> LineBatch | None:
        """The oldest lines that wait; None where none does. Raises SpoolError.

        Rows are taken whole until there are `enough` lines, so there may be `LINES_A_ROW` more.
        """
        with self._reading() as connection:
            cursor = connection.execute("SELECT id, readings, lines FROM reading_queue ORDER BY id")
            rows = list(_until_enough(cursor, enough))
            cursor.close()
        if not rows:
            return None
        return LineBatch(rows[-1][0], [line for _, _, text in rows for line in text.split("\n")])

    def drop_lines(
        self, batch: LineBatch, refused: Sequence[tuple[str, Fault]], now_ms: int
    ) -> None:
        """Forget a batch that is stored but for the refused lines. Raises SpoolError."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM reading_queue WHERE id <= ?", (batch.last_id,))
            _quarantine(connection, refused, now_ms)
            _count(connection, stored=len(batch.lines) - len(refused))

    def oldest_scans(self, most: int) -> Sequence[SpooledScan]:
        """The oldest scans that wait. Raises SpoolError."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT id, topic, scan FROM scan_queue ORDER BY id LIMIT ?", (most,)
            ).fetchall()
        return [SpooledScan(*row) for row in rows]

    def drop_scan(self, scan: SpooledScan, fault: Fault | None, now_ms: int) -> None:
        """Forget a scan that was captured or, with a fault, refused. Raises SpoolError."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM scan_queue WHERE id = ?", (scan.id,))
            if fault is None:
                _count(connection, captured=1)
            else:
                _quarantine(connection, [(scan.topic, fault)], now_ms)

    def counters(self) -> Counters:
        """What was received and what became of it, as of one moment. Raises SpoolError."""
        with self._reading() as connection:
            counted = dict(connection.execute("SELECT name, value FROM counters"))
            readings, scans = connection.execute(
                "SELECT (SELECT coalesce(sum(readings), 0) FROM reading_queue),"
                " (SELECT count(*) FROM scan_queue)"
            ).fetchone()
        return Counters(
            received=counted.get("received", 0),
            stored=counted.get("stored", 0),
            captured=counted.get("captured", 0),
            quarantined=counted.get("quarantined", 0),
            spooled_readings=readings,
            spooled_scans=scans,
        )

    def close(self) -> None:
        """Close the file; safe to repeat."""
        with self._lock:
            self._connection.close()
            if self._claim is not None:
                self._claim.close()

    def _check_room(self, connection: sqlite3.Connection) -> None:
        """Raise SpoolError where too little is left; free pages in the file are room as well."""
        room = self._free_bytes(self._path.parent)
        if room < RESERVE_BYTES:
            pages, page_bytes = (
                connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("freelist_count", "page_size")
            )
            room += pages * page_bytes
        if room < RESERVE_BYTES:
            raise SpoolError(
                f"the spool {self._path} has {room >> 20} MiB of room left on its disk;"
                f" {RESERVE_BYTES >> 20} MiB stay free so that it can drain"
            )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _as_spool_error(self._path):
            yield self._connection


def _until_enough(
    rows: Iterable[tuple[int, int, str]], enough: int
) -> Iterator[tuple[int, int, str]]:
    total = 0
    for row in rows:
        yield row
        total += row[1]
        if total >= enough:
            return


def _rows(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(lines), LINES_A_ROW):
        yield lines[start : start + LINES_A_ROW]


@contextmanager
def _as_spool_error(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise SpoolError(f"the spool {path} can't be used: {error}") from error


def _quarantine(
    connection: sqlite3.Connection, faults: Sequence[tuple[str, Fault]], now_ms: int
) -> None:
    connection.executemany(
        "INSERT INTO quarantine (received_ms, topic, payload, payload_bytes, reason, detail)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                now_ms,
                topic,
                fault.payload[:KEPT_PAYLOAD_BYTES],
                len(fault.payload),
                fault.code,
                fault.detail,
            )
            for topic, fault in faults
        ],
    )
    _count(connection, quarantined=len(faults))


def _count(connection: sqlite3.Connection, **steps: int) -> None:
    connection.executemany(
        "INSERT INTO counters (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
        [(name, step) for name, step in steps.items() if step],
    )
