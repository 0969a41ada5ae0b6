"""Reads a park definition file and makes the park of it, at any scale.

The definition says how many of each asset there are and how large; ids, parents, places and
keys follow from it by counting, so that the same definition and scale always give the same park.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    ValidationError,
)

from park import assets as a
from park.assets import FIELD_RUN, Asset, Park, Product
from park.errors import DefinitionError, IdentifierError
from park.gs1 import PlaceId, make_gln, make_gtin
from park.seasons import SeasonCalendar
from park.telemetry import Text

_DAY = re.compile(r"(\d{2})-(\d{2})", re.ASCII)
_OFFSET = re.compile(r"([+-])(0\d|1[0-4]):([0-5]\d)", re.ASCII)
_ANY_COMMON_YEAR = 2025


def _month_and_day(text: str) -> tuple[int, int]:
    match = _DAY.fullmatch(text)
    if match is None:
        msg = "must be month and day, such as 08-01"
        raise ValueError(msg)
    # A season begins in every year, so not on 29 February.
    day = date(_ANY_COMMON_YEAR, int(match[1]), int(match[2]))
    return day.month, day.day


def _check_day(text: str) -> str:
    _month_and_day(text)
    return text


def _offset(text: str) -> timedelta:
    match = _OFFSET.fullmatch(text)
    if match is None:
        msg = "must be an offset from UTC, such as +08:00"
        raise ValueError(msg)
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return -offset if match[1] == "-" else offset


def _check_offset(text: str) -> str:
    _offset(text)
    return text


Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]

LARGEST_SCALE = 100.0


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NameSection(_Section):
    """A name in both languages."""

    en: str
    zh: str

    @property
    def text(self) -> Text:
        """The name as the assets carry it."""
        return Text(self.en, self.zh)


class SiteSection(_Section):
    """The park as a whole."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    name: NameSection
    area_mu: PositiveFloat
    irrigated_area_mu: PositiveFloat
    latitude_deg: Latitude
    longitude_deg: Longitude
    season_begins: Annotated[str, AfterValidator(_check_day)] = "01-01"
    utc_offset: Annotated[str, AfterValidator(_check_offset)] = "+08:00"

    @property
    def calendar(self) -> SeasonCalendar:
        """When the park's seasons begin."""
        month, day = _month_and_day(self.season_begins)
        return SeasonCalendar(month, day, _offset(self.utc_offset))


class Counts(_Section):
    """How many of each asset."""

    townships: PositiveInt
    villages: PositiveInt
    growers: PositiveInt
    orchards: PositiveInt
    irrigation_blocks: PositiveInt
    pump_heads: PositiveInt
    fertigation_mixers: PositiveInt
    soil_probes: PositiveInt
    weather_stations: PositiveInt
    greenhouses: PositiveInt
    centres: PositiveInt
    cold_rooms: PositiveInt
    packhouses: PositiveInt
    sorting_lines: PositiveInt
    reefers: PositiveInt

    def scaled(self, scale: float, least: "Counts") -> "Counts":
        """These counts times `scale`, none below `least`'s."""
        floors = least.model_dump()
        return Counts(
            **{
                name: max(floors[name], round(count * scale))
                for name, count in self.model_dump().items()
            }
        )


class Sizes(_Section):
    """How large one asset is."""

    orchard_area_mu: PositiveFloat
    block_area_mu: PositiveFloat
    block_flow_m3h: PositiveFloat
    greenhouse_area_mu: PositiveFloat
    centre_capacity_t: PositiveFloat
    room_capacity_t: PositiveFloat
    lanes_per_line: PositiveInt
    line_capacity_kg_h: PositiveFloat


class VarietySection(_Section):
    """A variety that the park grows."""

    id: str
    name: NameSection
    crop: str
    yield_kg_mu: PositiveFloat
    storage_setpoint_c: float
    fruit_mass_g: PositiveFloat


class OrchardSection(_Section):
    """What one orchard has of its own; what isn't given is as for every orchard."""

    id: str
    area_mu: PositiveFloat | None = None
    certified_area_mu: Annotated[float, Field(ge=0)] | None = None
    yield_kg_mu: PositiveFloat | None = None


