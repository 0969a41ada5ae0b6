"""When things were in a place: from their coming until all of them was seen elsewhere.

- A thing is where its last business location is; where an event has none, at its read point.
- Of a lot, what is seen elsewhere came from elsewhere as long as it can have, see `lots`: rather
  too long a stay than too short a one.
- What was only seen leaving the place was there since the event before.
"""

from collections.abc import Callable, Iterable, Iterator

from sqlalchemy import Connection, and_, select, union

from traceability import tables as events
from traceability.database.lookups import among, rows_for
from traceability.provenance import tables as t
from traceability.provenance.extraction import INPUT
from traceability.provenance.journeys import STOP_COLUMNS, journeys_of, stop_of, windows_of
from traceability.provenance.keys import CLASSES, ThingKind
from traceability.provenance.lives import lives_of
from traceability.provenance.lots import Act, Happened, Lot
from traceability.provenance.places import UNTIL, bounds, is_in, stops_at
from traceability.provenance.positions import NOWHERE, Position, Stop, in_order, moved
from traceability.provenance.tracing import things_of
from traceability.provenance.walk_statements import Start

_S, _G, _E = t.stops.c, t.sightings.c, events.events.c
_CAME = (
    select(_G.thing)
    .where(
        _G.seq.in_(
            union(*stops_at(_S.location, _S.read_point, _S.origin, holds=[_S.at_ms <= UNTIL]))
        ),
        _G.role != INPUT,
    )
    .distinct()
)
_NAMED = (
    select(_G.thing, *STOP_COLUMNS)
    .join(t.stops, _S.seq == _G.seq)
    .join(events.events, _E.seq == _G.seq)
    .where(and_(among(_G.thing)))
)
_MAKING = frozenset({Act.MADE, Act.CAME_OUT_OF_RUN})
IsHere = Callable[[Position], bool]


def stays_in(connection: Connection, place: str, since_ms: int, until_ms: int) -> Iterator[Start]:
    """What was in a place in a span of time, each with its stay."""
    things = set(connection.execute(_CAME, {**bounds(place), "until": until_ms}).scalars())
    kinds = things_of(connection, things)
    lots = {thing for thing in things if kinds[thing][1] in CLASSES}
    objects = {thing for thing in things - lots if kinds[thing][1] is not ThingKind.RUN}
    journeys = journeys_of(connection, things, objects)
    lives = lives_of(connection, lots, journeys)
    stops: dict[int, list[Stop]] = {thing: [] for thing in objects}
    for row in rows_for(connection, _NAMED, objects):
        stops[row.thing].append(stop_of(row))
    for thing in objects:
        for window in windows_of(journeys.holdings[thing]):
            stops[thing] += journeys.stops_in(window)
    stays = [(thing, stays_of_lot(life, place)) for thing, life in lives.items()]
    stays += [(thing, stays_of_object(told, place)) for thing, told in stops.items()]
    for thing, spans in stays:
        for came_ms, left_ms in spans:
            if came_ms <= until_ms and left_ms >= since_ms:
                yield Start(thing, came_ms, left_ms)


def stays_of_object(stops: Iterable[Stop], place: str) -> Iterator[tuple[int, int]]:
    """From when until when one object was in a place."""
    position, came_ms = NOWHERE, None
    before_ms: int | None = None
    for stop in in_order(stops):
        position = moved(position, stop)
        is_here = _is_here(position, place)
        if is_here and came_ms is None:
            came_ms = stop.at_ms
        elif not is_here and came_ms is not None:
            yield came_ms, stop.at_ms
            came_ms = None
        elif not is_here and _leaves(stop, place):
            yield stop.at_ms if before_ms is None else before_ms, stop.at_ms
        before_ms = stop.at_ms
    if came_ms is not None:
        yield came_ms, t.OPEN


def stays_of_lot(happened: Iterable[Happened], place: str) -> Iterator[tuple[int, int]]:
    """From when until when some of a lot was in a place."""

    def is_here(position: Position) -> bool:
        return _is_here(position, place)

    lot, came_ms = Lot(held_back=is_here), None
    before_ms: int | None = None
    for each in lot.follow(happened):
        at_ms, there = each.stop.at_ms, lot.is_anywhere(is_here)
        if there and came_ms is None:
            came_ms = at_ms
        elif not there and came_ms is not None:
            yield came_ms, at_ms
            came_ms = None
        elif not there and each.act not in _MAKING and _leaves(each.stop, place):
            yield at_ms if before_ms is None else before_ms, at_ms
        before_ms = at_ms
    if came_ms is not None:
        yield came_ms, t.OPEN


def _is_here(position: Position, place: str) -> bool:
    return not position.in_transit and is_in(position.place, place)


def _leaves(stop: Stop, place: str) -> bool:
    return is_in(stop.read_point, place) or is_in(stop.origin, place)
