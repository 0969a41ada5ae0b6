"""Identifiers of an event that claim to be GS1 keys and aren't.

GS1's schema takes any address for an identifier, and examples of the standard itself have keys with
wrong check digits. So such an event is stored, its identifier as it came, and told of.
"""

from collections.abc import Iterable, Iterator, Sequence

from traceability.epcis.identifiers import check
from traceability.epcis.json_values import shown
from traceability.epcis.model import (
    AggregationEvent,
    AnyEvent,
    AssociationEvent,
    ExtendedEvent,
    ObjectEvent,
    Quantity,
    TransactionEvent,
    TransformationEvent,
)
from traceability.findings import Finding

_Named = tuple[str, Iterable[str]]
"""A field and the identifiers in it."""


def malformed_keys(event: AnyEvent) -> Iterator[Finding]:
    """What is wrong with identifiers: of each field the first."""
    for path, identifiers in (*_circumstances(event), *_objects(event)):
        for each in identifiers:
            wrong = check(each)
            if wrong is not None:
                yield Finding("malformed-key", f"{shown(each)}: {wrong}", path)
                break


def _circumstances(event: AnyEvent) -> list[_Named]:
    found: list[_Named] = []
    for name, place in (("readPoint", event.read_point), ("bizLocation", event.biz_location)):
        if place is not None:
            found.append((f"{name}.id", (place.id,)))
    for name, parts in (
        ("bizTransactionList", event.biz_transactions),
        ("sourceList", event.sources),
        ("destinationList", event.destinations),
    ):
        if parts:
            found.append((name, [each.id for each in parts]))
    for position, element in enumerate(event.sensor_elements):
        said = [each for each in (element.metadata, *element.reports) if each is not None]
        devices = [each.device_id for each in said if each.device_id is not None]
        found.append((f"sensorElementList[{position}]", devices))
    return found


def _objects(event: AnyEvent) -> list[_Named]:
    match event:
        case ObjectEvent():
            return [("epcList", event.epcs), *_classes("quantityList", event.quantities)]
        case AggregationEvent() | AssociationEvent():
            return [*_parent(event), *_children(event)]
        case TransactionEvent():
            listed = _classes("quantityList", event.quantities)
            return [*_parent(event), ("epcList", event.epcs), *listed]
        case TransformationEvent():
            return _inputs_and_outputs(event)
        case ExtendedEvent():
            listed = _classes("quantityList", event.quantities)
            own = [*_parent(event), ("epcList", event.epcs), *listed, *_children(event)]
            return [*own, *_inputs_and_outputs(event)]


def _parent(
    event: AggregationEvent | AssociationEvent | TransactionEvent | ExtendedEvent,
) -> list[_Named]:
    return [] if event.parent is None else [("parentID", (event.parent,))]


def _children(event: AggregationEvent | AssociationEvent | ExtendedEvent) -> list[_Named]:
    classes = _classes("childQuantityList", event.child_quantities)
    return [("childEPCs", event.child_epcs), *classes]


def _inputs_and_outputs(event: TransformationEvent | ExtendedEvent) -> list[_Named]:
    return [
        ("inputEPCList", event.input_epcs),
        *_classes("inputQuantityList", event.input_quantities),
        ("outputEPCList", event.output_epcs),
        *_classes("outputQuantityList", event.output_quantities),
    ]


def _classes(name: str, quantities: Sequence[Quantity]) -> list[_Named]:
    return [(name, [each.epc_class for each in quantities])] if quantities else []
