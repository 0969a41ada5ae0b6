"""A fertiliser mixer: it doses into the middle of a watering and leaves time to rinse."""

from dataclasses import dataclass
from random import Random

_DOSE_L_M3 = 60.0 / 27.0
"""In proportion to the water, so that its strength is the same for one block and for nine."""
_TANK_L = 1000.0
_BEGINS_H, _ENDS_H = 2.0, 8.0
_WATER_EC, _WATER_PH = 0.65, 7.6
_USED_UP = 0.05


@dataclass(slots=True)
class Mixer:
    """Conductivity, acidity, dose and tank of one mixer."""

    rng: Random
    ec_ms_cm: float = _WATER_EC
    ph: float = _WATER_PH
    dose_l_h: float = 0.0
    dose_l: float = 0.0
    tank_l: float = _TANK_L
    concentration: float = 1.0
    """Of the stock solution, as a share of what it should be."""
    acid: float = 1.0
    """Of the acid, as a share of what it should be."""
    _watering_h: float = 0.0

    @property
    def dosing(self) -> bool:
        """Whether it doses."""
        return self.dose_l_h > 0

    def step(self, dt_s: float, flow_m3h: float) -> None:
        """Let `dt_s` pass while its pump gives that flow."""
        hours = dt_s / 3600
        self._watering_h = self._watering_h + hours if flow_m3h > 0 else 0.0
        wanted = flow_m3h > 0 and _BEGINS_H <= self._watering_h < _ENDS_H
        wish_l_h = _DOSE_L_M3 * flow_m3h * self.rng.gauss(1, 0.02) if wanted else 0.0
        self.dose_l_h = max(0.0, wish_l_h)
        given = min(self.dose_l_h * hours, self.tank_l)
        self.dose_l += given
        self.tank_l -= given
        if self.tank_l < (_USED_UP if wanted else 0.4) * _TANK_L:
            self.tank_l = _TANK_L  # somebody refills it, between two waterings if he can
        strength = self.dose_l_h / flow_m3h if flow_m3h > 0 else 0.0
        self.ec_ms_cm = _WATER_EC + 0.5 * self.concentration * strength + self.rng.gauss(0, 0.01)
        self.ph = _WATER_PH - 0.55 * self.acid * strength + self.rng.gauss(0, 0.02)

    def begin(self) -> None:
        """Dose at once, as in the middle of a watering."""
        self._watering_h = _BEGINS_H

    @property
    def tank_pct(self) -> float:
        """How full the tank is."""
        return 100 * self.tank_l / _TANK_L
