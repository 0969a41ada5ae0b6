"""The events as they were captured, in the order of their capture."""

import json
from typing import Any

from sqlalchemy import Connection, func, select

from traceability import tables as t
from traceability.epcis.jsonld import with_context
from traceability.errors import NotFoundError
from traceability.paging import check_limit, read_token, write_token
from traceability.views import Page, Totals

_E = t.events.c


def event(connection: Connection, event_id: str) -> dict[str, Any]:
    """One event as a JSON-LD document of its own. Raises NotFoundError `event-not-found`."""
    query = select(_E.document).where(_E.event_id == event_id)
    document = connection.execute(query).scalar()
    if document is None:
        msg = f"no event {event_id} was captured here"
        raise NotFoundError("event-not-found", msg)
    return with_context(json.loads(document))


def events(connection: Connection, after: str | None, limit: int) -> Page[dict[str, Any]]:
    """One page of events, the first captured first. Raises QueryError."""
    check_limit(limit)
    query = select(_E.seq, _E.document).order_by(_E.seq).limit(limit + 1)
    if after is not None:
        query = query.where(_E.seq > read_token(after, (int,))[0])
    rows = connection.execute(query).all()
    token = write_token([rows[limit - 1].seq]) if len(rows) > limit else None
    return Page([json.loads(row.document) for row in rows[:limit]], token)


def totals(connection: Connection) -> Totals:
    """How much there is."""
    size = connection.execute(select(t.log_head.c.size)).scalar_one()
    counts = [
        connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in (t.batches, t.pallets, t.shipments)
    ]
    return Totals(size, *counts)
