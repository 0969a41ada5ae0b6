"""Rules that every dashboard keeps, checked on the built JSON.

1. Panel ids are whole numbers above 0 and unique; titles are unique; the uid fits Grafana.
2. Panels lie on the grid and never overlap.
3. A panel has a unit, a description long enough to say what to do, our data source by its uid,
   and a legend that shows where its kind has one.
4. A query is raw InfluxQL with `$timeFilter`; it groups by `$__interval` only, which with the
   panel's greatest number of points and least interval bounds its length; it has neither of the
   two forms that InfluxDB 1.6 answers wrongly.
5. Every variable is used, and nothing is used that isn't a variable.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from grafana.influxql import DATASOURCE_TYPE, DATASOURCE_UID, INTERVAL, TIME_FILTER
from grafana.panels import MAX_DATA_POINTS
from grafana.queries import panels

_UID = re.compile(r"[A-Za-z0-9_-]{1,40}", re.ASCII)
_GRID_WIDTH = 24
_LEAST_DESCRIPTION = 60
_DATASOURCE = {"type": DATASOURCE_TYPE, "uid": DATASOURCE_UID}

Panel = Mapping[str, Any]


def complaints(dashboard: Mapping[str, Any]) -> list[str]:
    """What a dashboard does against the rules; nothing where it is in order."""
    found = [*_identities(dashboard), *_overlaps(dashboard), *_variables(dashboard)]
    for panel in panels(dashboard):
        found += [f"panel {panel.get('id')}: {text}" for text in _panel(panel)]
    return found


def _identities(dashboard: Mapping[str, Any]) -> Iterator[str]:
    if not _UID.fullmatch(dashboard.get("uid", "")):
        yield "its uid is missing or isn't 1 to 40 letters, digits, - and _"
    for key in ("id", "title"):
        counts = Counter(panel.get(key) for panel in dashboard["panels"])
        yield from (f"{key} {value!r} is used {n} times" for value, n in counts.items() if n > 1)
    for panel in dashboard["panels"]:
        if not isinstance(panel.get("id"), int) or panel["id"] < 1:
            yield f"panel {panel.get('title')!r} has no fixed id"
    for link in dashboard.get("links", []):
        if "placement" in link:
            yield f"link {link['title']!r} is hidden in a menu"


def _overlaps(dashboard: Mapping[str, Any]) -> Iterator[str]:
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        if place["x"] < 0 or place["x"] + place["w"] > _GRID_WIDTH:
            yield f"panel {panel['id']} reaches beyond the grid"
    for one, other in combinations(dashboard["panels"], 2):
        if _touch(one["gridPos"], other["gridPos"]):
            yield f"panels {one['id']} and {other['id']} overlap"


def _touch(a: Mapping[str, int], b: Mapping[str, int]) -> bool:
    beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
    apart = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
    return not (beside or apart)


def _panel(panel: Panel) -> Iterator[str]:
    if not panel.get("fieldConfig", {}).get("defaults", {}).get("unit"):
        yield "has no unit"
    if len(panel.get("description", "")) < _LEAST_DESCRIPTION:
        yield "has no description that says what to do"
    if panel.get("datasource") != _DATASOURCE:
        yield "doesn't name our data source by its uid"
    legend = panel.get("options", {}).get("legend")
    if legend is not None and not legend.get("showLegend"):
        yield "hides its legend"
    if not 0 < panel.get("maxDataPoints", 0) <= MAX_DATA_POINTS:
        yield f"doesn't limit its points to {MAX_DATA_POINTS}"
    if not panel.get("interval"):
        yield "has no least interval"
    targets = panel.get("targets", [])
    if not targets:
        yield "has no query"
    if len({target.get("refId") for target in targets}) < len(targets):
        yield "uses a refId twice"
    for target in targets:
        yield from _target(target)


_TIME_GROUP = re.compile(r"\btime\(([^)]*)\)")
_GROUP = re.compile(r"GROUP BY ((?:(?:time\([^)]*\)|\"\w+\")(?:, )?)+)")


def _target(target: Mapping[str, Any]) -> Iterator[str]:
    query = target.get("query", "")
    if target.get("datasource") != _DATASOURCE:
        yield "has a query that doesn't name our data source by its uid"
    if target.get("rawQuery") is not True or target.get("resultFormat") not in {
        "table",
        "time_series",
    }:
        yield "has a query that isn't raw InfluxQL with a result format"
    if TIME_FILTER not in query:
        yield f"has a query without {TIME_FILTER}"
    if any(step != INTERVAL for step in _TIME_GROUP.findall(query)):
        yield f"groups by a time that isn't {INTERVAL}"
    if "(SELECT" in query and "fill(previous)" in query:
        yield "fills a subquery with previous values, which InfluxDB 1.6 sums up wrongly"
    groups = [set(re.findall(r'"(\w+)"', group)) for group in _GROUP.findall(query)]
    *inner, outer = groups or [set()]
    if outer and any(tags != outer for tags in inner):
        yield "groups outside by other tags than inside, which InfluxDB 1.6 answers wrongly"


_USED = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)", re.ASCII)
_BUILT_IN = {"timeFilter", "__interval", "__interval_ms"}


def _variables(dashboard: Mapping[str, Any]) -> Iterator[str]:
    variables = dashboard["templating"].get("list", [])
    known = {variable["name"] for variable in variables}
    for variable in variables:
        if variable.get("datasource") != _DATASOURCE:
            yield f"variable {variable['name']} doesn't name our data source by its uid"
    texts = [variable["query"] for variable in variables]
    texts += [target["query"] for panel in panels(dashboard) for target in panel["targets"]]
    used = {a or b for text in texts for a, b in _USED.findall(text)} - _BUILT_IN
    yield from (f"variable {name} is used nowhere" for name in sorted(known - used))
    yield from (f"${name} is no variable" for name in sorted(used - known))
