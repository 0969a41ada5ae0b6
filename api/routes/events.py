"""EPCIS events, as they were captured."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse

from api.models.common import Items
from api.negotiation import JSON_LD
from api.openapi import problems
from api.parameters import DEFAULT_LIMIT, After, EventPath, Limit
from api.services import ServicesNeeded

router = APIRouter(tags=["Events"], responses=problems("database-unavailable"))


class JsonLdResponse(JSONResponse):
    """JSON-LD."""

    media_type = JSON_LD


@router.get("/events", summary="List events", responses=problems("bad-page-token"))
def list_events(
    services: ServicesNeeded, limit: Limit = DEFAULT_LIMIT, after: After = None
) -> Items[Mapping[str, Any]]:
    """EPCIS 2.0 events in the order of their capture."""
    page = services.traceability.events(after, limit)
    return Items(items=list(page.items), next=page.next_token)


@router.get(
    "/events/{event}",
    summary="One event",
    response_class=JsonLdResponse,
    responses=problems("event-not-found", "bad-text"),
)
def get_event(services: ServicesNeeded, event: EventPath) -> JsonLdResponse:
    """An event as an EPCIS 2.0 JSON-LD document of its own."""
    return JsonLdResponse(services.traceability.event(event))
