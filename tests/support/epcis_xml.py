"""Documents in XML, and what is read from them."""

from typing import Any

import pytest

from tests.support.event_bodies import CONTEXT
from traceability.epcis.contexts import Context
from traceability.epcis.jsonld.documents import read_document
from traceability.epcis.jsonld.reading import read_event
from traceability.epcis.model import AnyEvent
from traceability.epcis.xml.reading import read_xml
from traceability.errors import FieldProblem, InvalidDocumentError

Json = dict[str, Any]

EVENT = """
<ObjectEvent>
  <eventTime>2026-10-12T03:04:05Z</eventTime>
  <eventTimeZoneOffset>+08:00</eventTimeZoneOffset>
  <epcList><epc>urn:epc:id:sgtin:6901234.011111.1</epc></epcList>
  <action>OBSERVE</action>
  {more}
</ObjectEvent>
"""


def xml(events: str, declarations: str = "", version: int = 2, before: str = "") -> bytes:
    """A document of these events."""
    return f"""{before}<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:{version}"
        xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
        xmlns:xsd="http://www.w3.org/2001/XMLSchema"
        {declarations} schemaVersion="{version}.0" creationDate="2026-10-12T04:00:00Z">
      <EPCISBody><EventList>{events}</EventList></EPCISBody>
    </epcis:EPCISDocument>""".encode()


def first(data: bytes) -> AnyEvent:
    """The first event of a document."""
    found = read_document(read_xml(data))
    return read_event(found.bodies[0], found.context, found.path_of(0))


def with_more(more: str, declarations: str = 'xmlns:ex="http://ns.example.com/epcis/"') -> AnyEvent:
    """An event with these elements beside what it must have."""
    return first(xml(EVENT.format(more=more), declarations))


def extension(more: str, declarations: str = 'xmlns:ex="http://ns.example.com/epcis/"') -> Any:
    """The value of the one extension that these elements are."""
    (value,) = with_more(more, declarations).extensions.values()
    return value


def problems(data: bytes) -> list[FieldProblem]:
    """What is said against a document."""
    with pytest.raises(InvalidDocumentError) as raised:
        first(data)
    return list(raised.value.problems)


def read_json(body: Json, context: Any = None) -> AnyEvent:
    """The event that stands in JSON."""
    return read_event(body, Context.of(context or CONTEXT))
