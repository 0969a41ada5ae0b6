"""Where and when a rule is another: by crop, asset, centre, group and season."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fnmatch import fnmatchcase
from typing import Any

from park.assets import Asset, Park

_EPOCH = date(1970, 1, 1)
_DAYS_A_YEAR = 366


@dataclass(frozen=True, slots=True)
class Season:
    """A span of the year, both days included; it may go over the new year."""

    first: tuple[int, int]
    """Month and day."""
    last: tuple[int, int]

    def holds(self, day: int) -> bool:
        """Whether a day, counted from 1970, lies in it."""
        date_of = _EPOCH + timedelta(days=day)
        here = (date_of.month, date_of.day)
        if self.first <= self.last:
            return self.first <= here <= self.last
        return here >= self.first or here <= self.last

    def next_day(self, day: int) -> int:
        """The first day from `day` on that lies in it."""
        days = range(day, day + _DAYS_A_YEAR + 1)
        return next((later for later in days if self.holds(later)), day + _DAYS_A_YEAR)


@dataclass(frozen=True, slots=True)
class Spot:
    """What scopes ask of an asset."""

    asset: str
    centre: str | None
    crop: str | None

    @classmethod
    def of(cls, park: Park, asset: Asset) -> "Spot":
        """Where an asset stands, and what grows or lies there."""
        crop, centre, current = None, None, asset
        while True:
            crop = crop or getattr(current, "crop", None)
            if current.type == "centre":
                centre = current.id
            if current.parent is None:
                return cls(asset.id, centre, crop)
            current = park.assets[current.parent]


@dataclass(frozen=True, slots=True)
class Place:
    """Some assets; what isn't given doesn't restrict. Ids may hold `*` and `?`."""

    crops: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    centres: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    """The assets of a group."""
    is_grouped: bool = False

    def holds(self, spot: Spot) -> bool:
        """Whether an asset is one of them."""
        return (
            (not self.crops or spot.crop in self.crops)
            and (not self.assets or _matches(spot.asset, self.assets))
            and (not self.centres or (spot.centre is not None and spot.centre in self.centres))
            and (not self.is_grouped or _matches(spot.asset, self.within))
        )


def _matches(asset: str, patterns: Collection[str]) -> bool:
    return any(fnmatchcase(asset, pattern) for pattern in patterns)


@dataclass(frozen=True, slots=True)
class Override:
    """What a rule says otherwise at some places and times."""

    rule: str
    place: Place
    season: Season | None
    says: Mapping[str, Any] = field(default_factory=dict)
    """Keys as in the file."""
