"""The root: which top-level resources there are."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path
from starlette.responses import Response

from api.epcis.answers import JsonType, collection
from api.epcis.discovery import add_discovery
from api.epcis.responses import exceptions
from api.models.epcis import Collection
from traceability.epcis.query.resources import Resource

router = APIRouter(tags=["EPCIS discovery"], responses=exceptions("NotAcceptableException"))

_TOP_LEVEL = ("capture", "events", *(resource.value for resource in Resource), "queries")


@router.get("/", summary="Top-level resources", response_model=Collection)
def list_top_level(media_type: JsonType) -> Response:
    """The resources of the standard, all of which there are."""
    return collection(_TOP_LEVEL, media_type)


add_discovery(router, "/", captures=True)


@router.delete(
    "/nextPageToken/{token}",
    summary="Release a page token",
    include_in_schema=False,
)
def release_page_token(token: Annotated[str, Path(description="A page token.")]) -> None:
    """The standard's optional way to free what a token holds; here tokens hold nothing."""
    raise HTTPException(501, f"a token such as {token[:20]!r} holds nothing that could be released")
