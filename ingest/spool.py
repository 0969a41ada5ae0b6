"""The spool: what was received and isn't stored yet, durable in one SQLite file.

A message counts as received once `append` returns; only then may it be acknowledged. Readings and
scans wait in two queues, so that a store that doesn't answer never holds up the other. What is
refused goes to quarantine in the same file, and every step moves the counters in its own
transaction, so that at any moment, a crash included,
`received = stored + quarantined + spooled + duplicates`.

To forget what was stored takes room on the disk too, for SQLite's journal. So `append` stops
before the disk is full: a spool that filled it would otherwise never drain.
"""

import fcntl
import shutil
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import IO
from uuid import uuid4

import orjson

from ingest.alarms import store as alarms
from ingest.counters import Count, Counters
from ingest.devices.device import Device
from ingest.devices.register import COLUMNS as DEVICE_COLUMNS
from ingest.devices.register import select_devices
from ingest.digests import DIGEST_BYTES, REMEMBERED
from ingest.errors import SpoolError
from ingest.received import SCANS, UNKNOWN, Fault, Received
from ingest.spool_schema import bring_up_to_date

_LOCK_WAIT_S = 30.0
_IDENTITY = "identity"
LINES_A_ROW = 2_000
"""Most lines in one row of the queue, so that a write to the store stays bounded."""
KEPT_PAYLOAD_BYTES = 1024 * 1024
"""How much of a quarantined payload is kept: all that is read by default, four times over."""
RESERVE_BYTES = 32 * 1024 * 1024
"""Room that appending leaves: twice the largest append, some 12 MiB, and SQLite's journal."""
_SAVE_DEVICE = (
    f"INSERT OR REPLACE INTO devices ({', '.join(DEVICE_COLUMNS)})"
    f" VALUES ({', '.join('?' * len(DEVICE_COLUMNS))})"
)


@dataclass(frozen=True, slots=True)
class LineBatch:
    """The oldest spooled lines; `last_id` names the end of the batch."""

    last_id: int
    lines: Sequence[str]
    kinds: Mapping[str, int]
    """How many lines there are of each kind."""
    received_ms: int
    """When the first was received."""


@dataclass(frozen=True, slots=True)
class SpooledScan:
    """A spooled scan, its number in the queue, the topic it came by and when."""

    id: int
    topic: str
    scan: bytes
    received_ms: int


def free_bytes(folder: Path) -> int:
    """Room left on the folder's disk."""
    return shutil.disk_usage(folder).free


