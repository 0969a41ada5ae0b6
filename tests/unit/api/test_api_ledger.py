"""Checkpoints, keys and proofs over HTTP, as an auditor's client meets them."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api import problems
from api.routes import ledger as routes
from api.services import Services
from park.database import open_engine
from tests.support.ledger_log import LedgerDatabase, document, event_id
from traceability.ledger import merkle
from traceability.ledger.checkpoint import SignedCheckpoint
from traceability.ledger.notes import Verifier
from traceability.ledger.proofs import EventProof


@pytest.fixture
def database(tmp_path: Path) -> Iterator[LedgerDatabase]:
    engine = open_engine(f"sqlite:///{tmp_path / 'ledger.db'}")
    made = LedgerDatabase(engine, tmp_path)
    made.create()
    made.capture(9)
    yield made
    engine.dispose()


def _client(services: Services) -> TestClient:
    app = FastAPI()
    app.state.services = services
    app.include_router(routes.router, prefix="/v1")
    problems.install(app)
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture
def auditor(empty: Services, database: LedgerDatabase) -> TestClient:
    return _client(replace(empty, ledger=database.ledger()))


def _proof_address(index: int) -> str:
    return f"/v1/ledger/events/{quote(event_id(index), safe='')}/proof"


def _checkpoint(auditor: TestClient) -> SignedCheckpoint:
    answer = auditor.get("/v1/ledger/checkpoint")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    return SignedCheckpoint.parse(answer.text)


def test_a_checkpoint_is_signed_by_the_key(auditor: TestClient) -> None:
    assert auditor.get("/v1/ledger/key").json() == {"current": None, "keys": []}
    signed = _checkpoint(auditor)
    key = auditor.get("/v1/ledger/key").json()
    assert signed.require_signed([Verifier.parse(key["current"])])
    assert [each["rotation"] for each in key["keys"]] == [None]
    assert signed.size == 9
    assert auditor.get("/v1/ledger/checkpoint", params={"size": 9}).text == str(signed)


def test_an_event_is_proven_offline(auditor: TestClient) -> None:
    body = auditor.get(_proof_address(4)).json()
    key = Verifier.parse(auditor.get("/v1/ledger/key").json()["current"])
    assert EventProof.from_json(body).check([key])
    assert (body["leaf_index"], body["tree_size"]) == (4, 9)
    assert body["document"].encode() == document(4)
    root = base64.b64decode(body["checkpoint"].split("\n")[2])
    hashes = [base64.b64decode(each) for each in body["hashes"]]
    leaf = merkle.leaf_hash(body["document"].encode())
    assert merkle.verify_inclusion(leaf, 4, 9, hashes, root)


def test_growth_is_proven(auditor: TestClient, database: LedgerDatabase) -> None:
    old = _checkpoint(auditor)
    database.capture(4)
    body = auditor.get("/v1/ledger/consistency", params={"from": 9}).json()
    new = SignedCheckpoint.parse(body["checkpoint"])
    assert (body["from"], body["to"]) == (9, 13)
    hashes = [base64.b64decode(each) for each in body["hashes"]]
    assert merkle.verify_consistency(9, 13, old.root, new.root, hashes)
    part = auditor.get("/v1/ledger/consistency", params={"from": 3, "to": 5}).json()
    assert (part["from"], part["to"], part["checkpoint"]) == (3, 5, None)
    then = auditor.get(_proof_address(4), params={"size": 9}).json()
    assert then["checkpoint"] == str(old)


@pytest.mark.parametrize(
    ("address", "status", "slug"),
    [
        (_proof_address(99), 404, "event-not-found"),
        ("/v1/ledger/events/a%00b/proof", 422, "bad-text"),
        (f"{_proof_address(1)}?size=3", 404, "no-checkpoint"),
        (f"{_proof_address(1)}?size=0", 422, "invalid-request"),
        ("/v1/ledger/checkpoint?size=3", 404, "no-checkpoint"),
        ("/v1/ledger/consistency", 422, "invalid-request"),
        ("/v1/ledger/consistency?from=x", 422, "invalid-request"),
        ("/v1/ledger/consistency?from=5&to=4", 422, "bad-tree-size"),
        ("/v1/ledger/consistency?from=5&to=10", 422, "bad-tree-size"),
        ("/v1/ledger/consistency?from=0&to=10", 422, "bad-tree-size"),
        ("/v1/ledger/consistency?from=9223372036854775807", 422, "bad-tree-size"),
    ],
)
def test_what_cannot_be_answered_is_a_problem(
    auditor: TestClient, address: str, status: int, slug: str
) -> None:
    answer = auditor.get(address)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}")
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_log_that_was_rewritten_is_not_spoken_for(
    auditor: TestClient, database: LedgerDatabase
) -> None:
    _checkpoint(auditor)
    database.change_document(3, document(3, "otherwise"))
    assert auditor.get(_proof_address(3)).json()["type"] == "/problems/ledger-broken"
    database.rebuild_ledger()
    for address in ("/v1/ledger/checkpoint", _proof_address(3)):
        answer = auditor.get(address)
        assert (answer.status_code, answer.json()["type"]) == (500, "/problems/ledger-broken")


def test_files_that_cannot_be_used_are_not_named_to_strangers(
    auditor: TestClient, database: LedgerDatabase
) -> None:
    _checkpoint(auditor)
    (database.folder / "keys" / "0001.secret").unlink()
    database.capture(1)
    answer = auditor.get("/v1/ledger/checkpoint")
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/ledger-unusable")
    assert "secret" not in answer.text


def test_a_server_without_a_ledger_says_so(empty: Services) -> None:
    answer = _client(replace(empty, ledger=None)).get("/v1/ledger/checkpoint")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-ledger-here")
