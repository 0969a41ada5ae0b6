"""Recall: what a cause affected, where that is now, who has it, and why.

The cause touches things first (see `starts`); the walk forward from them finds the rest.
Masses are those of the things as they were recorded, and the share of them that is of the cause.
They aren't to be added up: the same goods are in their lot, on their pallet and in what was made.
"""

import json
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection, select

from park.times import from_epoch_ms
from traceability import tables as events
from traceability.database.lookups import among, rows_for
from traceability.masses import known_kg
from traceability.provenance import tables as t
from traceability.provenance.attribution import Inflow, Mixtures, State, share_of
from traceability.provenance.keys import ThingKind
from traceability.provenance.positions import Position
from traceability.provenance.recall.origins import Harvest, origins_of
from traceability.provenance.recall.starts import RecallStart, Touched, touched_by
from traceability.provenance.tracing import inflows_of, states_of, things_of
from traceability.provenance.walk_statements import Direction
from traceability.provenance.walking import Step, walk
from traceability.provenance.whereabouts import positions_of

_S, _G, _E = t.stops.c, t.sightings.c, events.events.c
_SHIPPING = ("shipping", "departing", "consigning")
_HAPPENINGS = (
    select(_G.thing, _G.role, _G.quantity, _G.uom, _G.mass_mg, *t.stops.columns, _E.event_id)
    .join(t.stops, _S.seq == _G.seq)
    .outerjoin(events.events, _E.seq == _G.seq)
    .where(among(_G.thing))
)


@dataclass(frozen=True, slots=True)
class Content:
    """What lay in an affected container while it was affected."""

    key: str
    quantity: float | None
    uom: str | None
    mass_kg: float | None
    since: datetime
    until: datetime | None = None
    """When it was taken out; None while it is in."""


@dataclass(frozen=True, slots=True)
class Affected:
    """A thing that a recall concerns."""

    key: str
    kind: ThingKind
    share: float | None
    """What share of it is of the cause; None where masses aren't known well enough."""
    mass_kg: float | None
    """Its whole mass."""
    from_cause_kg: float | None
    is_start: bool
    """Whether the cause touched it itself."""
    until: datetime | None
    """Of a container, when the last of what is affected was taken out; None while it is in."""
    why: Sequence[str]
    """The way from what the cause touched to it, both included."""
    contents: Sequence[Content]
    positions: Sequence[Position]
    shipments: Sequence[str]
    """Ids of the events by which it was shipped."""


@dataclass(frozen=True, slots=True)
class Happening:
    """An affected thing in an event."""

    key: str
    role: str
    at: datetime
    type: str
    action: str | None
    biz_step: str | None
    read_point: str | None
    location: str | None
    origin: str | None
    destination: str | None
    holder: str | None
    owner: str | None
    papers: Sequence[tuple[str | None, str]]
    """Type and identifier of each."""
    quantity: float | None
    uom: str | None
    mass_kg: float | None
    event_id: str


@dataclass(frozen=True, slots=True)
class Shipped:
    """An event by which affected things were shipped."""

    event_id: str
    at: datetime
    origin: str | None
    destination: str | None
    holder: str | None
    owner: str | None
    papers: Sequence[tuple[str | None, str]]
    things: Sequence[str]


@dataclass(frozen=True, slots=True)
class Recall:
    """What a cause affected."""

    start: RecallStart
    affected: Sequence[Affected]
    """What the cause touched itself first; runs are on the way only."""
    shipments: Sequence[Shipped]
    """By time."""
    happenings: Sequence[Happening]
    """Every event of affected things since they were, by time."""
    harvests: Mapping[str, Sequence[Harvest]] = field(default_factory=dict)
    """By affected lot, the harvests that it stems from, of the cause or not; where asked for."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """By affected lot, where it got its code; where asked for."""


def recall(connection: Connection, start: RecallStart, *, with_origins: bool = False) -> Recall:
    """What a cause affected; nothing where no event knows of it."""
    touched = touched_by(connection, start)
    if not touched:
        return Recall(start, (), (), ())
    walked = walk(connection, [each.start for each in touched], Direction.FORWARD)
    starts = {each.start.thing for each in touched}
    states = _while_affected(states_of(walked), walked.steps, starts)
    inflows = inflows_of(connection, states)
    mixtures = Mixtures(inflows)
    named = states.keys() | {link.source for link in inflows if link.source is not None}
    keys = things_of(connection, named)
    happenings = _happenings(connection, states, keys)
    shipments = list(_shipments(happenings))
    shipped = _shipped_by(shipments)
    listed = [thing for thing in states if keys[thing][1] is not ThingKind.RUN]
    positions = positions_of(connection, listed)
    shares = share_of(mixtures, _roots(touched), states.values())
    why = _ways(starts, walked.steps)
    contents = _contents(inflows, states, keys)
    affected = []
    for thing in listed:
        key, kind = keys[thing]
        mass_kg, share = known_kg(mixtures.mass_mg(states[thing])), shares[states[thing]]
        affected.append(
            Affected(
                key=key,
                kind=kind,
                share=share,
                mass_kg=mass_kg,
                from_cause_kg=None if mass_kg is None or share is None else mass_kg * share,
                is_start=thing in starts,
                until=_end(states[thing].until_ms),
                why=[keys[each][0] for each in why[thing]],
                contents=contents.get(thing, ()),
                positions=_now(positions[thing], states[thing]),
                shipments=shipped.get(key, ()),
            )
        )
    found = Recall(start, affected, shipments, happenings)
    return _with_origins(connection, found, listed, keys) if with_origins else found


def _with_origins(
    connection: Connection,
    found: Recall,
    things: Iterable[int],
    keys: Mapping[int, tuple[str, ThingKind]],
) -> Recall:
    origins = origins_of(connection, [each for each in things if keys[each][1] is ThingKind.LOT])
    return replace(
        found,
        harvests={keys[lot][0]: harvests for lot, harvests in origins.harvests.items()},
        sources={keys[lot][0]: place for lot, place in origins.sources.items()},
    )


def _shipped_by(shipments: Iterable[Shipped]) -> Mapping[str, Sequence[str]]:
    """By thing, the ids of the events by which it was shipped."""
    shipped: dict[str, list[str]] = {}
    for shipment in shipments:
        for key in shipment.things:
            shipped.setdefault(key, []).append(shipment.event_id)
    return shipped


def _while_affected(
    states: Mapping[int, State], steps: Sequence[Step], starts: Collection[int]
) -> dict[int, State]:
    """Containers count until the last of what is affected came out of them.

    What is in them later is other goods, though the pallet or crate is the same.
    """
    packed = [each for each in steps if each.kind == t.CONTAINS and each.source is not None]
    others = {each.target for each in steps if each.kind != t.CONTAINS}
    ends = {each.target: t.BEGINNING for each in packed if each.target not in others}
    for start in starts:
        ends.pop(start, None)
    changed = True
    while changed:
        # From the inside out: a case that was emptied takes nothing affected onto its pallet.
        changed = False
        for step in packed:
            inner_ms = t.OPEN if step.source is None else ends.get(step.source, t.OPEN)
            end_ms = min(step.until_ms, inner_ms)
            if step.target in ends and end_ms > ends[step.target]:
                ends[step.target], changed = end_ms, True
    return {
        thing: state._replace(until_ms=min(state.until_ms, ends.get(thing, t.OPEN)))
        for thing, state in states.items()
    }


def _end(until_ms: int) -> datetime | None:
    """The instant after a window; None of one that hasn't ended."""
    return None if until_ms >= t.OPEN else from_epoch_ms(until_ms + 1)


