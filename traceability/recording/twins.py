"""Events that say the same under several ids: the first that wasn't declared wrong counts.

Where the one that counts is declared wrong, the next takes its place in the lineage, whatever was
captured first. Nobody has taken back what that one says; a finding tells of it.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, exists, func, select

from traceability import tables as t
from traceability.database.bulk import BulkInsert, Row
from traceability.database.lookups import PARAMETERS_AT_ONCE, among, chunks, rows_for
from traceability.epcis.model import AnyEvent
from traceability.findings import Finding
from traceability.provenance.tables import stops
from traceability.recording.entries import event_of_document

SAME = Finding(
    "same-content",
    "another event with another id says the same; this one doesn't count in the lineage",
)
REVIVED = Finding(
    "same-as-wrong",
    "an event with another id that said the same was declared wrong; this one wasn't, so it counts",
)

_E, _F = t.events.c, t.findings.c
_D = t.events.alias("declarations")
_SAME_ID = (_D.c.event_id == _E.event_id) & _D.c.declared.is_(True) & _E.declared.is_(False)
_HASHES = select(_E.content_hash).where(among(_E.seq))
_WRONG_HASHES = select(_E.content_hash).join(_D, _SAME_ID).where(among(_D.c.seq))
_FIRST = (
    select(func.min(_E.seq))
    .where(
        _E.content_hash.in_(bindparam("hashes", expanding=True)),
        _E.declared.is_(False),
        ~exists().where(_D.c.event_id == _E.event_id, _D.c.declared.is_(True)),
    )
    .group_by(_E.content_hash)
)
_WAITING = select(_E.seq, _E.document).where(among(_E.seq), ~exists().where(stops.c.seq == _E.seq))
_NO_MORE_SAME = delete(t.findings).where(_F.seq == bindparam("number"), _F.code == SAME.code)
_LAST_POSITION = select(func.coalesce(func.max(_F.position), -1)).where(
    _F.seq == bindparam("number")
)
ADD_FINDINGS = BulkInsert(t.findings)


@dataclass(frozen=True, slots=True)
class Settled:
    """Which of the events that say the same count."""

    twins: Collection[int]
    """Numbers of the batch's events that don't."""
    revived: Sequence[tuple[int, AnyEvent]]
    """Events of earlier batches that count from now on."""


def settle(
    connection: Connection, rows: Sequence[tuple[int, AnyEvent]], twins: Collection[int]
) -> Settled:
    """Find out which count, once a batch is stored; `twins` are those that said what was said."""
    declarations = [seq for seq, event in rows if event.error_declaration is not None]
    if not declarations and not twins:
        return Settled((), ())
    hashes = {bytes(row[0]) for row in rows_for(connection, _HASHES, twins)}
    hashes |= {bytes(row[0]) for row in rows_for(connection, _WRONG_HASHES, declarations)}
    first = set(_first(connection, sorted(hashes)))
    batch = {seq for seq, _ in rows}
    waiting = rows_for(connection, _WAITING, sorted(first - batch))
    revived = [(row.seq, event_of_document(row.document)) for row in waiting]
    return Settled(set(twins) - first, revived)


def say_revived(connection: Connection, seq: int, more: Sequence[Finding]) -> None:
    """Write down that an event counts after all, and what is odd about it now that it does."""
    number = {"number": seq}
    connection.execute(_NO_MORE_SAME, number)
    following = connection.execute(_LAST_POSITION, number).scalar_one() + 1
    ADD_FINDINGS(
        connection,
        [
            finding_row(seq, position, each)
            for position, each in enumerate((REVIVED, *more), following)
        ],
    )


def finding_row(seq: int, position: int, finding: Finding) -> Row:
    """A row of `findings`."""
    return seq, position, finding.code, finding.path, finding.detail


def _first(connection: Connection, hashes: Sequence[bytes]) -> Iterator[int]:
    for chunk in chunks(hashes, PARAMETERS_AT_ONCE):
        yield from connection.execute(_FIRST, {"hashes": chunk}).scalars()
