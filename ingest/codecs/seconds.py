"""Seconds as devices write them, turned into whole milliseconds without a float's noise."""

import math
from decimal import ROUND_HALF_EVEN, Context, Decimal

from ingest.errors import MessageError

_CONTEXT = Context(prec=40, rounding=ROUND_HALF_EVEN, traps=[])
_LARGEST_S = 1e15
"""Thirty million years: whoever says more didn't mean a time."""


def decimal(value: float) -> Decimal:
    """The decimal number that was written, such as 0.1 and not its nearest binary fraction."""
    return Decimal(value) if isinstance(value, int) else Decimal(repr(value))


def add(one: float, other: float) -> float:
    """The sum of two numbers as they were written."""
    return float(_CONTEXT.add(decimal(one), decimal(other)))


def seconds_to_ms(*seconds: float) -> int:
    """The sum of some seconds in milliseconds, to the nearest.

    Raises MessageError `time-invalid` where it is no number of any calendar.
    """
    total = Decimal(0)
    for part in seconds:
        if abs(part) > _LARGEST_S or not math.isfinite(part):
            raise MessageError("time-invalid", f"{str(part)[:60]} is no time in seconds")
        total = _CONTEXT.add(total, decimal(part))
    milliseconds = _CONTEXT.multiply(total, Decimal(1000))
    return int(milliseconds.to_integral_value(rounding=ROUND_HALF_EVEN, context=_CONTEXT))
