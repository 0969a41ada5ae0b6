"""Assets, their newest values and series, and the telemetry table."""

from dataclasses import fields
from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.models.common import Model, Name, Time
from ingest.calibration.store import CorrectedPoint
from ingest.stores.port import Aggregate
from park import assets, telemetry

_COMMON = {field.name for field in fields(assets.Asset)}


class Asset(Model):
    """A place, machine or party of the park."""

    id: Annotated[str, Field(examples=["room-0001"])]
    type: assets.AssetType
    name: Name
    parent: str | None
    place: Annotated[
        str | None,
        Field(
            description="Digital Link of its GLN; null for what doesn't hold fruit.",
            examples=["https://id.gs1.org/414/9521321002012/254/room-0001"],
        ),
    ]
    kind: Annotated[str | None, Field(description="The telemetry it sends.")]
    details: Annotated[
        dict[str, str | float | int | None],
        Field(
            description="What only its type has; names carry their unit. Null where unknown.",
            examples=[{"capacity_t": 60.0, "crop": "jujube", "setpoint_c": -0.5}],
        ),
    ]
    links: dict[str, str]

    @classmethod
    def of(cls, asset: assets.Asset) -> "Asset":
        """An asset as JSON."""
        own = [field.name for field in fields(asset) if field.name not in _COMMON]
        return cls(
            id=asset.id,
            type=asset.type,
            name=Name.of(asset.name),
            parent=asset.parent,
            place=None if asset.place is None else asset.place.uri,
            kind=None if asset.kind is None else asset.kind.name,
            details={name: getattr(asset, name) for name in own},
            links=_links(asset),
        )


def _links(asset: assets.Asset) -> dict[str, str]:
    here = f"/v1/assets/{asset.id}"
    links = {"self": here, "children": f"/v1/assets?parent={asset.id}"}
    if asset.parent is not None:
        links["parent"] = f"/v1/assets/{asset.parent}"
    if asset.kind is not None:
        links["latest"] = f"{here}/latest"
        links["series"] = f"{here}/series"
    return links


Value = bool | int | float | str
Corrected = Annotated[
    bool, Field(description="Whether calibration was regarded; false for values as they came.")
]
CorrectionNumbers = Annotated[
    list[int], Field(description="Numbers of the corrections that were applied: /v1/calibrations.")
]


class Latest(Model):
    """The newest value of every field that an asset ever sent."""

    asset: Annotated[str, Field(examples=["room-0001"])]
    kind: Annotated[str, Field(examples=["cold_room"])]
    time: Annotated[Time | None, Field(description="Of the newest; null if it never sent any.")]
    age_s: Annotated[float | None, Field(description="Seconds since then.", examples=[41.5])]
    fields: Annotated[dict[str, Value], Field(examples=[{"air_temp_c": -0.6, "door_open": False}])]
    corrected: Corrected
    corrections: CorrectionNumbers

    @classmethod
    def of(
        cls,
        asset: assets.Asset,
        newest: CorrectedPoint | None,
        now: datetime,
        *,
        corrected: bool,
    ) -> "Latest":
        """An asset's newest values; without a point it never sent any."""
        point = None if newest is None else newest.point
        used = () if newest is None else newest.corrections
        return cls(
            asset=asset.id,
            kind="" if asset.kind is None else asset.kind.name,
            time=None if point is None else point.time,
            age_s=None if point is None else round((now - point.time).total_seconds(), 3),
            fields={} if point is None else dict(point.fields),
            corrected=corrected,
            corrections=[correction.number for correction in used],
        )


class SeriesPoint(Model):
    """The aggregated fields of the span that begins at `time`."""

    time: Time
    values: Annotated[dict[str, float | int | str | None], Field(examples=[{"air_temp_c": -0.52}])]


class Series(Model):
    """A series of one asset; spans without a reading are left out."""

    asset: str
    kind: str
    start: Time
    end: Time
    every_s: Annotated[float, Field(examples=[3600])]
    aggregate: Aggregate
    units: Annotated[
        dict[str, str], Field(description="UCUM codes.", examples=[{"air_temp_c": "Cel"}])
    ]
    corrected: Corrected
    corrections: CorrectionNumbers
    points: list[SeriesPoint]


class TelemetryField(Model):
    """One measured quantity."""

    name: Annotated[str, Field(examples=["air_temp_c"])]
    unit: Annotated[str, Field(description="UCUM code.", examples=["Cel"])]
    low: Annotated[float, Field(description="Least plausible value.", examples=[-40])]
    high: Annotated[float, Field(description="Greatest plausible value.", examples=[60])]
    title: Name
    type: telemetry.FieldType
    behaviour: telemetry.Behaviour
    states: list[str]


class TelemetryKind(Model):
    """One kind of telemetry source."""

    name: Annotated[str, Field(examples=["cold_room"])]
    title: Name
    asset_type: assets.AssetType
    cadence_s: int
    fields: list[TelemetryField]

    @classmethod
    def of(cls, kind: telemetry.Kind) -> "TelemetryKind":
        """A row of the telemetry table."""
        return cls(
            name=kind.name,
            title=Name.of(kind.title),
            asset_type=assets.AssetType(kind.asset_type),
            cadence_s=kind.cadence_s,
            fields=[
                TelemetryField(
                    name=field.name,
                    unit=field.unit,
                    low=field.low,
                    high=field.high,
                    title=Name.of(field.title),
                    type=field.type,
                    behaviour=field.behaviour,
                    states=list(field.states),
                )
                for field in kind.fields.values()
            ],
        )
