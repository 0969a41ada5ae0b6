"""Pages of the EPCIS 2.0 REST binding: `perPage`, `nextPageToken`, and the Link to the next.

The token holds the key of the page's last item, so it never expires; there is no
GS1-Next-Page-Token-Expires header.
"""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import Depends, Query, Request

from api.services import services_in
from traceability.epcis.query.conditions import DEFAULT_PER_PAGE
from traceability.epcis.query.parameters import MOST_PER_PAGE

PerPage = Annotated[
    int,
    Query(
        alias="perPage",
        ge=1,
        description=f"Most items on a page; beyond {MOST_PER_PAGE} it counts as {MOST_PER_PAGE}.",
    ),
]
NextPageToken = Annotated[
    str | None,
    Query(
        alias="nextPageToken",
        description="From the Link of the page before; leave out for the first page.",
    ),
]


@dataclass(frozen=True, slots=True)
class PageAsked:
    """Which page of a list."""

    token: str | None
    per_page: int


async def _page_asked(
    per_page: PerPage = DEFAULT_PER_PAGE, token: NextPageToken = None
) -> PageAsked:
    return PageAsked(token or None, min(per_page, MOST_PER_PAGE))


Paged = Annotated[PageAsked, Depends(_page_asked)]


def public_address(request: Request, path: str) -> str:
    """The address of a path as others reach it."""
    services = services_in(request)
    base = services.settings.public_url or str(request.base_url)
    return base.rstrip("/") + path


def link_to_next(request: Request, token: str | None) -> dict[str, str]:
    """The Link header of a page; empty for the last."""
    if token is None:
        return {}
    query = request.scope["query_string"].decode("latin-1")
    kept = [
        (name, value)
        for name, value in parse_qsl(query, keep_blank_values=True)
        if name != "nextPageToken"
    ]
    address = public_address(request, request.scope["path"])
    return {"Link": f'<{address}?{urlencode([*kept, ("nextPageToken", token)])}>; rel="next"'}
