"""Units of measurement: one row a UCUM code, and the conversion between two of a dimension.

A row says how a value becomes its dimension's base unit: `(value + offset) * factor`. Values are
converted as the decimal numbers that devices write, so 272.35 K is -0.8 Cel and not
-0.7999999999999545; only the result is rounded to a float.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType

from park.errors import UnitError

_LONGEST_UNIT = 40
_CACHED_PAIRS = 512
_DECIMAL = Context(prec=34, traps=[])


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit, by its UCUM code."""

    code: str
    dimension: str
    """What it measures; only units of one dimension can become each other."""
    factor: Fraction
    offset: Decimal = Decimal(0)


_LITRE = Fraction("0.001")
_GALLON = Fraction("0.003785411784")
_POUND_FORCE_PER_INCH2 = Fraction("6894.757293168361")
_DEGREES_IN_RADIAN = Fraction("57.29577951308232087679815481410517")
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400

_FACTORS: Mapping[str, Mapping[str, Fraction | int | str]] = {
    "pressure": {
        "Pa": 1,
        "hPa": 100,
        "kPa": 1000,
        "MPa": 1_000_000,
        "mbar": 100,
        "bar": 100_000,
        "[psi]": _POUND_FORCE_PER_INCH2,
        "atm": 101_325,
        "m[H2O]": "9806.65",
        "cm[H2O]": "98.0665",
        "mm[Hg]": "133.322387415",
    },
    "ratio": {
        "1": 1,
        "%": "0.01",
        "%{Brix}": "0.01",
        "[ppth]": "1e-3",
        "[ppm]": "1e-6",
        "[ppb]": "1e-9",
    },
    "volume": {
        "m3": 1,
        "L": _LITRE,
        "l": _LITRE,
        "mL": _LITRE / 1000,
        "ml": _LITRE / 1000,
        "dL": _LITRE / 10,
        "hL": _LITRE * 100,
        "[gal_us]": _GALLON,
    },
    "volume flow": {
        "m3/s": 1,
        "m3/min": Fraction(1, _MINUTE),
        "m3/h": Fraction(1, _HOUR),
        "m3/d": Fraction(1, _DAY),
        "L/s": _LITRE,
        "l/s": _LITRE,
        "L/min": _LITRE / _MINUTE,
        "l/min": _LITRE / _MINUTE,
        "L/h": _LITRE / _HOUR,
        "l/h": _LITRE / _HOUR,
        "mL/min": _LITRE / 1000 / _MINUTE,
        "mL/h": _LITRE / 1000 / _HOUR,
        "[gal_us]/min": _GALLON / _MINUTE,
    },
    "mass": {
        "g": 1,
        "mg": "0.001",
        "kg": 1000,
        "t": 1_000_000,
        "[lb_av]": "453.59237",
        "[oz_av]": "28.349523125",
    },
    "mass flow": {
        "kg/s": 1,
        "g/s": "0.001",
        "kg/min": Fraction(1, _MINUTE),
        "kg/h": Fraction(1, _HOUR),
        "t/h": Fraction(1000, _HOUR),
        "t/d": Fraction(1000, _DAY),
    },
    "power": {"W": 1, "mW": "0.001", "kW": 1000, "MW": 1_000_000, "[HP]": "745.69987158227022"},
    "energy": {
        "J": 1,
        "kJ": 1000,
        "MJ": 1_000_000,
        "GJ": 1_000_000_000,
        "W.s": 1,
        "W.h": 3600,
        "kW.h": 3_600_000,
        "MW.h": 3_600_000_000,
    },
    "conductivity": {
        "S/m": 1,
        "dS/m": "0.1",
        "mS/m": "0.001",
        "uS/m": "1e-6",
        "S/cm": 100,
        "mS/cm": "0.1",
        "uS/cm": "1e-4",
    },
    "speed": {
        "m/s": 1,
        "cm/s": "0.01",
        "km/h": Fraction(1000, _HOUR),
        "[mi_i]/h": Fraction("1609.344") / _HOUR,
        "[kn_i]": Fraction(1852, _HOUR),
    },
    "length": {
        "m": 1,
        "um": "1e-6",
        "mm": "0.001",
        "cm": "0.01",
        "dm": "0.1",
        "km": 1000,
        "[in_i]": "0.0254",
        "[ft_i]": "0.3048",
        "L/m2": "0.001",  # rain is given so as well: a litre on a square metre stands 1 mm high
        "l/m2": "0.001",
    },
    "time": {"s": 1, "ms": "0.001", "us": "1e-6", "min": _MINUTE, "h": _HOUR, "d": _DAY},
    "angle": {"deg": 1, "rad": _DEGREES_IN_RADIAN},
    "irradiance": {"W/m2": 1, "kW/m2": 1000, "mW/cm2": 10},
    "photon flux": {"umol/(m2.s)": 1, "umol/m2/s": 1, "umol.m-2.s-1": 1, "mol/(m2.s)": 1_000_000},
    "acidity": {"[pH]": 1},
    "frequency": {
        "Hz": 1,
        "/s": 1,
        "1/s": 1,
        "{cup}/s": 1,
        "{fruit}/s": 1,
        "/min": Fraction(1, _MINUTE),
        "1/min": Fraction(1, _MINUTE),
        "{cup}/min": Fraction(1, _MINUTE),
        "{fruit}/min": Fraction(1, _MINUTE),
        "{cup}/h": Fraction(1, _HOUR),
        "{fruit}/h": Fraction(1, _HOUR),
    },
    "count": {"{fruit}": 1, "{count}": 1, "{cup}": 1},
    "voltage": {"V": 1, "mV": "0.001"},
    "current": {"A": 1, "mA": "0.001"},
}

