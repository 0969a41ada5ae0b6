"""Irrigation: water given and flowing, then one block, one soil probe and one weather station."""

from typing import Any

from grafana.columns import GREEN, RED, YELLOW, Column, Step, calculated, measured, tag
from grafana.dashboards.frame import UID_PREFIX, Heading, Shelf, Variable, assemble, link_to
from grafana.influxql import (
    Source,
    foremost,
    source,
    sum_of_last,
    summary,
    summary_over_time,
    summary_per_asset,
)
from grafana.panels import HOUR_S, PanelMaker
from grafana.texts import Texts

NAME = "irrigation"
_ROWS = 50
_LINK = UID_PREFIX + NAME
_CHOICES = ("block", "probe", "station")
_BATTERY = (Step(None, RED), Step(20, YELLOW), Step(40, GREEN))
"""Percent; start values [A]."""


def irrigation(texts: Texts) -> dict[str, Any]:
    """The dashboard. Raises BuildError."""
    blocks, probes, stations = source("irrigation_block"), source("soil"), source("weather")
    make = PanelMaker(texts, "irrigation")
    variables = (
        Variable("block", blocks.tag_values("asset")),
        Variable("probe", probes.tag_values("asset")),
        Variable("station", stations.tag_values("asset")),
    )
    parts = (
        *_all_blocks(make, blocks),
        *_one_block(make, blocks.where_tag_is("asset", "block")),
        *_soil(make, probes, probes.where_tag_is("asset", "probe")),
        *_weather(make, stations.where_tag_is("asset", "station")),
        *_batteries(make, blocks, probes),
    )
    return assemble(NAME, texts, variables, parts, time_from="now-7d")


def _all_blocks(make: PanelMaker, blocks: Source) -> tuple[Shelf | Heading, ...]:
    titles = make.texts.within("columns")
    volume = measured(make.texts, blocks.field("volume_m3"))
    flow = measured(make.texts, blocks.field("flow_m3h"))
    valves = calculated("valve_open", titles["valves_open"], "{valve}")
    given = 'sum("volume_m3") AS "volume_m3"'
    delivered = blocks.increases("volume_m3")
    hourly = summary_over_time(delivered, given)
    bars = make.time_series(4, "water_hourly", hourly, (volume,), every_s=HOUR_S, style="bars")
    today = make.stat(3, "water_today", summary(delivered, given), volume, time_from="now/d")
    return (
        Heading(101, "all_blocks"),
        Shelf(
            4,
            (
                (make.stat(1, "valves_open", sum_of_last(blocks, "valve_open"), valves), 8),
                (make.stat(2, "flow_now", sum_of_last(blocks, "flow_m3h"), flow), 8),
                (today, 8),
            ),
        ),
        Shelf(
            9,
            (
                (bars, 8),
                (_most_water(make, delivered, volume), 8),
                (_least_pressure(make, blocks), 8),
            ),
        ),
    )


def _most_water(make: PanelMaker, delivered: str, volume: Column) -> Any:
    inner = summary_per_asset(delivered, 'sum("volume_m3") AS "volume_m3"')
    query = foremost(inner, "top", "volume_m3", _ROWS, ("asset",))
    return make.table(5, "most_water", query, (_block_tag(make), volume), descending=True)


def _least_pressure(make: PanelMaker, blocks: Source) -> Any:
    watering = blocks.where_on("valve_open")
    inner = watering.per_asset(
        watering.column("mean", "pressure_kpa"), watering.column("mean", "flow_m3h")
    )
    query = foremost(inner, "bottom", "pressure_kpa", _ROWS, ("asset", "flow_m3h"))
    names = ("pressure_kpa", "flow_m3h")
    columns = [measured(make.texts, blocks.field(name)) for name in names]
    return make.table(6, "least_pressure", query, (_block_tag(make), *columns), descending=False)


def _block_tag(make: PanelMaker) -> Column:
    return tag("asset", make.texts.within("columns")["block"], link_to(_LINK, *_CHOICES))


def _probe_tag(make: PanelMaker) -> Column:
    link = link_to(_LINK, "probe", "block", "station")
    return tag("asset", make.texts.within("columns")["probe"], link)


