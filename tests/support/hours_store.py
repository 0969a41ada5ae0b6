"""A store of any number of events, filled fast with what captures would have left in it.

One hour (`park_hour`) is captured as it comes. All others are that hour's rows with other numbers,
times and identifiers: written by the database itself, in the order in which captures would have
written them, into tables with all their indexes. Only what hashes depend on is made here.

`test_hours_store` proves by `ledger verify --derived` that nothing differs from captures.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Insert,
    MetaData,
    Select,
    Table,
    Text,
    case,
    delete,
    func,
    insert,
    literal,
    literal_column,
    select,
    text,
    true,
    update,
)

from park.assets import Park
from park.times import to_epoch_ms
from tests.support import park_hour
from tests.support.park_hour import HOUR, SERIAL, START, TAG
from traceability import tables as t
from traceability.canonical import canonical_json, read_canonical
from traceability.database.bulk import BulkInsert, Row
from traceability.epcis.contexts import OWN, Context
from traceability.epcis.event_hash import pre_hash_text
from traceability.epcis.jsonld.reading import read_event
from traceability.epcis.query import tables as q
from traceability.epcis.query.fields import Field, measured
from traceability.epcis.query.meetings import Meeting, keep_meetings, meetings
from traceability.epcis.query.series import series
from traceability.event_repository import EventRepository
from traceability.ledger import log
from traceability.provenance import tables as p
from traceability.provenance.certified import certified_anew
from traceability.repository import Traceability

Progress = Callable[[int], object]
"""Hears how many events there are."""

_HOUR_MS = 3_600_000
_AT_ONCE = 20
"""Hours in one transaction, as if twenty thousand events had come in documents of 500."""
_DOCUMENT = 500
_SSCC = [measured(field, "00") for field in (Field.EPC, Field.PARENT)]
_MEMORY = "cache_size=-2000000"
_POSTGRESQL_IN_HASTE = (
    "SET session_replication_role TO replica",
    "SET synchronous_commit TO off",
    "SET statement_timeout TO 0",
    "SET work_mem TO '256MB'",
)
_ADD_EVENTS = BulkInsert(t.events)

_SEQS = {"seq", "end_seq"}
_NODES = {
    *(t.nodes.c.id, t.flows.c.target, t.flows.c.source, t.pallets.c.shipment),
    *(each.c.node_id for each in (t.event_nodes, t.batches, t.origins, t.reached, t.stays)),
    *(each.c.node_id for each in (t.pallets, t.shipments)),
}
_THINGS = {
    *(p.things.c.id, p.links.c.source, p.links.c.target, p.contents.c.parent),
    *(p.contents.c.child, p.sightings.c.thing),
}
_COPIED: Sequence[Table] = (
    *(t.nodes, t.flows, t.event_nodes, t.batches, t.origins, t.reached, t.stays, t.shipments),
    *(t.pallets, t.findings, q.event_facts, q.event_terms, q.event_numbers, p.things, p.links),
    *(p.contents, p.stops, p.sightings),
)
"""Tables that grow by rows of their own with each hour, but for events and the ledger."""

_hours = Table(
    "hours",
    MetaData(),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("tag", Text),
    Column("serial", Text),
    Column("beginning", Text),
    Column("pallets", BigInteger),
    prefixes=["TEMPORARY"],
)
"""The hours that are being copied; `pallets` is how far their numbers in the index lie apart."""


@dataclass(frozen=True, slots=True)
class _Event:
    """What an event of the first hour hashes, as texts in which its identifiers stand."""

    event_id: str
    event_time_ms: int
    record_time_ms: int
    document: str
    said: str
    """The text of the event's hash."""
    scan: str | None
    """The text of its scan's fingerprint, where it came as one."""


@dataclass(frozen=True, slots=True)
class _Counts:
    """How many of each kind there are."""

    events: int
    nodes: int
    stays: int
    things: int
    links: int

    @classmethod
    def of(cls, connection: Connection) -> "_Counts":
        """Those of a store; numbers are given out without gaps."""
        ids = (t.events.c.seq, t.nodes.c.id, t.stays.c.id, p.things.c.id, p.links.c.id)
        found = [connection.execute(select(func.max(each))).scalar() or 0 for each in ids]
        return cls(*found)

    def without(self, other: "_Counts") -> "_Counts":
        """How many came after the other."""
        return _Counts(
            self.events - other.events,
            self.nodes - other.nodes,
            self.stays - other.stays,
            self.things - other.things,
            self.links - other.links,
        )


