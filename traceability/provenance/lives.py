"""What happened to lots, from the database, for `lots` to follow."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from traceability import tables as events
from traceability.database.lookups import among, rows_for
from traceability.provenance import tables as t
from traceability.provenance.containment import DELETE, Amount
from traceability.provenance.extraction import CHILD, INPUT, OUTPUT
from traceability.provenance.journeys import STOP_COLUMNS, Holding, Journeys, stop_of
from traceability.provenance.lots import Act, Happened
from traceability.provenance.positions import Stop, in_order

_S, _G, _E = t.stops.c, t.sightings.c, events.events.c
_NAMED = (
    select(
        *(_G.thing, _G.seq, _G.role, _G.quantity, _G.uom, _G.mass_mg, _S.type, _S.action),
        *STOP_COLUMNS,
    )
    .join(t.stops, _S.seq == _G.seq)
    .join(events.events, _E.seq == _G.seq)
    .where(among(_G.thing))
)
_STOPS = select(_S.seq, *STOP_COLUMNS).join(events.events, _E.seq == _S.seq).where(among(_S.seq))
_BY_ACTION = {"ADD": Act.MADE, DELETE: Act.ENDED}


def lives_of(
    connection: Connection, lots: Collection[int], journeys: Journeys
) -> Mapping[int, Sequence[Happened]]:
    """All that happened to lots, by lot; `journeys` are theirs."""
    named: dict[int, list[Row[Any]]] = {lot: [] for lot in lots}
    for row in rows_for(connection, _NAMED, lots):
        named[row.thing].append(row)
    seqs = {
        seq
        for lot in lots
        for each in journeys.holdings.get(lot, ())
        for seq in (each.seq, each.end_seq)
        if seq is not None
    }
    stops = {row.seq: stop_of(row) for row in rows_for(connection, _STOPS, seqs)}
    return {lot: list(_life(named[lot], journeys, lot, stops)) for lot in lots}


def _life(
    named: Sequence[Row[Any]], journeys: Journeys, lot: int, stops: Mapping[int, Stop]
) -> Iterator[Happened]:
    holdings = journeys.holdings.get(lot, ())
    ends = {each.end_seq for each in holdings}
    for row in named:
        act = _act(row, ends)
        if act is not None:
            yield Happened(act, stop_of(row), Amount(row.quantity, row.uom, row.mass_mg))
    for each in holdings:
        yield from _contained(each, journeys, stops)


def _contained(
    holding: Holding, journeys: Journeys, stops: Mapping[int, Stop]
) -> Iterator[Happened]:
    went_in = stops.get(holding.seq)
    if went_in is not None:
        yield Happened(Act.PACKED, went_in, holding.amount, holding.id)
    came_out = None if holding.end_seq is None else stops.get(holding.end_seq)
    if came_out is not None:
        way = in_order(journeys.stops_in(holding.window))
        yield Happened(Act.UNPACKED, came_out, holding.amount, holding.id, way)


def _act(row: Row[Any], ends: Collection[int | None]) -> Act | None:
    """What an event did to some of a lot; None where it went into or out of a container."""
    if row.role == INPUT:
        return Act.USED
    if row.role == OUTPUT:
        return Act.CAME_OUT_OF_RUN
    if row.type == "ObjectEvent":
        return _BY_ACTION.get(row.action, Act.SEEN)
    if row.role == CHILD and row.type == "AggregationEvent":
        # What is taken out of a container that it isn't in was at least seen there.
        return Act.SEEN if row.action == DELETE and row.seq not in ends else None
    return Act.SEEN
