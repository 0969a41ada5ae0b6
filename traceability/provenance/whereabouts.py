"""Where things are now, who has them and who owns them, as the events last said.

A thing in a container is where the container is; so the outermost container's last stop counts,
and every stop since the thing went in. A lot may be in many containers and, what is left of it,
in several places: it has one position for each, see `lots`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, and_, func, select

from traceability.database.lookups import among, rows_for
from traceability.masses import known_kg
from traceability.provenance import tables as t
from traceability.provenance.journeys import (
    Holding,
    Journeys,
    Window,
    journeys_of,
    last_stops,
    windows_of,
)
from traceability.provenance.keys import CLASSES
from traceability.provenance.lives import lives_of
from traceability.provenance.lots import Happened, Lot
from traceability.provenance.positions import NOWHERE, Position, Stop, moved_along
from traceability.provenance.store import find
from traceability.provenance.tracing import things_of

_L = t.links.c
_GONE = (
    select(_L.source, _L.kind, func.max(_L.at_ms).label("at_ms"))
    .where(and_(among(_L.source), _L.kind.in_((t.INTO, t.ENDED)), _L.source_form == t.ITSELF))
    .group_by(_L.source, _L.kind)
)


@dataclass(slots=True)
class _World:
    """What is known of things and of the containers that they are in."""

    journeys: Journeys
    stops: Mapping[Window, Sequence[Stop]] = field(default_factory=dict)
    """Of objects themselves."""
    lives: Mapping[int, Sequence[Happened]] = field(default_factory=dict)
    """Of lots."""
    gone: dict[int, tuple[int, str]] = field(default_factory=dict)
    keys: dict[int, str] = field(default_factory=dict)


def whereabouts(connection: Connection, key: str) -> Sequence[Position]:
    """Where a thing is now, by its canonical identifier. Raises NotFoundError `node-not-found`."""
    thing = find(connection, key).id
    return positions_of(connection, [thing])[thing]


def positions_of(
    connection: Connection, things: Collection[int]
) -> Mapping[int, Sequence[Position]]:
    """Where things are now, by id."""
    world = _load(connection, things)
    return {
        thing: list(_lot(world, thing)) if thing in world.lives else [_object(world, thing)]
        for thing in things
    }


def _load(connection: Connection, things: Collection[int]) -> _World:
    named = things_of(connection, things)
    lots = {thing for thing in things if named[thing][1] in CLASSES}
    objects = set(things) - lots
    world = _World(journeys_of(connection, things, objects))
    world.stops = last_stops(connection, [Window(thing) for thing in objects])
    world.lives = lives_of(connection, lots, world.journeys)
    containers = world.journeys.containers
    for row in rows_for(connection, _GONE, containers | objects):
        word = "used" if row.kind == t.INTO else "ended"
        world.gone[row.source] = max(world.gone.get(row.source, (0, "")), (row.at_ms, word))
    world.keys = {number: key for number, (key, _) in things_of(connection, containers).items()}
    return world


def _lot(world: _World, thing: int) -> Iterator[Position]:
    lot = Lot()
    for _ in lot.follow(world.lives[thing]):
        pass
    loose = list(lot.positions())
    packed = [
        _packed(world, each, lot.packed.get(each.id, NOWHERE))
        for each in world.journeys.holdings.get(thing, ())
        if each.is_open
    ]
    yield from loose
    yield from packed
    if not (loose or packed):
        yield replace(lot.gone or NOWHERE, mass_kg=0.0)


def _packed(world: _World, holding: Holding, base: Position) -> Position:
    position = moved_along(base, world.journeys.stops_in(holding.window))
    amount = holding.amount
    return replace(
        _in_containers(world, position, holding.container),
        quantity=amount.quantity,
        uom=amount.uom,
        mass_kg=known_kg(amount.mass_mg),
    )


def _object(world: _World, thing: int) -> Position:
    stops = list(world.stops.get(Window(thing), ()))
    holdings = world.journeys.holdings.get(thing, ())
    for window in windows_of(holdings):
        stops += world.journeys.stops_in(window)
    position = moved_along(NOWHERE, stops)
    entered = [each for each in holdings if each.is_open]
    if entered:
        # In two containers at once it can't be: the one that it went into last counts.
        latest = max(entered, key=lambda each: each.from_ms)
        return _in_containers(world, position, latest.container, thing)
    return replace(position, state=world.gone.get(thing, (0, "present"))[1])


def _in_containers(world: _World, position: Position, container: int, *within: int) -> Position:
    """The position of something in a container; what is `within` may be used up or ended itself."""
    chain = list(world.journeys.containers_above(container))
    ends = [world.gone[each] for each in (*within, *chain) if each in world.gone]
    return replace(
        position,
        containers=[world.keys[each] for each in chain],
        state=max(ends, default=(0, "present"))[1],
    )
