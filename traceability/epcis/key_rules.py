"""Identifiers of an event that claim to be GS1 keys and aren't.

GS1's schema takes any address for an identifier, and examples of the standard itself have keys with
wrong check digits. So such an event is stored, its identifier as it came, and told of.
"""

from collections.abc import Iterable, Iterator

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


def malformed_keys(event: AnyEvent) -> Iterator[Finding]:
    """What is wrong with identifiers: of each field the first."""
    for path, identifiers in _identifiers(event):
        wrong = ((each, check(each)) for each in identifiers)
        first = next((each for each in wrong if each[1] is not None), None)
        if first is not None:
            yield Finding("malformed-key", f"{shown(first[0])}: {first[1]}", path)


def _identifiers(event: AnyEvent) -> Iterator[tuple[str, Iterable[str]]]:
    for name, place in (("readPoint", event.read_point), ("bizLocation", event.biz_location)):
        if place is not None:
            yield f"{name}.id", (place.id,)
    yield from _objects(event)
    yield "bizTransactionList", (each.id for each in event.biz_transactions)
    yield "sourceList", (each.id for each in event.sources)
    yield "destinationList", (each.id for each in event.destinations)
    for position, element in enumerate(event.sensor_elements):
        said = [element.metadata, *element.reports]
        devices = (each.device_id for each in said if each is not None)
        yield f"sensorElementList[{position}]", (each for each in devices if each is not None)


def _objects(event: AnyEvent) -> Iterator[tuple[str, Iterable[str]]]:
    if isinstance(event, ObjectEvent | TransactionEvent | ExtendedEvent):
        yield "epcList", event.epcs
        yield "quantityList", _classes(event.quantities)
    if isinstance(event, AggregationEvent | AssociationEvent | ExtendedEvent):
        yield "childEPCs", event.child_epcs
        yield "childQuantityList", _classes(event.child_quantities)
    if isinstance(event, TransformationEvent | ExtendedEvent):
        yield "inputEPCList", event.input_epcs
        yield "inputQuantityList", _classes(event.input_quantities)
        yield "outputEPCList", event.output_epcs
        yield "outputQuantityList", _classes(event.output_quantities)
    if not isinstance(event, ObjectEvent | TransformationEvent) and event.parent is not None:
        yield "parentID", (event.parent,)


def _classes(quantities: Iterable[Quantity]) -> Iterator[str]:
    return (each.epc_class for each in quantities)
