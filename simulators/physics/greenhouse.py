"""A greenhouse of facility jujube: warmed by the sun, vented above a temperature."""

from dataclasses import dataclass
from math import exp

from simulators.physics.weather import Weather

_VENT_FROM_C, _VENT_SPAN_K = 26.0, 8.0
_PAR_UMOL_A_WATT = 2.0
_COVER = 0.75
"""Light that the film lets through."""


@dataclass(slots=True)
class Greenhouse:
    """Climate inside; follows the sky outside within half an hour."""

    air_temp_c: float = 20.0
    humidity_pct: float = 70.0
    co2_ppm: float = 500.0
    par_umol: float = 0.0
    vent_pct: float = 0.0
    soil_moisture_pct: float = 21.0

    def step(self, dt_s: float, sky: Weather) -> None:
        """Let `dt_s` pass under that sky."""
        hours = dt_s / 3600
        follows = 1 - exp(-hours / 0.5)
        self.par_umol = sky.solar_wm2 * _PAR_UMOL_A_WATT * _COVER
        vent = (self.air_temp_c - _VENT_FROM_C) / _VENT_SPAN_K * 100
        self.vent_pct = min(100.0, max(0.0, vent)) if sky.rain_mm == 0 else 0.0
        openness = self.vent_pct / 100
        gain_k = 0.022 * sky.solar_wm2 * (1 - 0.65 * openness) + 1.5
        self.air_temp_c += (sky.air_temp_c + gain_k - self.air_temp_c) * follows
        damp = min(98.0, sky.humidity_pct + 22 * (1 - openness) - 0.03 * sky.solar_wm2)
        self.humidity_pct += (max(25.0, damp) - self.humidity_pct) * follows
        co2 = 420 + (260 - 0.55 * sky.solar_wm2) * (1 - openness)
        self.co2_ppm += (max(220.0, co2) - self.co2_ppm) * follows
        self.soil_moisture_pct -= 0.00009 * sky.solar_wm2 * hours
        if self.soil_moisture_pct < 16.0:  # noqa: PLR2004 - it is watered
            self.soil_moisture_pct = 23.0
