"""Mass balances: whether what came in, what is here and what left agree."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.models.balance import BatchBalance, LineBalance, OrchardBalance, SeasonBalance
from api.openapi import problems
from api.parameters import AssetPath, GtinPath, LotPath, TimeQuery
from api.services import ServicesNeeded
from park.gs1 import BatchId

router = APIRouter(
    prefix="/balance",
    tags=["Mass balance"],
    responses=problems("invalid-request", "database-unavailable"),
)

SeasonPath = Annotated[int, Path(description="Year in which the season begins.", examples=[2025])]
SeasonQuery = Annotated[
    int | None,
    Query(description="Year in which the season begins; by default this one.", examples=[2025]),
]


@router.get(
    "/batches/{gtin}/{lot}",
    summary="Balance of a batch",
    responses=problems("batch-not-found", "wrong-check-digit", "invalid-identifier"),
)
def get_batch_balance(services: ServicesNeeded, gtin: GtinPath, lot: LotPath) -> BatchBalance:
    """How much was made of a batch, and what became of all of it."""
    return BatchBalance.of(services.traceability.balance.batch(BatchId(gtin, lot)))


@router.get(
    "/lines/{asset}",
    summary="Balance of a sorting line",
    responses=problems("asset-not-found", "bad-span"),
)
def get_line_balance(
    services: ServicesNeeded,
    asset: AssetPath,
    since: Annotated[
        TimeQuery | None, Query(alias="from", description="Start of the span.")
    ] = None,
    until: Annotated[
        TimeQuery | None, Query(alias="to", description="End of the span, not included.")
    ] = None,
) -> LineBalance:
    """What a line took, what came out by grade, rejects, losses and yield."""
    found = services.traceability.balance.line(asset, since, until)
    return LineBalance.of(found, services.park)


@router.get(
    "/orchards/{asset}",
    summary="Balance of an orchard",
    responses=problems("asset-not-found", "bad-season"),
)
def get_orchard_balance(
    services: ServicesNeeded, asset: AssetPath, season: SeasonQuery = None
) -> OrchardBalance:
    """What an orchard gave in a season, against what its area can bear."""
    found = services.traceability.balance.orchard(asset, season)
    return OrchardBalance.of(found, services.park)


@router.get("/seasons/{season}", summary="Balance of a season", responses=problems("bad-season"))
def get_season_balance(services: ServicesNeeded, season: SeasonPath) -> SeasonBalance:
    """What was harvested in a season, where all of it is now, and what is odd about it."""
    balance = services.traceability.balance
    return SeasonBalance.of(balance.season(season), list(balance.findings(season)), services.park)
