"""The park's assets: places, machines and parties, and the registry that finds them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, TypeVar

from park.errors import DefinitionError, UnknownAssetError
from park.gs1 import PlaceId
from park.seasons import CALENDAR_YEARS, SeasonCalendar
from park.telemetry import KIND_OF_ASSET_TYPE, Kind, Text


class AssetType(StrEnum):
    """Every type of asset."""

    SITE = "site"
    TOWNSHIP = "township"
    ORCHARD = "orchard"
    IRRIGATION_BLOCK = "irrigation_block"
    PUMP_HEAD = "pump_head"
    FERTIGATION_MIXER = "fertigation_mixer"
    SOIL_PROBE = "soil_probe"
    WEATHER_STATION = "weather_station"
    GREENHOUSE = "greenhouse"
    CENTRE = "centre"
    COLD_ROOM = "cold_room"
    PACKHOUSE = "packhouse"
    SORTING_LINE = "sorting_line"
    SORTING_LANE = "sorting_lane"
    REEFER = "reefer"
    GROWER = "grower"
    DESTINATION = "destination"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """What every asset has: an id unique in its park, a name, and what it belongs to."""

    type: ClassVar[AssetType]

    id: str
    name: Text
    parent: str | None
    """Id of the asset it belongs to; None for the site only."""
    place: PlaceId | None = None
    """Where events happen: GLN, with extension for a room or line; None for what doesn't hold
    fruit."""

    @property
    def kind(self) -> Kind | None:
        """The telemetry it sends; None where it sends none."""
        return KIND_OF_ASSET_TYPE.get(self.type)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site(Asset):
    """The whole park."""

    type = AssetType.SITE
    area_mu: float
    irrigated_area_mu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Township(Asset):
    """A township of the park."""

    type = AssetType.TOWNSHIP
    villages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Orchard(Asset):
    """A registered export orchard; its parent is a township."""

    type = AssetType.ORCHARD
    area_mu: float
    crop: str
    variety: str
    grower: str
    registration: str
    """Number under which the orchard is registered for export."""
    latitude_deg: float
    longitude_deg: float
    yield_kg_mu: float
    """Most that a mu of it yields in a season."""
    certified_area_mu: float | None = None
    """How much of it is certified; None where that isn't known apart from its area."""

    @property
    def ceiling_kg(self) -> float:
        """Most that it gives in a season under its registration: the mass balance's limit."""
        area_mu = self.area_mu if self.certified_area_mu is None else self.certified_area_mu
        return area_mu * self.yield_kg_mu


@dataclass(frozen=True, slots=True, kw_only=True)
class IrrigationBlock(Asset):
    """One valve block; its parent is an orchard."""

    type = AssetType.IRRIGATION_BLOCK
    area_mu: float
    nominal_flow_m3h: float
    pump_head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PumpHead(Asset):
    """A well or head works; its parent is an orchard."""

    type = AssetType.PUMP_HEAD


@dataclass(frozen=True, slots=True, kw_only=True)
class FertigationMixer(Asset):
    """A fertiliser mixer; its parent is a pump head."""

    type = AssetType.FERTIGATION_MIXER


@dataclass(frozen=True, slots=True, kw_only=True)
class SoilProbe(Asset):
    """A soil probe; its parent is an irrigation block."""

    type = AssetType.SOIL_PROBE


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherStation(Asset):
    """A weather station; its parent is a township."""

    type = AssetType.WEATHER_STATION


@dataclass(frozen=True, slots=True, kw_only=True)
class Greenhouse(Asset):
    """A greenhouse of facility jujube; its parent is a township."""

    type = AssetType.GREENHOUSE
    area_mu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre(Asset):
    """A cold-chain centre; its parent is the site."""

    type = AssetType.CENTRE
    capacity_t: float
    latitude_deg: float
    longitude_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdRoom(Asset):
    """A cold room; its parent is a centre."""

    type = AssetType.COLD_ROOM
    capacity_t: float
    crop: str
    setpoint_c: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Packhouse(Asset):
    """A registered packhouse; its parent is a centre."""

    type = AssetType.PACKHOUSE
    registration: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SortingLine(Asset):
    """A sorting line; its parent is a packhouse."""

    type = AssetType.SORTING_LINE
    capacity_kg_h: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SortingLane(Asset):
    """One lane of a sorting line, its parent."""

    type = AssetType.SORTING_LANE


@dataclass(frozen=True, slots=True, kw_only=True)
class Reefer(Asset):
    """A refrigerated container or truck; its parent is the site."""

    type = AssetType.REEFER
    container_number: str
    setpoint_c: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Grower(Asset):
    """Who grows: a co-operative or firm, never a person's name; its parent is a township."""

    type = AssetType.GROWER


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination(Asset):
    """A country that fruit goes to; its parent is the site, its place the importer's."""

    type = AssetType.DESTINATION
    country: str
    """ISO 3166-1 alpha-2 code."""
    latitude_deg: float
    longitude_deg: float


