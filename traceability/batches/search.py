"""Lists of batches: which fit a query, page by page, the most recently made first."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    exists,
    false,
    func,
    or_,
    select,
    tuple_,
)

from park.assets import Destination, Park
from park.errors import IdentifierError
from park.gs1 import BatchId, parse_batch, parse_gtin
from park.times import from_epoch_ms, to_epoch_ms
from traceability import tables as t
from traceability.masses import to_kg
from traceability.paging import check_limit, read_token, write_token
from traceability.views import BatchQuery, BatchStatus, BatchSummary, Page

_B = t.batches.c
FEW = 1000
"""Batches that are taken at once, and sorted; more are gone through in the order of a list."""


def search_batches(
    connection: Connection, park: Park, query: BatchQuery, after: str | None, limit: int
) -> Page[BatchSummary]:
    """One page. Raises QueryError."""
    check_limit(limit)
    key = tuple_(_B.made_at_ms, _B.gtin, _B.lot)
    statement = (
        select(_B.node_id, *key.clauses)
        .where(*_conditions(park, query))
        .order_by(_B.made_at_ms.desc(), _B.gtin.desc(), _B.lot.desc())
        .limit(limit + 1)
    )
    few = _few(connection, park, query)
    if few is not None:
        statement = statement.where(_B.node_id.in_(few))
    if after is not None:
        statement = statement.where(key < tuple_(*read_token(after, (int, str, str))))
    rows = connection.execute(statement).all()
    token = write_token(rows[limit - 1][1:]) if len(rows) > limit else None
    return Page(summaries(connection, park, [row.node_id for row in rows[:limit]]), token)


def _few(connection: Connection, park: Park, query: BatchQuery) -> Sequence[int] | None:
    """Batches that fit a part of the query, where they are few: else all would be gone through."""
    o, r = t.origins.c, t.reached.c
    asked: list[Select[Any]] = []
    if query.orchard is not None:
        asked.append(select(o.node_id).where(o.orchard == query.orchard))
    if query.destination is not None:
        wanted = destination_ids(park, query.destination)
        asked.append(select(r.node_id).where(r.destination.in_(wanted)))
    for each in asked:
        found = connection.execute(each.limit(FEW + 1)).scalars().all()
        if len(found) <= FEW:
            return found
    return None


def destination_ids(park: Park, text: str) -> list[str]:
    """Ids of the destinations meant by an asset id or an ISO country code."""
    return [
        each.id
        for each in park.of_type(Destination)
        if text == each.id or text.upper() == each.country
    ]


def _conditions(park: Park, query: BatchQuery) -> Iterable[ColumnElement[bool]]:
    if query.number is not None:
        yield _has_number(query.number.strip())
    if query.orchard is not None:
        o = t.origins.c
        yield exists().where(o.node_id == _B.node_id, o.orchard == query.orchard)
    if query.destination is not None:
        r = t.reached.c
        wanted = destination_ids(park, query.destination)
        yield exists().where(r.node_id == _B.node_id, r.destination.in_(wanted))
    if query.harvested_from is not None:
        yield _B.harvested_until_ms >= to_epoch_ms(query.harvested_from)
    if query.harvested_until is not None:
        yield _B.harvested_from_ms <= to_epoch_ms(query.harvested_until)
    if query.variety is not None:
        yield _B.variety == query.variety
    if query.grade is not None:
        yield _B.grade == query.grade


def _has_number(text: str) -> ColumnElement[bool]:
    try:
        batch = parse_batch(text)
    except IdentifierError:
        in_lot = func.lower(_B.lot).contains(text.lower(), autoescape=True)
        return or_(in_lot, _is_gtin(text))
    return and_(_B.gtin == batch.gtin, _B.lot == batch.lot)


def _is_gtin(text: str) -> ColumnElement[bool]:
    try:
        return _B.gtin == parse_gtin(text)
    except IdentifierError:
        return false()


def summaries(connection: Connection, park: Park, nodes: Sequence[int]) -> list[BatchSummary]:
    """Summaries of these batches in the same order."""
    orchards = _texts(connection, t.origins.c.node_id, t.origins.c.orchard, nodes)
    destinations = _texts(connection, t.reached.c.node_id, t.reached.c.destination, nodes)
    rows = connection.execute(select(t.batches).where(_B.node_id.in_(nodes)))
    found = {
        row.node_id: BatchSummary(
            batch=BatchId(row.gtin, row.lot),
            product=park.products[row.gtin].name.en if row.gtin in park.products else row.gtin,
            variety=row.variety,
            grade=row.grade,
            made_at=from_epoch_ms(row.made_at_ms),
            harvested_from=from_epoch_ms(row.harvested_from_ms),
            harvested_until=from_epoch_ms(row.harvested_until_ms),
            qty_kg=to_kg(row.qty_mg),
            status=BatchStatus(row.status),
            orchards=orchards.get(row.node_id, ()),
            destinations=destinations.get(row.node_id, ()),
        )
        for row in rows
    }
    return [found[node] for node in nodes]


def _texts(
    connection: Connection,
    node: ColumnElement[int],
    text: ColumnElement[str],
    nodes: Sequence[int],
) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for key, value in connection.execute(select(node, text).where(node.in_(nodes)).order_by(text)):
        found.setdefault(key, []).append(value)
    return found