class GradeSection(_Section):
    """A grade that the sorting lines make."""

    id: str
    name: NameSection


class DestinationSection(_Section):
    """A country that fruit goes to."""

    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    name: NameSection
    latitude_deg: Latitude
    longitude_deg: Longitude


class Definition(_Section):
    """A park definition file."""

    company_prefix: Annotated[str, Field(pattern=r"^\d{6,10}$")]
    site: SiteSection
    counts: Counts
    least: Counts
    sizes: Sizes
    varieties: Annotated[tuple[VarietySection, ...], Field(min_length=1)]
    orchards: tuple[OrchardSection, ...] = ()
    grades: Annotated[tuple[GradeSection, ...], Field(min_length=2)]
    destinations: Annotated[tuple[DestinationSection, ...], Field(min_length=1)]


def read_definition(path: Path | None = None) -> Definition:
    """The definition in that TOML file; without one, Linyi's.

    Raises DefinitionError naming the file and the entry that is wrong.
    """
    source = files("park").joinpath("linyi.toml") if path is None else path
    try:
        content = tomllib.loads(source.read_text(encoding="utf-8"))
        return Definition.model_validate(content)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        msg = f"can't read the park definition {source}: {error}"
        raise DefinitionError(msg) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        msg = f"park definition {source}, entry {where}: {first['msg']}"
        raise DefinitionError(msg) from error


def build_park(definition: Definition, scale: float = 1.0) -> Park:
    """The park of a definition with its counts times `scale` (above 0, at most LARGEST_SCALE).

    Raises DefinitionError where the scale is out of range or the company prefix leaves no room
    for that many keys.
    """
    if not 0 < scale <= LARGEST_SCALE:
        msg = f"scale {scale} is out of range; take a number above 0 and at most {LARGEST_SCALE}"
        raise DefinitionError(msg)
    try:
        return _Builder(definition, definition.counts.scaled(scale, definition.least)).park()
    except IdentifierError as error:
        msg = f"the company prefix is too long for this park: {error}"
        raise DefinitionError(msg) from error