@dataclass(frozen=True, slots=True)
class Product:
    """What a GTIN stands for: a variety, ungraded from the orchard or sorted into a grade."""

    gtin: str
    name: Text
    crop: str
    variety: str
    grade: str
    """`field-run` before sorting; afterwards a grade of `GRADES`."""


FIELD_RUN = "field-run"
REJECT = "reject"


A = TypeVar("A", bound=Asset)


@dataclass(frozen=True, slots=True, repr=False)
class Park:
    """All assets and products of one park; ids and places are unique in it.

    Raises DefinitionError where they are not, or where a parent is missing.
    """

    site: Site
    company_prefix: str
    """The GS1 company prefix under which it issues keys."""
    assets: dict[str, Asset]
    """By id, the site first."""
    products: dict[str, Product]
    """By GTIN-14."""
    calendar: SeasonCalendar = CALENDAR_YEARS
    """When its seasons begin."""
    by_place: dict[PlaceId, Asset] = field(init=False)
    """Every asset that has a place, by it."""

    def __post_init__(self) -> None:
        """Index the places and check that every parent exists."""
        by_place: dict[PlaceId, Asset] = {}
        for asset in self.assets.values():
            if asset.parent is not None and asset.parent not in self.assets:
                msg = f"asset {asset.id!r} belongs to {asset.parent!r}, which doesn't exist"
                raise DefinitionError(msg)
            if asset.place is not None and by_place.setdefault(asset.place, asset) is not asset:
                msg = f"{asset.id!r} and {by_place[asset.place].id!r} share {asset.place.path}"
                raise DefinitionError(msg)
        object.__setattr__(self, "by_place", by_place)

    def __repr__(self) -> str:
        """Its site and how much there is: all of it fills hundreds of pages."""
        return f"<Park {self.site.id}, {len(self.assets):,} assets>"

    @classmethod
    def build(
        cls,
        site: Site,
        company_prefix: str,
        assets: Iterable[Asset],
        products: Iterable[Product],
        calendar: SeasonCalendar = CALENDAR_YEARS,
    ) -> "Park":
        """A park of these assets (without the site, which comes first) and products.

        Raises DefinitionError where an id or GTIN is used twice.
        """
        by_id: dict[str, Asset] = {}
        for asset in (site, *assets):
            if by_id.setdefault(asset.id, asset) is not asset:
                msg = f"two assets have the id {asset.id!r}"
                raise DefinitionError(msg)
        by_gtin = {product.gtin: product for product in products}
        return cls(site, company_prefix, by_id, by_gtin, calendar)

    def asset(self, asset_id: str) -> Asset:
        """The asset of that id. Raises UnknownAssetError."""
        try:
            return self.assets[asset_id]
        except KeyError:
            raise UnknownAssetError(asset_id) from None

    def of_type(self, asset_class: type[A]) -> list[A]:
        """Every asset of that class, in the order of the definition."""
        return [asset for asset in self.assets.values() if isinstance(asset, asset_class)]

    def children(self, asset_id: str) -> list[Asset]:
        """The assets whose parent is that asset, in the order of the definition."""
        return [asset for asset in self.assets.values() if asset.parent == asset_id]

    def within(self, asset_id: str) -> list[str]:
        """Ids of an asset and of all that lies in it."""
        found = [asset_id]
        for candidate in found:
            found += [asset.id for asset in self.children(candidate)]
        return found

    def ancestor(self, asset: Asset, asset_class: type[A]) -> A | None:
        """The nearest asset above `asset`, or itself, of that class; None where there is none."""
        current: Asset | None = asset
        while current is not None:
            if isinstance(current, asset_class):
                return current
            current = None if current.parent is None else self.assets[current.parent]
        return None

    def position_of(self, asset: Asset) -> tuple[float, float] | None:
        """Latitude and longitude in degrees of an asset, or of the nearest above it that has them.

        None where none has: a weather station, whose township is an area, or a container.
        """
        current: Asset | None = asset
        while current is not None:
            if isinstance(current, Orchard | Centre | Destination):
                return current.latitude_deg, current.longitude_deg
            current = None if current.parent is None else self.assets[current.parent]
        return None

    def centre_of(self, asset: Asset) -> str | None:
        """Id of the centre that a room or line belongs to; None for what needs no centre tag."""
        if asset.kind is None or not asset.kind.in_centre:
            return None
        centre = self.ancestor(asset, Centre)
        return None if centre is None else centre.id
