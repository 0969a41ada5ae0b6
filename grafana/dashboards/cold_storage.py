"""Cold storage: the rooms that need someone now, then everything about one room."""

from typing import Any

from grafana.columns import BLUE, GREEN, ORANGE, RED, YELLOW, Step, calculated, measured, tag
from grafana.dashboards.frame import UID_PREFIX, Heading, Shelf, Variable, assemble, link_to
from grafana.influxql import Source, foremost, source, sum_of_last, summary, summary_over_time
from grafana.panels import HOUR_S, PanelMaker, dashed
from grafana.texts import Texts

NAME = "cold-storage"
_ROWS = 50

# Start values of an alarm: set-point + 1 K [A]; 2 % CO2 (kepuchina.cn); below set-point fruit
# nears its freezing point (jujube about -2.4 degC, themedicineplan.com).
_EXCESS = (Step(None, BLUE), Step(-1, GREEN), Step(0.5, YELLOW), Step(1, RED))
_CO2 = (Step(None, GREEN), Step(1.5, YELLOW), Step(2, RED))
_DOORS = (Step(None, GREEN), Step(1, ORANGE))


def cold_storage(texts: Texts) -> dict[str, Any]:
    """The dashboard. Raises BuildError."""
    rooms = source("cold_room")
    chosen = rooms.where_tag_among("centre", "centre")
    room = rooms.where_tag_is("asset", "room")
    make = PanelMaker(texts, "cold_storage")
    variables = (
        Variable("centre", rooms.tag_values("centre"), many=True),
        Variable("room", chosen.tag_values("asset")),
    )
    parts = (*_overview(make, chosen), *_one_room(make, room))
    return assemble(NAME, texts, variables, parts, time_from="now-24h")


def _overview(make: PanelMaker, rooms: Source) -> tuple[Shelf | Heading, ...]:
    titles = make.texts.within("columns")
    excess = calculated("excess", titles["excess"], "K", steps=_EXCESS)
    above = f"{rooms.aggregated('last', 'air_temp_c')} - {rooms.aggregated('last', 'setpoint_c')}"
    per_room = rooms.per_asset(f'{above} AS "excess"')
    doors = calculated("door_open", titles["doors_open"], "{door}", steps=_DOORS)
    power = measured(make.texts, rooms.field("power_kw"))
    energy = measured(make.texts, rooms.field("energy_kwh"))
    used = 'sum("energy_kwh") AS "energy_kwh"'
    stats = (
        make.stat(
            1, "reporting", _rooms_reporting(rooms), calculated("n", titles["rooms"], "{room}")
        ),
        make.stat(2, "warmest", summary(per_room, 'max("excess") AS "excess"'), excess),
        make.stat(3, "coldest", summary(per_room, 'min("excess") AS "excess"'), excess),
        make.stat(4, "doors", sum_of_last(rooms, "door_open"), doors),
        make.stat(5, "power_now", sum_of_last(rooms, "power_kw"), power),
        make.stat(6, "energy_total", summary(rooms.increases("energy_kwh"), used), energy),
    )
    hourly = summary_over_time(rooms.increases("energy_kwh"), used)
    bars = make.time_series(8, "energy", hourly, (energy,), every_s=HOUR_S, style="bars")
    return (
        Heading(101, "all_rooms"),
        Shelf(4, tuple((panel, 4) for panel in stats)),
        Shelf(11, ((_worst_rooms(make, rooms, above), 16), (bars, 8))),
    )


def _rooms_reporting(rooms: Source) -> str:
    inner = rooms.per_asset(rooms.column("last", "air_temp_c"))
    return summary(inner, 'count("air_temp_c") AS "n"')


def _worst_rooms(make: PanelMaker, rooms: Source, above: str) -> Any:
    names = ("air_temp_c", "setpoint_c", "pulp_temp_c", "humidity_pct", "co2_pct", "door_open")
    steps = {"co2_pct": _CO2}
    titles = make.texts.within("columns")
    inner = rooms.per_asset(
        f'{above} AS "excess"',
        *(rooms.column("last", name) for name in names),
        also_by=("centre",),
    )
    columns = (
        tag("asset", titles["room"], link_to(UID_PREFIX + NAME, "room", "centre")),
        calculated("excess", titles["excess"], "K", steps=_EXCESS),
        tag("centre", titles["centre"]),
        *(measured(make.texts, rooms.field(n), steps=steps.get(n, ())) for n in names),
    )
    query = foremost(inner, "top", "excess", _ROWS, ("asset", "centre", *names))
    return make.table(7, "worst_rooms", query, columns, descending=True)


def _one_room(make: PanelMaker, room: Source) -> tuple[Shelf | Heading, ...]:
    temperatures = _lines(make, room, 20, "temperatures", _TEMPERATURES)
    set_point = measured(make.texts, room.field("setpoint_c"))
    return (
        Heading(102, "one_room"),
        Shelf(10, ((dashed(temperatures, set_point), 16), (_switches(make, room), 8))),
        Shelf(
            8,
            (
                (_lines(make, room, 22, "humidity", ("humidity_pct",)), 6),
                (_lines(make, room, 23, "gases", ("co2_pct", "o2_pct")), 6),
                (_lines(make, room, 24, "ethylene", ("ethylene_ppm",)), 6),
                (_lines(make, room, 25, "power", ("power_kw",)), 6),
            ),
        ),
        Shelf(8, ((_lines(make, room, 26, "evaporator", _EVAPORATOR), 24),)),
    )


_TEMPERATURES = ("air_temp_c", "pulp_temp_c", "setpoint_c")
_EVAPORATOR = ("return_temp_c", "evaporator_temp_c")
_SWITCHES = ("door_open", "defrost_on", "compressor_on")


def _lines(make: PanelMaker, room: Source, panel_id: int, key: str, names: tuple[str, ...]) -> Any:
    query = room.over_time(*(room.column("mean", name) for name in names))
    columns = [measured(make.texts, room.field(name)) for name in names]
    return make.time_series(panel_id, key, query, columns)


def _switches(make: PanelMaker, room: Source) -> Any:
    # The greatest value of a step, so that a door open for a minute shows in a month's view.
    query = room.over_time(*(room.column("max", name) for name in _SWITCHES))
    columns = [measured(make.texts, room.field(name)) for name in _SWITCHES]
    return make.timeline(21, "switches", query, columns)
