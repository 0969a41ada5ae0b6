"""Where things are now, who has them and who owns them, as the events last said.

A thing in a container is where the container is; so the outermost container's last stop counts,
and every stop since the thing went in. A lot may be in many containers and, what is left of it,
in none: it has one position for each.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection, and_, case, func, literal, select

from park.times import from_epoch_ms
from traceability import tables as events
from traceability.provenance import tables as t
from traceability.provenance.amounts import Amounts, amounts_of
from traceability.provenance.extraction import CHILD, INPUT
from traceability.provenance.keys import ThingKind
from traceability.provenance.lookups import among
from traceability.provenance.store import find, rows_for
from traceability.provenance.tracing import things_of, to_kg

_DEEPEST = 20
"""Containers within containers; more than that is a circle."""

_L, _S, _G = t.links.c, t.stops.c, t.sightings.c
_IN = select(_L.source, _L.target, _L.from_ms, _L.quantity, _L.uom, _L.mass_mg).where(
    among(_L.source), _L.kind == t.CONTAINS, _L.until_ms == t.OPEN
)

# The last stop of each make-up: together they hold the last word on everything.
_TOLD = tuple(column.is_not(None) for column in (_S.location, _S.disposition, _S.holder, _S.owner))
_LATEST_FIRST = (_S.at_ms.desc(), _S.seq.desc())
_APART = case(
    (_G.role == INPUT, 1), ((_G.role == CHILD) & (_S.action != "DELETE"), 1), else_=0
).label("apart")
_OWN = (
    select(
        _G.thing,
        *t.stops.columns,
        _APART,
        func.row_number()
        .over(partition_by=(_G.thing, _APART, *_TOLD), order_by=_LATEST_FIRST)
        .label("rank"),
    )
    .join(t.stops, _S.seq == _G.seq)
    .where(among(_G.thing))
    .subquery()
)
# Up to the instant of coming out: the event that takes all out doesn't name what it takes out.
_PAST = (
    select(
        _L.source.label("thing"),
        *t.stops.columns,
        literal(0).label("apart"),
        func.row_number()
        .over(partition_by=(_L.source, *_TOLD), order_by=_LATEST_FIRST)
        .label("rank"),
    )
    .select_from(t.links)
    .join(t.sightings, and_(_G.thing == _L.target, _G.at_ms.between(_L.from_ms, _L.until_ms + 1)))
    .join(t.stops, _S.seq == _G.seq)
    .where(among(_L.source), _L.kind == t.CONTAINS, _L.until_ms < t.OPEN)
    .subquery()
)
_LAST = tuple(
    select(ranked, events.events.c.event_id)
    .outerjoin(events.events, events.events.c.seq == ranked.c.seq)
    .where(ranked.c.rank == 1)
    for ranked in (_OWN, _PAST)
)
_GONE = (
    select(_L.source, _L.kind, func.max(_L.at_ms).label("at_ms"))
    .where(and_(among(_L.source), _L.kind.in_((t.INTO, t.ENDED)), _L.source_form == t.ITSELF))
    .group_by(_L.source, _L.kind)
)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a thing, or a part of a lot, is."""

    containers: Sequence[str] = ()
    """From the innermost to the outermost."""
    quantity: float | None = None
    uom: str | None = None
    mass_kg: float | None = None
    """Of a lot, how much of it is in the innermost container."""
    place: str | None = None
    """The last business location, else the last read point."""
    place_at: datetime | None = None
    in_transit: bool = False
    """Whether it left that place since: the last stop had no business location."""
    disposition: str | None = None
    holder: str | None = None
    """Who was to possess it by the last event that says so."""
    owner: str | None = None
    destination: str | None = None
    """The place that it was last sent to; None where it was seen at a location since."""
    seen_at: datetime | None = None
    event_id: str | None = None
    """The last event about it or a container of it."""
    state: str = "present"
    """`used` where a transformation used it up, `ended` where it was taken out of the world; in a
    recall, `cleared` where what is affected was taken out of a container."""


@dataclass(frozen=True, slots=True)
class _Stop:
    at_ms: int
    seq: int
    location: str | None
    read_point: str | None
    disposition: str | None
    holder: str | None
    owner: str | None
    destination: str | None
    event_id: str | None
    is_apart: bool
    """Whether it was about a part of a lot that was used or packed then."""


@dataclass(frozen=True, slots=True)
class _In:
    container: int
    from_ms: int
    quantity: float | None
    uom: str | None
    mass_mg: int | None


@dataclass(slots=True)
class _World:
    """What is known of things and of the containers that they are in."""

    into: dict[int, list[_In]] = field(default_factory=dict)
    stops: dict[int, list[_Stop]] = field(default_factory=dict)
    gone: dict[int, tuple[int, str]] = field(default_factory=dict)
    keys: dict[int, str] = field(default_factory=dict)
    amounts: Mapping[int, Amounts] = field(default_factory=dict)
    lots: set[int] = field(default_factory=set)