def file_bytes(path: Path) -> int:
    """Size of SQLite's files of one database."""
    files = [path.with_name(f"{path.name}{part}") for part in ("", "-wal")]
    return sum(file.stat().st_size for file in files if file.exists())


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
            bring_up_to_date(self._connection)

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
        with self.transaction() as connection:
            self._check_room(connection)
            _queue(connection, received, now_ms)
            _quarantine(connection, received.faults, now_ms)
            _remember(connection, received)
            alarms.record(connection, received.signals, now_ms)
            alarms.keep_states(connection, received.alarm_states)
            _count(connection, Count.RECEIVED, received.by_kind())
            _count(connection, Count.DUPLICATES, received.duplicates)

    def replace(self, entries: Iterable[int], received: Received, now_ms: int) -> None:
        """Take entries out of quarantine for what came of reading them again, in one commit.

        Raises SpoolError; then everything is as it was.
        """
        with self.transaction() as connection:
            connection.executemany(
                "DELETE FROM quarantine WHERE id = ?", [(entry,) for entry in entries]
            )
            _queue(connection, received, now_ms)
            _quarantine(connection, received.faults, now_ms)
            _count(connection, Count.RECEIVED, received.by_kind())

    def drop_entries(self, entries: Sequence[int]) -> None:
        """Delete entries of quarantine for good. Raises SpoolError."""
        self.replace(entries, Received(), 0)

    def oldest_lines(self, enough: int) -> LineBatch | None:
        """The oldest lines that wait; None where none does. Raises SpoolError.

        Rows are taken whole until there are `enough` lines, so there may be `LINES_A_ROW` more.
        """
        with self.reading() as connection:
            cursor = connection.execute(
                "SELECT id, readings, lines, kinds, received_ms FROM reading_queue ORDER BY id"
            )
            rows = list(_until_enough(cursor, enough))
            cursor.close()
        if not rows:
            return None
        kinds: Counter[str] = Counter()
        for row in rows:
            kinds.update(orjson.loads(row[3]))
        lines = [line for row in rows for line in row[2].split("\n")]
        return LineBatch(rows[-1][0], lines, kinds, rows[0][4])

    def drop_lines(self, batch: LineBatch, refused: Sequence[Fault], now_ms: int) -> None:
        """Forget a batch that is stored but for the refused lines. Raises SpoolError."""
        stored, own = Counter(batch.kinds), Counter[str]()
        refused = [_as_counted(fault, stored) for fault in refused]
        for fault in refused:
            if stored[fault.kind]:
                stored[fault.kind] -= 1
            else:  # a line of our own, never counted before
                own[fault.kind] += 1
        with self.transaction() as connection:
            connection.execute("DELETE FROM reading_queue WHERE id <= ?", (batch.last_id,))
            _quarantine(connection, refused, now_ms)
            _count(connection, Count.STORED, stored)
            _count(connection, Count.RECEIVED, own)

    def oldest_scans(self, most: int) -> Sequence[SpooledScan]:
        """The oldest scans that wait. Raises SpoolError."""
        with self.reading() as connection:
            rows = connection.execute(
                "SELECT id, topic, scan, received_ms FROM scan_queue ORDER BY id LIMIT ?", (most,)
            ).fetchall()
        return [SpooledScan(*row) for row in rows]

    def drop_scan(self, scan: SpooledScan, outcome: Fault | Count, now_ms: int) -> None:
        """Forget a scan that was stored, refused, or had come before. Raises SpoolError."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM scan_queue WHERE id = ?", (scan.id,))
            if isinstance(outcome, Fault):
                _quarantine(connection, [outcome], now_ms)
            else:
                _count(connection, outcome, {SCANS: 1})

    def counters(self) -> Counters:
        """What was received and what became of it, as of one moment. Raises SpoolError."""
        with self.transaction("DEFERRED") as connection:
            return read_counters(connection)

    def devices(self) -> list[Device]:
        """What is known of every device. Raises SpoolError."""
        with self.reading() as connection:
            return select_devices(connection)

    def digests(self) -> bytes:
        """The digests of the lines that were received last, oldest first. Raises SpoolError."""
        with self.reading() as connection:
            rows = connection.execute("SELECT digests FROM digests ORDER BY upto").fetchall()
        return b"".join(digests for (digests,) in rows)

    def keepsake(self, name: str) -> bytes | None:
        """What was kept last under a name. Raises SpoolError."""
        with self.reading() as connection:
            row = connection.execute(
                "SELECT content FROM keepsakes WHERE name = ?", (name,)
            ).fetchone()
        return None if row is None else bytes(row[0])

    def keep(self, keepsakes: Mapping[str, bytes]) -> None:
        """Keep things under their names. Raises SpoolError."""
        with self.transaction() as connection:
            _keep(connection, keepsakes)

    @staticmethod
    def keep_in(connection: sqlite3.Connection, keepsakes: Mapping[str, bytes]) -> None:
        """As `keep`, within a transaction."""
        _keep(connection, keepsakes)

    def identity(self) -> str:
        """A name that no other spool has, made once. Raises SpoolError."""
        kept = self.keepsake(_IDENTITY)
        if kept is None:
            kept = uuid4().hex[:12].encode()
            self.keep({_IDENTITY: kept})
        return kept.decode()

    def file_bytes(self) -> int:
        """Size of SQLite's files of it."""
        return file_bytes(self._path)

    def disk_free_bytes(self) -> int:
        """Room left on its disk."""
        return self._free_bytes(self._path.parent)

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
    def transaction(self, mode: str = "IMMEDIATE") -> Iterator[sqlite3.Connection]:
        """A transaction, taken back on any exception. Raises SpoolError."""
        with self.reading() as connection:
            connection.execute(f"BEGIN {mode}")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                _make_room(connection)
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The file, for one look; others of this process wait meanwhile. Raises SpoolError."""
        with self._lock, _as_spool_error(self._path):
            yield self._connection


def read_counters(connection: sqlite3.Connection) -> Counters:
    """The counters of a spool's file, and what waits in its queues; call it in a transaction."""
    by_kind: dict[Count, dict[str, int]] = {count: {} for count in Count}
    for name, kind, value in connection.execute("SELECT name, kind, value FROM counts"):
        by_kind[Count(name)][kind] = value
    readings, scans, *oldest = connection.execute(
        "SELECT (SELECT coalesce(sum(readings), 0) FROM reading_queue),"
        " (SELECT count(*) FROM scan_queue),"
        " (SELECT received_ms FROM reading_queue ORDER BY id LIMIT 1),"
        " (SELECT received_ms FROM scan_queue ORDER BY id LIMIT 1)"
    ).fetchone()
    waiting_since = [time_ms for time_ms in oldest if time_ms is not None]
    return Counters(by_kind, readings, scans, min(waiting_since, default=None))


