"""When things happen: seasons, harvest windows and working hours in the park's own time."""

from datetime import date, datetime, timedelta, timezone
from random import Random

from park.times import to_epoch_ms

LOCAL = timezone(timedelta(hours=8))
"""China's one time zone."""

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

# (month, day) of the first and last picking. Gala from mid August, jujube from September, Fuji in
# October: usual in southern Shanxi.
_WINDOWS = {
    "david-gala": ((8, 15), (9, 3)),
    "yidong-1": ((9, 12), (10, 5)),
    "winter-jujube": ((9, 20), (10, 18)),
    "fuji": ((10, 6), (10, 28)),
}
_WINDOWS_OF_CROP = {"jujube": ((9, 15), (10, 15)), "apple": ((9, 10), (10, 20))}


def harvest_window(variety: str, crop: str, year: int) -> tuple[date, date]:
    """First and last day of picking."""
    by_crop = _WINDOWS_OF_CROP.get(crop, _WINDOWS_OF_CROP["apple"])
    (first_month, first_day), (last_month, last_day) = _WINDOWS.get(variety, by_crop)
    return date(year, first_month, first_day), date(year, last_month, last_day)


def latest_season(now: datetime) -> int:
    """Year of the latest season that is wholly over: harvest, shipping and every arrival."""
    return now.year - 1 if at(now.year, 3, 1) <= to_epoch_ms(now) else now.year - 2


def at(year: int, month: int, day: int) -> int:
    """Midnight in the park's time."""
    return to_epoch_ms(datetime(year, month, day, tzinfo=LOCAL))


def growing_start(year: int) -> int:
    """From when orchards are watched."""
    return at(year, 7, 1)


def growing_end(year: int) -> int:
    """When valves and probes go to sleep for winter."""
    return at(year, 11, 1)


def shipping_end(year: int) -> int:
    """After it no shipment leaves, and cold rooms aren't watched any more."""
    return at(year + 1, 2, 1)


def season_end(year: int) -> int:
    """After it nothing happens: what hasn't arrived by then was never scanned."""
    return at(year + 1, 3, 1)


def working_time(day: date, rng: Random, first_hour: float, last_hour: float) -> int:
    """A moment of that day between two hours of the park's time."""
    midnight = at(day.year, day.month, day.day)
    return midnight + round(rng.uniform(first_hour, last_hour) * HOUR_MS)


def day_of(time_ms: int) -> date:
    """The day in the park's time."""
    return datetime.fromtimestamp(time_ms / 1000, LOCAL).date()


def in_working_hours(time_ms: int, rng: Random) -> int:
    """That time if somebody works then (8 to 17 o'clock), or the next morning."""
    day = day_of(time_ms)
    midnight = at(day.year, day.month, day.day)
    if 8 * HOUR_MS <= time_ms - midnight <= 17 * HOUR_MS:
        return time_ms
    morning = day if time_ms - midnight < 8 * HOUR_MS else day + timedelta(days=1)
    return working_time(morning, rng, 8, 9.5)
