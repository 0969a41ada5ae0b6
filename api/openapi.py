"""The OpenAPI document: what FastAPI can't know by itself."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.models.common import Problem
from api.problem_types import PROBLEM_TYPES

DESCRIPTION = """\
What happened to every batch of fruit, and what the park measures.

Lists answer `{"items": […], "next": token}`; pass `next` as `after` for the page that follows.
Times are RFC 3339, masses kilograms, temperatures degrees Celsius. Every error is an RFC 9457
problem whose `type` is an address that explains it. Unknown query parameters are refused.
"""

_FIRST_ERROR = 400
_UNUSABLE = 422
_ALWAYS = ("invalid-request", "unknown-parameter")


def problems(*slugs: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of endpoints that may answer with these kinds of problem."""
    responses: dict[int | str, dict[str, Any]] = {}
    # An endpoint's entry for a status replaces its router's, so what all have is repeated here.
    shared = _ALWAYS if any(PROBLEM_TYPES[slug].status == _UNUSABLE for slug in slugs) else ()
    for slug in dict.fromkeys((*shared, *slugs)):
        row = PROBLEM_TYPES[slug]
        entry = responses.setdefault(row.status, {"model": Problem, "description": ""})
        entry["description"] = " · ".join(filter(None, (entry["description"], f"`{slug}`")))
    return responses


def install(app: FastAPI) -> None:
    """Make the application's OpenAPI document name problems by their media type."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
                tags=app.openapi_tags,
                license_info=app.license_info,
            )
            for path in made["paths"].values():
                for operation in path.values():
                    _drop_unsaid(operation["responses"])
                    _name_problems(operation["responses"])
            for schema in ("HTTPValidationError", "ValidationError"):
                made["components"]["schemas"].pop(schema, None)
            app.openapi_schema = made
        return app.openapi_schema

    # FastAPI's documented way to extend the document is to replace this method.
    app.openapi = document  # type: ignore[method-assign]


def _drop_unsaid(responses: dict[str, Any]) -> None:
    """Without the 422 that FastAPI lists where an endpoint has none: EPCIS answers 400."""
    content = responses.get(str(_UNUSABLE), {}).get("content", {})
    if any("HTTPValidationError" in str(each.get("schema")) for each in content.values()):
        del responses[str(_UNUSABLE)]


def _name_problems(responses: Mapping[str, Any]) -> None:
    for status, response in responses.items():
        if status.isdigit() and int(status) >= _FIRST_ERROR:
            # FastAPI names the one type of the endpoint's good answer.
            (schema,) = response["content"].values()
            response["content"] = {"application/problem+json": schema}
