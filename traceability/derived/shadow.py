"""The events recorded once more, in an empty database of its own: what follows from them, anew.

Each recording is repeated as it was: the events that one transaction stored have one record time,
and are recorded together with that for now. So what comes out is what was derived at their
capture, provided that the park's definition and the settings are those of then. An event that the
books wouldn't take any more, or that can't be read any more, keeps its number; it is doubted.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby, islice
from operator import attrgetter
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Row, bindparam, event, insert, select, update

from park.assets import Park
from park.database import open_engine
from park.times import parse_instant
from traceability import tables as t
from traceability.canonical import read_canonical
from traceability.database.transactions import reading, write
from traceability.derived.scanning import scan
from traceability.epcis.contexts import context_of
from traceability.errors import CaptureError, LedgerBrokenError, TraceabilityError
from traceability.ledger import log as ledger_log
from traceability.recording.entries import Entry, entry_of_body, scan_fingerprint
from traceability.recording.recorder import Recorder
from traceability.schema import metadata
from traceability.steps.places import Places

LARGEST_REPORT = 20
"""Doubts that are described."""

_E = t.events.c
_PAGE = 1000
_LARGEST_RECORDING = 20_000
_NEXT = (
    select(t.events)
    .where(_E.seq > bindparam("after"), _E.seq <= bindparam("last"))
    .order_by(_E.seq)
    .limit(_PAGE)
)

Progress = Callable[[int, int], None]
"""Called with events recorded and events in all, now and then."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An event as it is stored. Only its number and its document are trusted."""

    row: Row[Any]
    body: Mapping[str, Any]
    """The document; empty where it is none."""

    @classmethod
    def of(cls, row: Row[Any]) -> "Stored":
        """The event of a row."""
        try:
            body = read_canonical(row.document)
        except (ValueError, TypeError, RecursionError):
            body = None
        return cls(row, body if isinstance(body, dict) else {})

    @property
    def record_time(self) -> str:
        """When it was captured, as its document says."""
        return str(self.body.get("recordTime"))


@dataclass(frozen=True, slots=True)
class Doubt:
    """An event from which not all follows any more that followed at its capture."""

    seq: int
    event_id: str
    detail: str


@dataclass(slots=True)
class Doubts:
    """Some of them, and how many there are."""

    some: list[Doubt] = field(default_factory=list)
    count: int = 0

    def add(self, doubt: Doubt) -> None:
        """Keep one, or count it where there are many."""
        self.count += 1
        if len(self.some) < LARGEST_REPORT:
            self.some.append(doubt)


