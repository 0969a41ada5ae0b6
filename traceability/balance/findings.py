"""What is odd in a season's books though it is possible, with the reason; nothing is refused.

Each rule is one question to the database. What it finds comes by mass, the largest first, and no
more than `MOST` of each kind.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, exists, func, literal, select

from park.assets import FIELD_RUN, REJECT, Park
from park.gs1 import BatchId
from park.times import format_instant, from_epoch_ms, to_epoch_ms
from traceability import tables as t
from traceability.balance.seasons import season_balance
from traceability.balance.values import BalanceFinding
from traceability.books.nodes import RUN, run_event
from traceability.masses import to_kg, to_mg
from traceability.views import NodeKind

MOST = 100
"""Findings of one kind."""

_B, _F, _N, _P, _S, _Y = (
    t.batches.c,
    t.flows.c,
    t.nodes.c,
    t.pallets.c,
    t.shipments.c,
    t.stays.c,
)
_SINK, _MADE = t.nodes.alias("sink"), t.flows.alias("made")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicions:
    """From where on something is odd."""

    unseen_after: timedelta = timedelta(days=7)
    """A harvest that went nowhere: fresh fruit doesn't lie in a yard for so long."""
    unreceived_after: timedelta = timedelta(days=60)
    """A shipment that nobody received."""
    dried_share: float = 0.05
    """Of a batch, lost in rooms."""
    run_lost_share: float = 0.10
    """Of what a run took, lost."""
    run_without_rejects_kg: float = 1000.0
    """Least that a run took: few fruits may all be good, a tonne never is."""
    ceiling_share: float = 0.95
    """Of an orchard's ceiling, harvested."""
    told_late_after: timedelta = timedelta(days=30)
    """A harvest of which nobody spoke until one was told that was so much later."""


USUAL = Suspicions()


def findings(
    connection: Connection, park: Park, season: int, now: datetime, limits: Suspicions = USUAL
) -> list[BalanceFinding]:
    """What is odd about a season's fruit, with the reasons."""
    since, until = (to_epoch_ms(each) for each in park.calendar.span(season))
    ours = and_(_B.harvested_from_ms >= since, _B.harvested_from_ms < until)
    rules = (
        _missing(connection, ours),
        _ceilings(connection, park, season, limits.ceiling_share),
        _told_late(connection, since, until, limits.told_late_after),
        _unseen(connection, ours, now - limits.unseen_after),
        _dried(connection, ours, limits.dried_share),
        _lossy_runs(connection, ours, limits.run_lost_share),
        _runs_without_rejects(connection, ours, to_mg(limits.run_without_rejects_kg)),
        _unreceived(connection, ours, now - limits.unreceived_after),
    )
    return [finding for rule in rules for finding in rule]


def _missing(connection: Connection, ours: ColumnElement[bool]) -> Iterator[BalanceFinding]:
    """Batches whose masses don't add up: somebody changed the tables."""
    gone = (
        select(_F.source, func.sum(_F.qty_mg).label("qty_mg"))
        .join(t.nodes, _N.id == _F.target)
        .where(_N.kind != NodeKind.PALLET.value)
        .group_by(_F.source)
        .subquery()
    )
    difference = (
        _B.qty_mg
        - (_B.at_hand_mg + _B.stored_mg + _B.packed_mg + _B.shipped_mg)
        - func.coalesce(gone.c.qty_mg, 0)
    )
    query = (
        select(_B.gtin, _B.lot, difference.label("difference"))
        .outerjoin(gone, gone.c.source == _B.node_id)
        .where(ours, difference != 0)
        .order_by(func.abs(difference).desc())
        .limit(MOST)
    )
    for gtin, lot, qty_mg in connection.execute(query):
        reason = (
            f"{to_kg(int(qty_mg)):+,.6f} kg are neither here nor gone; books that nobody tampered "
            "with agree to the milligram: run agripark ledger verify"
        )
        yield BalanceFinding("mass-missing", BatchId(gtin, lot).path, int(qty_mg), reason)


