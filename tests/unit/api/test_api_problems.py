"""Problems: every error has one, each is explained, none tells what it shouldn't."""

from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.pages.texts import TEXTS
from api.problem_types import PROBLEM_TYPES
from api.problems import problem_of
from api.services import Services
from ingest.stores.sqlite import SqliteStore
from park.assets import Park
from park.database import open_engine
from park.gs1 import BatchId
from park.settings import Settings
from tests.support.api_story import EXPORT, NOW, ROOM, Story
from traceability.errors import CaptureError
from traceability.provenance.service import ProvenanceService
from traceability.repository import Traceability
from traceability.views import BatchHistory

HTML = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def concrete(error: type[CaptureError]) -> Iterator[type[CaptureError]]:
    """Traceability's own; a test's made-up error may still be alive."""
    kinds = [kind for kind in error.__subclasses__() if kind.__module__ == error.__module__]
    if not kinds:
        yield error
    for kind in kinds:
        yield from concrete(kind)


def test_every_way_a_step_can_be_refused_has_a_problem_type_of_its_own() -> None:
    for error in concrete(CaptureError):
        assert problem_of(error("why")).type.slug == error.code


def test_a_refusal_nobody_foresaw_is_still_a_refusal() -> None:
    class UnforeseenError(CaptureError):
        code = "unforeseen"

    problem = problem_of(UnforeseenError("why"))
    assert (problem.type.slug, problem.type.status, problem.detail) == ("step-refused", 422, "why")


def test_every_problem_type_is_explained_at_its_address_in_both_languages(
    client: TestClient,
) -> None:
    for row in PROBLEM_TYPES.values():
        as_json = client.get(row.address).json()
        assert (as_json["type"], as_json["status"]) == (row.address, row.status)
        assert row.title.zh in client.get(f"{row.address}?lang=zh", headers=HTML).text
        assert 'lang="en"' in client.get(row.address, headers=HTML).text
        assert row.title.zh != row.title.en
        assert row.advice.zh != row.advice.en


def test_all_problem_types_are_listed(client: TestClient) -> None:
    assert len(client.get("/problems").json()["items"]) == len(PROBLEM_TYPES)
    page = client.get("/problems", headers=HTML).text
    assert all(row.address in page for row in PROBLEM_TYPES.values())


def test_a_problem_type_that_doesnt_exist_isnt_found(client: TestClient) -> None:
    assert client.get("/problems/nothing").status_code == 404


def test_an_address_takes_its_own_methods_only(client: TestClient) -> None:
    for method, address in (("DELETE", "/v1/batches"), ("GET", "/v1/steps/harvest")):
        answer = client.request(method, address)
        assert (answer.status_code, answer.json()["type"]) == (405, "/problems/method-not-allowed")
        assert answer.headers["allow"]


@pytest.mark.parametrize(
    "address", ["/", "/v1/batches", "/v1/assets/none", "/healthz", f"/{EXPORT.path}"]
)
def test_a_head_request_is_answered_as_a_get_without_body(client: TestClient, address: str) -> None:
    got, head = client.get(address), client.head(address)
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.headers["content-type"] == got.headers["content-type"]


