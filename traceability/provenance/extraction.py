"""What events say of lineage, as rows that name things by key. Pure.

- ObjectEvent ADD: its objects come into being; DELETE: they are gone.
- TransformationEvent: inputs go into a run, outputs come out of it. Events of one transformation
  id are one run (GS1 EPCIS 2.0, section 7.4.6).
- AggregationEvent: statements about the contents of its parent.
- Associations and transactions move nothing: they are sightings only.
- An object is known by its serial number, whatever lot its Digital Link names besides: one reader
  sees the label, another the tag, which has no lot.
- What events of others' types mean only they know: nothing follows from them.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import isfinite

from park.times import to_epoch_ms
from traceability.epcis.identifiers import instance
from traceability.epcis.model import (
    Action,
    AggregationEvent,
    AnyEvent,
    AssociationEvent,
    ObjectEvent,
    Party,
    Quantity,
    TransactionEvent,
    TransformationEvent,
    action_of,
)
from traceability.epcis.units import LARGEST_MASS_MG, mass_mg
from traceability.provenance.containment import Amount
from traceability.provenance.keys import ThingKind, kind_of, run_key
from traceability.provenance.tables import ENDED, INTO, MADE, OUT_OF

Named = tuple[str, Amount]
"""A thing's key and how much of it."""

ONE = Amount(1.0, None, None)
INPUT, OUTPUT, PARENT, CHILD, NAMED = "input", "output", "parent", "child", "named"
"""Roles that things have in events."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link of an event; of its source and target one may be missing."""

    kind: str
    source: str | None
    target: str | None
    at_ms: int
    seq: int
    amount: Amount


@dataclass(frozen=True, slots=True)
class ParentStatement:
    """What an event said of a container's contents; no child means all of them."""

    parent: str
    child: str | None
    at_ms: int
    seq: int
    position: int
    action: str
    amount: Amount


@dataclass(slots=True)
class Facts:
    """What a batch of events says."""

    things: dict[str, ThingKind] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    statements: list[ParentStatement] = field(default_factory=list)
    stops: list[tuple[object, ...]] = field(default_factory=list)
    sightings: dict[tuple[str, int, int, str], Amount] = field(default_factory=dict)
    """By key, time, event and role."""
    packed_in_itself: list[tuple[int, str]] = field(default_factory=list)
    """Events that do so, and the key."""


def facts_of(rows: Sequence[tuple[int, AnyEvent]], event_ids: Mapping[int, str]) -> Facts:
    """What these numbered events say; `event_ids` names those that carry no id themselves."""
    facts = Facts()
    for seq, event in rows:
        at_ms = to_epoch_ms(event.event_time)
        facts.stops.append(_stop(seq, at_ms, event))
        _Reader(facts, seq, at_ms).read(event, event_ids)
    return facts


