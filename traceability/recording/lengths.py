"""How long an identifier may be that a database keeps as a key.

An index of PostgreSQL holds entries of up to 2,704 bytes, of which a certificate beside a place may
take a thousand. What an index holds shortened (`epcis.storable`) may be of any length.
"""

from collections.abc import Iterator

from traceability.epcis.model import AnyEvent, objects_of
from traceability.errors import FieldProblem, InvalidDocumentError

LONGEST_KEY_BYTES = 1500


def check_lengths(event: AnyEvent, path: str) -> None:
    """Raise InvalidDocumentError where an identifier is too long for a key.

    `path` says where the event stands in its document.
    """
    begin = f"{path}." if path else ""
    problems = [
        FieldProblem(begin + name, f"is longer than {LONGEST_KEY_BYTES} bytes of UTF-8")
        for name, identifier in _keys(event)
        if _is_too_long(identifier)
    ]
    if problems:
        raise InvalidDocumentError(problems)


def _is_too_long(identifier: str | None) -> bool:
    if identifier is None or len(identifier) * 4 <= LONGEST_KEY_BYTES:
        return False
    return len(identifier.encode(errors="surrogatepass")) > LONGEST_KEY_BYTES


def _keys(event: AnyEvent) -> Iterator[tuple[str, str | None]]:
    yield "eventID", event.event_id
    yield "transformationID", getattr(event, "transformation_id", None)
    yield "parentID", getattr(event, "parent", None)
    for name, place in (("readPoint.id", event.read_point), ("bizLocation.id", event.biz_location)):
        yield name, None if place is None else place.id
    for name, parties in (("sourceList", event.sources), ("destinationList", event.destinations)):
        for position, party in enumerate(parties):
            yield f"{name}[{position}]", party.id
    for each in objects_of(event):
        for position, epc in enumerate(each.epcs):
            yield f"{each.epc_list}[{position}]", epc
        for position, quantity in enumerate(each.quantities):
            yield f"{each.quantity_list}[{position}].epcClass", quantity.epc_class
