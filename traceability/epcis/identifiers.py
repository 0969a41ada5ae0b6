"""Identifiers of objects, classes, places and parties: EPC URNs and GS1 Digital Links.

Inside, whatever has a GS1 key is a canonical Digital Link: `https://id.gs1.org/`, numeric
application identifiers, qualifiers in GS1's order, a GTIN of 14 digits, no query, every character
escaped but letters, digits and `-._`. Everything else, such as `urn:uuid:` or an address of
somebody's own, stays as it is.

On hosts of others an address is taken for a Digital Link where its path ends in the pairs of one
and the key's value looks like a key (GS1 Digital Link URI Syntax 1.4, section 6).
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from urllib.parse import unquote

from park.gs1 import CANONICAL_HOST
from traceability.epcis.keys import (
    KEYS,
    NUMBERS,
    PREFIX_DIGITS,
    QUALIFIERS,
    SCHEMES,
    SCHEMES_WITHOUT_LINK,
    SHORTEST_PREFIX,
    MalformedKeyError,
    Scheme,
    check_digit_of,
    check_last_digit,
    is_number,
    prefix_length_of,
    scheme_for,
    serial_text,
)

_CACHED = 16_384
_LONGEST_CACHED = 512
"""Longer texts are no usual identifiers; a cache full of them would hold gigabytes."""

_ADDRESS = re.compile(
    r"https?://([^/?#\s]+)(/[^?#\s]*)(?:[?#].*)?", re.ASCII | re.IGNORECASE | re.DOTALL
)
_USUAL_LINK = re.compile(
    re.escape(CANONICAL_HOST)
    + r"/(?:01/([0-9]{14})(?:/(?:10|21)/[0-9A-Za-z._-]{1,20})?|00/([0-9]{18})"
    + r"|414/([0-9]{13})(?:/254/(?!0\Z)[0-9A-Za-z._-]{1,20})?)",
    re.ASCII,
)
_USUAL_URN = re.compile(
    r"urn:epc:(?:id:(?=s)|class:(?=l))(sgtin|lgtin|sgln|sscc):"
    r"([0-9]{6,12})\.([0-9]+)(?:\.([0-9A-Za-z._-]{1,20}))?",
    re.ASCII,
)
"""What most documents have, for which the full reading would take twice as long."""
_PATTERN = "idpat:"
_URN_HEAD = "urn:epc:"
_SLASHES_OF_LOT_AND_SERIAL = 8
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_URN_PART = re.compile(r"(?:[!'-.0-;=A-Z_a-z]|%[0-9A-Fa-f]{2})*", re.ASCII)
_LINK_ESCAPES = {ord(each): f"%{ord(each):02X}" for each in "!\"#%&'()*+,/:;<=>?"}
_URN_ESCAPES = {ord(each): f"%{ord(each):02X}" for each in '"#%&/<>?'}
_PAIR = re.compile(r"[0-9]{2}", re.ASCII)


def canonical(identifier: str) -> str:
    """The canonical Digital Link of a GS1 key in any form; anything else as it is."""
    return judged(identifier)[0]


def canonical_by_shape(identifier: str) -> str:
    """As `canonical`, though the check digit of a Digital Link be wrong."""
    link, wrong = judged(identifier)
    if wrong is None:
        return link
    try:
        return _of_address(identifier, any_digit=True) or identifier
    except MalformedKeyError:
        return identifier


def check(identifier: str) -> str | None:
    """What is wrong with a text that claims to be a GS1 key; None where nothing is."""
    return judged(identifier)[1]


def judged(identifier: str) -> tuple[str, str | None]:
    """Both in one go: the canonical form, and what is wrong with the text."""
    return _kept(identifier) if len(identifier) <= _LONGEST_CACHED else _judged(identifier)


def _judged(identifier: str) -> tuple[str, str | None]:
    try:
        return _canonical(identifier) or identifier, None
    except MalformedKeyError as error:
        return identifier, str(error)


_kept = lru_cache(_CACHED)(_judged)


def _canonical(identifier: str) -> str | None:
    """The canonical link; None for what is no GS1 key. Raises MalformedKeyError."""
    usual = _USUAL_URN.fullmatch(identifier)
    if usual is not None and (link := _of_usual_urn(*usual.groups())) is not None:
        return link
    head = identifier[:8].lower()
    if head == "urn:epc:":
        return _of_urn(identifier[8:])
    return _of_address(identifier) if head.startswith("http") else None


# From URNs


def _of_usual_urn(name: str, prefix: str, reference: str, serial: str | None) -> str | None:
    scheme = SCHEMES[name]
    body = f"{reference[0]}{prefix}{reference[1:]}" if scheme.moves_first else prefix + reference
    if len(body) != KEYS[scheme.key].checked - 1 or (serial is None) != (scheme.serial is None):
        return None
    link = f"{CANONICAL_HOST}/{scheme.key}/{body}{check_digit_of(body)}"
    return link if serial == scheme.no_serial else f"{link}/{scheme.serial}/{serial}"


def _of_urn(body: str) -> str | None:
    kind, _, rest = body.partition(":")
    name, colon, rest = rest.partition(":")
    if kind not in {"id", "class", "idpat"}:
        return None
    scheme = SCHEMES.get(name)
    if scheme is None or not colon:
        if name in SCHEMES_WITHOUT_LINK and colon and kind != "class":
            if kind == "idpat":
                _fixed(rest.split("."))
            return f"urn:epc:{body}"
        raise MalformedKeyError(f"{name!r} is no scheme of EPC URNs")
    if kind != scheme.kind and (kind, scheme.kind) != ("idpat", "id"):
        raise MalformedKeyError(f"{name} is written urn:epc:{scheme.kind}:{name}:")
    parts = _parts(scheme, rest)
    return _of_pattern(scheme, parts) if kind == "idpat" else _joined(scheme, parts)


def _parts(scheme: Scheme, rest: str) -> Sequence[str]:
    """Prefix, reference, pairs and, where the scheme has one, serial. Raises MalformedKeyError."""
    wanted = 2 + scheme.pairs + (scheme.serial is not None)
    parts = rest.split(".", wanted - 1)
    if len(parts) != wanted:
        raise MalformedKeyError(
            f"{scheme.name} has {wanted} parts between dots, this has {len(parts)}"
        )
    return parts


def _of_pattern(scheme: Scheme, parts: Sequence[str]) -> str | None:
    """The class that a pattern with any serial is; None for wider ones, which have no link."""
    fixed = _fixed(parts)
    if len(fixed) == len(parts):
        raise MalformedKeyError("is a pattern without wildcard: a pattern ends in *")
    if len(fixed) > 1:
        _key_of(scheme, fixed)
    elif fixed:
        _check_prefix(fixed[0])
    is_class = scheme.has_classes and len(fixed) == len(parts) - 1
    return _joined(scheme, fixed) if is_class else None


def _fixed(parts: Sequence[str]) -> Sequence[str]:
    """What stands before the wildcards. Raises MalformedKeyError."""
    fixed = [part for part in parts if part != "*"]
    if list(parts[: len(fixed)]) != fixed:
        raise MalformedKeyError("has a wildcard before a part that is fixed")
    return fixed


def _joined(scheme: Scheme, parts: Sequence[str]) -> str:
    """The link of a URN's parts; without serial where they have none. Raises MalformedKeyError."""
    key = f"{CANONICAL_HOST}/{scheme.key}/{_key_of(scheme, parts)}"
    serial = parts[2 + scheme.pairs] if len(parts) > 2 + scheme.pairs else scheme.no_serial
    if serial == scheme.no_serial:
        return key
    text = _unescaped(serial or "", scheme.name)
    serial_text(scheme).check(f"the serial of {scheme.name}", text)
    between = f"/{scheme.serial}/" if scheme.serial else ""
    return f"{key}{between}{text.translate(_LINK_ESCAPES)}"


