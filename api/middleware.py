"""What every request passes on its way in and every answer on its way out."""

from collections.abc import Mapping
from types import MappingProxyType

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": (
            "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
            "frame-ancestors 'none'"
        ),
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }
)
"""Pages load nothing from other hosts, run no inline script and can't be framed."""


class SecurityHeaders:
    """Adds SECURITY_HEADERS to every answer that lacks them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and the answer with the headers."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class RawPath:
    """Routes by the path as it was sent, so that a lot number may hold an encoded slash.

    Path parameters therefore arrive percent-encoded; the types in `api.parameters` decode them.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its path as it was sent."""
        raw = scope.get("raw_path")
        if scope["type"] in {"http", "websocket"} and raw:
            scope["path"] = raw.split(b"?", 1)[0].decode("latin-1")
        await self._app(scope, receive, send)


class HeadAsGet:
    """Answers HEAD as GET without the body, as RFC 9110 asks of every server."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on as a GET, and of the answer the headers."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        await self._app({**scope, "method": "GET"}, receive, send_without_body)


class BodyLimit:
    """Stops reading a body that is larger than it may be; some paths have a limit of their own.

    Whoever reads the body gets HTTP 413 as an exception, before more than the limit is held in
    memory, whether the client said how much it sends or not.
    """

    def __init__(
        self, app: ASGIApp, largest_bytes: int, by_path: Mapping[str, int] | None = None
    ) -> None:
        self._app = app
        self._largest_bytes = largest_bytes
        self._by_path = by_path or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a body that ends in an error where it is too large."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "")
        announced = int(length) if length.isdecimal() else 0
        largest = self._by_path.get(scope["path"], self._largest_bytes)
        read = 0

        async def receive_limited() -> Message:
            nonlocal read
            message = {} if announced > largest else await receive()
            read += len(message.get("body", b""))
            if max(read, announced) > largest:
                raise HTTPException(status_code=413)
            return message

        await self._app(scope, receive_limited, send)
