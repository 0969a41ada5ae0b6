"""Pages for people: looking up batches, and what a problem means."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from api.errors import ProblemError
from api.negotiation import language, prefers_html
from api.pages.formats import Formats
from api.pages.home import (
    destination_choices,
    direct_address,
    orchard_choices,
    read_search,
)
from api.pages.reference import operations_by_tag
from api.pages.render import Links, renderer_of, text_pair
from api.parameters import PathText
from api.problem_types import PROBLEM_TYPES
from api.services import ServicesNeeded
from traceability.errors import QueryError
from traceability.views import BatchSummary, Page

PAGE_SIZE = 20

router = APIRouter(include_in_schema=False)


@router.get("/")
def home(request: Request, services: ServicesNeeded) -> Response:
    """The search form; results once something was typed, the latest batches before."""
    search = read_search(request.query_params, services.park)
    direct = direct_address(search.typed["number"])
    if direct is not None:
        return RedirectResponse(Links(request).to(direct), status_code=303)
    wrong = dict(search.wrong)
    found: Page[BatchSummary] = Page((), None)
    if search.query is not None:
        try:
            after = request.query_params.get("after")
            found = services.traceability.search_batches(search.query, after, PAGE_SIZE)
        except QueryError:
            wrong["after"] = "bad_token"
    formats = Formats(language(request))
    return renderer_of(request).page(
        request,
        "home.html",
        search=search,
        wrong=wrong,
        found=found,
        totals=services.traceability.totals(),
        orchards=orchard_choices(services.park, formats),
        destinations=destination_choices(services.park, formats),
    )


@router.get("/reference")
def reference(request: Request) -> Response:
    """The programming interface."""
    groups = operations_by_tag(request.app.openapi())
    return renderer_of(request).page(request, "reference.html", groups=groups)


@router.get("/problems")
def list_problems(request: Request) -> Response:
    """Every kind of problem."""
    rows = list(PROBLEM_TYPES.values())
    if prefers_html(request):
        return renderer_of(request).page(request, "problem_types.html", rows=rows)
    listed = [{"type": row.address, "status": row.status, "title": row.title.en} for row in rows]
    return JSONResponse({"items": listed, "next": None}, headers={"Vary": "Accept"})


@router.get("/problems/{slug}")
def explain_problem(request: Request, slug: PathText) -> Response:
    """What a kind of problem means and what to do about it."""
    row = PROBLEM_TYPES.get(slug)
    if row is None:
        raise ProblemError("not-found", "no such problem type; /problems lists them")
    if prefers_html(request):
        return renderer_of(request).page(request, "problem_type.html", row=row)
    body: dict[str, Any] = {
        "type": row.address,
        "status": row.status,
        "title": text_pair(row.title),
        "advice": text_pair(row.advice),
    }
    return JSONResponse(body, headers={"Vary": "Accept"})
