"""Makes panels: every panel gets a fixed id, our data source, a unit and words of advice.

Whoever adds a panel writes what to do when it looks bad: the `help` of its section in the texts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as dashboard_builders
from grafana_foundation_sdk.builders import stat, statetimeline, table, timeseries
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    DataSourceRef,
    GraphDrawStyle,
    LegendDisplayMode,
    LegendPlacement,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardFieldConfigSourceOverrides,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColor,
    FieldColorModeId,
    FieldConfigSource,
    MatcherConfig,
    Panel,
)

from grafana.columns import Column, plausible_range
from grafana.errors import BuildError
from grafana.influxql import DATASOURCE_TYPE, DATASOURCE_UID, InfluxQuery
from grafana.texts import Texts

DATASOURCE = DataSourceRef(DATASOURCE_TYPE, DATASOURCE_UID)

# Grafana rounds an interval down by half at most (up to about four years), so that this keeps
# every series under 1,500 points.
MAX_DATA_POINTS = 700

# Steps without a reading come back empty (`fill(null)`) and are spanned up to here: a longer gap
# must look like one.
_GAP_MS = 2 * 60 * 60 * 1000

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400


@dataclass(frozen=True, slots=True)
class PanelMaker:
    """Makes the panels of one dashboard, whose texts it knows."""

    texts: Texts
    """Of the whole language."""
    dashboard: str
    """Its section in the texts."""

    def time_series(
        self,
        panel_id: int,
        key: str,
        query: str,
        columns: Sequence[Column],
        *,
        by_asset: bool = False,
        every_s: int = MINUTE_S,
        style: Literal["lines", "bars"] = "lines",
    ) -> Panel:
        """Lines over time: one for each column, or one for each asset of the only column."""
        builder = timeseries.Panel().legend(_legend()).tooltip(_tooltip())
        builder.show_points(VisibilityMode.AUTO).span_nulls(_GAP_MS).line_width(1)
        if style == "bars":
            builder.draw_style(GraphDrawStyle.BARS).fill_opacity(60)
        alias = "$tag_asset" if by_asset else "$col"
        panel = self._finish(builder.build(), panel_id, key, columns, every_s)
        _config(panel).defaults.color = FieldColor(FieldColorModeId.PALETTE_CLASSIC)
        panel.targets = [InfluxQuery(query, alias=alias)]
        if by_asset:
            _only(columns, key)
        else:
            _config(panel).overrides = [_override(column) for column in columns]
        return panel

    def timeline(
        self,
        panel_id: int,
        key: str,
        query: str,
        columns: Sequence[Column],
        *,
        by_asset: bool = False,
        every_s: int = MINUTE_S,
    ) -> Panel:
        """Coloured bands over time, for states and switches."""
        builder = statetimeline.Panel().legend(_legend(calcs=())).tooltip(_tooltip())
        builder.span_nulls(_GAP_MS).merge_values(True)  # noqa: FBT003 - the SDK's signature
        alias = "$tag_asset" if by_asset else "$col"
        panel = self._finish(builder.build(), panel_id, key, columns, every_s)
        _config(panel).defaults.color = FieldColor(FieldColorModeId.THRESHOLDS)
        panel.targets = [InfluxQuery(query, alias=alias)]
        if by_asset:
            _config(panel).defaults.mappings = list(_only(columns, key).words)
        else:
            _config(panel).overrides = [_override(column) for column in columns]
        return panel

    def stat(
        self, panel_id: int, key: str, query: str, column: Column, *, time_from: str = ""
    ) -> Panel:
        """One large number; `time_from` narrows a relative time range, `now/d` to today."""
        builder = stat.Panel().graph_mode(BigValueGraphMode.NONE)
        builder.color_mode(BigValueColorMode.VALUE)
        builder.reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]))
        if time_from:
            builder.time_from(time_from)
        panel = self._finish(builder.build(), panel_id, key, (column,), MINUTE_S)
        defaults = _config(panel).defaults
        defaults.thresholds = column.thresholds()
        defaults.color = FieldColor(FieldColorModeId.THRESHOLDS)
        panel.targets = [InfluxQuery(query, alias=column.title)]
        return panel

    def table(
        self,
        panel_id: int,
        key: str,
        query: str,
        columns: Sequence[Column],
        *,
        descending: bool,
    ) -> Panel:
        """Rows sorted by the second column; the first is the asset."""
        sort = common_builders.TableSortByFieldState().display_name(columns[1].title)
        builder = table.Panel().sort_by([sort.desc(descending)])
        panel = self._finish(builder.build(), panel_id, key, columns[1:], MINUTE_S)
        panel.targets = [InfluxQuery(query, result_format="table")]
        _config(panel).overrides = [_override(column) for column in columns]
        # The time is the start of the range, and Grafana gives tags in any order.
        order = {column.name: place for place, column in enumerate(columns)}
        arrangement: Mapping[str, object] = {"excludeByName": {"Time": True}, "indexByName": order}
        panel.transformations = [DataTransformerConfig("organize", options=arrangement)]
        return panel

    def _finish(
        self, panel: Panel, panel_id: int, key: str, columns: Sequence[Column], every_s: int
    ) -> Panel:
        """What all panels have."""
        words = self.texts.within(self.dashboard).within("panels").within(key)
        range_note = plausible_range(self.texts, columns[0])
        panel.id_val = panel_id
        panel.title = words.get("title") or columns[0].title
        panel.description = "\n\n".join(filter(None, (words["help"], range_note)))
        panel.datasource = DATASOURCE
        panel.max_data_points = MAX_DATA_POINTS
        panel.interval = f"{every_s}s"
        defaults = _config(panel).defaults
        defaults.unit = columns[0].unit
        defaults.min_val, defaults.max_val = columns[0].low, columns[0].high
        return panel


def dashed(panel: Panel, column: Column) -> Panel:
    """The panel with the line of that column dashed, as a set-point is."""
    style = DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [10, 10]})
    config = _config(panel)
    for override in config.overrides:
        if override.matcher.options == column.name:
            override.properties.append(style)
    return panel


def row(panel_id: int, title: str) -> dashboard_builders.Row:
    """A heading across the dashboard."""
    return dashboard_builders.Row(title).id(panel_id)


def _config(panel: Panel) -> FieldConfigSource:
    if panel.field_config is None:
        panel.field_config = FieldConfigSource()
    return panel.field_config


def _override(column: Column) -> DashboardFieldConfigSourceOverrides:
    return DashboardFieldConfigSourceOverrides(
        matcher=MatcherConfig("byName", column.name), properties=column.properties()
    )


def _only(columns: Sequence[Column], key: str) -> Column:
    if len(columns) != 1:
        raise BuildError(f"panel {key}: series by asset show one column, not {len(columns)}")
    return columns[0]


def _legend(
    calcs: Sequence[str] = ("min", "max", "lastNotNull"),
) -> common_builders.VizLegendOptions:
    mode = LegendDisplayMode.TABLE if calcs else LegendDisplayMode.LIST
    return (
        common_builders.VizLegendOptions()
        .show_legend(True)  # noqa: FBT003 - the SDK's signature
        .display_mode(mode)
        .placement(LegendPlacement.BOTTOM)
        .calcs(list(calcs))
    )


def _tooltip() -> common_builders.VizTooltipOptions:
    return common_builders.VizTooltipOptions().mode(TooltipDisplayMode.MULTI)