def _key_of(scheme: Scheme, parts: Sequence[str]) -> str:
    prefix, reference = parts[0], parts[1]
    _check_prefix(prefix)
    key = KEYS[scheme.key]
    if not key.checked:
        text = _unescaped(reference, scheme.name)
        key.tail.check(f"the reference of {scheme.name}", text)
        key.tail.check(scheme.name, prefix + text)
        return f"{prefix}{text.translate(_LINK_ESCAPES)}"
    if reference and not is_number(reference):
        raise MalformedKeyError(f"{reference!r} must be digits only")
    digits = key.checked - 1 - len(key.filler)
    if len(prefix) + len(reference) != digits:
        raise MalformedKeyError(
            f"company prefix and reference of {scheme.name} have {digits} digits together, "
            f"these have {len(prefix) + len(reference)}"
        )
    for pair in parts[2 : 2 + scheme.pairs]:
        if not _PAIR.fullmatch(pair):
            raise MalformedKeyError(f"{pair!r} must be two digits")
    first = reference[:1] if scheme.moves_first else ""
    body = f"{key.filler}{first}{prefix}{reference[len(first) :]}"
    return f"{body}{check_digit_of(body)}{''.join(parts[2 : 2 + scheme.pairs])}"


def _check_prefix(prefix: str) -> None:
    if len(prefix) not in PREFIX_DIGITS or not is_number(prefix):
        raise MalformedKeyError(f"{prefix!r} is no company prefix: it has 6 to 12 digits")


