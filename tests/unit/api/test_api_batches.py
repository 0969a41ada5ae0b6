"""Looking up batches, pallets and shipments, and tracing them both ways."""

import pytest
from starlette.testclient import TestClient

from tests.support.api_story import (
    APPLE_ROOM,
    EXPORT,
    GALA,
    PALLETS,
    ROOM,
    SHADY,
    SHIPMENT,
    SLASHED,
    SUNNY,
    Story,
)

EXPORT_ADDRESS = f"/v1/batches/{EXPORT.gtin}/{EXPORT.lot}"


def found(client: TestClient, **query: str) -> list[str]:
    answer = client.get("/v1/batches", params=query)
    assert answer.status_code == 200, answer.text
    return [batch["lot"] for batch in answer.json()["items"]]


def test_batches_are_found_by_each_criterion(client: TestClient) -> None:
    assert found(client, number="ly-7-a") == ["LY-7-A"]
    assert found(client, number=GALA.uri) == ["GA-3"]
    assert set(found(client, orchard="orchard-005")) == {"LY-8", "LY-7-A", "LY-7-B", "LY-7-R"}
    assert set(found(client, destination="TH")) == {"LY-7", "LY-8", "LY-7-A"}
    assert found(client, destination="destination-th", grade="extra") == ["LY-7-A"]
    assert found(client, variety="david-gala") == ["GA-3"]
    assert found(client, harvested_from="2025-10-03T12:00:00+08:00") == [SLASHED.lot]
    assert found(client, number="no such lot") == []


def test_batches_are_paged_without_gap_or_repeat(client: TestClient) -> None:
    seen: list[str] = []
    query: dict[str, str] | None = {"limit": "2"}
    while query is not None:
        page = client.get("/v1/batches", params=query).json()
        seen += [batch["id"] for batch in page["items"]]
        query = None if page["next"] is None else {"limit": "2", "after": page["next"]}
    assert len(seen) == len(set(seen)) == 7


def test_a_history_names_orchards_rooms_line_pallets_and_destination(client: TestClient) -> None:
    history = client.get(EXPORT_ADDRESS).json()
    assert (history["lot"], history["qty_kg"], history["status"]) == ("LY-7-A", 900, "shipped")
    assert history["product"] == {"en": "Winter jujube, extra class", "zh": "冬枣（优等）"}
    origins = {origin["orchard"]["id"]: origin["qty_kg"] for origin in history["origins"]}
    assert set(origins) == {"orchard-001", "orchard-005"}
    assert sum(origins.values()) == pytest.approx(900, abs=0.01)
    assert {stay["room"]["id"] for stay in history["stays"]} == {ROOM}
    (run,) = history["runs"]
    assert (run["line"]["id"], run["loss_kg"]) == ("line-01", 10.5)
    assert [pallet["sscc"] for pallet in history["pallets"]] == list(PALLETS)
    (shipment,) = history["shipments"]
    assert (shipment["country"], shipment["container_number"]) == ("TH", "AGPU0000017")
    assert shipment["shipped_at"] == "2025-10-20T22:00:00.000Z"


def test_the_climate_of_a_stay_is_that_of_every_reading_in_it(
    client: TestClient, story: Story
) -> None:
    climate = client.get(EXPORT_ADDRESS).json()["stays"][0]["climate"]
    assert climate["status"] == "measured"
    assert climate["setpoint_c"] == -0.5
    assert climate["air"]["samples"] == story.readings
    assert climate["air"]["mean_c"] == pytest.approx(story.mean_air_c, abs=1e-3)
    assert climate["air"]["max_c"] > 1.5, "the hour with the door open must show"
    assert climate["pulp"]["max_c"] == 7.6


def test_the_climate_of_a_stay_that_lasts_reaches_to_the_newest_reading(
    client: TestClient,
) -> None:
    (stay,) = client.get(f"/v1/batches/{GALA.gtin}/{GALA.lot}").json()["stays"]
    assert (stay["room"]["id"], stay["until"]) == (APPLE_ROOM, None)
    assert stay["climate"]["air"]["samples"] == 4 * 68
    assert stay["climate"]["setpoint_c"] == 0.5


def test_a_lot_may_hold_a_slash(client: TestClient) -> None:
    (listed,) = client.get("/v1/batches", params={"number": "A/7%Q?"}).json()["items"]
    assert listed["links"]["self"].endswith("/A%2F7%25Q%3F")
    for name, link in listed["links"].items():
        answer = client.get(link)
        assert answer.status_code == 200, (name, link)
    assert client.get(listed["links"]["self"]).json()["lot"] == SLASHED.lot


def test_a_short_gtin_finds_the_same_batch(client: TestClient) -> None:
    short = EXPORT.gtin.lstrip("0").zfill(13)
    assert client.get(f"/v1/batches/{short}/{EXPORT.lot}").json()["id"] == EXPORT.path


@pytest.mark.parametrize(
    "address",
    [
        f"{EXPORT_ADDRESS}/trace/back",
        f"/v1/pallets/{PALLETS[0]}/trace/back",
        f"/v1/shipments/{SHIPMENT}/trace/back",
    ],
)
def test_everything_shipped_traces_back_to_its_harvests(client: TestClient, address: str) -> None:
    trace = client.get(address).json()
    ends = {end["id"]: end["place"]["id"] for end in trace["ends"]}
    assert ends == {SUNNY.path: "orchard-001", SHADY.path: "orchard-005"}


