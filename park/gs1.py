"""GS1 keys: GTIN, GLN, SSCC, GIAI, lot numbers, check digits and Digital Link addresses.

Inside agripark a key is canonical: a GTIN has 14 digits, and a batch, pallet or place is the
path of its Digital Link without host (`01/09521321000018/10/LC26-0412`). Other forms are
accepted at the border and canonicalised here.

Sources: GS1 General Specifications (check digit: section 7.9; AI 10 lot: section 3.4.3),
GS1 Digital Link URI Syntax 1.4, EPC Tag Data Standard 2.1 (URN forms).
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from park.errors import CheckDigitError, IdentifierError

CANONICAL_HOST = "https://id.gs1.org"
"""GS1's own resolver; identifiers inside events use it whatever host serves the page."""

_LOT = re.compile(r"[!\"%-?A-Z_a-z]{1,20}", re.ASCII)
_EXTENSION = re.compile(r"[!\"%-?A-Z_a-z]{1,20}", re.ASCII)
_LGTIN_URN = re.compile(r"urn:epc:class:lgtin:(\d{6,12})\.(\d)(\d*)\.(.+)", re.ASCII)
_SSCC_URN = re.compile(r"urn:epc:id:sscc:(\d{6,12})\.(\d)(\d+)", re.ASCII)
_SGLN_URN = re.compile(r"urn:epc:id:sgln:(\d{6,12})\.(\d*)\.(.+)", re.ASCII)
_BATCH_ELEMENTS = re.compile(r"\(01\)(\d{14})\(10\)(.{1,20})", re.ASCII)


def check_digit(digits: str) -> int:
    """The GS1 modulo-10 check digit that follows `digits`."""
    weighted = (
        int(digit) * (3 if position % 2 == 0 else 1)
        for position, digit in enumerate(reversed(digits))
    )
    return -sum(weighted) % 10


def _checked(key: str, text: str, lengths: tuple[int, ...]) -> str:
    if not (text.isascii() and text.isdigit()):
        raise IdentifierError(key, text, "must be digits only")
    if len(text) not in lengths:
        wanted = " or ".join(str(length) for length in lengths)
        raise IdentifierError(key, text, f"must have {wanted} digits, has {len(text)}")
    expected = check_digit(text[:-1])
    if int(text[-1]) != expected:
        raise CheckDigitError(key, text, f"wrong check digit {text[-1]}, should be {expected}")
    return text


def parse_gtin(text: str) -> str:
    """A GTIN-8, -12, -13 or -14 as its 14-digit form. Raises IdentifierError."""
    return _checked("GTIN", text, (8, 12, 13, 14)).zfill(14)


def parse_gln(text: str) -> str:
    """A GLN of 13 digits. Raises IdentifierError."""
    return _checked("GLN", text, (13,))


def parse_sscc(text: str) -> str:
    """An SSCC of 18 digits, from digits, `(00)…`, a Digital Link or a URN.

    Raises IdentifierError.
    """
    if match := _SSCC_URN.fullmatch(text):
        prefix, extension, serial = match.groups()
        body = f"{extension}{prefix}{serial}"
        return _checked("SSCC", f"{body}{check_digit(body)}", (18,))
    if text.startswith("(00)"):
        text = text.removeprefix("(00)")
    elif "/" in text:
        text = _link_value(text, "SSCC", "00")
    return _checked("SSCC", text, (18,))


def parse_lot(text: str) -> str:
    """A lot number: 1 to 20 characters of GS1's AI character set 82. Raises IdentifierError.

    `.` and `..` aren't lots here: browsers take them out of an address.
    """
    if text in {".", ".."}:
        raise IdentifierError("lot", text, "means something else in an address")
    if not _LOT.fullmatch(text):
        raise IdentifierError(
            "lot", text, "must be 1 to 20 letters, digits or punctuation, without spaces"
        )
    return text


def make_gtin(company_prefix: str, item: int, indicator: int = 0) -> str:
    """The GTIN-14 of an item number under a company prefix. Raises IdentifierError."""
    return _complete("GTIN", f"{indicator}{company_prefix}", str(item), 13)


def make_gln(company_prefix: str, location: int) -> str:
    """The GLN of a location number under a company prefix. Raises IdentifierError."""
    return _complete("GLN", company_prefix, str(location), 12)


def make_sscc(company_prefix: str, serial: int, extension: int = 0) -> str:
    """The SSCC of a logistic unit under a company prefix. Raises IdentifierError."""
    return _complete("SSCC", f"{extension}{company_prefix}", str(serial), 17)


