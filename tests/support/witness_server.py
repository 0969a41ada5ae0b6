"""A witness as https://c2sp.org/tlog-witness describes it, in this process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from traceability.errors import CheckpointError
from traceability.ledger import merkle
from traceability.ledger.checkpoint import SignedCheckpoint
from traceability.ledger.notes import (
    Algorithm,
    Signature,
    Verifier,
    cosigned,
    from_base64,
)

SECONDS = 1_793_000_000
SIZE = "text/x.tlog.size"
TEXT = "text/plain"


@dataclass
class FakeWitness:
    """What it knows, and how it answers; `says` overrides every answer."""

    trusted: list[Verifier] = field(default_factory=list)
    private_key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    seen: SignedCheckpoint | None = None
    asked: list[str] = field(default_factory=list)
    says: tuple[int, str, str] | None = None
    url: str = ""

    @property
    def verifier(self) -> Verifier:
        key = self.private_key.public_key().public_bytes_raw()
        return Verifier("witness.example/w1", key, Algorithm.COSIGNATURE_V1)

    def answer(self, body: str) -> tuple[int, str, str]:
        """Status, media type and body."""
        self.asked.append(body)
        if self.says is not None:
            return self.says
        head, _, note = body.partition("\n\n")
        first, *proof = head.split("\n")
        try:
            old, signed = int(first.removeprefix("old ")), SignedCheckpoint.parse(note)
            signed.require_signed(self.trusted)
        except CheckpointError:
            return 403, TEXT, ""
        size = 0 if self.seen is None else self.seen.size
        root = merkle.EMPTY_ROOT if self.seen is None else self.seen.root
        if old != size or (size == signed.size and root != signed.root):
            return 409, SIZE, f"{size}\n"
        hashes = [from_base64(line) for line in proof]
        if not merkle.verify_consistency(size, signed.size, root, signed.root, hashes):
            return 422, TEXT, ""
        self.seen = signed
        return 200, TEXT, f"{self.sign(signed.note.text)}\n"

    def sign(self, text: str) -> Signature:
        key, message = self.verifier, cosigned(SECONDS, text)
        value = SECONDS.to_bytes(8) + self.private_key.sign(message)
        return Signature(key.name, key.key_id, value)


@contextmanager
def serving_witness() -> Iterator[FakeWitness]:
    """A witness at an address of this machine."""
    witness = FakeWitness()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            there = self.path == "/prefix/add-checkpoint"
            status, kind, text = witness.answer(body) if there else (404, TEXT, "")
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    witness.url = f"http://127.0.0.1:{server.server_port}/prefix"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield witness
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
