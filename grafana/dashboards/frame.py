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
from grafana.targets import DATASOURCE_TYPE, DATASOURCE_UID, AnnotationQuery
from grafana.texts import Language, Texts

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
class Setting:
    """A figure or address that people type in at the top of a dashboard."""

    name: str
    default: str


@dataclass(frozen=True, slots=True)
class Marks:
    """What a dashboard marks on its time axes."""

    key: str
    """Its title's name in the texts."""
    query: str
    text_column: str
    tag_columns: Sequence[str]
    colour: str


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


def uid_of(name: str, language: Language) -> str:
    """The uid of a dashboard: `agripark-{name}`, other languages than English with a suffix."""
    return f"agripark-{name}" if language == "en" else f"agripark-{name}-{language}"


def tag_of(language: Language) -> str:
    """The tag that the dashboards of a language share."""
    return TAG if language == "en" else f"{TAG}-{language}"


def link_to(texts: Texts, name: str, variable: str = "", *kept: str) -> str:
    """An address that opens a dashboard at the same time range.

    `variable` gets the clicked value; the `kept` ones keep the values that they have here.
    """
    parts = ["${__url_time_range}"]
    if variable:
        parts.append(f"var-{variable}=${{__value.raw}}")
    parts += [f"${{{each}:queryparam}}" for each in kept]
    return f"/d/{uid_of(name, texts.language)}?{'&'.join(parts)}"


_WHERE_DEVICES_ARE = (
    ("room", "cold-storage", "room"),
    ("block", "irrigation", "block"),
    ("line", "packhouse", "line"),
    ("reefer", "exports", "reefer"),
)
"""Kind of device in the texts, its dashboard, and that dashboard's variable."""


def device_links(texts: Texts) -> tuple[tuple[str, str], ...]:
    """Where a device of unknown kind may be looked at; the person who clicks knows which."""
    titles = texts.within("columns")
    return tuple(
        (titles[kind], link_to(texts, dashboard, variable))
        for kind, dashboard, variable in _WHERE_DEVICES_ARE
    )


PAGES = Setting("agripark", "http://localhost:8000")
"""Where people reach agripark's own pages."""
BATCH_PAGE = "${agripark:raw}/${__value.raw}"
"""The page of the batch that was clicked; its value is the path of its Digital Link."""


def assemble(
    name: str,
    texts: Texts,
    variables: Sequence[Variable | Setting],
    parts: Sequence[Shelf | Heading],
    *,
    time_from: str,
    marks: Sequence[Marks] = (),
) -> dict[str, Any]:
    """The dashboard of that name as JSON; `texts` are the language's."""
    words = texts.within(name.replace("-", "_"))
    builder = (
        builders.Dashboard(words["title"])
        .uid(uid_of(name, texts.language))
        .description(words["description"])
        .tags([tag_of(texts.language)])
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .time(time_from, "now")
        .refresh("1m")
        .link(_links(texts))
    )
    for variable in variables:
        label = words.within("variables")[variable.name]
        if isinstance(variable, Setting):
            box = builders.TextBoxVariable(variable.name).label(label)
            builder.with_variable(box.default_value(variable.default))
        else:
            builder.with_variable(_variable(variable, label))
    dashboard = builder.build()
    dashboard.panels = list(_placed(parts, words))
    return _classic_json(dashboard, [_annotation(each, texts) for each in marks])


def _links(texts: Texts) -> builders.DashboardLink:
    return (
        builders.DashboardLink(texts["other_dashboards"])
        .type(DashboardLinkType.DASHBOARDS)
        .tags([tag_of(texts.language)])
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


def _annotation(marks: Marks, texts: Texts) -> dict[str, Any]:
    title = texts.within("marks")[marks.key]
    target = AnnotationQuery(title, marks.query, marks.text_column, marks.tag_columns)
    return {
        "datasource": {"type": DATASOURCE_TYPE, "uid": DATASOURCE_UID},
        "enable": True,
        "hide": False,
        "iconColor": marks.colour,
        "name": title,
        "target": target.to_json(),
    }


def _classic_json(dashboard: Dashboard, annotations: Sequence[dict[str, Any]]) -> dict[str, Any]:
    model: dict[str, Any] = json.loads(json.dumps(dashboard, cls=JSONEncoder))
    model["schemaVersion"] = _SCHEMA_VERSION
    # The SDK puts every link into a menu of Grafana 12's that hides it.
    for holder in (model, *model["panels"]):
        for link in holder.get("links") or ():
            link.pop("placement", None)
    model["annotations"] = {"list": [_BUILT_IN_ANNOTATIONS, *annotations]}
    return model
