"""What the OpenAPI document says of answers under `/epcis`."""

from typing import Any

from api.epcis.bodies import JSON_TYPES, XML_TYPES
from api.epcis.problem_types import EPCIS_EXCEPTIONS
from api.models.common import Problem

Responses = dict[int | str, dict[str, Any]]

_ALWAYS = ("ValidationException", "ImplementationException")


def exceptions(*names: str) -> Responses:
    """The `responses` of endpoints that may answer with these exceptions."""
    responses: Responses = {}
    for name in dict.fromkeys((*_ALWAYS, *names)):
        row = EPCIS_EXCEPTIONS[name]
        entry = responses.setdefault(row.status, {"model": Problem, "description": ""})
        entry["description"] = " · ".join(filter(None, (entry["description"], f"`{name}`")))
    return responses


EVENTS: Responses = {
    200: {
        "description": "An EPCISQueryDocument; `Link` with rel=next where there is another page.",
        "content": {
            **{kind: {"schema": {"type": "object"}} for kind in JSON_TYPES},
            **{kind: {"schema": {"type": "string"}} for kind in XML_TYPES},
        },
    }
}
"""Of endpoints that answer with events."""