def whereabouts(connection: Connection, key: str) -> Sequence[Position]:
    """Where a thing is now, by its canonical identifier. Raises NotFoundError `node-not-found`."""
    thing = find(connection, key).id
    return positions_of(connection, [thing])[thing]


def positions_of(
    connection: Connection, things: Collection[int]
) -> Mapping[int, Sequence[Position]]:
    """Where things are now, by id."""
    world = _load(connection, things)
    return {thing: list(_positions(world, thing)) for thing in things}


def _load(connection: Connection, things: Collection[int]) -> _World:
    world = _World()
    known = _climb(connection, world, things)
    for query in _LAST:
        for row in rows_for(connection, query, known):
            world.stops.setdefault(row.thing, []).append(
                _Stop(
                    *(row.at_ms, row.seq, row.location, row.read_point, row.disposition),
                    *(row.holder, row.owner, row.destination, row.event_id, bool(row.apart)),
                )
            )
    for row in rows_for(connection, _GONE, known):
        word = "used" if row.kind == t.INTO else "ended"
        world.gone[row.source] = max(world.gone.get(row.source, (0, "")), (row.at_ms, word))
    named = things_of(connection, known)
    world.keys = {number: key for number, (key, _) in named.items()}
    world.lots = {number for number in things if named[number][1] is ThingKind.LOT}
    world.amounts = amounts_of(connection, world.lots)
    return world


def _climb(connection: Connection, world: _World, things: Collection[int]) -> set[int]:
    """Note the containers that things are in, and those that these are in; gives all of them."""
    wanted = set(things)
    known = set(wanted)
    for _ in range(_DEEPEST):
        above: set[int] = set()
        for row in rows_for(connection, _IN, wanted):
            entry = _In(row.target, row.from_ms, row.quantity, row.uom, row.mass_mg)
            world.into.setdefault(row.source, []).append(entry)
            above.add(row.target)
        wanted = above - known
        known |= above
        if not wanted:
            break
    return known


def _positions(world: _World, thing: int) -> Iterator[Position]:
    entries = world.into.get(thing, [])
    if thing not in world.lots:
        # In two containers at once it can't be: the one that it went into last counts.
        entries = sorted(entries, key=lambda entry: entry.from_ms)[-1:]
    if thing in world.lots or not entries:
        loose = _loose(world, thing)
        if loose is not None and not (entries and loose.mass_kg == 0):
            yield loose
    for entry in entries:
        yield _contained(world, thing, entry)


def _loose(world: _World, thing: int) -> Position | None:
    """The position of what is in no container."""
    stops = world.stops.get(thing, [])
    if thing not in world.lots:
        return _position(stops, [], world, [thing])
    amounts = world.amounts.get(thing, Amounts())
    left = amounts.loose_mg
    position = _position([stop for stop in stops if not stop.is_apart] or stops, [], world, [])
    state = "present"
    if left == 0 and not amounts.packed_mg:
        state = "used" if t.INTO in amounts.went else "ended"
    return replace(position, mass_kg=to_kg(left), state=state)


def _contained(world: _World, thing: int, entry: _In) -> Position:
    chain = [entry, *_chain(world, entry.container)]
    own = world.stops.get(thing, [])
    is_lot = thing in world.lots
    stops = [stop for stop in own if not is_lot or stop.at_ms <= entry.from_ms]
    since_ms = entry.from_ms
    for link in chain:
        since_ms = max(since_ms, link.from_ms)
        stops += [each for each in world.stops.get(link.container, ()) if each.at_ms >= since_ms]
    line = [*(() if is_lot else (thing,)), *(link.container for link in chain)]
    position = _position(stops, chain, world, line)
    return replace(position, quantity=entry.quantity, uom=entry.uom, mass_kg=to_kg(entry.mass_mg))


def _chain(world: _World, container: int) -> Iterator[_In]:
    seen = {container}
    while entries := world.into.get(container):
        entry = max(entries, key=lambda each: each.from_ms)
        if entry.container in seen:
            return
        seen.add(entry.container)
        container = entry.container
        yield entry


def _position(
    stops: Iterable[_Stop], chain: Sequence[_In], world: _World, line: Sequence[int]
) -> Position:
    ordered = sorted(stops, key=lambda stop: (stop.at_ms, stop.seq))
    gone = max((world.gone[each] for each in line if each in world.gone), default=(0, "present"))
    position = Position([world.keys[link.container] for link in chain], state=gone[1])
    for stop in ordered:
        position = _moved(position, stop)
    return position


def _moved(position: Position, stop: _Stop) -> Position:
    """The position after a stop: what the stop doesn't say stays as it was."""
    at = from_epoch_ms(stop.at_ms)
    place = stop.location or stop.read_point
    return replace(
        position,
        place=place or position.place,
        place_at=at if place else position.place_at,
        in_transit=stop.location is None and (stop.destination or stop.holder) is not None,
        disposition=stop.disposition or position.disposition,
        holder=stop.holder or position.holder,
        owner=stop.owner or position.owner,
        destination=stop.destination or (None if stop.location else position.destination),
        seen_at=at,
        event_id=stop.event_id,
    )
