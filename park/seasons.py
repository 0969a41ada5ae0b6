"""Seasons: what is harvested within a year belongs together, however long it is stored."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from park.times import EARLIEST

CHINA = timedelta(hours=8)
"""China has one time zone."""
EARLIEST_SEASON, LATEST_SEASON = EARLIEST.year, 9998


@dataclass(frozen=True, slots=True)
class SeasonCalendar:
    """When seasons begin: on a day of the year, at midnight in the park.

    A season is named by the year in which it begins, and fruit belongs to the season in which it
    was harvested: what is picked in October and leaves next spring belongs to October's.
    """

    month: int = 1
    day: int = 1
    utc_offset: timedelta = CHINA

    def season_of(self, instant: datetime) -> int:
        """The season that an instant lies in."""
        local = instant.astimezone(timezone(self.utc_offset))
        begun = (local.month, local.day) >= (self.month, self.day)
        return local.year if begun else local.year - 1

    def span(self, season: int) -> tuple[datetime, datetime]:
        """When a season begins, and when the next one does."""
        return self._begin(season), self._begin(season + 1)

    def _begin(self, season: int) -> datetime:
        return datetime(season, self.month, self.day, tzinfo=timezone(self.utc_offset))


CALENDAR_YEARS = SeasonCalendar()
"""Seasons where nothing else is said."""
