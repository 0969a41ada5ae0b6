"""The events as they were captured, in the order of their capture."""

from typing import Any

from sqlalchemy import Connection, func, select, tuple_

from traceability import tables as t
from traceability.canonical import read_canonical
from traceability.errors import NotFoundError
from traceability.ledger import log as ledger_log
from traceability.paging import check_limit, read_token, write_token
from traceability.views import EventFinding, Page, Totals

_E = t.events.c
_F = t.findings.c


def event(connection: Connection, event_id: str) -> dict[str, Any]:
    """One event as a JSON-LD document of its own; where it was declared wrong, the declaration.

    Raises NotFoundError `event-not-found`.
    """
    query = select(_E.document).where(_E.event_id == event_id).order_by(_E.declared.desc()).limit(1)
    document = connection.execute(query).scalar()
    if document is None:
        msg = f"no event {event_id} was captured here"
        raise NotFoundError("event-not-found", msg)
    body: dict[str, Any] = read_canonical(document)
    return body


def events(connection: Connection, after: str | None, limit: int) -> Page[dict[str, Any]]:
    """One page of events, the first captured first. Raises QueryError."""
    check_limit(limit)
    query = select(_E.seq, _E.document).order_by(_E.seq).limit(limit + 1)
    if after is not None:
        query = query.where(_E.seq > read_token(after, (int,))[0])
    rows = connection.execute(query).all()
    token = write_token([rows[limit - 1].seq]) if len(rows) > limit else None
    return Page([_bare(row.document) for row in rows[:limit]], token)


def findings(
    connection: Connection, code: str | None, after: str | None, limit: int
) -> Page[EventFinding]:
    """One page of what is odd about events, the first captured first. Raises QueryError."""
    check_limit(limit)
    query = (
        select(t.findings, _E.event_id)
        .join(t.events, _E.seq == _F.seq)
        .order_by(_F.seq, _F.position)
        .limit(limit + 1)
    )
    if code is not None:
        query = query.where(_F.code == code)
    if after is not None:
        query = query.where(tuple_(_F.seq, _F.position) > tuple_(*read_token(after, (int, int))))
    rows = connection.execute(query).all()
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        [EventFinding(row.event_id, row.code, row.path, row.detail) for row in rows[:limit]],
        None if last is None else write_token([last.seq, last.position]),
    )


def _bare(document: str) -> dict[str, Any]:
    return {name: value for name, value in read_canonical(document).items() if name != "@context"}


def totals(connection: Connection) -> Totals:
    """How much there is."""
    size = ledger_log.size(connection)
    counts = [
        connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in (t.batches, t.pallets, t.shipments)
    ]
    return Totals(size, *counts)
