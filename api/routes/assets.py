"""Assets, their newest values and series, and the telemetry table."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from api.errors import ProblemError
from api.models.assets import Asset, Latest, Series, SeriesPoint, TelemetryKind
from api.models.common import Items
from api.openapi import problems
from api.parameters import (
    DEFAULT_LIMIT,
    After,
    AssetPath,
    EveryQuery,
    Limit,
    TimeQuery,
    Word,
    slice_page,
)
from api.services import Services, ServicesNeeded
from ingest.calibration.store import CalibratedStore, CorrectedPoint
from ingest.stores.port import Aggregate, TelemetryStore
from park import assets
from park.telemetry import KINDS, Kind
from park.times import to_epoch_ms

MOST_VALUES = 20_000
"""Points times fields of one series."""

_DEFAULT_POINTS = 200
_RAW = "Values as they came, without corrections."
_AS_OF = "By the corrections that were known then, whatever was recorded or withdrawn since."
RawQuery = Annotated[bool, Query(description=_RAW)]
AsOfQuery = Annotated[TimeQuery | None, Query(description=_AS_OF)]


class SeriesQuestion(BaseModel):
    """Which series to read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: Annotated[
        list[Word],
        Field(min_length=1, max_length=20, description="Repeat it for several fields."),
    ]
    start: Annotated[TimeQuery, Field(description="Of the span, RFC 3339 with an offset.")]
    end: Annotated[TimeQuery, Field(description="Of the span; not part of it.")]
    every: Annotated[
        EveryQuery | None,
        Field(description="Width of a point: `15m`, `1h`, `1d`, `PT15M`, or seconds."),
    ] = None
    aggregate: Annotated[
        Aggregate, Field(description="How the readings of a point become one value.")
    ] = Aggregate.MEAN
    raw: Annotated[bool, Field(description=_RAW)] = False
    as_of: Annotated[TimeQuery | None, Field(description=_AS_OF)] = None


router = APIRouter(tags=["Assets and telemetry"])


