"""What is odd about events that were stored all the same."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from api.models.common import Items, Model
from api.models.traces import event_address
from api.openapi import problems
from api.parameters import DEFAULT_LIMIT, After, Limit
from api.services import ServicesNeeded
from traceability.views import EventFinding

router = APIRouter(tags=["Events"], responses=problems("database-unavailable"))

CodeQuery = Annotated[
    str | None,
    Query(max_length=100, description="Only findings of this code.", examples=["same-content"]),
]


class Finding(Model):
    """A rule that an event doesn't keep, though none that would have refused it."""

    event: str
    href: str
    code: Annotated[str, Field(description="A stable code.", examples=["mass-not-conserved"])]
    path: Annotated[str, Field(description="The event's field; empty for the whole event.")]
    detail: str

    @classmethod
    def of(cls, finding: EventFinding) -> "Finding":
        """A finding as JSON."""
        return cls(
            event=finding.event_id,
            href=event_address(finding.event_id),
            code=finding.code,
            path=finding.path,
            detail=finding.detail,
        )


@router.get("/findings", summary="List findings", responses=problems("bad-page-token", "bad-text"))
def list_findings(
    services: ServicesNeeded,
    code: CodeQuery = None,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> Items[Finding]:
    """What is odd about events that were stored, in the order of their capture."""
    page = services.traceability.findings(code, after, limit)
    return Items(items=[Finding.of(each) for each in page.items], next=page.next_token)
