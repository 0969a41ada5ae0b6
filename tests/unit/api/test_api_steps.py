"""Posting the steps of the fruit's way."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.app import LARGEST_BODY_BYTES
from park.scans import SCAN_BY_ACTION
from tests.support.api_story import EXPORT, FIELD_RUN, PALLETS, SHIPMENT, SUNNY

HARVEST: dict[str, Any] = {
    "id": "01998c4e-8a00-7000-8000-000000000001",
    "ts": "2025-10-02T08:00:00+08:00",
    "asset": "orchard-001",
    "batch": SUNNY.path,
    "qty_kg": 800.5,
}
SORT: dict[str, Any] = {
    "ts": "2025-10-20T09:00:00+08:00",
    "asset": "line-01",
    "inputs": [{"batch": SUNNY.path, "qty_kg": 800}],
    "outputs": [{"batch": EXPORT.path, "qty_kg": 790}],
    "loss_kg": 10,
}
PALLETISE: dict[str, Any] = {
    "ts": "2025-10-20T11:00:00+08:00",
    "asset": "packhouse-01",
    "pallet": PALLETS[0],
    "contents": [{"batch": EXPORT.path, "qty_kg": 450}],
}
SHIP: dict[str, Any] = {
    "ts": "2025-10-21T06:00:00+08:00",
    "asset": "packhouse-01",
    "shipment": SHIPMENT,
    "pallets": [PALLETS[0]],
    "destination": "destination-th",
    "reefer": "reefer-001",
}
RECEIVE: dict[str, Any] = {
    "ts": "2025-10-30T10:00:00+07:00",
    "asset": "destination-th",
    "shipment": SHIPMENT,
    "pallets": [PALLETS[0]],
}
WAY = (
    ("harvest", HARVEST),
    ("store-in", {**HARVEST, "id": None, "asset": "room-0001", "ts": "2025-10-02T11:00:00+08:00"}),
    ("store-out", {**HARVEST, "id": None, "asset": "room-0001", "ts": "2025-10-20T07:00:00+08:00"}),
    ("sort", SORT),
    ("palletise", PALLETISE),
    ("ship", SHIP),
    ("receive", RECEIVE),
)
STEPS = [action.value.replace("_", "-") for action in SCAN_BY_ACTION]


def without_none(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def test_the_whole_way_can_be_posted_and_each_event_is_at_its_location(
    poster: TestClient,
) -> None:
    for step, body in WAY:
        answer = poster.post(f"/v1/steps/{step}", json=without_none(body))
        assert answer.status_code == 201, (step, answer.text)
        captured = answer.json()
        assert captured["new"] is True
        event = poster.get(answer.headers["location"]).json()
        assert event["eventID"] == captured["event"]
    totals = poster.get("/v1/totals").json()
    assert totals == {"events": 7, "batches": 2, "pallets": 1, "shipments": 1}


def test_a_repeated_step_changes_nothing(poster: TestClient) -> None:
    first = poster.post("/v1/steps/harvest", json=HARVEST)
    second = poster.post("/v1/steps/harvest", json=HARVEST)
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json() == first.json() | {"new": False}
    assert second.headers["location"] == first.headers["location"]
    assert poster.get("/v1/totals").json()["events"] == 1


def test_a_step_without_id_gets_a_version_7_uuid(poster: TestClient) -> None:
    body = {name: value for name, value in HARVEST.items() if name != "id"}
    event = poster.post("/v1/steps/harvest", json=body).json()["event"]
    assert UUID(event).version == 7


def test_a_scan_as_a_reader_sends_it_can_be_posted_whole(poster: TestClient) -> None:
    answer = poster.post("/v1/steps/harvest", json=HARVEST | {"action": "harvest"})
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("change", "slug", "pointer"),
    [
        ({"qty_kg": -1}, "invalid-mass", "#/qty_kg"),
        ({"qty_kg": 0}, "invalid-mass", "#/qty_kg"),
        ({"qty_kg": "heavy"}, "invalid-mass", "#/qty_kg"),
        ({"qty_kg": 1e9}, "invalid-mass", "#/qty_kg"),
        ({"qty_kg": None}, "invalid-mass", "#/qty_kg"),
        ({"qty_kg": "5"}, "invalid-mass", "#/qty_kg"),
        ({"qty_kg": True}, "invalid-mass", "#/qty_kg"),
        ({"loss_kg": 5}, "invalid-request", "#/loss_kg"),
        ({"batch": "01/09521321000019/10/LY-7"}, "wrong-check-digit", "#/batch"),
        ({"batch": "LY-7"}, "invalid-identifier", "#/batch"),
        ({"batch": f"01/{FIELD_RUN}/10/{'A' * 21}"}, "invalid-identifier", "#/batch"),
        ({"batch": f"01/{FIELD_RUN}/10/LY/7"}, "invalid-identifier", "#/batch"),
        ({"batch": 7}, "invalid-request", "#/batch"),
        ({"batch": {"gtin": FIELD_RUN, "lot": "any thing"}}, "invalid-request", "#/batch"),
        ({"ts": "2025-10-02T08:00:00"}, "invalid-request", "#/ts"),
        ({"ts": "2025-02-30T08:00:00Z"}, "invalid-request", "#/ts"),
        ({"ts": 1_759_363_200}, "invalid-request", "#/ts"),
        ({"asset": "../etc"}, "invalid-request", "#/asset"),
        ({"id": "seven"}, "invalid-request", "#/id"),
        ({"action": "sort"}, "invalid-request", "#/action"),
        ({"colour/~": "red"}, "invalid-request", "#/colour~1~0"),
    ],
)
def test_a_member_that_cant_be_used_is_pointed_at(
    poster: TestClient, change: dict[str, Any], slug: str, pointer: str
) -> None:
    answer = poster.post("/v1/steps/harvest", json=HARVEST | change)
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (422, f"/problems/{slug}")
    assert [entry["pointer"] for entry in problem["errors"]] == [pointer]
    assert poster.get("/v1/totals").json()["events"] == 0


def test_faults_of_several_sorts_are_one_invalid_request_that_lists_them(
    poster: TestClient,
) -> None:
    body = HARVEST | {"qty_kg": -1, "batch": "01/09521321000019/10/LY-7"}
    problem = poster.post("/v1/steps/harvest", json=body).json()
    assert problem["type"] == "/problems/invalid-request"
    assert {entry["pointer"] for entry in problem["errors"]} == {"#/qty_kg", "#/batch"}


def test_a_fault_deep_inside_is_pointed_at(poster: TestClient) -> None:
    outputs = [{"batch": EXPORT.path, "qty_kg": 1}, {"batch": EXPORT.path, "qty_kg": -1}]
    problem = poster.post("/v1/steps/sort", json=SORT | {"outputs": outputs}).json()
    assert problem["type"] == "/problems/invalid-mass"
    assert [entry["pointer"] for entry in problem["errors"]] == ["#/outputs/1/qty_kg"]


@pytest.mark.parametrize("mass", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_mass_that_is_no_number_is_an_invalid_mass(poster: TestClient, mass: str) -> None:
    text = '{"ts":"2025-10-02T00:00:00Z","asset":"orchard-001","batch":"%s","qty_kg":%s}'
    answer = poster.post(
        "/v1/steps/harvest",
        content=text % (SUNNY.path, mass),
        headers={"content-type": "application/json"},
    )
    assert answer.json()["type"] == "/problems/invalid-mass"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[1, 2",
        b'{"qty_kg": 01}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"9" * 10_000,
        b"<xml/>",
    ],
    ids=range(9),
)
def test_a_body_that_isnt_json_is_a_plain_problem(poster: TestClient, content: bytes) -> None:
    answer = poster.post(
        "/v1/steps/harvest", content=content, headers={"content-type": "application/json"}
    )
    slug = "invalid-request" if content == b"" else "malformed-json"
    assert answer.json()["type"] == f"/problems/{slug}"
    assert answer.status_code == (422 if content == b"" else 400)


def test_half_a_surrogate_pair_does_no_harm(poster: TestClient) -> None:
    content = b'{"\\ud800": "\\udfff", "batch": "01/09521321000018/10/\\ud800"}'
    answer = poster.post(
        "/v1/steps/harvest", content=content, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 422


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_of_another_type_is_refused(poster: TestClient, media_type: str) -> None:
    answer = poster.post("/v1/steps/harvest", content=b"{}", headers={"content-type": media_type})
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (415, "/problems/unsupported-media-type")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_refused_and_the_next_is_served(
    poster: TestClient, *, chunked: bool
) -> None:
    body = b'{"x": "' + b"A" * LARGEST_BODY_BYTES + b'"}'
    answer = poster.post(
        "/v1/steps/harvest",
        content=iter([body[:500_000], body[500_000:]]) if chunked else body,
        headers={"content-type": "application/json"},
    )
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/payload-too-large")
    assert poster.post("/v1/steps/harvest", json=HARVEST).status_code == 201


@pytest.mark.parametrize(
    ("step", "body", "status", "slug"),
    [
        ("harvest", HARVEST | {"asset": "room-0001"}, 422, "unknown-place"),
        ("harvest", HARVEST | {"asset": "orchard-999"}, 422, "unknown-place"),
        ("harvest", HARVEST | {"batch": "01/09506000134352/10/A"}, 422, "unknown-product"),
        ("harvest", HARVEST | {"batch": EXPORT.path}, 422, "wrong-product"),
        ("harvest", HARVEST | {"ts": "2025-11-16T00:00:00Z"}, 422, "time-travel"),
        ("store-in", HARVEST | {"asset": "room-0001"}, 422, "unknown-batch"),
        ("sort", SORT, 422, "unknown-batch"),
        ("palletise", PALLETISE, 422, "unknown-batch"),
        ("ship", SHIP, 422, "unknown-pallet"),
        ("receive", RECEIVE, 422, "unknown-shipment"),
    ],
)
def test_a_step_that_cant_be_true_is_refused(
    poster: TestClient, step: str, body: dict[str, Any], status: int, slug: str
) -> None:
    answer = poster.post(f"/v1/steps/{step}", json=body)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}")
    assert poster.get("/v1/totals").json()["events"] == 0


@pytest.mark.parametrize(
    ("step", "body", "status", "slug"),
    [
        ("harvest", HARVEST | {"qty_kg": 1}, 409, "scan-id-reused"),
        ("harvest", HARVEST | {"id": None}, 409, "batch-exists"),
        (
            "store-in",
            {**HARVEST, "id": None, "asset": "room-0001", "qty_kg": 900},
            409,
            "not-enough-mass",
        ),
        ("sort", SORT | {"loss_kg": 100}, 422, "mass-not-conserved"),
    ],
)
def test_a_step_that_contradicts_the_books_is_refused(
    poster: TestClient, step: str, body: dict[str, Any], status: int, slug: str
) -> None:
    assert poster.post("/v1/steps/harvest", json=HARVEST).status_code == 201
    answer = poster.post(f"/v1/steps/{step}", json=without_none(body))
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}")
    assert poster.get("/v1/totals").json()["events"] == 1


def test_pallets_and_shipments_are_used_once(poster: TestClient) -> None:
    for step, body in WAY[:6]:
        assert poster.post(f"/v1/steps/{step}", json=without_none(body)).status_code == 201
    half = [{"batch": EXPORT.path, "qty_kg": 1}]
    again = [
        ("palletise", PALLETISE | {"contents": half}, "pallet-exists"),
        ("ship", SHIP | {"shipment": "OTHER"}, "pallet-gone"),
        ("ship", SHIP | {"destination": "destination-vn"}, "shipment-exists"),
    ]
    for step, body, slug in again:
        answer = poster.post(f"/v1/steps/{step}", json=body)
        assert answer.status_code == 409
        assert answer.json()["type"] in {f"/problems/{slug}", "/problems/pallet-gone"}


def test_an_address_of_no_step_isnt_found(poster: TestClient) -> None:
    assert poster.post("/v1/steps/teleport", json={}).json()["type"] == "/problems/not-found"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
PIECES = st.sampled_from(
    [
        *WAY[0][1].values(),
        *SORT.values(),
        *PALLETISE.values(),
        *SHIP.values(),
        "01/09521321000019/10/A",
        "(01)09521321000018(10)A B",
        "urn:epc:class:lgtin:9521321.000001.A",
        "http://[",
        "//",
        -1,
        10**30,
    ]
)
NAMES = sorted({name for model in SCAN_BY_ACTION.values() for name in model.model_fields})
BODIES = JSON | st.dictionaries(st.sampled_from(NAMES), PIECES | JSON, max_size=8)
MUTATIONS = st.sampled_from(WAY).flatmap(
    lambda way: st.dictionaries(st.sampled_from(NAMES), PIECES | JSON, max_size=2).map(
        lambda change: (way[0], {**without_none(way[1]), **change})
    )
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(posted=st.tuples(st.sampled_from(STEPS), BODIES) | MUTATIONS)
def test_no_body_at_all_makes_the_server_fail(poster: TestClient, posted: tuple[str, Any]) -> None:
    step, body = posted
    answer = poster.post(f"/v1/steps/{step}", json=body) if _fits_json(body) else None
    assert answer is None or answer.status_code < 500, answer.text


def _fits_json(body: Any) -> bool:
    """httpx writes no NaN; the NaN of a mass has a test of its own."""
    if isinstance(body, float):
        return body == body and abs(body) != float("inf")  # noqa: PLR0124 - NaN differs from itself
    if isinstance(body, dict):
        return all(map(_fits_json, body.values()))
    return not isinstance(body, list) or all(map(_fits_json, body))
