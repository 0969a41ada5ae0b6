"""Documents from JSON-LD (GS1 EPCIS 2.0, section 10): what stands around their events.

The envelope is read strictly; the events in it are read one by one, see `reading`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from traceability.epcis.contexts import Context
from traceability.epcis.event_types import STANDARD_TYPES, canonical_type, is_of_others
from traceability.epcis.jsonld.faults import Faults
from traceability.epcis.jsonld.json_values import check_context, shown
from traceability.epcis.jsonld.master_data import read_header, read_vocabularies
from traceability.epcis.jsonld.parts import Part
from traceability.epcis.master_data.statements import Statement
from traceability.errors import InvalidDocumentError

Json = Mapping[str, Any]

_VERSION = re.compile(r"2(?:\.\d+)*", re.ASCII)
_BLANK_NODE = re.compile(r"_:\w[\w.-]*", re.ASCII)
"""JSON-LD's name for what has none elsewhere; examples of GS1 call documents so."""
_QUERY_DOCUMENT = "EPCISQueryDocument"
_DOCUMENTS = frozenset({"EPCISDocument", _QUERY_DOCUMENT})


@dataclass(frozen=True, slots=True)
class EventDocument:
    """The events of a document, unread, and what their names mean."""

    context: Context
    bodies: Sequence[Any]
    path: str
    """Of the list in the document; empty for an event that stands alone."""
    master_data: Sequence[Statement] = ()
    """What the document says of places, products and parties."""

    def path_of(self, position: int) -> str:
        """Where an event of the list stands."""
        return f"{self.path}[{position}]" if self.path else ""


def read_document(body: Any) -> EventDocument:
    """The events of an EPCISDocument or EPCISQueryDocument, or one event with its `@context`.

    Raises InvalidDocumentError for an envelope that breaks the schema; events are read apart.
    """
    faults = Faults()
    if not isinstance(body, Mapping):
        faults.add("", "must be an object: an EPCISDocument, or an event with its @context")
        raise InvalidDocumentError(faults.problems)
    context = _context(body, faults)
    if _is_event(body.get("type"), context):
        found = EventDocument(context, [body], "")
    else:
        found = _envelope(Part(body, "", context, faults))
    if faults.problems:
        raise InvalidDocumentError(faults.problems)
    return found


def _context(body: Json, faults: Faults) -> Context:
    value = body.get("@context")
    if value is None:
        faults.add("@context", "is missing; GS1's own is the least")
    else:
        check_context(value, "@context", faults)
    return Context.of(value)


def _is_event(kind: Any, context: Context) -> bool:
    if not isinstance(kind, str):
        return False
    name = canonical_type(kind, context.expand)
    return name in STANDARD_TYPES or is_of_others(name)


def _envelope(part: Part) -> EventDocument:
    kind = part.text("type")
    name = None if kind is None else canonical_type(kind, part.context.expand)
    part.require("type", "epcisBody")
    if name != _QUERY_DOCUMENT:
        # The schema asks these of an EPCISDocument only.
        part.require("schemaVersion", "creationDate")
    if name is not None and name not in _DOCUMENTS:
        part.fault("type", f"{shown(kind)} is neither EPCISDocument nor a type of event")
    part.matched("schemaVersion", _VERSION, "version of EPCIS 2, such as 2.0")
    part.time("creationDate")
    if not _BLANK_NODE.fullmatch(str(part.raw("id"))):
        part.uri("id")
    for name in ("sender", "receiver", "instanceIdentifier"):
        part.text(name)
    header = part.part("epcisHeader")
    master_data = () if header is None else read_header(header)
    inner = part.part("epcisBody")
    part.extensions()
    if inner is None:
        return EventDocument(part.context, (), "epcisBody.eventList")
    found = _results(inner) if inner.has("queryResults") else _body(inner)
    return replace(found, master_data=(*master_data, *found.master_data))


def _results(inner: Part) -> EventDocument:
    """What a query found: an EPCISQueryDocument may be captured as it is."""
    results = inner.part("queryResults")
    inner.extensions()
    if results is None:
        return EventDocument(inner.context, (), "epcisBody.queryResults")
    results.text("queryName")
    results.text("subscriptionID")
    results.require("queryName", "resultsBody")
    found = results.part("resultsBody")
    results.extensions()
    said = () if found is None else read_vocabularies(found)
    if found is None:
        return EventDocument(inner.context, (), "epcisBody.queryResults.resultsBody")
    path = "epcisBody.queryResults.resultsBody.eventList"
    return replace(_body(found), path=path, master_data=said)


def _body(inner: Part) -> EventDocument:
    if inner.has("event") and not inner.has("eventList"):
        single = inner.raw("event")
        return EventDocument(inner.context, [single], "epcisBody.event")
    inner.require("eventList")
    events = inner.raw("eventList")
    inner.extensions()
    if inner.has("eventList") and not isinstance(events, list):
        inner.fault("eventList", "must be a list of events")
        events = []
    return EventDocument(inner.context, events or (), "epcisBody.eventList")
