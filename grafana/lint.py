"""Rules that every dashboard keeps, checked on the built JSON.

1. Panel ids are whole numbers above 0 and unique; titles are unique; the uid fits Grafana.
2. Panels lie on the grid and never overlap.
3. A panel has a unit, a description long enough to say what to do, our data source by its uid,
   and a legend that shows where its kind has one.
4. A query is raw InfluxQL with `$timeFilter`; it groups by `$__interval` only, which with the
   panel's greatest number of points and least interval bounds its length; its groups are bounded
   by `SLIMIT` and its rows by `LIMIT`, `top` or `bottom`; it has neither of the two forms that
   InfluxDB 1.6 answers wrongly. The same for annotations.
5. An expression calculates with queries of its own panel.
6. Every variable is used, and nothing is used that isn't a variable.
7. In all languages a dashboard has the same panels, queries and places.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from grafana.influxql import INTERVAL, MOST_SERIES, TIME_FILTER
from grafana.panels import MAX_DATA_POINTS
from grafana.queries import annotations, panels
from grafana.targets import DATASOURCE_TYPE, DATASOURCE_UID, EXPRESSION_UID

_UID = re.compile(r"[A-Za-z0-9_-]{1,40}", re.ASCII)
_GRID_WIDTH = 24
_LEAST_DESCRIPTION = 60
"""Bytes: a Chinese character, which has three, says about as much as as many letters."""
_DATASOURCE = {"type": DATASOURCE_TYPE, "uid": DATASOURCE_UID}
_EXPRESSION = {"type": EXPRESSION_UID, "uid": EXPRESSION_UID}
_REFERENCE = re.compile(r"\b[A-Z]\b")
_MOST = {"SLIMIT": MOST_SERIES, "LIMIT": 200}

Panel = Mapping[str, Any]


def complaints(dashboard: Mapping[str, Any]) -> list[str]:
    """What a dashboard does against the rules; nothing where it is in order."""
    found = [*_identities(dashboard), *_overlaps(dashboard), *_variables(dashboard)]
    for panel in panels(dashboard):
        found += [f"panel {panel.get('id')}: {text}" for text in _panel(panel)]
    for marks in annotations(dashboard):
        found += [f"marks {marks['name']}: {text}" for text in _marks(marks)]
    return found


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Where the same dashboard in two languages differs in more than its words."""
    first = {panel["id"]: panel for panel in one["panels"]}
    second = {panel["id"]: panel for panel in other["panels"]}
    found = [f"panel {each} is in one language only" for each in first.keys() ^ second.keys()]
    found += [
        f"panel {number} differs between languages"
        for number in first.keys() & second.keys()
        if any(_bare(first[number], key) != _bare(second[number], key) for key in _SAME)
    ]
    return sorted(found)


_SAME = ("type", "gridPos", "targets", "interval", "maxDataPoints", "timeFrom")


def _bare(panel: Panel, key: str) -> Any:
    """A part of a panel, without the names that series get in a language."""
    if key != "targets":
        return panel.get(key)
    return [{k: v for k, v in target.items() if k != "alias"} for target in panel.get(key, [])]


def _identities(dashboard: Mapping[str, Any]) -> Iterator[str]:
    if not _UID.fullmatch(dashboard.get("uid", "")):
        yield "its uid is missing or isn't 1 to 40 letters, digits, - and _"
    for key in ("id", "title"):
        counts = Counter(panel.get(key) for panel in dashboard["panels"])
        yield from (f"{key} {value!r} is used {n} times" for value, n in counts.items() if n > 1)
    for panel in dashboard["panels"]:
        if not isinstance(panel.get("id"), int) or panel["id"] < 1:
            yield f"panel {panel.get('title')!r} has no fixed id"
    for holder in (dashboard, *dashboard["panels"]):
        for link in holder.get("links") or ():
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
    if len(panel.get("description", "").encode()) < _LEAST_DESCRIPTION:
        yield "has no description that says what to do"
    if panel.get("datasource") != _DATASOURCE:
        yield "doesn't name our data source by its uid"
    legend = panel.get("options", {}).get("legend")
    named_by_itself = panel["type"] == "bargauge"
    if legend is not None and not named_by_itself and not legend.get("showLegend"):
        yield "hides its legend"
    if not 0 < panel.get("maxDataPoints", 0) <= MAX_DATA_POINTS:
        yield f"doesn't limit its points to {MAX_DATA_POINTS}"
    if not panel.get("interval"):
        yield "has no least interval"
    yield from _targets(panel.get("targets", []))


