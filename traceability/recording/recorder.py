"""Recording: entries become events and all that follows from them, in one transaction, or nothing.

Recordings run one after the other: each first locks the one row of `log_head`. So a check and the
write that rests on it see one state, two recordings can't deadlock, and events are numbered in
the order of their commits, without gaps: who pages through them misses none. SQLite takes its
write lock at BEGIN already and behaves the same.

1. The same event again changes nothing; another event under a known id is refused.
2. A step of our own park is checked by the books, and refused where it can't be true.
3. Other events are stored as they are: what is odd about them is written down as a finding.
4. What is declared wrong is taken out of the books, see `taking_back`, before a document's steps
   are booked: so a correction may stand before or behind the declaration.
5. Two events that say the same under different ids are stored both, but the second doesn't count
   in the lineage unless the first is declared wrong (see `twins`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select, update

from park.assets import Park
from park.scans import Scan
from park.times import format_instant, to_epoch_ms
from traceability import tables as t
from traceability.books.bookkeeping import BOOKKEEPERS, Desk
from traceability.books.state import State
from traceability.books.taking_back import TakingBack
from traceability.canonical import canonical_json
from traceability.database.bulk import BulkInsert, Row
from traceability.database.lookups import PARAMETERS_AT_ONCE, chunks
from traceability.errors import CaptureError, DuplicateIdError, EventIdReusedError, TimeError
from traceability.findings import Finding
from traceability.ledger import log as ledger_log
from traceability.recording.entries import Entry, entry_of_document
from traceability.recording.projections import project_events
from traceability.steps.places import Places
from traceability.views import Captured, Refused

_E = t.events.c
_LAST_TIME = select(_E.record_time_ms).where(_E.seq == bindparam("last"))
_COUNT = update(t.log_head).values(size=bindparam("new_size"))
_KNOWN = select(_E.event_id, _E.declared, _E.fingerprint, _E.content_hash).where(
    _E.event_id.in_(bindparam("wanted", expanding=True))
)
_TWINS = select(_E.content_hash).where(
    _E.content_hash.in_(bindparam("wanted", expanding=True)), _E.declared.is_(False)
)
_ADD = BulkInsert(t.events)


@dataclass(slots=True)
class Recorded:
    """What became of entries: in their order, what was captured, known already or refused."""

    captured: list[Captured] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Known:
    fingerprint: str
    content_hash: bytes


@dataclass(slots=True)
class _Session:
    """One recording under way."""

    connection: Connection
    now: datetime
    size: int
    """Events in the log before this recording."""
    known: dict[tuple[str, bool], _Known]
    contents: set[bytes]
    """Content hashes of events that are stored or about to be."""
    done: list[tuple[int, Entry]] = field(default_factory=list)
    documents: list[bytes] = field(default_factory=list)
    twins: set[int] = field(default_factory=set)
    """Numbers of events that say what another said before."""
    booked: set[int] = field(default_factory=set)
    """Numbers of events that are in the books, and stored already."""
    wrong: set[str] = field(default_factory=set)
    """Ids of events that this recording declares wrong."""
    still_booked: Mapping[str, Finding] = field(default_factory=dict)
    """Of these, what to say of those that the books keep."""

    @property
    def next_seq(self) -> int:
        return self.size + len(self.done) + 1

    def is_wrong(self, event_id: str) -> bool:
        """Whether an event was declared wrong, before it came or together with it."""
        return event_id in self.wrong or (event_id, True) in self.known

    def explained(self, detail: str) -> str:
        """Why something is refused, and what else the correction of a wrong step needs."""
        still = next(iter(self.still_booked.values()), None)
        return detail if still is None else f"{detail}; {still.detail}: declare that wrong first"

    def findings(self, entry: Entry) -> Sequence[Finding]:
        """What is odd about an entry by itself, and of what it declares wrong."""
        still = self.still_booked.get(entry.event_id) if entry.declares_error else None
        return entry.findings if still is None else (*entry.findings, still)


class Recorder:
    """Records entries of one park."""

    def __init__(self, park: Park, mass_tolerance: float, clock_skew_s: float) -> None:
        self._park = park
        self._places = Places(park)
        self._tolerance = mass_tolerance
        self._skew_ms = round(clock_skew_s * 1000)

    def record(
        self,
        connection: Connection,
        entries: Sequence[Entry],
        now: datetime,
        *,
        proceed: bool = False,
    ) -> Recorded:
        """Record within the connection's transaction.

        With `proceed`, entries that can't be true are left out and listed; else the first of them
        is raised as its CaptureError, and the caller's transaction must end without a trace.
        """
        size = ledger_log.lock(connection)
        now = _distinct(connection, size, now)
        session = _Session(connection, now, size, _known(connection, entries), set())
        session.contents.update(_twins(connection, entries))
        recorded = Recorded()
        self._take_back(session, entries)
        for entry in entries:
            try:
                is_new = self._take(session, entry, proceed=proceed)
            except CaptureError as error:
                error.path = entry.path
                error.detail = session.explained(error.detail)
                if not proceed:
                    raise
                recorded.refused.append(Refused(entry.path, error.code, error.detail))
            else:
                recorded.captured.append(Captured(entry.event_id, is_new))
        _finish(session, self._places)
        return recorded

    def _take(self, session: _Session, entry: Entry, *, proceed: bool) -> bool:
        """Take one entry into the session; False where it is known. Raises CaptureError."""
        if _is_known(session.known, entry):
            return False
        seq, document = session.next_seq, _document(entry, session.now)
        if entry.scan is not None and not session.is_wrong(entry.event_id):
            if proceed:
                with session.connection.begin_nested():
                    self._book(session, seq, entry, document)
            else:
                self._book(session, seq, entry, document)
        if entry.content_hash in session.contents and not entry.declares_error:
            session.twins.add(seq)
        session.contents.add(entry.content_hash)
        mark = _Known(entry.fingerprint, entry.content_hash)
        session.known[entry.event_id, entry.declares_error] = mark
        session.done.append((seq, entry))
        session.documents.append(document)
        return True

    def _book(self, session: _Session, seq: int, entry: Entry, document: bytes) -> None:
        scan = entry.scan
        if scan is None:
            return
        at_ms = to_epoch_ms(scan.ts)
        if at_ms > to_epoch_ms(session.now) + self._skew_ms:
            msg = (
                f"{format_instant(scan.ts)} lies in the future, it is "
                f"{format_instant(session.now)} now; check the reader's clock"
            )
            raise TimeError(msg)
        # The books refer to the event, so it must be there before them.
        _ADD(session.connection, [_row(seq, entry, document, session.now)])
        desk = Desk(
            park=self._park,
            state=State(session.connection, seq, self._tolerance),
            event_id=entry.event_id,
            at_ms=at_ms,
            tolerance=self._tolerance,
            skew_ms=self._skew_ms,
        )
        BOOKKEEPERS[scan.action](desk, scan)
        session.booked.add(seq)

    def _take_back(self, session: _Session, entries: Sequence[Entry]) -> None:
        """Take back what the entries declare wrong, and wasn't declared so before."""
        wrong = [each.event_id for each in entries if each.declares_error]
        session.wrong.update(each for each in wrong if (each, True) not in session.known)
        taking = TakingBack(session.connection, self._tolerance, self._scan)
        for event_id in sorted(session.wrong):
            taking.take_back(event_id)
        session.still_booked = taking.found

    def _scan(self, document: str) -> Scan | None:
        """The step that a stored event stands for."""
        return entry_of_document(document, self._places).scan


