"""EPC patterns: URNs with `*` in them that stand for many EPCs (TDS 2.x, section 8).

A pattern becomes ranges of canonical Digital Link addresses. A wildcard stands only where all
after it are wildcards, too; so a pattern fixes the beginning of a key, and what varies is at most
the digit before the company prefix, which Digital Link puts first.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from park.gs1 import CANONICAL_HOST, check_digit

_PATTERN = re.compile(r"urn:epc:idpat:([a-z0-9]+):(\S+)", re.ASCII)
_DIGITS = "0123456789"


@dataclass(frozen=True, slots=True)
class _Scheme:
    key: str
    """Application identifier of the primary key."""
    parts: int
    """How many parts the URN has."""
    leading: bool = False
    """The first digit of the second part stands before the company prefix."""
    checked: bool = False
    """Prefix and reference are followed by a check digit."""
    before: str = ""
    """What stands before the company prefix in every key."""
    behind: str = ""
    """What stands between the key and the last part."""


_SCHEMES = {
    "sgtin": _Scheme("01", 3, leading=True, checked=True, behind="/"),
    "itip": _Scheme("8006", 5, leading=True, checked=True),
    "sscc": _Scheme("00", 2, leading=True, checked=True),
    "sgln": _Scheme("414", 3, checked=True),
    "pgln": _Scheme("417", 2, checked=True),
    "grai": _Scheme("8003", 3, checked=True, before="0"),
    "giai": _Scheme("8004", 2),
    "gsrn": _Scheme("8018", 2, checked=True),
    "gsrnp": _Scheme("8017", 2, checked=True),
    "gdti": _Scheme("253", 3, checked=True),
    "sgcn": _Scheme("255", 3, checked=True),
    "ginc": _Scheme("401", 2),
    "gsin": _Scheme("402", 2, checked=True),
    "cpi": _Scheme("8010", 3, behind="/"),
}


def is_pattern(text: str) -> bool:
    """Whether the text is an EPC pattern."""
    return text.startswith("urn:epc:idpat:")


def ranges(pattern: str) -> Sequence[tuple[str, str]]:
    """Ranges of canonical addresses, first and first beyond, that hold the EPCs of a pattern.

    Raises ValueError with what is wrong.
    """
    match = _PATTERN.fullmatch(pattern)
    if match is None:
        raise ValueError("is no EPC pattern, such as urn:epc:idpat:sgtin:9521141.012345.*")
    scheme = _SCHEMES.get(match[1])
    if scheme is None:
        raise ValueError(f"has the scheme {match[1]}, of which there are no patterns here")
    parts = match[2].split(".", scheme.parts - 1)
    if len(parts) != scheme.parts:
        raise ValueError(f"has {len(parts)} parts, {match[1]} has {scheme.parts}")
    fixed = [part for part in parts if part != "*"]
    if parts[: len(fixed)] != fixed or any("*" in part for part in fixed):
        raise ValueError("has a wildcard before a part that is fixed")
    if len(fixed) == scheme.parts:
        raise ValueError("has no wildcard")
    return [(low, after(low)) for low in _beginnings(scheme, fixed)]


def after(beginning: str) -> str:
    """The first text, by bytes, behind all that begin so."""
    return beginning[:-1] + chr(ord(beginning[-1]) + 1)


def _beginnings(scheme: _Scheme, fixed: Sequence[str]) -> Iterator[str]:
    base = f"{CANONICAL_HOST}/{scheme.key}/"
    match fixed:
        case []:
            yield base
        case [prefix] if scheme.leading:
            yield from (f"{base}{digit}{prefix}" for digit in _DIGITS)
        case [prefix]:
            yield f"{base}{scheme.before}{prefix}"
        case [prefix, reference, *more]:
            yield f"{base}{_key(scheme, prefix, reference)}{''.join(more)}"


def _key(scheme: _Scheme, prefix: str, reference: str) -> str:
    first = reference[:1] if scheme.leading else ""
    body = f"{first}{prefix}{reference[len(first) :]}"
    if not scheme.checked:
        return f"{body}{scheme.behind}"
    if not (body.isascii() and body.isdigit()):
        raise ValueError("has letters where digits stand")
    return f"{scheme.before}{body}{check_digit(scheme.before + body)}{scheme.behind}"
