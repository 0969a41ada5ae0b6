"""The embedded telemetry store: one SQLite file, one table a kind.

The tables are made from the telemetry table, and a field that is new there becomes a column when
an older file is opened.
"""

import sqlite3
import threading
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from ingest.errors import (
    LinesRefusedError,
    RefusedLine,
    StoreUnavailableError,
    UnknownFieldError,
)
from ingest.line_protocol import decode
from ingest.reading import Reading, StoredValue
from ingest.stores.port import Aggregate, Bucket, Point, Sample, StoreHealth
from ingest.stores.table import check_aggregate, known_fields, known_kind, restore, restore_all
from park.telemetry import STORED_KINDS, Field, FieldType, Kind
from park.times import from_epoch_ms, to_epoch_ms

_LOCK_WAIT_S = 30.0
_COLUMN_TYPES = {
    FieldType.FLOAT: "REAL",
    FieldType.INTEGER: "INTEGER",
    FieldType.BOOLEAN: "INTEGER",
    FieldType.STATE: "TEXT",
    FieldType.TEXT: "TEXT",
}
_SQL_AGGREGATES = {
    Aggregate.MEAN: "avg",
    Aggregate.MIN: "min",
    Aggregate.MAX: "max",
    Aggregate.COUNT: "count",
}


_BucketRow = tuple[int, list[StoredValue | None]]
"""Number of a bucket since the epoch, and its value of each field."""


class SqliteStore:
    """A `TelemetryStore` in one file; safe to share among threads."""

    def __init__(self, path: Path) -> None:
        """Open or make the file. Raises StoreUnavailableError."""
        self._path = path
        self._writing = threading.Lock()
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._closed = False
        with self._translated():
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = self._connection()
            for kind in STORED_KINDS.values():
                _make_table(connection, kind)

    def write(self, lines: Sequence[str]) -> None:
        """Store lines in one commit; see the port."""
        by_shape: dict[tuple[str, tuple[str, ...]], list[Reading]] = defaultdict(list)
        refused = []
        for line in lines:
            try:
                reading = decode(line)
                known_fields(reading.kind, tuple(reading.fields))
            except UnknownFieldError as error:
                refused.append(RefusedLine(line, str(error)))
            else:
                by_shape[reading.kind, tuple(reading.fields)].append(reading)
        with self._translated(), self._writing:
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                for (kind, names), readings in by_shape.items():
                    connection.executemany(_upsert(kind, names), map(_row, readings))
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise
        if refused:
            raise LinesRefusedError(refused)

    def latest(self, kind: str, assets: Collection[str] | None = None) -> list[Point]:
        """The newest values; see the port."""
        known_kind(kind)
        with self._translated():
            connection = self._connection()
            if assets is None:
                rows = connection.execute(f"SELECT DISTINCT asset FROM {kind}")
                assets = [asset for (asset,) in rows]
            points = (_latest(connection, kind, asset) for asset in sorted(set(assets)))
            return [point for point in points if point is not None]

    def series(
        self,
        kind: str,
        asset: str,
        fields: Sequence[str],
        start: datetime,
        end: datetime,
        every: timedelta,
        aggregate: Aggregate,
    ) -> list[Bucket]:
        """Aggregated buckets; see the port."""
        table = known_fields(kind, fields)
        check_aggregate(table, aggregate)
        every_ms = max(1, every // timedelta(milliseconds=1))
        with self._translated():
            if aggregate is Aggregate.LAST:
                rows = self._last_rows(kind, asset, table, start, end, every_ms)
            else:
                rows = self._aggregated_rows(kind, asset, table, start, end, every_ms, aggregate)
        empty = 0 if aggregate is Aggregate.COUNT else None
        names = [field.name for field in table]
        return [
            Bucket(from_epoch_ms(bucket * every_ms), dict(zip(names, values, strict=True)))
            for bucket, values in rows
            if any(value != empty for value in values)
        ]

    def raw(
        self, kind: str, asset: str, field: str, start: datetime, end: datetime
    ) -> list[Sample]:
        """Every stored value; see the port."""
        (row,) = known_fields(kind, (field,))
        with self._translated():
            rows = self._connection().execute(
                f"SELECT time_ms, {field} FROM {kind} WHERE asset = ? AND time_ms >= ?"
                f" AND time_ms < ? AND {field} IS NOT NULL ORDER BY time_ms",
                (asset, to_epoch_ms(start), to_epoch_ms(end)),
            )
            return [Sample(from_epoch_ms(time_ms), restore(row, value)) for time_ms, value in rows]

    def count(self, kind: str) -> int:
        """How many readings of the kind are stored, exactly."""
        known_kind(kind)
        with self._translated():
            total: int = self._connection().execute(f"SELECT count(*) FROM {kind}").fetchone()[0]
        return total

    def health(self) -> StoreHealth:
        """Whether the file can be read and written."""
        version = f"SQLite {sqlite3.sqlite_version}"
        try:
            with self._translated():
                self._connection().execute("SELECT 1 FROM sqlite_master LIMIT 1")
        except StoreUnavailableError as error:
            return StoreHealth(ok=False, version=version, detail=str(error))
        return StoreHealth(ok=True, version=version)

    def close(self) -> None:
        """Close every thread's connection; safe to repeat."""
        self._closed = True
        with self._writing:
            while self._open:
                self._open.pop().close()

    def _connection(self) -> sqlite3.Connection:
        """This thread's connection: WAL lets readers go on while the shipper writes."""
        if self._closed:
            raise StoreUnavailableError(f"the telemetry store {self._path} is closed")
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                self._path, timeout=_LOCK_WAIT_S, isolation_level=None, check_same_thread=False
            )
            for pragma in ("journal_mode=WAL", "synchronous=FULL"):
                connection.execute(f"PRAGMA {pragma}")
            self._local.connection = connection
            self._open.append(connection)
        return connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreUnavailableError(
                f"the telemetry store {self._path} can't be used: {error}"
            ) from error

    def _aggregated_rows(
        self,
        kind: str,
        asset: str,
        fields: Sequence[Field],
        start: datetime,
        end: datetime,
        every_ms: int,
        aggregate: Aggregate,
    ) -> list[_BucketRow]:
        columns = ", ".join(f"{_SQL_AGGREGATES[aggregate]}({field.name})" for field in fields)
        rows = self._connection().execute(
            f"SELECT time_ms / ?, {columns} FROM {kind}"
            " WHERE asset = ? AND time_ms >= ? AND time_ms < ? GROUP BY 1 ORDER BY 1",
            (every_ms, asset, to_epoch_ms(start), to_epoch_ms(end)),
        )
        return [(bucket, values) for bucket, *values in rows]

    def _last_rows(
        self,
        kind: str,
        asset: str,
        fields: Sequence[Field],
        start: datetime,
        end: datetime,
        every_ms: int,
    ) -> list[_BucketRow]:
        names = ", ".join(field.name for field in fields)
        rows = self._connection().execute(
            f"SELECT time_ms / ?, {names} FROM {kind}"
            " WHERE asset = ? AND time_ms >= ? AND time_ms < ? ORDER BY time_ms",
            (every_ms, asset, to_epoch_ms(start), to_epoch_ms(end)),
        )
        buckets: dict[int, list[StoredValue | None]] = {}
        for bucket, *values in rows:
            last = buckets.setdefault(bucket, [None] * len(fields))
            for position, value in enumerate(values):
                if value is not None:
                    last[position] = value
        return list(buckets.items())


