"""Connections that aren't kept for ever, and not more of them than the process can carry.

uvicorn waits without end for a request that doesn't come or doesn't end, and for clients that don't
read. Here a connection is closed

1. where for `idle_s` no request began, or its head didn't end, or after the answer its body didn't;
2. where for `unread_s` a client has read nothing of what waits for it;
3. where there are more than `most`: those that have waited for a request for the longest time.

How long a body may take is up to `api.middleware.BodyLimit`.
"""

import asyncio
import heapq
import resource
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

ACCEPTED_AT_ONCE = 256
"""Connections that are taken before it is seen how many there are, and again before any closes."""
_MOST_CONNECTIONS = 4000
_OTHER_FILES = 150 + 2 * ACCEPTED_AT_ONCE
"""Open files that are no clients', the database's, for example; and those of too many clients."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how many connections are kept."""

    idle_s: float = 75.0
    unread_s: float = 60.0
    most: int = _MOST_CONNECTIONS


def patience_of_process() -> Patience:
    """As many connections as this process may open files for, which it raises where it can."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_CONNECTIONS + _OTHER_FILES
    if soft < wanted:
        soft = min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return Patience(most=max(min(wanted, soft) - _OTHER_FILES, soft // 8))


def http_protocol(patience: Patience) -> type[H11Protocol]:
    """The class of a server's connections."""

    class Connection(_HttpConnection):
        def __init__(self, *positional: object, **named: object) -> None:
            super().__init__(*positional, **named)  # type: ignore[arg-type] # uvicorn's own
            self.patience = patience

    return Connection


def websocket_protocol(patience: Patience) -> type[WebSocketsSansIOProtocol]:
    """The class of a server's WebSockets."""

    class Connection(_WebSocketConnection):
        def __init__(self, *positional: object, **named: object) -> None:
            super().__init__(*positional, **named)  # type: ignore[arg-type] # uvicorn's own
            self.patience = patience

    return Connection


class _UnreadWatch:
    """Aborts a connection whose client reads nothing of what waits for it."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport, unread_s: float
    ) -> None:
        self._loop = loop
        self._transport = transport
        self._unread_s = unread_s
        self._waiting = 0
        self._since = loop.time()
        self._timer = loop.call_later(unread_s / 4, self._look)

    def stop(self) -> None:
        """End; the connection is gone."""
        self._timer.cancel()

    def _look(self) -> None:
        waiting, now = self._transport.get_write_buffer_size(), self._loop.time()
        if waiting != self._waiting or not waiting:
            self._waiting, self._since = waiting, now
        elif now - self._since >= self._unread_s:
            self._transport.abort()
            return
        self._timer = self._loop.call_later(self._unread_s / 4, self._look)


class _HttpConnection(H11Protocol):
    patience: Patience

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        self._unread = _UnreadWatch(self.loop, transport, self.patience.unread_s)
        self._idle_since = self.loop.time()
        self._idle_timer = self.loop.call_later(self.patience.idle_s, self._look)
        if len(self.connections) > self.patience.most:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_watching()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        self._idle_since = self.loop.time()
        super().on_response_complete()

    def handle_websocket_upgrade(self, event: object) -> None:
        self._stop_watching()
        super().handle_websocket_upgrade(event)  # type: ignore[arg-type] # h11's request

    def idle_since(self) -> float | None:
        """Since when no request is being answered; None while one is."""
        is_answering = self.cycle is not None and not self.cycle.response_complete
        return None if is_answering else self._idle_since

    def _look(self) -> None:
        since, wait_s = self.idle_since(), self.patience.idle_s
        if since is not None:
            wait_s -= self.loop.time() - since
            if wait_s <= 0:
                self.transport.close()  # what waits to be read is still sent
                return
        self._idle_timer = self.loop.call_later(max(wait_s, 0.01), self._look)

    def _make_room(self) -> None:
        waiting = [
            (each.idle_since(), number, each)
            for number, each in enumerate(self.connections)
            if isinstance(each, _HttpConnection) and each.idle_since() is not None
        ]
        # Several at once: to look through all of them for each new one would take too long.
        for _, _, longest in heapq.nsmallest(1 + len(waiting) // 20, waiting):
            self.connections.discard(longest)
            longest.transport.abort()

    def _stop_watching(self) -> None:
        self._unread.stop()
        self._idle_timer.cancel()


class _WebSocketConnection(WebSocketsSansIOProtocol):
    patience: Patience

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._unread = _UnreadWatch(self.loop, self.transport, self.patience.unread_s)

    def connection_lost(self, exc: Exception | None) -> None:
        self._unread.stop()
        super().connection_lost(exc)

    async def send(self, message: Any) -> None:
        """Pass on what the application says to the client."""
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            # A refusal with a problem is an answer; uvicorn would log it as a fault of ours.
            self.handshake_complete = True

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        # Closing would wait for all to be read that was written.
        self.transport.abort()
