"""The balance of a season: all that was harvested in it, and where all of it is now.

Batches whose fruit is the season's alone are summed up by the database. Batches that were mixed
of several seasons' fruit are few, and shared out milligram by milligram, see `mixing`.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, not_, select

from park.assets import REJECT, Orchard, Park
from park.times import to_epoch_ms
from traceability import tables as t
from traceability.balance.mixing import MixedRun, season_masses
from traceability.balance.sums import against_ceiling
from traceability.balance.values import (
    DestinationMass,
    Masses,
    OrchardBalance,
    SeasonBalance,
    VarietyBalance,
)
from traceability.views import NodeKind

_B, _F, _N, _P, _S = (t.batches.c, t.flows.c, t.nodes.c, t.pallets.c, t.shipments.c)

_AT_HAND, _IN_ROOMS = -1, -2
"""Where a mixed batch's mass may be, beside the nodes that it went to."""


@dataclass(frozen=True, slots=True)
class _Span:
    """A season in epoch milliseconds."""

    since_ms: int
    until_ms: int

    @property
    def whole(self) -> ColumnElement[bool]:
        """Batches all of whose fruit was harvested in it."""
        return and_(_B.harvested_from_ms >= self.since_ms, _B.harvested_until_ms < self.until_ms)

    @property
    def mixed(self) -> ColumnElement[bool]:
        """Batches some of whose fruit may have been."""
        return and_(
            _B.harvested_from_ms < self.until_ms,
            _B.harvested_until_ms >= self.since_ms,
            not_(self.whole),
        )


@dataclass(slots=True)
class _Tally:
    """Masses by variety, and what was shipped by destination."""

    varieties: dict[str, Masses] = field(default_factory=lambda: defaultdict(Masses))
    destinations: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def here(self, variety: str, grade: str, at_hand_mg: int, in_rooms_mg: int) -> None:
        masses = self.varieties[variety]
        masses.in_rooms_mg += in_rooms_mg
        if grade == REJECT:
            masses.rejected_mg += at_hand_mg
        else:
            masses.at_hand_mg += at_hand_mg

    def packed(self, variety: str, destination: str | None, qty_mg: int) -> None:
        if destination is None:
            self.varieties[variety].on_pallets_mg += qty_mg
        else:
            self.varieties[variety].shipped_mg += qty_mg
            self.destinations[destination] += qty_mg

    def lost(self, variety: str, qty_mg: int) -> None:
        self.varieties[variety].lost_mg += qty_mg


def season_balance(connection: Connection, park: Park, season: int) -> SeasonBalance:
    """What was harvested in a season, and where all of it is now."""
    since, until = park.calendar.span(season)
    span = _Span(to_epoch_ms(since), to_epoch_ms(until))
    tally = _Tally()
    _count_whole(connection, span, tally)
    _count_mixed(connection, span, tally)
    orchards, harvested = _harvested(connection, park, span, season)
    return SeasonBalance(
        season=season,
        since=since,
        until=until,
        orchards=orchards,
        varieties=[
            VarietyBalance(variety, harvested.get(variety, 0), tally.varieties[variety])
            for variety in sorted({*harvested, *tally.varieties})
        ],
        destinations=[
            DestinationMass(destination, qty_mg)
            for destination, qty_mg in sorted(tally.destinations.items())
            if qty_mg
        ],
    )


def _harvested(
    connection: Connection, park: Park, span: _Span, season: int
) -> tuple[list[OrchardBalance], dict[str, int]]:
    """What each orchard gave, and how much there was of each variety."""
    query = (
        select(_N.place, _B.variety, func.count(), func.sum(_N.qty_mg))
        .join(t.batches, _B.node_id == _N.id)
        .where(
            _N.kind == NodeKind.HARVEST.value,
            _N.at_ms >= span.since_ms,
            _N.at_ms < span.until_ms,
        )
        .group_by(_N.place, _B.variety)
        .order_by(_N.place, _B.variety)
    )
    varieties: dict[str, int] = defaultdict(int)
    by_orchard: dict[str, tuple[str, int, int]] = {}
    for place, variety, batches, qty_mg in connection.execute(query):
        varieties[variety] += int(qty_mg)
        _, batches_so_far, so_far_mg = by_orchard.get(place, (variety, 0, 0))
        by_orchard[place] = variety, batches_so_far + batches, so_far_mg + int(qty_mg)
    orchards = [
        _orchard_balance(park, place, season, *figures) for place, figures in by_orchard.items()
    ]
    return orchards, varieties


def _orchard_balance(
    park: Park, place: str, season: int, variety: str, batches: int, harvested_mg: int
) -> OrchardBalance:
    asset = park.assets.get(place)
    if isinstance(asset, Orchard):
        return against_ceiling(asset, season, batches, harvested_mg)
    # It gave fruit and is no longer in the park's definition: nothing is known to cover it.
    return OrchardBalance(
        orchard=place,
        variety=variety,
        season=season,
        area_mu=0.0,
        certified_area_mu=None,
        yield_kg_mu=0.0,
        ceiling_mg=0,
        harvested_mg=harvested_mg,
        batches=batches,
    )