def fill(engine: Engine, park: Park, wanted: int, progress: Progress = lambda _: None) -> int:
    """Fill an empty database with whole hours until it holds `wanted` events; the hours."""
    hours = -(-wanted // park_hour.EVENTS)
    if hours > park_hour.MOST_HOURS:
        msg = f"there are {park_hour.MOST_HOURS} hours of {park_hour.EVENTS} events at most"
        raise ValueError(msg)
    before, scans = _capture(engine, park)
    with _hasty(engine) as connection:
        with connection.begin():
            copier = _Copier(connection, before, scans)
        for first in range(1, hours, _AT_ONCE):
            copied = range(first, min(first + _AT_ONCE, hours))
            with connection.begin():
                copier.copy(connection, copied)
            progress(copied.stop * park_hour.EVENTS)
        with connection.begin():
            certified_anew(connection)
    return hours


def _capture(engine: Engine, park: Park) -> tuple[_Counts, Sequence[str]]:
    """Capture what came before, and the first hour; what there was before, the scans' texts."""
    clock = _Clock(START + timedelta(minutes=58))
    rules: dict[str, Any] = {"mass_tolerance": 0.005, "clock_skew_s": 300.0}
    traceability = Traceability(engine, park, **rules, clock=clock)
    traceability.migrate()
    repository = EventRepository(engine, park, **rules, clock=clock)
    assert not repository.capture_document(park_hour.before()).refused
    with engine.connect() as connection:
        before = _Counts.of(connection)
    scans = list(park_hour.scans(park))
    for scan in scans:
        traceability.capture(scan)
    events = park_hour.events(len(scans))
    for start in range(0, len(events), _DOCUMENT):
        part = park_hour.document(events[start : start + _DOCUMENT])
        assert not repository.capture_document(part).refused
    return before, [canonical_json(each.model_dump(mode="json")).decode() for each in scans]


class _Clock:
    """Goes on by a millisecond each time it is asked."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def __call__(self) -> datetime:
        self._now += timedelta(milliseconds=1)
        return self._now


@contextmanager
def _hasty(engine: Engine) -> Iterator[Connection]:
    """A connection that neither waits for the disk nor asks whether rows refer to others."""
    engine.dispose()
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            _pragmas(connection, "foreign_keys=OFF", "journal_mode=OFF", "synchronous=OFF", _MEMORY)
            yield connection
            _pragmas(connection, "journal_mode=WAL")
        else:
            for each in _POSTGRESQL_IN_HASTE:
                connection.execute(text(each))
            connection.commit()
            yield connection
        # Nobody else gets it as it is now.
        connection.invalidate()
    engine.dispose()


def _pragmas(connection: Connection, *pragmas: str) -> None:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    for each in pragmas:
        driver.execute(f"PRAGMA {each}")


class _Copier:
    """Copies the hour that was captured into others."""

    def __init__(self, connection: Connection, before: _Counts, scans: Sequence[str]) -> None:
        self._before = before
        self._made = _Counts.of(connection).without(before)
        self._events = list(_events(connection, before.events, scans))
        _hours.create(connection)
        self._statements = [self._statement(connection, table) for table in _COPIED]
        shapes = select(q.event_facts.c.shape, q.event_terms.c.name, q.event_terms.c.value)
        self._texts = [
            row
            for row in connection.execute(
                shapes.join(q.event_terms, q.event_terms.c.seq == q.event_facts.c.seq)
            )
            if TAG in row[2] or SERIAL in row[2]
        ]

    def copy(self, connection: Connection, hours: range) -> None:
        """Write these hours."""
        connection.execute(delete(_hours))
        connection.execute(insert(_hours), [_hour_row(number) for number in hours])
        for number in hours:
            self._add_events(connection, number)
        for statement in self._statements:
            connection.execute(statement)
        self._add_meetings(connection, hours)

    def _add_meetings(self, connection: Connection, hours: range) -> None:
        """Buckets of texts that differ from hour to hour."""
        found: set[Meeting] = set()
        for number in hours:
            for shape, name, value in self._texts:
                found |= meetings(shape, {}, [(name, _moved(value, number))], ())
        keep_meetings(connection, found)

    def _add_events(self, connection: Connection, number: int) -> None:
        """Events and ledger, for which hashes are needed."""
        first = self._before.events + number * self._made.events
        rows = [_row(seq, each, number) for seq, each in enumerate(self._events, first + 1)]
        _ADD_EVENTS(connection, rows)
        log.append(connection, first, [str(row[-1]).encode() for row in rows])
        connection.execute(update(t.log_head).values(size=first + len(rows)))

    def _statement(self, connection: Connection, table: Table) -> Insert:
        """What writes the rows of one table for all hours that are being copied."""
        captured = select(table).where(self._is_of_hour(table))
        of_hour = table.to_metadata(MetaData(), name=f"{table.name}_of_hour")
        rows = connection.execute(captured).all()
        # A table of its own: one statement can't well read what it writes.
        connection.execute(text(_temporary(connection, of_hour, captured)))
        values = [
            self._value(column, of_hour.c[column.name], {row[place] for row in rows})
            for place, column in enumerate(table.columns)
        ]
        copied = select(*values).select_from(of_hour.join(_hours, literal(1) == 1))
        keys = [place for place, column in enumerate(table.columns) if column.primary_key]
        return insert(table).from_select(
            [column.name for column in table.columns],
            # In the order of the key: neighbours land on one page.
            copied.order_by(*(values[place] for place in keys)),
        )

    def _is_of_hour(self, table: Table) -> ColumnElement[bool]:
        if "seq" in table.c:
            return table.c.seq > self._before.events
        return table.c.id > self._before.things if table is p.things else true()

    def _apart(self, column: Column[Any]) -> int | None:
        """How far the numbers of two hours lie apart; None of what is no number of a row."""
        if column.name in _SEQS:
            return self._made.events
        if column in _NODES:
            return self._made.nodes
        if column is t.stays.c.id:
            return self._made.stays
        return self._made.links if column is p.links.c.id else None

    def _value(
        self, column: Column[Any], captured: ColumnElement[Any], values: Collection[object]
    ) -> ColumnElement[Any]:
        """A column of the hour of that number, made of the first hour's."""
        number = _hours.c.number
        if column in _THINGS:
            later = captured + number * self._made.things
            return case((captured > self._before.things, later), else_=captured)
        if (apart := self._apart(column)) is not None:
            return captured + number * apart
        if column.name.endswith("_ms"):
            is_bound = captured.in_((p.BEGINNING, p.OPEN))
            return case((is_bound, captured), else_=captured + number * _HOUR_MS)
        if column is q.event_numbers.c.value:
            return _number(captured)
        return _text(captured, values)


def _temporary(connection: Connection, table: Table, captured: Select[Any]) -> str:
    said = captured.compile(connection, compile_kwargs={"literal_binds": True})
    return f"CREATE TEMPORARY TABLE {table.name} AS {said}"


def _number(captured: ColumnElement[Any]) -> ColumnElement[Any]:
    """Numbers of an hour: pallets in their series, times, and all others, which stay.

    Days, which are told without an hour, begin at midnight and stay as well.
    """
    name = q.event_numbers.c.name.name
    begins = to_epoch_ms(START)
    is_pallet = literal_column(name).in_(_SSCC)
    is_time = captured.between(begins + 1, begins + _HOUR_MS)
    return case(
        (is_pallet, captured + _hours.c.pallets),
        (is_time, captured + _hours.c.number * _HOUR_MS),
        else_=captured,
    )


def _text(captured: ColumnElement[Any], values: Collection[object]) -> ColumnElement[Any]:
    """A text of an hour; parts that none of the first hour's texts has aren't looked for."""
    made = captured
    for part, other in ((TAG, _hours.c.tag), (SERIAL, _hours.c.serial), (HOUR, _hours.c.beginning)):
        if any(isinstance(each, str) and part in each for each in values):
            made = func.replace(made, part, other)
    return made


def _hour_row(number: int) -> Mapping[str, object]:
    apart = _pallet_number(number) - _pallet_number(0)
    return {
        "number": number,
        "tag": park_hour.tag(number),
        "serial": park_hour.serial(number),
        "beginning": park_hour.hour(number),
        "pallets": round(apart),
    }


def _pallet_number(hour: int) -> float:
    found = series(f"https://id.gs1.org/00/00000000{park_hour.serial(hour)}00")
    assert found is not None
    return found[1]


def _events(connection: Connection, after: int, scans: Sequence[str]) -> Iterator[_Event]:
    rows = connection.execute(select(t.events).where(t.events.c.seq > after).order_by("seq"))
    for place, row in enumerate(rows):
        body = read_canonical(row.document)
        context = Context.of(body["@context"]) if "@context" in body else OWN
        said = pre_hash_text(read_event(body, context))
        assert hashlib.sha256(said.encode()).digest() == bytes(row.content_hash)
        yield _Event(
            row.event_id,
            row.event_time_ms,
            row.record_time_ms,
            row.document,
            said,
            scans[place] if place < len(scans) else None,
        )


def _row(seq: int, event: _Event, number: int) -> Row:
    """The row of an event in the hour of that number."""
    later_ms = number * _HOUR_MS
    content_hash = hashlib.sha256(_moved(event.said, number).encode())
    scan = event.scan
    same = content_hash if scan is None else hashlib.sha256(_moved(scan, number).encode())
    return (
        seq,
        _moved(event.event_id, number),
        False,
        event.event_time_ms + later_ms,
        event.record_time_ms + later_ms,
        same.hexdigest(),
        content_hash.digest(),
        _moved(event.document, number),
    )


def _moved(said: str, number: int) -> str:
    """A text of the first hour as the hour of that number says it."""
    own = said.replace(TAG, park_hour.tag(number)).replace(SERIAL, park_hour.serial(number))
    return own.replace(HOUR, park_hour.hour(number))
