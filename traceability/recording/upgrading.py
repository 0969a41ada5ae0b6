"""Derives what events lack that an earlier version stored.

Those of release 0.1 have no index, lineage, findings and ledger; those of versions before revision
0006 have an index that says less, those of 0006 one that doesn't say what never meets. Books,
lineage and findings aren't touched otherwise: where this version would derive others, `agripark
ledger rebuild` does.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select, tuple_, update

from park.assets import Park
from traceability import tables as t
from traceability.canonical import canonical_json
from traceability.epcis.model import AnyEvent
from traceability.epcis.query import tables as q
from traceability.epcis.query.conditions import Column
from traceability.epcis.query.distinct import distinct_values
from traceability.epcis.query.indexing import index_events
from traceability.epcis.query.meetings import Meeting, keep_meetings, meetings
from traceability.errors import TraceabilityError
from traceability.ledger import log as ledger_log
from traceability.provenance.certified import certified_anew
from traceability.recording.entries import entry_of_document, event_of_document
from traceability.recording.projections import project_events
from traceability.steps.places import Places

_log = logging.getLogger(__name__)

INDEXED_OTHERWISE = frozenset({"0002", "0003", "0004", "0005"})
"""Revisions whose index said less."""
SUMS_UNKNOWN = frozenset({"0006"})
"""Revisions whose index is right but for what `meetings` tell, and sums under certificates."""

_E = t.events.c
_F, _T, _N = q.event_facts.c, q.event_terms.c, q.event_numbers.c
_CHUNK = 500
_PAGE = 10_000
_FEW_TEXTS = 1000
_NEXT = (
    select(_E.seq, _E.document)
    .where(_E.seq > bindparam("after"), _E.content_hash == b"")
    .order_by(_E.seq)
    .limit(_CHUNK)
)
_ALL = (
    select(_E.seq, _E.event_id, _E.document)
    .where(_E.seq > bindparam("after"))
    .order_by(_E.seq)
    .limit(_CHUNK)
)
_SAVE = (
    update(t.events)
    .where(_E.seq == bindparam("number"))
    .values(content_hash=bindparam("new_hash"), document=bindparam("new_document"))
)


def derive_missing(connection: Connection, park: Park) -> int:
    """Derive what events of release 0.1 lack; how many there were."""
    done, places = 0, Places(park)
    for chunk in _chunks(connection, _NEXT):
        entries = [(row.seq, entry_of_document(row.document, places)) for row in chunk]
        documents = [canonical_json(dict(entry.body)) for _, entry in entries]
        connection.execute(
            _SAVE,
            [
                {
                    "number": seq,
                    "new_hash": entry.content_hash,
                    "new_document": document.decode(),
                }
                for (seq, entry), document in zip(entries, documents, strict=True)
            ],
        )
        found = {seq: entry.findings for seq, entry in entries if entry.findings}
        project_events(
            connection, [(seq, entry.event) for seq, entry in entries], (), found, places
        )
        ledger_log.append(connection, entries[0][0] - 1, documents)
        done += len(entries)
    return done


def index_anew(connection: Connection) -> None:
    """Index all events; the index is empty."""
    for chunk in _chunks(connection, _ALL):
        index_events(connection, list(_read(chunk)))
    certified_anew(connection)


def sum_up(connection: Connection) -> None:
    """Derive what follows from lineage and index that are there already."""
    certified_anew(connection)
    _meet(connection)


def _meet(connection: Connection) -> None:
    """Write down what meets in events that are indexed already."""
    found: set[Meeting] = set()
    columns = (Column.READ_POINT, Column.BIZ_LOCATION)
    places = select(_F.shape, *(_F[each] for each in columns)).distinct()
    for shape, *said in connection.execute(places):
        found |= meetings(shape, dict(zip(columns, said, strict=True)), (), ())
    numbers = select(_F.shape, _N.name).join(q.event_facts, _F.seq == _N.seq).distinct()
    for shape, name in connection.execute(numbers):
        found |= meetings(shape, {}, (), [(name, 0.0)])
    for name in distinct_values(connection, _T.name):
        for shape, value in _values_by_shape(connection, name):
            found |= meetings(shape, {}, [(name, value)], ())
    keep_meetings(connection, found)


def _values_by_shape(connection: Connection, name: str) -> Iterator[tuple[int, str]]:
    """Shapes and texts of a field: each pair once where texts are few, else event by event."""
    of_name = (_T.name == name,)
    texts = select(_F.shape, _T.value).join(q.event_facts, _F.seq == _T.seq).where(*of_name)
    if len(distinct_values(connection, _T.value, of_name, limit=_FEW_TEXTS)) < _FEW_TEXTS:
        yield from connection.execute(texts.distinct())
        return
    key = (_T.value, _T.event_time_ms, _T.seq)
    page = texts.add_columns(*key[1:]).order_by(*key).limit(_PAGE)
    rows = connection.execute(page).all()
    while rows:
        yield from ((row.shape, row.value) for row in rows)
        rows = connection.execute(page.where(tuple_(*key) > tuple_(*rows[-1][1:]))).all()


def _read(rows: Iterable[Row[Any]]) -> Iterator[tuple[int, AnyEvent]]:
    for row in rows:
        try:
            yield row.seq, event_of_document(row.document)
        except TraceabilityError as error:
            _log.warning("event %s can't be read any more: %s", row.event_id, error)


def _chunks(connection: Connection, query: Select[Any]) -> Iterator[Sequence[Row[Any]]]:
    after = 0
    while rows := connection.execute(query, {"after": after}).all():
        yield rows
        after = rows[-1].seq
