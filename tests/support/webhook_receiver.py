"""A subscriber's own HTTP server, in this process: takes messages, refuses them, goes away."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.epcis_api import listed


@dataclass
class Receiver:
    """What came, and how the next messages are answered."""

    answers: list[int] = field(default_factory=list)
    """Statuses of the next answers; 200 once there are no more."""
    most_events: int = 1000
    """A message with more is answered with 413."""
    taken: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    """Of the messages that were taken."""
    tries: int = 0
    token: str | None = None
    """What messages must be signed with."""
    hold: threading.Event | None = None
    """What to wait for before an answer."""

    @property
    def event_ids(self) -> list[str]:
        """Ids of the events that came, in order."""
        return [event["eventID"] for message in self.taken for event in listed(message)]

    def answer(self, body: bytes, headers: dict[str, str]) -> int:
        """The status that answers a message."""
        self.tries += 1
        if self.hold is not None:
            self.hold.wait(30)
        if self.answers:
            status = self.answers.pop(0)
            if status != 200:
                return status
        if self.token is not None:
            digest = hmac.new(self.token.encode(), body, hashlib.sha256).digest()
            if headers.get("GS1-Signature") != base64.b64encode(digest).decode():
                return 401
        message = json.loads(body)
        if len(listed(message)) > self.most_events:
            return 413
        self.taken.append(message)
        self.headers.append(headers)
        return 200


@contextmanager
def listening(receiver: Receiver, port: int = 0) -> Iterator[str]:
    """Serve a receiver on 127.0.0.1; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(receiver.answer(body, dict(self.headers.items())))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/callback"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
