"""GS1 keys: how each is written in a Digital Link and as an EPC URN. Both directions read this.

Sources: EPC Tag Data Standard 2.1, sections 6.3 (pure identities), 7 (which key each one says)
and 8 (patterns); GS1 Digital Link URI Syntax 1.4, section 4 (keys, qualifiers and their order);
GS1 General Specifications, section 3 (lengths and characters of values).
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from park.gs1 import check_digit

PREFIX_DIGITS = range(6, 13)
"""Digits that the company prefix of a URN may have."""

SHORTEST_PREFIX = 4
"""Digits of GS1's shortest company prefixes; URNs write them as blocks of longer ones."""

_CACHED = 16_384
_SHOWN = 80
_NUMBER = re.compile(r"[0-9]+", re.ASCII)
_LOOKS_LIKE_A_KEY = re.compile(r"[0-9]{4}.", re.ASCII)


class MalformedKeyError(Exception):
    """A text claims to be a GS1 key and isn't; the message says why. `identifiers` catches it."""


def is_number(text: str) -> bool:
    """Whether a text is digits only, and some."""
    return _NUMBER.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Text:
    """Which characters a value may have, and how many of them."""

    characters: str
    """As in the brackets of a regular expression."""
    longest: int
    shortest: int = 1

    def problem(self, text: str) -> str:
        """What is wrong with a text, as the end of a sentence; empty where nothing is."""
        if len(text) > self.longest:
            return f"has at most {self.longest} characters, not {len(text)}: {text[:_SHOWN]!r}"
        if len(text) < self.shortest:
            return f"has at least {self.shortest} characters, not {len(text)}: {text!r}"
        if _any_of(self.characters).fullmatch(text) is None:
            return f"can't have all the characters of {text!r}"
        return ""

    def check(self, what: str, text: str) -> None:
        """Raise MalformedKeyError where something is wrong with a text."""
        problem = self.problem(text)
        if problem:
            raise MalformedKeyError(f"{what} {problem}")


@lru_cache
def _any_of(characters: str) -> re.Pattern[str]:
    return re.compile(f"[{characters}]*", re.ASCII)


