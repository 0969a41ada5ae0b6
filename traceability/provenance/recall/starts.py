"""What a recall begins with: the things that its cause touched first, each with its window.

- An orchard: what came into being there; a lot of several orchards counts by its share.
- An input (a spray, a fertiliser, a water source): the input itself, which transformations may
  have used; what is named in an event that names the input in an extension or in `ilmd`; and what
  came into being, within `reach`, wherever the input was named in use before. That it was shipped,
  received or stored somewhere is no use. A pump head of the park reaches the orchards that it
  waters.
- A room: what was there in the span, from its coming until it was seen elsewhere. A lot stays as
  long as some of it may be there, see `stays`. A container of the park is a room on wheels.
- A line: the runs there, what came into being there and what passed it.

A place includes the places in it: a GLN the extensions under it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    or_,
    select,
    union,
)

from park.times import to_epoch_ms
from traceability.database.lookups import among, rows_for
from traceability.provenance import tables as t
from traceability.provenance.amounts import amounts_of
from traceability.provenance.extraction import INPUT, NAMED, OUTPUT, PARENT
from traceability.provenance.mentions import mentions
from traceability.provenance.places import SINCE, UNTIL, bounds, stops_at
from traceability.provenance.positions import site_of
from traceability.provenance.stays import stays_in
from traceability.provenance.store import find, known_ids
from traceability.provenance.walk_statements import Direction, Start
from traceability.provenance.walking import walk

DEFAULT_REACH = timedelta(days=180)
_GLN = "/414/"
_NO_USE = (
    *("shipping", "receiving", "storing", "departing", "arriving", "accepting", "loading"),
    *("unloading", "transporting", "stocking", "holding", "consigning", "picking"),
)


class Cause(StrEnum):
    """What a recall starts from."""

    ORCHARD = "orchard"
    INPUT = "input"
    ROOM = "room"
    LINE = "line"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallStart:
    """The cause of a recall."""

    cause: Cause
    key: str
    """Canonical identifier of the place or input."""
    since: datetime | None = None
    until: datetime | None = None
    reach: timedelta = DEFAULT_REACH
    """Of an input: how long after its use at a place what comes into being there is affected."""
    spellings: Sequence[str] = ()
    """How events may write it where they name it in extensions."""
    places: Sequence[str] = ()
    """Orchards of the park that an input is used in."""
    is_vehicle: bool = False
    """Of a room: whether it moves, so that events name it in extensions only."""

    @property
    def since_ms(self) -> int:
        """Start of the span."""
        return t.BEGINNING if self.since is None else to_epoch_ms(self.since)

    @property
    def until_ms(self) -> int:
        """End of the span, included."""
        return t.OPEN if self.until is None else to_epoch_ms(self.until)


@dataclass(frozen=True, slots=True)
class Touched:
    """A thing that the cause touched first."""

    start: Start
    share: float = 1.0
    """How much of it."""


_L, _S, _G = t.links.c, t.stops.c, t.sightings.c
_IN_SPAN = _S.at_ms.between(SINCE, UNTIL)
_HERE = (_S.location, _S.read_point)
_STOPS_THERE = union(*stops_at(*_HERE, holds=[_IN_SPAN]))
_MADE_THERE = select(_L.id, _L.target, _L.at_ms, _L.mass_mg).where(
    _L.kind.in_((t.MADE, t.OUT_OF)), _L.seq.in_(_STOPS_THERE)
)
_HARVESTED_THERE = _MADE_THERE.where(_L.kind == t.MADE)
_IS_USE = or_(_S.biz_step.is_(None), _S.biz_step.not_in(_NO_USE))
# What comes into being or is packed isn't in use.
_USES = (
    select(_S.at_ms, _S.location, _S.read_point)
    .join(t.sightings, _G.seq == _S.seq)
    .where(among(_G.thing), _IN_SPAN, _S.action != "ADD", _IS_USE)
)
_MIXED_INTO = select(_L.source, _L.target).where(among(_L.source), _L.kind == t.INTO)
_USES_TOLD = select(_S.at_ms, _S.location, _S.read_point).where(
    among(_S.seq), _S.type == "ObjectEvent", _S.action != "ADD", _IS_USE
)
_BESIDE = (
    select(_G.thing, _G.role, _S.at_ms, _S.type, _S.action)
    .join(t.stops, _S.seq == _G.seq)
    .where(among(_G.seq))
)
_PASSED = (
    select(_G.thing, _G.role, _S.at_ms, _S.action)
    .join(t.stops, _S.seq == _G.seq)
    .where(_G.seq.in_(_STOPS_THERE), _G.role.in_((NAMED, PARENT, OUTPUT)))
)
_LOCATED = (
    select(_G.thing, _S.at_ms)
    .join(t.stops, _S.seq == _G.seq)
    .where(among(_G.thing), _S.location.is_not(None))
)
_SEEN_THERE = select(union(*stops_at(*_HERE)).subquery()).limit(1)
_KINDS = select(t.things.c.id, t.things.c.kind).where(among(t.things.c.id))


def touched_by(connection: Connection, start: RecallStart) -> Sequence[Touched]:
    """What the cause touched first."""
    match start.cause:
        case Cause.ORCHARD:
            made = _made_at(connection, bounds(start.key), start.since_ms, start.until_ms)
            return _shares(connection, made.values())
        case Cause.INPUT:
            return _by_input(connection, start)
        case Cause.ROOM if start.is_vehicle:
            return [Touched(each) for each in _carried(connection, start)]
        case Cause.ROOM:
            stays = stays_in(connection, start.key, start.since_ms, start.until_ms)
            return [Touched(each) for each in stays]
        case Cause.LINE:
            return [Touched(each) for each in _passed(connection, start)]


def check_named(connection: Connection, start: RecallStart) -> None:
    """That an event names the cause at all, as a place, a thing or beside things.

    Raises NotFoundError `node-not-found`: a mistyped identifier mustn't look like good news.
    """
    if mentions(connection, start.spellings, t.BEGINNING, t.OPEN):
        return
    if connection.execute(_SEEN_THERE, bounds(start.key)).first() is None:
        find(connection, start.key)


def _made_at(
    connection: Connection,
    where: Mapping[str, str],
    since_ms: int,
    until_ms: int,
    query: Select[Any] = _MADE_THERE,
) -> dict[int, Row[Any]]:
    """What came into being there in the span, by link."""
    bound = {**where, "since": since_ms, "until": until_ms}
    return {row.id: row for row in connection.execute(query, bound)}


def _shares(connection: Connection, made_here: Iterable[Row[Any]]) -> list[Touched]:
    """The things of which these came into being, each with the share of it that they are."""
    here_mg: dict[int, int | None] = {}
    for row in made_here:
        before = here_mg.get(row.target, 0)
        unknown = before is None or row.mass_mg is None
        here_mg[row.target] = None if unknown else before + row.mass_mg
    amounts = amounts_of(connection, here_mg)
    made = []
    for thing, mass_mg in here_mg.items():
        whole = amounts[thing].made_mg
        share = min(1.0, mass_mg / whole) if mass_mg and whole else 1.0
        made.append(Touched(Start(thing), share))
    return made


def _by_input(connection: Connection, start: RecallStart) -> list[Touched]:
    found: dict[int, Touched] = {}
    reach_ms = round(start.reach.total_seconds() * 1000)
    span = {"since": start.since_ms, "until": start.until_ms}
    things = known_ids(connection, [start.key]).values()
    told = mentions(connection, start.spellings, start.since_ms, start.until_ms)
    touched = [Touched(Start(thing, start.since_ms)) for thing in things]
    touched += [Touched(each) for each in _beside(connection, told)]
    made: dict[int, Row[Any]] = {}
    if _GLN in start.key:
        made |= _made_at(connection, bounds(start.key), start.since_ms, start.until_ms)
    for place in start.places:
        last_ms = min(start.until_ms + reach_ms, t.OPEN)
        made |= _made_at(connection, bounds(place), start.since_ms, last_ms)
    mixed = {row.source for row in rows_for(connection, _MIXED_INTO, things)}
    uses = [*rows_for(connection, _USES, set(things) - mixed, **span)]
    uses += rows_for(connection, _USES_TOLD, told)
    for use in uses:
        for where in _around(use):
            made |= _made_at(connection, where, use.at_ms, use.at_ms + reach_ms)
    # What runs make where fruit is looked at isn't made with that fruit; what they made with a
    # concentrate is spread as the concentrate.
    for use in rows_for(connection, _USES, _made_with(connection, mixed), **span):
        for where in _around(use):
            made |= _made_at(connection, where, use.at_ms, use.at_ms + reach_ms, _HARVESTED_THERE)
    # Of a lot that several uses reach, all that any of them reached counts, and nothing twice.
    for each in (*touched, *_shares(connection, made.values())):
        found.setdefault(each.start.thing, each)
    return list(found.values())


def _made_with(connection: Connection, things: Collection[int]) -> Collection[int]:
    """The things and all that runs made with them."""
    if not things:
        return ()
    walked = walk(connection, [Start(thing) for thing in things], Direction.FORWARD)
    return {*things, *(step.target for step in walked.steps if step.kind == t.OUT_OF)}


def _beside(connection: Connection, told: Sequence[int]) -> Iterator[Start]:
    """What is named in events: what they make as a whole, anything else from then on."""
    first: dict[int, int] = {}
    for row in rows_for(connection, _BESIDE, told):
        if row.action == "DELETE" or row.role == INPUT:
            continue
        makes = row.role == OUTPUT or (row.type == "ObjectEvent" and row.action == "ADD")
        at_ms = t.BEGINNING if makes else row.at_ms
        first[row.thing] = min(at_ms, first.get(row.thing, at_ms))
    runs = _runs(connection, first)
    for thing, at_ms in first.items():
        is_whole = thing in runs or at_ms == t.BEGINNING
        yield Start(thing) if is_whole else Start(thing, at_ms, at_ms)


def _around(use: Row[Any]) -> Iterator[Mapping[str, str]]:
    """Where a use was: the place and, of a part of it, the whole, where the harvest is recorded.

    What is recorded at other parts of the whole isn't meant.
    """
    for place in {use.location, use.read_point} - {None}:
        yield bounds(place)
        whole = site_of(place)
        if whole is not None and whole != place:
            yield {"place": whole, "inner": whole, "beyond": whole}


def _carried(connection: Connection, start: RecallStart) -> Iterator[Start]:
    """What was in a container of the park in the span, from its leaving until it was seen again."""
    told = mentions(connection, start.spellings, t.BEGINNING, start.until_ms)
    left: dict[int, int] = {}
    for row in rows_for(connection, _BESIDE, told):
        if row.role == NAMED:
            left[row.thing] = min(row.at_ms, left.get(row.thing, row.at_ms))
    arrived: dict[int, int] = {}
    for row in rows_for(connection, _LOCATED, left):
        if row.at_ms > left[row.thing]:
            arrived[row.thing] = min(row.at_ms, arrived.get(row.thing, row.at_ms))
    for thing, since_ms in left.items():
        until_ms = arrived.get(thing, t.OPEN)
        if until_ms >= start.since_ms:
            yield Start(thing, since_ms, until_ms)


def _runs(connection: Connection, things: Collection[int]) -> set[int]:
    """Those of the things that are transformations."""
    return {row.id for row in rows_for(connection, _KINDS, things) if row.kind == "run"}


def _passed(connection: Connection, start: RecallStart) -> Iterator[Start]:
    bound = {**bounds(start.key), "since": start.since_ms, "until": start.until_ms}
    rows = connection.execute(_PASSED, bound).all()
    runs = _runs(connection, {row.thing for row in rows})
    first: dict[int, int] = {}
    for row in rows:
        if row.role != OUTPUT and row.action != "DELETE":
            first[row.thing] = min(row.at_ms, first.get(row.thing, row.at_ms))
    for thing, at_ms in first.items():
        yield Start(thing) if thing in runs else Start(thing, at_ms, at_ms)
