"""Reading what clients send: JSON or XML, never on the event loop."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.epcis.json_text import parse_json
from api.epcis.limits import capture_limits
from api.errors import ProblemError
from api.negotiation import JSON, JSON_LD, TEXT_XML, XML
from api.services import services_in
from api.turns import turns_in
from traceability.epcis.xml.reading import read_xml

JSON_TYPES: Sequence[str] = (JSON, JSON_LD)
XML_TYPES: Sequence[str] = (XML, TEXT_XML)
_PLAIN = "identity"


@dataclass(frozen=True, slots=True)
class Sent:
    """A request's body as it came."""

    content: bytes
    is_xml: bool

    def json(self) -> Any:
        """The JSON in it. Raises InvalidDocumentError."""
        return parse_json(self.content)

    def document(self) -> Any:
        """The EPCIS document or event in it, in JSON. Raises InvalidDocumentError."""
        if self.is_xml:
            return read_xml(self.content)
        return self.json()


async def json_body(request: Request) -> Sent:
    """The body of a request that takes JSON only. Raises ProblemError."""
    return await _read(request, JSON_TYPES)


async def _body_in_turn(request: Request) -> AsyncIterator[Sent]:
    sent = await _read(request, (*JSON_TYPES, *XML_TYPES))
    async with turns_in(request).turn(request, len(sent.content)):
        yield sent


async def _read(request: Request, types: Sequence[str]) -> Sent:
    given = request.headers.get("content-type", JSON).split(";")[0].strip().lower()
    if given not in types:
        raise ProblemError(
            "UnsupportedMediaTypeException",
            f"{given[:80]!r} isn't read here; send {', '.join(types)}",
            headers={"Accept": ", ".join(types)},
        )
    _check_coding(request)
    try:
        content = await request.body()
    except ClientDisconnect as error:
        raise ProblemError(
            "ValidationException", "the client left before the body ended"
        ) from error
    except HTTPException as error:
        if error.status_code != HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise
        services = services_in(request)
        raise ProblemError(
            "CaptureLimitExceededException",
            "the body is too large; split it",
            headers=capture_limits(services),
        ) from error
    return Sent(content, given in XML_TYPES)


def _check_coding(request: Request) -> None:
    coding = request.headers.get("content-encoding", _PLAIN).strip().lower()
    if coding not in ("", _PLAIN):
        raise ProblemError(
            "UnsupportedMediaTypeException",
            f"bodies coded as {coding[:80]!r} aren't read here; send them as they are",
            headers={"Accept-Encoding": _PLAIN},
        )


JsonBody = Annotated[Sent, Depends(json_body)]
BodyInTurn = Annotated[Sent, Depends(_body_in_turn)]
"""JSON or XML; from then on until the answer it is this request's turn to capture."""