_ANY = r"!\"%-?A-Z_a-z"
"""Character set 82 of GS1."""
_PART = r"#\-/0-9A-Z"
"""Character set 39 of GS1."""
_DIGIT = "0-9"
_NOTHING = Text(_DIGIT, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A primary key of Digital Links: so many digits that end in a check digit, then a text."""

    number: str
    """Its application identifier."""
    alias: str
    """The word that version 1.1 of Digital Link allowed in place of that."""
    checked: int = 0
    """Digits up to and with the check digit; 0 where there is none."""
    filler: str = ""
    """What these digits begin with in every key."""
    padded: Sequence[int] = ()
    """Shorter lengths, which zeros fill up."""
    tail: Text = _NOTHING
    """What follows."""
    qualifiers: Sequence[str] = ()
    """What may qualify it, in the order in which it stands."""

    def is_plausible(self, value: str) -> bool:
        """Whether a value looks like this key, in an address that might mean anything."""
        if not self.checked:
            return _LOOKS_LIKE_A_KEY.match(value) is not None and not self.tail.problem(value)
        if self.tail.longest:
            return len(value) >= self.checked and is_number(value[: self.checked])
        return len(value) in {*self.padded, self.checked} and is_number(value)

    def read(self, value: str, *, any_digit: bool = False) -> str:
        """The value, with zeros where it is short. Raises MalformedKeyError.

        With `any_digit` the check digit may be any.
        """
        if len(value) in self.padded:
            value = value.zfill(self.checked)
        digits, tail = value[: self.checked], value[self.checked :]
        if self.checked:
            if len(digits) != self.checked or not is_number(digits):
                raise MalformedKeyError(
                    f"({self.number}) must have {self.checked} digits, not {value[:_SHOWN]!r}"
                )
            if not digits.startswith(self.filler):
                raise MalformedKeyError(f"({self.number}) begins with {self.filler}")
            if not any_digit:
                check_last_digit(digits)
        self.tail.check(f"what follows {digits}" if digits else f"({self.number})", tail)
        return value


def check_last_digit(digits: str) -> None:
    """Raise MalformedKeyError where the last digit isn't the check digit of the others."""
    expected = check_digit_of(digits[:-1])
    if int(digits[-1]) != expected:
        raise MalformedKeyError(f"{digits} has check digit {digits[-1]}, it should be {expected}")


def check_digit_of(digits: str) -> int:
    """The check digit that follows these digits."""
    # Weights repeat after two digits, so those of two parts add up. Products and places come back
    # again and again, and so do the ends of serials.
    return (_known_digit(digits[:-4]) + _known_digit(digits[-4:])) % 10


_known_digit = lru_cache(_CACHED)(check_digit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """A scheme of EPC URNs: company prefix, references and serial, with dots between."""

    name: str
    key: str
    """Application identifier of the key that prefix and references make."""
    kind: str = "id"
    """As in `urn:epc:{kind}:{name}:`."""
    moves_first: bool = False
    """The reference's first digit (indicator, extension) stands before the prefix in the key."""
    pairs: int = 0
    """References of two digits each that follow the check digit."""
    serial: str | None = None
    """Application identifier of the serial; empty where it is the key's tail, None where none."""
    no_serial: str | None = None
    """What stands for the serial where there is none."""
    has_classes: bool = False
    """A pattern with any serial is a class, which Digital Link writes without serial."""
    coarser: frozenset[str] = frozenset()
    """Qualifiers of Digital Links that a URN leaves out: the serial says enough."""


_KEYS = (
    Key(number="00", alias="sscc", checked=18),
    Key(
        number="01",
        alias="gtin",
        checked=14,
        padded=(8, 12, 13),
        qualifiers=("22", "10", "21", "235"),
    ),
    Key(
        number="8006",
        alias="itip",
        checked=14,
        tail=Text(_DIGIT, 4, 4),
        qualifiers=("22", "10", "21"),
    ),
    Key(number="8013", alias="gmn", tail=Text(_ANY, 25)),
    Key(number="8010", alias="cpid", tail=Text(_PART, 30), qualifiers=("8011",)),
    Key(number="414", alias="gln", checked=13, qualifiers=("254", "7040")),
    Key(number="415", alias="payTo", checked=13, qualifiers=("8020",)),
    Key(number="417", alias="party", checked=13, qualifiers=("7040",)),
    Key(number="8017", alias="gsrnp", checked=18, qualifiers=("8019",)),
    Key(number="8018", alias="gsrn", checked=18, qualifiers=("8019",)),
    Key(number="255", alias="gcn", checked=13, tail=Text(_DIGIT, 12, 0)),
    Key(number="253", alias="gdti", checked=13, tail=Text(_ANY, 17, 0)),
    Key(number="401", alias="ginc", tail=Text(_ANY, 30)),
    Key(number="402", alias="gsin", checked=17),
    Key(number="8003", alias="grai", checked=14, filler="0", tail=Text(_ANY, 16, 0)),
    Key(number="8004", alias="giai", tail=Text(_ANY, 30), qualifiers=("7040",)),
)

# Where schemes share a key, the first whose serial a link has is the one that it is translated to.
_SCHEMES = (
    Scheme(
        name="sgtin",
        key="01",
        moves_first=True,
        serial="21",
        has_classes=True,
        coarser=frozenset({"22", "10"}),
    ),
    Scheme(name="upui", key="01", moves_first=True, serial="235", has_classes=True),
    Scheme(
        name="lgtin",
        key="01",
        kind="class",
        moves_first=True,
        serial="10",
        coarser=frozenset({"22"}),
    ),
    Scheme(
        name="itip",
        key="8006",
        moves_first=True,
        pairs=2,
        serial="21",
        has_classes=True,
        coarser=frozenset({"22", "10"}),
    ),
    Scheme(name="sscc", key="00", moves_first=True),
    Scheme(name="sgln", key="414", serial="254", no_serial="0"),
    Scheme(name="pgln", key="417"),
    Scheme(name="grai", key="8003", serial="", has_classes=True),
    Scheme(name="gdti", key="253", serial="", has_classes=True),
    Scheme(name="sgcn", key="255", serial="", has_classes=True),
    Scheme(name="gsrn", key="8018"),
    Scheme(name="gsrnp", key="8017"),
    Scheme(name="gsin", key="402"),
    Scheme(name="giai", key="8004"),
    Scheme(name="ginc", key="401"),
    Scheme(name="cpi", key="8010", serial="8011", has_classes=True),
)

KEYS: Mapping[str, Key] = MappingProxyType({key.number: key for key in _KEYS})
"""Every primary key of Digital Links, by application identifier."""

SCHEMES: Mapping[str, Scheme] = MappingProxyType({scheme.name: scheme for scheme in _SCHEMES})
"""Every scheme of URNs that has a Digital Link, by name."""

SCHEMES_WITHOUT_LINK = frozenset({"adi", "bic", "gid", "imovn", "usdod"})
"""Schemes of things that have no GS1 key."""

QUALIFIERS: Mapping[str, Text] = MappingProxyType(
    {
        "10": Text(_ANY, 20),
        "21": Text(_ANY, 20),
        "22": Text(_ANY, 20),
        "235": Text(_ANY, 28),
        "254": Text(_ANY, 20),
        "7040": Text(_ANY, 4, 4),
        "8011": Text(_DIGIT, 12),
        "8019": Text(_DIGIT, 10),
        "8020": Text(_ANY, 25),
    }
)
"""Values of qualifiers, by application identifier."""

_QUALIFIER_ALIASES = {
    "cpv": "22",
    "lot": "10",
    "ser": "21",
    "glnx": "254",
    "cpsn": "8011",
    "srin": "8019",
    "refNo": "8020",
}

NUMBERS: Mapping[str, str] = MappingProxyType(
    {key.alias: key.number for key in _KEYS}
    | _QUALIFIER_ALIASES
    | {number: number for number in (*KEYS, *QUALIFIERS)}
)
"""Application identifiers, by themselves and by the words of version 1.1."""


def serial_text(scheme: Scheme) -> Text:
    """What a serial of that scheme may be."""
    if scheme.serial:
        return QUALIFIERS[scheme.serial]
    tail = KEYS[scheme.key].tail
    return Text(tail.characters, tail.longest)


def scheme_for(number: str, qualifiers: Collection[str]) -> Scheme | None:
    """The scheme of URNs for a key with these qualifiers."""
    of_key = [scheme for scheme in _SCHEMES if scheme.key == number]
    if not qualifiers:
        return of_key[0] if of_key else None
    for scheme in of_key:
        if scheme.serial in qualifiers and {scheme.serial, *scheme.coarser} >= set(qualifiers):
            return scheme
    return None


@lru_cache(_CACHED)
def prefix_length_of(number: str, value: str) -> int:
    """Digits of a key's company prefix by GS1's list of prefixes; 0 where it says nothing."""
    # The list is large, and hardly anybody asks for URNs.
    from biip.gs1_prefixes import GS1CompanyPrefix  # noqa: PLC0415 - as said above

    if number == "01" and value.startswith("000000"):
        # A GTIN-8: its prefix of three digits with five zeros before it (TDS 2.1, section 7).
        return 8
    leading = _NUMBER.match(value[1:] if number in {"00", "01", "8003", "8006"} else value)
    found = GS1CompanyPrefix.extract(leading[0]) if leading else None
    return 0 if found is None else len(found.value)
