"""Derives index, lineage, findings and ledger of events that were stored before there were such.

The books aren't touched: they were kept from the first release on.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, bindparam, select, update

from park.assets import Park
from traceability import tables as t
from traceability.canonical import canonical_json, read_canonical
from traceability.entries import Entry, entry_of_body
from traceability.epcis.contexts import OWN, Context
from traceability.interpretation import Places
from traceability.ledger import log as ledger_log
from traceability.projections import project_events

_E = t.events.c
_CHUNK = 500
_NEXT = (
    select(_E.seq, _E.document)
    .where(_E.seq > bindparam("after"), _E.content_hash == b"")
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
    for chunk in _chunks(connection):
        entries = [(seq, _entry(document, places)) for seq, document in chunk]
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


def _chunks(connection: Connection) -> Iterator[Sequence[tuple[int, str]]]:
    after = 0
    while rows := connection.execute(_NEXT, {"after": after}).all():
        yield [(row.seq, row.document) for row in rows]
        after = rows[-1].seq


def _entry(document: str, places: Places) -> Entry:
    body = read_canonical(document)
    context = Context.of(body["@context"]) if "@context" in body else OWN
    return entry_of_body(body, context, places)
