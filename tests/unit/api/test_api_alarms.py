"""Alarms over HTTP: how they stand, and what people do about them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.services import Services
from ingest.alarms.model import Change, Priority, Signal
from ingest.alarms.register import AlarmRegister
from ingest.alarms.rules.rule import RuleSet
from ingest.received import Received
from ingest.spool import Spool
from park.scans import SCAN

NOW_MS = 1_760_000_000_000
RULE = "room-warm"
BATCH = "01/09521321000018/10/LY-7"
Json = dict[str, Any]


@pytest.fixture
def client(empty: Services, tmp_path: Path) -> TestClient:
    signals = [
        (Signal(RULE, room, Change.RAISED, NOW_MS, NOW_MS - 60_000, 3.5, 1.0), Priority.HIGH)
        for room in ("room-0001", "room-0002", "room-0003")
    ]
    spool = Spool(tmp_path / "spool.db")
    spool.append(Received(signals=signals), NOW_MS)
    spool.close()
    register = AlarmRegister(tmp_path / "spool.db", lambda: NOW_MS + 60_000)
    services = replace(empty, alarms=register, alarm_rules=RuleSet.shipped())
    return TestClient(create_app(services), raise_server_exceptions=False)


def rooms(client: TestClient, **question: str) -> list[str]:
    answer = client.get("/v1/alarms", params=question).json()
    return [item["asset"]["id"] for item in answer["items"]]


def act(client: TestClient, action: str, **said: str) -> Json:
    answer = client.post(f"/v1/alarms/room-0001/{RULE}/{action}", json={"person": "Li Wei", **said})
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body


def test_an_alarm_says_what_is_wrong_and_what_to_do(client: TestClient) -> None:
    alarm = client.get(f"/v1/alarms/room-0001/{RULE}").json()
    assert (alarm["status"], alarm["priority"], alarm["active"]) == ("unacknowledged", "high", True)
    assert (alarm["value"], alarm["limit"]) == (3.5, 1.0)
    assert alarm["raised_at"] == "2025-10-09T08:53:20.000Z"
    assert alarm["rule"]["title"]["en"] == "Cold room too warm"
    assert alarm["rule"]["advice"]["zh"]
    assert alarm["at_stake"] == []


def test_what_lies_in_the_room_is_at_stake(client: TestClient, empty: Services) -> None:
    harvest = {"action": "harvest", "asset": "orchard-001", "batch": BATCH, "qty_kg": 900.0}
    store = {"action": "store_in", "asset": "room-0001", "batch": BATCH, "qty_kg": 800.0}
    for number, step in enumerate((harvest, store), start=1):
        said = {"id": f"00000000-0000-7000-8000-{number:012}", "ts": NOW_MS - 9_000 + number}
        empty.traceability.capture(SCAN.validate_python({**step, **said}))
    (stake,) = client.get(f"/v1/alarms/room-0001/{RULE}").json()["at_stake"]
    assert (stake["lot"], stake["mass_kg"], stake["asset"]["id"]) == ("LY-7", 800.0, "room-0001")
    assert client.get(stake["href"]).status_code == 200


def test_lists_are_chosen_from_and_paged(client: TestClient) -> None:
    assert rooms(client) == ["room-0001", "room-0002", "room-0003"]
    assert rooms(client, asset="room-0002") == ["room-0002"]
    assert rooms(client, priority="low") == []
    assert rooms(client, rule="room-cold") == []
    act(client, "acknowledge")
    assert rooms(client, status="acknowledged") == ["room-0001"]
    first = client.get("/v1/alarms", params={"limit": 2}).json()
    assert rooms(client, after=first["next"]) == ["room-0003"]


def test_every_action_is_kept_with_its_person(client: TestClient) -> None:
    assert act(client, "acknowledge", note="on my way")["status"] == "acknowledged"
    shelved = act(client, "shelve", note="seal", until="2025-10-09T12:00:00Z")
    assert (shelved["status"], shelved["reason"]) == ("shelved", "seal")
    assert shelved["shelved_until"] == "2025-10-09T12:00:00.000Z"
    assert act(client, "unshelve")["status"] == "unacknowledged"
    assert act(client, "take-out-of-service", note="probe")["status"] == "out-of-service"
    assert act(client, "return-to-service")["status"] == "unacknowledged"
    journal = client.get("/v1/alarm-journal", params={"asset": "room-0001"}).json()["items"]
    assert [(entry["action"], entry["person"]) for entry in journal] == [
        ("return-to-service", "Li Wei"),
        ("take-out-of-service", "Li Wei"),
        ("unshelve", "Li Wei"),
        ("shelve", "Li Wei"),
        ("acknowledge", "Li Wei"),
        ("raise", None),
    ]


def test_the_journal_is_paged_newest_first(client: TestClient) -> None:
    first = client.get("/v1/alarm-journal", params={"limit": 2}).json()
    second = client.get("/v1/alarm-journal", params={"after": first["next"]}).json()
    numbers = [entry["id"] for page in (first, second) for entry in page["items"]]
    assert numbers == [3, 2, 1]
    span = {"start": "2025-10-09T08:53:21Z", "end": "2025-10-10T00:00:00Z"}
    assert client.get("/v1/alarm-journal", params=span).json()["items"] == []


@pytest.mark.parametrize(
    ("path", "body", "status", "slug"),
    [
        (f"room-0001/{RULE}/unshelve", {"person": "Li"}, 409, "alarm-action-refused"),
        (
            f"room-0001/{RULE}/shelve",
            {"person": "Li", "note": "x", "until": "2025-10-11T00:00:00Z"},
            409,
            "alarm-action-refused",
        ),
        (f"room-0001/{RULE}/shelve", {"person": "Li", "note": "x"}, 422, "invalid-request"),
        (f"room-0001/{RULE}/acknowledge", {}, 422, "invalid-request"),
        (f"room-0001/{RULE}/acknowledge", {"person": ""}, 422, "invalid-request"),
        (f"room-0001/{RULE}/acknowledge", {"person": "Li", "x": 1}, 422, "invalid-request"),
        ("room-0001/moon/acknowledge", {"person": "Li"}, 404, "alarm-rule-not-found"),
        (f"moon/{RULE}/acknowledge", {"person": "Li"}, 404, "asset-not-found"),
    ],
)
def test_what_cant_be_done_has_its_problem(
    client: TestClient, path: str, body: Json, status: int, slug: str
) -> None:
    answer = client.post(f"/v1/alarms/{path}", json=body)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}")


@pytest.mark.parametrize(
    ("path", "slug"),
    [
        (f"/v1/alarms/room-0009/{RULE}", "alarm-not-found"),
        ("/v1/alarms?after=eA", "bad-page-token"),
        ("/v1/alarm-journal?after=eA", "bad-page-token"),
        ("/v1/alarms?status=red", "invalid-request"),
    ],
)
def test_what_isnt_there_has_its_problem(client: TestClient, path: str, slug: str) -> None:
    assert client.get(path).json()["type"] == f"/problems/{slug}"


def test_rules_are_listed_in_both_languages(client: TestClient) -> None:
    items = client.get("/v1/alarm-rules").json()["items"]
    warm = next(item for item in items if item["id"] == RULE)
    assert (warm["kind"], warm["priority"]) == ("cold_room", "high")
    assert all(item["title"]["en"] and item["advice"]["zh"] for item in items)


def test_without_ingest_nothing_can_be_said(poster: TestClient) -> None:
    for path in ("/v1/alarms", "/v1/alarm-journal", "/v1/alarm-rules"):
        assert poster.get(path).json()["type"] == "/problems/no-ingest-here"
