"""Irrigation: water given and flowing, then one block, one soil probe and one weather station."""

from typing import Any

from grafana.columns import GREEN, RED, YELLOW, Column, Step, calculated, measured, tag
from grafana.dashboards.frame import (
    Heading,
    Setting,
    Shelf,
    Variable,
    assemble,
    device_links,
    link_to,
)
from grafana.dashboards.marks import alarm_marks, harvest_marks
from grafana.dashboards.waterworks import greenhouses, mixers, pump_heads
from grafana.influxql import Source, foremost, source, sum_of_last, summary_over_time
from grafana.overrides import banded
from grafana.panels import HOUR_S, PanelMaker
from grafana.texts import Texts

NAME = "irrigation"
_ROWS = 50
_SETTINGS = (Setting("plan_m3", "290000"), Setting("dry_pct", "17"), Setting("wet_pct", "21"))
"""All [A]. Five waterings of 20 m3/mu on 521,000 mu in 180 days; 60 to 75 % of a field capacity of
28 % by volume, as apples want it."""
_CHOICES = {
    "block": "irrigation_block",
    "probe": "soil",
    "station": "weather",
    "head": "pump_head",
    "mixer": "fertigation",
    "house": "greenhouse",
}
"""Each variable and the kind whose assets it offers."""
_BATTERY = (Step(None, RED), Step(20, YELLOW), Step(40, GREEN))
"""Percent; start values [A]."""
_SHARE = (Step(None, YELLOW), Step(50, GREEN), Step(120, YELLOW), Step(150, RED))
"""Percent of the plan; start values [A]."""
_RAISED = (Step(None, YELLOW), Step(2, RED))
"""Alarms of one device: a second one wants more than an acknowledgement [A]."""
_MARKS = 100
_WATERED = ("irrigation_block", "pump_head", "fertigation", "soil")
"""Kinds whose devices stand in an orchard, which has a position."""
_LEAK_M3H = 1.0
"""More than this through a shut valve is a leak [A]."""


def irrigation(texts: Texts) -> dict[str, Any]:
    """The dashboard. Raises BuildError."""
    blocks, probes = source("irrigation_block"), source("soil")
    make = PanelMaker(texts, "irrigation")
    offered = [Variable(name, source(kind).tag_values("asset")) for name, kind in _CHOICES.items()]
    chosen = {name: source(kind).where_tag_is("asset", name) for name, kind in _CHOICES.items()}
    parts = (
        *_all_blocks(make, blocks),
        *_one_block(make, chosen["block"]),
        *_soil(make, probes, chosen["probe"]),
        *_weather(make, chosen["station"]),
        *pump_heads(make, chosen["head"], _device(make, "head")),
        *mixers(make, chosen["mixer"], _device(make, "mixer")),
        *greenhouses(make, chosen["house"], _device(make, "house")),
        *_batteries(make, blocks, probes),
    )
    marks = (alarm_marks(source("alarm").where_tag_is("asset", "block")), harvest_marks())
    variables: list[Variable | Setting] = [*offered, *_SETTINGS]
    return assemble(NAME, texts, variables, parts, time_from="now-24h", marks=marks)


def _device(make: PanelMaker, variable: str) -> Column:
    """The first column of a table whose rows lead to one device."""
    kept = [name for name in (*_CHOICES, *(each.name for each in _SETTINGS)) if name != variable]
    title = make.texts.within("columns")[variable]
    return tag("asset", title, link_to(make.texts, NAME, variable, *kept))


def _all_blocks(make: PanelMaker, blocks: Source) -> tuple[Shelf | Heading, ...]:
    titles = make.texts.within("columns")
    # All water passes a pump head, and there are nine times fewer of them than blocks.
    heads = source("pump_head")
    volume = measured(make.texts, heads.field("volume_m3"))
    flow = measured(make.texts, heads.field("flow_m3h"))
    valves = calculated("valve_open", titles["valves_open"], "{valve}")
    share = calculated("share", titles["of_plan"], "%", steps=_SHARE)
    of_plan = '100 * sum("volume_m3") / $plan_m3 AS "share"'
    planned = heads.increase("volume_m3", columns=(of_plan,))
    stats = (
        make.stat(1, "valves_open", sum_of_last(blocks, "valve_open"), valves, time_from="1h"),
        make.stat(2, "flow_now", sum_of_last(heads, "flow_m3h"), flow, time_from="1h"),
        make.stat(3, "water_today", heads.increase("volume_m3"), volume, time_from="now/d"),
        make.stat(7, "water_plan", planned, share, time_from="now/d"),
    )
    hourly = summary_over_time(
        heads.increases_over_time("volume_m3"), 'sum("volume_m3") AS "volume_m3"'
    )
    bars = make.time_series(4, "water_hourly", hourly, (volume,), every_s=HOUR_S, style="bars")
    tables = (
        _leaks(make, blocks),
        _most_water(make, blocks),
        _least_pressure(make, blocks),
    )
    return (
        Heading(101, "all_blocks"),
        Shelf(4, tuple((panel, 6) for panel in stats)),
        Shelf(9, tuple((panel, 8) for panel in tables)),
        Shelf(9, ((_alarms_on_map(make), 10), (bars, 14))),
    )


