"""Packhouse: what the sorting lines do and yield, then the lanes of one line."""

from typing import Any

from grafana.columns import GREEN, RED, YELLOW, Step, calculated, measured, tag
from grafana.dashboards.effectiveness import batches, effectiveness
from grafana.dashboards.frame import PAGES, Heading, Setting, Shelf, Variable, assemble
from grafana.dashboards.marks import alarm_marks
from grafana.influxql import Source, bounded, source, sum_of_last, summary_over_time
from grafana.panels import HOUR_S, MINUTE_S, PanelMaker
from grafana.texts import Texts

NAME = "packhouse"

_REJECTS = (Step(None, GREEN), Step(5, YELLOW), Step(10, RED))
"""Percent of the mass; start values [A]."""


def packhouse(texts: Texts) -> dict[str, Any]:
    """The dashboard. Raises BuildError."""
    lines = source("sorting_line")
    chosen = lines.where_tag_among("centre", "centre")
    lanes = source("sorting_lane").where_tag_begins("asset", "line", "-lane-")
    make = PanelMaker(texts, "packhouse")
    variables = (
        Variable("centre", lines.tag_values("centre"), many=True),
        Variable("line", chosen.tag_values("asset")),
        # Six lanes of a default line [D].
        Setting("rated_kg_h", "24000"),
        PAGES,
    )
    parts = (
        *_all_lines(make, chosen),
        *effectiveness(make, chosen),
        *batches(make),
        *_lanes(make, lanes),
    )
    marks = (alarm_marks(source("alarm").where_tag_is("asset", "line")),)
    return assemble(NAME, texts, variables, parts, time_from="now-12h", marks=marks)


def _all_lines(make: PanelMaker, lines: Source) -> tuple[Shelf | Heading, ...]:
    titles = make.texts.within("columns")
    share = calculated("share", titles["reject_share"], "%", steps=_REJECTS)
    mass = measured(make.texts, lines.field("mass_kg"))
    fruit = measured(make.texts, lines.field("fruit_count"))
    rejected = '100 * sum("reject_kg") / sum("mass_kg") AS "share"'
    both = lines.increase("reject_kg", "mass_kg", columns=(rejected,))
    hourly = summary_over_time(lines.increases_over_time("mass_kg"), 'sum("mass_kg") AS "mass_kg"')
    rejects = summary_over_time(lines.increases_over_time("reject_kg", "mass_kg"), rejected)
    throughput = measured(make.texts, lines.field("throughput_kg_h"))
    running = sum_of_last(lines, "throughput_kg_h")
    state = measured(make.texts, lines.field("state"))
    states = bounded(lines.over_time(lines.column("last", "state"), by=("asset",)))
    return (
        Heading(101, "all_lines"),
        Shelf(
            4,
            (
                (make.stat(1, "throughput_now", running, throughput), 6),
                (make.stat(2, "mass", lines.increase("mass_kg"), mass), 6),
                (make.stat(3, "fruit", lines.increase("fruit_count"), fruit), 6),
                (make.stat(4, "rejects", both, share), 6),
            ),
        ),
        Shelf(
            9,
            (
                (make.timeline(5, "states", states, (state,), by_asset=True), 12),
                (_by_asset(make, lines, 6, "throughput", "throughput_kg_h"), 12),
            ),
        ),
        Shelf(
            8,
            (
                (
                    make.time_series(
                        7, "mass_hourly", hourly, (mass,), every_s=HOUR_S, style="bars"
                    ),
                    8,
                ),
                (make.time_series(8, "reject_share", rejects, (share,), every_s=HOUR_S), 8),
                (_by_asset(make, lines, 9, "cup_fill", "cup_fill_pct", whole_range=True), 8),
            ),
        ),
    )


def _lanes(make: PanelMaker, lanes: Source) -> tuple[Shelf | Heading, ...]:
    return (
        Heading(102, "lanes"),
        Shelf(9, ((_lanes_now(make, lanes), 12), (_lane_rejects(make, lanes), 12))),
        Shelf(
            8,
            (
                (_by_asset(make, lanes, 22, "fruit_mass", "mean_mass_g"), 8),
                (_by_asset(make, lanes, 23, "fruit_size", "mean_diameter_mm"), 8),
                (_by_asset(make, lanes, 24, "lane_speed", "speed_cups_s"), 8),
            ),
        ),
        Shelf(
            8,
            (
                (_by_asset(make, lanes, 25, "colour", "mean_colour_pct", whole_range=True), 12),
                (_by_asset(make, lanes, 26, "brix", "mean_brix"), 12),
            ),
        ),
    )


def _lanes_now(make: PanelMaker, lanes: Source) -> Any:
    names = (
        "mean_diameter_mm",
        "mean_mass_g",
        "mean_colour_pct",
        "mean_brix",
        "speed_cups_s",
        "mass_kg",
    )
    query = bounded(lanes.per_asset(*(lanes.column("last", name) for name in names)))
    columns = (
        tag("asset", make.texts.within("columns")["lane"]),
        *(measured(make.texts, lanes.field(name)) for name in names),
    )
    return make.table(20, "lanes_now", query, columns, descending=False)


def _lane_rejects(make: PanelMaker, lanes: Source) -> Any:
    """Rejected fruit as a share of all, by lane over the whole range."""
    share = '100 * sum("reject_count") / sum("fruit_count") AS "share"'
    title = make.texts.within("columns")["reject_share"]
    columns = (
        tag("asset", make.texts.within("columns")["lane"]),
        calculated("share", title, "%", steps=_REJECTS),
    )
    query = bounded(lanes.increase_per_asset("reject_count", "fruit_count", columns=(share,)))
    return make.table(21, "lane_rejects", query, columns, descending=True)


def _by_asset(
    make: PanelMaker,
    chosen: Source,
    panel_id: int,
    key: str,
    name: str,
    *,
    whole_range: bool = False,
) -> Any:
    query = bounded(chosen.over_time(chosen.column("mean", name), by=("asset",)))
    column = measured(make.texts, chosen.field(name), whole_range=whole_range)
    return make.time_series(panel_id, key, query, (column,), by_asset=True, every_s=MINUTE_S)
