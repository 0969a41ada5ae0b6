"""The park's key figures: water and fertiliser and what they give, stores, output.

A productivity is fruit harvested over what was given within the time range, so it says something
for whole seasons only. Areas are counted by blocks that were watered.
"""

from typing import Any

from grafana.columns import GREEN, RED, YELLOW, Step, calculated, measured
from grafana.dashboards.frame import Heading, Setting, Shelf, assemble
from grafana.dashboards.marks import harvest_marks, shipment_marks
from grafana.influxql import Source, bounded, rows_where, source, summary, summary_over_time
from grafana.panels import DAY_S, PanelMaker
from grafana.targets import Ratio
from grafana.texts import Texts

NAME = "kpis"
_SETTINGS = (Setting("area_mu", "615000"), Setting("block_mu", "20"))
"""521,000 mu are irrigated, which the park's description calls 84.7 %; blocks of 20 mu [D]."""
_FULL = (Step(None, GREEN), Step(85, YELLOW), Step(95, RED))
"""Percent; start values [A]."""


def kpis(texts: Texts) -> dict[str, Any]:
    """The dashboard. Raises BuildError."""
    make = PanelMaker(texts, NAME)
    parts = (*_water(make), *_stores(make), *_output(make))
    marks = (harvest_marks(), shipment_marks())
    return assemble(NAME, texts, _SETTINGS, parts, time_from="now-7d", marks=marks)


def _harvest() -> Source:
    return source("milestone").where_word("step", "harvest")


def _harvested() -> str:
    harvest = _harvest()
    return harvest.once(harvest.column("sum", "mass_kg"))


def _water(make: PanelMaker) -> tuple[Shelf | Heading, ...]:
    blocks, mixers = source("irrigation_block"), source("fertigation")
    titles = make.texts.within("columns")
    watered = rows_where(
        blocks.increase_per_asset("volume_m3"), ("volume_m3",), '"volume_m3" > 0', limited=False
    )
    area = 'count("volume_m3") * $block_mu AS "area"'
    coverage = '100 * count("volume_m3") * $block_mu / $area_mu AS "share"'
    per_mu = 'sum("volume_m3") / (count("volume_m3") * $block_mu) AS "per_mu"'
    given = blocks.increase("volume_m3")
    stats = (
        make.stat(1, "irrigated", summary(watered, area), _one(titles["area"], "{mu}", 0)),
        make.stat(2, "coverage", summary(watered, coverage), _one(titles["share"], "%", 1)),
        make.stat(3, "water_per_mu", summary(watered, per_mu), _one(titles["water"], "m3/{mu}", 1)),
        make.stat(
            4,
            "water_productivity",
            Ratio(_harvested(), given),
            _one(titles["productivity"], "kg/m3", 2),
        ),
        make.stat(
            5,
            "dose_productivity",
            Ratio(_harvested(), mixers.increase("dose_l")),
            _one(titles["productivity"], "kg/L", 1),
        ),
    )
    widths = (5, 5, 5, 5, 4)
    harvest = _harvest()
    picked = harvest.over_time(harvest.column("sum", "mass_kg"))
    mass = measured(make.texts, harvest.field("mass_kg"))
    volume = measured(make.texts, blocks.field("volume_m3"))
    daily = summary_over_time(
        blocks.increases_over_time("volume_m3"), 'sum("volume_m3") AS "volume_m3"'
    )
    water = make.time_series(6, "water_daily", daily, (volume,), every_s=DAY_S, style="bars")
    harvested = make.time_series(7, "harvest_daily", picked, (mass,), every_s=DAY_S, style="bars")
    return (
        Heading(101, "water"),
        Shelf(5, tuple(zip(stats, widths, strict=True))),
        Shelf(8, ((water, 12), (harvested, 12))),
    )


def _one(title: str, unit: str, decimals: int) -> Any:
    return calculated("figure", title, unit, decimals=decimals)


def _stores(make: PanelMaker) -> tuple[Shelf | Heading, ...]:
    stock = source("stock")
    titles = make.texts.within("columns")
    share = '100 * sum("stock_kg") / sum("capacity_kg") AS "share"'
    both = [stock.column("last", name) for name in ("stock_kg", "capacity_kg")]
    occupancy = calculated("share", titles["share"], "%", steps=_FULL, decimals=0)
    kilograms = measured(make.texts, stock.field("stock_kg"))
    stored = summary_over_time(
        stock.over_time(stock.column("last", "stock_kg"), by=("asset",), gaps=False),
        'sum("stock_kg") AS "stock_kg"',
    )
    return (
        Heading(102, "stores"),
        Shelf(
            8,
            (
                (make.stat(10, "occupancy", summary(stock.per_asset(*both), share), occupancy), 6),
                (
                    make.time_series(
                        11, "stored", stored, (kilograms,), every_s=DAY_S, style="bars"
                    ),
                    18,
                ),
            ),
        ),
    )


def _output(make: PanelMaker) -> tuple[Shelf | Heading, ...]:
    output, exports = source("output"), source("export")
    packed = measured(make.texts, output.field("packed_kg"))
    arrived = measured(make.texts, exports.field("arrived_kg"))
    return (
        Heading(103, "output"),
        Shelf(
            10,
            (
                (
                    make.shares(
                        20, "by_grade", bounded(output.increase_per_asset("packed_kg")), packed
                    ),
                    10,
                ),
                (
                    make.bars(
                        21,
                        "by_destination",
                        bounded(exports.increase_per_asset("arrived_kg")),
                        arrived,
                    ),
                    14,
                ),
            ),
        ),
    )
