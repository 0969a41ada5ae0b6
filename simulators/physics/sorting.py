"""A sorting line and its lanes: fruit in cups, counted, weighed and measured."""

from dataclasses import dataclass, field
from random import Random

from simulators.physics.fruit import FruitProfile

_MOST_CUPS_S = 12.0


@dataclass(slots=True)
class Lane:
    """One lane's counters and the means of its last step."""

    speed_cups_s: float = 0.0
    fruit_count: int = 0
    mass_kg: float = 0.0
    reject_count: int = 0
    mean_mass_g: float = 0.0
    mean_diameter_mm: float = 0.0
    mean_colour_pct: float = 0.0
    mean_brix: float = 0.0


@dataclass(slots=True)
class Line:
    """A line's counters; its mass is the sum of its lanes'."""

    lanes: list[Lane]
    rng: Random
    state: str = "idle"
    throughput_kg_h: float = 0.0
    cup_fill_pct: float = 0.0
    mass_kg: float = 0.0
    reject_kg: float = 0.0
    fruit_count: int = 0
    fill_factor: float = 1.0
    """Of the usual share of cups that hold fruit."""
    least_reject: float = 0.0
    """Share that is rejected whatever the fruit is like, such as by a dirty camera."""
    _fruit: FruitProfile | None = field(default=None)

    def start(self, fruit: FruitProfile) -> None:
        """Begin to sort fruit like that."""
        self._fruit, self.state = fruit, "running"

    def stop(self, state: str = "idle") -> None:
        """Stand still: until the next run, or in the middle of one."""
        self.state, self.throughput_kg_h, self.cup_fill_pct = state, 0.0, 0.0
        for lane in self.lanes:
            lane.speed_cups_s = 0.0

    def feed(self, dt_s: float, mass_kg: float, reject_kg: float) -> None:
        """Sort so much mass in `dt_s`, spread over the lanes; rejects are part of it."""
        fruit = self._fruit
        if fruit is None or dt_s <= 0:
            return
        reject_kg = max(reject_kg, self.least_reject * mass_kg)
        weights = [self.rng.uniform(0.9, 1.1) for _ in self.lanes]
        for lane, weight in zip(self.lanes, weights, strict=True):
            self._sort(lane, fruit, dt_s, mass_kg * weight / sum(weights), reject_kg / mass_kg)
        self.mass_kg += mass_kg
        self.reject_kg += reject_kg
        self.fruit_count = sum(lane.fruit_count for lane in self.lanes)
        self.throughput_kg_h = mass_kg / dt_s * 3600
        self.cup_fill_pct = min(98.0, max(30.0, self.rng.gauss(72, 4))) * self.fill_factor

    def _sort(
        self, lane: Lane, fruit: FruitProfile, dt_s: float, mass_kg: float, rejected: float
    ) -> None:
        gauss = self.rng.gauss
        lane.mean_mass_g = fruit.mean_mass_g * gauss(1, 0.01)
        lane.mean_diameter_mm = fruit.diameter_mm * gauss(1, 0.004)
        lane.mean_colour_pct = min(100.0, fruit.colour_pct * gauss(1, 0.02))
        lane.mean_brix = fruit.brix * gauss(1, 0.01)
        count = round(mass_kg * 1000 / lane.mean_mass_g)
        lane.fruit_count += count
        lane.reject_count += round(count * rejected)
        lane.mass_kg += mass_kg
        # Small fruit is taken several to a cup.
        lane.speed_cups_s = min(_MOST_CUPS_S, count / dt_s / (0.7 * self.fill_factor))