class Shadow:
    """A second database of the same events."""

    def __init__(
        self, engine: Engine, park: Park, mass_tolerance: float, clock_skew_s: float
    ) -> None:
        self.engine = engine
        self.size = 0
        """Events that it holds."""
        self.doubts = Doubts()
        self._doubted: set[int] = set()
        self._places = Places(park)
        self._recorder = Recorder(park, mass_tolerance, clock_skew_s)
        metadata.create_all(engine)
        with engine.begin() as connection:
            connection.execute(insert(t.log_head), {"id": 1, "size": 0})

    def follow(self, connection: Connection, size: int, progress: Progress) -> None:
        """Record what it doesn't hold yet of the first `size` events of another database."""
        for recording in _recordings(connection, self.size, size):
            self._record(recording)
            progress(self.size, size)

    def doubt_unbooked(self, connection: Connection) -> None:
        """Doubt events that the other database has booked, and that are no step of the park."""
        with reading(self.engine) as own:
            before, now = _booked(connection, self.size), _booked(own, self.size)
        for seq in range(1, self.size + 1):
            if before[seq] > now[seq] and seq not in self._doubted:
                row = connection.execute(select(t.events).where(_E.seq == seq)).one()
                self._doubt(row, "it was booked, and is no step of this park any more")

    def _record(self, events: Sequence[Stored]) -> None:
        """Record the events of one transaction; what can't be read only keeps its number."""
        read = [(each, self._entry(each)) for each in events]
        for is_read, group in groupby(read, key=lambda pair: pair[1] is not None):
            part = list(group)
            rows = [each.row for each, _ in part]
            if is_read:
                now = parse_instant(events[0].record_time)
                self._record_read(rows, [entry for _, entry in part if entry], now)
            else:
                self._keep_unread(rows)
            self.size = rows[-1].seq

    def _entry(self, stored: Stored) -> Entry | None:
        row, body = stored.row, stored.body
        try:
            parse_instant(stored.record_time)
            entry = entry_of_body(body, context_of(body), self._places, path=str(row.seq))
        except (TraceabilityError, ValueError, LookupError, TypeError) as error:
            self._doubt(row, f"it can't be read any more: {error}")
            return None
        # Nothing in an event says whether it came as a scan: its fingerprint may be of either.
        came_as_scan = entry.scan is not None and row.fingerprint == scan_fingerprint(entry.scan)
        return replace(entry, fingerprint=row.fingerprint) if came_as_scan else entry

    def _record_read(self, rows: Sequence[Row[Any]], entries: list[Entry], now: datetime) -> None:
        """Record entries; again without the booking of one that the books refuse."""

        def work(connection: Connection) -> bool:
            recorded = self._recorder.record(connection, entries, now)
            return all(each.new for each in recorded.captured)

        while True:
            try:
                are_new = write(self.engine, work)
            except CaptureError as error:
                refused = [each.path for each in entries].index(error.path)
                if entries[refused].scan is None:
                    raise
                self._doubt(rows[refused], f"the books don't take it any more: {error.detail}")
                entries[refused] = replace(entries[refused], scan=None)
            else:
                break
        if not are_new:
            msg = f"of events {rows[0].seq} to {rows[-1].seq} one stands in the log twice"
            raise LedgerBrokenError(msg)

    def _keep_unread(self, rows: Sequence[Row[Any]]) -> None:
        def work(connection: Connection) -> None:
            connection.execute(insert(t.events), [row._asdict() for row in rows])
            connection.execute(update(t.log_head).values(size=rows[-1].seq))
            leaves = [row.document.encode() for row in rows]
            ledger_log.append(connection, rows[0].seq - 1, leaves)

        write(self.engine, work)

    def _doubt(self, row: Row[Any], detail: str) -> None:
        self._doubted.add(row.seq)
        self.doubts.add(Doubt(row.seq, row.event_id, detail))


def _recordings(connection: Connection, after: int, last: int) -> Iterator[list[Stored]]:
    """Events by the transactions that stored them, as far as their record times tell."""
    events = map(Stored.of, _rows(connection, after, last))
    for _, group in groupby(events, key=attrgetter("record_time")):
        while rows := list(islice(group, _LARGEST_RECORDING)):
            yield rows


def _rows(connection: Connection, after: int, last: int) -> Iterator[Row[Any]]:
    while rows := connection.execute(_NEXT, {"after": after, "last": last}).all():
        yield from rows
        after = rows[-1].seq


def _booked(connection: Connection, size: int) -> bytearray:
    """Of each event up to a number, whether the books name anything by it."""
    marks = bytearray(size + 1)
    query = select(t.event_nodes.c.seq)
    for (seq,) in scan(connection, query, list(t.event_nodes.primary_key)):
        if isinstance(seq, int) and 0 < seq <= size:
            marks[seq] = 1
    return marks


@contextmanager
def open_shadow(park: Park, mass_tolerance: float, clock_skew_s: float) -> Iterator[Shadow]:
    """An empty shadow in a folder for temporary files, removed afterwards.

    It takes as much room as the database; TMPDIR says where.
    """
    with tempfile.TemporaryDirectory(prefix="agripark-") as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'shadow.db'}")
        event.listen(engine, "connect", _forget_durability)
        try:
            yield Shadow(engine, park, mass_tolerance, clock_skew_s)
        finally:
            engine.dispose()


def _forget_durability(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")