def _leaks(make: PanelMaker, blocks: Source) -> Any:
    """What flows through shut valves, most first."""
    shut = blocks.where_off("valve_open").where_above("flow_m3h", _LEAK_M3H)
    inner = shut.per_asset(shut.column("max", "flow_m3h"))
    query = foremost(inner, "top", "flow_m3h", _ROWS, ("asset",))
    flow = measured(make.texts, blocks.field("flow_m3h"))
    return make.table(8, "leaks", query, (_device(make, "block"), flow), descending=True)


def _alarms_on_map(make: PanelMaker) -> Any:
    """Where alarms of the irrigation were raised: those with most first."""
    raised = source("alarm").where_word("action", "raise").where_word("asset_kind", *_WATERED)
    places = ("lat", "lon")
    inner = raised.per_asset(
        f'{raised.aggregated("count", "rule")} AS "raised"',
        *(raised.column("last", name) for name in places),
    )
    query = foremost(inner, "top", "raised", _MARKS, ("asset", *places))
    titles = make.texts.within("columns")
    device = tag("asset", titles["asset"], links=device_links(make.texts))
    count = calculated("raised", titles["alarms"], "{alarm}", steps=_RAISED)
    shown = [measured(make.texts, raised.field(name)) for name in places]
    return make.map(9, "alarm_map", query, (device, count, *shown), places)


def _most_water(make: PanelMaker, blocks: Source) -> Any:
    volume = measured(make.texts, blocks.field("volume_m3"))
    inner = blocks.increase_per_asset("volume_m3")
    query = foremost(inner, "top", "volume_m3", _ROWS, ("asset",))
    return make.table(5, "most_water", query, (_device(make, "block"), volume), descending=True)


def _least_pressure(make: PanelMaker, blocks: Source) -> Any:
    watering = blocks.where_on("valve_open")
    inner = watering.per_asset(
        watering.column("mean", "pressure_kpa"), watering.column("mean", "flow_m3h")
    )
    query = foremost(inner, "bottom", "pressure_kpa", _ROWS, ("asset", "flow_m3h"))
    names = ("pressure_kpa", "flow_m3h")
    columns = [measured(make.texts, blocks.field(name)) for name in names]
    return make.table(
        6, "least_pressure", query, (_device(make, "block"), *columns), descending=False
    )


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
    driest = make.table(30, "driest", query, (_device(make, "probe"), *columns), descending=False)
    return (
        Heading(103, "soil"),
        Shelf(9, ((driest, 12), (_moisture(make, probe, moisture), 12))),
        Shelf(
            8,
            (
                (_lines(make, probe, 32, "soil_temperature", temperature), 12),
                (_lines(make, probe, 33, "soil_conductivity", conductivity), 12),
            ),
        ),
    )


def _moisture(make: PanelMaker, probe: Source, names: tuple[str, ...]) -> Any:
    """Moisture at each depth, with the span that the trees want."""
    titles = make.texts.within("columns")
    low, high = (calculated(name, titles[name], "%") for name in ("dry", "wet"))
    # A line of its own for each limit: InfluxQL has no constant columns.
    nothing = f"0 * {probe.aggregated('mean', names[1])}"
    query = probe.over_time(
        *(probe.column("mean", name) for name in names),
        f'{nothing} + $dry_pct AS "dry"',
        f'{nothing} + $wet_pct AS "wet"',
    )
    columns = [measured(make.texts, probe.field(name)) for name in names]
    every_s = probe.kind.cadence_s
    panel = make.time_series(31, "moisture", query, (*columns, low, high), every_s=every_s)
    return banded(panel, low, high)


def _weather(make: PanelMaker, station: Source) -> tuple[Shelf | Heading, ...]:
    rain = measured(make.texts, station.field("rain_mm"))
    fallen = summary_over_time(
        station.increases_over_time("rain_mm"), 'sum("rain_mm") AS "rain_mm"'
    )
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
                (_lowest_battery(make, 50, "valve_batteries", blocks, _device(make, "block")), 12),
                (_lowest_battery(make, 51, "probe_batteries", probes, _device(make, "probe")), 12),
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