def _unescaped(part: str, name: str) -> str:
    """A part of a URN without its escapes. Raises MalformedKeyError."""
    if part.isalnum() and part.isascii():
        return part
    if not _URN_PART.fullmatch(part):
        raise MalformedKeyError(
            f"{part!r} has characters that a URN of {name} can't have: write / as %2F and so on"
        )
    return unquote(part) if "%" in part else part


# From Digital Links


def _of_address(address: str, *, any_digit: bool = False) -> str | None:
    usual = _USUAL_LINK.fullmatch(address)
    if usual is not None and not any_digit:
        check_last_digit(usual[1] or usual[2] or usual[3])
        return address
    match = _ADDRESS.fullmatch(address)
    if match is None:
        return None
    host = match[1].rpartition("@")[2].partition(":")[0].lower()
    is_gs1 = host == "id.gs1.org"
    segments = match[2].strip("/").split("/")
    # A link ends with pairs, so it begins an even number of segments before the end.
    for start in range(len(segments) % 2, len(segments) - 1, 2):
        found = _of_segments(segments[start:], is_gs1=is_gs1, any_digit=any_digit)
        if found is not None:
            return found
    if is_gs1 and (segments[0] in NUMBERS or is_number(segments[0])):
        raise MalformedKeyError("is no GS1 Digital Link: see its application identifiers and pairs")
    return None


def _of_segments(segments: Sequence[str], *, is_gs1: bool, any_digit: bool) -> str | None:
    """The link of pairs; None where they aren't the pairs of a key. Raises MalformedKeyError."""
    key = KEYS.get(NUMBERS.get(segments[0], ""))
    names = [NUMBERS.get(segment, "") for segment in segments[2::2]]
    if key is None or not set(names) <= set(key.qualifiers):
        return None
    if not is_gs1 and not key.is_plausible(unquote(segments[1])):
        return None
    value = _decoded(segments[1])
    if len(set(names)) != len(names):
        raise MalformedKeyError("has a qualifier twice")
    values = {name: _decoded(text) for name, text in zip(names, segments[3::2], strict=True)}
    for name, text in values.items():
        QUALIFIERS[name].check(f"({name})", text)
    if values.get("254") == "0":
        # By TDS 2.1, section 7, an extension of 0 says that there is none.
        del values["254"]
    pairs = [(key.number, key.read(value, any_digit=any_digit))]
    pairs += [(name, values[name]) for name in key.qualifiers if name in values]
    return CANONICAL_HOST + "".join(
        f"/{name}/{text.translate(_LINK_ESCAPES)}" for name, text in pairs
    )


def _decoded(segment: str) -> str:
    if "%" not in segment:
        return segment
    if _BAD_ESCAPE.search(segment):
        raise MalformedKeyError(f"{segment!r} has a % that escapes nothing: write it as %25")
    return unquote(segment)


# To URNs


def to_urn(identifier: str, prefix_length: int | None = None) -> str | None:
    """The EPC URN of a GS1 key.

    A URN tells company prefix and reference apart. How long the prefix is comes from GS1's list
    unless it is given; one of 4 or 5 digits is written as the 6 that it stands for. A lot or
    variant that comes with a serial is left out. None where there is no URN, the text is no
    proper identifier, or the list doesn't know the prefix.
    """
    link, wrong = judged(identifier)
    if wrong is not None:
        return None
    if link.startswith("urn:epc:"):
        return link
    if identifier[:8].lower() == "urn:epc:":
        return f"urn:epc:{identifier[8:]}"
    return _urn_of_link(link, prefix_length) if len(link) <= _LONGEST_CACHED else None


