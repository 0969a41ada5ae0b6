"""JSON in the canonical form of RFC 8785: one text for one value, so that hashes agree.

The form's rules about numbers and about the order of names are where serializers differ. Where a
value keeps clear of them, orjson writes the same bytes some forty times as fast as rfc8785, which
writes everything else.
"""

import json
from typing import Any

import orjson
import rfc8785

from traceability.errors import EventFormatError

_LARGEST_INTEGER = 2**53 - 1
_LONGEST_DOUBLE = 1023
"""Binary digits of whole numbers that surely don't overflow a double."""
_SMALLEST_PLAIN = 1e-3
_LARGEST_PLAIN = 1e15
"""Between these every serializer writes a number without an exponent."""


class _NotPlainError(Exception):
    """A value about which serializers may differ."""


def canonical_json(value: Any) -> bytes:
    """The canonical bytes of a JSON value.

    Raises EventFormatError for what RFC 8785 can't hold: numbers that aren't exact in a double,
    lone surrogates.
    """
    try:
        return orjson.dumps(_plain(value), option=orjson.OPT_SORT_KEYS)
    except (_NotPlainError, orjson.JSONEncodeError):
        pass
    try:
        return rfc8785.dumps(_doubles(value))
    except (rfc8785.CanonicalizationError, UnicodeError) as error:
        raise EventFormatError("", f"has no canonical form: {error}") from error


def read_canonical(text: str) -> dict[str, Any]:
    """The object in a canonical text, with large numbers as the doubles that they are."""
    found: dict[str, Any] = json.loads(text, parse_int=_number)
    return found


def _number(digits: str) -> float:
    number = int(digits)
    return number if abs(number) <= _LARGEST_INTEGER else float(number)


def is_double(number: int) -> bool:
    """Whether a double is exactly that number."""
    return number.bit_length() <= _LONGEST_DOUBLE and float(number) == number


def _doubles(value: Any) -> Any:
    """The value with integers as doubles where they are large and doubles all the same."""
    if isinstance(value, dict):
        return {name: _doubles(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_doubles(part) for part in value]
    is_large = type(value) is int and abs(value) > _LARGEST_INTEGER
    return float(value) if is_large and is_double(value) else value


def _plain(value: Any) -> Any:
    """The value with whole floats as integers. Raises _NotPlainError."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is dict:
        # Beyond ASCII the order by UTF-16 differs from that by code points.
        if not all(type(name) is str and name.isascii() for name in value):
            raise _NotPlainError
        return {name: part if type(part) is str else _plain(part) for name, part in value.items()}
    if kind is list:
        return [part if type(part) is str else _plain(part) for part in value]
    if kind is float:
        return _plain_float(value)
    if kind is int and abs(value) <= _LARGEST_INTEGER:
        return value
    raise _NotPlainError


def _plain_float(value: float) -> float | int:
    if value.is_integer() and abs(value) < _LARGEST_PLAIN:
        return int(value)
    if not _SMALLEST_PLAIN <= abs(value) < _LARGEST_PLAIN:
        raise _NotPlainError
    return value