def test_a_harvest_traces_forward_to_all_its_ends(client: TestClient) -> None:
    trace = client.get(f"/v1/batches/{SUNNY.gtin}/{SUNNY.lot}/trace/forward").json()
    kinds = {end["kind"] for end in trace["ends"]}
    assert kinds == {"shipment", "stock", "reject", "loss"}
    assert sum(end["qty_kg"] for end in trace["ends"]) == pytest.approx(800.5, abs=0.01)


def test_the_links_of_a_trace_lead_somewhere(client: TestClient) -> None:
    trace = client.get(f"/v1/batches/{SUNNY.gtin}/{SUNNY.lot}/trace/forward").json()
    links = [node["href"] for node in trace["nodes"] if node["href"] is not None]
    assert len(links) >= 4
    assert all(client.get(link).status_code == 200 for link in links)


def test_shipments_are_listed_and_shown(client: TestClient) -> None:
    for query in ({}, {"destination": "th"}, {"destination": "destination-th"}):
        items = client.get("/v1/shipments", params=query).json()["items"]
        assert [item["shipment"] for item in items] == [SHIPMENT]
    assert client.get("/v1/shipments", params={"destination": "VN"}).json()["items"] == []
    assert client.get(f"/v1/shipments/{SHIPMENT}").json()["qty_kg"] == 900


def test_a_pallet_is_shown(client: TestClient) -> None:
    pallet = client.get(f"/v1/pallets/{PALLETS[1]}").json()
    assert (pallet["qty_kg"], pallet["shipment"]) == (450, SHIPMENT)
    assert pallet["contents"][0]["batch"] == EXPORT.path


def test_events_are_listed_and_each_stands_on_its_own(client: TestClient) -> None:
    page = client.get("/v1/events", params={"limit": 5}).json()
    assert len(page["items"]) == 5
    history = client.get(EXPORT_ADDRESS).json()
    answer = client.get(f"/v1/events/{history['events'][0]}")
    assert answer.headers["content-type"] == "application/ld+json"
    event = answer.json()
    assert event["type"] == "TransformationEvent"
    assert "@context" in event


def test_totals_count_the_season(client: TestClient) -> None:
    totals = client.get("/v1/totals").json()
    assert totals == {"events": 14, "batches": 7, "pallets": 2, "shipments": 1}


@pytest.mark.parametrize(
    ("address", "status", "slug"),
    [
        (f"/v1/batches/{EXPORT.gtin}/NONE", 404, "batch-not-found"),
        (f"/v1/batches/{EXPORT.gtin}/NONE/trace/back", 404, "node-not-found"),
        (f"/v1/batches/{EXPORT.gtin}/NONE/trace/forward", 404, "node-not-found"),
        ("/v1/batches/09521321000026/LY-7", 422, "wrong-check-digit"),
        ("/v1/batches/0952132100002X/LY-7", 422, "invalid-identifier"),
        ("/v1/batches/123/LY-7", 422, "invalid-identifier"),
        (f"/v1/batches/{EXPORT.gtin}/{'A' * 21}", 422, "invalid-identifier"),
        (f"/v1/batches/{EXPORT.gtin}/A%20B", 422, "invalid-identifier"),
        (f"/v1/batches/{EXPORT.gtin}/%FF%00", 422, "invalid-identifier"),
        ("/v1/pallets/095213210000000099", 422, "wrong-check-digit"),
        ("/v1/pallets/095213210000000995", 404, "pallet-not-found"),
        ("/v1/pallets/1", 422, "invalid-identifier"),
        ("/v1/shipments/NONE", 404, "shipment-not-found"),
        ("/v1/shipments/NONE/trace/back", 404, "shipment-not-found"),
        ("/v1/shipments/a%2Fb", 404, "shipment-not-found"),
        ("/v1/shipments/a%00c", 422, "bad-text"),
        ("/v1/shipments?destination=XX", 422, "unknown-asset"),
        ("/v1/events/urn%3Auuid%3Anone", 404, "event-not-found"),
        ("/v1/events?after=x", 422, "bad-page-token"),
        ("/v1/batches?orchard=room-0001", 422, "unknown-asset"),
        ("/v1/batches?destination=XX", 422, "unknown-asset"),
        ("/v1/batches?harvested_from=yesterday", 422, "invalid-request"),
        ("/v1/batches?number=%00", 422, "invalid-request"),
        (f"/v1/batches?number={'A' * 201}", 422, "invalid-request"),
        ("/v1/batches?nubmer=LY-7", 422, "unknown-parameter"),
        ("/v1/batches?after=x", 422, "bad-page-token"),
        (f"{EXPORT_ADDRESS}?lang=zh", 422, "unknown-parameter"),
        ("/v1/quarantine", 404, "no-quarantine-here"),
        ("/v1/quarantine/1", 404, "no-quarantine-here"),
        ("/v1/nothing", 404, "not-found"),
        ("/v1/batches/", 404, "not-found"),
    ],
)
def test_what_cant_be_found_or_read_gets_its_problem(
    client: TestClient, address: str, status: int, slug: str
) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]
