"""Checkpoints that were given out, and single events, in the database."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from park.times import to_epoch_ms
from traceability import tables as t
from traceability.database.transactions import Matter, alone
from traceability.errors import LedgerBrokenError, NotFoundError
from traceability.ledger.checkpoint import SignedCheckpoint
from traceability.ledger.tables import ledger_checkpoints

_C = ledger_checkpoints.c
_E = t.events.c
_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Leaf:
    """An event as the ledger sees it."""

    index: int
    event_id: str
    document: str


def event(connection: Connection, which: str | int) -> Leaf:
    """An event by its id or its leaf's index; where it was declared wrong, the declaration.

    Raises NotFoundError `event-not-found`.
    """
    query = select(_E.seq, _E.event_id, _E.document).limit(1)
    if isinstance(which, str):
        query = query.where(_E.event_id == which).order_by(_E.declared.desc())
    else:
        query = query.where(_E.seq == min(which, _LARGEST - 1) + 1)
    row = connection.execute(query).one_or_none()
    if row is None:
        what = which if isinstance(which, str) else f"with the leaf {which}"
        msg = f"no event {what} was captured here"
        raise NotFoundError("event-not-found", msg)
    return Leaf(row.seq - 1, row.event_id, row.document)


def checkpoint_of(connection: Connection, size: int) -> SignedCheckpoint | None:
    """The checkpoint of that size, where one was given out. Raises CheckpointError."""
    note = connection.execute(select(_C.note).where(_C.size == min(size, _LARGEST))).scalar()
    return None if note is None else SignedCheckpoint.parse(note)


def largest(connection: Connection) -> SignedCheckpoint | None:
    """The checkpoint of the most events. Raises CheckpointError."""
    note = connection.execute(select(_C.note).order_by(_C.size.desc()).limit(1)).scalar()
    return None if note is None else SignedCheckpoint.parse(note)


def largest_signed_by(connection: Connection, keys: Collection[tuple[str, bytes]]) -> int:
    """The size of the largest checkpoint that has a signature of one of these keys; 0 for none."""
    for note in connection.execute(select(_C.note).order_by(_C.size.desc())).scalars():
        checkpoint = SignedCheckpoint.parse(note)
        if any((each.name, each.key_id) in keys for each in checkpoint.note.signatures):
            return checkpoint.size
    return 0


def keep(connection: Connection, signed: SignedCheckpoint, now: datetime) -> SignedCheckpoint:
    """Store a checkpoint, its signatures beside those that are known already.

    Raises LedgerBrokenError where another root was given out for that size.
    """
    alone(connection, Matter.CHECKPOINTS)
    known = checkpoint_of(connection, signed.size)
    if known is None:
        row = {
            "size": signed.size,
            "root": signed.root,
            "note": str(signed),
            "time_ms": to_epoch_ms(now),
        }
        connection.execute(insert(ledger_checkpoints), row)
        return signed
    both = merged(known, signed)
    change = update(ledger_checkpoints).where(_C.size == signed.size).values(note=str(both))
    connection.execute(change)
    return both


def merged(known: SignedCheckpoint, signed: SignedCheckpoint) -> SignedCheckpoint:
    """A checkpoint with the signatures of both. Raises LedgerBrokenError where they contradict."""
    if known.note.text != signed.note.text:
        msg = f"two different logs of {signed.size} events were signed; run agripark ledger verify"
        raise LedgerBrokenError(msg)
    return SignedCheckpoint(known.checkpoint, known.note.with_signatures(signed.note.signatures))
