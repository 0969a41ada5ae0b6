"""Identifiers of an event that claim to be GS1 keys and aren't.

GS1's schema takes any address for an identifier, and examples of the standard itself have keys with
wrong check digits. So such an event is stored, its identifier as it came, and told of.
"""

from collections.abc import Iterable, Iterator

from traceability.epcis.identifiers import check
from traceability.epcis.jsonld.json_values import shown
from traceability.epcis.model import AnyEvent, objects_of
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


def _objects(event: AnyEvent) -> Iterator[_Named]:
    parent: str | None = getattr(event, "parent", None)
    if parent is not None:
        yield "parentID", (parent,)
    for each in objects_of(event):
        yield each.epc_list, each.epcs
        yield each.quantity_list, [quantity.epc_class for quantity in each.quantities]
