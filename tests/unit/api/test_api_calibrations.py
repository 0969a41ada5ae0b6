"""Corrections are entered over HTTP, and show in what is read from then on."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.climate import Climates, Figures
from api.services import Services
from ingest.calibration.register import CalibrationRegister
from ingest.calibration.store import CalibratedStore
from ingest.line_protocol import encode
from ingest.reading import Reading
from park.times import format_instant, to_epoch_ms

Body = dict[str, Any]


@pytest.fixture
def measured(empty: Services, tmp_path: Path) -> tuple[TestClient, int]:
    """A client of a park whose room 1 sent one reading, and the reading's time."""
    register = CalibrationRegister(tmp_path / "calibration.db", empty.park)
    time_ms = to_epoch_ms(empty.clock())
    fields = {"air_temp_c": 0.3, "door_open": 0}
    reading = Reading("cold_room", "linyi", "room-0001", "centre-01", time_ms, fields)
    empty.telemetry.write([encode(reading)])
    services = replace(
        empty, telemetry=CalibratedStore(empty.telemetry, register), calibrations=register
    )
    return TestClient(create_app(services), raise_server_exceptions=False), time_ms


@pytest.fixture
def client(measured: tuple[TestClient, int]) -> TestClient:
    return measured[0]


def body(**changes: object) -> Body:
    correction: Body = {
        "asset": "room-0001",
        "field": "air_temp_c",
        "offset": -0.2,
        "valid_from": "2020-01-01T00:00:00+08:00",
        "certificate": "CNAS L1234, 2026-118",
        "person": "Li Wei",
    }
    return correction | changes


def shown(latest: Body) -> tuple[float, bool, list[int]]:
    return latest["fields"]["air_temp_c"], latest["corrected"], latest["corrections"]


def test_a_correction_shows_in_what_is_read_and_the_raw_value_stays(client: TestClient) -> None:
    made = client.post("/v1/calibrations", json=body())
    assert made.status_code == 201
    assert made.json()["valid_from"] == "2019-12-31T16:00:00.000Z"
    latest = client.get("/v1/assets/room-0001/latest").json()
    assert shown(latest) == (0.1, True, [1])
    raw = client.get("/v1/assets/room-0001/latest", params={"raw": True}).json()
    assert shown(raw) == (0.3, False, [])


def test_the_list_of_newest_values_says_what_was_applied(client: TestClient) -> None:
    client.post("/v1/calibrations", json=body())

    def room(**more: str) -> Body:
        answer = client.get("/v1/latest", params={"kind": "cold_room"} | more).json()
        found: Body = next(item for item in answer["items"] if item["asset"] == "room-0001")
        return found

    assert shown(room()) == (0.1, True, [1])
    assert shown(room(raw="true")) == (0.3, False, [])
    assert shown(room(as_of="2000-01-01T00:00:00Z")) == (0.3, True, [])


def test_a_series_is_corrected_and_can_be_asked_as_it_was_before(
    measured: tuple[TestClient, int], empty: Services
) -> None:
    client, _ = measured
    client.post("/v1/calibrations", json=body())
    now = empty.clock()
    question = {
        "field": "air_temp_c",
        "start": format_instant(now - timedelta(hours=1)),
        "end": format_instant(now + timedelta(hours=1)),
        "every": "2h",
    }

    def ask(**more: str) -> Body:
        answer: Body = client.get("/v1/assets/room-0001/series", params=question | more).json()
        return answer

    corrected, before = ask(), ask(as_of="2000-01-01T00:00:00Z")
    assert (corrected["points"][0]["values"], corrected["corrections"]) == (
        {"air_temp_c": 0.1},
        [1],
    )
    assert (before["points"][0]["values"], before["corrections"]) == ({"air_temp_c": 0.3}, [])
    raw, counted = ask(raw="true"), ask(aggregate="count")
    assert raw["points"] == before["points"]
    assert [answer["corrected"] for answer in (corrected, before, raw)] == [True, True, False]
    assert (counted["points"][0]["values"], counted["corrections"]) == ({"air_temp_c": 1}, [])


def test_a_withdrawn_correction_is_listed_and_counts_no_more(client: TestClient) -> None:
    number = client.post("/v1/calibrations", json=body()).json()["number"]
    reason = {"person": "Li Wei", "reason": "another probe's"}
    answer = client.post(f"/v1/calibrations/{number}/withdraw", json=reason)
    assert (answer.status_code, answer.json()["withdrawn"]["reason"]) == (200, "another probe's")
    (listed,) = client.get("/v1/calibrations").json()["items"]
    assert listed == answer.json() == client.get(listed["links"]["self"]).json()
    assert client.get("/v1/assets/room-0001/latest").json()["fields"]["air_temp_c"] == 0.3
    again = client.post(f"/v1/calibrations/{number}/withdraw", json=reason)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/correction-withdrawn")


