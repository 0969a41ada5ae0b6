"""How texts are read and kept: the same for events and for questions."""

import math
import re

from park.times import parse_instant, to_epoch_ms
from traceability.epcis.storable import storable
from traceability.epcis.units import UNITS, to_base, to_base_difference

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_LONGEST_NUMBER = 60
_TIME_BEGINS = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:|\Z)", re.ASCII)
_DATE = len("2026-12-31")
_LONGEST_TIME = 50
DEVIATION = "sDev"
"""A difference between values: 2 degrees Celsius of it are 2 kelvins, not 275.15."""


def after(beginning: str) -> str:
    """The first text, by bytes, behind all that begin so."""
    return beginning[:-1] + chr(ord(beginning[-1]) + 1)


def number_of(text: str) -> float | None:
    """The number that a text is, None where it is none."""
    if len(text) > _LONGEST_NUMBER or _NUMBER.fullmatch(text) is None:
        return None
    return finite(float(text))


def finite(number: float) -> float | None:
    """The number as the databases keep it; None where they can't."""
    try:
        value = float(number)
    except OverflowError:
        return None
    return value if math.isfinite(value) else None


def time_ms_of(text: str) -> int | None:
    """Epoch milliseconds of a text that is a time with an offset; None where it is none.

    A date, as best-before dates are, is its beginning in UTC.
    """
    if len(text) > _LONGEST_TIME or _TIME_BEGINS.match(text) is None:
        return None
    try:
        return to_epoch_ms(parse_instant(text if len(text) > _DATE else f"{text}T00:00:00Z"))
    except ValueError:
        return None


def base_value(attribute: str, value: float, uom: str | None) -> tuple[str, float] | None:
    """Dimension and value in its base unit; the unit itself is the dimension where it isn't known.

    `attribute` is the field that has the value, such as `meanValue`. None for what the databases
    can't keep.
    """
    code = uom if uom is None or uom in UNITS else uom.upper()
    if code in UNITS:
        return (to_base_difference if attribute == DEVIATION else to_base)(value, code)
    number = finite(value)
    if number is None:
        return None
    return ("" if uom is None else f"?{storable(uom)}"), number