@dataclass(frozen=True, slots=True)
class _Builder:
    definition: Definition
    counts: Counts

    def park(self) -> Park:
        section = self.definition.site
        site = a.Site(
            id=section.id,
            name=section.name.text,
            parent=None,
            place=self._place(1),
            area_mu=section.area_mu,
            irrigated_area_mu=section.irrigated_area_mu,
        )
        self._check_own()
        return Park.build(
            site,
            self.definition.company_prefix,
            self._assets(site.id),
            self._products(),
            section.calendar,
        )

    def _check_own(self) -> None:
        """Raise DefinitionError for what orchards can't have of their own.

        At a small scale an orchard may be missing that is there at scale 1.
        """
        most = max(self.counts.orchards, self.definition.counts.orchards)
        left = {_orchard(n) for n in range(1, most + 1)}
        for own in self.definition.orchards:
            area_mu = own.area_mu or self.definition.sizes.orchard_area_mu
            if own.id not in left:
                msg = f"entry orchards names {own.id!r} twice, or there is no such orchard"
                raise DefinitionError(msg)
            if own.certified_area_mu is not None and own.certified_area_mu > area_mu:
                msg = (
                    f"entry orchards: {own.certified_area_mu:g} mu of {own.id} can't be certified, "
                    f"it has {area_mu:g} mu"
                )
                raise DefinitionError(msg)
            left.discard(own.id)

    def _assets(self, site: str) -> Iterator[Asset]:
        yield from self._land(site)
        yield from self._irrigation()
        yield from self._sensing()
        yield from self._cold_chain(site)
        yield from self._packing()
        yield from self._beyond(site)

    def _place(self, location: int, extension: str | None = None) -> PlaceId:
        return PlaceId(make_gln(self.definition.company_prefix, location), extension)

    def _land(self, site: str) -> Iterator[Asset]:
        counts = self.counts
        for n in range(1, counts.townships + 1):
            yield a.Township(
                id=_township(n),
                name=_numbered("Township", "乡镇", n),
                parent=site,
                place=self._place(100 + n),
                villages=_share(counts.villages, counts.townships, n),
            )
        for n in range(1, counts.growers + 1):
            yield a.Grower(
                id=f"grower-{n:04}",
                name=_numbered("Grower", "种植主体", n),
                parent=_township(_spread(n, counts.townships)),
                place=self._place(10_000 + n),
            )
        yield from self._orchards()

    def _orchards(self) -> Iterator[Asset]:
        counts = self.counts
        own_by_id = {own.id: own for own in self.definition.orchards}
        for n in range(1, counts.orchards + 1):
            own = own_by_id.get(_orchard(n)) or OrchardSection(id=_orchard(n))
            variety = self.definition.varieties[(n - 1) % len(self.definition.varieties)]
            yield a.Orchard(
                id=_orchard(n),
                name=_numbered("Orchard", "果园", n),
                parent=_township(_spread(n, counts.townships)),
                place=self._place(1_000 + n),
                area_mu=own.area_mu or self.definition.sizes.orchard_area_mu,
                certified_area_mu=own.certified_area_mu,
                crop=variety.crop,
                variety=variety.id,
                grower=f"grower-{_spread(n, counts.growers):04}",
                registration=f"1400GY{n:04}",
                latitude_deg=_scatter(self.definition.site.latitude_deg, n, 0.618),
                longitude_deg=_scatter(self.definition.site.longitude_deg, n, 0.414),
                yield_kg_mu=own.yield_kg_mu or variety.yield_kg_mu,
            )

    def _irrigation(self) -> Iterator[Asset]:
        counts, sizes = self.counts, self.definition.sizes
        for n in range(1, counts.pump_heads + 1):
            yield a.PumpHead(
                id=f"pump-{n:04}",
                name=_numbered("Pump head", "首部", n),
                parent=_orchard(_spread(n, counts.orchards)),
            )
        for n in range(1, counts.fertigation_mixers + 1):
            yield a.FertigationMixer(
                id=f"mixer-{n:03}",
                name=_numbered("Fertigation mixer", "水肥机", n),
                parent=f"pump-{_spread(n, counts.pump_heads):04}",
            )
        for n in range(1, counts.irrigation_blocks + 1):
            yield a.IrrigationBlock(
                id=_block(n),
                name=_numbered("Block", "灌溉小区", n),
                parent=_orchard(_spread(n, counts.orchards)),
                area_mu=sizes.block_area_mu,
                nominal_flow_m3h=sizes.block_flow_m3h,
                pump_head=f"pump-{_spread(n, counts.pump_heads):04}",
            )

    def _sensing(self) -> Iterator[Asset]:
        counts = self.counts
        for n in range(1, counts.soil_probes + 1):
            yield a.SoilProbe(
                id=f"probe-{n:04}",
                name=_numbered("Soil probe", "墒情站", n),
                parent=_block(_spread(n, counts.irrigation_blocks)),
            )
        for n in range(1, counts.weather_stations + 1):
            yield a.WeatherStation(
                id=f"station-{n:03}",
                name=_numbered("Weather station", "气象站", n),
                parent=_township(_spread(n, counts.townships)),
            )
        for n in range(1, counts.greenhouses + 1):
            yield a.Greenhouse(
                id=f"greenhouse-{n:04}",
                name=_numbered("Greenhouse", "大棚", n),
                parent=_township(_spread(n, counts.townships)),
                area_mu=self.definition.sizes.greenhouse_area_mu,
            )

    def _cold_chain(self, site: str) -> Iterator[Asset]:
        counts, sizes, varieties = self.counts, self.definition.sizes, self.definition.varieties
        setpoints_c = {variety.crop: variety.storage_setpoint_c for variety in varieties}
        crops = tuple(setpoints_c)
        for n in range(1, counts.centres + 1):
            yield a.Centre(
                id=_centre(n),
                name=_numbered("Cold-chain centre", "冷链中心", n),
                parent=site,
                place=self._place(200 + n),
                capacity_t=sizes.centre_capacity_t,
                latitude_deg=_scatter(self.definition.site.latitude_deg, n, 0.325),
                longitude_deg=_scatter(self.definition.site.longitude_deg, n, 0.755),
            )
        for n in range(1, counts.cold_rooms + 1):
            centre = _spread(n, counts.centres)
            crop = crops[(n - 1) // counts.centres % len(crops)]
            room = f"room-{n:04}"
            yield a.ColdRoom(
                id=room,
                name=_numbered("Cold room", "冷库", n),
                parent=_centre(centre),
                place=self._place(200 + centre, room),
                capacity_t=sizes.room_capacity_t,
                crop=crop,
                setpoint_c=setpoints_c[crop],
            )

    def _packing(self) -> Iterator[Asset]:
        counts = self.counts
        for n in range(1, counts.packhouses + 1):
            yield a.Packhouse(
                id=_packhouse(n),
                name=_numbered("Packhouse", "包装厂", n),
                parent=_centre(_spread(n, counts.centres)),
                place=self._place(300 + n),
                registration=f"1400BZ{n:04}",
            )
        for n in range(1, counts.sorting_lines + 1):
            packhouse, line = _spread(n, counts.packhouses), f"line-{n:02}"
            yield a.SortingLine(
                id=line,
                name=_numbered("Sorting line", "分选线", n),
                parent=_packhouse(packhouse),
                place=self._place(300 + packhouse, line),
                capacity_kg_h=self.definition.sizes.line_capacity_kg_h,
            )
            for k in range(1, self.definition.sizes.lanes_per_line + 1):
                yield a.SortingLane(
                    id=f"{line}-lane-{k:02}", name=_numbered("Lane", "通道", k), parent=line
                )

    def _beyond(self, site: str) -> Iterator[Asset]:
        for n in range(1, self.counts.reefers + 1):
            yield a.Reefer(
                id=f"reefer-{n:03}",
                name=_numbered("Refrigerated container", "冷藏箱", n),
                parent=site,
                container_number=_container_number(n),
                setpoint_c=0.0,
            )
        for n, destination in enumerate(self.definition.destinations, start=1):
            yield a.Destination(
                id=f"destination-{destination.country.lower()}",
                name=destination.name.text,
                parent=site,
                place=self._place(500 + n),
                country=destination.country,
                latitude_deg=destination.latitude_deg,
                longitude_deg=destination.longitude_deg,
            )

    def _products(self) -> Iterator[Product]:
        prefix, grades = self.definition.company_prefix, self.definition.grades
        item = 0
        for variety in self.definition.varieties:
            for grade in grades:
                item += 1
                plain = grade.id == FIELD_RUN
                yield Product(
                    gtin=make_gtin(prefix, item),
                    name=Text(
                        variety.name.en if plain else f"{variety.name.en}, {grade.name.en}",
                        variety.name.zh if plain else f"{variety.name.zh}（{grade.name.zh}）",
                    ),
                    crop=variety.crop,
                    variety=variety.id,
                    grade=grade.id,
                )


def _numbered(en: str, zh: str, number: int) -> Text:
    return Text(f"{en} {number}", f"{number}号{zh}")


def _spread(n: int, among: int) -> int:
    """Which of `among` owners the n-th thing goes to, in turn, all counted from 1."""
    return (n - 1) % among + 1


def _share(total: int, among: int, n: int) -> int:
    return total // among + (1 if n <= total % among else 0)


def _scatter(centre_deg: float, n: int, step: float) -> float:
    """A spot within 0.15 degrees of the site's centre, spread evenly by an irrational step."""
    return round(centre_deg + (n * step % 1 - 0.5) * 0.3, 5)


def _township(n: int) -> str:
    return f"township-{n}"


def _orchard(n: int) -> str:
    return f"orchard-{n:03}"


def _block(n: int) -> str:
    return f"block-{n:05}"


def _centre(n: int) -> str:
    return f"centre-{n:02}"


def _packhouse(n: int) -> str:
    return f"packhouse-{n:02}"


# ISO 6346: letters count 10 upwards, leaving out multiples of 11.
_CONTAINER_LETTERS = dict(
    zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", (v for v in range(10, 39) if v % 11), strict=True)
)


def _container_number(n: int) -> str:
    """A container number with its ISO 6346 check digit, under the made-up owner AGP."""
    body = f"AGPU{n:06}"
    values = (_CONTAINER_LETTERS.get(char) or int(char) for char in body)
    return f"{body}{sum(value << i for i, value in enumerate(values)) % 11 % 10}"
