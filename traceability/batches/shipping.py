"""Pallets and shipments as they are shown."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import CTE, ColumnElement, Connection, Row, Select, select, tuple_, union_all

from park.assets import Park
from park.gs1 import BatchId
from park.times import from_epoch_ms
from traceability import tables as t
from traceability.batches.search import destination_ids
from traceability.errors import NotFoundError
from traceability.masses import to_kg
from traceability.paging import check_limit, read_token, write_token
from traceability.views import Page, Pallet, PalletContent, Shipment

_P, _S = t.pallets.c, t.shipments.c


def pallet(connection: Connection, sscc: str) -> Pallet:
    """One pallet. Raises NotFoundError `pallet-not-found`."""
    found = _pallets(connection, _P.sscc == sscc)
    if not found:
        msg = f"no pallet {sscc} was packed here"
        raise NotFoundError("pallet-not-found", msg)
    return found[0]


def pallets_among(connection: Connection, nodes: CTE) -> list[Pallet]:
    """Every pallet among these nodes, oldest first."""
    return _pallets(connection, _P.node_id.in_(select(nodes.c.id)))


def _pallets(connection: Connection, condition: ColumnElement[bool]) -> list[Pallet]:
    query = (
        select(_P.node_id, _P.sscc, _P.packed_at_ms, _P.packhouse, _S.number)
        .outerjoin(t.shipments, _S.node_id == _P.shipment)
        .where(condition)
        .order_by(_P.packed_at_ms, _P.sscc)
    )
    contents = _contents(connection, condition)
    return [
        Pallet(sscc, from_epoch_ms(packed_at_ms), packhouse, contents.get(node, ()), shipment)
        for node, sscc, packed_at_ms, packhouse, shipment in connection.execute(query)
    ]


def _contents(
    connection: Connection, condition: ColumnElement[bool]
) -> dict[int, list[PalletContent]]:
    b, f = t.batches.c, t.flows.c
    query = (
        select(f.target, b.gtin, b.lot, f.qty_mg)
        .join(t.pallets, _P.node_id == f.target)
        .join(t.batches, b.node_id == f.source)
        .where(condition)
        .order_by(b.gtin, b.lot)
    )
    contents: dict[int, list[PalletContent]] = {}
    for node, gtin, lot, qty_mg in connection.execute(query):
        contents.setdefault(node, []).append(PalletContent(BatchId(gtin, lot), to_kg(qty_mg)))
    return contents


def shipment(connection: Connection, number: str) -> Shipment:
    """One shipment. Raises NotFoundError `shipment-not-found`."""
    found = _shipments(connection, _S.number == number)
    if not found:
        msg = f"no shipment {number} left here"
        raise NotFoundError("shipment-not-found", msg)
    return found[0]


def shipments_among(connection: Connection, nodes: CTE) -> list[Shipment]:
    """Every shipment among these nodes, latest first."""
    return _shipments(connection, _S.node_id.in_(select(nodes.c.id)))


def shipments(
    connection: Connection, park: Park, destination: str | None, after: str | None, limit: int
) -> Page[Shipment]:
    """One page of shipments, the latest first. Raises QueryError."""
    check_limit(limit)
    key = tuple_(_S.shipped_at_ms, _S.number)
    query = _latest(select(_S.node_id, _S.shipped_at_ms, _S.number), _S, limit)
    if after is not None:
        query = query.where(key < tuple_(*read_token(after, (int, str))))
    if destination is not None:
        # Each in the order of an index, lest all of them be sorted.
        parts = [query.where(_S.destination == each) for each in destination_ids(park, destination)]
        if not parts:
            return Page((), None)
        every = union_all(*(select(part.subquery()) for part in parts)).subquery()
        query = _latest(select(every), every.c, limit)
    rows = connection.execute(query).all()
    token = write_token(rows[limit - 1][1:]) if len(rows) > limit else None
    return Page(_shipments(connection, _S.node_id.in_([row[0] for row in rows[:limit]])), token)


def _latest(query: Select[Any], columns: Any, limit: int) -> Select[Any]:
    """Its latest shipments, one more than a page has."""
    return query.order_by(columns.shipped_at_ms.desc(), columns.number.desc()).limit(limit + 1)


def _shipments(connection: Connection, condition: ColumnElement[bool]) -> list[Shipment]:
    query = (
        select(t.shipments, t.nodes.c.qty_mg)
        .join(t.nodes, t.nodes.c.id == _S.node_id)
        .where(condition)
        .order_by(_S.shipped_at_ms.desc(), _S.number.desc())
    )
    loaded: dict[int, list[str]] = {}
    on_board = (
        select(_P.shipment, _P.sscc)
        .join(t.shipments, _S.node_id == _P.shipment)
        .where(condition)
        .order_by(_P.sscc)
    )
    for node, sscc in connection.execute(on_board):
        loaded.setdefault(node, []).append(sscc)
    return [_shown(row, loaded.get(row.node_id, ())) for row in connection.execute(query)]


def _shown(row: Row[tuple[object, ...]], pallets: Sequence[str]) -> Shipment:
    received_ms = row.received_at_ms
    return Shipment(
        shipment=row.number,
        destination=row.destination,
        reefer=row.reefer,
        shipped_from=row.packhouse,
        shipped_at=from_epoch_ms(row.shipped_at_ms),
        received_at=None if received_ms is None else from_epoch_ms(received_ms),
        pallets=pallets,
        qty_kg=to_kg(row.qty_mg),
    )
