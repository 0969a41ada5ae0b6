"""The ledger: signed checkpoints, public keys and proofs."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import PlainTextResponse

from api.errors import ProblemError
from api.models.ledger import ConsistencyJson, LedgerKeys, ProofJson
from api.openapi import problems
from api.parameters import EventPath
from api.services import Services, ServicesNeeded
from traceability.ledger.ledger import Ledger

_LARGEST = 2**63 - 1

SizeQuery = Annotated[
    int | None,
    Query(ge=1, le=_LARGEST, description="Size of a checkpoint that was given out; else all."),
]

router = APIRouter(
    tags=["Ledger"],
    responses=problems(
        "no-ledger-here", "ledger-broken", "ledger-unusable", "database-unavailable"
    ),
)


def _ledger_of(services: Services) -> Ledger:
    if services.ledger is None:
        raise ProblemError("no-ledger-here", "this server keeps no ledger")
    return services.ledger


@router.get(
    "/ledger/checkpoint",
    summary="Signed checkpoint",
    response_class=PlainTextResponse,
    responses=problems("no-checkpoint"),
)
def get_checkpoint(services: ServicesNeeded, size: SizeQuery = None) -> PlainTextResponse:
    """The log as it is, or as it was at a size, in the form of c2sp.org/tlog-checkpoint."""
    ledger = _ledger_of(services)
    signed = ledger.checkpoint() if size is None else ledger.checkpoint_of(size)
    return PlainTextResponse(str(signed))


@router.get("/ledger/key", summary="Public keys")
def get_ledger_key(services: ServicesNeeded) -> LedgerKeys:
    """The keys that sign checkpoints, former ones too, and how each followed the other.

    Take them once from a source that you trust: who serves forged events would serve forged keys.
    """
    return LedgerKeys.of(list(_ledger_of(services).keys.entries()))


@router.get(
    "/ledger/events/{event}/proof",
    summary="Proof of an event",
    responses=problems("event-not-found", "bad-text", "no-checkpoint", "bad-tree-size"),
)
def get_event_proof(
    services: ServicesNeeded, event: EventPath, size: SizeQuery = None
) -> ProofJson:
    """The proof that an event stands in the signed log, with the very bytes that were signed."""
    return ProofJson.of(_ledger_of(services).prove(event, size))


@router.get(
    "/ledger/consistency",
    summary="Proof that the log only grew",
    responses=problems("bad-tree-size"),
)
def get_consistency(
    services: ServicesNeeded,
    old: Annotated[int, Query(alias="from", ge=0, le=_LARGEST, description="Earlier size.")],
    new: Annotated[
        int | None, Query(alias="to", ge=0, le=_LARGEST, description="Later size; else all.")
    ] = None,
) -> ConsistencyJson:
    """The proof of RFC 9162 that the log of one size is the beginning of that of another."""
    ledger = _ledger_of(services)
    checkpoint = ledger.checkpoint() if new is None else None
    size = new if checkpoint is None else checkpoint.size
    return ConsistencyJson.of(ledger.consistency(old, size), checkpoint)