def _distinct(connection: Connection, size: int, now: datetime) -> datetime:
    """The time, a millisecond later where it is the last recording's.

    So record times tell recordings apart, and each can be repeated as it was (see `derived`).
    """
    last_ms = connection.execute(_LAST_TIME, {"last": size}).scalar()
    return now + timedelta(milliseconds=1) if last_ms == to_epoch_ms(now) else now


def is_known(connection: Connection, event_id: str, fingerprint: str) -> bool:
    """Whether the same was captured under that id."""
    rows = connection.execute(_KNOWN, {"wanted": [event_id]})
    return any(row.fingerprint == fingerprint for row in rows)


def _known(connection: Connection, entries: Sequence[Entry]) -> dict[tuple[str, bool], _Known]:
    wanted = sorted({entry.event_id for entry in entries})
    return {
        (row.event_id, row.declared): _Known(row.fingerprint, bytes(row.content_hash))
        for chunk in chunks(wanted, PARAMETERS_AT_ONCE)
        for row in connection.execute(_KNOWN, {"wanted": chunk})
    }


def _twins(connection: Connection, entries: Sequence[Entry]) -> set[bytes]:
    wanted = sorted({entry.content_hash for entry in entries})
    return {
        bytes(found)
        for chunk in chunks(wanted, PARAMETERS_AT_ONCE)
        for found in connection.execute(_TWINS, {"wanted": chunk}).scalars()
    }


def _is_known(known: Mapping[tuple[str, bool], _Known], entry: Entry) -> bool:
    found = known.get((entry.event_id, entry.declares_error))
    if found is None:
        return False
    same = found.fingerprint == entry.fingerprint or (
        found.content_hash == entry.content_hash and not entry.declares_error
    )
    if not same:
        what, error = ("scan", DuplicateIdError) if entry.is_scan else ("event", EventIdReusedError)
        msg = f"{entry.event_id} came before with other content; give every {what} an id of its own"
        if entry.declares_error:
            msg = f"{entry.event_id} was declared wrong before, in other words; that one stands"
        raise error(msg)
    return True


def _document(entry: Entry, now: datetime) -> bytes:
    return canonical_json({**entry.body, "recordTime": format_instant(now)})


def _row(seq: int, entry: Entry, document: bytes, now: datetime) -> Row:
    return (
        seq,
        entry.event_id,
        entry.declares_error,
        to_epoch_ms(entry.event.event_time),
        to_epoch_ms(now),
        entry.fingerprint,
        entry.content_hash,
        document.decode(),
    )


def _finish(session: _Session, places: Places) -> None:
    """Write what is written for all entries at once."""
    if not session.done:
        return
    connection = session.connection
    connection.execute(_COUNT, {"new_size": session.size + len(session.done)})
    rows = [
        _row(seq, entry, document, session.now)
        for (seq, entry), document in zip(session.done, session.documents, strict=True)
        if seq not in session.booked
    ]
    _ADD(connection, rows)
    events = [(seq, entry.event) for seq, entry in session.done]
    found = {seq: findings for seq, entry in session.done if (findings := session.findings(entry))}
    recorded_ms = dict.fromkeys((seq for seq, _ in events), to_epoch_ms(session.now))
    project_events(connection, events, session.twins, found, places, recorded_ms)
    ledger_log.append(connection, session.size, session.documents)
