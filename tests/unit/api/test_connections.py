"""Clients that are slow, say too much, or say nothing; and others that are served meanwhile."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from urllib.parse import urlsplit

import httpx
import pytest
from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.connections import Patience
from api.middleware import BodyLimit
from api.server import serving
from api.turns import Turns
from tests.support.servers import wait_until

SHORT_S = 0.4
LONG_S = 5.0
LARGE = b"x" * 300_000
"""A body that counts as large."""


class Server:
    """Answers with the length of a body once the gate is open, in turns; GET with much."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.gate = threading.Event()
        self.gate.set()
        self.in_hand: list[int] = []
        self.answered: list[int] = []

    async def take(self, request: Request) -> Response:
        length = len(await request.body())
        async with self.turns.turn(request, length):
            self.in_hand.append(length)
            await to_thread.run_sync(self.gate.wait, LONG_S)
            self.answered.append(length)
        return Response(str(length))

    async def give(self, _request: Request) -> Response:
        return Response(b"x" * 20_000_000)


@contextmanager
def running(server: Server, patience: Patience, **limits: float) -> Iterator[str]:
    app = Starlette(
        routes=[
            Route("/", server.take, methods=["POST"]),
            Route("/much", server.give, methods=["GET"]),
        ]
    )
    limited = BodyLimit(app, largest_bytes=1_000_000, **limits)  # type: ignore[arg-type]  # whole numbers
    with serving(limited, "127.0.0.1", 0, patience) as url:
        yield url


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.gate.set()


def connected(url: str) -> socket.socket:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return socket.create_connection((parts.hostname, parts.port), timeout=LONG_S)


def heard(connection: socket.socket) -> bytes:
    """All that the server says until it closes."""
    parts = []
    with suppress(ConnectionResetError):
        while part := connection.recv(65_536):
            parts.append(part)
    return b"".join(parts)


HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"


@pytest.mark.parametrize("said", [b"", b"GET / HT", HEAD % 5 + b"whole"])
def test_a_connection_without_a_request_is_closed(server: Server, said: bytes) -> None:
    with (
        running(server, Patience(idle_s=SHORT_S)) as url,
        closing(connected(url)) as connection,
    ):
        connection.sendall(said)
        begin = time.monotonic()
        answer = heard(connection)
        assert SHORT_S / 2 < time.monotonic() - begin < LONG_S
        assert answer.endswith(b"5" if said.endswith(b"whole") else b"")


def test_a_head_that_never_ends_is_cut_off(server: Server) -> None:
    with (
        running(server, Patience(idle_s=SHORT_S)) as url,
        closing(connected(url)) as connection,
    ):
        connection.sendall(b"GET / HTTP/1.1\r\nX: ")
        begin = time.monotonic()
        with suppress(ConnectionError):
            while time.monotonic() < begin + LONG_S:
                connection.sendall(b"x")
                time.sleep(SHORT_S / 8)
        assert time.monotonic() - begin < LONG_S


def test_who_reads_nothing_is_cut_off(server: Server) -> None:
    patience = Patience(unread_s=SHORT_S)
    with running(server, patience) as url, closing(connected(url)) as connection:
        connection.sendall(b"GET /much HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(SHORT_S * 2)
        assert 0 < len(heard(connection)) < 20_000_000


def test_where_there_are_too_many_who_asked_for_nothing_goes_first(server: Server) -> None:
    with running(server, Patience(most=8)) as url, ExitStack() as stack:
        idle = [stack.enter_context(closing(connected(url))) for _ in range(8)]
        for _ in range(3):
            assert httpx.post(url, content=b"12").text == "2"
        assert heard(idle[0]) == b""
        idle[-1].sendall(HEAD % 1 + b"x")
        assert idle[-1].recv(100).startswith(b"HTTP/1.1 200")


def test_a_body_that_comes_too_slowly_is_given_up(server: Server) -> None:
    with (
        running(server, Patience(), grace_s=SHORT_S) as url,
        closing(connected(url)) as connection,
    ):
        connection.sendall(HEAD % 100 + b"x")
        assert heard(connection).startswith(b"HTTP/1.1 408")
        # What takes long afterwards is the server's own business.
        server.gate.clear()
        threading.Timer(SHORT_S * 2, server.gate.set).start()
        assert httpx.post(url, content=b"123").text == "3"


def test_more_bodies_than_memory_is_given_for_are_refused(server: Server) -> None:
    with running(server, Patience(), in_hand_bytes=700_000) as url, ThreadPoolExecutor(2) as pool:
        server.gate.clear()
        held = [pool.submit(httpx.post, url, content=LARGE) for _ in range(2)]
        wait_until(lambda: len(server.in_hand) == 2, LONG_S, lambda: str(server.in_hand))
        refused = httpx.post(url, content=LARGE)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        assert httpx.post(url, content=b"x" * 2_000_000).status_code == 413
        server.gate.set()
        assert {each.result().status_code for each in held} == {200}
        assert httpx.post(url, content=LARGE).status_code == 200


def test_few_large_ones_are_in_hand_and_small_ones_wait_for_none_of_the_others(
    server: Server,
) -> None:
    with running(server, Patience()) as url, ThreadPoolExecutor(9) as pool:
        server.gate.clear()
        large = [pool.submit(httpx.post, url, content=LARGE) for _ in range(5)]
        small = [pool.submit(httpx.post, url, content=b"x") for _ in range(4)]
        wait_until(lambda: len(server.in_hand) == 6, LONG_S, lambda: str(server.in_hand))
        time.sleep(0.1)
        assert sorted(server.in_hand) == [1] * 4 + [len(LARGE)] * 2
        server.gate.set()
        assert {each.result().status_code for each in (*large, *small)} == {200}


def test_who_has_left_has_no_turn(server: Server) -> None:
    with running(server, Patience()) as url, ThreadPoolExecutor(3) as pool:
        server.gate.clear()
        waiting = [pool.submit(httpx.post, url, content=LARGE) for _ in range(2)]
        wait_until(lambda: len(server.in_hand) == 2, LONG_S, lambda: str(server.in_hand))
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(url, content=LARGE + b"x", timeout=SHORT_S)
        server.gate.set()
        assert {each.result().status_code for each in waiting} == {200}
        assert httpx.post(url, content=LARGE).status_code == 200
        assert server.answered == [len(LARGE)] * 3
