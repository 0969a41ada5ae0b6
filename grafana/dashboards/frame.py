"""Puts panels, variables and links together to a dashboard in Grafana's classic JSON."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DashboardCursorSync,
    DashboardLinkType,
    GridPos,
    Panel,
    RowPanel,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from grafana.panels import DATASOURCE, row
from grafana.texts import Texts

UID_PREFIX = "agripark-"
TAG = "agripark"
_GRID_WIDTH = 24

# Of Grafana 10.4. What is written here means the same there and later, and newer versions
# migrate it by themselves; a higher number would tell version 10 to leave it alone.
_SCHEMA_VERSION = 39

_ANY = ".*"

# Grafana adds this entry to a dashboard that lacks it, which would then differ from ours.
_BUILT_IN_ANNOTATIONS = {
    "builtIn": 1,
    "datasource": {"type": "grafana", "uid": "-- Grafana --"},
    "enable": True,
    "hide": True,
    "iconColor": "rgba(0, 211, 255, 1)",
    "name": "Annotations & Alerts",
    "type": "dashboard",
}


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the top of a dashboard, filled by a query."""

    name: str
    query: str
    many: bool = False
    """Whether several values, or all, may be chosen at once; it starts with all."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Panels side by side, each with its width; the whole grid is 24 wide."""

    height: int
    panels: Sequence[tuple[Panel, int]]


@dataclass(frozen=True, slots=True)
class Heading:
    """A row's title across the grid."""

    panel_id: int
    key: str
    """Its title's name in the texts."""


def link_to(uid: str, *variables: str) -> str:
    """An address that opens a dashboard with the clicked value as that variable.

    Further variables keep the values that they have here.
    """
    chosen, *kept = variables
    parts = ["${__url_time_range}", f"var-{chosen}=${{__value.raw}}"]
    parts += [f"${{{name}:queryparam}}" for name in kept]
    return f"/d/{uid}?{'&'.join(parts)}"


def assemble(
    name: str,
    texts: Texts,
    variables: Sequence[Variable],
    parts: Sequence[Shelf | Heading],
    *,
    time_from: str,
) -> dict[str, Any]:
    """The dashboard `agripark-{name}` as JSON; `texts` are the language's."""
    words = texts.within(name.replace("-", "_"))
    builder = (
        builders.Dashboard(words["title"])
        .uid(UID_PREFIX + name)
        .description(words["description"])
        .tags([TAG])
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .time(time_from, "now")
        .refresh("1m")
        .link(_links(texts))
    )
    for variable in variables:
        builder.with_variable(_variable(variable, words.within("variables")[variable.name]))
    dashboard = builder.build()
    dashboard.panels = list(_placed(parts, words))
    return _classic_json(dashboard)


def _links(texts: Texts) -> builders.DashboardLink:
    return (
        builders.DashboardLink(texts["other_dashboards"])
        .type(DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .keep_time(True)  # noqa: FBT003 - the SDK's signature
        .include_vars(True)  # noqa: FBT003 - the SDK's signature
    )


def _variable(variable: Variable, label: str) -> builders.QueryVariable:
    builder = (
        builders.QueryVariable(variable.name)
        .label(label)
        .datasource(DATASOURCE)
        .query(variable.query)
        .definition(variable.query)
        .refresh(VariableRefresh.ON_DASHBOARD_LOAD)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )
    if variable.many:
        # A pattern for all: 1,576 names in an alternative would make a query of 20 kB.
        builder.multi(True).include_all(True).all_value(_ANY)  # noqa: FBT003 - the SDK's signature
        builder.current(VariableOption(selected=True, text=["All"], value=["$__all"]))
    return builder


def _placed(parts: Sequence[Shelf | Heading], words: Texts) -> Iterator[Panel | RowPanel]:
    """The panels from top to bottom, each at its place."""
    y = 0
    for part in parts:
        if isinstance(part, Heading):
            heading = row(part.panel_id, words.within("rows")[part.key]).build()
            heading.grid_pos = GridPos(h=1, w=_GRID_WIDTH, x=0, y=y)
            yield heading
            y += 1
            continue
        x = 0
        for panel, width in part.panels:
            panel.grid_pos = GridPos(h=part.height, w=width, x=x, y=y)
            yield panel
            x += width
        y += part.height


def _classic_json(dashboard: Dashboard) -> dict[str, Any]:
    model: dict[str, Any] = json.loads(json.dumps(dashboard, cls=JSONEncoder))
    model["schemaVersion"] = _SCHEMA_VERSION
    # The SDK puts every link into a menu of Grafana 12's that hides it.
    for link in model.get("links", []):
        link.pop("placement", None)
    model["annotations"] = {"list": [_BUILT_IN_ANNOTATIONS]}
    return model
