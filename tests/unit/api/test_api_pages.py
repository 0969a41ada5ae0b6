"""The first page: searching in both languages."""

import re
from string import Formatter

import pytest
from starlette.testclient import TestClient

from api.pages.texts import STATUS, TEXTS
from tests.support.api_story import EXPORT, PALLETS, SLASHED
from traceability.views import BatchStatus


def lots(page: str) -> list[str]:
    return re.findall(r'<th scope="row"[^>]*><a class="number"[^>]*>([^<]+)</a>', page)


def test_the_latest_batches_are_shown_before_anything_is_typed(client: TestClient) -> None:
    page = client.get("/").text
    assert len(lots(page)) == 7
    assert "Latest batches" in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"number": "ly-7-"}, {"LY-7-A", "LY-7-B", "LY-7-R"}),
        ({"orchard": "1400gy0003"}, {"GA-3"}),
        ({"orchard": "Orchard 3"}, {"GA-3"}),
        ({"orchard": "3号果园"}, {"GA-3"}),
        ({"destination": "TH", "number": "LY-7-A"}, {"LY-7-A"}),
        ({"destination": "泰国", "number": "LY-7-A"}, {"LY-7-A"}),
        ({"harvested_from": "2025-10-04"}, {SLASHED.lot}),
        ({"harvested_from": "2025-10-03", "harvested_until": "2025-10-03"}, {"GA-3"}),
        ({"destination": "VN"}, set()),
        ({"harvested_from": "9999-12-31"}, set()),
        ({"harvested_until": "0001-01-02"}, set()),
        ({"number": "\x00\x07LY-7-A"}, {"LY-7-A"}),
    ],
)
def test_a_search_finds_what_fits(
    client: TestClient, query: dict[str, str], expected: set[str]
) -> None:
    answer = client.get("/", params=query)
    assert answer.status_code == 200
    assert set(lots(answer.text)) == expected


@pytest.mark.parametrize(
    ("query", "wording"),
    [
        ({"orchard": "nowhere"}, "bad_orchard"),
        ({"destination": "Atlantis"}, "bad_destination"),
        ({"harvested_from": "31.10.2025"}, "bad_date"),
        ({"harvested_from": "0001-01-01"}, "bad_date"),
        ({"after": "nonsense"}, "bad_token"),
    ],
)
def test_what_cant_be_searched_for_is_said_in_the_reader_s_language(
    client: TestClient, query: dict[str, str], wording: str
) -> None:
    for lang, text in (("en", TEXTS[wording].en), ("zh", TEXTS[wording].zh)):
        answer = client.get("/", params=query | {"lang": lang})
        assert answer.status_code == 200
        assert text in answer.text


@pytest.mark.parametrize(
    ("number", "address"),
    [
        (PALLETS[0], f"/00/{PALLETS[0]}"),
        (str(EXPORT), f"/{EXPORT.path}"),
        (EXPORT.uri, f"/{EXPORT.path}"),
        (f"http://testserver/{SLASHED.path}", f"/{SLASHED.path}"),
    ],
)
def test_a_whole_number_leads_straight_to_its_page(
    client: TestClient, number: str, address: str
) -> None:
    answer = client.get("/", params={"number": number, "lang": "zh"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{address}?lang=zh")


@pytest.mark.parametrize("number", ["http://[", "//", "(00)12", "01/", "urn:epc:id:sscc:1.2"])
def test_a_number_that_is_none_finds_nothing_and_breaks_nothing(
    client: TestClient, number: str
) -> None:
    answer = client.get("/", params={"number": number})
    assert answer.status_code == 200
    assert lots(answer.text) == []


@pytest.mark.parametrize(
    ("header", "query", "expected"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", {}, "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", {}, "en"),
        ("de,fr;q=0.5", {}, "en"),
        ("en;q=0.2,zh;q=0.7", {}, "zh"),
        ("zh;q=0,en;q=0", {}, "en"),
        ("en", {"lang": "zh"}, "zh"),
        ("zh", {"lang": "en"}, "en"),
        ("zh", {"lang": "klingon"}, "zh"),
    ],
)
def test_a_page_speaks_the_reader_s_language(
    client: TestClient, header: str, query: dict[str, str], expected: str
) -> None:
    answer = client.get("/", params=query, headers={"accept-language": header})
    assert answer.headers["content-language"] == expected
    assert f'<html lang="{"zh-CN" if expected == "zh" else "en"}">' in answer.text


def test_a_chosen_language_is_kept_by_every_link(client: TestClient) -> None:
    page = client.get("/", params={"lang": "zh"}).text
    links = re.findall(r'href="(/(?:01|00)/[^"]+)"', page)
    assert links
    assert all("lang=zh" in link for link in links)
    assert 'type="hidden" name="lang" value="zh"' in page


def test_results_are_paged(client: TestClient) -> None:
    assert "More batches" not in client.get("/").text


def test_every_wording_has_both_languages_and_the_same_blanks() -> None:
    def blanks(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    for key, text in TEXTS.items():
        assert text.en.strip(), key
        assert text.zh.strip(), key
        assert blanks(text.en) == blanks(text.zh), key
    assert set(STATUS) == set(BatchStatus)


def test_pages_ask_nothing_of_other_hosts(client: TestClient) -> None:
    for address in ("/", f"/{EXPORT.path}", f"/00/{PALLETS[0]}", "/problems", "/reference"):
        page = client.get(address, headers={"accept": "text/html"}).text
        assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', page)
        assert " style=" not in page, "the content security policy forbids inline styles"
        assert "<script" not in page


def test_the_programming_interface_is_explained_on_a_page(client: TestClient) -> None:
    page = client.get("/reference").text
    document = client.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        assert path in page
        assert all(operation["operationId"] in page for operation in operations.values())
    assert "/problems/not-enough-mass" in page
    assert "orchard-001" in page, "steps have an example"