def _as_counted(fault: Fault, kinds: Mapping[str, int]) -> Fault:
    """A refused line under the kind that it was received as; version 0.1 knew no kinds."""
    is_unknown = fault.kind not in kinds and kinds.get(UNKNOWN)
    return replace(fault, kind=UNKNOWN) if is_unknown else fault


def _make_room(connection: sqlite3.Connection) -> None:
    """Begin SQLite's log anew: on a full disk it can't grow, and then nothing could be dropped."""
    with suppress(sqlite3.Error):
        connection.execute("PRAGMA wal_checkpoint(RESTART)")


def _until_enough(
    rows: Iterable[tuple[int, int, str, str, int]], enough: int
) -> Iterator[tuple[int, int, str, str, int]]:
    total = 0
    for row in rows:
        yield row
        total += row[1]
        if total >= enough:
            return


@contextmanager
def _as_spool_error(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise SpoolError(f"the spool {path} can't be used: {error}") from error


def _queue(connection: sqlite3.Connection, received: Received, now_ms: int) -> None:
    connection.executemany(
        "INSERT INTO reading_queue (readings, lines, kinds, received_ms) VALUES (?, ?, ?, ?)",
        list(_rows(received, now_ms)),
    )
    connection.executemany(
        "INSERT INTO scan_queue (topic, scan, received_ms) VALUES (?, ?, ?)",
        [(topic, scan, now_ms) for topic, scan in received.scans],
    )


def _rows(received: Received, now_ms: int) -> Iterator[tuple[int, str, str, int]]:
    for start in range(0, len(received.lines), LINES_A_ROW):
        lines = received.lines[start : start + LINES_A_ROW]
        kinds = Counter(received.kinds[start : start + LINES_A_ROW])
        yield len(lines), "\n".join(lines), orjson.dumps(kinds).decode(), now_ms
    for start in range(0, len(received.own_lines), LINES_A_ROW):
        yield 0, "\n".join(received.own_lines[start : start + LINES_A_ROW]), "{}", now_ms


def _remember(connection: sqlite3.Connection, received: Received) -> None:
    if received.digests:
        (last,) = connection.execute("SELECT coalesce(max(upto), 0) FROM digests").fetchone()
        upto = last + len(received.digests) // DIGEST_BYTES
        connection.execute("INSERT INTO digests VALUES (?, ?)", (upto, received.digests))
        connection.execute("DELETE FROM digests WHERE upto <= ?", (upto - REMEMBERED,))
    if received.devices:
        connection.executemany(_SAVE_DEVICE, [astuple(device) for device in received.devices])
    _keep(connection, received.keepsakes)


def _keep(connection: sqlite3.Connection, keepsakes: Mapping[str, bytes]) -> None:
    connection.executemany("INSERT OR REPLACE INTO keepsakes VALUES (?, ?)", keepsakes.items())


def _quarantine(connection: sqlite3.Connection, faults: Sequence[Fault], now_ms: int) -> None:
    connection.executemany(
        "INSERT INTO quarantine (received_ms, topic, payload, payload_bytes, reason, detail)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                now_ms,
                fault.topic,
                fault.payload[:KEPT_PAYLOAD_BYTES],
                len(fault.payload),
                fault.code,
                fault.detail,
            )
            for fault in faults
        ],
    )
    _count(connection, Count.QUARANTINED, Counter(fault.kind for fault in faults))


def _count(connection: sqlite3.Connection, count: Count, steps: Mapping[str, int]) -> None:
    connection.executemany(
        "INSERT INTO counts (name, kind, value) VALUES (?, ?, ?)"
        " ON CONFLICT (name, kind) DO UPDATE SET value = value + excluded.value",
        [(count, kind, step) for kind, step in steps.items() if step],
    )
