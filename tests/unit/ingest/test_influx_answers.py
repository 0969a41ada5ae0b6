"""Only InfluxDB's own word makes a line a refused one; whatever stands before it may be mended."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ingest.errors import LinesRefusedError, StoreUnavailableError
from ingest.stores.influx import InfluxStore

LINES = [f"cold_room,asset=room-0001,site=linyi air_temp_c={n} {n}" for n in range(8)]


class Answering(BaseHTTPRequestHandler):
    """Answers to a ping as InfluxDB 3 does, and to every write as it was told."""

    status = 204
    body = b""
    writes = 0

    def do_GET(self) -> None:
        """Answer a ping."""
        self.send_response(204)
        self.send_header("X-Influxdb-Version", "3.0.0")
        self.end_headers()

    def do_POST(self) -> None:
        """Answer a write."""
        type(self).writes += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def server_that_answers(status: int, body: bytes) -> Iterator[tuple[InfluxStore, type[Answering]]]:
    handler = type("Told", (Answering,), {"status": status, "body": body})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    store = InfluxStore(f"http://127.0.0.1:{server.server_address[1]}", "park")
    try:
        yield store, handler
    finally:
        store.close()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b"<html>Bad Request</html>"),
        (400, b""),
        (422, b"not now"),
        (400, b'"no"'),
        (401, b'{"code":"unauthorized","message":"who are you?"}'),
        (403, b"<html>Forbidden</html>"),
        (404, b"<html>Not Found</html>"),
        (429, b'{"code":"too many requests"}'),
        (500, b'{"error":"engine is closed"}'),
        (503, b""),
    ],
)
def test_an_answer_that_says_nothing_of_the_lines_is_an_outage(status: int, body: bytes) -> None:
    with (
        server_that_answers(status, body) as (store, handler),
        pytest.raises(StoreUnavailableError, match=str(status)),
    ):
        store.write(LINES)
    assert handler.writes == 1


def test_lines_that_are_all_dropped_are_not_tried_one_by_one() -> None:
    body = b'{"error":"partial write: field type conflict dropped=8"}'
    with (
        server_that_answers(400, body) as (store, handler),
        pytest.raises(LinesRefusedError) as caught,
    ):
        store.write(LINES)
    assert [refused.line for refused in caught.value.refused] == LINES
    assert handler.writes == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b'{"error":"partial write: field type conflict dropped=1"}'),
        (422, b'{"code":"unprocessable entity","message":"field type conflict"}'),
        (400, b'{"error":"partial write of line protocol occurred","data":[]}'),
    ],
)
def test_influxdbs_refusal_is_traced_to_the_lines(status: int, body: bytes) -> None:
    with (
        server_that_answers(status, body) as (store, _),
        pytest.raises(LinesRefusedError) as caught,
    ):
        store.write(LINES)
    assert [refused.line for refused in caught.value.refused] == LINES
