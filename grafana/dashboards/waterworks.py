"""Pump heads, fertigation mixers and greenhouses, as the irrigation dashboard shows them."""

from collections.abc import Mapping
from typing import Any, Literal

from grafana.columns import GREEN, RED, YELLOW, Column, Step, measured
from grafana.dashboards.frame import Heading, Shelf
from grafana.influxql import Source, foremost, source, summary_over_time
from grafana.panels import HOUR_S, PanelMaker

_ROWS = 50
_CLOGGED_KPA = (Step(None, GREEN), Step(35, YELLOW), Step(50, RED))
"""The red one is the rule `pump-filter`'s limit [A]."""
_TANK_PCT = (Step(None, RED), Step(10, YELLOW), Step(25, GREEN))
_HEAT_C = (Step(None, GREEN), Step(32, YELLOW), Step(38, RED))
"""Start values [A]."""

Parts = tuple[Shelf | Heading, ...]


def pump_heads(make: PanelMaker, head: Source, device: Column) -> Parts:
    """The heads with the dirtiest filters first, then one of them."""
    others = ("pressure_kpa", "level_m", "flow_m3h", "power_kw", "pump_on")
    steps = {"filter_dp_kpa": _CLOGGED_KPA}
    worst = _foremost(make, 60, "filters", "pump_head", ("filter_dp_kpa", *others), device, steps)
    pumping = head.over_time(head.column("max", "pump_on"))
    switch = measured(make.texts, head.field("pump_on"))
    return (
        Heading(106, "pump_heads"),
        Shelf(
            9,
            (
                (worst, 14),
                (_lines(make, head, 62, "head_pressure", ("pressure_kpa", "filter_dp_kpa")), 10),
            ),
        ),
        Shelf(
            7,
            (
                (make.timeline(66, "pump", pumping, (switch,)), 6),
                (_lines(make, head, 61, "head_flow", ("flow_m3h",)), 6),
                (_lines(make, head, 63, "head_level", ("level_m",)), 6),
                (_lines(make, head, 64, "head_power", ("power_kw",)), 6),
            ),
        ),
        Shelf(
            7,
            (
                (_hourly(make, head, 65, "head_energy", "energy_kwh"), 12),
                (_hourly(make, head, 67, "head_volume", "volume_m3"), 12),
            ),
        ),
    )


def mixers(make: PanelMaker, mixer: Source, device: Column) -> Parts:
    """The mixers with the emptiest tanks first, then one of them."""
    names = ("tank_pct", "ec_ms_cm", "ph", "dose_l_h")
    tanks = _foremost(
        make, 70, "tanks", "fertigation", names, device, {"tank_pct": _TANK_PCT}, pick="bottom"
    )
    return (
        Heading(107, "mixers"),
        Shelf(
            9,
            (
                (tanks, 12),
                (_lines(make, mixer, 71, "dose_ec", ("ec_ms_cm",)), 6),
                (_lines(make, mixer, 72, "dose_ph", ("ph",)), 6),
            ),
        ),
        Shelf(
            7,
            (
                (_lines(make, mixer, 73, "dose_rate", ("dose_l_h",)), 12),
                (_hourly(make, mixer, 74, "dose_given", "dose_l"), 12),
            ),
        ),
    )


def greenhouses(make: PanelMaker, house: Source, device: Column) -> Parts:
    """The hottest greenhouses first, then one of them."""
    names = ("air_temp_c", "humidity_pct", "soil_moisture_pct", "vent_pct")
    hottest = _foremost(make, 80, "hottest", "greenhouse", names, device, {"air_temp_c": _HEAT_C})
    return (
        Heading(108, "greenhouses"),
        Shelf(
            9,
            (
                (hottest, 12),
                (_lines(make, house, 81, "house_temperature", ("air_temp_c",)), 6),
                (_lines(make, house, 82, "house_humidity", ("humidity_pct",)), 6),
            ),
        ),
        Shelf(
            7,
            (
                (_lines(make, house, 83, "house_co2", ("co2_ppm",)), 6),
                (_lines(make, house, 84, "house_light", ("par_umol",)), 6),
                (_lines(make, house, 85, "house_vent", ("vent_pct",)), 6),
                (_lines(make, house, 86, "house_soil", ("soil_moisture_pct",)), 6),
            ),
        ),
    )


def _foremost(
    make: PanelMaker,
    panel_id: int,
    key: str,
    kind: str,
    names: tuple[str, ...],
    device: Column,
    steps: Mapping[str, tuple[Step, ...]],
    *,
    pick: Literal["top", "bottom"] = "top",
) -> Any:
    """All devices of a kind by their last reading of the first field."""
    devices = source(kind)
    inner = devices.per_asset(*(devices.column("last", name) for name in names))
    query = foremost(inner, pick, names[0], _ROWS, ("asset", *names[1:]))
    columns = [
        measured(make.texts, devices.field(name), steps=steps.get(name, ())) for name in names
    ]
    descending = pick == "top"
    return make.table(panel_id, key, query, (device, *columns), descending=descending)


def _lines(
    make: PanelMaker, chosen: Source, panel_id: int, key: str, names: tuple[str, ...]
) -> Any:
    query = chosen.over_time(*(chosen.column("mean", name) for name in names))
    columns = [measured(make.texts, chosen.field(name)) for name in names]
    return make.time_series(panel_id, key, query, columns, every_s=chosen.kind.cadence_s)


def _hourly(make: PanelMaker, chosen: Source, panel_id: int, key: str, name: str) -> Any:
    query = summary_over_time(chosen.increases_over_time(name), f'sum("{name}") AS "{name}"')
    column = measured(make.texts, chosen.field(name))
    return make.time_series(panel_id, key, query, (column,), every_s=HOUR_S, style="bars")
