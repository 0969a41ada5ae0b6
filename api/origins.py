"""Web pages of other origins: which of them may ask from within a browser.

Without access control the network is what keeps strangers out, and a browser inside of it would
let any page in the world act for its reader. So no page may, but our own and those that the
settings name.
"""

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from api.epcis.headers import DISCOVERY
from api.errors import ForeignPageError
from api.services import services_in
from park.settings import ANY_ORIGIN, DEFAULT_PORTS

METHODS = ("GET", "HEAD", "POST", "DELETE", "OPTIONS")
READABLE_HEADERS = ("ETag", "Link", "Location", "Retry-After", *DISCOVERY)
"""Headers of answers that an allowed page may read, besides those that any may."""

_READING = frozenset({"GET", "HEAD", "OPTIONS"})


async def only_allowed_pages(connection: HTTPConnection) -> None:
    """Refuse to act, or to open a WebSocket, for pages that may not ask: ForeignPageError.

    Reading needs no check: browsers don't give an answer to a page that isn't told in
    `Access-Control-Allow-Origin`. They hold neither WebSockets nor simple posts back; both tell
    their `Origin` (RFC 6454, section 7). Programs have none.
    """
    origin = connection.headers.get("origin")
    if origin is None or connection.scope.get("method") in _READING:
        return
    settings = services_in(connection).settings
    allowed = settings.browser_origins
    if ANY_ORIGIN in allowed or origin in allowed:
        return
    if _is_ours(origin, connection.headers.get("host", ""), settings.public_url or ""):
        return
    msg = f"pages of {origin} may not ask here; the operator's AGRIPARK_BROWSER_ORIGINS lets them"
    raise ForeignPageError(msg)


def _is_ours(origin: str, host: str, public_url: str) -> bool:
    """Whether an origin is where we are asked, or where others reach us."""
    site = _site(origin)
    if site is None:
        return False
    # The host's scheme is unknown behind a proxy that ends TLS; some tell the port of their own.
    return site in {_site(f"{urlsplit(origin).scheme}://{host}"), _site(public_url)}


def _site(address: str) -> tuple[str, int] | None:
    """Host and port of an address, however they are written; None where it has none."""
    try:
        parts = urlsplit(address)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    return (parts.hostname, port) if parts.hostname and port else None
