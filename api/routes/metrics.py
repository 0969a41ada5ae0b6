"""Metrics for Prometheus."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.errors import ProblemError
from api.metrics import exposition
from api.openapi import problems
from api.services import ServicesNeeded

router = APIRouter(tags=["Health"])


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={
        200: {"content": {CONTENT_TYPE_LATEST: {}}, "description": "Prometheus' text format."},
        **problems("no-ingest-here", "spool-unavailable"),
    },
)
def metrics(services: ServicesNeeded) -> Response:
    """What ingest received and what became of it, by kind; devices; the spool."""
    if services.spool is None or services.quarantine is None or services.devices is None:
        raise ProblemError("no-ingest-here", "ingest doesn't run beside this server")
    text = exposition(
        services.spool,
        services.quarantine,
        services.devices,
        services.ingest,
        services.alarms,
        services.ledger,
    )
    return Response(text, media_type=CONTENT_TYPE_LATEST)
