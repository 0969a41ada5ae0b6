"""Makes panels: every panel gets a fixed id, our data source, a unit and words of advice.

Whoever adds a panel writes what to do when it looks bad: the `help` of its section in the texts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from grafana_foundation_sdk.builders import (
    bargauge,
    geomap,
    piechart,
    statetimeline,
    timeseries,
)
from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as dashboard_builders
from grafana_foundation_sdk.builders import (
    stat as sdk_stat,
)
from grafana_foundation_sdk.builders import (
    table as sdk_table,
)
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    DataSourceRef,
    FrameGeometrySourceMode,
    GraphDrawStyle,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardLink,
    DashboardLinkType,
    DataTransformerConfig,
    FieldColor,
    FieldColorModeId,
    Panel,
)
from grafana_foundation_sdk.models.geomap import TooltipMode
from grafana_foundation_sdk.models.piechart import PieChartLegendValues

from grafana.columns import GREY, Column, moment, plausible_range
from grafana.errors import BuildError
from grafana.overrides import config_of, override
from grafana.targets import DATASOURCE_TYPE, DATASOURCE_UID, InfluxQuery, Ratio
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
        query: str | Ratio,
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
        config_of(panel).defaults.color = FieldColor(FieldColorModeId.PALETTE_CLASSIC)
        if isinstance(query, Ratio):
            panel.targets = list(query.over_time())
            config_of(panel).defaults.display_name = _only(columns, key).title
            return panel
        panel.targets = [InfluxQuery(query, alias=alias)]
        if by_asset:
            _only(columns, key)
        else:
            config_of(panel).overrides = [override(column) for column in columns]
        return panel

    def counts(
        self, panel_id: int, key: str, queries: Sequence[tuple[str, Column]], *, every_s: int
    ) -> Panel:
        """Bars upon each other, one colour for each query."""
        builder = timeseries.Panel().legend(_legend(calcs=("sum",))).tooltip(_tooltip())
        builder.draw_style(GraphDrawStyle.BARS).fill_opacity(70)
        builder.stacking(common_builders.StackingConfig().mode(StackingMode.NORMAL))
        columns = [column for _, column in queries]
        panel = self._finish(builder.build(), panel_id, key, columns, every_s)
        panel.targets = [
            InfluxQuery(query, alias=column.name, ref_id=chr(ord("A") + place))
            for place, (query, column) in enumerate(queries)
        ]
        config_of(panel).overrides = [override(column) for column in columns]
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
        config_of(panel).defaults.color = FieldColor(FieldColorModeId.THRESHOLDS)
        panel.targets = [InfluxQuery(query, alias=alias)]
        if by_asset:
            config_of(panel).defaults.mappings = list(_only(columns, key).words)
        else:
            config_of(panel).overrides = [override(column) for column in columns]
        return panel

    def stat(
        self,
        panel_id: int,
        key: str,
        query: str | Ratio,
        column: Column,
        *,
        time_from: str = "",
        link: str = "",
    ) -> Panel:
        """One large number; `time_from` narrows a relative time range, `now/d` to today."""
        builder = sdk_stat.Panel().graph_mode(BigValueGraphMode.NONE)
        builder.color_mode(BigValueColorMode.VALUE)
        panel = self._number(builder, panel_id, key, query, column, time_from)
        panel.links = _links(panel, link)
        return panel

    def tile(
        self,
        panel_id: int,
        key: str,
        query: str,
        column: Column,
        *,
        time_from: str = "",
        link: str = "",
    ) -> Panel:
        """A number for the wall, in colour and with its name as large as five metres want."""
        builder = sdk_stat.Panel().graph_mode(BigValueGraphMode.NONE)
        builder.color_mode(BigValueColorMode.BACKGROUND).text_mode(BigValueTextMode.VALUE_AND_NAME)
        builder.text(common_builders.VizTextDisplayOptions().title_size(30).value_size(84))
        panel = self._number(builder, panel_id, key, query, column, time_from)
        panel.links = _links(panel, link)
        config_of(panel).defaults.display_name = panel.title
        return panel

    def _number(
        self,
        builder: sdk_stat.Panel,
        panel_id: int,
        key: str,
        query: str | Ratio,
        column: Column,
        time_from: str,
    ) -> Panel:
        builder.reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]))
        if time_from:
            builder.time_from(time_from)
        panel = self._finish(builder.build(), panel_id, key, (column,), MINUTE_S)
        defaults = config_of(panel).defaults
        defaults.thresholds = column.thresholds()
        defaults.color = FieldColor(FieldColorModeId.THRESHOLDS)
        if column.decimals is not None:
            defaults.decimals = column.decimals
        panel.targets = (
            [*query.once()]
            if isinstance(query, Ratio)
            else [InfluxQuery(query, alias=column.title)]
        )
        return panel

    def shares(self, panel_id: int, key: str, query: str, column: Column) -> Panel:
        """A pie of the only column's sum for each asset."""
        builder = piechart.Panel().tooltip(_tooltip())
        legend = piechart.PieChartLegendOptions().show_legend(True)  # noqa: FBT003 - the SDK's signature
        legend.display_mode(LegendDisplayMode.TABLE).placement(LegendPlacement.RIGHT)
        builder.legend(legend.values([PieChartLegendValues.VALUE, PieChartLegendValues.PERCENT]))
        builder.reduce_options(common_builders.ReduceDataOptions().calcs(["sum"]))
        panel = self._finish(builder.build(), panel_id, key, (column,), MINUTE_S)
        config_of(panel).defaults.color = FieldColor(FieldColorModeId.PALETTE_CLASSIC)
        panel.targets = [InfluxQuery(query, alias="$tag_asset")]
        return panel

    def bars(self, panel_id: int, key: str, query: str | Ratio, column: Column) -> Panel:
        """A bar for each asset of the only column."""
        builder = bargauge.Panel().display_mode(BarGaugeDisplayMode.BASIC)
        builder.orientation(VizOrientation.HORIZONTAL)
        builder.reduce_options(common_builders.ReduceDataOptions().calcs(["sum"]))
        panel = self._finish(builder.build(), panel_id, key, (column,), MINUTE_S)
        defaults = config_of(panel).defaults
        defaults.color = FieldColor(FieldColorModeId.THRESHOLDS)
        defaults.thresholds = column.thresholds()
        defaults.min_val = 0
        if isinstance(query, Ratio):
            panel.targets = list(query.once())
            defaults.display_name = "${__field.labels.asset}"
        else:
            panel.targets = [InfluxQuery(query, alias="$tag_asset")]
        return panel

    def map(
        self,
        panel_id: int,
        key: str,
        query: str,
        columns: Sequence[Column],
        places: tuple[str, str],
    ) -> Panel:
        """Marks on outlines of countries, coloured by the second column.

        The outlines lie in Grafana itself: a map of tiles would ask another host.
        """
        latitude, longitude = places
        outlines = common_builders.MapLayerOptions().type("geojson").name("countries")
        grey = {"color": {"fixed": GREY}, "opacity": 0.3}
        outlines.config({"src": "public/maps/countries.geojson", "style": grey})
        style = {
            "color": {"field": columns[1].name, "fixed": "dark-green"},
            "opacity": 0.8,
            "size": {"fixed": 7, "max": 15, "min": 2},
            "symbol": {"fixed": "img/icons/marker/circle.svg", "mode": "fixed"},
        }
        where = common_builders.FrameGeometrySource().mode(FrameGeometrySourceMode.COORDS)
        marks = common_builders.MapLayerOptions().type("markers").name("positions")
        marks.config({"showLegend": False, "style": style})
        marks.location(where.latitude(latitude).longitude(longitude))
        marks.tooltip(True)  # noqa: FBT003 - the SDK's signature
        builder = geomap.Panel().basemap(outlines).layers([marks])
        builder.tooltip(geomap.TooltipOptions().mode(TooltipMode.DETAILS))
        builder.view(geomap.MapViewConfig().id("fit").all_layers(True))  # noqa: FBT003 - the SDK's signature
        panel = self._finish(builder.build(), panel_id, key, columns[1:], MINUTE_S)
        panel.targets = [InfluxQuery(query, result_format="table")]
        config_of(panel).overrides = [override(column) for column in columns]
        return panel

    def table(
        self,
        panel_id: int,
        key: str,
        query: str,
        columns: Sequence[Column],
        *,
        descending: bool,
        time_from: str = "",
    ) -> Panel:
        """Rows sorted by the second column; the first is the asset."""
        sort = common_builders.TableSortByFieldState().display_name(columns[1].title)
        builder = sdk_table.Panel().sort_by([sort.desc(descending)])
        if time_from:
            builder.time_from(time_from)
        panel = self._table(builder, panel_id, key, query, columns)
        # The time is the start of the range, and Grafana gives tags in any order.
        panel.transformations = [_arranged(columns, hidden="Time")]
        return panel

    def log(
        self, panel_id: int, key: str, query: str, columns: Sequence[Column], *, time_from: str = ""
    ) -> Panel:
        """Rows with the time at which each happened, the newest first."""
        builder = sdk_table.Panel()
        if time_from:
            builder.time_from(time_from)
        panel = self._table(builder, panel_id, key, query, columns)
        config_of(panel).overrides.append(override(moment(self.texts.within("columns")["time"])))
        panel.transformations = [_arranged((moment(""), *columns))]
        return panel

    def _table(
        self,
        builder: sdk_table.Panel,
        panel_id: int,
        key: str,
        query: str,
        columns: Sequence[Column],
    ) -> Panel:
        panel = self._finish(builder.build(), panel_id, key, columns[1:], MINUTE_S)
        panel.targets = [InfluxQuery(query, result_format="table")]
        config_of(panel).overrides = [override(column) for column in columns]
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
        defaults = config_of(panel).defaults
        defaults.unit = columns[0].unit
        defaults.min_val, defaults.max_val = columns[0].low, columns[0].high
        return panel


def row(panel_id: int, title: str) -> dashboard_builders.Row:
    """A heading across the dashboard."""
    return dashboard_builders.Row(title).id(panel_id)


def _arranged(columns: Sequence[Column], hidden: str = "") -> DataTransformerConfig:
    order = {column.name: place for place, column in enumerate(columns)}
    options: dict[str, object] = {"indexByName": order}
    if hidden:
        options["excludeByName"] = {hidden: True}
    return DataTransformerConfig("organize", options=options)


def _links(panel: Panel, url: str) -> list[DashboardLink] | None:
    if not url:
        return None
    return [DashboardLink(title=panel.title or "", type_val=DashboardLinkType.LINK, url=url)]


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