@router.get("/assets", summary="List assets", responses=problems("unknown-asset"))
def list_assets(
    services: ServicesNeeded,
    type: Annotated[  # noqa: A002 - the parameter's name in the address
        assets.AssetType | None, Query(description="Only of this type.")
    ] = None,
    parent: Annotated[Word | None, Query(description="Only what belongs to this asset.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> Items[Asset]:
    """Every place, machine and party of the park, in the order of its definition."""
    if parent is not None:
        _refuse_unknown(services, parent, "parent")
    chosen = [
        asset
        for asset in services.park.assets.values()
        if type in (None, asset.type) and parent in (None, asset.parent)
    ]
    page, token = slice_page(chosen, lambda asset: asset.id, after, limit)
    return Items(items=[Asset.of(asset) for asset in page], next=token)


@router.get("/assets/{asset}", summary="One asset", responses=problems("asset-not-found"))
def get_asset(services: ServicesNeeded, asset: AssetPath) -> Asset:
    """An asset with links to what belongs to it and to its telemetry."""
    return Asset.of(services.park.asset(asset))


@router.get(
    "/assets/{asset}/latest",
    summary="Newest values of an asset",
    responses=problems(
        "asset-not-found", "no-telemetry", "no-calibrations-here", "telemetry-unavailable"
    ),
)
def get_latest(
    services: ServicesNeeded, asset: AssetPath, *, raw: RawQuery = False, as_of: AsOfQuery = None
) -> Latest:
    """The newest value of every field that the asset ever sent, corrected by calibration."""
    found = services.park.asset(asset)
    store = _store(services, raw=raw, as_of=as_of)
    newest = _newest(store, _kind_of(found), [found.id]).get(found.id)
    return Latest.of(found, newest, services.clock(), corrected=_is_corrected(store))


@router.get(
    "/latest",
    summary="Newest values of many assets",
    responses=problems(
        "unknown-field", "unknown-asset", "no-calibrations-here", "telemetry-unavailable"
    ),
)
def list_latest(
    services: ServicesNeeded,
    kind: Annotated[Word, Query(description="A telemetry kind.", examples=["cold_room"])],
    centre: Annotated[
        Word | None, Query(description="Only rooms and lines of this centre.")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
    *,
    raw: RawQuery = False,
    as_of: AsOfQuery = None,
) -> Items[Latest]:
    """The newest values of every asset of a kind, corrected by calibration.

    Assets that never sent any are listed too.
    """
    store = _store(services, raw=raw, as_of=as_of)
    wanted = KINDS.get(kind)
    if wanted is None:
        raise ProblemError("unknown-field", f"no telemetry kind {kind!r}; {_listed(KINDS)}")
    if centre is not None:
        _refuse_unknown(services, centre, "centre", assets.AssetType.CENTRE)
    chosen = [
        asset
        for asset in services.park.assets.values()
        if asset.kind is wanted and centre in (None, services.park.centre_of(asset))
    ]
    page, token = slice_page(chosen, lambda asset: asset.id, after, limit)
    newest = _newest(store, wanted, [asset.id for asset in page]) if page else {}
    now, corrected = services.clock(), _is_corrected(store)
    return Items(
        items=[Latest.of(asset, newest.get(asset.id), now, corrected=corrected) for asset in page],
        next=token,
    )


@router.get(
    "/assets/{asset}/series",
    summary="A series of an asset",
    responses=problems(
        "asset-not-found",
        "no-telemetry",
        "unknown-field",
        "unsupported-aggregate",
        "too-many-points",
        "no-calibrations-here",
        "telemetry-unavailable",
    ),
)
def get_series(
    services: ServicesNeeded, asset: AssetPath, wanted: Annotated[SeriesQuestion, Query()]
) -> Series:
    """Fields of an asset over start <= time < end, corrected by calibration.

    One point for each `every`.
    Without `every`, it is chosen so that there are at most 200 points.
    """
    found = services.park.asset(asset)
    kind = _kind_of(found)
    fields = list(dict.fromkeys(wanted.field))
    _check_fields(kind, fields)
    every = _width(wanted, len(fields))
    start, end, aggregate = wanted.start, wanted.end, wanted.aggregate
    store = _store(services, raw=wanted.raw, as_of=wanted.as_of)
    used: list[int] = []
    if isinstance(store, CalibratedStore):
        store = store.holding([asset])  # what is said to be used is what is used
        if aggregate is not Aggregate.COUNT:
            used = [correction.number for correction in store.used(asset, fields, start, end)]
    buckets = store.series(kind.name, asset, fields, start, end, every, aggregate)
    return Series(
        asset=asset,
        kind=kind.name,
        start=start,
        end=end,
        every_s=every.total_seconds(),
        aggregate=aggregate,
        units={name: kind.fields[name].unit for name in fields},
        corrected=_is_corrected(store),
        corrections=used,
        points=[SeriesPoint(time=bucket.time, values=dict(bucket.values)) for bucket in buckets],
    )


@router.get("/telemetry", summary="The telemetry table")
def list_telemetry() -> Items[TelemetryKind]:
    """Every kind and field that the park measures, with unit and plausible range."""
    return Items(items=[TelemetryKind.of(kind) for kind in KINDS.values()])


def _store(services: Services, *, raw: bool, as_of: datetime | None) -> TelemetryStore:
    """The store as the question wants it: corrected, as it came, or as it was once corrected."""
    store = services.telemetry
    if raw and as_of is not None:
        raise ProblemError("invalid-request", "`raw` and `as_of` exclude each other")
    if not isinstance(store, CalibratedStore):
        if as_of is not None:
            raise ProblemError("no-calibrations-here", "`as_of`: no corrections are kept here")
        return store
    if raw:
        return store.raw_store
    return store if as_of is None else store.as_of(to_epoch_ms(as_of))


def _is_corrected(store: TelemetryStore) -> bool:
    return isinstance(store, CalibratedStore)


def _newest(
    store: TelemetryStore, kind: Kind, asset_ids: Sequence[str]
) -> dict[str, CorrectedPoint]:
    """The newest values and what was applied to them, by asset."""
    if isinstance(store, CalibratedStore):
        newest = store.newest(kind.name, asset_ids)
    else:
        newest = [CorrectedPoint(point) for point in store.latest(kind.name, asset_ids)]
    return {found.point.asset: found for found in newest}


def _kind_of(asset: assets.Asset) -> Kind:
    if asset.kind is None:
        raise ProblemError("no-telemetry", f"{asset.id} is a {asset.type} and sends no telemetry")
    return asset.kind


def _width(wanted: SeriesQuestion, fields: int) -> timedelta:
    """The width of a point. Raises ProblemError where there would be too many points, or none."""
    span = wanted.end - wanted.start
    if span <= timedelta(0):
        raise ProblemError("invalid-request", "`start` must lie before `end`")
    every = wanted.every or timedelta(seconds=_ceil_s(span / _DEFAULT_POINTS))
    if span / every * fields > MOST_VALUES:
        least_s = _ceil_s(span * fields / MOST_VALUES)
        raise ProblemError(
            "too-many-points", f"at most {MOST_VALUES} values: take every={least_s}s or longer"
        )
    return every


def _ceil_s(duration: timedelta) -> int:
    """Whole seconds, rounded up."""
    return -(-duration // timedelta(seconds=1))


def _check_fields(kind: Kind, fields: list[str]) -> None:
    for name in fields:
        if name not in kind.fields:
            raise ProblemError(
                "unknown-field", f"{kind.name} has no field {name!r}; {_listed(kind.fields)}"
            )


def _refuse_unknown(
    services: Services, asset_id: str, parameter: str, wanted: assets.AssetType | None = None
) -> None:
    asset = services.park.assets.get(asset_id)
    if asset is None or wanted not in (None, asset.type):
        what = "asset" if wanted is None else wanted
        raise ProblemError("unknown-asset", f"`{parameter}`: no {what} {asset_id!r} in this park")


def _listed(names: Iterable[str]) -> str:
    return "there are: " + ", ".join(names)
