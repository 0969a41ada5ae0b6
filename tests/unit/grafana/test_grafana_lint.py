"""The linter finds nothing in our dashboards, and finds each fault that is put into one."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from grafana.dashboards import all_dashboards
from grafana.lint import complaints
from grafana.texts import LANGUAGES, Language

MODELS = all_dashboards()


@pytest.mark.parametrize("name", sorted(MODELS))
@pytest.mark.parametrize("language", LANGUAGES)
def test_our_dashboards_keep_all_rules(language: Language, name: str) -> None:
    assert complaints(all_dashboards(language)[name]) == []


def panel(model: dict[str, Any]) -> dict[str, Any]:
    """The temperatures of a room."""
    found: dict[str, Any] = next(p for p in model["panels"] if p["id"] == 20)
    return found


def put(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """A fault: a value at a dotted path of the panel; None removes what is there."""

    def spoil(model: dict[str, Any]) -> None:
        *way, last = path.split(".")
        place: Any = panel(model)
        for step in way:
            place = place[int(step)] if step.isdigit() else place[step]
        if value is None:
            del place[last]
        else:
            place[last] = value

    return spoil


def query(text: str) -> Callable[[dict[str, Any]], None]:
    return put("targets.0.query", text)


def hide_link(model: dict[str, Any]) -> None:
    model["links"][0]["placement"] = "inControlsMenu"


def lengthen_uid(model: dict[str, Any]) -> None:
    model["uid"] = "a" * 41


def add_variable(model: dict[str, Any]) -> None:
    model["templating"]["list"].append({**model["templating"]["list"][0], "name": "unused"})


def repeat_target(model: dict[str, Any]) -> None:
    panel(model)["targets"] *= 2


def remove_text_of_marks(model: dict[str, Any]) -> None:
    del model["annotations"]["list"][1]["target"]["textColumn"]


def lengthen_marks(model: dict[str, Any]) -> None:
    target = model["annotations"]["list"][1]["target"]
    target["query"] = target["query"].replace("LIMIT 200", "LIMIT 20000")


def calculate_with_nothing(model: dict[str, Any]) -> None:
    place = {"uid": "__expr__", "type": "__expr__"}
    expression = {"datasource": place, "refId": "B", "type": "math", "expression": "$A / $X"}
    panel(model)["targets"].append(expression)


NESTED = (
    'SELECT sum("x") FROM (SELECT mean("x") FROM "k" WHERE $timeFilter {}) WHERE $timeFilter {}'
)

FAULTS: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "an id twice": (put("id", 21), "id 21 is used 2 times"),
    "no id": (put("id", 0), "has no fixed id"),
    "a title twice": (put("title", "Rooms reporting"), "is used 2 times"),
    "a long uid": (lengthen_uid, "its uid is missing"),
    "an overlap": (put("gridPos.w", 17), "overlap"),
    "beyond the grid": (put("gridPos.w", 25), "beyond the grid"),
    "no unit": (put("fieldConfig.defaults.unit", None), "has no unit"),
    "no description": (put("description", "Temperatures."), "has no description"),
    "data source by name": (put("datasource", {"uid": "InfluxDB"}), "our data source"),
    "a query elsewhere": (put("targets.0.datasource.uid", "x"), "our data source"),
    "legend off": (put("options.legend.showLegend", value=False), "hides its legend"),
    "too many points": (put("maxDataPoints", 5000), "doesn't limit its points"),
    "no interval": (put("interval", None), "has no least interval"),
    "no query": (put("targets", []), "has no query"),
    "a refId twice": (repeat_target, "uses a refId twice"),
    "built query": (put("targets.0.rawQuery", value=False), "isn't raw InfluxQL"),
    "no time filter": (query('SELECT last("x") FROM "cold_room"'), "without $timeFilter"),
    "fixed steps": (
        query('SELECT mean("x") FROM "k" WHERE $timeFilter GROUP BY time(1s)'),
        "groups by a time that isn't $__interval",
    ),
    "previous values inside": (
        query(NESTED.format('GROUP BY time($__interval), "asset" fill(previous)', "")),
        "fills a subquery",
    ),
    "other tags outside": (
        query(NESTED.format('GROUP BY "asset", "centre"', 'GROUP BY time($__interval), "centre"')),
        "groups outside by other tags",
    ),
    "unknown variable": (
        query('SELECT mean("x") FROM "k" WHERE $timeFilter AND "asset" = \'$chamber\''),
        "$chamber is no variable",
    ),
    "unused variable": (add_variable, "variable unused is used nowhere"),
    "series without end": (
        query('SELECT mean("x") FROM "k" WHERE $timeFilter GROUP BY time($__interval), "asset"'),
        "gives more than 100 series",
    ),
    "groups without end": (
        query('SELECT last("x") FROM "k" WHERE $timeFilter GROUP BY "asset"'),
        "gives more than 100 series",
    ),
    "too many series": (
        query('SELECT last("x") FROM "k" WHERE $timeFilter GROUP BY "asset" SLIMIT 1000'),
        "gives more than 100 series",
    ),
    "rows without end": (
        query('SELECT "x" FROM "k" WHERE $timeFilter ORDER BY time DESC'),
        "rows without a LIMIT",
    ),
    "marks without end": (lengthen_marks, "rows without a LIMIT"),
    "marks without words": (remove_text_of_marks, "say nothing"),
    "expression": (calculate_with_nothing, "calculates with X, which it lacks"),
    "hidden link": (hide_link, "is hidden in a menu"),
}


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_each_fault_is_found(fault: str) -> None:
    model = deepcopy(MODELS["cold-storage"])
    spoil, complaint = FAULTS[fault]
    spoil(model)
    assert any(complaint in found for found in complaints(model))


def test_grouping_by_the_same_tags_inside_and_outside_is_allowed() -> None:
    model = deepcopy(MODELS["cold-storage"])
    query(NESTED.format('GROUP BY "asset"', 'GROUP BY "asset" SLIMIT 100'))(model)
    assert complaints(model) == []
