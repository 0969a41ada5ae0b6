"""EPCIS 2.0 events as plain values (GS1 EPCIS 2.0, sections 7.3 and 7.4; CBV 2.0).

Rules of the standard that an event keeps, or its making raises EventFormatError:

- An ObjectEvent names at least one object, by EPC or by class and quantity. Its `ilmd`
  (instance and lot master data) stands only where objects come into being: action ADD.
- An AggregationEvent with ADD or DELETE names its parent; with ADD at least one child.
- A TransformationEvent has no action. It has inputs and outputs, or else a transformation id
  that ties it to the events that have them.
- An extension's name carries its namespace, as in `agripark:step`.
- Quantities are positive; a unit of measure is a code of UN/CEFACT Recommendation 20.

Objects, places and parties are addresses in canonical Digital Link form. Business steps and
dispositions are the bare words of the CBV.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from traceability.errors import EventFormatError

_OFFSET = re.compile(r"[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00)", re.ASCII)
_UNIT = re.compile(r"[A-Z0-9]{2,3}", re.ASCII)
_QUALIFIED = re.compile(r"[^\s:]+:\S+")

KILOGRAM = "KGM"
"""The code of the kilogram in UN/CEFACT Recommendation 20."""


class Action(StrEnum):
    """What an event did to the objects it names."""

    ADD = "ADD"
    OBSERVE = "OBSERVE"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True)
class Quantity:
    """So much of a class of objects; without a unit it is a count."""

    epc_class: str
    quantity: float
    uom: str | None = KILOGRAM

    def __post_init__(self) -> None:
        """Check quantity and unit."""
        _require("quantity", "must be positive", holds=0 < self.quantity < float("inf"))
        unit_is_code = self.uom is None or _UNIT.fullmatch(self.uom) is not None
        _require("uom", f"{self.uom!r} is no unit code, such as KGM", holds=unit_is_code)


@dataclass(frozen=True, slots=True)
class Party:
    """A source or destination: a party or place, and in what sense it is one."""

    type: str
    """`owning_party`, `possessing_party` or `location`."""
    id: str


@dataclass(frozen=True, slots=True)
class BusinessTransaction:
    """A paper that the event belongs to, such as a despatch advice."""

    id: str
    type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event has: which, when, where, why."""

    type: ClassVar[str]

    event_id: str
    event_time: datetime
    event_time_zone_offset: str
    record_time: datetime | None = None
    biz_step: str | None = None
    disposition: str | None = None
    read_point: str | None = None
    biz_location: str | None = None
    biz_transactions: Sequence[BusinessTransaction] = ()
    sources: Sequence[Party] = ()
    destinations: Sequence[Party] = ()
    extensions: Mapping[str, Any] = field(default_factory=dict)
    """By qualified name; kept as they came."""

    def __post_init__(self) -> None:
        """Check what holds for every event."""
        _require("eventID", "is missing", holds=bool(self.event_id))
        _require("eventTime", "lacks its offset", holds=self.event_time.tzinfo is not None)
        _require(
            "eventTimeZoneOffset",
            f"{self.event_time_zone_offset!r} is no offset, such as +08:00",
            holds=_OFFSET.fullmatch(self.event_time_zone_offset) is not None,
        )
        for name in self.extensions:
            _require(name, "is no field of EPCIS and has no namespace", holds=_is_qualified(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectEvent(Event):
    """Something happened to objects."""

    type = "ObjectEvent"

    action: Action
    epcs: Sequence[str] = ()
    quantities: Sequence[Quantity] = ()
    ilmd: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check what holds for object events."""
        Event.__post_init__(self)
        _require("epcList", "names no object", holds=bool(self.epcs or self.quantities))
        _require("epcList", "has one twice", holds=len(set(self.epcs)) == len(self.epcs))
        _require("ilmd", "only with action ADD", holds=not self.ilmd or self.action is Action.ADD)


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregationEvent(Event):
    """Objects were put on or taken off another, their parent."""

    type = "AggregationEvent"

    action: Action
    parent: str | None = None
    child_epcs: Sequence[str] = ()
    child_quantities: Sequence[Quantity] = ()

    def __post_init__(self) -> None:
        """Check what holds for aggregation events."""
        Event.__post_init__(self)
        observed = self.action is Action.OBSERVE
        _require("parentID", "is missing", holds=observed or self.parent is not None)
        added = self.action is Action.ADD
        children = bool(self.child_epcs or self.child_quantities)
        _require("childEPCs", "names no child", holds=children or not added)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformationEvent(Event):
    """Objects were used up and others came out."""

    type = "TransformationEvent"

    input_epcs: Sequence[str] = ()
    input_quantities: Sequence[Quantity] = ()
    output_epcs: Sequence[str] = ()
    output_quantities: Sequence[Quantity] = ()
    transformation_id: str | None = None
    ilmd: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check what holds for transformation events."""
        Event.__post_init__(self)
        inputs = bool(self.input_epcs or self.input_quantities)
        outputs = bool(self.output_epcs or self.output_quantities)
        tied = self.transformation_id is not None
        _require("inputQuantityList", "names no input", holds=inputs or (tied and outputs))
        _require("outputQuantityList", "names no output", holds=outputs or (tied and inputs))


AnyEvent = ObjectEvent | AggregationEvent | TransformationEvent


def _is_qualified(name: str) -> bool:
    return _QUALIFIED.fullmatch(name) is not None


def _require(path: str, problem: str, *, holds: bool) -> None:
    if not holds:
        raise EventFormatError(path, problem)
