"""What many answers share."""

from datetime import datetime
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

from park import assets
from park.telemetry import Text
from park.times import format_instant

T = TypeVar("T")

Time = Annotated[
    datetime,
    PlainSerializer(format_instant, return_type=str),
    WithJsonSchema(
        {"type": "string", "format": "date-time", "examples": ["2025-10-12T03:04:05.678Z"]}
    ),
]
"""RFC 3339 in UTC with milliseconds."""

Kg = Annotated[float, PlainSerializer(lambda mass: round(mass, 3), return_type=float)]
"""Kilograms, written to the gram."""

Celsius = Annotated[float, PlainSerializer(lambda value: round(value, 3), return_type=float)]
"""Degrees Celsius."""


class Model(BaseModel):
    """Base of every answer."""

    model_config = ConfigDict(frozen=True)


class Name(Model):
    """A name in both languages."""

    en: Annotated[str, Field(examples=["Thailand"])]
    zh: Annotated[str, Field(examples=["泰国"])]

    @classmethod
    def of(cls, text: Text) -> "Name":
        """The name that a text holds."""
        return cls(en=text.en, zh=text.zh)


class AssetRef(Model):
    """An asset, briefly."""

    id: Annotated[str, Field(examples=["destination-th"])]
    name: Name
    href: Annotated[str, Field(examples=["/v1/assets/destination-th"])]

    @classmethod
    def of(cls, park: assets.Park, asset_id: str) -> "AssetRef":
        """A reference to an asset, named by its id where this park no longer has it."""
        asset = park.assets.get(asset_id)
        name = Text(asset_id, asset_id) if asset is None else asset.name
        return cls(id=asset_id, name=Name.of(name), href=f"/v1/assets/{asset_id}")


class Items(Model, Generic[T]):
    """One page of a list."""

    items: list[T]
    next: Annotated[
        str | None,
        Field(description="Opaque; pass it as `after` for the next page. null on the last."),
    ] = None


class ProblemEntry(Model):
    """One wrong member or parameter."""

    pointer: Annotated[str, Field(examples=["#/qty_kg", "query/limit"])]
    detail: str


class Problem(BaseModel):
    """RFC 9457 problem; some types have further members."""

    model_config = ConfigDict(extra="allow")

    type: Annotated[str, Field(examples=["/problems/unknown-batch"])]
    title: str
    status: int
    detail: str
    errors: list[ProblemEntry] | None = None
