"""Balances of batches, lines and orchards, from the books' tables."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, select

from park.assets import REJECT, Orchard, Park
from park.gs1 import BatchId
from park.times import from_epoch_ms, to_epoch_ms
from traceability import tables as t
from traceability.balance.values import (
    BatchBalance,
    GradeMass,
    LineBalance,
    Masses,
    OrchardBalance,
)
from traceability.books.nodes import RUN
from traceability.errors import NotFoundError
from traceability.masses import to_mg
from traceability.views import NodeKind

_B, _F, _N, _P, _Y = (t.batches.c, t.flows.c, t.nodes.c, t.pallets.c, t.stays.c)


def batch_balance(connection: Connection, batch: BatchId) -> BatchBalance:
    """What became of a batch. Raises NotFoundError `batch-not-found`."""
    query = select(t.batches).where(_B.gtin == batch.gtin, _B.lot == batch.lot)
    row = connection.execute(query).first()
    if row is None:
        msg = f"{batch} was never harvested or sorted here"
        raise NotFoundError("batch-not-found", msg)
    masses = _gone(connection, row.node_id)
    masses.in_rooms_mg = _in_rooms(connection, row.node_id)
    if row.grade == REJECT:
        masses.rejected_mg = row.at_hand_mg
    else:
        masses.at_hand_mg = row.at_hand_mg
    return BatchBalance(
        batch=batch,
        variety=row.variety,
        grade=row.grade,
        made_at=from_epoch_ms(row.made_at_ms),
        made_mg=row.qty_mg,
        masses=masses,
    )


def _in_rooms(connection: Connection, node: int) -> int:
    left = func.sum(_Y.qty_in_mg - _Y.qty_out_mg - _Y.lost_mg)
    return int(connection.execute(select(left).where(_Y.node_id == node)).scalar() or 0)


def _gone(connection: Connection, node: int) -> Masses:
    """What went from a batch into runs, losses and onto pallets."""
    masses = Masses()
    query = (
        select(_N.kind, _P.shipment.is_not(None).label("left"), func.sum(_F.qty_mg))
        .join(t.nodes, _N.id == _F.target)
        .outerjoin(t.pallets, _P.node_id == _F.target)
        .where(_F.source == node)
        .group_by(_N.kind, _P.shipment.is_not(None))
    )
    for kind, left, qty_mg in connection.execute(query):
        if kind == NodeKind.PALLET:
            name = "shipped_mg" if left else "on_pallets_mg"
        else:
            name = "used_mg" if kind == RUN else "lost_mg"
        setattr(masses, name, int(qty_mg))
    return masses


def line_balance(
    connection: Connection, line: str, since: datetime | None, until: datetime | None
) -> LineBalance:
    """What a line took and gave; a bound that is None is none."""
    at_line = and_(_N.kind == RUN, _N.place == line, _between(_N.at_ms, since, until))
    runs = select(_N.id).where(at_line)
    taken = select(func.count(_F.target.distinct()), func.sum(_F.qty_mg)).where(_F.target.in_(runs))
    number, in_mg = connection.execute(taken).one()
    given = (
        select(_B.grade, func.sum(_F.qty_mg))
        .join(t.batches, _B.node_id == _F.target, isouter=True)
        .where(_F.source.in_(runs))
        .group_by(_B.grade)
    )
    out = {grade: int(qty_mg) for grade, qty_mg in connection.execute(given)}
    lost_mg, rejected_mg = out.pop(None, 0), out.pop(REJECT, 0)
    return LineBalance(
        line=line,
        since=since,
        until=until,
        runs=number,
        in_mg=int(in_mg or 0),
        grades=[GradeMass(grade, out[grade]) for grade in sorted(out)],
        rejected_mg=rejected_mg,
        lost_mg=lost_mg,
    )


def _between(
    column: ColumnElement[int], since: datetime | None, until: datetime | None
) -> ColumnElement[bool]:
    bounds = []
    if since is not None:
        bounds.append(column >= to_epoch_ms(since))
    if until is not None:
        bounds.append(column < to_epoch_ms(until))
    return and_(True, *bounds)  # noqa: FBT003 - SQLAlchemy's way to allow for no bound


def orchard_balance(
    connection: Connection, park: Park, orchard: Orchard, season: int
) -> OrchardBalance:
    """What an orchard gave in a season, against its ceiling."""
    query = select(func.count(), func.sum(_N.qty_mg)).where(
        _N.kind == NodeKind.HARVEST.value,
        _N.place == orchard.id,
        _between(_N.at_ms, *park.calendar.span(season)),
    )
    batches, harvested_mg = connection.execute(query).one()
    return against_ceiling(orchard, season, batches, int(harvested_mg or 0))


def against_ceiling(
    orchard: Orchard, season: int, batches: int, harvested_mg: int
) -> OrchardBalance:
    """What an orchard gave, beside what it can bear."""
    return OrchardBalance(
        orchard=orchard.id,
        variety=orchard.variety,
        season=season,
        area_mu=orchard.area_mu,
        certified_area_mu=orchard.certified_area_mu,
        yield_kg_mu=orchard.yield_kg_mu,
        ceiling_mg=to_mg(orchard.ceiling_kg),
        harvested_mg=harvested_mg,
        batches=batches,
    )
