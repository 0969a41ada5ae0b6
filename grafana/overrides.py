"""How single columns of a panel differ from its defaults."""

from grafana_foundation_sdk.models.dashboard import (
    DashboardFieldConfigSourceOverrides,
    DynamicConfigValue,
    FieldConfigSource,
    MatcherConfig,
    Panel,
)

from grafana.columns import Column


def config_of(panel: Panel) -> FieldConfigSource:
    """The panel's configuration of columns, made where it has none."""
    if panel.field_config is None:
        panel.field_config = FieldConfigSource()
    return panel.field_config


def override(column: Column) -> DashboardFieldConfigSourceOverrides:
    """All that is particular to a column."""
    return DashboardFieldConfigSourceOverrides(
        matcher=MatcherConfig("byName", column.name), properties=column.properties()
    )


def dashed(panel: Panel, column: Column) -> Panel:
    """The panel with the line of that column dashed, as a set-point is."""
    style = DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [10, 10]})
    config = config_of(panel)
    for each in config.overrides:
        if each.matcher.options == column.name:
            each.properties.append(style)
    return panel


def banded(panel: Panel, low: Column, high: Column) -> Panel:
    """The panel with the span between those two columns filled, as limits are."""
    config = config_of(panel)
    for each in config.overrides:
        if each.matcher.options in {low.name, high.name}:
            each.properties.append(DynamicConfigValue("custom.lineWidth", 0))
            fill = 0 if each.matcher.options == low.name else 12
            each.properties.append(DynamicConfigValue("custom.fillOpacity", fill))
        if each.matcher.options == high.name:
            each.properties.append(DynamicConfigValue("custom.fillBelowTo", low.title))
    return panel
