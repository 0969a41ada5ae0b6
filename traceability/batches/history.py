"""The history of one batch: its own, its ancestors' stays and runs, and where it went."""

from sqlalchemy import CTE, Connection, select

from park.assets import Park
from park.gs1 import BatchId
from park.times import from_epoch_ms
from traceability import tables as t
from traceability.batches.search import summaries
from traceability.batches.shipping import pallets_among, shipments_among
from traceability.books.closure import ancestors, descendants
from traceability.books.nodes import RUN, run_event
from traceability.errors import NotFoundError
from traceability.masses import to_kg
from traceability.views import BatchHistory, NodeKind, Origin, SortingRun, Stay

_IS_RUN = t.nodes.c.kind.concat("") == RUN
"""Asked of nodes that are found otherwise: SQLite would begin with the index of all runs."""


def batch_history(connection: Connection, park: Park, batch: BatchId) -> BatchHistory:
    """Everything known about a batch. Raises NotFoundError `batch-not-found`."""
    b = t.batches.c
    query = select(t.batches).where(b.gtin == batch.gtin, b.lot == batch.lot)
    row = connection.execute(query).first()
    if row is None:
        msg = f"no batch {batch} was harvested or sorted here; look for it by its number"
        raise NotFoundError("batch-not-found", msg)
    up, down = ancestors([row.node_id]), descendants([row.node_id])
    return BatchHistory(
        summary=summaries(connection, park, [row.node_id])[0],
        origins=_origins(connection, row.node_id, to_kg(row.qty_mg)),
        stays=_stays(connection, up),
        runs=_runs(connection, up),
        pallets=pallets_among(connection, down),
        shipments=shipments_among(connection, down),
        events=_events(connection, row.node_id),
        in_stock_kg=to_kg(row.at_hand_mg + row.stored_mg),
    )


def _origins(connection: Connection, node: int, qty_kg: float) -> list[Origin]:
    o = t.origins.c
    query = select(o.orchard, o.share).where(o.node_id == node).order_by(o.share.desc(), o.orchard)
    return [Origin(orchard, share * qty_kg) for orchard, share in connection.execute(query)]


def _stays(connection: Connection, among: CTE) -> list[Stay]:
    b, s = t.batches.c, t.stays.c
    query = (
        select(b.gtin, b.lot, s.room, s.since_ms, s.until_ms, s.qty_in_mg, s.qty_out_mg)
        .join(t.batches, b.node_id == s.node_id)
        .join(among, among.c.id == s.node_id)
        .order_by(s.since_ms, s.id)
    )
    return [
        Stay(
            batch=BatchId(row.gtin, row.lot),
            room=row.room,
            since=from_epoch_ms(row.since_ms),
            until=None if row.until_ms is None else from_epoch_ms(row.until_ms),
            qty_in_kg=to_kg(row.qty_in_mg),
            qty_out_kg=to_kg(row.qty_out_mg),
        )
        for row in connection.execute(query)
    ]


def _runs(connection: Connection, among: CTE) -> list[SortingRun]:
    n = t.nodes.c
    query = (
        select(n.id, n.key, n.place, n.at_ms)
        .join(among, among.c.id == n.id)
        .where(_IS_RUN)
        .order_by(n.at_ms, n.id)
    )
    runs = connection.execute(query).all()
    inputs, outputs, losses = _sides(connection, among)
    return [
        SortingRun(
            event_id=run_event(row.key),
            line=row.place,
            at=from_epoch_ms(row.at_ms),
            inputs=inputs.get(row.id, ()),
            outputs=outputs.get(row.id, ()),
            loss_kg=losses.get(row.id, 0.0),
        )
        for row in runs
    ]


_Side = dict[int, list[tuple[BatchId, float]]]


def _sides(connection: Connection, runs: CTE) -> tuple[_Side, _Side, dict[int, float]]:
    """Inputs, outputs and loss of each run among the nodes."""
    n, b, f = t.nodes.c, t.batches.c, t.flows.c
    inputs, outputs, losses = _Side(), _Side(), dict[int, float]()
    into = (
        select(f.target, b.gtin, b.lot, f.qty_mg)
        .join(runs, runs.c.id == f.target)
        .join(t.nodes, n.id == f.target)
        .join(t.batches, b.node_id == f.source)
        .where(_IS_RUN)
        .order_by(b.gtin, b.lot)
    )
    for run, gtin, lot, qty_mg in connection.execute(into):
        inputs.setdefault(run, []).append((BatchId(gtin, lot), to_kg(qty_mg)))
    target = t.nodes.alias()
    out_of = (
        select(f.source, target.c.kind, b.gtin, b.lot, f.qty_mg)
        .join(runs, runs.c.id == f.source)
        .join(t.nodes, n.id == f.source)
        .join(target, target.c.id == f.target)
        .outerjoin(t.batches, b.node_id == f.target)
        .where(_IS_RUN)
        .order_by(b.gtin, b.lot)
    )
    for run, kind, gtin, lot, qty_mg in connection.execute(out_of):
        if kind == NodeKind.LOSS:
            losses[run] = to_kg(qty_mg)
        else:
            outputs.setdefault(run, []).append((BatchId(gtin, lot), to_kg(qty_mg)))
    return inputs, outputs, losses


def _events(connection: Connection, node: int) -> list[str]:
    e, named = t.events.c, t.event_nodes.c
    query = (
        select(e.event_id)
        .join(t.event_nodes, named.seq == e.seq)
        .where(named.node_id == node)
        .order_by(e.event_time_ms, e.seq)
    )
    return list(connection.execute(query).scalars())