_TEMPERATURES = (
    Unit("K", "temperature", Fraction(1)),
    Unit("Cel", "temperature", Fraction(1), Decimal("273.15")),
    Unit("[degF]", "temperature", Fraction(5, 9), Decimal("459.67")),
)

_MEANT: Mapping[str, str] = {
    "°C": "Cel",
    "℃": "Cel",
    "C": "Cel",
    "degC": "Cel",
    "celsius": "Cel",
    "°F": "[degF]",
    "F": "[degF]",
    "degF": "[degF]",
    "ppm": "[ppm]",
    "ppb": "[ppb]",
    "psi": "[psi]",
    "kWh": "kW.h",
    "Wh": "W.h",
    "MWh": "MW.h",
    "µS/cm": "uS/cm",
    "μS/cm": "uS/cm",
    "m³": "m3",
    "m³/h": "m3/h",
    "m^3/h": "m3/h",
    "lpm": "L/min",
    "LPM": "L/min",
    "gpm": "[gal_us]/min",
    "W/m²": "W/m2",
    "µmol/m²/s": "umol/(m2.s)",
    "pH": "[pH]",
    "°": "deg",
    "%RH": "%",
    "kph": "km/h",
    "mph": "[mi_i]/h",
    "mH2O": "m[H2O]",
    "count": "{count}",
    "sec": "s",
    "hr": "h",
    "tonne": "t",
}
"""What people write for a unit that has another code in UCUM."""


def _all_units() -> Iterator[Unit]:
    for dimension, factors in _FACTORS.items():
        for code, factor in factors.items():
            yield Unit(code, dimension, Fraction(factor))
    yield from _TEMPERATURES


UNITS: Mapping[str, Unit] = MappingProxyType({unit.code: unit for unit in _all_units()})
"""Every unit that can be converted, by its UCUM code."""


def convert(value: float, from_unit: str, to_unit: str) -> float:
    """The value in `to_unit`; infinity and NaN stay what they are.

    Raises UnitError where a unit isn't known or the two measure different things.
    """
    return converter(from_unit, to_unit)(value)


@lru_cache(maxsize=_CACHED_PAIRS)
def converter(from_unit: str, to_unit: str) -> Callable[[float], float]:
    """The conversion from one unit to the other, for whoever converts many values.

    Raises UnitError as `convert` does.
    """
    if from_unit == to_unit and (not to_unit or to_unit in UNITS):
        return float
    source, target = _unit(from_unit, to_unit, from_unit), _unit(from_unit, to_unit, to_unit)
    if source.dimension != target.dimension:
        problem = (
            f"{from_unit} measures {source.dimension} and can't become {to_unit}, "
            f"which measures {target.dimension}"
        )
        raise UnitError(from_unit, to_unit, problem)
    return _conversion(source, target)


def _unit(from_unit: str, to_unit: str, code: str) -> Unit:
    unit = UNITS.get(code)
    if unit is None:
        shown = code if len(code) <= _LONGEST_UNIT else f"{code[:_LONGEST_UNIT]}..."
        hint = f"; its UCUM code is {_MEANT[code]}" if code in _MEANT else ""
        raise UnitError(from_unit, to_unit, f"{shown!r} is no unit that can be converted{hint}")
    return unit


def _conversion(source: Unit, target: Unit) -> Callable[[float], float]:
    ratio = source.factor / target.factor
    numerator, denominator = Decimal(ratio.numerator), Decimal(ratio.denominator)

    def conversion(value: float) -> float:
        decimal = Decimal(value) if isinstance(value, int) else Decimal(repr(value))
        scaled = _DECIMAL.multiply(_DECIMAL.add(decimal, source.offset), numerator)
        return float(_DECIMAL.subtract(_DECIMAL.divide(scaled, denominator), target.offset))

    return conversion
