"""Events: capture of one, queries over all, look-up by id."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from api.epcis import requests
from api.epcis.answers import JsonOrXmlType, JsonType, events_answer, json_answer
from api.epcis.bodies import BodyInTurn
from api.epcis.discovery import add_discovery
from api.epcis.headers import Extensions
from api.epcis.paging import NextPageToken, PerPage, public_address
from api.epcis.responses import EVENTS, exceptions
from api.epcis.services import EpcisNeeded
from api.errors import ProblemError
from api.parameters import PathText
from traceability.epcis.query.conditions import DEFAULT_PER_PAGE
from traceability.epcis.query.parameters import parse_query, parse_query_body
from traceability.epcis.translation import IdentifierForm, translate_json
from traceability.errors import NotFoundError

router = APIRouter(tags=["EPCIS events"], responses=exceptions())

EventIdPath = Annotated[
    PathText,
    Path(
        description="An event's id, percent-encoded or not.",
        examples=["urn:uuid:01998c4e-8a00-7000-8000-000000000001"],
    ),
]
_HASH = "ni:///sha-256;"


@router.post(
    "/events",
    summary="Capture one event",
    status_code=201,
    responses={
        201: {"content": {"application/json": {"schema": {"type": "object"}}}},
        **exceptions(
            "CaptureLimitExceededException",
            "NotAcceptableException",
            "ResourceAlreadyExistsException",
            "UnsupportedMediaTypeException",
        ),
    },
    openapi_extra=requests.body(requests.EVENT),
)
def capture_event(
    request: Request, epcis: EpcisNeeded, sent: BodyInTurn, media_type: JsonType
) -> Response:
    """One event with its `@context`; it is stored when the answer comes.

    An event that is there already is refused: there it stays. Without an id of its own it gets
    its hash for one.
    """
    body = sent.document()
    if isinstance(body, dict) and "epcisBody" in body:
        raise ProblemError(
            "ValidationException", "one event is captured here; send documents to /epcis/capture"
        )
    captured = epcis.repository.capture_event(body)
    address = public_address(request, f"/epcis/events/{quote(captured.event_id, safe='')}")
    if not captured.new:
        raise ProblemError(
            "ResourceAlreadyExistsException",
            f"the event {captured.event_id} was captured before",
            members={"instance": address},
        )
    epcis.runner.wake()
    event = translate_json(epcis.repository.event(captured.event_id), IdentifierForm.NEVER)
    return json_answer(event, media_type, status=201, headers={"Location": address})


@router.get(
    "/events",
    summary="Query events",
    responses={
        **EVENTS,
        **exceptions(
            "QueryParameterException",
            "NotAcceptableException",
            "QueryTooLargeException",
            "URITooLongException",
        ),
    },
)
def query_events(
    request: Request,
    epcis: EpcisNeeded,
    names: Extensions,
    media_type: JsonOrXmlType,
    _per_page: PerPage = DEFAULT_PER_PAGE,
    _token: NextPageToken = None,
) -> Response:
    """Events that fit, with the parameters of the standard's SimpleEventQuery."""
    query = parse_query(request.query_params.multi_items(), names)
    page = epcis.repository.query(query, query.page_token, query.per_page)
    return events_answer(request, page.items, media_type, next_token=page.next_token)


def _asked_id(request: Request, event: str) -> str:
    """The id; one that wasn't encoded lost what looks like a query string."""
    query = request.scope["query_string"].decode("latin-1")
    return f"{event}?{query}" if event.startswith(_HASH) and query.startswith("ver=") else event


@router.get(
    "/events/{event:path}",
    summary="One event",
    responses={**EVENTS, **exceptions("NoSuchResourceException", "NotAcceptableException")},
)
def get_epcis_event(
    request: Request, epcis: EpcisNeeded, event: EventIdPath, media_type: JsonOrXmlType
) -> Response:
    """The event, and the declaration that it was wrong where there is one."""
    event_id = _asked_id(request, event)
    page = epcis.repository.query(parse_query_body({"EQ_eventID": [event_id]}))
    if not page.items:
        raise NotFoundError("event-not-found", f"there is no event {event_id}")
    return events_answer(request, page.items, media_type)


def _event_exists(request: Request, epcis: EpcisNeeded, event: EventIdPath) -> None:
    epcis.repository.event(_asked_id(request, event))


add_discovery(router, "/events", "GET, POST", captures=True)
add_discovery(router, "/events/{event:path}", exists=_event_exists)
