"""Path and query parameters: their types, what they mean and how they are read."""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any, TypeVar
from urllib.parse import unquote

from fastapi import Path, Request
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from api.errors import ProblemError
from park.errors import IdentifierError
from park.gs1 import parse_gtin, parse_lot, parse_sscc
from park.scans import Instant

T = TypeVar("T")

DEFAULT_LIMIT = 50
LARGEST_LIMIT = 1000

_DURATION = re.compile(
    r"P?(?:(?P<w>\d+)w)?(?:(?P<d>\d+)d)?t?(?:(?P<h>\d+)h)?(?:(?P<m>\d+)m)?(?:(?P<s>\d+)s)?",
    re.ASCII | re.IGNORECASE,
)
_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def _gs1(parse: Callable[[str], str]) -> AfterValidator:
    def check(text: str) -> str:
        try:
            return parse(text)
        except IdentifierError as error:
            raise ValueError(str(error)) from error

    return AfterValidator(check)


def parse_duration(text: str) -> timedelta:
    """A duration such as `1h`, `1h30m`, `PT15M`, `1d` or `900` (seconds).

    Raises ValueError where it is none, is zero or is longer than a year.
    """
    if text.isascii() and text.isdigit() and len(text) <= len("31622400"):
        duration = timedelta(seconds=int(text))
    else:
        match = _DURATION.fullmatch(text)
        parts = match.groupdict() if match else {}
        given = {_UNITS[unit]: int(n[:9]) for unit, n in parts.items() if n is not None}
        duration = timedelta(**given)
    if not timedelta(0) < duration <= timedelta(days=366):
        msg = "must be a duration of at most a year, such as 15m, 1h, 1d, PT15M or 900 (seconds)"
        raise ValueError(msg)
    return duration


def _read_duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


# Paths are routed as they were sent (see api.middleware), so their parts are decoded here.
PathText = Annotated[str, BeforeValidator(unquote)]
AssetPath = Annotated[PathText, Path(description="Asset id.", examples=["room-0001"])]
GtinPath = Annotated[
    PathText,
    _gs1(parse_gtin),
    Path(description="Product GTIN of 8, 12, 13 or 14 digits.", examples=["09521321000025"]),
]
LotPath = Annotated[
    PathText, _gs1(parse_lot), Path(description="Lot number, AI (10).", examples=["LY-7"])
]
SsccPath = Annotated[
    PathText,
    _gs1(parse_sscc),
    Path(description="SSCC, 18 digits.", examples=["095213210000000018"]),
]


ShipmentPath = Annotated[PathText, Path(description="Shipment number.", examples=["EXP-2025-0007"])]
EventPath = Annotated[
    PathText,
    Path(
        description="Event id, percent-encoded.",
        examples=["urn:uuid:01998c4e-8a00-7000-8000-000000000001"],
    ),
]

# Control characters would only upset databases: no name or number has any.
Word = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")
]
Limit = Annotated[int, Field(ge=1, le=LARGEST_LIMIT, description="Most items on a page.")]
After = Annotated[
    Word | None, Field(description="The `next` of the page before; leave out for the first page.")
]
TimeQuery = Annotated[
    Instant,
    Field(
        description="RFC 3339 with an offset; write `+` as `%2B`.",
        examples=["2025-10-12T03:04:05Z"],
    ),
]
EveryQuery = Annotated[
    timedelta,
    BeforeValidator(_read_duration, json_schema_input_type=str),
]


async def only_known_parameters(request: Request) -> None:
    """Refuse query parameters that the OpenAPI document doesn't list for this address."""
    if not request.query_params:
        return
    operation_id = request.scope["endpoint"].__name__
    operation = next(
        operation
        for path in request.app.openapi()["paths"].values()
        for operation in path.values()
        if operation["operationId"] == operation_id
    )
    known = {p["name"]: p["schema"] for p in operation.get("parameters", ()) if p["in"] == "query"}
    for name, values in Counter(name for name, _ in request.query_params.multi_items()).items():
        if name in known and values > 1 and not _is_list(known[name]):
            # Of two causes of a recall the first would be lost without a word.
            raise ProblemError(
                "invalid-request",
                f"query/{name}: is given {values} times; give it once",
                members={"errors": [{"pointer": f"query/{name}", "detail": "is repeated"}]},
            )
        if name not in known:
            listed = ", ".join(known) or "no parameters at all"
            raise ProblemError(
                "unknown-parameter",
                f"no parameter {name[:100]!r} here; there are: {listed}",
                members={"errors": [{"pointer": f"query/{name[:100]}", "detail": "unknown"}]},
            )


def _is_list(schema: Mapping[str, Any]) -> bool:
    """Whether a parameter of that schema may have several values."""
    return any(each.get("type") == "array" for each in (schema, *schema.get("anyOf", ())))


def write_token(key: str) -> str:
    """An opaque page token that stands for the last key of a page."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def read_token(token: str) -> str:
    """The key inside a page token. Raises ProblemError."""
    try:
        padded = token + "=" * (-len(token) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise bad_token() from error


def bad_token() -> ProblemError:
    """The problem of a page token that can't be used."""
    return ProblemError("bad-page-token", "`after` isn't the `next` of a page of this list")


def slice_page(
    items: Sequence[T], key: Callable[[T], str], after: str | None, limit: int
) -> tuple[Sequence[T], str | None]:
    """The items after a token's, at most `limit`, and the token of the page that follows.

    Raises ProblemError where the token's item isn't in the list.
    """
    start = 0
    if after is not None:
        wanted = read_token(after)
        found = next((n for n, item in enumerate(items) if key(item) == wanted), None)
        if found is None:
            raise bad_token()
        start = found + 1
    page = items[start : start + limit]
    more = start + limit < len(items)
    return page, write_token(key(page[-1])) if more else None
