"""Subscribers whose servers answer as no server should."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer

import pytest

from traceability.epcis.subscriptions.webhooks import Webhooks
from traceability.errors import DeliveryError

TIMEOUT_S = 0.5
MUCH = b"x" * 1_000_000
OK = b"HTTP/1.1 200 OK\r\n"

Say = Callable[[bytes], None]
Answer = Callable[[Say, threading.Event], None]


@contextmanager
def subscriber(answer: Answer) -> Iterator[str]:
    """A server that answers so until its client leaves; gives its address."""
    over = threading.Event()

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            with suppress(OSError):
                answer(self.connection.sendall, over)

    class Server(ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/callback"
        finally:
            over.set()
            server.shutdown()
            thread.join()


@pytest.fixture
def webhooks() -> Iterator[Webhooks]:
    made = Webhooks(private_hosts=True, timeout_s=TIMEOUT_S)
    yield made
    made.close()


def send(webhooks: Webhooks, answer: Answer) -> float:
    """Send a message; how long it took."""
    with subscriber(answer) as dest:
        begin = time.monotonic()
        try:
            webhooks.send(dest, b"{}", {})
        finally:
            taken_s = time.monotonic() - begin
        return taken_s


def drip(say: Say, over: threading.Event) -> None:
    while not over.wait(TIMEOUT_S / 10):
        say(b"x")


def in_the_head(say: Say, over: threading.Event) -> None:
    say(OK + b"X-Slow: ")
    drip(say, over)


def not_at_all(_say: Say, over: threading.Event) -> None:
    over.wait()


def garbage(say: Say, _over: threading.Event) -> None:
    say(b"\0\1\2 no HTTP\r\n\r\n")


@pytest.mark.parametrize("answer", [in_the_head, not_at_all, garbage])
def test_who_gives_no_answer_is_given_up_in_time(webhooks: Webhooks, answer: Answer) -> None:
    begin = time.monotonic()
    with pytest.raises(DeliveryError):
        send(webhooks, answer)
    assert time.monotonic() - begin < TIMEOUT_S * 4


def in_the_body(say: Say, over: threading.Event) -> None:
    say(OK + b"Content-Length: 1000000\r\n\r\n")
    drip(say, over)


def cut_short(say: Say, _over: threading.Event) -> None:
    say(OK + b"Content-Length: 1000000\r\n\r\nx")


@pytest.mark.parametrize("answer", [in_the_body, cut_short])
def test_a_status_counts_whatever_becomes_of_the_body(webhooks: Webhooks, answer: Answer) -> None:
    assert send(webhooks, answer) < TIMEOUT_S * 4


def test_of_an_endless_answer_next_to_nothing_is_read(webhooks: Webhooks) -> None:
    said: list[int] = []

    def endless(say: Say, over: threading.Event) -> None:
        say(OK + b"Transfer-Encoding: chunked\r\n\r\n")
        while not over.is_set():
            say(b"%x\r\n%b\r\n" % (len(MUCH), MUCH))
            said.append(len(MUCH))

    assert send(webhooks, endless) < TIMEOUT_S * 4
    assert sum(said) < 20 * len(MUCH)


def test_a_name_that_cannot_be_one_is_refused(webhooks: Webhooks) -> None:
    with pytest.raises(DeliveryError):
        webhooks.send(f"http://{'a' * 100}.invalid/", b"{}", {})
