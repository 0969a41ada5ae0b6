"""Lineage of one thing, back or forward, with amounts and shares.

One recursive statement finds the links (see `walking`), one more what they mixed with, so that
shares can be reckoned (see `attribution`), and one the names.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy import Connection, select

from park.times import from_epoch_ms, to_epoch_ms
from traceability.database.lookups import among, rows_for
from traceability.masses import known_kg
from traceability.provenance import tables as t
from traceability.provenance.attribution import Inflow, LinkIn, Mixtures, State, share_of, shares_in
from traceability.provenance.keys import ThingKind
from traceability.provenance.walk_statements import Direction
from traceability.provenance.walking import Step, Walked, walk_from

_KINDS = {kind.value: kind for kind in ThingKind}

_BY_TIME = attrgetter("at_ms", "link")
_L = t.links.c
_INFLOWS = select(
    _L.kind,
    _L.source,
    _L.source_form,
    _L.target,
    _L.from_ms,
    _L.until_ms,
    _L.quantity,
    _L.uom,
    _L.mass_mg,
).where(among(_L.target))
_EVER_HELD = select(_L.target).where(among(_L.target), _L.kind == t.CONTAINS).distinct()
_THINGS = select(t.things).where(among(t.things.c.id))


class Node(NamedTuple):
    """A thing in a lineage."""

    key: str
    """Canonical identifier; `run/{transformation or event id}` of a transformation."""
    kind: ThingKind
    share: float | None
    """Forward, the share of it that came from the root; back, the share of the root that came
    from it. None where masses or amounts aren't known well enough."""
    mass_kg: float | None
    """Its whole mass: of a lot all that was made of it, of a container what lay in it then."""


class Edge(NamedTuple):
    """A link in the direction of the goods."""

    source: str
    target: str
    kind: str
    """`contains`, `into` or `out_of`."""
    at: datetime
    until: datetime | None
    """When a content was taken out; None while it is in, and for other kinds."""
    quantity: float | None
    uom: str | None
    mass_kg: float | None
    event_id: str | None
    end_event_id: str | None
    """The event that took a content out."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """What came of a thing, or what it came of."""

    root: str
    direction: Direction
    nodes: Sequence[Node]
    """The root first."""
    edges: Sequence[Edge]
    """By time."""


def trace(
    connection: Connection, key: str, direction: Direction, at: datetime | None = None
) -> Lineage:
    """The lineage of a thing by its canonical identifier.

    With `at`, of the thing as it was at that instant: of a pallet that was packed twice, what lay
    on it then. Raises NotFoundError `node-not-found`.
    """
    since_ms = t.BEGINNING if at is None else to_epoch_ms(at)
    until_ms = t.OPEN if at is None else since_ms
    root, walked = walk_from(connection, key, direction, since_ms, until_ms)
    forward = direction is Direction.FORWARD
    # Back, all that things are made of was walked; forward, what they were mixed with wasn't.
    inflows: Sequence[LinkIn] = inflows_of(connection, walked.windows) if forward else walked.steps
    mixtures = Mixtures(inflows, () if forward else _emptied(connection, walked))
    states = states_of(walked)
    shares: Mapping[int, float | None]
    if forward:
        found = share_of(mixtures, {root.id: 1.0}, states.values())
        shares = {thing: found[state] for thing, state in states.items()}
    else:
        shares = shares_in(mixtures, State(root.id, since_ms, until_ms))
    things = names_of(connection, walked, {root.id: (key, root.kind)})
    nodes = [
        Node(*things[thing], shares.get(thing, 0.0), known_kg(mixtures.mass_mg(state)))
        for thing, state in states.items()
    ]
    return Lineage(key, direction, nodes, list(edges_of(walked.steps, things)))


def inflows_of(connection: Connection, targets: Collection[int]) -> list[Inflow]:
    """Every link into things; and into what lies beside them in containers, to weigh that."""
    found: list[Inflow] = []
    wanted, known = set(targets), set(targets)
    while wanted:
        fresh = [Inflow._make(row) for row in rows_for(connection, _INFLOWS, wanted)]
        found += fresh
        wanted = {
            link.source
            for link in fresh
            if link.source is not None
            and link.source_form == t.ITSELF
            and link.kind in {t.CONTAINS, t.INTO}
            and link.mass_mg is None
        } - known
        known |= wanted
    return found


def _emptied(connection: Connection, walked: Walked) -> set[int]:
    """Containers that a walk back found empty, though something was in them before or after."""
    packed = [step for step in walked.steps if step.kind == t.CONTAINS]
    bare = {
        step.source for step in packed if step.source_form == t.ITSELF and step.mass_mg is None
    } - {step.target for step in packed}
    return set() if not bare else {row.target for row in rows_for(connection, _EVER_HELD, bare)}


def states_of(walked: Walked) -> dict[int, State]:
    """The widest window in which each thing was reached."""
    return {thing: State(thing, *window) for thing, window in walked.windows.items()}


def names_of(
    connection: Connection, walked: Walked, known: Mapping[int, tuple[str, ThingKind]]
) -> dict[int, tuple[str, ThingKind]]:
    """Key and kind of all that a walk came by."""
    named = {thing: (key, _KINDS[kind]) for thing, (key, kind) in walked.things.items()}
    named |= known
    return named | things_of(connection, walked.windows.keys() - named.keys())


def things_of(connection: Connection, numbers: Collection[int]) -> dict[int, tuple[str, ThingKind]]:
    """Key and kind of things by id."""
    return {
        row.id: (row.key, ThingKind(row.kind)) for row in rows_for(connection, _THINGS, numbers)
    }


def edges_of(steps: Sequence[Step], things: Mapping[int, tuple[str, ThingKind]]) -> Iterator[Edge]:
    """Links as edges, by time."""
    for step in sorted(steps, key=_BY_TIME):
        if step.source is None:
            continue
        ended = step.kind == t.CONTAINS and step.until_ms < t.OPEN
        yield Edge(
            things[step.source][0],
            things[step.target][0],
            step.kind,
            from_epoch_ms(step.at_ms),
            from_epoch_ms(step.until_ms + 1) if ended else None,
            step.quantity,
            step.uom,
            known_kg(step.mass_mg),
            step.event_id,
            step.end_event_id,
        )
