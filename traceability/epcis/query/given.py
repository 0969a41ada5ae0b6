"""One parameter as it was given, and its values read as what they must be."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from park.times import parse_instant, to_epoch_ms
from traceability.epcis.query.values import finite, number_of
from traceability.errors import QueryParameterError

MOST_VALUES = 1000
"""More are refused: what has to be asked for in so many words is another question."""
_SPACED_OFFSET = re.compile(r" (?=\d\d:\d\d$)", re.ASCII)
_FLAGS = {"true": True, "1": True, "false": False, "0": False}
_SHOWN = 80
_MOST = 2**53  # databases count no further than 64 bits go


@dataclass(frozen=True, slots=True)
class Given:
    """A parameter with its values: texts from an address, or any JSON from a body."""

    name: str
    values: Sequence[Any]

    def refuse(self, problem: str) -> NoReturn:
        """Raise QueryParameterError with the parameter's name."""
        raise QueryParameterError(self.name, problem)

    def single(self) -> Any:
        """The only value."""
        if len(self.values) != 1:
            self.refuse(f"takes one value, has {len(self.values)}")
        return self.values[0]

    def texts(self) -> list[str]:
        """One or more texts, none empty."""
        self.check_count()
        for value in self.values:
            if not isinstance(value, str) or not value:
                self.refuse(f"{shown(value)} is no text")
        return list(self.values)

    def check_count(self) -> None:
        """Refuse a list that is empty or too long."""
        if not 0 < len(self.values) <= MOST_VALUES:
            self.refuse(f"takes 1 to {MOST_VALUES} values, has {len(self.values)}")

    def time_ms(self) -> int:
        """Epoch milliseconds."""
        value = self.single()
        if not isinstance(value, str):
            self.refuse(f"{shown(value)} is no time, such as 2026-10-12T03:04:05Z")
        try:
            return to_epoch_ms(parse_instant(unspaced(value)))
        except ValueError as error:
            self.refuse(str(error))

    def number(self) -> float:
        """A number, finite."""
        return self._number(self.single())

    def numbers(self) -> list[float]:
        """One or more numbers."""
        self.check_count()
        return [self._number(value) for value in self.values]

    def count(self, least: int) -> int:
        """A whole number, not less than `least`; beyond `_MOST` it counts as that."""
        number = self.number()
        if number != math.floor(number) or number < least:
            self.refuse(f"{shown(self.single())} is no whole number from {least} on")
        return min(int(number), _MOST)

    def flag(self) -> bool:
        """True or false."""
        value = self.single()
        if isinstance(value, str) and value.lower() in _FLAGS:
            return _FLAGS[value.lower()]
        if not isinstance(value, bool):
            self.refuse(f"{shown(value)} is neither true nor false")
        return value

    def _number(self, value: Any) -> float:
        number: float | None = None
        if isinstance(value, str):
            number = number_of(value.strip())
        elif isinstance(value, int | float) and not isinstance(value, bool):
            number = finite(value)
        if number is None:
            self.refuse(f"{shown(value)} is no number")
        return number


def unspaced(text: str) -> str:
    """A time with the + of its offset, which arrives as a space where it wasn't encoded."""
    return _SPACED_OFFSET.sub("+", text.strip())


def shown(value: Any) -> str:
    """A value in a message, cut where it is long."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
