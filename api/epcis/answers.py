"""Answers of the EPCIS 2.0 REST binding: documents of events, collections, plain JSON."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import orjson
from fastapi import Depends, Request
from starlette.responses import Response

from api.epcis.bodies import JSON_TYPES, XML_TYPES
from api.epcis.headers import read_epc_format, read_word_form
from api.epcis.paging import link_to_next
from api.errors import ProblemError
from api.negotiation import acceptable
from api.services import services_in
from traceability.epcis.contexts import GS1_CONTEXT
from traceability.epcis.jsonld.writing import query_document
from traceability.epcis.translation import translate, translate_json
from traceability.epcis.xml.writing import write_xml

Json = dict[str, Any]

_VARY = {"Vary": "Accept, GS1-EPC-Format, GS1-CBV-XML-Format"}


def _offered(request: Request, types: Sequence[str]) -> str:
    found = acceptable(request.headers.get("accept"), types)
    if found is None:
        raise ProblemError(
            "NotAcceptableException", f"there is an answer in {', '.join(types)} only"
        )
    return found


async def _json_type(request: Request) -> str:
    return _offered(request, JSON_TYPES)


async def _json_or_xml_type(request: Request) -> str:
    return _offered(request, (*JSON_TYPES, *XML_TYPES))


JsonType = Annotated[str, Depends(_json_type)]
"""The media type that a client wants, of those for JSON. Raises ProblemError."""
JsonOrXmlType = Annotated[str, Depends(_json_or_xml_type)]
"""The media type that a client wants, of those for events and jobs. Raises ProblemError."""


def json_answer(
    content: Any, media_type: str, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Plain JSON."""
    return Response(orjson.dumps(content), status, headers, media_type)


def collection(
    members: Sequence[str],
    media_type: str,
    *,
    headers: Mapping[str, str] | None = None,
    context: Any = GS1_CONTEXT,
) -> Response:
    """A collection of names, and the `@context` of their prefixes."""
    content = {"@context": context, "type": "Collection", "member": members}
    return json_answer(content, media_type, headers=headers)


def events_answer(
    request: Request,
    events: Sequence[Json],
    media_type: str,
    *,
    next_token: str | None = None,
    query_name: str = "SimpleEventQuery",
) -> Response:
    """An EPCISQueryDocument of events that stand on their own, in the form that was asked for."""
    services = services_in(request)
    form = read_epc_format(request.headers.get("GS1-EPC-Format"))
    is_xml = media_type in XML_TYPES
    change = translate if is_xml else translate_json
    document = query_document(
        [change(event, form) for event in events], services.clock(), query_name
    )
    headers = {
        **_VARY,
        **link_to_next(request, next_token),
        "GS1-EPC-Format": form.value,
    }
    if is_xml:
        words = read_word_form(request.headers.get("GS1-CBV-XML-Format"))
        headers["GS1-CBV-XML-Format"] = words.value
        return Response(write_xml(document, words), 200, headers, media_type)
    return Response(orjson.dumps(document), 200, headers, media_type)
