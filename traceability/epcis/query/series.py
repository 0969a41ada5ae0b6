"""Numbers by which the identifiers of one company, and of one product of it, lie side by side.

A pattern fixes the beginning of a key: its company prefix, or prefix and reference. Where an
indicator, an extension or a filler stands before the prefix, it is put behind. What follows the
digits counts as an eleventh digit, so that whatever a pattern stands for is one span of numbers.
"""

from dataclasses import dataclass
from functools import lru_cache

from park.gs1 import CANONICAL_HOST

_HEAD = f"{CANONICAL_HOST}/"
_DIGITS = 14
_BASE = 11
_MOVED = frozenset({"00", "01", "8003", "8006"})
"""Keys whose first digit isn't part of the company prefix."""
_CACHED = 16_384


@dataclass(frozen=True, slots=True)
class Span:
    """Keys of one kind from one number on and before another."""

    key: str
    """Application identifier."""
    low: float
    high: float


def series(link: str) -> tuple[str, float] | None:
    """Kind and number of a canonical Digital Link; None for what is none."""
    if not link.startswith(_HEAD):
        return None
    key, _, value = link[len(_HEAD) :].partition("/")
    return (key, float(_number(key, value[:_DIGITS]))) if value else None


def span_of(beginning: str) -> Span | None:
    """Numbers of the links that begin so; None where a beginning is finer than numbers are.

    Of a key whose first digit is moved, all that differ in it are one span.
    """
    if not beginning.startswith(_HEAD):
        return None
    key, _, digits = beginning[len(_HEAD) :].removesuffix("/").partition("/")
    if len(digits) > _DIGITS or not (digits.isascii() and (digits.isdigit() or not digits)):
        return None
    if key in _MOVED:
        digits = digits[1:] + (digits[:1] if len(digits) == _DIGITS else "")
    rest = _BASE ** (_DIGITS - len(digits))
    number = int(digits or "0", _BASE)
    return Span(key, float(number * rest), float((number + 1) * rest))


@lru_cache(_CACHED)
def _number(key: str, value: str) -> int:
    text = value[1:] + value[:1] if key in _MOVED else value
    digits = ""
    for each in text:
        if not "0" <= each <= "9":
            digits += "a"
            break
        digits += each
    return int(digits.ljust(_DIGITS, "0"), _BASE)
