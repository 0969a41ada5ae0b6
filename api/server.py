"""Serves the HTTP application: in the foreground, or in a thread beside other work."""

import gc
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil

import uvicorn
from starlette.types import ASGIApp

from api.connections import (
    ACCEPTED_AT_ONCE,
    Patience,
    http_protocol,
    patience_of_process,
    websocket_protocol,
)
from api.errors import ServerError
from api.ports import is_free

_START_DEADLINE_S = 15.0
_STOP_DEADLINE_S = 10
_GARBAGE_THRESHOLDS = (20_000, 20, 20)
_POLL_S = 0.01
_LONGEST_MESSAGE = 65_536
"""Of what clients say by WebSocket, which means nothing."""


@contextmanager
def serving(app: ASGIApp, host: str, port: int, patience: Patience | None = None) -> Iterator[str]:
    """Serve `app` in a thread; gives its address without a slash at the end.

    Port 0 takes a free one. Raises ServerError where the port is taken or the server doesn't
    come up.
    """
    if not is_free(host, port):
        raise ServerError(
            f"port {port} on {host} is taken; choose another with --port or AGRIPARK_API_PORT"
        )
    patience = patience or patience_of_process()
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,  # it logs as everything else does
            log_level="warning",
            access_log=False,
            http=http_protocol(patience),
            ws=websocket_protocol(patience),
            ws_max_size=_LONGEST_MESSAGE,
            backlog=ACCEPTED_AT_ONCE,
            timeout_keep_alive=ceil(patience.idle_s),
            timeout_graceful_shutdown=_STOP_DEADLINE_S,
        )
    )
    thread = threading.Thread(target=server.run, name="http", daemon=True)
    thread.start()
    try:
        _wait_until_started(server, thread)
        settle_memory()
        yield address(host, _port(server))
    finally:
        server.should_exit = True
        thread.join(_STOP_DEADLINE_S + 1)


def settle_memory() -> None:
    """Tell the garbage collector that what there is now stays, and to look round less often.

    Else a full collection walks over all that was imported, in the middle of an answer, and a
    document of some hundred events, which has no cycles, is walked over again and again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE_THRESHOLDS)


def address(host: str, port: int) -> str:
    """The `http://` address of a host and port."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + _START_DEADLINE_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise ServerError("the HTTP server didn't start; its log says why")
        time.sleep(_POLL_S)


def _port(server: uvicorn.Server) -> int:
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port
