"""Fruit: how large, coloured and sweet it grows, and what share of it makes which grade.

Diameters are normally distributed; mass follows from the diameter, so that grades by diameter
give shares of mass. Sources: mass of winter jujube and apples from the park's definition;
diameter classes for apples in steps of 5 mm after GB/T 10651; the rest are assumptions.
"""

from dataclasses import dataclass, replace
from math import erf, pi, sqrt
from random import Random


@dataclass(frozen=True, slots=True)
class FruitProfile:
    """The fruit of a variety or of one batch."""

    crop: str
    diameter_mm: float
    spread_mm: float
    density_g_cm3: float
    colour_pct: float
    brix: float
    class_step_mm: float
    """How far apart two grades' least diameters lie."""
    defects: float
    """Share rejected whatever its size."""
    respiration_w_t: float
    """Heat of respiration at 0 degC."""
    q10: float
    """By what respiration grows with 10 K."""

    @property
    def mean_mass_g(self) -> float:
        """Mass of the mean fruit, taken as a ball: the diameter's third moment, not its cube."""
        cube = self.diameter_mm**3 + 3 * self.diameter_mm * self.spread_mm**2
        return pi / 6 * self.density_g_cm3 * cube / 1000

    def varied(self, rng: Random) -> "FruitProfile":
        """The fruit of one batch: another slope, another year."""
        return replace(
            self,
            diameter_mm=self.diameter_mm * rng.uniform(0.97, 1.03),
            colour_pct=min(98.0, self.colour_pct * rng.uniform(0.9, 1.1)),
            brix=self.brix * rng.uniform(0.95, 1.05),
            defects=self.defects * rng.uniform(0.6, 1.4),
        )


# Respiration: apples 38-47 W/t at 0 degC; jujube 89-118 W/t at 20 degC, brought to 0 degC by Q10.
PROFILES = {
    "winter-jujube": FruitProfile("jujube", 30.4, 2.6, 1.00, 62, 25.0, 2.5, 0.05, 16.5, 2.5),
    "yidong-1": FruitProfile("jujube", 30.8, 2.8, 1.00, 66, 24.0, 2.5, 0.05, 16.5, 2.5),
    "david-gala": FruitProfile("apple", 73.5, 4.5, 0.86, 78, 13.2, 5.0, 0.04, 42.0, 2.0),
    "fuji": FruitProfile("apple", 79.0, 5.5, 0.84, 72, 14.6, 5.0, 0.05, 40.0, 2.0),
}
_OF_CROP = {"jujube": PROFILES["winter-jujube"], "apple": PROFILES["fuji"]}


def profile_of(variety: str, crop: str) -> FruitProfile:
    """The profile of a variety; of its crop, or an apple's, where the variety is new to us."""
    return PROFILES.get(variety) or of_crop(crop)


def of_crop(crop: str) -> FruitProfile:
    """The usual fruit of a crop; an apple's where the crop is new to us."""
    return _OF_CROP.get(crop, PROFILES["fuji"])


def respiration_kw(profile: FruitProfile, mass_kg: float, temp_c: float) -> float:
    """Heat that stored fruit gives off."""
    watts_t: float = profile.respiration_w_t * profile.q10 ** (temp_c / 10)
    return watts_t * mass_kg / 1e6


def grade_shares(nominal: FruitProfile, batch: FruitProfile, grades: int) -> list[float]:
    """Shares of the mass that make each grade, best first; what is left to 1 is rejected.

    The least diameters are fixed for the variety; a batch of larger fruit makes more of the best.
    """
    best_mm = nominal.diameter_mm + 0.2 * nominal.spread_mm
    bounds = [best_mm - k * nominal.class_step_mm for k in range(grades)]
    above = [_share_above(batch, bound) for bound in bounds]
    sound = 1 - batch.defects
    return [
        sound * (share - better) for share, better in zip(above, [0.0, *above[:-1]], strict=True)
    ]


def _share_above(profile: FruitProfile, bound_mm: float) -> float:
    """Share of mass above a diameter; mass leans to large fruit by about 3 spreads squared."""
    mean_mm = profile.diameter_mm + 3 * profile.spread_mm**2 / profile.diameter_mm
    return 0.5 * (1 - erf((bound_mm - mean_mm) / (profile.spread_mm * sqrt(2))))
