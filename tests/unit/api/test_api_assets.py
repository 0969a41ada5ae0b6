"""Assets, newest values and series."""

import pytest
from starlette.testclient import TestClient

from park.telemetry import KINDS
from tests.support.api_story import ROOM, Story

SERIES = f"/v1/assets/{ROOM}/series"
DAY = {"start": "2025-10-03T00:00:00Z", "end": "2025-10-04T00:00:00Z"}


def problem_type(answer: object) -> str:
    body = getattr(answer, "json")()  # noqa: B009 - httpx2's type isn't ours to name
    return str(body["type"])


def test_assets_are_listed_page_by_page_without_gap_or_repeat(
    client: TestClient, story: Story
) -> None:
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        query = {"limit": "100"} | ({"after": after} if after else {})
        page = client.get("/v1/assets", params=query).json()
        seen += [asset["id"] for asset in page["items"]]
        after = page["next"]
    assert seen == list(story.services.park.assets)


def test_assets_are_filtered_by_type_and_parent(client: TestClient) -> None:
    query = {"type": "cold_room", "parent": "centre-02", "limit": "3"}
    items = client.get("/v1/assets", params=query).json()["items"]
    assert [(asset["type"], asset["parent"]) for asset in items] == [("cold_room", "centre-02")] * 3


def test_an_asset_has_its_own_details_and_working_links(client: TestClient) -> None:
    room = client.get(f"/v1/assets/{ROOM}").json()
    assert room["details"] == {"capacity_t": 60.0, "crop": "jujube", "setpoint_c": -0.5}
    assert room["name"] == {"en": "Cold room 1", "zh": "1号冷库"}
    for name, link in room["links"].items():
        query = {"field": "air_temp_c", **DAY} if name == "series" else {}
        assert client.get(link, params=query or None).status_code == 200, link


def test_the_newest_values_of_an_asset_are_given_with_their_age(client: TestClient) -> None:
    latest = client.get(f"/v1/assets/{ROOM}/latest").json()
    assert latest["time"] == "2025-10-19T22:45:00.000Z"
    assert latest["age_s"] == 26 * 86_400 + 4500
    assert latest["fields"]["door_open"] is False
    assert latest["fields"]["setpoint_c"] == -0.5


def test_the_newest_values_of_a_kind_list_silent_assets_too(client: TestClient) -> None:
    query = {"kind": "cold_room", "centre": "centre-01"}
    items = client.get("/v1/latest", params=query).json()["items"]
    by_asset = {item["asset"]: item for item in items}
    assert len(by_asset) == 8
    assert by_asset[ROOM]["fields"]["humidity_pct"] == 92.0
    assert (by_asset["room-0005"]["time"], by_asset["room-0005"]["fields"]) == (None, {})


def test_newest_values_are_paged(client: TestClient) -> None:
    first = client.get("/v1/latest", params={"kind": "soil", "limit": 20}).json()
    query = {"kind": "soil", "limit": 20, "after": first["next"]}
    second = client.get("/v1/latest", params=query).json()
    assert (len(first["items"]), len(second["items"]), second["next"]) == (20, 6, None)


@pytest.mark.parametrize("every", ["6h", "PT6H", "360m", "21600", "5h60m"])
def test_a_series_has_one_point_for_each_span(client: TestClient, every: str) -> None:
    query = {"field": ["air_temp_c", "door_open"], "every": every, **DAY}
    series = client.get(SERIES, params=query).json()
    assert series["every_s"] == 21_600
    assert [point["time"] for point in series["points"]] == [
        f"2025-10-03T{hour}:00:00.000Z" for hour in ("00", "06", "12", "18")
    ]
    assert all(point["values"]["door_open"] == 0 for point in series["points"])
    assert series["units"] == {"air_temp_c": "Cel", "door_open": ""}


def test_a_series_counts_readings(client: TestClient) -> None:
    query = {"field": "air_temp_c", "every": "1d", "aggregate": "count", **DAY}
    assert client.get(SERIES, params=query).json()["points"] == [
        {"time": "2025-10-03T00:00:00.000Z", "values": {"air_temp_c": 96}}
    ]


def test_a_series_without_width_has_at_most_200_points(client: TestClient) -> None:
    query = {
        "field": "air_temp_c",
        "start": "2025-10-01T00:00:00Z",
        "end": "2025-11-01T00:00:00Z",
    }
    assert 100 < len(client.get(SERIES, params=query).json()["points"]) <= 201


def test_the_telemetry_table_is_listed_whole(client: TestClient) -> None:
    items = client.get("/v1/telemetry").json()["items"]
    assert {kind["name"]: len(kind["fields"]) for kind in items} == {
        name: len(kind.fields) for name, kind in KINDS.items()
    }


@pytest.mark.parametrize(
    ("address", "status", "slug"),
    [
        ("/v1/assets/room-9999", 404, "asset-not-found"),
        ("/v1/assets/room-9999/latest", 404, "asset-not-found"),
        ("/v1/assets/orchard-001/latest", 404, "no-telemetry"),
        ("/v1/assets?type=castle", 422, "invalid-request"),
        ("/v1/assets?parent=room-9999", 422, "unknown-asset"),
        ("/v1/assets?limit=0", 422, "invalid-request"),
        ("/v1/assets?limit=1001", 422, "invalid-request"),
        ("/v1/assets?after=%21", 422, "bad-page-token"),
        ("/v1/assets?after=bm9wZQ", 422, "bad-page-token"),
        ("/v1/assets?typ=cold_room", 422, "unknown-parameter"),
        ("/v1/telemetry?kind=soil", 422, "unknown-parameter"),
        ("/v1/latest", 422, "invalid-request"),
        ("/v1/latest?kind=castle", 422, "unknown-field"),
        ("/v1/latest?kind=cold_room&centre=room-0001", 422, "unknown-asset"),
    ],
)
def test_a_question_that_cant_be_answered_gets_its_problem(
    client: TestClient, address: str, status: int, slug: str
) -> None:
    answer = client.get(address)
    assert (answer.status_code, problem_type(answer)) == (status, f"/problems/{slug}")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("change", "slug"),
    [
        ({"field": "colour"}, "unknown-field"),
        ({"field": ["air_temp_c", "colour"]}, "unknown-field"),
        ({"start": "2025-10-03"}, "invalid-request"),
        ({"start": "2025-10-03T00:00:00"}, "invalid-request"),
        ({"end": "2025-10-02T00:00:00Z"}, "invalid-request"),
        ({"every": "1s"}, "too-many-points"),
        ({"every": "0"}, "invalid-request"),
        ({"every": "soon"}, "invalid-request"),
        ({"every": ""}, "invalid-request"),
        ({"every": "9" * 400 + "d"}, "invalid-request"),
        ({"aggregate": "median"}, "invalid-request"),
        ({"fields": "air_temp_c"}, "unknown-parameter"),
    ],
)
def test_a_series_that_cant_be_read_gets_its_problem(
    client: TestClient, change: dict[str, str], slug: str
) -> None:
    query = {"field": "air_temp_c", "every": "1h", **DAY} | change
    answer = client.get(SERIES, params=query)
    assert (answer.status_code, problem_type(answer)) == (422, f"/problems/{slug}")


def test_words_have_no_mean(client: TestClient) -> None:
    answer = client.get("/v1/assets/line-01/series", params={"field": "state", **DAY})
    assert problem_type(answer) == "/problems/unsupported-aggregate"
