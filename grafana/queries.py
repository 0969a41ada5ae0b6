"""Takes every query out of built dashboards and fills it in as Grafana does.

With this a test, or `doctor`, can run each query of each panel against a database. InfluxDB
answers a misspelt name with an empty result, so whoever runs them must ask for rows.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from park.times import to_epoch_ms

Values = Mapping[str, str | Sequence[str]]
"""The chosen value of each variable; a list where several are chosen."""


@dataclass(frozen=True, slots=True)
class PanelQuery:
    """One query of one panel."""

    dashboard: str
    panel_id: int
    title: str
    ref_id: str
    query: str
    result_format: str
    max_data_points: int
    least_interval_ms: int
    time_from: str = ""
    """What narrows a relative time range, such as `1h` or `now/d`."""

    @property
    def name(self) -> str:
        """Dashboard, panel and query, to tell it from all others."""
        return f"{self.dashboard}/{self.panel_id}/{self.ref_id}"


@dataclass(frozen=True, slots=True)
class VariableQuery:
    """The query of one variable."""

    dashboard: str
    variable: str
    query: str
    many: bool
    all_value: str

    @property
    def name(self) -> str:
        """Dashboard and variable."""
        return f"{self.dashboard}/${self.variable}"


def panel_queries(dashboard: Mapping[str, Any]) -> list[PanelQuery]:
    """Every query of every panel, in the order of the dashboard."""
    return [
        PanelQuery(
            dashboard=dashboard["uid"],
            panel_id=panel["id"],
            title=panel["title"],
            ref_id=target["refId"],
            query=target["query"],
            result_format=target["resultFormat"],
            max_data_points=int(panel["maxDataPoints"]),
            least_interval_ms=_duration_ms(panel["interval"]),
            time_from=panel.get("timeFrom") or "",
        )
        for panel in panels(dashboard)
        for target in panel["targets"]
        if "query" in target
    ]


def annotations(dashboard: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What the dashboard marks on its time axes, without what Grafana marks by itself."""
    return [each for each in dashboard["annotations"]["list"] if not each.get("builtIn")]


def annotation_queries(dashboard: Mapping[str, Any]) -> list[PanelQuery]:
    """Every query of its marks; the panel's number is 0."""
    return [
        PanelQuery(
            dashboard=dashboard["uid"],
            panel_id=0,
            title=marks["name"],
            ref_id=marks["name"],
            query=marks["target"]["query"],
            result_format="table",
            max_data_points=100,
            least_interval_ms=1000,
        )
        for marks in annotations(dashboard)
    ]


def settings(dashboard: Mapping[str, Any]) -> dict[str, str]:
    """What people may type in, with what stands there at first."""
    return {
        variable["name"]: variable["query"]
        for variable in dashboard["templating"].get("list", [])
        if variable["type"] == "textbox"
    }


def panels(dashboard: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every panel that shows data, rows opened."""
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            yield from panel.get("panels", [])
        else:
            yield panel


def variable_queries(dashboard: Mapping[str, Any]) -> list[VariableQuery]:
    """The query of every variable, in the order in which Grafana fills them."""
    return [
        VariableQuery(
            dashboard=dashboard["uid"],
            variable=variable["name"],
            query=variable["query"],
            many=variable.get("multi", False),
            all_value=variable.get("allValue", ""),
        )
        for variable in dashboard["templating"].get("list", [])
        if variable["type"] == "query"
    ]


def filled(query: PanelQuery, values: Values, first: datetime, last: datetime) -> str:
    """The query as InfluxDB gets it for that time range."""
    start, end = to_epoch_ms(first), to_epoch_ms(last)
    step_ms = interval_ms(end - start, query.max_data_points, query.least_interval_ms)
    text = with_variables(query.query, values)
    # The order of Grafana's back end.
    text = text.replace("$timeFilter", f"time >= {start}ms and time <= {end}ms")
    text = text.replace("$__interval_ms", str(step_ms))
    return text.replace("$__interval", _influx_duration(step_ms))


_VARIABLE = re.compile(r"\$\{(?P<braced>\w+)(?::\w+)?\}|\$(?P<plain>\w+)", re.ASCII)


def with_variables(query: str, values: Values) -> str:
    """The query with dashboard variables filled in; what isn't one of them is left alone."""

    def value_of(match: re.Match[str]) -> str:
        value = values.get(match["braced"] or match["plain"])
        if value is None:
            return match[0]
        if isinstance(value, str):
            return value
        # Several values become alternatives of a pattern.
        return f"({'|'.join(_escaped(item) for item in value)})"

    return _VARIABLE.sub(value_of, query)


def _escaped(text: str) -> str:
    return re.sub(r"[\\^$*+?.()|[\]{}/]", r"\\\g<0>", text)


_SECOND, _MINUTE, _HOUR, _DAY = 1000, 60_000, 3_600_000, 86_400_000
# Grafana's roundInterval: below the first figure, the second is taken.
_STEPS_MS = (
    (15, 10),
    (35, 20),
    (75, 50),
    (150, 100),
    (350, 200),
    (750, 500),
    (1_500, _SECOND),
    (3_500, 2 * _SECOND),
    (7_500, 5 * _SECOND),
    (12_500, 10 * _SECOND),
    (17_500, 15 * _SECOND),
    (25_000, 20 * _SECOND),
    (45_000, 30 * _SECOND),
    (90_000, _MINUTE),
    (210_000, 2 * _MINUTE),
    (450_000, 5 * _MINUTE),
    (750_000, 10 * _MINUTE),
    (1_050_000, 15 * _MINUTE),
    (1_500_000, 20 * _MINUTE),
    (2_700_000, 30 * _MINUTE),
    (5_400_000, _HOUR),
    (9_000_000, 2 * _HOUR),
    (16_200_000, 3 * _HOUR),
    (32_400_000, 6 * _HOUR),
    (_DAY, 12 * _HOUR),
    (7 * _DAY, _DAY),
    (21 * _DAY, 7 * _DAY),
    (42 * _DAY, 30 * _DAY),
)


def interval_ms(range_ms: int, max_data_points: int, least_ms: int) -> int:
    """The step that Grafana chooses for `$__interval`."""
    exact = range_ms / max_data_points
    rounded = next((step for limit, step in _STEPS_MS if exact < limit), 365 * _DAY)
    return max(rounded, least_ms)


_UNITS_MS = {"ms": 1, "s": _SECOND, "m": _MINUTE, "h": _HOUR, "d": _DAY}


def _duration_ms(text: str) -> int:
    match = re.fullmatch(r"(\d+)(ms|s|m|h|d)", text)
    if match is None:
        raise ValueError(f"{text!r} is no duration of Grafana's")
    return int(match[1]) * _UNITS_MS[match[2]]


def _influx_duration(milliseconds: int) -> str:
    """The largest whole unit, as Grafana writes it."""
    for unit in ("d", "h", "m", "s"):
        if milliseconds % _UNITS_MS[unit] == 0:
            return f"{milliseconds // _UNITS_MS[unit]}{unit}"
    return f"{milliseconds}ms"
