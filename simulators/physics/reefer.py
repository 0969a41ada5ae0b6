"""A refrigerated container: supply and return air, three pulp probes, and where it is."""

from dataclasses import dataclass, field
from enum import Enum, auto
from math import exp

_FOLLOWS_S = (7 * 3600.0, 10 * 3600.0, 13 * 3600.0)
"""Probe 1 sits at the air supply, probe 3 at the doors."""
_FANS_WARM_K, _RUNS_COLD_K = 7.0, 4.0


class UnitTrouble(Enum):
    """What may be wrong with the refrigeration unit."""

    FAILS = auto()
    """Its compressor stands still, and the fans warm the air."""
    RUNS_COLD = auto()
    """It cools far below its set-point."""


@dataclass(slots=True)
class Reefer:
    """Temperatures inside; holds its supply air at the set-point."""

    setpoint_c: float = 0.0
    supply_c: float = 5.0
    return_c: float = 6.0
    pulp_c: list[float] = field(default_factory=lambda: [5.0, 5.0, 5.0])
    humidity_pct: float = 85.0
    door_open: bool = False
    lat: float = 0.0
    lon: float = 0.0
    trouble: UnitTrouble | None = None

    def load(self, pulp_c: float) -> None:
        """Fill it with fruit of that temperature."""
        self.pulp_c = [pulp_c, pulp_c, pulp_c]

    def step(self, dt_s: float, outdoor_c: float) -> None:
        """Let `dt_s` pass."""
        goal_c = self.setpoint_c if not self.door_open else 0.6 * self.supply_c + 0.4 * outdoor_c
        follows_s = 900.0
        if self.trouble is UnitTrouble.FAILS:
            goal_c, follows_s = max(outdoor_c, self.setpoint_c + _FANS_WARM_K), 5400.0
        elif self.trouble is UnitTrouble.RUNS_COLD:
            goal_c -= _RUNS_COLD_K
        self.supply_c += (goal_c - self.supply_c) * (1 - exp(-dt_s / follows_s))
        mean_pulp = sum(self.pulp_c) / len(self.pulp_c)
        walls_k = 0.012 * (outdoor_c - self.supply_c)
        back_c = self.supply_c + 0.25 * (mean_pulp - self.supply_c) + walls_k + 0.25
        self.return_c += (back_c - self.return_c) * (1 - exp(-dt_s / 1200))
        for probe, follows_s in enumerate(_FOLLOWS_S):
            # The further from the supply, the more the air has warmed, and fruit adds its heat.
            air_c = self.supply_c + (0.15 + 0.3 * probe) * (self.return_c - self.supply_c) + 0.1
            self.pulp_c[probe] += (air_c - self.pulp_c[probe]) * (1 - exp(-dt_s / follows_s))
        damp = 91.0 if not self.door_open else 70.0
        self.humidity_pct += (damp - self.humidity_pct) * (1 - exp(-dt_s / 2400))


def between(
    start: tuple[float, float], end: tuple[float, float], share: float
) -> tuple[float, float]:
    """The point on the straight way on the map; the date line is crossed where that is shorter."""
    lat = start[0] + (end[0] - start[0]) * share
    span = (end[1] - start[1] + 180) % 360 - 180
    lon = (start[1] + span * share + 180) % 360 - 180
    return lat, lon
