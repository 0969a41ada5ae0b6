"""What people write when they ask for a thing or a place, as the keys of the lineage."""

import re
from urllib.parse import quote

from park.assets import Park
from park.errors import IdentifierError
from park.gs1 import CANONICAL_HOST, PlaceId, parse_place, parse_sscc, sscc_uri
from traceability.epcis.identifiers import canonical, instance, judged
from traceability.epcis.keys import KEYS, QUALIFIERS
from traceability.paging import check_texts
from traceability.provenance.keys import RUN_PREFIX, run_key
from traceability.steps.checks import place_of

_SSCC_DIGITS = 18
_ELEMENT = re.compile(r"\(([0-9]{2,4})\)", re.ASCII)


def thing_key(text: str) -> str:
    """The canonical identifier of a thing in any form.

    An address, a URN, the path of a Digital Link, what stands below a bar code (`(01)…(10)…`,
    `(00)…`), or the digits of an SSCC. Of a bar code, what identifies nothing (a date, a weight)
    is left out. What has none of these forms is taken as it is. Raises QueryError `bad-text`,
    IdentifierError for a key that is mistyped.
    """
    check_texts(text)
    text = text.strip()
    if text.startswith(RUN_PREFIX):
        return run_key(text.removeprefix(RUN_PREFIX))
    if ":" in text:
        # Events may name what claims to be a GS1 key and isn't.
        return instance(text)
    if text.isdigit() and len(text) == _SSCC_DIGITS:
        return sscc_uri(parse_sscc(text))
    if text.startswith("("):
        return instance(_canonical(_of_elements(text)))
    head, _, rest = text.lstrip("/").partition("/")
    if rest and head.isdigit():
        return instance(_canonical(f"{CANONICAL_HOST}/{head}/{rest}"))
    return text


def place_key(text: str, park: Park) -> str:
    """The canonical identifier of a place: an asset of the park, or a GLN in any form.

    Raises QueryError `bad-text`, UnknownPlaceError for an asset without a place, IdentifierError
    for a GLN that is mistyped.
    """
    check_texts(text)
    text = text.strip()
    if text in park.assets:
        return place_of(park.assets[text]).uri
    if ":" in text:
        return canonical(text)
    return _parsed_place(text).uri


def _of_elements(text: str) -> str:
    """The Digital Link of an element string; its key may stand anywhere in it."""
    head, *elements = _ELEMENT.split(text)
    known = [
        (number, value)
        for number, value in zip(elements[::2], elements[1::2], strict=True)
        if number in KEYS or number in QUALIFIERS
    ]
    if head or not known:
        return text
    known.sort(key=lambda each: each[0] not in KEYS)
    path = "".join(f"/{number}/{quote(value, safe='')}" for number, value in known)
    return f"{CANONICAL_HOST}{path}"


def _canonical(text: str) -> str:
    """The canonical form. Raises IdentifierError for what claims to be a GS1 key and isn't."""
    key, problem = judged(text)
    if problem is not None:
        raise IdentifierError("identifier", text, problem)
    return key


def _parsed_place(text: str) -> PlaceId:
    try:
        return parse_place(text)
    except IdentifierError as error:
        if text[:1].isdigit():
            raise
        problem = "is neither an asset of the park nor a GLN"
        raise IdentifierError("place", text, problem) from error
