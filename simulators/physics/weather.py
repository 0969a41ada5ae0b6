"""Weather of southern Shanxi, hour by hour, from the climate and seeded chance.

Means: January about -1 degC, July about 26 degC, 520 mm of rain a year, most of it from July to
September (climate of Yuncheng; rounded).
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import cos, exp, pi
from random import Random

_HOUR_MS = 3_600_000
_LOCAL_HOURS = 8
_LATITUDE_DAYLIGHT = 2.2
"""Hours by which the longest day exceeds twelve, at 35 degrees north."""
_ALTITUDE_HPA = 970.0
# Chance that rain begins in a dry hour, and the mean rate of a wet one, by month.
_RAIN_BEGINS = (3, 4, 6, 9, 11, 11, 17, 16, 17, 12, 7, 3)
_RAIN_MM_H = (0.2, 0.3, 0.5, 0.8, 1.0, 1.4, 2.0, 1.9, 1.2, 0.7, 0.4, 0.2)
_RAIN_GOES_ON = 0.8


@dataclass(frozen=True, slots=True)
class Weather:
    """One hour's weather; `rain_mm` is that hour's."""

    air_temp_c: float
    humidity_pct: float
    wind_ms: float
    solar_wm2: float
    rain_mm: float
    pressure_hpa: float
    leaf_wetness_pct: float


def seasonal_mean_c(day_of_year: float) -> float:
    """Mean temperature of a day, warmest in late July."""
    return 12.9 + 13.6 * cos(2 * pi * (day_of_year - 203) / 365.25)


def clear_sky_wm2(day_of_year: float, hour: float) -> float:
    """Sunshine under a clear sky at an hour of the park's time."""
    season = cos(2 * pi * (day_of_year - 172) / 365.25)
    half_day = 6 + _LATITUDE_DAYLIGHT / 2 * season
    from_noon = abs(hour - 12.6)
    if from_noon >= half_day:
        return 0.0
    height: float = cos(pi / 2 * from_noon / half_day) ** 1.2
    return (760 + 240 * season) * height


@dataclass(slots=True)
class Atmosphere:
    """The state behind the weather: fronts, cloud, wind and rain drift by chance."""

    rng: Random
    front_c: float = 0.0
    cloud: float = 0.4
    gust: float = 0.0
    pressure: float = 0.0
    wet: bool = False
    leaf: float = 0.0

    def step(self, time_ms: int, dt_s: float = 3600.0) -> Weather:
        """The weather at that time, `dt_s` after the last."""
        hours = dt_s / 3600
        now = datetime.fromtimestamp((time_ms / 1000) + _LOCAL_HOURS * 3600, UTC)
        day = now.timetuple().tm_yday
        hour = now.hour + now.minute / 60
        self._drift(hours)
        rain_mm = self._rain(now.month - 1, hours)
        solar = clear_sky_wm2(day, hour) * (1 - 0.75 * self.cloud**2)
        swing = 5.6 * (1 - 0.5 * self.cloud) * cos(2 * pi * (hour - 15) / 24)
        temp = seasonal_mean_c(day) + self.front_c + swing - (1.5 if self.wet else 0.0)
        humidity = 64 + 12 * cos(2 * pi * (day - 225) / 365.25) - 2.6 * swing + 14 * self.wet
        self.leaf += ((100.0 if self.wet else 0.0) - self.leaf) * (1 - exp(-hours / 2.5))
        return Weather(
            air_temp_c=temp,
            humidity_pct=min(99.0, max(12.0, humidity + 10 * (self.cloud - 0.4))),
            wind_ms=max(0.1, 2.0 * exp(self.gust) * (1 + 0.3 * cos(2 * pi * (hour - 15) / 24))),
            solar_wm2=solar,
            rain_mm=rain_mm,
            pressure_hpa=_ALTITUDE_HPA - 0.35 * (temp - 12.9) + self.pressure,
            leaf_wetness_pct=self.leaf,
        )

    def _drift(self, hours: float) -> None:
        gauss = self.rng.gauss
        self.front_c = _towards(self.front_c, 60, hours, gauss(0, 2.4))
        self.cloud = min(1.0, max(0.0, 0.4 + _towards(self.cloud - 0.4, 14, hours, gauss(0, 0.3))))
        self.gust = min(2.0, _towards(self.gust, 8, hours, gauss(0, 0.45)))
        self.pressure = _towards(self.pressure, 70, hours, gauss(0, 5.0))

    def _rain(self, month: int, hours: float) -> float:
        begins = 1 - (1 - _RAIN_BEGINS[month] / 1000) ** hours
        self.wet = self.rng.random() < (_RAIN_GOES_ON**hours if self.wet else begins)
        if not self.wet:
            return 0.0
        self.cloud = max(self.cloud, 0.85)
        return self.rng.expovariate(1 / _RAIN_MM_H[month]) * hours


def _towards(value: float, memory_h: float, hours: float, shock: float) -> float:
    """A step of noise with a memory and the shock's spread, whatever the step's length."""
    kept = exp(-hours / memory_h)
    return float(value * kept + shock * (1 - kept * kept) ** 0.5)


@dataclass(slots=True)
class WeatherTrack:
    """The weather of one place from a start on, made hour by hour as it is asked for.

    The same hour always gives the same answer, so that all devices of a place share one sky.
    """

    rng: Random
    start_ms: int
    _hours: list[Weather] = field(default_factory=list)
    _atmosphere: Atmosphere = field(init=False)

    def __post_init__(self) -> None:
        self._atmosphere = Atmosphere(self.rng)

    def at(self, time_ms: int) -> Weather:
        """The weather in the hour of that time; before the start, the first hour's."""
        hour = max(0, (time_ms - self.start_ms) // _HOUR_MS)
        hours = self._hours
        while len(hours) <= hour:
            hours.append(self._atmosphere.step(self.start_ms + len(hours) * _HOUR_MS))
        return hours[hour]
