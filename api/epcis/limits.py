"""How much is taken at once: of a document, of an address."""

from collections.abc import Mapping

from fastapi import Request

from api.errors import ProblemError
from api.services import Services

LONGEST_ADDRESS = 8_000
"""Characters of path and query; what is longer belongs into a named query."""


async def check_address(request: Request) -> None:
    """Raise ProblemError for an address that is too long."""
    length = len(request.scope["path"]) + len(request.scope["query_string"])
    if length > LONGEST_ADDRESS:
        raise ProblemError(
            "URITooLongException",
            f"the address has {length} characters, at most {LONGEST_ADDRESS} are read; "
            "make a named query of it: POST /epcis/queries",
        )


def capture_limits(services: Services) -> Mapping[str, str]:
    """How much is captured at once."""
    return {
        "GS1-EPCIS-Capture-Limit": str(services.settings.capture_limit_events),
        "GS1-EPCIS-Capture-File-Size-Limit": str(services.settings.capture_limit_bytes),
    }
