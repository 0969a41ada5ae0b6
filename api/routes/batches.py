"""Batches, pallets and shipments: looking up, and tracing both ways."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from api.climate import Climates
from api.errors import ProblemError
from api.models.batches import Batch, History, Pallet, Shipment
from api.models.common import Items
from api.models.traces import Totals, Trace
from api.openapi import problems
from api.parameters import (
    DEFAULT_LIMIT,
    After,
    GtinPath,
    Limit,
    LotPath,
    ShipmentPath,
    SsccPath,
    TimeQuery,
    Word,
)
from api.services import Services, ServicesNeeded
from park import assets
from park.gs1 import BatchId
from traceability.views import BatchQuery

router = APIRouter(tags=["Batches"], responses=problems("invalid-request", "database-unavailable"))


class BatchSearch(BaseModel):
    """Which batches to list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: Annotated[
        Word | None,
        Field(
            description="Part of a lot number, a GTIN, or a batch in any form.", examples=["LY-7"]
        ),
    ] = None
    orchard: Annotated[Word | None, Field(description="Asset id of an orchard it came from.")] = (
        None
    )
    destination: Annotated[
        Word | None,
        Field(description="Asset id or ISO country code that some of it went to.", examples=["TH"]),
    ] = None
    harvested_from: Annotated[
        TimeQuery | None, Field(description="Some of it was harvested at this time or later.")
    ] = None
    harvested_until: Annotated[
        TimeQuery | None, Field(description="Some of it was harvested at this time or earlier.")
    ] = None
    variety: Annotated[
        Word | None, Field(description="Id of a variety.", examples=["winter-jujube"])
    ] = None
    grade: Annotated[Word | None, Field(description="Id of a grade.", examples=["extra"])] = None
    limit: Limit = DEFAULT_LIMIT
    after: After = None


def _destination_or_refuse(services: Services, destination: str | None) -> str | None:
    """The asset id of a destination given by id or country code; raises ProblemError."""
    if destination is None:
        return None
    for place in services.park.of_type(assets.Destination):
        if destination.lower() in (place.id, place.country.lower()):
            return place.id
    raise ProblemError("unknown-asset", f"`destination`: no destination {destination!r}")


def _refuse_unknown_orchard(services: Services, orchard: str | None) -> None:
    if orchard is not None and not isinstance(services.park.assets.get(orchard), assets.Orchard):
        raise ProblemError("unknown-asset", f"`orchard`: no orchard {orchard!r} in this park")


@router.get(
    "/batches", summary="Search batches", responses=problems("unknown-asset", "bad-page-token")
)
def list_batches(services: ServicesNeeded, search: Annotated[BatchSearch, Query()]) -> Items[Batch]:
    """Batches that meet every criterion, the most recently made first."""
    _refuse_unknown_orchard(services, search.orchard)
    query = BatchQuery(
        number=search.number,
        orchard=search.orchard,
        destination=_destination_or_refuse(services, search.destination),
        harvested_from=search.harvested_from,
        harvested_until=search.harvested_until,
        variety=search.variety,
        grade=search.grade,
    )
    page = services.traceability.search_batches(query, search.after, search.limit)
    return Items(
        items=[Batch.of(batch, services.park) for batch in page.items], next=page.next_token
    )


@router.get(
    "/batches/{gtin}/{lot}",
    summary="History of a batch",
    responses=problems("batch-not-found", "wrong-check-digit", "invalid-identifier"),
)
def get_batch(services: ServicesNeeded, gtin: GtinPath, lot: LotPath) -> History:
    """Orchards, rooms with their climate, sorting, pallets and shipments of a batch.

    Where the telemetry store doesn't answer, the climates' status is `unavailable`.
    """
    history = services.traceability.batch(BatchId(gtin, lot))
    climates = Climates(services.park, services.telemetry, services.clock())
    return History.with_climates(history, climates, services.park)


@router.get(
    "/batches/{gtin}/{lot}/trace/back",
    summary="Where a batch came from",
    responses=problems("node-not-found", "wrong-check-digit"),
)
def trace_batch_back(services: ServicesNeeded, gtin: GtinPath, lot: LotPath) -> Trace:
    """The lineage of a batch back to its harvests, with the mass that each gave to it."""
    return Trace.of(services.traceability.trace_back(BatchId(gtin, lot).path), services.park)


@router.get(
    "/batches/{gtin}/{lot}/trace/forward",
    summary="Where a batch went",
    responses=problems("node-not-found", "wrong-check-digit"),
)
def trace_batch_forward(services: ServicesNeeded, gtin: GtinPath, lot: LotPath) -> Trace:
    """The lineage of a batch forward to destinations, stock, rejects and losses."""
    return Trace.of(services.traceability.trace_forward(BatchId(gtin, lot).path), services.park)


@router.get(
    "/pallets/{sscc}",
    summary="A pallet",
    responses=problems("pallet-not-found", "wrong-check-digit"),
)
def get_pallet(services: ServicesNeeded, sscc: SsccPath) -> Pallet:
    """What is on a pallet, who packed it and where it went."""
    return Pallet.of(services.traceability.pallet(sscc), services.park)


@router.get(
    "/pallets/{sscc}/trace/back",
    summary="Where a pallet came from",
    responses=problems("node-not-found", "wrong-check-digit"),
)
def trace_pallet_back(services: ServicesNeeded, sscc: SsccPath) -> Trace:
    """The lineage of a pallet back to its harvests."""
    return Trace.of(services.traceability.trace_back(f"00/{sscc}"), services.park)


@router.get(
    "/shipments", summary="List shipments", responses=problems("unknown-asset", "bad-page-token")
)
def list_shipments(
    services: ServicesNeeded,
    destination: Annotated[
        Word | None, Query(description="Asset id or ISO country code.", examples=["TH"])
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> Items[Shipment]:
    """Shipments, the latest first."""
    wanted = _destination_or_refuse(services, destination)
    page = services.traceability.shipments(wanted, after, limit)
    return Items(
        items=[Shipment.of(shipment, services.park) for shipment in page.items],
        next=page.next_token,
    )


@router.get("/shipments/{number}", summary="A shipment", responses=problems("shipment-not-found"))
def get_shipment(services: ServicesNeeded, number: ShipmentPath) -> Shipment:
    """A shipment's pallets, container, destination and dates."""
    return Shipment.of(services.traceability.shipment(number), services.park)


@router.get(
    "/shipments/{number}/trace/back",
    summary="Where a shipment came from",
    responses=problems("shipment-not-found", "node-not-found"),
)
def trace_shipment_back(services: ServicesNeeded, number: ShipmentPath) -> Trace:
    """The lineage of a shipment back to its harvests."""
    # Asked for first, so that any number at all gets a plain answer.
    found = services.traceability.shipment(number).shipment
    return Trace.of(services.traceability.trace_back(f"shipment/{found}"), services.park)


@router.get("/totals", summary="Totals")
def get_totals(services: ServicesNeeded) -> Totals:
    """How many events, batches, pallets and shipments there are."""
    return Totals.of(services.traceability.totals())
