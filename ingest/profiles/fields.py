"""From a foreign value to the value of one of our fields.

The order is: a missing value is left out; then `signed`, scale and offset, then the unit; or
`values`, or a `bit`. A number may come as text. What was converted is rounded to twelve digits of
the largest number that took part, so that binary fractions leave no trace: 32 Fahrenheit are 0.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ingest.errors import MessageError
from ingest.profiles.pointer import ABSENT, Pointer, find_first, in_words
from ingest.validation import brief

_DIGITS = 12
_NUMBER = re.compile(r"\s*([+-]?[0-9]+)(\.[0-9]*)?([eE][+-]?[0-9]{1,3})?\s*", re.ASCII)
_LONGEST_NUMBER = 40

Convert = Callable[[Any], object]
"""Makes our value of a foreign one. Raises ValueError saying what it should have been."""
ScalarKey = tuple[bool, object]


def scalar_key(value: object) -> ScalarKey | None:
    """What two equal JSON scalars share: 1 and 1.0 are equal, 1 and true are not."""
    return None if isinstance(value, dict | list) else (isinstance(value, bool), value)


@dataclass(frozen=True, slots=True)
class Condition:
    """Whether a reading is meant, by a value in it."""

    pointers: tuple[Pointer, ...]
    wanted: frozenset[ScalarKey]

    def holds(self, reading: Any, message: Any) -> bool:
        """Whether the value is there and one of those wanted."""
        return scalar_key(find_first(self.pointers, reading, message)) in self.wanted


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Finds one field in a reading."""

    name: str
    pointers: tuple[Pointer, ...]
    convert: Convert
    missing: frozenset[ScalarKey]
    when: Condition | None

    def value(self, reading: Any, message: Any) -> object:
        """Our value; ABSENT where the reading has none. Raises MessageError `wrong-type`."""
        if self.when is not None and not self.when.holds(reading, message):
            return ABSENT
        raw = find_first(self.pointers, reading, message)
        if raw is ABSENT or (self.missing and self._is_missing(raw)):
            return ABSENT
        try:
            return self.convert(raw)
        except ValueError as error:
            raise MessageError(
                "wrong-type", f"{self.name}: {brief(raw)} at {in_words(self.pointers)} {error}"
            ) from None

    def _is_missing(self, raw: object) -> bool:
        if scalar_key(raw) in self.missing:
            return True
        try:
            return isinstance(raw, str) and scalar_key(to_number(raw)) in self.missing
        except ValueError:
            return False


def to_number(raw: object) -> int | float:
    """A number, or a text that writes one. Raises ValueError."""
    if type(raw) is float or type(raw) is int:
        return raw
    if isinstance(raw, str) and len(raw) <= _LONGEST_NUMBER:
        match = _NUMBER.fullmatch(raw)
        if match is not None:
            return float(raw) if match[2] or match[3] else int(raw)
    raise ValueError("is no number")


def number(slope: float, shift: float, terms: tuple[float, ...]) -> Convert:
    """`slope * x + shift`, rounded; `terms` are the summands of the shift."""
    largest = max(map(abs, terms), default=0.0)

    def convert(raw: Any) -> float:
        try:
            product = slope * to_number(raw)
        except OverflowError:
            return math.inf
        return _round(product + shift, max(abs(product), largest))

    return convert


def _round(value: float, largest: float) -> float:
    if not math.isfinite(value) or largest == 0:
        return value
    return round(value, _DIGITS - 1 - math.floor(math.log10(largest))) + 0.0


def signed(bits: int, convert: Convert) -> Convert:
    """Before `convert`: the two's complement of a register of that many bits."""
    limit = 2**bits

    def signing(raw: Any) -> object:
        value = to_number(raw)
        if value != value // 1 or not 0 <= value < limit:
            raise ValueError(f"is no register of {bits} bits")
        return convert(value - limit if value >= limit // 2 else value)

    return signing


def one_of(values: Mapping[str, object]) -> Convert:
    """The value that is listed under the foreign one."""

    def convert(raw: Any) -> object:
        try:
            return values[_as_key(raw)]
        except KeyError:
            raise ValueError(f"is none of {', '.join(values)}") from None

    return convert


def _as_key(raw: object) -> str:
    if isinstance(raw, str):
        return raw
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    if isinstance(raw, int | float):
        return repr(raw)
    raise KeyError


def bit(position: int) -> Convert:
    """Whether that bit, counted from 0, is set."""

    def convert(raw: Any) -> bool:
        value = to_number(raw)
        if value != value // 1 or value < 0:
            raise ValueError("is no whole number with bits")
        return bool(int(value) >> position & 1)

    return convert


def boolean(raw: Any) -> bool:
    """True or false, or 1 or 0."""
    if isinstance(raw, bool) or (isinstance(raw, int | float) and raw in {0, 1}):
        return bool(raw)
    raise ValueError("is neither true nor false: the field needs values")


def word(raw: Any) -> str:
    """A state's word as it is."""
    if isinstance(raw, str):
        return raw
    raise ValueError("is no word: the field needs values")