def _count_whole(connection: Connection, span: _Span, tally: _Tally) -> None:
    here = (
        select(_B.variety, _B.grade, func.sum(_B.at_hand_mg), func.sum(_B.stored_mg))
        .where(span.whole)
        .group_by(_B.variety, _B.grade)
    )
    for variety, grade, at_hand_mg, in_rooms_mg in connection.execute(here):
        tally.here(variety, grade, int(at_hand_mg), int(in_rooms_mg))
    packed = (
        select(_B.variety, _S.destination, func.sum(_F.qty_mg))
        .join(t.flows, _F.source == _B.node_id)
        .join(t.pallets, _P.node_id == _F.target)
        .outerjoin(t.shipments, _S.node_id == _P.shipment)
        .where(span.whole)
        .group_by(_B.variety, _S.destination)
    )
    for variety, destination, qty_mg in connection.execute(packed):
        tally.packed(variety, destination, int(qty_mg))
    for query in (_dried(span), _lost_in_runs(span)):
        for variety, qty_mg in connection.execute(query):
            tally.lost(variety, int(qty_mg))


def _dried(span: _Span) -> Select[Any]:
    """Losses of batches in rooms, by variety."""
    return (
        select(_B.variety, func.sum(_F.qty_mg))
        .join(t.flows, _F.source == _B.node_id)
        .join(t.nodes, _N.id == _F.target)
        .where(span.whole, _N.kind == NodeKind.LOSS.value)
        .group_by(_B.variety)
    )


def _lost_in_runs(span: _Span) -> Select[Any]:
    """Losses of runs, by variety: a run's fruit is the season's where its outputs are."""
    runs = (
        select(_F.source.label("run"), func.min(_B.variety).label("variety"))
        .join(t.batches, _B.node_id == _F.target)
        .where(span.whole)
        .group_by(_F.source)
        .subquery()
    )
    return (
        select(runs.c.variety, func.sum(_F.qty_mg))
        .join(t.flows, _F.source == runs.c.run)
        .join(t.nodes, _N.id == _F.target)
        .where(_N.kind == NodeKind.LOSS.value)
        .group_by(runs.c.variety)
    )


def _count_mixed(connection: Connection, span: _Span, tally: _Tally) -> None:
    batches = {row.node_id: row for row in connection.execute(select(t.batches).where(span.mixed))}
    if not batches:
        return
    runs, whole = _mixed_runs(connection, span)
    went = _went(connection, span)
    dispositions = {
        node: {
            _AT_HAND: row.at_hand_mg,
            _IN_ROOMS: row.stored_mg,
            **{target: each.qty_mg for target, each in went.get(node, {}).items()},
        }
        for node, row in batches.items()
    }
    varieties = {
        run.node: batches[each].variety for run in runs for each in run.outputs if each in batches
    }
    for (source, target), qty_mg in season_masses(runs, whole, dispositions).items():
        row = batches.get(source)
        if row is None:
            if target not in batches:
                tally.lost(varieties[source], qty_mg)
        elif target == _AT_HAND:
            tally.here(row.variety, row.grade, qty_mg, 0)
        elif target == _IN_ROOMS:
            tally.here(row.variety, row.grade, 0, qty_mg)
        elif (kind := went[source][target].kind) == NodeKind.PALLET:
            tally.packed(row.variety, went[source][target].destination, qty_mg)
        elif kind == NodeKind.LOSS:
            tally.lost(row.variety, qty_mg)


@dataclass(frozen=True, slots=True)
class _Went:
    """Mass that went from a batch into another node."""

    qty_mg: int
    kind: str
    destination: str | None


def _mixed_runs(connection: Connection, span: _Span) -> tuple[list[MixedRun], frozenset[int]]:
    """The runs that mixed, oldest first, and which of their inputs are the season's alone."""
    mixed = select(_B.node_id).where(span.mixed)
    made = t.flows.alias("made")
    runs = select(made.c.source).where(made.c.target.in_(mixed))
    inputs: dict[int, dict[int, int]] = defaultdict(dict)
    whole = set()
    into = (
        select(_F.target, _F.source, _F.qty_mg, span.whole)
        .join(t.batches, _B.node_id == _F.source)
        .where(_F.target.in_(runs))
        .order_by(_F.target)
    )
    for run, batch, qty_mg, is_whole in connection.execute(into):
        inputs[run][batch] = qty_mg
        if is_whole:
            whole.add(batch)
    outputs: dict[int, dict[int, int]] = defaultdict(dict)
    out_of = (
        select(_F.source, _F.target, _F.qty_mg)
        .where(_F.source.in_(runs))
        .order_by(_F.source, _F.target)
    )
    for run, target, qty_mg in connection.execute(out_of):
        outputs[run][target] = qty_mg
    return [MixedRun(run, inputs[run], outputs[run]) for run in inputs], frozenset(whole)


def _went(connection: Connection, span: _Span) -> dict[int, dict[int, _Went]]:
    """Where each mixed batch went, by node."""
    query = (
        select(_F.source, _F.target, _F.qty_mg, _N.kind, _S.destination)
        .join(t.nodes, _N.id == _F.target)
        .outerjoin(t.pallets, _P.node_id == _F.target)
        .outerjoin(t.shipments, _S.node_id == _P.shipment)
        .where(_F.source.in_(select(_B.node_id).where(span.mixed)))
        .order_by(_F.source, _F.target)
    )
    went: dict[int, dict[int, _Went]] = defaultdict(dict)
    for source, target, qty_mg, kind, destination in connection.execute(query):
        went[source][target] = _Went(qty_mg, kind, destination)
    return went
