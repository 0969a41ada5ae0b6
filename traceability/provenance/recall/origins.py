"""Where lots were harvested, cooled and got their codes: what the FDA asks of each."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from park.times import from_epoch_ms
from traceability.database.lookups import among, rows_for
from traceability.provenance import tables as t
from traceability.provenance.walk_statements import Direction, Start
from traceability.provenance.walking import walk

_L, _S, _G = t.links.c, t.stops.c, t.sightings.c
_MADE = (
    select(_L.target, _L.kind, _S.at_ms, _S.location, _S.read_point)
    .join(t.stops, _S.seq == _L.seq)
    .where(among(_L.target), _L.kind.in_((t.MADE, t.OUT_OF)))
)
_SEEN = (
    select(_G.thing, _S.at_ms, _S.location, _S.biz_step)
    .join(t.stops, _S.seq == _G.seq)
    .where(among(_G.thing), _S.location.is_not(None), _S.action == "OBSERVE")
)


@dataclass(frozen=True, slots=True)
class Seen:
    """Where a lot was seen."""

    at: datetime
    place: str
    biz_step: str | None


@dataclass(frozen=True, slots=True)
class Harvest:
    """How a first lot began."""

    at: datetime
    place: str | None
    seen: Sequence[Seen]
    """Where it was seen then, by time."""


@dataclass(frozen=True, slots=True)
class Origins:
    """What lots stem from."""

    harvests: Mapping[int, Sequence[Harvest]]
    """By lot, of all that went into it."""
    sources: Mapping[int, str]
    """By lot, where it came into being: there it got its code."""


def origins_of(connection: Connection, lots: Collection[int]) -> Origins:
    """The origins of lots."""
    walked = walk(connection, [Start(lot) for lot in lots], Direction.BACK)
    below: dict[int, set[int]] = {}
    for step in walked.steps:
        if step.source is not None:
            below.setdefault(step.target, set()).add(step.source)
    made: dict[int, Row[Any]] = {}
    for row in rows_for(connection, _MADE, {*lots, *walked.windows}):
        if row.target not in made or row.at_ms < made[row.target].at_ms:
            made[row.target] = row
    first = {thing for thing, row in made.items() if row.kind == t.MADE and thing not in below}
    harvests = _harvests(connection, {thing: made[thing] for thing in first})
    sources = {
        lot: place
        for lot in lots
        if lot in made and (place := made[lot].location or made[lot].read_point)
    }
    stems = {lot: _stems(lot, below, first) for lot in lots}
    return Origins(
        {lot: [harvests[thing] for thing in sorted(found)] for lot, found in stems.items()}, sources
    )


def _stems(lot: int, below: Mapping[int, set[int]], first: Collection[int]) -> set[int]:
    """The first lots that one stems from."""
    seen, waiting = {lot}, [lot]
    while waiting:
        fresh = below.get(waiting.pop(), set()) - seen
        seen |= fresh
        waiting += fresh
    return seen & set(first)


def _harvests(connection: Connection, made: Mapping[int, Row[Any]]) -> dict[int, Harvest]:
    seen: dict[int, list[Seen]] = {thing: [] for thing in made}
    for row in rows_for(connection, _SEEN, made):
        seen[row.thing].append(Seen(from_epoch_ms(row.at_ms), row.location, row.biz_step))
    return {
        thing: Harvest(
            from_epoch_ms(row.at_ms),
            row.location or row.read_point,
            sorted(seen[thing], key=lambda each: each.at),
        )
        for thing, row in made.items()
    }