def _now(positions: Sequence[Position], state: State) -> Sequence[Position]:
    if state.until_ms >= t.OPEN:
        return positions
    return [replace(each, state="cleared") for each in positions]


def _roots(touched: Iterable[Touched]) -> dict[int, float]:
    return {each.start.thing: each.share for each in touched}


def _ways(starts: Collection[int], steps: Sequence[Step]) -> Mapping[int, Sequence[int]]:
    """The shortest way to each thing from one that the recall starts with."""
    following: dict[int, list[int]] = {}
    for step in steps:
        if step.source is not None:
            following.setdefault(step.source, []).append(step.target)
    ways: dict[int, list[int]] = {start: [start] for start in starts}
    queue = deque(starts)
    while queue:
        here = queue.popleft()
        for there in following.get(here, ()):
            if there not in ways:
                ways[there] = [*ways[here], there]
                queue.append(there)
    for step in steps:
        # What came out of a container that the recall starts with, by itself.
        if step.source is not None:
            ways.setdefault(step.source, [step.source])
            ways.setdefault(step.target, [*ways[step.source], step.target])
    return _Ways(ways)


class _Ways(dict[int, Sequence[int]]):
    """Ways by thing; one that no step leads to was there from the start."""

    def __missing__(self, thing: int) -> Sequence[int]:
        return [thing]


def _contents(
    inflows: Iterable[Inflow],
    states: Mapping[int, State],
    keys: Mapping[int, tuple[str, ThingKind]],
) -> dict[int, list[Content]]:
    contents: dict[int, list[Content]] = {}
    for link in inflows:
        state = states.get(link.target)
        if link.kind != t.CONTAINS or link.source is None or state is None:
            continue
        if link.from_ms <= state.until_ms and link.until_ms >= state.since_ms:
            contents.setdefault(link.target, []).append(
                Content(
                    *(keys[link.source][0], link.quantity, link.uom, known_kg(link.mass_mg)),
                    *(from_epoch_ms(link.from_ms), _end(link.until_ms)),
                )
            )
    return contents


def _happenings(
    connection: Connection,
    states: Mapping[int, State],
    keys: Mapping[int, tuple[str, ThingKind]],
) -> list[Happening]:
    found = []
    for row in rows_for(connection, _HAPPENINGS, states):
        state = states[row.thing]
        if keys[row.thing][1] is ThingKind.RUN or not (
            state.since_ms <= row.at_ms <= state.until_ms
        ):
            continue
        found.append(
            Happening(
                key=keys[row.thing][0],
                role=row.role,
                at=from_epoch_ms(row.at_ms),
                type=row.type,
                action=row.action,
                biz_step=row.biz_step,
                read_point=row.read_point,
                location=row.location,
                origin=row.origin,
                destination=row.destination,
                holder=row.holder,
                owner=row.owner,
                papers=[(kind, name) for kind, name in json.loads(row.papers or "[]")],
                quantity=row.quantity,
                uom=row.uom,
                mass_kg=known_kg(row.mass_mg),
                event_id=row.event_id or "",
            )
        )
    return sorted(found, key=lambda each: (each.at, each.event_id, each.key))


def _shipments(happenings: Iterable[Happening]) -> Iterator[Shipped]:
    by_event: dict[str, list[Happening]] = {}
    for each in happenings:
        if each.biz_step in _SHIPPING:
            by_event.setdefault(each.event_id, []).append(each)
    for event_id, group in by_event.items():
        first = group[0]
        yield Shipped(
            event_id=event_id,
            at=first.at,
            origin=first.origin or first.read_point,
            destination=first.destination,
            holder=first.holder,
            owner=first.owner,
            papers=first.papers,
            things=list(dict.fromkeys(each.key for each in group)),
        )
