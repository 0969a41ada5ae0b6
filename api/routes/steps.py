"""The steps of the fruit's way, posted by handhelds and partners.

The body is the scan that readers send over MQTT (`park.scans`), without `action`, which the
address says. An `id` makes a repeat harmless; where it is absent one is made, and then a repeat
is a second step.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Request, Response, status
from pydantic import Field

from api.errors import ProblemError
from api.models.traces import Captured, event_address
from api.openapi import problems
from api.services import Services, ServicesNeeded
from api.turns import step_in_turn
from api.uuid7 import uuid7
from park import scans

_JSON = "application/json"

StepId = Annotated[UUID, Field(default_factory=uuid7, description="Made where absent.")]

_HARVEST = {
    "ts": "2025-10-02T08:00:00+08:00",
    "asset": "orchard-001",
    "batch": "01/09521321000018/10/LY-7",
    "qty_kg": 812.5,
}
_STORE = _HARVEST | {"asset": "room-0001"}
_SORT = {
    "ts": "2025-10-20T09:00:00+08:00",
    "asset": "line-01",
    "inputs": [{"batch": "01/09521321000018/10/LY-7", "qty_kg": 800}],
    "outputs": [
        {"batch": "01/09521321000025/10/LY-7-A", "qty_kg": 600},
        {"batch": "01/09521321000056/10/LY-7-R", "qty_kg": 190},
    ],
    "loss_kg": 10,
}
_PALLETISE = {
    "ts": "2025-10-20T11:00:00+08:00",
    "asset": "packhouse-01",
    "pallet": "095213210000000018",
    "contents": [{"batch": "01/09521321000025/10/LY-7-A", "qty_kg": 600}],
}
_SHIP = {
    "ts": "2025-10-21T06:00:00+08:00",
    "asset": "packhouse-01",
    "shipment": "EXP-2025-0007",
    "pallets": ["095213210000000018"],
    "destination": "destination-th",
    "reefer": "reefer-001",
}
_RECEIVE = {
    "ts": "2025-10-30T10:00:00+07:00",
    "asset": "destination-th",
    "shipment": "EXP-2025-0007",
    "pallets": ["095213210000000018"],
}


class HarvestStep(scans.HarvestScan):
    """A batch comes into being at an orchard's weigh station."""

    id: StepId


class StoreInStep(scans.StoreInScan):
    """Fruit passes a cold room's door inwards."""

    id: StepId


class StoreOutStep(scans.StoreOutScan):
    """Fruit passes a cold room's door outwards."""

    id: StepId


class SortStep(scans.SortScan):
    """A sorting run: batches in, graded batches out, rejects among them."""

    id: StepId


class PalletiseStep(scans.PalletiseScan):
    """Cartons are stacked to a pallet at a packhouse."""

    id: StepId


class ShipStep(scans.ShipScan):
    """Pallets leave a packhouse for a destination."""

    id: StepId


class ReceiveStep(scans.ReceiveScan):
    """Pallets of a shipment arrive at their destination."""

    id: StepId


async def _only_json(request: Request) -> None:
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != _JSON and not (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        raise ProblemError(
            "unsupported-media-type", f"{media_type[:100] or 'no type'!r} isn't read"
        )


router = APIRouter(
    prefix="/steps",
    tags=["Steps"],
    dependencies=[Depends(_only_json), Depends(step_in_turn)],
    responses={
        200: {"model": Captured, "description": "The same step was known already."},
        **problems(
            "malformed-json",
            "batch-exists",
            "pallet-exists",
            "pallet-gone",
            "shipment-exists",
            "not-enough-mass",
            "scan-id-reused",
            "payload-too-large",
            "unsupported-media-type",
            "invalid-request",
            "invalid-mass",
            "wrong-check-digit",
            "invalid-identifier",
            "unknown-place",
            "unknown-product",
            "wrong-product",
            "unknown-batch",
            "unknown-pallet",
            "unknown-shipment",
            "mass-not-conserved",
            "time-travel",
            "database-unavailable",
        ),
    },
)


def _capture(services: Services, response: Response, step: scans.ScanBase) -> Captured:
    scan = scans.SCAN.validate_python(dict(step))
    captured = services.traceability.capture(scan)
    href = event_address(captured.event_id)
    response.headers["Location"] = href
    response.status_code = status.HTTP_201_CREATED if captured.new else status.HTTP_200_OK
    return Captured(event=captured.event_id, new=captured.new, href=href)


@router.post("/harvest", status_code=status.HTTP_201_CREATED, summary="Report a harvest")
def post_harvest(
    services: ServicesNeeded,
    response: Response,
    step: Annotated[HarvestStep, Body(examples=[_HARVEST])],
) -> Captured:
    """A batch comes into being at an orchard."""
    return _capture(services, response, step)


@router.post("/store-in", status_code=status.HTTP_201_CREATED, summary="Report storing")
def post_store_in(
    services: ServicesNeeded,
    response: Response,
    step: Annotated[StoreInStep, Body(examples=[_STORE])],
) -> Captured:
    """Fruit goes into a cold room."""
    return _capture(services, response, step)


@router.post("/store-out", status_code=status.HTTP_201_CREATED, summary="Report taking out")
def post_store_out(
    services: ServicesNeeded,
    response: Response,
    step: Annotated[StoreOutStep, Body(examples=[_STORE])],
) -> Captured:
    """Fruit leaves a cold room."""
    return _capture(services, response, step)


@router.post("/sort", status_code=status.HTTP_201_CREATED, summary="Report a sorting run")
def post_sort(
    services: ServicesNeeded,
    response: Response,
    step: Annotated[SortStep, Body(examples=[_SORT])],
) -> Captured:
    """Batches become graded batches on a sorting line."""
    return _capture(services, response, step)


@router.post("/palletise", status_code=status.HTTP_201_CREATED, summary="Report palletising")
def post_palletise(
    services: ServicesNeeded,
    response: Response,
    step: Annotated[PalletiseStep, Body(examples=[_PALLETISE])],
) -> Captured:
    """Graded fruit is packed on a pallet."""
    return _capture(services, response, step)


@router.post("/ship", status_code=status.HTTP_201_CREATED, summary="Report shipping")
def post_ship(
    services: ServicesNeeded,
    response: Response,
    step: Annotated[ShipStep, Body(examples=[_SHIP])],
) -> Captured:
    """Pallets leave for a destination."""
    return _capture(services, response, step)


@router.post("/receive", status_code=status.HTTP_201_CREATED, summary="Report receiving")
def post_receive(
    services: ServicesNeeded,
    response: Response,
    step: Annotated[ReceiveStep, Body(examples=[_RECEIVE])],
) -> Captured:
    """Pallets arrive at their destination."""
    return _capture(services, response, step)