def _complete(key: str, head: str, number: str, length: int) -> str:
    room = length - len(head)
    if len(number) > room:
        raise IdentifierError(key, number, f"prefix {head} leaves room for {room} digits only")
    body = head + number.zfill(room)
    return f"{body}{check_digit(body)}"


@dataclass(frozen=True, slots=True, order=True)
class BatchId:
    """A batch: product GTIN and lot number."""

    gtin: str
    lot: str

    @property
    def path(self) -> str:
        """The canonical Digital Link path, `01/{gtin}/10/{lot}`, percent-encoded."""
        return f"01/{self.gtin}/10/{quote(self.lot, safe='')}"

    @property
    def uri(self) -> str:
        """The canonical Digital Link address on GS1's resolver."""
        return f"{CANONICAL_HOST}/{self.path}"

    def __str__(self) -> str:
        """The human-readable element string, `(01)…(10)…`."""
        return f"(01){self.gtin}(10){self.lot}"


def parse_batch(text: str) -> BatchId:
    """A batch from a Digital Link (any host, or path only), `(01)…(10)…` or an LGTIN URN.

    Raises IdentifierError.
    """
    if match := _LGTIN_URN.fullmatch(text):
        prefix, indicator, item, lot = match.groups()
        body = f"{indicator}{prefix}{item}"
        return BatchId(parse_gtin(f"{body}{check_digit(body)}"), parse_lot(unquote(lot)))
    if match := _BATCH_ELEMENTS.fullmatch(text):
        return BatchId(parse_gtin(match[1]), parse_lot(match[2]))
    if "/" not in text:
        raise IdentifierError(
            "batch", text, "write it as 01/{gtin}/10/{lot}, a Digital Link or (01)…(10)…"
        )
    return BatchId(
        parse_gtin(_link_value(text, "batch", "01")), parse_lot(_link_value(text, "batch", "10"))
    )


@dataclass(frozen=True, slots=True, order=True)
class PlaceId:
    """A place: GLN, and an extension for a room or line inside it."""

    gln: str
    extension: str | None = None

    @property
    def path(self) -> str:
        """The canonical Digital Link path, `414/{gln}` or `414/{gln}/254/{extension}`."""
        if self.extension is None:
            return f"414/{self.gln}"
        return f"414/{self.gln}/254/{quote(self.extension, safe='')}"

    @property
    def uri(self) -> str:
        """The canonical Digital Link address on GS1's resolver."""
        return f"{CANONICAL_HOST}/{self.path}"


def parse_place(text: str) -> PlaceId:
    """A place from 13 digits, a Digital Link (any host, or path only) or an SGLN URN.

    Raises IdentifierError.
    """
    if match := _SGLN_URN.fullmatch(text):
        prefix, location, extension = match.groups()
        gln = parse_gln(f"{prefix}{location}{check_digit(prefix + location)}")
        return PlaceId(gln, None if extension == "0" else _parse_extension(unquote(extension)))
    if "/" not in text:
        return PlaceId(parse_gln(text))
    gln = parse_gln(_link_value(text, "place", "414"))
    extension = _link_values(text, "place").get("254")
    return PlaceId(gln, None if extension is None else _parse_extension(extension))


def _parse_extension(text: str) -> str:
    if not _EXTENSION.fullmatch(text):
        raise IdentifierError("GLN extension", text, "must be 1 to 20 letters or digits")
    return text


def sscc_uri(sscc: str) -> str:
    """The canonical Digital Link address of a pallet."""
    return f"{CANONICAL_HOST}/00/{sscc}"


def _link_values(text: str, key: str) -> dict[str, str]:
    """The values of a link's path by application identifier.

    What would have to be cut off for it to fit is refused, lest one lot be taken for another.
    """
    is_path = "://" not in text
    if not text.isprintable() or (is_path and ("?" in text or "#" in text)):
        raise IdentifierError(key, text, "percent-encode what an address can't hold, ? as %3F")
    try:
        path = urlsplit(text).path
    except ValueError as error:
        raise IdentifierError(key, text, "is no address") from error
    parts = [unquote(part) for part in path.strip("/").split("/")]
    start = next((i for i, part in enumerate(parts) if part in {"00", "01", "414"}), len(parts))
    names, values = parts[start::2], parts[start + 1 :: 2]
    if len(names) != len(values) or len(names) != len(set(names)):
        raise IdentifierError(
            key, text, "each application identifier needs one value; write / inside it as %2F"
        )
    return dict(zip(names, values, strict=True))


def _link_value(text: str, key: str, identifier: str) -> str:
    try:
        return _link_values(text, key)[identifier]
    except KeyError:
        problem = f"has no application identifier ({identifier})"
        raise IdentifierError(key, text, problem) from None