def _targets(targets: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not targets:
        yield "has no query"
    known = {target.get("refId") for target in targets}
    if len(known) < len(targets):
        yield "uses a refId twice"
    for target in targets:
        if target.get("datasource") == _EXPRESSION:
            used = set(_REFERENCE.findall(target["expression"]))
            yield from (f"calculates with {name}, which it lacks" for name in used - known)
        else:
            yield from _target(target)


def _marks(marks: Mapping[str, Any]) -> Iterator[str]:
    target = marks.get("target", {})
    if marks.get("datasource") != _DATASOURCE:
        yield "don't name our data source by its uid"
    if not target.get("fromAnnotations") or not target.get("textColumn"):
        yield "say nothing"
    yield from _query(target.get("query", ""))


def _target(target: Mapping[str, Any]) -> Iterator[str]:
    query = target.get("query", "")
    if target.get("datasource") != _DATASOURCE:
        yield "has a query that doesn't name our data source by its uid"
    if target.get("rawQuery") is not True or target.get("resultFormat") not in {
        "table",
        "time_series",
    }:
        yield "has a query that isn't raw InfluxQL with a result format"
    yield from _query(query)


_TIME_GROUP = re.compile(r"\btime\(([^)]*)\)")
_GROUP = re.compile(r"GROUP BY ((?:(?:time\([^)]*\)|\"\w+\")(?:, )?)+)")


def _query(query: str) -> Iterator[str]:
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
    yield from _bounds(query)


_OUTER_GROUP = re.compile(r"\bGROUP BY [^()]*(?:time\([^)]*\)[^()]*)?(?:fill\(\w+\)[^()]*)?$")
_AGGREGATE = re.compile(r"^SELECT [^()]*\b(\w+)\(")
_LIMIT = re.compile(r" (S?LIMIT) (\d+)$")


def _bounds(query: str) -> Iterator[str]:
    limit = _LIMIT.search(query)
    bounded = limit is not None and int(limit[2]) <= _MOST[limit[1]]
    group = _OUTER_GROUP.search(query)
    if group is not None and '"' in group[0]:
        if not bounded or " SLIMIT " not in query:
            yield f"gives more than {MOST_SERIES} series"
    elif _AGGREGATE.match(query) is None and not bounded:
        yield "gives rows without a LIMIT"


_USED = re.compile(r"\$\{(\w+)(?:[:.][\w.]+)?\}|\$(\w+)", re.ASCII)
_BUILT_IN = re.compile(r"timeFilter|tag_asset|col|[A-Z]|__.*")


def _variables(dashboard: Mapping[str, Any]) -> Iterator[str]:
    variables = dashboard["templating"].get("list", [])
    known = {variable["name"] for variable in variables}
    for variable in variables:
        if variable["type"] == "query" and variable.get("datasource") != _DATASOURCE:
            yield f"variable {variable['name']} doesn't name our data source by its uid"
    texts = [variable["query"] for variable in variables]
    texts += [json.dumps(panel) for panel in panels(dashboard)]
    texts += [marks["target"]["query"] for marks in annotations(dashboard)]
    texts += [row["title"] for row in dashboard["panels"] if row["type"] == "row"]
    found = {a or b for text in texts for a, b in _USED.findall(text)}
    used = {name for name in found if not _BUILT_IN.fullmatch(name)}
    yield from (f"variable {name} is used nowhere" for name in sorted(known - used))
    yield from (f"${name} is no variable" for name in sorted(used - known))
