"""Soil of an irrigated block in three layers: a water balance that closes.

Each layer holds water between its wilting point and saturation; what exceeds field capacity
drains to the next layer within about a day, out of the lowest it is lost. Roots and sun take
water by the weather and the crop. Field capacity and wilting point are those of a loam [FAO-56
table 19]; the shares of roots are an assumption.
"""

from dataclasses import dataclass, field
from math import exp

from simulators.physics.weather import Weather

FIELD_CAPACITY_PCT = 26.0
WILTING_PCT = 11.0
SATURATION_PCT = 44.0
LAYER_MM = 200.0
_ROOTS = (0.5, 0.3, 0.2)
_DRAINS_IN_H = 10.0
_WARMS_IN_H = (12.0, 36.0, 80.0)
_KC = {"apple": (0.95, 0.70), "jujube": (1.00, 0.50)}


def evapotranspiration_mm_h(weather: Weather, crop: str, month: int) -> float:
    """Water that a full stand takes in an hour: what sunshine can evaporate, times the crop's Kc.

    Kc is the mid-season's until September and the end's from October [FAO-56; Agriculture 13:437].
    """
    middle, end = _KC.get(crop, _KC["apple"])
    kc = middle if month <= 9 else end  # noqa: PLR2004 - September
    warmth = min(1.0, max(0.0, (weather.air_temp_c + 2) / 25))
    return kc * 0.68 * warmth * weather.solar_wm2 * 3600 / 2.45e6


@dataclass(slots=True)
class SoilColumn:
    """Water (mm) and temperature of three layers of 20 cm, and what passed through so far."""

    water_mm: list[float] = field(default_factory=lambda: [34.0, 35.0, 36.0])
    temp_c: list[float] = field(default_factory=lambda: [24.0, 22.0, 20.5])
    salt: float = 0.55
    """Conductivity at field capacity, dS/m."""
    used_mm: float = 0.0
    drained_mm: float = 0.0

    def step(self, dt_s: float, inflow_mm: float, demand_mm_h: float, air_c: float) -> None:
        """Let `dt_s` pass with so much rain and irrigation and so much demand of the crop."""
        hours = dt_s / 3600
        self._take(demand_mm_h * hours)
        self._soak(inflow_mm, 1 - exp(-hours / _DRAINS_IN_H))
        for layer, memory_h in enumerate(_WARMS_IN_H):
            self.temp_c[layer] += (air_c - self.temp_c[layer]) * (1 - exp(-hours / memory_h))

    def _take(self, demand_mm: float) -> None:
        for layer, share in enumerate(_ROOTS):
            above = self.water_mm[layer] - WILTING_PCT / 100 * LAYER_MM
            span = (FIELD_CAPACITY_PCT - WILTING_PCT) / 100 * LAYER_MM
            ease = min(1.0, max(0.0, 2 * above / span))
            taken = min(demand_mm * share * ease, max(0.0, above))
            self.water_mm[layer] -= taken
            self.used_mm += taken

    def _soak(self, inflow_mm: float, drained_share: float) -> None:
        flow = inflow_mm
        for layer in range(len(self.water_mm)):
            water = self.water_mm[layer] + flow
            spilled = max(0.0, water - SATURATION_PCT / 100 * LAYER_MM)
            water -= spilled
            excess = max(0.0, water - FIELD_CAPACITY_PCT / 100 * LAYER_MM) * drained_share
            self.water_mm[layer] = water - excess
            flow = spilled + excess
        self.drained_mm += flow

    @property
    def total_mm(self) -> float:
        """Water in all three layers."""
        return sum(self.water_mm)

    def moisture_pct(self, layer: int) -> float:
        """Volumetric moisture of a layer."""
        return 100 * self.water_mm[layer] / LAYER_MM

    def relative(self) -> float:
        """Root-zone moisture as a share of field capacity; what irrigation is decided by."""
        return self.total_mm / (FIELD_CAPACITY_PCT / 100 * LAYER_MM * len(self.water_mm))

    def conductivity_ds_m(self, layer: int) -> float:
        """Bulk conductivity: it grows with the water that carries the salt."""
        wetness: float = (self.moisture_pct(layer) / FIELD_CAPACITY_PCT) ** 1.3
        return self.salt * wetness