@dataclass(slots=True)
class _Reader:
    """Reads one event."""

    facts: Facts
    seq: int
    at_ms: int

    def read(self, event: AnyEvent, event_ids: Mapping[int, str]) -> None:
        match event:
            case ObjectEvent():
                self._object(event)
            case AggregationEvent():
                self._aggregation(event)
            case TransformationEvent():
                own = event.event_id or event_ids.get(self.seq) or f"event-{self.seq}"
                self._transformation(event, event.transformation_id or own)
            case AssociationEvent():
                self._parent(event.parent)
                self._see(CHILD, self._named(event.child_epcs, event.child_quantities))
            case TransactionEvent():
                self._parent(event.parent)
                self._see(NAMED, self._named(event.epcs, event.quantities))

    def _object(self, event: ObjectEvent) -> None:
        named = self._named(event.epcs, event.quantities)
        self._see(NAMED, named)
        if event.action == Action.ADD:
            for key, amount in named:
                self._link(MADE, None, key, amount)
        elif event.action == Action.DELETE:
            for key, amount in named:
                self._link(ENDED, key, None, amount)

    def _transformation(self, event: TransformationEvent, name: str) -> None:
        run = run_key(name)
        self.facts.things[run] = ThingKind.RUN
        inputs = self._named(event.input_epcs, event.input_quantities)
        outputs = self._named(event.output_epcs, event.output_quantities)
        self._see(INPUT, inputs)
        self._see(OUTPUT, outputs)
        self._see(NAMED, [(run, Amount())])
        for key, amount in inputs:
            self._link(INTO, key, run, amount)
        for key, amount in outputs:
            self._link(OUT_OF, run, key, amount)

    def _aggregation(self, event: AggregationEvent) -> None:
        self._parent(event.parent)
        named = self._named(event.child_epcs, event.child_quantities)
        self._see(CHILD, named)
        if event.parent is None:
            return
        parent = instance(event.parent)
        if not named and event.action == Action.DELETE:
            self._state(parent, None, 0, event.action, Amount())
        for position, (key, amount) in enumerate(named):
            if key == parent:
                self.facts.packed_in_itself.append((self.seq, key))
            else:
                self._state(parent, key, position, event.action, amount)

    def _state(
        self, parent: str, child: str | None, position: int, action: Action, amount: Amount
    ) -> None:
        self.facts.statements.append(
            ParentStatement(parent, child, self.at_ms, self.seq, position, action.value, amount)
        )

    def _parent(self, parent: str | None) -> None:
        if parent is not None:
            key = instance(parent)
            self.facts.things.setdefault(key, kind_of(key, is_class=False))
            self._see(PARENT, [(key, Amount())])

    def _named(self, epcs: Iterable[str], quantities: Iterable[Quantity]) -> list[Named]:
        things = self.facts.things
        named: list[Named] = []
        for epc in dict.fromkeys(map(instance, epcs)):
            things.setdefault(epc, kind_of(epc, is_class=False))
            named.append((epc, ONE))
        for each in quantities:
            things.setdefault(each.epc_class, kind_of(each.epc_class, is_class=True))
            named.append((each.epc_class, _amount(each.quantity, each.uom)))
        return named

    def _see(self, role: str, named: Iterable[Named]) -> None:
        sightings = self.facts.sightings
        for key, amount in named:
            place = (key, self.at_ms, self.seq, role)
            before = sightings.get(place)
            sightings[place] = amount if before is None else together(before, amount)

    def _link(self, kind: str, source: str | None, target: str | None, amount: Amount) -> None:
        self.facts.links.append(Link(kind, source, target, self.at_ms, self.seq, amount))


def together(one: Amount, other: Amount) -> Amount:
    """Two amounts as one; its unit is milligrams' alone where theirs differ.

    A sum that the databases can't keep isn't known.
    """
    mass = None if one.mass_mg is None or other.mass_mg is None else one.mass_mg + other.mass_mg
    if mass is not None and mass > LARGEST_MASS_MG:
        mass = None
    if one.uom != other.uom or one.quantity is None or other.quantity is None:
        return Amount(None, None, mass)
    quantity = one.quantity + other.quantity
    return Amount(quantity, one.uom, mass) if isfinite(quantity) else Amount(None, None, mass)


@lru_cache(maxsize=16_384)
def _amount(quantity: float | None, uom: str | None) -> Amount:
    known = quantity is not None and uom is not None
    return Amount(quantity, uom, mass_mg(quantity, uom) if known else None)  # type: ignore[arg-type] # both are known


def _stop(seq: int, at_ms: int, event: AnyEvent) -> tuple[object, ...]:
    """A row of `stops`, in the order of its columns."""
    to = event.destinations
    return (
        seq,
        at_ms,
        event.type,
        action_of(event),
        event.biz_step,
        event.disposition,
        None if event.read_point is None else event.read_point.id,
        None if event.biz_location is None else event.biz_location.id,
        _party(event.sources, "location"),
        _party(to, "location"),
        _party(to, "possessing_party"),
        _party(to, "owning_party"),
        _papers(event),
    )


def _party(parties: Sequence[Party], kind: str) -> str | None:
    return next((party.id for party in parties if party.type == kind), None)


def _papers(event: AnyEvent) -> str | None:
    if not event.biz_transactions:
        return None
    return json.dumps([[each.type, each.id] for each in event.biz_transactions])
