"""What ingest set aside, for whoever mends the device that sent it."""

from typing import Annotated

from fastapi import APIRouter, Path

from api.errors import ProblemError
from api.models.common import Items
from api.models.quarantine import QuarantineItem
from api.openapi import problems
from api.parameters import DEFAULT_LIMIT, After, Limit, bad_token, read_token, write_token
from api.services import Services, ServicesNeeded
from ingest.quarantine import Quarantine

_LISTED_BYTES = 500
_LONGEST_ID = 18  # digits, so that it fits 64 bits

router = APIRouter(
    tags=["Quarantine"], responses=problems("no-quarantine-here", "spool-unavailable")
)


def _quarantine_of(services: Services) -> Quarantine:
    if services.quarantine is None:
        raise ProblemError("no-quarantine-here", "ingest doesn't run beside this server")
    return services.quarantine


@router.get("/quarantine", summary="List quarantine", responses=problems("bad-page-token"))
def list_quarantine(
    services: ServicesNeeded, limit: Limit = DEFAULT_LIMIT, after: After = None
) -> Items[QuarantineItem]:
    """Messages that couldn't be used, the newest first, with the beginning of each payload."""
    before = None if after is None else _read_id(after)
    entries = _quarantine_of(services).entries(limit + 1, before)
    page = entries[:limit]
    return Items(
        items=[QuarantineItem.of(entry, _LISTED_BYTES) for entry in page],
        next=write_token(str(page[-1].id)) if len(entries) > limit else None,
    )


@router.get(
    "/quarantine/{entry}",
    summary="One quarantine entry",
    responses=problems("quarantine-entry-not-found"),
)
def get_quarantine(
    services: ServicesNeeded,
    entry: Annotated[int, Path(ge=1, le=2**63 - 1, description="Number of the entry.")],
) -> QuarantineItem:
    """A message with up to 64 KiB of its payload."""
    return QuarantineItem.of(_quarantine_of(services).entry(entry))


def _read_id(token: str) -> int:
    text = read_token(token)
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_ID):
        raise bad_token()
    return int(text)
