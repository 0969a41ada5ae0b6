"""Top-level resources: event types, EPCs, business steps, places, dispositions.

Each is a collection; each of its members has the events that name it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from api.epcis.answers import JsonOrXmlType, JsonType, collection, events_answer
from api.epcis.discovery import add_discovery
from api.epcis.headers import EpcFormatAsked, Extensions
from api.epcis.paging import NextPageToken, Paged, PerPage, link_to_next
from api.epcis.responses import EVENTS, exceptions
from api.epcis.services import EpcisNeeded, EpcisServices
from api.models.epcis import Collection
from api.parameters import PathText
from traceability.epcis.contexts import Context
from traceability.epcis.identifiers import to_urn
from traceability.epcis.query.conditions import DEFAULT_PER_PAGE, Condition
from traceability.epcis.query.parameters import parse_query, parse_query_body
from traceability.epcis.query.resources import Resource
from traceability.epcis.translation import IdentifierForm
from traceability.errors import NotFoundError

router = APIRouter(tags=["EPCIS resources"], responses=exceptions("NotAcceptableException"))

_PARAMETERS: Mapping[Resource, Sequence[str]] = {
    Resource.EVENT_TYPES: ["eventType"],
    Resource.EPCS: ["MATCH_anyEPC", "MATCH_anyEPCClass"],
    Resource.BIZ_STEPS: ["EQ_bizStep"],
    Resource.BIZ_LOCATIONS: ["EQ_bizLocation"],
    Resource.READ_POINTS: ["EQ_readPoint"],
    Resource.DISPOSITIONS: ["EQ_disposition"],
}
"""Which parameters of a query ask for events of one member; one of them has to fit."""
_OF_IDENTIFIERS = {Resource.EPCS, Resource.BIZ_LOCATIONS, Resource.READ_POINTS}
_WORDS_PER_PAGE = 100
"""Where `perPage` isn't given: enough for all words of the standard and some of others."""

_REFUSALS = (
    "QueryParameterException",
    "NoSuchResourceException",
    "NotAcceptableException",
    "QueryTooLargeException",
    "URITooLongException",
)
"""Why there may be no events of a member."""

MemberPath = Annotated[
    PathText, Path(description="A member, percent-encoded or not.", examples=["shipping"])
]


class _Collection:
    """The addresses of one resource, of its members and of their events."""

    def __init__(self, resource: Resource) -> None:
        self._resource = resource
        self._is_of_words = resource not in _OF_IDENTIFIERS

    def list_members(
        self,
        request: Request,
        epcis: EpcisNeeded,
        asked: Paged,
        form: EpcFormatAsked,
        names: Extensions,
        media_type: JsonType,
    ) -> Response:
        """What there is, each once; words under the prefixes of GS1-Extensions."""
        per_page = asked.per_page
        if self._is_of_words and "perPage" not in request.query_params:
            per_page = _WORDS_PER_PAGE
        page = epcis.resources.page(self._resource, asked.token, per_page)
        headers = dict(link_to_next(request, page.next_token))
        if self._is_of_words:
            words = [names.compact(each) for each in page.items]
            return collection(words, media_type, headers=headers, context=names.value)
        is_urn = form is IdentifierForm.ALWAYS_URN
        headers["GS1-EPC-Format"] = (form if is_urn else IdentifierForm.ALWAYS_LINK).value
        members = [(to_urn(each) or each) if is_urn else each for each in page.items]
        return collection(members, media_type, headers=headers)

    def get_member(
        self, epcis: EpcisNeeded, member: MemberPath, names: Extensions, media_type: JsonType
    ) -> Response:
        """What there is of a member: its events."""
        _require(epcis, self._resource, member, names)
        return collection(["events"], media_type)

    def query_member(
        self,
        request: Request,
        epcis: EpcisNeeded,
        member: MemberPath,
        names: Extensions,
        media_type: JsonOrXmlType,
        _per_page: PerPage = DEFAULT_PER_PAGE,
        _token: NextPageToken = None,
    ) -> Response:
        """Events that name the member and fit the parameters of SimpleEventQuery."""
        _require(epcis, self._resource, member, names)
        asked = parse_query(request.query_params.multi_items(), names)
        naming = _naming(self._resource, member, names)
        query = replace(asked, conditions=(*asked.conditions, naming))
        page = epcis.repository.query(query, query.page_token, query.per_page)
        return events_answer(request, page.items, media_type, next_token=page.next_token)

    def member_exists(self, epcis: EpcisNeeded, member: MemberPath, names: Extensions) -> None:
        """Answer 404 where there is no such member."""
        _require(epcis, self._resource, member, names)


def _add(resource: Resource) -> None:
    """Give a resource its addresses."""
    kind, answering = resource.value, _Collection(resource)
    add_discovery(router, f"/{kind}")
    add_discovery(router, f"/{kind}/{{member:path}}/events", exists=answering.member_exists)
    add_discovery(router, f"/{kind}/{{member:path}}", exists=answering.member_exists)
    router.add_api_route(
        f"/{kind}",
        answering.list_members,
        name=f"list_{kind}",
        summary=f"List {kind}",
        response_model=Collection,
        responses=exceptions("QueryParameterException", "NotAcceptableException"),
    )
    router.add_api_route(
        f"/{kind}/{{member:path}}/events",
        answering.query_member,
        name=f"query_{kind}",
        summary=f"Events of one of {kind}",
        responses=EVENTS | exceptions(*_REFUSALS),
    )
    router.add_api_route(
        f"/{kind}/{{member:path}}",
        answering.get_member,
        name=f"get_{kind}",
        summary=f"One of {kind}",
        response_model=Collection,
        responses=exceptions("NoSuchResourceException", "NotAcceptableException"),
    )


def _require(epcis: EpcisServices, resource: Resource, member: str, names: Context) -> None:
    if not epcis.resources.has(resource, member, names):
        raise NotFoundError("member-not-found", f"there is no {member} among {resource.value}")


def _naming(resource: Resource, member: str, names: Context) -> Condition:
    """Events that name the member."""
    asked = {parameter: [member] for parameter in _PARAMETERS[resource]}
    found = parse_query_body(asked, names).conditions
    return Condition(resource.value, tuple(atom for each in found for atom in each.any_of))


for _resource in Resource:
    _add(_resource)
