"""The address on a carton's label, in every form."""

import pytest
from starlette.testclient import TestClient

from tests.support.api_story import EXPORT, PALLETS, SUNNY

LINK = f"/{EXPORT.path}"


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, "text/html; charset=utf-8"),
        ("*/*", "text/html; charset=utf-8"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
        ("application/json", "application/json"),
        ("application/ld+json", "application/ld+json"),
        ("application/linkset+json", "application/linkset+json"),
        ("application/json;q=0.5, application/ld+json", "application/ld+json"),
        ("application/*", "application/json"),
        ("text/html;q=0, application/json;q=0.1", "application/json"),
        ("image/png", "text/html; charset=utf-8"),
        (";;q=,,", "text/html; charset=utf-8"),
    ],
)
def test_a_client_gets_the_form_it_asks_for(
    client: TestClient, accept: str | None, media_type: str
) -> None:
    answer = client.get(LINK, headers={} if accept is None else {"accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type
    assert "Accept" in answer.headers["vary"]


def test_json_is_the_history(client: TestClient) -> None:
    by_link = client.get(LINK, headers={"accept": "application/json"}).json()
    assert by_link == client.get(f"/v1/batches/{EXPORT.gtin}/{EXPORT.lot}").json()


def test_json_ld_is_one_document_of_the_batch_s_events(client: TestClient) -> None:
    document = client.get(LINK, headers={"accept": "application/ld+json"}).json()
    assert (document["type"], document["schemaVersion"]) == ("EPCISDocument", "2.0")
    events = document["epcisBody"]["eventList"]
    assert [event["type"] for event in events] == ["TransformationEvent"] + ["AggregationEvent"] * 2
    assert not any("@context" in event for event in events)


def test_a_linkset_names_page_and_events(client: TestClient) -> None:
    by_type = client.get(LINK, params={"linkType": "all"}).json()
    (entry,) = by_type["linkset"]
    assert entry["anchor"] == f"http://testserver{LINK}"
    (events,) = entry["https://ref.gs1.org/voc/epcis"]
    assert events["type"] == "application/ld+json"
    languages = [link["hreflang"] for link in entry["https://ref.gs1.org/voc/pip"]]
    assert languages == [["en"], ["zh"]]


def test_a_short_gtin_leads_to_the_canonical_address(client: TestClient) -> None:
    answer = client.get(f"/01/{EXPORT.gtin[1:]}/10/{EXPORT.lot}?lang=zh")
    assert (answer.status_code, answer.headers["location"]) == (308, f"{LINK}?lang=zh")


def test_a_wrong_check_digit_is_a_problem_for_programs_and_people(client: TestClient) -> None:
    wrong = f"/01/09521321000026/10/{EXPORT.lot}"
    answer = client.get(wrong)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/wrong-check-digit")
    page = client.get(wrong, headers={"accept": "text/html"})
    assert "fails its check digit" in page.text


def test_a_pallet_is_a_page_or_json(client: TestClient) -> None:
    page = client.get(f"/00/{PALLETS[0]}")
    assert "LY-7-A" in page.text
    assert "Thailand" in page.text
    as_json = client.get(f"/00/{PALLETS[0]}", headers={"accept": "application/json"}).json()
    assert as_json == client.get(f"/v1/pallets/{PALLETS[0]}").json()
    assert client.get("/00/095213210000000099").json()["type"] == "/problems/wrong-check-digit"
    assert client.get("/00/095213210000000995").json()["type"] == "/problems/node-not-found"


def test_every_batch_of_the_story_has_a_page(client: TestClient) -> None:
    for batch in client.get("/v1/batches").json()["items"]:
        for lang in ("en", "zh"):
            answer = client.get(batch["links"]["page"], params={"lang": lang})
            assert answer.status_code == 200
            assert batch["product"][lang] in answer.text


def test_a_page_says_everything_an_exporter_looks_for(client: TestClient) -> None:
    page = client.get(LINK).text
    for expected in (
        "Winter jujube, extra class",
        "Orchard 1",
        "1400GY0001",
        "Cold room 1",
        "Sorting line 1",
        "Thailand",
        "AGPU0000017",
        "EXP-2025-0007",
        "20 Oct 2025",
        PALLETS[1],
        "−0.5\u202f°C",
        "1,712",
        '<svg class="chart"',
        'class="qr"',
    ):
        assert expected in page, expected


def test_the_page_of_a_harvest_shows_where_it_went(client: TestClient) -> None:
    page = client.get(f"/{SUNNY.path}").text
    assert "Thailand" in page
    assert "LY-7" in page
