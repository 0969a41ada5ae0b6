"""Whether the service lives and whether it can do its work."""

from fastapi import APIRouter

from api.errors import ProblemError
from api.models.common import Model
from api.openapi import problems
from api.services import RunningIngest, ServicesNeeded

_RETRY_AFTER_S = 5

router = APIRouter(tags=["Health"])


class Alive(Model):
    """The process answers."""

    status: str = "ok"


class Part(Model):
    """A part that the service needs."""

    ok: bool
    version: str
    detail: str = ""


class Ready(Model):
    """Every part answers."""

    status: str = "ok"
    parts: dict[str, Part]


@router.get("/healthz", summary="Does the process live?")
async def healthz() -> Alive:
    """Answers as long as the process lives; asks nothing of other parts."""
    return Alive()


def _ingest(ingest: RunningIngest) -> Part:
    """Whether it works, and when anything last came: a thread that lives says little."""
    if problem := ingest.problem():
        return Part(ok=False, version="", detail=problem)
    age = ingest.vitals().seconds_since_message
    words = "no message yet" if age is None else f"the last message came {age:.0f} s ago"
    return Part(ok=True, version="", detail=words)


@router.get("/readyz", summary="Can it do its work?", responses=problems("not-ready"))
def readyz(services: ServicesNeeded) -> Ready:
    """Asks the database, the telemetry store and, where it runs here, ingest.

    503 says which one is away.
    """
    database, telemetry = services.traceability.health(), services.telemetry.health()
    parts = {
        "database": Part(ok=database.ok, version=database.version, detail=database.detail),
        "telemetry": Part(ok=telemetry.ok, version=telemetry.version, detail=telemetry.detail),
    }
    if services.ingest is not None:
        parts["ingest"] = _ingest(services.ingest)
    away = [name for name, part in parts.items() if not part.ok]
    if away:
        raise ProblemError(
            "not-ready",
            f"{' and '.join(away)} away: " + "; ".join(parts[name].detail for name in away),
            members={"parts": {name: part.model_dump() for name, part in parts.items()}},
            headers={"Retry-After": str(_RETRY_AFTER_S)},
        )
    return Ready(parts=parts)
