"""Reads from the database what figures are made of, and what lies in rooms now."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, case, exists, select

from park.gs1 import BatchId
from park.scans import Scan
from park.times import from_epoch_ms
from traceability import tables as t
from traceability.books.taking_back import CODE as STILL_IN_BOOKS
from traceability.figures.projection import Step
from traceability.masses import to_kg
from traceability.recording.entries import entry_of_document
from traceability.steps.places import Places

_E, _S, _B, _R = t.events.c, t.stays.c, t.batches.c, t.reached.c
_OTHER = t.events.alias("other")
_O, _F = _OTHER.c, t.findings.c
_STILL_BOOKED = exists().where(
    _F.seq == case((_E.declared, _E.seq), else_=_O.seq), _F.code == STILL_IN_BOOKS
)
_STEPS = (
    select(
        *(_E.seq, _E.document, _E.declared),
        _O.seq.label("other_seq"),
        case((_E.declared, _O.document)).label("wrong"),
        (_O.seq.is_not(None) & ~_STILL_BOOKED).label("is_taken_back"),
    )
    # To a step its declaration, to a declaration the step.
    .outerjoin(_OTHER, and_(_O.event_id == _E.event_id, _O.declared != _E.declared))
    .where(_E.seq > bindparam("after"))
    .order_by(_E.seq)
    .limit(bindparam("most"))
)
_STAYS = (
    select(
        _S.room, _S.since_ms, _S.qty_in_mg, _S.qty_out_mg, _S.lost_mg, _S.node_id, _B.gtin, _B.lot
    )
    .join(t.batches, _B.node_id == _S.node_id)
    .where(_S.until_ms.is_(None), _S.room.in_(bindparam("rooms", expanding=True)))
    .order_by(_S.room, _S.since_ms, _B.gtin, _B.lot)
)
_REACHED = select(_R.node_id, _R.destination).where(
    _R.node_id.in_(bindparam("nodes", expanding=True))
)


@dataclass(frozen=True, slots=True)
class StoredLot:
    """A batch that lies in a room."""

    room: str
    batch: BatchId
    mass_kg: float
    since: datetime
    destinations: Sequence[str]
    """Where parts of it went so far."""


def steps_after(connection: Connection, places: Places, seq: int, most: int) -> list[Step]:
    """The events behind `seq`, as steps of our park."""
    steps = []
    for row in connection.execute(_STEPS, {"after": seq, "most": most}):
        takes_back = row.declared and row.is_taken_back and _scan(row.wrong, places) is not None
        steps.append(
            Step(
                seq=row.seq,
                scan=_scan(row.document, places),
                counts=not row.is_taken_back,
                takes_back=row.other_seq if takes_back else None,
            )
        )
    return steps


def _scan(document: str, places: Places) -> Scan | None:
    return entry_of_document(document, places).scan


def stored_in(connection: Connection, rooms: Collection[str]) -> list[StoredLot]:
    """What lies in these rooms now, by room."""
    rows = connection.execute(_STAYS, {"rooms": list(rooms)}).all()
    destinations: dict[int, list[str]] = {}
    for node, destination in connection.execute(
        _REACHED, {"nodes": list({row.node_id for row in rows})}
    ):
        destinations.setdefault(node, []).append(destination)
    lots = [
        StoredLot(
            room=row.room,
            batch=BatchId(row.gtin, row.lot),
            mass_kg=to_kg(row.qty_in_mg - row.qty_out_mg - row.lost_mg),
            since=from_epoch_ms(row.since_ms),
            destinations=sorted(destinations.get(row.node_id, ())),
        )
        for row in rows
    ]
    return [lot for lot in lots if lot.mass_kg > 0]