def _make_table(connection: sqlite3.Connection, kind: Kind) -> None:
    columns = {
        field.name: f"{field.name} {_COLUMN_TYPES[field.type]}" for field in kind.fields.values()
    }
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {kind.name} (asset TEXT NOT NULL, time_ms INTEGER NOT NULL,"
        f" site TEXT NOT NULL, centre TEXT, {', '.join(columns.values())},"
        " PRIMARY KEY (asset, time_ms)) WITHOUT ROWID"
    )
    present = {row[1] for row in connection.execute(f"PRAGMA table_info({kind.name})")}
    for name, column in columns.items():
        if name not in present:
            connection.execute(f"ALTER TABLE {kind.name} ADD COLUMN {column}")


def _upsert(kind: str, names: Sequence[str]) -> str:
    columns = ("asset", "time_ms", "site", "centre", *names)
    changes = ", ".join(f"{name} = excluded.{name}" for name in names)
    return (
        f"INSERT INTO {kind} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        f" ON CONFLICT (asset, time_ms) DO UPDATE SET {changes}"
    )


def _row(reading: Reading) -> tuple[StoredValue | None, ...]:
    return (
        reading.asset, reading.time_ms, reading.site, reading.centre, *reading.fields.values(),
    )  # fmt: skip


def _latest(connection: sqlite3.Connection, kind: str, asset: str) -> Point | None:
    """The newest value of each field; partial readings make that more than the newest row."""
    names = list(STORED_KINDS[kind].fields)
    found: dict[str, StoredValue | None] = {}
    newest_ms: int | None = None
    rows = connection.execute(
        f"SELECT time_ms, {', '.join(names)} FROM {kind} WHERE asset = ? ORDER BY time_ms DESC",
        (asset,),
    )
    for time_ms, *values in rows:
        newest_ms = time_ms if newest_ms is None else newest_ms
        for name, value in zip(names, values, strict=True):
            if value is not None:
                found.setdefault(name, value)
        if len(found) == len(names):
            break
    rows.close()
    if newest_ms is None:
        return None
    return Point(asset, from_epoch_ms(newest_ms), restore_all(kind, found))