def test_a_browser_gets_a_problem_as_a_page_in_its_language(client: TestClient) -> None:
    missing = f"/01/{EXPORT.gtin}/10/NONE"
    answer = client.get(missing, headers=HTML | {"accept-language": "zh-CN,zh;q=0.9,en;q=0.8"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-language"] == "zh"
    assert PROBLEM_TYPES["node-not-found"].title.zh in answer.text
    assert TEXTS["back_home"].zh in answer.text
    assert client.get(missing).json()["type"] == "/problems/node-not-found"


def test_a_browser_on_the_programming_interface_gets_json(client: TestClient) -> None:
    answer = client.get("/v1/nothing", headers=HTML)
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_a_reader_typed_is_escaped_on_the_page(client: TestClient) -> None:
    for address in ("/?number=<script>alert(1)</script>", "/01/<script>/10/<b>x</b>"):
        answer = client.get(address, headers=HTML)
        assert "<script>" not in answer.text
        assert "<b>x" not in answer.text


def test_every_answer_forbids_other_hosts_and_framing(client: TestClient) -> None:
    for address in ("/", "/v1/totals", "/nothing", "/static/site.css", "/healthz"):
        headers = client.get(address).headers
        assert headers["content-security-policy"].startswith("default-src 'self'")
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


class BrokenTraceability(Traceability):
    """One with a fault of the program in it."""

    def knows(self, node_id: str) -> bool:
        return bool(node_id)

    def batch(self, batch: BatchId) -> BatchHistory:
        raise ZeroDivisionError(f"secret {batch}")


def test_a_fault_of_the_program_is_told_without_its_trace(story: Story, tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'broken.db'}")
    broken = BrokenTraceability(engine, story.services.park, mass_tolerance=0, clock_skew_s=0)
    services = Services(
        park=story.services.park,
        traceability=broken,
        provenance=story.services.provenance,
        telemetry=story.services.telemetry,
        settings=story.services.settings,
    )
    app = TestClient(create_app(services), raise_server_exceptions=False)
    for headers in ({}, HTML):
        answer = app.get(f"/{EXPORT.path}", headers={"accept": "application/json"} | headers)
        assert answer.status_code == 500
        assert "secret" not in answer.text
        assert "Traceback" not in answer.text
        assert "content-security-policy" in answer.headers
    broken.close()


@pytest.fixture
def database_away(small_park: Park, tmp_path: Path) -> Iterator[TestClient]:
    """A park whose traceability database can't be opened."""
    engine = open_engine(f"sqlite:///{tmp_path / 'gone' / 'traceability.db'}")
    (tmp_path / "gone").rmdir()
    store = SqliteStore(tmp_path / "telemetry.db")
    traceability = Traceability(engine, small_park, mass_tolerance=0, clock_skew_s=0)
    services = Services(
        park=small_park,
        traceability=traceability,
        provenance=ProvenanceService(engine, small_park),
        telemetry=store,
        settings=Settings(data_dir=tmp_path),
    )
    yield TestClient(create_app(services), raise_server_exceptions=False)
    traceability.close()
    store.close()


def test_without_its_database_the_service_asks_to_come_back(database_away: TestClient) -> None:
    for address in ("/v1/batches", f"/v1/batches/{EXPORT.gtin}/{EXPORT.lot}", "/v1/totals"):
        answer = database_away.get(address)
        assert answer.status_code == 503
        assert answer.json()["type"] == "/problems/database-unavailable"
        assert int(answer.headers["retry-after"]) > 0
    page = database_away.get("/", headers=HTML)
    assert page.status_code == 503
    assert PROBLEM_TYPES["database-unavailable"].title.en in unescape(page.text)


def test_without_its_database_a_step_is_refused_for_now(database_away: TestClient) -> None:
    body = {"ts": 10**12, "asset": "orchard-001", "batch": "01/09521321000018/10/A", "qty_kg": 1}
    answer = database_away.post("/v1/steps/harvest", json=body)
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/database-unavailable")


def test_without_its_database_the_process_lives_and_isnt_ready(database_away: TestClient) -> None:
    assert database_away.get("/healthz").status_code == 200
    answer = database_away.get("/readyz")
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (503, "/problems/not-ready")
    assert problem["parts"]["database"]["ok"] is False
    assert problem["parts"]["telemetry"]["ok"] is True
    assert "retry-after" in answer.headers


def test_without_telemetry_batches_can_still_be_looked_up(story: Story, tmp_path: Path) -> None:
    closed = SqliteStore(tmp_path / "telemetry.db")
    closed.close()
    services = Services(
        park=story.services.park,
        traceability=story.services.traceability,
        provenance=story.services.provenance,
        telemetry=closed,
        settings=story.services.settings,
        clock=lambda: NOW,
    )
    app = TestClient(create_app(services), raise_server_exceptions=False)
    history = app.get(f"/v1/batches/{EXPORT.gtin}/{EXPORT.lot}").json()
    assert {stay["climate"]["status"] for stay in history["stays"]} == {"unavailable"}
    page = app.get(f"/{EXPORT.path}", headers=HTML)
    assert page.status_code == 200
    assert "Temperatures can't be read just now" in unescape(page.text)
    answer = app.get(f"/v1/assets/{ROOM}/latest")
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/telemetry-unavailable")
    assert app.get("/readyz").json()["parts"]["telemetry"]["ok"] is False