def _ceilings(
    connection: Connection, park: Park, season: int, share: float
) -> Iterator[BalanceFinding]:
    """Orchards at their ceiling, or beyond one that was lowered since."""
    near = [
        each
        for each in season_balance(connection, park, season).orchards
        if each.share is None or each.share >= share
    ]
    for each in sorted(near, key=lambda orchard: -orchard.harvested_mg)[:MOST]:
        beyond = each.left_mg < 0
        reason = (
            f"{to_kg(each.harvested_mg):,.1f} kg were harvested of at most "
            f"{to_kg(each.ceiling_mg):,.1f} kg; "
            + (
                "the ceiling is lower now than when they were captured"
                if beyond
                else "few orchards bear so much: was fruit of another brought in?"
            )
        )
        code = "ceiling-exceeded" if beyond else "ceiling-near"
        yield BalanceFinding(code, each.orchard, each.harvested_mg, reason)


def _told_late(
    connection: Connection, since_ms: int, until_ms: int, late: timedelta
) -> Iterator[BalanceFinding]:
    """Harvests that came up when later ones had been told: one season's room for another's fruit.

    Nodes are numbered as they are told.
    """
    before = func.max(_N.at_ms).over(order_by=_N.id, rows=(None, -1)).label("before_ms")
    told = (
        select(_N.key, _N.at_ms, _N.qty_mg, before)
        .where(_N.kind == NodeKind.HARVEST.value)
        .subquery()
    )
    query = (
        select(told)
        .where(
            told.c.at_ms >= since_ms,
            told.c.at_ms < until_ms,
            told.c.before_ms - told.c.at_ms > late // timedelta(milliseconds=1),
        )
        .order_by(told.c.qty_mg.desc(), told.c.key)
        .limit(MOST)
    )
    for key, at_ms, qty_mg, before_ms in connection.execute(query):
        reason = (
            f"{to_kg(qty_mg):,.1f} kg were harvested at {format_instant(from_epoch_ms(at_ms))}, "
            f"but told of only after a harvest of {format_instant(from_epoch_ms(before_ms))}; was "
            "fruit of one season booked on another?"
        )
        yield BalanceFinding("harvest-told-late", key, qty_mg, reason)


def _unseen(
    connection: Connection, ours: ColumnElement[bool], before: datetime
) -> Iterator[BalanceFinding]:
    """Harvests of which nothing was ever seen again."""
    stayed = exists().where(_Y.node_id == _B.node_id)
    query = (
        select(_B.gtin, _B.lot, _B.made_at_ms, _B.qty_mg)
        .where(
            ours,
            _B.grade == FIELD_RUN,
            _B.at_hand_mg == _B.qty_mg,
            _B.made_at_ms < to_epoch_ms(before),
            ~stayed,
        )
        .order_by(_B.qty_mg.desc(), _B.node_id)
        .limit(MOST)
    )
    for gtin, lot, made_at_ms, qty_mg in connection.execute(query):
        reason = (
            f"{to_kg(qty_mg):,.1f} kg were harvested at "
            f"{format_instant(from_epoch_ms(made_at_ms))} and never stored or sorted; were they "
            "ever there?"
        )
        yield BalanceFinding("never-seen-again", BatchId(gtin, lot).path, qty_mg, reason)


