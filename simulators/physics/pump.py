"""A well and its head works: the pump runs while any of its blocks takes water."""

from dataclasses import dataclass
from math import exp

REST_LEVEL_M = 62.0
CLEAN = 0.1
_WASHED_BACK_FROM = 0.8
_EFFICIENCY = 0.62
_KW_FOR_M3H_KPA = 1 / 3600


@dataclass(slots=True)
class Pump:
    """Flow, pressure, level and energy of one pump head."""

    flow_m3h: float = 0.0
    volume_m3: float = 0.0
    pressure_kpa: float = 0.0
    level_m: float = REST_LEVEL_M
    """Water above the well's sensor; it falls while the pump runs."""
    power_kw: float = 0.05
    energy_kwh: float = 0.0
    filter_dirt: float = CLEAN
    washes_back: bool = True
    lost_m3h: float = 0.0
    """What a leaking main pipe takes besides the blocks."""
    spring_m: float = REST_LEVEL_M
    """Where the level goes at rest."""

    @property
    def on(self) -> bool:
        """Whether it runs."""
        return self.flow_m3h > 0

    @property
    def filter_dp_kpa(self) -> float:
        """Pressure drop over the filter: with flow and with dirt."""
        return 60.0 * self.filter_dirt * min(1.0, self.flow_m3h / 27.0)

    def step(self, dt_s: float, flow_m3h: float, delivered_m3: float) -> None:
        """Let `dt_s` pass at that flow; `delivered_m3` is what the blocks' meters counted."""
        hours = dt_s / 3600
        flow_m3h += self.lost_m3h
        delivered_m3 += self.lost_m3h * hours
        self.flow_m3h = flow_m3h
        self.volume_m3 += delivered_m3
        self.pressure_kpa = 255.0 - 0.4 * flow_m3h if self.on else 20.0
        drawdown_m = 0.18 * flow_m3h
        self.level_m += (max(0.5, self.spring_m - drawdown_m) - self.level_m) * (
            1 - exp(-hours / 1.5)
        )
        # Lifting from the well adds about 10 kPa a metre.
        lift_kpa = self.pressure_kpa + 10.0 * (95.0 - self.level_m)
        self.power_kw = flow_m3h * lift_kpa * _KW_FOR_M3H_KPA / _EFFICIENCY + 0.05
        self.energy_kwh += self.power_kw * hours
        self.filter_dirt += 2e-5 * delivered_m3
        if self.washes_back and self.filter_dirt > _WASHED_BACK_FROM:
            self.filter_dirt = CLEAN
