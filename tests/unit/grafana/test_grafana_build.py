"""Built dashboards and provisioning files: stable, complete, equal to what is committed."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from grafana.alerts import all_alerts, contact_point, rule_model
from grafana.build import GENERATED, build, generated_files
from grafana.dashboards import all_dashboards
from grafana.errors import BuildError, MissingTextError
from grafana.lint import differences
from grafana.provisioning import folder_uid
from grafana.queries import annotation_queries, panel_queries, panels, variable_queries
from grafana.texts import LANGUAGES, Language, Texts, read_texts
from park.telemetry import STORED_KINDS

# Alerts and links point at these numbers: a panel keeps its own for ever, and the number of a
# panel that went is never given again.
PANEL_IDS = {
    "overview": set(range(1, 13)),
    "cold-storage": {*range(1, 10), *range(20, 30), *range(101, 104)},
    "irrigation": {
        *range(1, 10),
        *range(20, 23),
        *range(30, 34),
        *range(40, 46),
        *range(50, 52),
        *range(60, 68),
        *range(70, 75),
        *range(80, 87),
        *range(101, 109),
    },
    "packhouse": {*range(1, 18), *range(20, 27), *range(101, 105)},
    "exports": {*range(1, 7), *range(10, 12), *range(20, 23), *range(101, 104)},
    "kpis": {*range(1, 8), *range(10, 12), *range(20, 22), *range(101, 104)},
    "alarms": {*range(1, 7), *range(10, 15), *range(20, 22), *range(101, 104)},
    "platform": {*range(1, 7), *range(10, 17), *range(20, 23), *range(101, 104)},
}


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
    cold = files[Path("dashboards/en/cold-storage.json")]
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


@pytest.mark.parametrize("kind", STORED_KINDS)
def test_every_field_of_a_kind_is_on_a_panel(kind: str) -> None:
    queries = [q.query for m in all_dashboards().values() for q in panel_queries(m)]
    queries += [q.query for m in all_dashboards().values() for q in annotation_queries(m)]
    text = "\n".join(query for query in queries if f'FROM "{kind}"' in query)
    assert [field for field in STORED_KINDS[kind].fields if f'"{field}"' not in text] == []


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
        "/d/agripark-cold-storage?${__url_time_range}&var-room=${__value.raw}"
        "&${centre:queryparam}&${agripark:queryparam}"
    )


def test_the_worst_rooms_come_first() -> None:
    table = next(p for p in panels(all_dashboards()["cold-storage"]) if p["id"] == 7)
    assert table["options"]["sortBy"] == [{"displayName": "Above set-point", "desc": True}]


def test_a_batch_leads_to_its_page() -> None:
    batches = next(p for p in panels(all_dashboards()["cold-storage"]) if p["id"] == 28)
    batch = next(
        o for o in batches["fieldConfig"]["overrides"] if o["matcher"]["options"] == "batch"
    )
    (links,) = (p["value"] for p in batch["properties"] if p["id"] == "links")
    assert links[0]["url"] == "${agripark:raw}/${__value.raw}"


def test_the_wall_has_no_choices_and_every_figure_leads_on() -> None:
    wall = all_dashboards()["overview"]
    assert not wall["templating"].get("list")
    uids = {model["uid"] for model in all_dashboards().values()}
    for tile in panels(wall):
        (link,) = tile["links"]
        assert link["url"].endswith("?${__url_time_range}")
        assert link["url"].removeprefix("/d/").partition("?")[0] in uids


@pytest.mark.parametrize("language", LANGUAGES)
def test_links_stay_within_the_language(language: Language) -> None:
    models = all_dashboards(language)
    text = "\n".join(json.dumps(model) for model in models.values())
    linked = set(re.findall(r"/d/([\w-]+)", text))
    assert linked <= {model["uid"] for model in models.values()}
    tags = {link["tags"][0] for model in models.values() for link in model["links"]}
    assert tags == {model["tags"][0] for model in models.values()}


def test_languages_differ_in_words_only() -> None:
    english, chinese = all_dashboards("en"), all_dashboards("zh")
    assert english.keys() == chinese.keys()
    for name, model in english.items():
        assert differences(model, chinese[name]) == []
        assert model["uid"] != chinese[name]["uid"]


def test_chinese_panels_are_in_chinese() -> None:
    """A title of a unit or standard may have no Chinese character; a description has some."""
    for model in all_dashboards("zh").values():
        for panel in panels(model):
            assert re.search(r"[\u4e00-\u9fff]", panel["description"]), panel["title"]


def test_a_difference_between_languages_is_found() -> None:
    english, chinese = all_dashboards("en")["kpis"], all_dashboards("zh")["kpis"]
    chinese["panels"][1]["gridPos"]["w"] = 1
    del chinese["panels"][2]
    gone = english["panels"][2]["id"]
    assert differences(english, chinese) == [
        f"panel {english['panels'][1]['id']} differs between languages",
        f"panel {gone} is in one language only",
    ]


def test_an_alarm_leads_to_its_device() -> None:
    actors = next(p for p in panels(all_dashboards()["alarms"]) if p["id"] == 20)
    device = actors["fieldConfig"]["overrides"][0]
    (links,) = (p["value"] for p in device["properties"] if p["id"] == "links")
    assert [link["title"] for link in links] == ["Room", "Block", "Line", "Reefer"]
    assert links[0]["url"].startswith("/d/agripark-cold-storage?${__url_time_range}&var-room=")


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
    third = files[Path("provisioning/datasources-influxdb-3/influxdb-3.yaml")]
    assert 'httpHeaderValue1: "Bearer $AGRIPARK_INFLUX_TOKEN"' in third
    assert "password" not in second


def test_only_one_data_source_lies_in_a_folder() -> None:
    """Two would share their uid, and Grafana would refuse to start."""
    folders = [path.parent for path in generated_files() if "datasources" in str(path)]
    assert len(folders) == len(set(folders)) == 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_files_name_the_folder_that_sync_uses(language: Language) -> None:
    suffix = "" if language == "en" else f"-{language}"
    files = generated_files()
    (provider,) = read_yaml(files[Path(f"provisioning/dashboards{suffix}/agripark.yaml")])[
        "providers"
    ]
    assert provider["folderUid"] == folder_uid(language)
    assert provider["options"] == {"path": f"$AGRIPARK_GRAFANA_DASHBOARDS/{language}"}
    (group,) = read_yaml(files[Path(f"provisioning/alerting{suffix}/agripark.yaml")])["groups"]
    assert group["folder"] == provider["folder"]


def read_yaml(text: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_alert_files_say_what_the_rules_say(language: Language) -> None:
    suffix = "" if language == "en" else f"-{language}"
    path = Path(f"provisioning/alerting{suffix}/agripark.yaml")
    content = read_yaml(generated_files()[path])
    (point,) = content["contactPoints"]
    assert point["receivers"][0]["settings"] == {"addresses": "$AGRIPARK_ALERT_EMAIL"}
    texts = read_texts(language)
    rules = {rule["uid"]: rule for rule in content["groups"][0]["rules"]}
    assert len(rules) == len(all_alerts())
    for alert in all_alerts():
        model, rule = rule_model(alert, texts, "f"), rules[alert.uid(language)]
        assert rule["data"] == model["data"]
        assert rule["notification_settings"]["receiver"] == point["name"]
        assert (rule["noDataState"], rule["execErrState"]) == ("KeepLast", "KeepLast")


def test_alerts_point_at_panels_that_exist() -> None:
    ids = {panel["id"] for panel in panels(all_dashboards()["platform"])}
    assert {alert.panel_id for alert in all_alerts()} <= ids


def test_alert_queries_use_no_variable_and_step_evenly() -> None:
    for alert in all_alerts():
        assert re.findall(r"\$\w+", alert.query) == ["$timeFilter"]
        assert "GROUP BY time(5m)" in alert.query


def test_an_alert_goes_to_an_address_of_either_sort() -> None:
    assert contact_point("a@example.org")["settings"] == {"addresses": "a@example.org"}
    web = contact_point("https://example.org/hook")
    assert (web["type"], web["settings"]) == ("webhook", {"url": "https://example.org/hook"})


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
    with pytest.raises(MissingTextError, match=r"fr\.toml"):
        read_texts("fr")  # type: ignore[arg-type] # that is the point


def test_no_wording_is_left_over() -> None:
    """Every panel section of the texts belongs to a panel."""
    texts = read_texts()
    for name, model in all_dashboards().items():
        sections = texts.entries[name.replace("-", "_")]["panels"]
        assert len(sections) == len(list(panels(model)))
    assert len(texts.entries["alerts"]) == len(all_alerts())


def test_all_languages_have_the_same_wordings() -> None:
    english, chinese = (keys(read_texts(language).entries) for language in ("en", "zh"))
    assert english == chinese


def keys(entries: dict[str, Any], path: str = "") -> set[str]:
    found = set()
    for name, entry in entries.items():
        found |= keys(entry, f"{path}.{name}") if isinstance(entry, dict) else {f"{path}.{name}"}
    return found


def test_the_docs_name_every_dashboard_and_setting() -> None:
    text = (Path(__file__).parents[3] / "docs" / "grafana.md").read_text(encoding="utf-8")
    assert all(f"`{model['uid']}`" in text for model in all_dashboards().values())
    files = generated_files()
    named = {name for each in files.values() for name in re.findall(r"\$(AGRIPARK_\w+)", each)}
    assert all(f"`{name}`" in text for name in named)
