"""What ingest set aside, seen over HTTP."""

from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.services import Services
from ingest.quarantine import Quarantine
from ingest.received import Fault, Received
from ingest.spool import Spool

TOPIC = "agripark/v1/linyi/cold_room/room-0001/telemetry"


@pytest.fixture
def quarantine(empty: Services, tmp_path: Path) -> TestClient:
    """A client of a park in whose quarantine three messages lie."""
    spool = Spool(tmp_path / "spool.db")
    payloads = [b'{"air_temp_c": 4', b"\xff\x00", b"A" * 100_000]
    faults = [Fault(TOPIC, payload, "malformed-json", "why") for payload in payloads]
    spool.append(Received(faults=faults), now_ms=1_759_363_200_000)
    spool.close()
    services = replace(empty, quarantine=Quarantine(tmp_path / "spool.db"))
    return TestClient(create_app(services), raise_server_exceptions=False)


def test_entries_are_listed_newest_first_and_paged(quarantine: TestClient) -> None:
    first = quarantine.get("/v1/quarantine", params={"limit": 2}).json()
    assert [item["id"] for item in first["items"]] == [3, 2]
    second = quarantine.get("/v1/quarantine", params={"after": first["next"]}).json()
    assert ([item["id"] for item in second["items"]], second["next"]) == ([1], None)
    entry = second["items"][0]
    assert entry["payload"] == '{"air_temp_c": 4'
    assert (entry["topic"], entry["reason"]) == (TOPIC, "malformed-json")
    assert entry["received_at"] == "2025-10-02T00:00:00.000Z"


def test_an_entry_is_shown_with_64_kib_of_its_payload(quarantine: TestClient) -> None:
    (listed,) = quarantine.get("/v1/quarantine", params={"limit": 1}).json()["items"]
    assert (len(listed["payload"]), listed["payload_bytes"]) == (500, 100_000)
    shown = quarantine.get(listed["links"]["self"]).json()
    assert (len(shown["payload"]), shown["payload_bytes"]) == (65_536, 100_000)


def test_bytes_that_are_no_text_are_shown_as_far_as_they_are(quarantine: TestClient) -> None:
    assert quarantine.get("/v1/quarantine/2").json()["payload"] == "\N{REPLACEMENT CHARACTER}\0"


@pytest.mark.parametrize(
    ("address", "status", "slug"),
    [
        ("/v1/quarantine/99", 404, "quarantine-entry-not-found"),
        ("/v1/quarantine/0", 422, "invalid-request"),
        ("/v1/quarantine/x", 422, "invalid-request"),
        ("/v1/quarantine?after=x", 422, "bad-page-token"),
        ("/v1/quarantine?after=eA", 422, "bad-page-token"),
        ("/v1/quarantine?after=OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5", 422, "bad-page-token"),
    ],
)
def test_what_isnt_there_gets_its_problem(
    quarantine: TestClient, address: str, status: int, slug: str
) -> None:
    answer = quarantine.get(address)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}")


def test_a_spool_that_cant_be_read_is_unavailable(empty: Services, tmp_path: Path) -> None:
    (tmp_path / "spool.db").write_bytes(b"no database" * 1000)
    services = replace(empty, quarantine=Quarantine(tmp_path / "spool.db"))
    client = TestClient(create_app(services), raise_server_exceptions=False)
    answer = client.get("/v1/quarantine")
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/spool-unavailable")


def test_a_spool_that_isnt_made_yet_holds_nothing(empty: Services, tmp_path: Path) -> None:
    services = replace(empty, quarantine=Quarantine(tmp_path / "later.db"))
    client = TestClient(create_app(services), raise_server_exceptions=False)
    assert client.get("/v1/quarantine").json() == {"items": [], "next": None}
