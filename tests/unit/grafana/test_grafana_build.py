"""Built dashboards and provisioning files: stable, complete, equal to what is committed."""

import re
from pathlib import Path

import pytest

from grafana.build import GENERATED, build, generated_files
from grafana.dashboards import all_dashboards
from grafana.errors import BuildError, MissingTextError
from grafana.queries import panel_queries, panels, variable_queries
from grafana.texts import Texts, read_texts
from park.telemetry import KINDS

# Alerts and links point at these numbers: a panel keeps its own for ever, and the number of a
# panel that went is never given again.
PANEL_IDS = {
    "cold-storage": {
        *(1, 2, 3, 4, 5, 6, 7, 8),
        *(20, 21, 22, 23, 24, 25, 26),
        *(101, 102),
    },
    "irrigation": {
        *(1, 2, 3, 4, 5, 6),
        *(20, 21, 22),
        *(30, 31, 32, 33),
        *(40, 41, 42, 43, 44, 45),
        *(50, 51),
        *(101, 102, 103, 104, 105),
    },
    "packhouse": {
        *(1, 2, 3, 4, 5, 6, 7, 8, 9),
        *(20, 21, 22, 23, 24, 25, 26),
        *(101, 102),
    },
}

# The other kinds get dashboards with the next set; no simulator sends them before.
SHOWN_KINDS = ("cold_room", "irrigation_block", "soil", "weather", "sorting_line", "sorting_lane")


def test_rebuilt_files_equal_the_committed_ones(tmp_path: Path) -> None:
    written = {path.relative_to(tmp_path): path.read_bytes() for path in build(tmp_path)}
    committed = {
        path.relative_to(GENERATED): path.read_bytes()
        for path in GENERATED.rglob("*")
        if path.is_file()
    }
    assert written.keys() == committed.keys(), "run `agripark grafana build` and commit"
    changed = [str(path) for path in written if written[path] != committed[path]]
    assert not changed, "run `agripark grafana build` and commit"


def test_files_end_with_one_newline_and_dashboards_are_sorted() -> None:
    files = generated_files()
    assert all(text.endswith("\n") and not text.endswith("\n\n") for text in files.values())
    cold = files[Path("dashboards/cold-storage.json")]
    top_level = re.findall(r'^  "(\w+)":', cold, re.MULTILINE)
    assert top_level == sorted(top_level)


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BuildError, match="can't write"):
        build(tmp_path / "file")


@pytest.mark.parametrize("name", sorted(PANEL_IDS))
def test_panel_ids_never_change(name: str) -> None:
    assert {panel["id"] for panel in all_dashboards()[name]["panels"]} == PANEL_IDS[name]


def test_every_dashboard_has_its_ids_written_down() -> None:
    assert all_dashboards().keys() == PANEL_IDS.keys()


@pytest.mark.parametrize("kind", SHOWN_KINDS)
def test_every_field_of_a_shown_kind_is_on_a_panel(kind: str) -> None:
    queries = [q.query for m in all_dashboards().values() for q in panel_queries(m)]
    text = "\n".join(query for query in queries if f'FROM "{kind}"' in query)
    assert [field for field in KINDS[kind].fields if f'"{field}"' not in text] == []


def test_every_panel_has_advice_of_its_own() -> None:
    descriptions = [p["description"] for m in all_dashboards().values() for p in panels(m)]
    assert len(set(descriptions)) == len(descriptions)


def test_a_measured_panel_names_the_plausible_range_of_its_sensor() -> None:
    panel = next(p for p in panels(all_dashboards()["cold-storage"]) if p["id"] == 20)
    assert "A working sensor reads -40 to 60 °C" in panel["description"]


def test_the_worst_room_leads_to_its_panels_with_time_and_centre_kept() -> None:
    table = next(p for p in panels(all_dashboards()["cold-storage"]) if p["id"] == 7)
    room = next(o for o in table["fieldConfig"]["overrides"] if o["matcher"]["options"] == "asset")
    (links,) = (p["value"] for p in room["properties"] if p["id"] == "links")
    assert links[0]["url"] == (
        "/d/agripark-cold-storage?${__url_time_range}&var-room=${__value.raw}&${centre:queryparam}"
    )


def test_the_worst_rooms_come_first() -> None:
    table = next(p for p in panels(all_dashboards()["cold-storage"]) if p["id"] == 7)
    assert table["options"]["sortBy"] == [{"displayName": "Above set-point", "desc": True}]


def test_rooms_are_offered_for_the_chosen_centres_only() -> None:
    centre, room = variable_queries(all_dashboards()["cold-storage"])
    assert (centre.many, room.many) == (True, False)
    assert "/^$centre$/" in room.query


def test_files_hold_names_of_settings_and_no_secret() -> None:
    files = generated_files()
    first = files[Path("provisioning/datasources/influxdb-1.yaml")]
    second = files[Path("provisioning/datasources-influxdb-2/influxdb-2.yaml")]
    assert 'url: "$AGRIPARK_INFLUX_URL"' in first
    assert 'password: "$AGRIPARK_INFLUX_PASSWORD"' in first
    assert "Authorization" not in first
    assert 'httpHeaderName1: "Authorization"' in second
    assert 'httpHeaderValue1: "Token $AGRIPARK_INFLUX_TOKEN"' in second
    assert "password" not in second


def test_only_one_data_source_lies_in_a_folder() -> None:
    """Two would share their uid, and Grafana would refuse to start."""
    folders = [path.parent for path in generated_files() if "datasources" in str(path)]
    assert len(folders) == len(set(folders)) == 2


def test_the_dashboard_provider_names_the_folder_that_sync_uses() -> None:
    text = generated_files()[Path("provisioning/dashboards/agripark.yaml")]
    assert 'folderUid: "agripark"' in text
    assert text.splitlines()[-8:][0].startswith("    disableDeletion")


def test_a_missing_wording_is_named_with_its_file() -> None:
    texts = Texts("en", "", {"cold_storage": {"title": " "}})
    with pytest.raises(MissingTextError, match=r"en\.toml lacks cold_storage\.rows"):
        texts.within("cold_storage").within("rows")
    with pytest.raises(MissingTextError, match=r"cold_storage\.title"):
        _ = texts.within("cold_storage")["title"]
    with pytest.raises(MissingTextError, match="cold_storage"):
        _ = texts["cold_storage"]
    with pytest.raises(MissingTextError, match=r"cold_storage\.title"):
        texts.within("cold_storage").within("title")


def test_a_language_without_a_file_is_named() -> None:
    with pytest.raises(MissingTextError, match=r"zh\.toml"):
        read_texts("zh")


def test_no_wording_is_left_over() -> None:
    """Every panel section of the texts belongs to a panel."""
    texts = read_texts()
    for name, model in all_dashboards().items():
        sections = texts.entries[name.replace("-", "_")]["panels"]
        assert len(sections) == len(list(panels(model)))
