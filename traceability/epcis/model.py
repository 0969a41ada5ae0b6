"""EPCIS 2.0 events as plain values (GS1 EPCIS 2.0, sections 7.3 and 7.4; CBV 2.0).

One canonical form, whatever the document had:

- Objects, classes, places and parties that have a GS1 key are addresses in canonical Digital Link
  form (`https://id.gs1.org/01/{gtin}/10/{lot}`); other identifiers stay as they came.
- Words of the CBV are bare (`shipping`, `in_transit`, `desadv`, `owning_party`); words of others
  stay full addresses.
- Names of extensions are full: the namespace's address and the local name, joined as JSON-LD
  joins them (`https://agripark.example/epcis/step`), whatever prefix the document used. Names
  inside their values are full, too.
- Times are aware and in UTC; the offset of the place of the event stands beside them.

The rules that an event keeps are checked where it is made of JSON, see `reading`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple

from traceability.epcis.sensors import SensorElement

KILOGRAM = "KGM"
"""The code of the kilogram in UN/CEFACT Recommendation 20."""

Extensions = Mapping[str, Any]
"""JSON values by full name."""


class Action(StrEnum):
    """What an event did to the objects it names."""

    ADD = "ADD"
    OBSERVE = "OBSERVE"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True)
class Quantity:
    """So much of a class of objects; without a unit it is a count, without a quantity unknown."""

    epc_class: str
    quantity: float | None = None
    uom: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A read point or business location."""

    id: str
    extensions: Extensions = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Party:
    """A source or destination: a party or place, and in what sense it is one."""

    type: str
    """`owning_party`, `possessing_party`, `location`, or a full address."""
    id: str


@dataclass(frozen=True, slots=True)
class BusinessTransaction:
    """A paper that the event belongs to, such as a despatch advice."""

    id: str
    type: str | None = None


@dataclass(frozen=True, slots=True)
class PersistentDisposition:
    """Conditions of the objects that begin or end with the event and hold till they are ended."""

    set: Sequence[str] = ()
    unset: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorDeclaration:
    """Says that the event of the same id was wrong."""

    declaration_time: datetime
    reason: str | None = None
    corrective_event_ids: Sequence[str] = ()
    extensions: Extensions = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event has: which, when, where, why, how."""

    event_id: str | None = None
    """Given at capture where the document has none."""
    event_time: datetime
    event_time_zone_offset: str
    record_time: datetime | None = None
    biz_step: str | None = None
    disposition: str | None = None
    persistent_disposition: PersistentDisposition | None = None
    read_point: Place | None = None
    biz_location: Place | None = None
    biz_transactions: Sequence[BusinessTransaction] = ()
    sources: Sequence[Party] = ()
    destinations: Sequence[Party] = ()
    sensor_elements: Sequence[SensorElement] = ()
    certification_info: Sequence[str | Extensions] = ()
    """Addresses of certificates, or what they say, as extensions."""
    error_declaration: ErrorDeclaration | None = None
    extensions: Extensions = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectEvent(Event):
    """Something happened to objects."""

    type: ClassVar[str] = "ObjectEvent"

    action: Action
    epcs: Sequence[str] = ()
    quantities: Sequence[Quantity] = ()
    ilmd: Extensions = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregationEvent(Event):
    """Objects were put on or taken off another, their parent."""

    type: ClassVar[str] = "AggregationEvent"

    action: Action
    parent: str | None = None
    child_epcs: Sequence[str] = ()
    child_quantities: Sequence[Quantity] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociationEvent(Event):
    """Objects were tied to another or to a place, such as a sensor to a container."""

    type: ClassVar[str] = "AssociationEvent"

    action: Action
    parent: str | None = None
    child_epcs: Sequence[str] = ()
    child_quantities: Sequence[Quantity] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionEvent(Event):
    """Objects were tied to papers, `biz_transactions`, or untied from them."""

    type: ClassVar[str] = "TransactionEvent"

    action: Action
    parent: str | None = None
    epcs: Sequence[str] = ()
    quantities: Sequence[Quantity] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformationEvent(Event):
    """Objects were used up and others came out."""

    type: ClassVar[str] = "TransformationEvent"

    input_epcs: Sequence[str] = ()
    input_quantities: Sequence[Quantity] = ()
    output_epcs: Sequence[str] = ()
    output_quantities: Sequence[Quantity] = ()
    transformation_id: str | None = None
    ilmd: Extensions = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendedEvent(Event):
    """An event of a type of others: it may have any field, and only they know what it means."""

    type: str
    """The full address."""
    action: Action | None = None
    parent: str | None = None
    epcs: Sequence[str] = ()
    quantities: Sequence[Quantity] = ()
    child_epcs: Sequence[str] = ()
    child_quantities: Sequence[Quantity] = ()
    input_epcs: Sequence[str] = ()
    input_quantities: Sequence[Quantity] = ()
    output_epcs: Sequence[str] = ()
    output_quantities: Sequence[Quantity] = ()
    transformation_id: str | None = None
    ilmd: Extensions = field(default_factory=dict)


AnyEvent = (
    ObjectEvent
    | AggregationEvent
    | AssociationEvent
    | TransactionEvent
    | TransformationEvent
    | ExtendedEvent
)


class Objects(NamedTuple):
    """Objects and amounts of classes that an event names in one sense, by the standard's names."""

    epc_list: str
    epcs: Sequence[str]
    quantity_list: str
    quantities: Sequence[Quantity]


_OBJECT_FIELDS = (
    ("epcs", "epcList", "quantities", "quantityList"),
    ("child_epcs", "childEPCs", "child_quantities", "childQuantityList"),
    ("input_epcs", "inputEPCList", "input_quantities", "inputQuantityList"),
    ("output_epcs", "outputEPCList", "output_quantities", "outputQuantityList"),
)
"""Fields of events that name objects, and amounts of classes; each with the standard's name."""
EPC_LISTS = tuple(epc_list for _, epc_list, _, _ in _OBJECT_FIELDS)
QUANTITY_LISTS = tuple(quantity_list for *_, quantity_list in _OBJECT_FIELDS)


def objects_of(event: AnyEvent) -> Iterator[Objects]:
    """What an event names, in each sense that its type has; parents apart."""
    for epcs, epc_list, quantities, quantity_list in _OBJECT_FIELDS:
        if hasattr(event, epcs):
            yield Objects(epc_list, getattr(event, epcs), quantity_list, getattr(event, quantities))


def action_of(event: AnyEvent) -> str | None:
    """What the event did; a transformation, and many an event of others, has no action."""
    action = None if isinstance(event, TransformationEvent) else event.action
    return None if action is None else action.value
