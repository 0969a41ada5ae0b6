"""From error to exception of the EPCIS 2.0 REST binding: one table."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api.epcis.problem_types import (
    BUSY,
    EPCIS_EXCEPTIONS,
    FULL,
    METHOD_NOT_ALLOWED,
    NOT_IMPLEMENTED,
    TOO_SLOW,
    UNAVAILABLE,
    EpcisException,
)
from api.errors import ForeignPageError, ProblemError
from api.problems import RETRY_AFTER_S, Problem
from api.validation import validation_problem
from park.errors import IdentifierError
from traceability.errors import (
    CaptureError,
    DatabaseFullError,
    DatabaseUnavailableError,
    DuplicateIdError,
    DuplicateNameError,
    EventFormatError,
    InvalidDocumentError,
    NotFoundError,
    QueryError,
    QueryTooComplexError,
    QueryTooLargeError,
    SubscriptionControlsError,
)
from traceability.views import Refused

_MOST_ENTRIES = 100
_OF_STATUS: Mapping[int, EpcisException] = {
    400: EPCIS_EXCEPTIONS["ValidationException"],
    404: EPCIS_EXCEPTIONS["NoSuchResourceException"],
    405: METHOD_NOT_ALLOWED,
    408: TOO_SLOW,
    413: EPCIS_EXCEPTIONS["CaptureLimitExceededException"],
    415: EPCIS_EXCEPTIONS["UnsupportedMediaTypeException"],
    501: NOT_IMPLEMENTED,
    503: BUSY,
}
_MISTAKE = EPCIS_EXCEPTIONS["ImplementationException"]


def _named(name: str) -> Callable[[Any], Problem]:
    return lambda error: Problem(EPCIS_EXCEPTIONS[name], str(error))


def _raised(error: ProblemError) -> Problem:
    return Problem(EPCIS_EXCEPTIONS[error.slug], error.detail, error.members, error.headers)


def _http(error: HTTPException) -> Problem:
    row = _OF_STATUS.get(error.status_code, _MISTAKE)
    return Problem(row, row.title.en, headers=error.headers or {})


def _invalid_request(error: RequestValidationError) -> Problem:
    found = error.errors()
    _, detail, entries = validation_problem(found)
    in_query = found[0]["loc"][0] == "query"
    name = "QueryParameterException" if in_query else "ValidationException"
    return Problem(EPCIS_EXCEPTIONS[name], detail, {"errors": entries} if entries else {})


def _invalid_document(error: InvalidDocumentError) -> Problem:
    entries = [
        {"path": problem.path, "detail": problem.problem}
        for problem in error.problems[:_MOST_ENTRIES]
    ]
    first = entries[0]
    more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
    detail = f"{first['path'] or 'document'}: {first['detail']}{more}"
    return Problem(EPCIS_EXCEPTIONS["ValidationException"], detail, {"errors": entries})


def _refused_event(error: CaptureError) -> Problem:
    row = EPCIS_EXCEPTIONS["ValidationException"]
    return Problem(row, error.detail, {"code": error.code})


def _too_deep(_error: RecursionError) -> Problem:
    return Problem(EPCIS_EXCEPTIONS["ValidationException"], "the document is nested too deeply")


def _away(row: EpcisException) -> Callable[[Any], Problem]:
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    return lambda _error: Problem(row, row.title.en, headers=headers)


def _mistake(_error: Exception) -> Problem:
    return Problem(_MISTAKE, _MISTAKE.title.en)


EPCIS_PROBLEM_OF_ERROR: Mapping[type[Exception], Callable[[Any], Problem]] = {
    ProblemError: _raised,
    ForeignPageError: _named("SecurityException"),
    RequestValidationError: _invalid_request,
    HTTPException: _http,
    InvalidDocumentError: _invalid_document,
    EventFormatError: _named("ValidationException"),
    RecursionError: _too_deep,
    CaptureError: _refused_event,
    DuplicateIdError: _named("ResourceAlreadyExistsException"),
    DuplicateNameError: _named("ResourceAlreadyExistsException"),
    NotFoundError: _named("NoSuchResourceException"),
    QueryTooLargeError: _named("QueryTooLargeException"),
    QueryTooComplexError: _named("QueryTooComplexException"),
    QueryError: _named("QueryParameterException"),
    IdentifierError: _named("QueryParameterException"),
    SubscriptionControlsError: _named("SubscriptionControlsException"),
    DatabaseUnavailableError: _away(UNAVAILABLE),
    DatabaseFullError: _away(FULL),
    Exception: _mistake,
}
"""What becomes of an error under `/epcis`; the nearest class in its ancestry decides."""


def refusal_as_json(refused: Refused) -> dict[str, Any]:
    """An event that a capture job left out, as a problem."""
    is_known = refused.code in {"event-id-reused", "scan-id-reused"}
    row = EPCIS_EXCEPTIONS["ResourceAlreadyExistsException" if is_known else "ValidationException"]
    where = f"{refused.path}: " if refused.path else ""
    members = {"code": refused.code, "path": refused.path}
    return Problem(row, f"{where}{refused.detail}", members).as_json()
