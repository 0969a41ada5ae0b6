"""Units of UN/CEFACT Recommendation 20, the ones that events name.

`rec20.toml` has one row a unit. Values are taken as the decimal numbers that people wrote and
computed exactly; only the result is rounded to a float. So 5 CEL and 278.15 KEL are the same
number, whichever of the two an event or a question has.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

MASS = "mass"
LARGEST_MASS_MG = 2**53
"""Nine million tonnes; sums of larger masses would not fit the databases' integers."""
_MILLIGRAMS_IN_BASE = 1000  # the base unit of mass is the gram
_CACHED = 4096


@dataclass(frozen=True, slots=True)
class Rec20Unit:
    """A unit by its common code; a value of it is `value * factor + offset` in base units."""

    code: str
    name: str
    dimension: str
    """What it measures; only units of one dimension can become each other."""
    factor: Fraction
    offset: Fraction = Fraction(0)


def _all_units() -> Iterator[Rec20Unit]:
    text = files("traceability.epcis").joinpath("rec20.toml").read_text(encoding="utf-8")
    for dimension, rows in tomllib.loads(text).items():
        for code, (name, factor, *offset) in rows.items():
            yield Rec20Unit(code, name, dimension, _exact(factor), *map(_exact, offset))


def _exact(text: str) -> Fraction:
    numerator, _, denominator = text.partition("/")
    return Fraction(numerator) / Fraction(denominator or 1)


UNITS: Mapping[str, Rec20Unit] = MappingProxyType({unit.code: unit for unit in _all_units()})
"""Every unit that can be converted, by its common code."""


@lru_cache(maxsize=_CACHED)
def to_base(value: float, uom: str) -> tuple[str, float] | None:
    """What is measured and the value in its base unit; None where the code isn't known.

    None, too, for what is no number of the base unit: NaN, infinity, too large.
    """
    unit = UNITS.get(uom)
    return None if unit is None else _rounded(unit, _base_value(value, unit))


@lru_cache(maxsize=_CACHED)
def to_base_difference(value: float, uom: str) -> tuple[str, float] | None:
    """The same for a difference between two values, such as a standard deviation.

    It has no offset: 2 CEL between two temperatures are 2 KEL.
    """
    unit = UNITS.get(uom)
    if unit is None:
        return None
    exact = _base_value(value, unit)
    return _rounded(unit, None if exact is None else exact - unit.offset)


def _rounded(unit: Rec20Unit, exact: Fraction | None) -> tuple[str, float] | None:
    if exact is None:
        return None
    try:
        return unit.dimension, float(exact)
    except OverflowError:
        return None


def mass_mg(quantity: float, uom: str) -> int | None:
    """The whole milligrams nearest to a quantity.

    None where the unit isn't one of mass, and where it is more than `LARGEST_MASS_MG`.
    """
    found = any_mass_mg(quantity, uom)
    return None if found is None or abs(found) > LARGEST_MASS_MG else found


def any_mass_mg(quantity: float, uom: str) -> int | None:
    """As `mass_mg`, however much it is."""
    unit = UNITS.get(uom)
    if unit is None or unit.dimension != MASS:
        return None
    grams = _base_value(quantity, unit)
    return None if grams is None else round(grams * _MILLIGRAMS_IN_BASE)


def _base_value(value: float, unit: Rec20Unit) -> Fraction | None:
    decimal = Decimal(repr(value))
    if not decimal.is_finite():
        return None
    return Fraction(decimal) * unit.factor + unit.offset
