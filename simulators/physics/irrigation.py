"""One valve block: it waters at night when the root zone is dry, until the dose is given."""

from dataclasses import dataclass, field
from random import Random

from simulators.physics.soil import SoilColumn

DOSE_M3_MU = 20.0
"""About 20 m3/mu an event with drip (it was 40)."""
SQUARE_METRES_A_MU = 2000 / 3
# Apple 60-75 %, jujube 55-65 % of field capacity: the lower end starts an event.
TRIGGER = {"apple": 0.62, "jujube": 0.58}
_EVENINGS = range(19, 23)
_SHUT_KPA = 25.0
_OPEN_KPA = 195.0


@dataclass(slots=True)
class PipeTrouble:
    """What is wrong between the main pipe and the drippers of a block."""

    flow_factor: float = 1.0
    """Of the nominal flow while the valve is open."""
    pressure_factor: float = 1.0
    leak_m3h: float = 0.0
    """Flows though the valve is shut."""
    stays_shut: bool = False
    """Somebody turned its program off."""


@dataclass(slots=True)
class Block:
    """A block's valve, meter and soil."""

    crop: str
    area_mu: float
    nominal_flow_m3h: float
    rng: Random
    soil: SoilColumn = field(default_factory=SoilColumn)
    open: bool = False
    flow_m3h: float = 0.0
    pressure_kpa: float = _SHUT_KPA
    volume_m3: float = 0.0
    battery_pct: float = 98.0
    events: int = 0
    _given_m3: float = 0.0
    _dose_m3: float = 0.0
    trouble: PipeTrouble = field(default_factory=PipeTrouble)

    def decide(self, local_hour: int) -> None:
        """Open the valve in the evening where the soil is dry."""
        dry = self.soil.relative() < TRIGGER.get(self.crop, TRIGGER["apple"])
        if not self.open and dry and local_hour in _EVENINGS and not self.trouble.stays_shut:
            self.water()

    def water(self) -> None:
        """Open the valve for a whole dose."""
        self.open = True
        self.events += 1
        self._given_m3 = 0.0
        self._dose_m3 = DOSE_M3_MU * self.area_mu * self.rng.uniform(0.95, 1.05)

    def shut(self) -> None:
        """Shut the valve, whatever was given."""
        self.open = False

    def step(self, dt_s: float, rain_mm: float, demand_mm_h: float, air_c: float) -> None:
        """Let `dt_s` pass; the valve shuts within it where the dose is full."""
        hours = dt_s / 3600
        delivered_m3 = 0.0
        if self.open:
            self.flow_m3h = self.nominal_flow_m3h * self.rng.gauss(1.0, 0.02)
            self.flow_m3h *= self.trouble.flow_factor
            delivered_m3 = min(self.flow_m3h * hours, self._dose_m3 - self._given_m3)
            self._given_m3 += delivered_m3
            self.volume_m3 += delivered_m3
            self.pressure_kpa = self.rng.gauss(_OPEN_KPA, 4.0) * self.trouble.pressure_factor
            if self._given_m3 >= self._dose_m3 - 1e-9:
                self.open = False
        if not self.open:
            self.flow_m3h = self.trouble.leak_m3h
            self.volume_m3 += self.flow_m3h * hours
            self.pressure_kpa = max(0.0, self.rng.gauss(_SHUT_KPA, 2.0))
        self.battery_pct = max(5.0, self.battery_pct - 0.0006 * hours)
        inflow_mm = rain_mm + delivered_m3 / (self.area_mu * SQUARE_METRES_A_MU) * 1000
        self.soil.step(dt_s, inflow_mm, demand_mm_h, air_c)
