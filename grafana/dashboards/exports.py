"""Exports: what is under way to which destination, what may go, and how cold the reefers are."""

from typing import Any

from grafana.columns import (
    BLUE,
    GREEN,
    ORANGE,
    RED,
    YELLOW,
    Column,
    Step,
    calculated,
    measured,
    tag,
)
from grafana.dashboards.frame import Heading, Shelf, Variable, assemble, link_to
from grafana.dashboards.marks import alarm_marks, shipment_marks
from grafana.influxql import (
    Source,
    bounded,
    foremost,
    source,
    sum_of_last,
    summary_over_time,
)
from grafana.overrides import banded, dashed
from grafana.panels import DAY_S, PanelMaker
from grafana.texts import Texts

NAME = "exports"
_ROWS = 50
_ALLOWED_K = 1
"""Around the set-point; start value [A]."""
_EXCESS = (Step(None, BLUE), Step(-1, GREEN), Step(0.5, YELLOW), Step(1, RED))
_FAILING = (Step(None, GREEN), Step(1, RED))
_MISSING = (Step(None, GREEN), Step(1, ORANGE))
_PULP = ("pulp_1_temp_c", "pulp_2_temp_c", "pulp_3_temp_c")
_COUNTED = (
    "in_transit_kg",
    "in_transit_shipments",
    "arrived_kg",
    "shipments",
    "verdict_pass",
    "verdict_fail",
    "verdict_missing",
)


def exports(texts: Texts) -> dict[str, Any]:
    """The dashboard. Raises BuildError."""
    make = PanelMaker(texts, NAME)
    reefers = source("reefer")
    variables = (Variable("reefer", reefers.tag_values("asset")),)
    parts = (
        *_destinations(make, source("export")),
        *_all_reefers(make, reefers),
        *_one_reefer(make, reefers.where_tag_is("asset", "reefer")),
    )
    marks = (shipment_marks(), alarm_marks(source("alarm").where_tag_is("asset", "reefer")))
    return assemble(NAME, texts, variables, parts, time_from="now-7d", marks=marks)


def _destinations(make: PanelMaker, destinations: Source) -> tuple[Shelf | Heading, ...]:
    steps = {"verdict_fail": _FAILING, "verdict_missing": _MISSING}
    columns = {
        name: measured(make.texts, destinations.field(name), steps=steps.get(name, ()))
        for name in _COUNTED
    }
    arrived = destinations.increase("arrived_kg")
    stats = (
        make.stat(
            1,
            "in_transit",
            sum_of_last(destinations, "in_transit_kg"),
            columns["in_transit_kg"],
        ),
        make.stat(
            2,
            "under_way",
            sum_of_last(destinations, "in_transit_shipments"),
            columns["in_transit_shipments"],
        ),
        make.stat(3, "arrived", arrived, columns["arrived_kg"]),
        make.stat(
            4,
            "held_back",
            sum_of_last(destinations, "verdict_fail"),
            columns["verdict_fail"],
        ),
    )
    query = bounded(destinations.per_asset(*(destinations.column("last", n) for n in _COUNTED)))
    place = tag("asset", make.texts.within("columns")["destination"])
    table = make.table(5, "destinations", query, (place, *columns.values()), descending=True)
    daily = summary_over_time(
        destinations.increases_over_time("shipments"), 'sum("shipments") AS "shipments"'
    )
    shipped = make.time_series(
        6, "shipped_daily", daily, (columns["shipments"],), every_s=DAY_S, style="bars"
    )
    return (
        Heading(101, "destinations"),
        Shelf(4, tuple((panel, 6) for panel in stats)),
        Shelf(10, ((table, 16), (shipped, 8))),
    )


def _all_reefers(make: PanelMaker, reefers: Source) -> tuple[Shelf | Heading, ...]:
    names = ("return_temp_c", "setpoint_c", *_PULP, "door_open")
    above = f"{reefers.aggregated('last', names[0])} - {reefers.aggregated('last', names[1])}"
    inner = reefers.per_asset(
        f'{above} AS "excess"', *(reefers.column("last", name) for name in names)
    )
    query = foremost(inner, "top", "excess", _ROWS, ("asset", *names))
    titles = make.texts.within("columns")
    device = tag("asset", titles["reefer"], link_to(make.texts, NAME, "reefer"))
    excess = calculated("excess", titles["excess"], "K", steps=_EXCESS)
    columns = (device, excess, *(measured(make.texts, reefers.field(name)) for name in names))
    worst = make.table(10, "worst_reefers", query, columns, descending=True)
    return (
        Heading(102, "reefers"),
        Shelf(11, ((worst, 14), (_positions(make, reefers, (device, excess)), 10))),
    )


def _positions(make: PanelMaker, reefers: Source, columns: tuple[Column, ...]) -> Any:
    above = f"{reefers.aggregated('last', 'return_temp_c')} - "
    above += reefers.aggregated("last", "setpoint_c")
    places = ("lat", "lon")
    query = bounded(
        reefers.per_asset(
            f'{above} AS "excess"', *(reefers.column("last", name) for name in places)
        )
    )
    shown = [measured(make.texts, reefers.field(name)) for name in places]
    return make.map(11, "positions", query, (*columns, *shown), places)


def _one_reefer(make: PanelMaker, reefer: Source) -> tuple[Shelf | Heading, ...]:
    titles = make.texts.within("columns")
    names = ("supply_temp_c", "return_temp_c", *_PULP, "setpoint_c")
    set_point = measured(make.texts, reefer.field("setpoint_c"))
    low, high = (calculated(name, titles[name], "Cel") for name in ("limit_low", "limit_high"))
    middle = reefer.aggregated("mean", "setpoint_c")
    query = reefer.over_time(
        *(reefer.column("mean", name) for name in names),
        f'{middle} - {_ALLOWED_K} AS "limit_low"',
        f'{middle} + {_ALLOWED_K} AS "limit_high"',
    )
    columns = [measured(make.texts, reefer.field(name)) for name in names]
    panel = make.time_series(20, "reefer_temperatures", query, (*columns, low, high))
    door = measured(make.texts, reefer.field("door_open"))
    opened = reefer.over_time(reefer.column("max", "door_open"))
    humidity = measured(make.texts, reefer.field("humidity_pct"))
    moist = reefer.over_time(reefer.column("mean", "humidity_pct"))
    return (
        Heading(103, "one_reefer"),
        Shelf(10, ((banded(dashed(panel, set_point), low, high), 24),)),
        Shelf(
            7,
            (
                (make.timeline(21, "reefer_door", opened, (door,)), 12),
                (make.time_series(22, "reefer_humidity", moist, (humidity,)), 12),
            ),
        ),
    )
