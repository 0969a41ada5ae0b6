"""Named queries and their results."""

from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from api.epcis import requests
from api.epcis.answers import JsonOrXmlType, JsonType, events_answer, json_answer
from api.epcis.bodies import JsonBody
from api.epcis.discovery import add_discovery
from api.epcis.headers import Extensions
from api.epcis.paging import Paged, link_to_next, public_address
from api.epcis.responses import EVENTS, exceptions
from api.epcis.services import EpcisNeeded
from api.models.epcis import Query, QueryIn, validated
from api.parameters import PathText
from api.services import ServicesNeeded
from traceability.epcis.contexts import Context
from traceability.errors import QueryParameterError

router = APIRouter(tags=["EPCIS queries"], responses=exceptions())

QueryPath = Annotated[PathText, Path(description="The name of a query.", examples=["shipments"])]
_PAGING = {"perPage", "nextPageToken"}


@router.get(
    "/queries",
    summary="List named queries",
    response_model=list[Query],
    responses=exceptions("QueryParameterException", "NotAcceptableException"),
)
def list_queries(
    request: Request, epcis: EpcisNeeded, asked: Paged, media_type: JsonType
) -> Response:
    """The queries that have names, the oldest first."""
    page = epcis.queries.page(asked.token, asked.per_page)
    content = [Query.of(named).model_dump(mode="json") for named in page.items]
    return json_answer(content, media_type, headers=link_to_next(request, page.next_token))


@router.post(
    "/queries",
    summary="Give a query a name",
    status_code=201,
    response_model=Query,
    responses=exceptions(
        "QueryParameterException",
        "NotAcceptableException",
        "ResourceAlreadyExistsException",
        "UnsupportedMediaTypeException",
    ),
    openapi_extra=requests.body(
        requests.of_model(
            QueryIn, {"name": "arrivals", "query": {"EQ_bizStep": ["receiving", "arriving"]}}
        )
    ),
)
def add_query(
    request: Request,
    services: ServicesNeeded,
    epcis: EpcisNeeded,
    sent: JsonBody,
    names: Extensions,
    media_type: JsonType,
) -> Response:
    """A query with the parameters of SimpleEventQuery; a list of values is a JSON array.

    Prefixes of extensions are declared by an `@context` in the query or beside it, or by the
    GS1-Extensions header.
    """
    wanted = validated(QueryIn, sent.json())
    added = epcis.queries.add(wanted.name, _definition(wanted, names), services.clock())
    location = public_address(request, f"/epcis/queries/{quote(added.name, safe='')}")
    return json_answer(
        Query.of(added).model_dump(mode="json"),
        media_type,
        status=201,
        headers={"Location": location},
    )


def _definition(wanted: QueryIn, names: Context) -> dict[str, Any]:
    """The query with what its prefixes stand for."""
    if "@context" in wanted.query:
        return wanted.query
    if wanted.context is not None:
        return {"@context": wanted.context, **wanted.query}
    return (
        {"@context": names.value, **wanted.query} if isinstance(names.value, list) else wanted.query
    )


@router.get(
    "/queries/{name}/events",
    summary="Result of a named query",
    responses={
        **EVENTS,
        **exceptions(
            "QueryParameterException",
            "NoSuchResourceException",
            "NotAcceptableException",
            "QueryTooLargeException",
        ),
    },
)
def get_query_events(
    request: Request, epcis: EpcisNeeded, name: QueryPath, asked: Paged, media_type: JsonOrXmlType
) -> Response:
    """Events that fit the query now. A WebSocket at this address gets those that come."""
    for parameter in request.query_params:
        if parameter not in _PAGING:
            raise QueryParameterError(
                parameter, "a named query takes perPage and nextPageToken only, but for WebSockets"
            )
    named = epcis.queries.get(name)
    query = named.query
    per_page = asked.per_page if "perPage" in request.query_params else query.per_page
    page = epcis.repository.query(replace(query, page_token=None), asked.token, per_page)
    return events_answer(
        request, page.items, media_type, next_token=page.next_token, query_name=named.name
    )


@router.get(
    "/queries/{name}",
    summary="One named query",
    response_model=Query,
    responses=exceptions("NoSuchResourceException", "NotAcceptableException"),
)
def get_query(epcis: EpcisNeeded, name: QueryPath, media_type: JsonType) -> Response:
    """What the query asks for."""
    return json_answer(Query.of(epcis.queries.get(name)).model_dump(mode="json"), media_type)


@router.delete(
    "/queries/{name}",
    summary="Forget a named query",
    status_code=204,
    response_class=Response,
    responses=exceptions("NoSuchResourceException"),
)
def remove_query(epcis: EpcisNeeded, name: QueryPath) -> Response:
    """Forget a query and all that subscribed to it."""
    epcis.queries.remove(name)
    return Response(status_code=204)


def query_exists(epcis: EpcisNeeded, name: QueryPath) -> None:
    """Raise NotFoundError unless there is such a query."""
    epcis.queries.get(name)


add_discovery(router, "/queries", "GET, POST")
add_discovery(router, "/queries/{name}/events", exists=query_exists)
add_discovery(router, "/queries/{name}", "GET, DELETE", exists=query_exists)
