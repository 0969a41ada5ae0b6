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
from park.settings import ANY_ORIGIN

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
    ours = {connection.headers.get("host"), urlsplit(settings.public_url or "").netloc or None}
    allowed = settings.browser_origins
    if ANY_ORIGIN in allowed or origin in allowed or urlsplit(origin).netloc in ours:
        return
    msg = f"pages of {origin} may not ask here; the operator's AGRIPARK_BROWSER_ORIGINS lets them"
    raise ForeignPageError(msg)