@lru_cache(_CACHED)
def _urn_of_link(link: str, prefix_length: int | None) -> str | None:
    number, values = _values_of(link)
    value = values.pop(number, "")
    scheme = scheme_for(number, values.keys())
    if scheme is None or not value:
        return None
    length = prefix_length_of(number, value) if prefix_length is None else prefix_length
    if not SHORTEST_PREFIX <= length < PREFIX_DIGITS.stop:
        return None
    urn = _urn_of(scheme, value, values, max(length, PREFIX_DIGITS.start))
    return urn if check(urn) is None else None


def _values_of(link: str) -> tuple[str, dict[str, str]]:
    """The key's application identifier and all values of a canonical link; empty of others."""
    segments = link.removeprefix(f"{CANONICAL_HOST}/").split("/")
    if not link.startswith(f"{CANONICAL_HOST}/") or segments[0] not in KEYS:
        return "", {}
    texts = map(unquote, segments[1::2])
    return segments[0], dict(zip(segments[::2], texts, strict=False))


def _urn_of(scheme: Scheme, value: str, values: Mapping[str, str], length: int) -> str:
    key = KEYS[scheme.key]
    end = key.checked or len(value) + 1
    body, tail = value[len(key.filler) : end - 1], value[end:]
    split = 1 if scheme.moves_first else 0
    reference = body[:split] + body[split + length :]
    parts = [body[split : split + length], reference.translate(_URN_ESCAPES)]
    parts += [tail[at : at + 2] for at in range(0, 2 * scheme.pairs, 2)]
    kind = scheme.kind
    if scheme.serial is not None:
        serial = values.get(scheme.serial, "") if scheme.serial else tail
        if not serial and scheme.no_serial is None:
            kind = "idpat"
        parts.append(serial.translate(_URN_ESCAPES) or scheme.no_serial or "*")
    return f"urn:epc:{kind}:{scheme.name}:{'.'.join(parts)}"


# What queries look for


def instance(identifier: str) -> str:
    """The canonical form without lot and variant where a serial says enough, as a URN has it."""
    link = canonical(identifier)
    if link.count("/") < _SLASHES_OF_LOT_AND_SERIAL:
        return link
    number, values = _values_of(link)
    scheme = scheme_for(number, values.keys() - {number})
    if scheme is None or not scheme.coarser or scheme.kind != "id":
        return link
    return f"{CANONICAL_HOST}/{number}/{values[number]}/{scheme.serial}/" + values[
        scheme.serial or ""
    ].translate(_LINK_ESCAPES)


def match_prefixes(pattern: str) -> tuple[Sequence[str], Sequence[str]]:
    """What an identifier must be, or begin with, to match a pattern of a query.

    A pattern is a URN whose last parts are `*` (TDS 2.1, section 8), or any identifier, which
    matches itself (GS1 EPCIS 2.0, section 8.2.7.1.1). Identifiers are those of `instance`.
    """
    link, wrong = judged(pattern)
    if wrong is not None or not is_pattern(pattern):
        return [instance(pattern)], []
    name, _, body = pattern[len(_URN_HEAD) + len(_PATTERN) :].partition(":")
    scheme = SCHEMES.get(name)
    parts = _parts(scheme, body) if scheme else body.split(".")
    fixed = _fixed(parts)
    if scheme is None:
        return [link], [_urn_head(name, fixed)]
    exact, beginnings = _of_wildcards(scheme, fixed)
    # A class may be named by a pattern itself.
    return [link, *(each for each in exact if each != link)], beginnings


def is_pattern(text: str) -> bool:
    """Whether a text claims to be an EPC pattern."""
    return text[:8].lower() == _URN_HEAD and text.startswith(_PATTERN, 8)


def _urn_head(name: str, fixed: Sequence[str]) -> str:
    return f"urn:epc:id:{name}:" + "".join(f"{part}." for part in fixed)


def _of_wildcards(scheme: Scheme, fixed: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    start = f"{CANONICAL_HOST}/{scheme.key}/"
    if not fixed:
        return [], [start]
    if len(fixed) == 1:
        heads = "0123456789" if scheme.moves_first else (KEYS[scheme.key].filler,)
        return [], [f"{start}{head}{fixed[0]}" for head in heads]
    link = f"{start}{_key_of(scheme, fixed)}"
    if len(fixed) < 2 + scheme.pairs:
        return [], [link]
    if scheme.serial == "":
        return [link], [link]
    # A link may name a lot before the serial.
    return [link], [f"{link}/" if scheme.coarser else f"{link}/{scheme.serial}/"]
