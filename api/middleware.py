"""What every request passes on its way in and every answer on its way out."""

from collections.abc import Mapping
from time import monotonic
from types import MappingProxyType

from anyio import fail_after
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


GRACE_S = 30.0
LEAST_BYTES_PER_S = 16_384
IN_HAND_BYTES = 128 * 1024 * 1024

_LATER = {"Retry-After": "5"}
_CLOSE = {"Connection": "close"}


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
    """Stops reading a body that is larger or slower than it may be, or one too many.

    Whoever reads the body gets an exception: HTTP 413 before more than its limit is held in memory,
    whether the client said how much it sends or not; some paths have a limit of their own. 408
    where it takes longer than `GRACE_S` and a second for each `LEAST_BYTES_PER_S`. 503 where all
    bodies that are in hand, until their answers are sent, would come to more than `in_hand_bytes`.
    """

    def __init__(
        self,
        app: ASGIApp,
        largest_bytes: int,
        by_path: Mapping[str, int] | None = None,
        in_hand_bytes: int = IN_HAND_BYTES,
        grace_s: float = GRACE_S,
    ) -> None:
        self._app = app
        self._largest_bytes = largest_bytes
        self._by_path = by_path or {}
        self._most_in_hand = in_hand_bytes
        self._grace_s = grace_s
        self._in_hand = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a body that ends in an error where it can't be taken."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(scope, self._by_path.get(scope["path"], self._largest_bytes), self._grace_s)

        async def receive_limited() -> Message:
            before = body.read
            try:
                message = await body.receive(receive)
            finally:
                self._in_hand += body.read - before
            if self._in_hand > self._most_in_hand:
                raise HTTPException(status_code=503, headers=_LATER)
            return message

        try:
            await self._app(scope, receive_limited, send)
        finally:
            self._in_hand -= body.read


class _Body:
    """One request's body on its way in."""

    def __init__(self, scope: Scope, largest_bytes: int, grace_s: float) -> None:
        length = Headers(scope=scope).get("content-length", "")
        self._announced = int(length) if length.isdecimal() else 0
        self._largest_bytes = largest_bytes
        self._deadline = monotonic() + grace_s
        self._is_whole = False
        self.read = 0

    async def receive(self, receive: Receive) -> Message:
        """The next message. Raises HTTPException."""
        if self._is_whole:
            return await receive()  # the client's leaving is what is waited for
        if self._announced > self._largest_bytes:
            raise HTTPException(status_code=413)
        left_s = self._deadline + self.read / LEAST_BYTES_PER_S - monotonic()
        try:
            with fail_after(max(left_s, 0)):
                message = await receive()
        except TimeoutError as error:
            raise HTTPException(status_code=408, headers=_CLOSE) from error
        self.read += len(message.get("body", b""))
        self._is_whole = not message.get("more_body", False)
        if self.read > self._largest_bytes:
            raise HTTPException(status_code=413)
        return message
