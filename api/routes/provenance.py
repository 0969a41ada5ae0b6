"""Lineage of any event, where things are now, and recalls."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from api.models.provenance import Lineage, Position, Provenance, Whereabouts
from api.models.things import Thing
from api.negotiation import JSON, media_type
from api.openapi import problems
from api.parameters import EveryQuery, PathText, TimeQuery, Word
from api.services import ServicesNeeded
from traceability.provenance.recall.formats import as_csv_file, as_json
from traceability.provenance.recall.fsma import MEDIA_TYPE as XLSX
from traceability.provenance.recall.fsma import as_xlsx
from traceability.provenance.recall.starts import DEFAULT_REACH
from traceability.provenance.service import RecallQuestion
from traceability.provenance.walk_statements import Direction

CSV = "text/csv"

router = APIRouter(
    tags=["Provenance"],
    responses=problems("invalid-identifier", "wrong-check-digit", "database-unavailable"),
)

IdentifierPath = Annotated[PathText, Field(description="EPC, lot or SSCC in any form.")]


class Ways(StrEnum):
    """Which lineages to answer with."""

    BACK = "back"
    FORWARD = "forward"
    BOTH = "both"


class RecallFormat(StrEnum):
    """How to write a recall."""

    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"


_TYPES = {RecallFormat.JSON: JSON, RecallFormat.CSV: CSV, RecallFormat.XLSX: XLSX}


def _restored(text: object) -> object:
    """An address whose two slashes were made one on the way."""
    if isinstance(text, str):
        for scheme in ("https:/", "http:/"):
            if text.startswith(scheme) and not text.startswith(f"{scheme}/"):
                return f"{scheme}/{text.removeprefix(scheme)}"
    return text


AnyIdentifier = Annotated[IdentifierPath, BeforeValidator(_restored)]


@router.get(
    "/provenance/{identifier:path}",
    summary="Lineage of a thing",
    responses=problems("node-not-found", "bad-text"),
)
def get_provenance(
    services: ServicesNeeded,
    identifier: AnyIdentifier,
    direction: Annotated[Ways, Query(description="Which way to trace.")] = Ways.BACK,
    at: Annotated[
        TimeQuery | None, Query(description="As it was then: what lay on a pallet at that time.")
    ] = None,
) -> Provenance:
    """What a lot, object or pallet came of, and what came of it, by everybody's events."""
    wanted = {Ways.BACK: (Direction.BACK,), Ways.FORWARD: (Direction.FORWARD,)}
    found = {
        each: services.provenance.trace(identifier, each, at)
        for each in wanted.get(direction, tuple(Direction))
    }
    root = next(iter(found.values())).root
    back, forward = found.get(Direction.BACK), found.get(Direction.FORWARD)
    return Provenance(
        root=root,
        back=None if back is None else Lineage.of(back),
        forward=None if forward is None else Lineage.of(forward),
    )


@router.get(
    "/things/{identifier:path}",
    summary="All about a thing",
    responses=problems("node-not-found", "bad-text"),
)
def get_thing(services: ServicesNeeded, identifier: AnyIdentifier) -> Thing:
    """Where a lot, object or pallet came from, where it went, where it is, and its certificates.

    By everybody's events; each of its own events has the address of its proof in the ledger.
    """
    return Thing.of(services.provenance.dossier(identifier), services.park)


@router.get(
    "/whereabouts/{identifier:path}",
    summary="Where a thing is now",
    responses=problems("node-not-found", "bad-text"),
)
def get_whereabouts(services: ServicesNeeded, identifier: AnyIdentifier) -> Whereabouts:
    """Containers, place, holder and owner by the events so far; of a lot, for each part of it."""
    key, positions = services.provenance.whereabouts(identifier)
    return Whereabouts(key=key, positions=[Position.of(each) for each in positions])


class RecallSearch(BaseModel):
    """The cause of a recall: one of the first four."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    orchard: Annotated[
        Word | None, Field(description="Asset id or GLN.", examples=["orchard-001"])
    ] = None
    input: Annotated[
        Word | None, Field(description="A spray lot, fertiliser or water source in any form.")
    ] = None
    room: Annotated[Word | None, Field(description="Asset id or GLN.")] = None
    line: Annotated[Word | None, Field(description="Asset id or GLN.")] = None
    since: Annotated[TimeQuery | None, Field(alias="from", description="Start of the span.")] = None
    until: Annotated[TimeQuery | None, Field(alias="to", description="End of the span.")] = None
    reach: Annotated[
        EveryQuery,
        Field(description="Of an input: how long after its use a harvest there is affected."),
    ] = DEFAULT_REACH
    format: Annotated[
        RecallFormat | None, Field(description="Without it, the Accept header decides.")
    ] = None


@router.get(
    "/recalls",
    summary="What a cause affected",
    responses={
        **problems("bad-recall", "unknown-place", "node-not-found", "bad-text"),
        200: {"content": {CSV: {"schema": {"type": "string"}}, XLSX: {"schema": {}}}},
    },
)
def get_recall(
    request: Request, services: ServicesNeeded, search: Annotated[RecallSearch, Query()]
) -> Response:
    """What was affected, where it is now, who has it, and why, with masses.

    As JSON, as CSV, or as the sortable spreadsheet of the FDA's food traceability rule.
    """
    accepted = media_type(request.headers.get("accept"), list(_TYPES.values()))
    wanted = accepted if search.format is None else _TYPES[search.format]
    question = RecallQuestion(
        orchard=search.orchard,
        input=search.input,
        room=search.room,
        line=search.line,
        since=search.since,
        until=search.until,
        reach=search.reach,
        with_origins=wanted == XLSX,
    )
    result, words = services.provenance.recall(question)
    if wanted == JSON:
        return JSONResponse(as_json(result, words), headers={"Vary": "Accept"})
    body = as_csv_file(result, words) if wanted == CSV else as_xlsx(result, words)
    ending = "csv" if wanted == CSV else "xlsx"
    headers = {
        "Vary": "Accept",
        "Content-Disposition": f'attachment; filename="recall.{ending}"',
    }
    return Response(body, headers=headers, media_type=wanted)
