"""Derives what events lack that an earlier version stored.

Those of release 0.1 have no index, lineage, findings and ledger; those of versions before revision
0006 have an index that says less. Books, lineage and findings aren't touched otherwise: where this
version would derive others, `agripark ledger rebuild` does.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select, update

from park.assets import Park
from traceability import tables as t
from traceability.canonical import canonical_json
from traceability.entries import entry_of_document, event_of_document
from traceability.epcis.model import AnyEvent
from traceability.epcis.query.indexing import index_events
from traceability.errors import TraceabilityError
from traceability.ledger import log as ledger_log
from traceability.places import Places
from traceability.projections import project_events

_log = logging.getLogger(__name__)

INDEXED_OTHERWISE = frozenset({"0002", "0003", "0004", "0005"})
"""Revisions whose index said less."""

_E = t.events.c
_CHUNK = 500
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
