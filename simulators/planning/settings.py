"""How large a simulated season is and how often its devices report."""

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from park.assets import Orchard, Park
from park.times import utc_now
from simulators.errors import PlanError
from simulators.planning.calendar import latest_season

FEWEST_HARVESTS = 12
MOST_HARVESTS = 400
"""A lot's serial letters, the broker of the demo and the reader's patience end about here."""
_FIRST_YEAR, _LAST_YEAR = 2000, 2098


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadences:
    """Seconds between two readings of a device; at work, and at rest where it differs."""

    room_s: int = 1800
    weather_s: int = 3600
    soil_s: int = 3 * 3600
    block_open_s: int = 600
    block_shut_s: int = 8 * 3600
    pump_on_s: int = 600
    pump_off_s: int = 12 * 3600
    mixer_on_s: int = 600
    mixer_off_s: int = 24 * 3600
    greenhouse_s: int = 2 * 3600
    line_s: int = 300
    reefer_s: int = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonSettings:
    """A season's size; the same settings and park always give the same season, byte by byte."""

    year: int
    """Of the harvest; shipping goes on into the next January."""
    seed: int = 1
    harvest_batches: int = 26
    orchards: int = 8
    """Most orchards that harvest."""
    blocks_per_orchard: int = 2
    """Most irrigation blocks that report, for each orchard that harvests."""
    greenhouses: int = 2
    weather_stations: int = 2
    cadences: Cadences = field(default_factory=Cadences)

    def __post_init__(self) -> None:
        """Refuse what can't be simulated, naming the setting and its value."""
        _check("year", self.year, _FIRST_YEAR, _LAST_YEAR)
        _check("harvest_batches", self.harvest_batches, FEWEST_HARVESTS, MOST_HARVESTS)
        _check("orchards", self.orchards, 1, 1_000)
        _check("blocks_per_orchard", self.blocks_per_orchard, 1, 100)
        _check("greenhouses", self.greenhouses, 0, 10_000)
        _check("weather_stations", self.weather_stations, 1, 1_000)
        for cadence in fields(self.cadences):
            _check(cadence.name, getattr(self.cadences, cadence.name), 60, 86_400)


def season_settings(
    park: Park,
    *,
    seed: int = 1,
    year: int | None = None,
    now: datetime | None = None,
    **others: Any,
) -> SeasonSettings:
    """The usual season of a park: `year` is the latest that is wholly over.

    A larger park harvests more, up to what can be shown in a minute; `others` override any
    setting by name. Raises PlanError.
    """
    orchards = min(len(park.of_type(Orchard)), 16)
    sizes = {"orchards": orchards, "harvest_batches": max(FEWEST_HARVESTS, 2 + 3 * orchards)}
    if year is None:
        year = latest_season(now or utc_now())
    return SeasonSettings(year=year, seed=seed, **(sizes | others))


def _check(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise PlanError(f"{name} = {value} must lie between {low} and {high}")
