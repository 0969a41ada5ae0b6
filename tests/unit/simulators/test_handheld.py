import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

import pytest

from park.scans import ReceiveScan
from simulators.errors import ApiUnreachableError, ScanRefusedError
from simulators.handheld import Handheld
from tests.support.servers import free_port

SCAN = ReceiveScan(
    id=UUID("0199a8e0-0000-7000-8000-000000000001"),
    ts=datetime(2025, 11, 2, 3, 4, 5, tzinfo=UTC),
    asset="destination-th",
    shipment="LI25-S001",
    pallets=("095213212500000017",),
)
UNKNOWN_SHIPMENT = (404, {"type": "/problems/unknown-shipment", "detail": "no such shipment"})
UNKNOWN_BATCH = (422, {"type": "/problems/mass-mismatch", "detail": "too much"})


@dataclass
class FakeApi:
    """Answers with what it was told, in turn, then with 201."""

    answers: list[tuple[int, object]]
    bodies: list[dict[str, object]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    url: str = ""


@contextmanager
def fake_api(*answers: tuple[int, object]) -> Iterator[FakeApi]:
    api = FakeApi(list(answers))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            api.bodies.append(json.loads(body))
            api.paths.append(self.path)
            status, answer = api.answers.pop(0) if api.answers else (201, {})
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its signature
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        api.url = f"http://127.0.0.1:{server.server_port}"
        yield api
        server.shutdown()
        thread.join()


def test_an_arrival_is_posted_without_its_action_but_with_its_id() -> None:
    with fake_api() as api:
        with Handheld(api.url + "/") as handheld:
            handheld.post(SCAN)
            handheld.finish()
        assert api.paths == ["/v1/steps/receive"]
        assert api.bodies == [
            {
                "id": str(SCAN.id),
                "ts": "2025-11-02T03:04:05.000Z",
                "asset": "destination-th",
                "shipment": "LI25-S001",
                "pallets": ["095213212500000017"],
            }
        ]


def test_a_shipment_that_is_not_known_yet_is_posted_again_until_it_is() -> None:
    with (
        fake_api(UNKNOWN_SHIPMENT, UNKNOWN_SHIPMENT, (503, {})) as api,
        Handheld(api.url) as handheld,
    ):
        handheld.post(SCAN)
        handheld.finish()
        assert len(api.bodies) == 4
        assert len({str(body) for body in api.bodies}) == 1


def test_a_shipment_that_stays_unknown_is_an_error_after_the_deadline() -> None:
    with (
        fake_api(*[UNKNOWN_SHIPMENT] * 100) as api,
        Handheld(api.url, deadline_s=0.2) as handheld,
    ):
        handheld.post(SCAN)
        with pytest.raises(ScanRefusedError, match="404 /problems/unknown-shipment") as caught:
            handheld.finish()
        assert caught.value.status == 404


def test_any_other_refusal_is_an_error_at_once_and_ends_the_work() -> None:
    with fake_api(UNKNOWN_BATCH) as api, Handheld(api.url) as handheld:
        handheld.post(SCAN)
        with pytest.raises(ScanRefusedError, match="too much") as caught:
            handheld.finish()
        assert caught.value.problem == "/problems/mass-mismatch"
        with pytest.raises(ScanRefusedError):
            handheld.post(SCAN)
        assert len(api.bodies) == 1


def test_an_answer_that_is_no_problem_document_is_quoted() -> None:
    with fake_api((500, b"<h1>oops</h1>")) as api, Handheld(api.url) as handheld:
        handheld.post(SCAN)
        with pytest.raises(ScanRefusedError, match="500 without a problem type: <h1>oops"):
            handheld.finish()


def test_an_api_that_is_not_there_is_an_error_after_the_deadline() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with Handheld(url, deadline_s=0.2) as handheld:
        handheld.post(SCAN)
        with pytest.raises(ApiUnreachableError, match="no answer") as caught:
            handheld.finish()
    assert caught.value.url == f"{url}/v1/steps/receive"


def test_leaving_does_not_wait_for_scans_that_nobody_takes() -> None:
    with fake_api(*[UNKNOWN_SHIPMENT] * 1000) as api, Handheld(api.url, deadline_s=60) as handheld:
        handheld.post(SCAN)
