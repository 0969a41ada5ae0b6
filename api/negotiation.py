"""What a client would rather have: a media type (RFC 9110 section 12.5.1) or a language."""

from collections.abc import Iterator, Sequence

from starlette.requests import Request

HTML = "text/html"
JSON = "application/json"
JSON_LD = "application/ld+json"
XML = "application/xml"
TEXT_XML = "text/xml"
LINKSET = "application/linkset+json"

LANGUAGES = ("en", "zh")


def media_type(accept: str | None, offered: Sequence[str]) -> str:
    """The offered media type that an Accept header ranks highest.

    Between equals the one offered first wins, and so it does where nothing fits or the header is
    missing: an answer in another form serves better than none.
    """
    ranges = list(_weighted(accept or "*/*"))
    qualities = [_quality(offer, ranges) for offer in offered]
    return offered[qualities.index(max(qualities))]


def acceptable(accept: str | None, offered: Sequence[str]) -> str | None:
    """As `media_type`, but None where the header rules out all that is offered."""
    best = media_type(accept, offered)
    fits = _quality(best, list(_weighted(accept or "*/*"))) > 0
    return best if fits else None


def language(request: Request) -> str:
    """`en` or `zh`: what `?lang=` says, or else the Accept-Language header, or else English."""
    asked = request.query_params.get("lang", "").lower().split("-")[0]
    if asked in LANGUAGES:
        return asked
    wanted = [
        (quality, tag.split("-")[0])
        for tag, quality in _weighted(request.headers.get("accept-language", ""))
        if quality > 0
    ]
    # The sort is stable: between equals the one named first wins.
    for _, tag in sorted(wanted, key=lambda entry: -entry[0]):
        if tag in LANGUAGES:
            return tag
    return LANGUAGES[0]


def prefers_html(request: Request) -> bool:
    """Whether a person's browser asks, rather than a program."""
    return media_type(request.headers.get("accept"), (JSON, HTML)) == HTML


def _weighted(header: str) -> Iterator[tuple[str, float]]:
    """Each entry of an Accept… header in lower case with its weight; what can't be read is 0."""
    for entry in header.split(","):
        name, *parameters = (part.strip().lower() for part in entry.split(";"))
        if not name:
            continue
        weight = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        try:
            quality = float(weight)
        except ValueError:
            quality = 0.0
        yield name, quality if 0 <= quality <= 1 else 0.0


def _quality(offer: str, ranges: Sequence[tuple[str, float]]) -> float:
    """The weight of the most specific range that covers an offer."""
    major = offer.partition("/")[0]
    for pattern in (offer, f"{major}/*", "*/*"):
        weights = [quality for name, quality in ranges if name == pattern]
        if weights:
            return max(weights)
    return 0.0
