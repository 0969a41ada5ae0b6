"""The park at a glance, for the wall: no choices, twelve figures, readable from five metres."""

from typing import Any

from grafana.columns import GREEN, ORANGE, RED, YELLOW, Column, Step, calculated
from grafana.dashboards.frame import Shelf, assemble, link_to
from grafana.influxql import Source, source, sum_of_last, summary
from grafana.panels import PanelMaker
from grafana.texts import Texts

NAME = "overview"
_LATELY = "1h"
"""What is called now: a device that was silent for longer isn't counted."""
_DAY = "now/d"

_NONE_IS_GOOD = (Step(None, GREEN), Step(1, RED))
_EXCESS = (Step(None, GREEN), Step(0.5, YELLOW), Step(1, RED))
_DELAY_S = (Step(None, GREEN), Step(60, YELLOW), Step(300, RED))
_FULL = (Step(None, GREEN), Step(85, YELLOW), Step(95, RED))
_DOORS = (Step(None, GREEN), Step(5, YELLOW), Step(20, ORANGE))
_SILENT = (Step(None, GREEN), Step(10, YELLOW), Step(100, RED))
"""Start values, all of them [A]."""


def overview(texts: Texts) -> dict[str, Any]:
    """The dashboard. Raises BuildError."""
    make = PanelMaker(texts, NAME)
    shelves = (_now(make), _fruit(make), _work(make))
    return assemble(NAME, texts, (), shelves, time_from="now-24h")


def _figure(unit: str, *, steps: tuple[Step, ...] = (), decimals: int = 0) -> Column:
    return calculated("figure", "", unit, steps=steps, decimals=decimals)


def _now(make: PanelMaker) -> Shelf:
    rooms, load, platform = source("cold_room"), source("alarm_load"), source("platform")
    alarms = summary(load.per_asset(load.column("last", "unacknowledged")), _sum("unacknowledged"))
    delay = summary(platform.per_asset(platform.column("last", "lag_s")), 'max("lag_s") AS "lag_s"')
    rooms_link = link_to(make.texts, "cold-storage")
    above = _above(rooms, "air_temp_c")
    tiles = (
        make.tile(
            1,
            "alarms",
            alarms,
            _figure("{alarm}", steps=_NONE_IS_GOOD),
            time_from=_LATELY,
            link=link_to(make.texts, "alarms"),
        ),
        make.tile(
            2,
            "warmest_room",
            above,
            _figure("K", steps=_EXCESS, decimals=1),
            time_from=_LATELY,
            link=rooms_link,
        ),
        make.tile(
            3,
            "doors",
            sum_of_last(rooms, "door_open"),
            _figure("{door}", steps=_DOORS),
            time_from=_LATELY,
            link=rooms_link,
        ),
        make.tile(
            4,
            "delay",
            delay,
            _figure("s", steps=_DELAY_S),
            time_from=_LATELY,
            link=link_to(make.texts, "platform"),
        ),
    )
    return Shelf(7, tuple((tile, 6) for tile in tiles))


def _fruit(make: PanelMaker) -> Shelf:
    reefers, exports, stock = source("reefer"), source("export"), source("stock")
    both = stock.per_asset(stock.column("last", "stock_kg"), stock.column("last", "capacity_kg"))
    occupancy = summary(both, '100 * sum("stock_kg") / sum("capacity_kg") AS "share"')
    moving = exports.per_asset(exports.column("last", "in_transit_kg"))
    exports_link = link_to(make.texts, "exports")
    tiles = (
        make.tile(
            5,
            "occupancy",
            occupancy,
            _figure("%", steps=_FULL),
            link=link_to(make.texts, "kpis"),
        ),
        make.tile(
            6,
            "in_transit",
            summary(moving, 'sum("in_transit_kg") / 1000 AS "in_transit_t"'),
            _figure("t"),
            link=exports_link,
        ),
        make.tile(
            7,
            "warmest_reefer",
            _above(reefers, "return_temp_c"),
            _figure("K", steps=_EXCESS, decimals=1),
            time_from=_LATELY,
            link=exports_link,
        ),
        make.tile(
            8,
            "silent",
            sum_of_last(source("platform"), "devices_stale"),
            _figure("{device}", steps=_SILENT),
            time_from=_LATELY,
            link=link_to(make.texts, "platform"),
        ),
    )
    return Shelf(7, tuple((tile, 6) for tile in tiles))


def _work(make: PanelMaker) -> Shelf:
    # Of 26,050 blocks the same takes ten times as long.
    lines, heads = source("sorting_line"), source("pump_head")
    water_link, lines_link = link_to(make.texts, "irrigation"), link_to(make.texts, "packhouse")
    running = lines.per_asset(lines.column("last", "throughput_kg_h"))
    tiles = (
        make.tile(
            9,
            "water_today",
            heads.increase("volume_m3"),
            _figure("m3"),
            time_from=_DAY,
            link=water_link,
        ),
        make.tile(
            10,
            "flow",
            sum_of_last(heads, "flow_m3h"),
            _figure("m3/h"),
            time_from=_LATELY,
            link=water_link,
        ),
        make.tile(
            11,
            "sorted_today",
            lines.increase("mass_kg", columns=('sum("mass_kg") / 1000 AS "mass_t"',)),
            _figure("t"),
            time_from=_DAY,
            link=lines_link,
        ),
        make.tile(
            12,
            "throughput",
            summary(running, 'sum("throughput_kg_h") / 1000 AS "throughput_t_h"'),
            _figure("t/h"),
            time_from=_LATELY,
            link=lines_link,
        ),
    )
    return Shelf(7, tuple((tile, 6) for tile in tiles))


def _above(chosen: Source, name: str) -> str:
    """How far the warmest is above its set-point."""
    excess = f"{chosen.aggregated('last', name)} - {chosen.aggregated('last', 'setpoint_c')}"
    return summary(chosen.per_asset(f'{excess} AS "excess"'), 'max("excess") AS "excess"')


def _sum(name: str) -> str:
    return f'sum("{name}") AS "{name}"'
