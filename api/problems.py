"""Errors as RFC 9457 problems: one table from error class to problem.

Endpoints hold no try/except; whatever they raise is looked up here. A client that wants HTML,
outside `/v1`, gets the same problem as a page.
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.epcis.xml_answers import problem_xml
from api.errors import ForeignPageError, ProblemError
from api.middleware import SECURITY_HEADERS
from api.negotiation import JSON, JSON_LD, TEXT_XML, XML, acceptable, prefers_html
from api.pages.render import renderer_of
from api.problem_types import PROBLEM_TYPES, ProblemType
from api.validation import validation_problem
from ingest.errors import (
    AlarmActionError,
    CalibrationError,
    NoCorrectionError,
    NotInQuarantineError,
    SpoolError,
    StoreUnavailableError,
    UnknownFieldError,
    UnsupportedAggregateError,
)
from park.errors import CheckDigitError, IdentifierError, UnknownAssetError
from traceability.errors import (
    CaptureError,
    DatabaseFullError,
    DatabaseUnavailableError,
    LedgerBrokenError,
    LedgerError,
    NotFoundError,
    QueryError,
)

_log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
XML_MEDIA_TYPE = "application/problem+xml"
RETRY_AFTER_S = 5

_RETRY = {"Retry-After": str(RETRY_AFTER_S)}
_PROGRAMS_ONLY = ("/v1/", "/epcis", "/healthz", "/readyz", "/openapi.json")

_SLUG_OF_STATUS = {
    400: "malformed-json",
    404: "not-found",
    405: "method-not-allowed",
    408: "request-too-slow",
    413: "payload-too-large",
    415: "unsupported-media-type",
    503: "busy",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem to answer with."""

    type: ProblemType
    detail: str
    members: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The problem's members as RFC 9457 names them."""
        return {
            "type": self.type.address,
            "title": self.type.title.en,
            "status": self.type.status,
            "detail": self.detail,
            **self.members,
        }


def _named(slug: str) -> Callable[[Any], Problem]:
    return lambda error: Problem(PROBLEM_TYPES[slug], str(error))


def _away(slug: str) -> Callable[[Any], Problem]:
    # The message may name hosts and files, which are the operator's business: see /readyz.
    row = PROBLEM_TYPES[slug]
    return lambda _error: Problem(row, row.advice.en, headers=_RETRY)


def _coded(fallback: str) -> Callable[[Any], Problem]:
    return lambda error: Problem(
        PROBLEM_TYPES.get(error.code, PROBLEM_TYPES[fallback]), error.detail
    )


def _raised(error: ProblemError) -> Problem:
    return Problem(PROBLEM_TYPES[error.slug], error.detail, error.members, error.headers)


def _http(error: HTTPException) -> Problem:
    row = PROBLEM_TYPES[_SLUG_OF_STATUS.get(error.status_code, "not-found")]
    return Problem(row, row.advice.en, headers=error.headers or {})


def _invalid(error: RequestValidationError) -> Problem:
    slug, detail, entries = validation_problem(error.errors())
    return Problem(PROBLEM_TYPES[slug], detail, {"errors": entries} if entries else {})


def _mistake(_error: Exception) -> Problem:
    row = PROBLEM_TYPES["internal-error"]
    return Problem(row, row.advice.en)


PROBLEM_OF_ERROR: Mapping[type[Exception], Callable[[Any], Problem]] = {
    ProblemError: _raised,
    ForeignPageError: _named("foreign-page"),
    RequestValidationError: _invalid,
    HTTPException: _http,
    CaptureError: _coded("step-refused"),
    NotFoundError: _coded("not-found"),
    QueryError: _coded("invalid-request"),
    DatabaseUnavailableError: _away("database-unavailable"),
    DatabaseFullError: _away("database-full"),
    LedgerBrokenError: _named("ledger-broken"),
    LedgerError: _away("ledger-unusable"),
    StoreUnavailableError: _away("telemetry-unavailable"),
    SpoolError: _away("spool-unavailable"),
    AlarmActionError: _named("alarm-action-refused"),
    CalibrationError: _named("invalid-correction"),
    NoCorrectionError: _named("correction-not-found"),
    NotInQuarantineError: _named("quarantine-entry-not-found"),
    UnknownFieldError: _named("unknown-field"),
    UnsupportedAggregateError: _named("unsupported-aggregate"),
    UnknownAssetError: _named("asset-not-found"),
    CheckDigitError: _named("wrong-check-digit"),
    IdentifierError: _named("invalid-identifier"),
    Exception: _mistake,
}
"""What becomes of an error; the nearest class in its ancestry decides."""


def problem_of(
    error: Exception, table: Mapping[type[Exception], Callable[[Any], Problem]] = PROBLEM_OF_ERROR
) -> Problem:
    """The problem that answers an error; the table must have a row for `Exception`."""
    make = next(table[known] for known in type(error).__mro__ if known in table)
    return make(error)


def respond(request: Request, problem: Problem) -> Response:
    """The problem as JSON, as a page for a browser, as XML for an EPCIS client that has no JSON."""
    status = problem.type.status
    # Errors that nobody handles are answered outside the middleware that sets these.
    headers = {**SECURITY_HEADERS, "Cache-Control": "no-store", **problem.headers}
    if not request.url.path.startswith(_PROGRAMS_ONLY) and prefers_html(request):
        return renderer_of(request).page(
            request, "problem.html", status=status, headers=headers, problem=problem
        )
    if request.url.path.startswith("/epcis") and _takes_xml_only(request):
        return Response(problem_xml(problem.as_json()), status, headers, XML_MEDIA_TYPE)
    # json.dumps writes ASCII, so that a lone surrogate in a member's name can't break the answer.
    return Response(json.dumps(problem.as_json()), status, headers, MEDIA_TYPE)


def _takes_xml_only(request: Request) -> bool:
    accept = request.headers.get("accept")
    return (
        acceptable(accept, (MEDIA_TYPE, JSON, JSON_LD)) is None
        and acceptable(accept, (XML_MEDIA_TYPE, XML, TEXT_XML)) is not None
    )


def install(
    app: FastAPI,
    by_prefix: Mapping[str, Mapping[type[Exception], Callable[[Any], Problem]]] | None = None,
) -> None:
    """Answer every error of the application with a problem.

    Paths that begin with one of `by_prefix` have a table of their own.
    """
    tables = by_prefix or {}

    async def handle(request: Request, error: Exception) -> Response:
        table = next(
            (tables[prefix] for prefix in tables if request.url.path.startswith(prefix)),
            PROBLEM_OF_ERROR,
        )
        if isinstance(error, DatabaseUnavailableError):
            # Clients are only told that it is away: its words are the operator's business.
            _log.warning("%s %s: %s", request.method, request.url.path, error)
        return respond(request, problem_of(error, table))

    for known in {error for table in (PROBLEM_OF_ERROR, *tables.values()) for error in table}:
        app.add_exception_handler(known, handle)