def _one_block(make: PanelMaker, block: Source) -> tuple[Shelf | Heading, ...]:
    valve = measured(make.texts, block.field("valve_open"))
    query = block.over_time(block.column("max", "valve_open"))
    return (
        Heading(102, "one_block"),
        Shelf(
            8,
            (
                (make.timeline(20, "valve", query, (valve,)), 8),
                (_lines(make, block, 21, "flow", ("flow_m3h",)), 8),
                (_lines(make, block, 22, "pressure", ("pressure_kpa",)), 8),
            ),
        ),
    )


def _soil(make: PanelMaker, probes: Source, probe: Source) -> tuple[Shelf | Heading, ...]:
    depths = (20, 40, 60)
    moisture = tuple(f"moisture_{depth}cm_pct" for depth in depths)
    temperature = tuple(f"temp_{depth}cm_c" for depth in depths)
    conductivity = tuple(f"ec_{depth}cm_ds_m" for depth in depths)
    inner = probes.per_asset(*(probes.column("last", name) for name in moisture))
    query = foremost(inner, "bottom", moisture[1], _ROWS, ("asset", moisture[0], moisture[2]))
    order = (moisture[1], moisture[0], moisture[2])
    columns = [measured(make.texts, probes.field(name)) for name in order]
    driest = make.table(30, "driest", query, (_probe_tag(make), *columns), descending=False)
    return (
        Heading(103, "soil"),
        Shelf(9, ((driest, 12), (_lines(make, probe, 31, "moisture", moisture), 12))),
        Shelf(
            8,
            (
                (_lines(make, probe, 32, "soil_temperature", temperature), 12),
                (_lines(make, probe, 33, "soil_conductivity", conductivity), 12),
            ),
        ),
    )


def _weather(make: PanelMaker, station: Source) -> tuple[Shelf | Heading, ...]:
    rain = measured(make.texts, station.field("rain_mm"))
    fallen = summary_over_time(station.increases("rain_mm"), 'sum("rain_mm") AS "rain_mm"')
    return (
        Heading(104, "weather"),
        Shelf(
            8,
            (
                (_lines(make, station, 40, "air_temperature", ("air_temp_c",)), 8),
                (_lines(make, station, 41, "air_humidity", _WET), 8),
                (
                    make.time_series(42, "rain", fallen, (rain,), every_s=HOUR_S, style="bars"),
                    8,
                ),
            ),
        ),
        Shelf(
            8,
            (
                (_lines(make, station, 43, "wind", ("wind_ms",)), 8),
                (_lines(make, station, 44, "sun", ("solar_wm2",)), 8),
                (_lines(make, station, 45, "air_pressure", ("pressure_hpa",)), 8),
            ),
        ),
    )


_WET = ("humidity_pct", "leaf_wetness_pct")


def _batteries(make: PanelMaker, blocks: Source, probes: Source) -> tuple[Shelf | Heading, ...]:
    return (
        Heading(105, "batteries"),
        Shelf(
            8,
            (
                (_lowest_battery(make, 50, "valve_batteries", blocks, _block_tag(make)), 12),
                (_lowest_battery(make, 51, "probe_batteries", probes, _probe_tag(make)), 12),
            ),
        ),
    )


def _lowest_battery(
    make: PanelMaker, panel_id: int, key: str, devices: Source, device: Column
) -> Any:
    field = devices.field("battery_pct")
    charge = measured(make.texts, field, steps=_BATTERY, whole_range=True)
    inner = devices.per_asset(devices.column("last", "battery_pct"))
    query = foremost(inner, "bottom", "battery_pct", _ROWS, ("asset",))
    return make.table(panel_id, key, query, (device, charge), descending=False)


def _lines(
    make: PanelMaker, chosen: Source, panel_id: int, key: str, names: tuple[str, ...]
) -> Any:
    query = chosen.over_time(*(chosen.column("mean", name) for name in names))
    columns = [measured(make.texts, chosen.field(name)) for name in names]
    return make.time_series(panel_id, key, query, columns, every_s=chosen.kind.cadence_s)