def _dried(
    connection: Connection, ours: ColumnElement[bool], share: float
) -> Iterator[BalanceFinding]:
    """Batches of which much was lost in rooms."""
    lost = func.sum(_F.qty_mg)
    query = (
        select(_B.gtin, _B.lot, _B.qty_mg, lost.label("lost"))
        .join(t.flows, _F.source == _B.node_id)
        .join(t.nodes, _N.id == _F.target)
        .where(ours, _N.kind == NodeKind.LOSS.value)
        .group_by(_B.node_id, _B.gtin, _B.lot, _B.qty_mg)
        .having(lost > literal(share) * _B.qty_mg)
        .order_by(lost.desc(), _B.node_id)
        .limit(MOST)
    )
    for gtin, lot, qty_mg, lost_mg in connection.execute(query):
        reason = (
            f"{to_kg(int(lost_mg)):,.1f} kg of {to_kg(qty_mg):,.1f} kg were lost in cold rooms, "
            f"more than {share:.0%}; weigh again, or look for what left unscanned"
        )
        yield BalanceFinding("much-lost-in-rooms", BatchId(gtin, lot).path, int(lost_mg), reason)


def _runs(ours: ColumnElement[bool]) -> ColumnElement[bool]:
    """Runs that made some of these batches."""
    return and_(
        _N.kind == RUN,
        exists().where(_MADE.c.source == _N.id, _B.node_id == _MADE.c.target, ours),
    )


def _lossy_runs(
    connection: Connection, ours: ColumnElement[bool], share: float
) -> Iterator[BalanceFinding]:
    """Runs that lost much of what they took."""
    query = (
        select(_N.key, _N.place, _N.qty_mg, _F.qty_mg.label("lost"))
        .join(t.flows, _F.source == _N.id)
        .join(_SINK, _SINK.c.id == _F.target)
        .where(
            _runs(ours),
            _SINK.c.kind == NodeKind.LOSS.value,
            _F.qty_mg > literal(share) * _N.qty_mg,
        )
        .order_by(_F.qty_mg.desc(), _N.id)
        .limit(MOST)
    )
    for key, line, in_mg, lost_mg in connection.execute(query):
        reason = (
            f"{to_kg(lost_mg):,.1f} kg of {to_kg(in_mg):,.1f} kg sorted at {line} were lost, more "
            f"than {share:.0%}; leaves and dirt don't weigh that much"
        )
        yield BalanceFinding("much-lost-in-sorting", run_event(key), lost_mg, reason)


def _runs_without_rejects(
    connection: Connection, ours: ColumnElement[bool], least_mg: int
) -> Iterator[BalanceFinding]:
    """Large runs that sorted nothing out."""
    rejected = exists().where(_F.source == _N.id, _B.node_id == _F.target, _B.grade == REJECT)
    query = (
        select(_N.key, _N.place, _N.qty_mg)
        .where(_runs(ours), _N.qty_mg >= least_mg, ~rejected)
        .order_by(_N.qty_mg.desc(), _N.id)
        .limit(MOST)
    )
    for key, line, in_mg in connection.execute(query):
        reason = (
            f"{to_kg(in_mg):,.1f} kg were sorted at {line} without a reject; were rejects passed "
            "as good, or not weighed?"
        )
        yield BalanceFinding("run-without-rejects", run_event(key), in_mg, reason)


def _unreceived(
    connection: Connection, ours: ColumnElement[bool], before: datetime
) -> Iterator[BalanceFinding]:
    """Shipments with this fruit that never arrived."""
    holds = exists().where(
        _P.shipment == _S.node_id, _F.target == _P.node_id, _B.node_id == _F.source, ours
    )
    query = (
        select(_S.number, _S.destination, _S.shipped_at_ms, _N.qty_mg)
        .join(t.nodes, _N.id == _S.node_id)
        .where(_S.received_at_ms.is_(None), _S.shipped_at_ms < to_epoch_ms(before), holds)
        .order_by(_N.qty_mg.desc(), _N.id)
        .limit(MOST)
    )
    for number, destination, shipped_at_ms, qty_mg in connection.execute(query):
        reason = (
            f"{to_kg(qty_mg):,.1f} kg left for {destination} at "
            f"{format_instant(from_epoch_ms(shipped_at_ms))} and haven't all arrived"
        )
        yield BalanceFinding("never-received", number, qty_mg, reason)