def test_corrections_are_listed_by_probe_and_paged(client: TestClient) -> None:
    for _ in range(3):
        client.post("/v1/calibrations", json=body())
    client.post("/v1/calibrations", json=body(field="pulp_temp_c"))
    question = {"asset": "room-0001", "field": "air_temp_c", "limit": "2"}
    first = client.get("/v1/calibrations", params=question).json()
    second = client.get("/v1/calibrations", params=question | {"after": first["next"]}).json()
    assert [item["number"] for item in first["items"] + second["items"]] == [3, 2, 1]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("changes", "status", "slug"),
    [
        ({"asset": "room-9999"}, 422, "unknown-asset"),
        ({"asset": "orchard-001"}, 422, "invalid-correction"),
        ({"field": "door_open"}, 422, "invalid-correction"),
        ({"offset": 40}, 422, "invalid-correction"),
        ({"offset": "-0.2"}, 422, "invalid-request"),
        ({"gain": 0}, 422, "invalid-correction"),
        ({"valid_until": "2019-01-01T00:00:00Z"}, 422, "invalid-correction"),
        ({"valid_from": "yesterday"}, 422, "invalid-request"),
        ({"colour": "red"}, 422, "invalid-request"),
        ({"person": ""}, 422, "invalid-request"),
        ({"points": [{"raw": 0, "reference": 1}, {"raw": 1}]}, 422, "invalid-request"),
        ({"points": [{"raw": 0, "reference": 0.1}]}, 422, "invalid-correction"),
        (
            {"points": [{"raw": 0, "reference": 0}, {"raw": 9, "reference": 0.9}], "offset": 0},
            422,
            "invalid-correction",
        ),
        ({"offset": None}, 422, "invalid-request"),
    ],
)
def test_what_can_not_be_meant_is_a_problem(
    client: TestClient, changes: Body, status: int, slug: str
) -> None:
    answer = client.post("/v1/calibrations", json=body(**changes))
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}")


def test_numbers_that_are_forgotten_are_asked_for(client: TestClient) -> None:
    forgotten = body()
    del forgotten["offset"]
    answer = client.post("/v1/calibrations", json=forgotten)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-request")
    assert "give `offset`, `gain` or `points`" in answer.text
    assert client.post("/v1/calibrations", json=forgotten | {"offset": 0}).status_code == 201


def test_points_of_a_certificate_are_taken_in_any_order(client: TestClient) -> None:
    points = [{"raw": 10, "reference": 10.2}, {"raw": 0, "reference": 0.1}]
    given = body(points=points)
    del given["offset"]
    made = client.post("/v1/calibrations", json=given).json()
    assert [point["raw"] for point in made["points"]] == [0, 10]
    latest = client.get("/v1/assets/room-0001/latest").json()
    assert latest["fields"]["air_temp_c"] == 0.403


@pytest.mark.parametrize(
    ("path", "params", "slug"),
    [
        ("calibrations", {"asset": "room-9999"}, "unknown-asset"),
        ("calibrations", {"field": "air_temp"}, "unknown-field"),
        ("calibrations", {"after": "bm9wZQ"}, "bad-page-token"),
        ("calibrations", {"probe": "1"}, "unknown-parameter"),
        ("assets/room-0001/latest", {"raw": "true", "as_of": "2025-01-01T00:00:00Z"},
         "invalid-request"),
        ("assets/room-0001/latest", {"as_of": "yesterday"}, "invalid-request"),
    ],
)  # fmt: skip
def test_what_can_not_be_asked_is_a_problem(
    client: TestClient, path: str, params: dict[str, str], slug: str
) -> None:
    answer = client.get(f"/v1/{path}", params=params)
    assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{slug}")


def test_a_probe_without_corrections_has_an_empty_list(client: TestClient) -> None:
    question = {"asset": "room-0002", "field": "air_temp_c"}
    answer = client.get("/v1/calibrations", params=question)
    assert answer.json() == {"items": [], "next": None}


def test_a_stay_s_figures_are_corrected(measured: tuple[TestClient, int], empty: Services) -> None:
    client, time_ms = measured
    services: Services = client.app.state.services  # type: ignore[attr-defined]  # set by create_app
    client.post("/v1/calibrations", json=body())
    client.post("/v1/calibrations", json=body(offset=0.4, valid_from=format_instant(empty.clock())))
    reading = Reading(
        "cold_room", "linyi", "room-0001", "centre-01", time_ms - 1, {"air_temp_c": 0.3}
    )
    services.telemetry.write([encode(reading)])
    since = empty.clock() - timedelta(hours=1)
    climate = Climates(services.park, services.telemetry, empty.clock()).over(
        "room-0001", since, None
    )
    assert climate.air is not None
    assert climate.air.mean_c == pytest.approx(0.4)
    assert replace(climate.air, mean_c=0.4) == Figures(2, min_c=0.1, mean_c=0.4, max_c=0.7)


def test_readiness_tells_that_corrections_can_not_be_read(
    client: TestClient, tmp_path: Path
) -> None:
    assert client.get("/readyz").status_code == 200
    (tmp_path / "calibration.db").write_bytes(b"no database at all, just words " * 100)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "calibration.db can't be read" in answer.json()["detail"]
    latest = client.get("/v1/assets/room-0001/latest")
    assert (latest.status_code, latest.json()["type"]) == (503, "/problems/telemetry-unavailable")


def test_a_correction_that_is_not_there_is_not_found(client: TestClient) -> None:
    for answer in (
        client.get("/v1/calibrations/7"),
        client.post("/v1/calibrations/7/withdraw", json={"person": "x", "reason": "y"}),
    ):
        assert answer.json()["type"] == "/problems/correction-not-found"


def test_a_server_without_a_register_says_so(poster: TestClient) -> None:
    as_of = {"as_of": "2025-01-01T00:00:00Z"}
    for answer in (
        poster.get("/v1/calibrations"),
        poster.get("/v1/assets/room-0001/latest", params=as_of),
    ):
        problem = answer.json()["type"]
        assert (answer.status_code, problem) == (404, "/problems/no-calibrations-here")
