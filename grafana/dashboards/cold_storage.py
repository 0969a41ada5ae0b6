"""Cold storage: the rooms that need someone now, then everything about one room."""

from typing import Any, Literal

from grafana.columns import BLUE, GREEN, ORANGE, RED, YELLOW, Step, calculated, measured, tag
from grafana.dashboards.frame import (
    BATCH_PAGE,
    PAGES,
    Heading,
    Shelf,
    Variable,
    assemble,
    link_to,
)
from grafana.dashboards.marks import alarm_marks
from grafana.influxql import Source, foremost, source, sum_of_last, summary, summary_over_time
from grafana.overrides import banded, dashed
from grafana.panels import HOUR_S, PanelMaker
from grafana.texts import Texts

NAME = "cold-storage"
_ROWS = 50
_LATELY = "1h"
"""A room that was silent for longer isn't the worst: it is missing among those reporting."""

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
        PAGES,
    )
    parts = (*_overview(make, chosen), *_one_room(make, room), *_contents(make))
    marks = (alarm_marks(source("alarm").where_tag_is("asset", "room")),)
    return assemble(NAME, texts, variables, parts, time_from="now-24h", marks=marks)


def _overview(make: PanelMaker, rooms: Source) -> tuple[Shelf | Heading, ...]:
    titles = make.texts.within("columns")
    excess = calculated("excess", titles["excess"], "K", steps=_EXCESS)
    above = f"{rooms.aggregated('last', 'air_temp_c')} - {rooms.aggregated('last', 'setpoint_c')}"
    per_room = rooms.per_asset(f'{above} AS "excess"')
    doors = calculated("door_open", titles["doors_open"], "{door}", steps=_DOORS)
    power = measured(make.texts, rooms.field("power_kw"))
    energy = measured(make.texts, rooms.field("energy_kwh"))
    stats = (
        make.stat(
            1, "reporting", _rooms_reporting(rooms), calculated("n", titles["rooms"], "{room}")
        ),
        make.stat(2, "warmest", _extreme(per_room, "max"), excess, time_from=_LATELY),
        make.stat(3, "coldest", _extreme(per_room, "min"), excess, time_from=_LATELY),
        make.stat(4, "doors", sum_of_last(rooms, "door_open"), doors, time_from=_LATELY),
        make.stat(5, "power_now", sum_of_last(rooms, "power_kw"), power, time_from=_LATELY),
        make.stat(6, "energy_total", rooms.increase("energy_kwh"), energy),
    )
    each_room = rooms.over_time(rooms.column("mean", "power_kw"), by=("asset",), gaps=False)
    # An hour a step takes twice as long, more than a second for all rooms.
    in_steps = summary_over_time(each_room, 'sum("power_kw") AS "power_kw"')
    bars = make.time_series(8, "energy", in_steps, (power,), every_s=2 * HOUR_S, style="bars")
    return (
        Heading(101, "all_rooms"),
        Shelf(4, tuple((panel, 4) for panel in stats)),
        Shelf(11, ((_worst_rooms(make, rooms, above), 16), (bars, 8))),
        Shelf(8, ((_longest_stays(make), 24),)),
    )


def _extreme(per_room: str, which: Literal["max", "min"]) -> str:
    return summary(per_room, f'{which}("excess") AS "excess"')


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
        tag("asset", titles["room"], _room_link(make)),
        calculated("excess", titles["excess"], "K", steps=_EXCESS),
        tag("centre", titles["centre"]),
        *(measured(make.texts, rooms.field(n), steps=steps.get(n, ())) for n in names),
    )
    query = foremost(inner, "top", "excess", _ROWS, ("asset", "centre", *names))
    return make.table(7, "worst_rooms", query, columns, descending=True, time_from=_LATELY)


def _room_link(make: PanelMaker) -> str:
    return link_to(make.texts, NAME, "room", "centre", "agripark")


def _longest_stays(make: PanelMaker) -> Any:
    """Rooms by how long their oldest batch lies there; points of stock carry no centre."""
    stock = source("stock")
    names = ("stock_kg", "capacity_kg", "lots", "lots_text")
    inner = stock.per_asset(*(stock.column("last", name) for name in ("longest_days", *names)))
    query = foremost(inner, "top", "longest_days", _ROWS, ("asset", *names))
    room = tag("asset", make.texts.within("columns")["room"], _room_link(make))
    columns = [measured(make.texts, stock.field(name)) for name in ("longest_days", *names)]
    return make.table(9, "longest_stays", query, (room, *columns), descending=True)


def _one_room(make: PanelMaker, room: Source) -> tuple[Shelf | Heading, ...]:
    return (
        Heading(102, "one_room"),
        Shelf(10, ((_temperatures(make, room), 16), (_switches(make, room), 8))),
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


def _temperatures(make: PanelMaker, room: Source) -> Any:
    """Air, pulp and set-point, with the span that the alarm allows around the set-point."""
    titles = make.texts.within("columns")
    set_point = measured(make.texts, room.field("setpoint_c"))
    low, high = (calculated(name, titles[name], "Cel") for name in ("limit_low", "limit_high"))
    middle = room.aggregated("mean", "setpoint_c")
    query = room.over_time(
        *(room.column("mean", name) for name in _TEMPERATURES),
        f'{middle} - {_ALLOWED_K} AS "limit_low"',
        f'{middle} + {_ALLOWED_K} AS "limit_high"',
    )
    columns = [measured(make.texts, room.field(name)) for name in _TEMPERATURES]
    panel = make.time_series(20, "temperatures", query, (*columns, low, high))
    return banded(dashed(panel, set_point), low, high)


def _contents(make: PanelMaker) -> tuple[Shelf | Heading, ...]:
    """What lies in the room, how it came there, and what its alarms were."""
    stock, alarms, steps = (
        source(kind).where_tag_is("asset", "room") for kind in ("stock", "alarm", "milestone")
    )
    moves = steps.where_word("step", "store_in", "store_out")
    seen = [measured(make.texts, moves.field("batch"), link=BATCH_PAGE)]
    seen += [measured(make.texts, moves.field(name)) for name in ("step", "mass_kg")]
    facts = ("rule", "action", "status", "priority", "value", "limit_value")
    history = [measured(make.texts, alarms.field(name)) for name in facts]
    batches = moves.newest("batch", "step", "mass_kg", tags=())
    return (
        Heading(103, "contents"),
        Shelf(
            9,
            (
                (make.log(28, "batches", batches, seen, time_from=_LONGEST_STAY), 8),
                (_stock(make, stock), 6),
                (make.log(29, "room_alarms", alarms.newest(*facts, tags=()), history), 10),
            ),
        ),
    )


def _stock(make: PanelMaker, stock: Source) -> Any:
    names = ("stock_kg", "capacity_kg")
    query = stock.over_time(*(stock.column("last", name) for name in names))
    columns = [measured(make.texts, stock.field(name)) for name in names]
    return make.time_series(27, "stock", query, columns, every_s=HOUR_S)


_ALLOWED_K = 1
"""Of the rules `room-warm`; fruit freezes not far below."""
_LONGEST_STAY = "180d"
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
