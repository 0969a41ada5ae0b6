"""Mass balances by HTTP and on the command line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from starlette.testclient import TestClient

from api.commands.balance import app
from api.errors import CommandError
from park.assets import Park
from tests.support.api_story import EXPORT, GALA, LEFT_OVER, REJECTED, SUNNY, told_story
from traceability.errors import NotFoundError

MASSES = {
    "at_hand_kg": 0,
    "in_rooms_kg": 0,
    "on_pallets_kg": 0,
    "shipped_kg": 0,
    "used_kg": 0,
    "rejected_kg": 0,
    "lost_kg": 0,
}


def _get(client: TestClient, path: str, **query: str) -> Any:
    answer = client.get(f"/v1/balance/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _refused(client: TestClient, path: str, **query: str) -> tuple[int, str]:
    answer = client.get(f"/v1/balance/{path}", params=query)
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def test_a_batchs_masses_add_up(client: TestClient) -> None:
    for batch, made_kg, where in (
        (SUNNY, 800.5, {"used_kg": 800.5}),
        (EXPORT, 900, {"shipped_kg": 900}),
        (LEFT_OVER, 200, {"at_hand_kg": 200}),
        (REJECTED, 90, {"rejected_kg": 90}),
        (GALA, 600, {"in_rooms_kg": 600}),
    ):
        found = _get(client, f"batches/{batch.gtin}/{batch.lot}")
        assert (found["batch"], found["made_kg"]) == (batch.path, made_kg)
        assert found["masses"] == MASSES | where
        assert found["difference_kg"] == 0


def test_a_lines_yield_is_told_for_a_span(client: TestClient) -> None:
    found = _get(client, "lines/line-01", **{"from": "2025-10-20T00:00:00+08:00"})
    assert (found["line"]["id"], found["runs"], found["in_kg"]) == ("line-01", 1, 1200.5)
    assert found["grades"] == [
        {"grade": "extra", "qty_kg": 900},
        {"grade": "first", "qty_kg": 200},
    ]
    assert (found["rejected_kg"], found["lost_kg"], found["difference_kg"]) == (90, 10.5, 0)
    assert found["yield_pct"] == pytest.approx(100 * 1100 / 1200.5, abs=1e-6)
    assert (found["since"], found["until"]) == ("2025-10-19T16:00:00.000Z", None)
    idle = _get(client, "lines/line-01", to="2025-10-20T00:00:00+08:00")
    assert (idle["runs"], idle["in_kg"], idle["yield_pct"]) == (0, 0, None)


def test_an_orchard_is_told_against_its_ceiling(client: TestClient) -> None:
    found = _get(client, "orchards/orchard-001", season="2025")
    assert _get(client, "orchards/orchard-001") == found, "the clock stands in 2025"
    assert (found["harvested_kg"], found["batches"]) == (855.5, 2)
    assert found["ceiling_kg"] == found["area_mu"] * found["yield_kg_mu"]
    assert found["left_kg"] == found["ceiling_kg"] - 855.5
    assert found["used_pct"] == pytest.approx(100 * 855.5 / found["ceiling_kg"], abs=1e-5)
    assert found["certified_area_mu"] is None


def test_a_seasons_sums_agree(client: TestClient) -> None:
    found = _get(client, "seasons/2025")
    assert found["harvested_kg"] == 1855.5
    assert sum(found["masses"].values()) == pytest.approx(1855.5, abs=1e-9)
    assert found["difference_kg"] == 0
    assert {each["orchard"]["id"]: each["harvested_kg"] for each in found["orchards"]} == {
        "orchard-001": 855.5,
        "orchard-003": 600,
        "orchard-005": 400,
    }
    assert [each["shipped_kg"] for each in found["destinations"]] == [900]
    by_variety = {each["variety"]: each["harvested_kg"] for each in found["varieties"]}
    assert by_variety == {"david-gala": 600, "winter-jujube": 1255.5}
    assert [each["code"] for each in found["findings"]] == ["never-seen-again"]
    assert "A%2F7%25Q%3F" in found["findings"][0]["subject"]
    assert _get(client, "seasons/2024")["harvested_kg"] == 0


def test_what_cant_be_answered_is_a_problem(client: TestClient) -> None:
    assert _refused(client, f"batches/{SUNNY.gtin}/NONE") == (404, "batch-not-found")
    assert _refused(client, "batches/09521321000019/X") == (422, "wrong-check-digit")
    for path in ("lines/line-99", "lines/room-0001", "orchards/line-01"):
        assert _refused(client, path) == (404, "asset-not-found")
    span = {"from": "2025-10-20T00:00:00Z", "to": "2025-10-19T00:00:00Z"}
    assert _refused(client, "lines/line-01", **span) == (422, "bad-span")
    assert _refused(client, "seasons/12") == (422, "bad-season")
    assert _refused(client, "orchards/orchard-001", season="99999") == (422, "bad-season")
    assert _refused(client, "seasons/last") == (422, "invalid-request")
    assert _refused(client, "seasons/2025", format="x") == (422, "unknown-parameter")


def test_a_harvest_beyond_the_ceiling_is_refused_with_the_figures(poster: TestClient) -> None:
    harvest = {
        "ts": "2025-10-02T08:00:00+08:00",
        "asset": "orchard-001",
        "qty_kg": 999_999,
    }
    for lot in ("A", "B"):
        body = {**harvest, "batch": f"01/09521321000018/10/{lot}"}
        assert poster.post("/v1/steps/harvest", json=body).status_code == 201
    body = {**harvest, "batch": "01/09521321000018/10/C"}
    answer = poster.post("/v1/steps/harvest", json=body)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/yield-exceeded")
    assert "1,999,998.0 kg" in answer.json()["detail"]
    assert "2,931,000.0 kg a season" in answer.json()["detail"]
    left = poster.get("/v1/balance/orchards/orchard-001?season=2025").json()["left_kg"]
    assert left == 2_931_000 - 1_999_998


# The command


@pytest.fixture
def command(
    small_park: Park, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """`agripark balance` on the story's database: its status and what it printed."""
    with told_story(small_park, tmp_path):
        pass

    def run(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        status = typer.main.get_command(app).main(
            [*words, "--data", str(tmp_path), "--scale", "0.01"],
            prog_name="agripark balance",
            standalone_mode=False,
        )
        return int(status or 0), capsys.readouterr().out

    return run


def test_the_command_shows_each_balance(command: Callable[..., tuple[int, str]]) -> None:
    for words, lines in (
        (("season", "2025"), ("harvested   1,855.500 kg", "destination-th  900.000 kg")),
        (("orchard", "orchard-001", "--season", "2025"), ("855.500 kg in 2 batches",)),
        (("line", "line-01"), ("1 runs, yield 91.6%", "lost      10.500 kg")),
        (("batch", EXPORT.path), ("shipped     900.000 kg", "missing     0.000 kg")),
    ):
        status, text = command(*words)
        assert status == 0, words
        for line in lines:
            assert line in text, text


def test_the_command_prints_what_the_api_answers(
    command: Callable[..., tuple[int, str]], client: TestClient
) -> None:
    for words, path in (
        (("season", "2025"), "seasons/2025"),
        (("orchard", "orchard-001", "--season", "2025"), "orchards/orchard-001?season=2025"),
        (("line", "line-01"), "lines/line-01"),
        (("batch", str(EXPORT)), f"batches/{EXPORT.gtin}/{EXPORT.lot}"),
    ):
        status, text = command(*words, "--json")
        printed, answered = json.loads(text), client.get(f"/v1/balance/{path}").json()
        # The command's clock doesn't stand still.
        printed.pop("findings", None)
        answered.pop("findings", None)
        assert (status, printed) == (0, answered)


def test_the_command_names_what_is_wrong(command: Callable[..., tuple[int, str]]) -> None:
    for words, error in (
        (("batch", "nonsense"), CommandError),
        (("batch", f"01/{SUNNY.gtin}/10/NONE"), NotFoundError),
        (("line", "line-01", "--from", "yesterday"), CommandError),
        (("orchard", "room-0001"), NotFoundError),
    ):
        with pytest.raises(error):
            command(*words)
