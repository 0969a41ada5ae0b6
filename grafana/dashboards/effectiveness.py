"""How well the sorting lines are used, what they make, and which batch lies on each.

Effectiveness (OEE) is availability times performance times quality: the share of planned time in
which a line runs, its throughput then against its rated one, and the share of fruit that isn't
rejected. Planned is every state but idle. States and throughput are counted by readings, which
come at an even pace.
"""

from grafana.columns import GREEN, RED, YELLOW, Step, calculated, measured, tag
from grafana.dashboards.frame import BATCH_PAGE, Heading, Shelf
from grafana.influxql import Source, bounded, source
from grafana.panels import HOUR_S, PanelMaker
from grafana.targets import Ratio
from park.telemetry import LINE_STATES

_OEE = (Step(None, RED), Step(50, YELLOW), Step(70, GREEN))
"""Percent; start values [A]."""
_LONG_AGO = "180d"


def effectiveness(make: PanelMaker, lines: Source) -> tuple[Shelf | Heading, ...]:
    """OEE and its three factors, and when lines stood."""
    titles = make.texts.within("columns")
    percent = calculated("share", titles["share"], "%", steps=_OEE, decimals=0)
    planned = lines.where_word("state", *(state for state in LINE_STATES if state != "idle"))
    running = lines.where_word("state", "running")
    stopped = lines.where_word("state", "stopped", "fault")
    all_counted = planned.counted("state", "n")
    pace = f"{running.aggregated('mean', 'throughput_kg_h')} / $rated_kg_h"
    performance = running.once(f'100 * {pace} AS "share"')
    good = lines.increase(
        "mass_kg",
        "reject_kg",
        columns=('100 - 100 * sum("reject_kg") / sum("mass_kg") AS "share"',),
    )
    # Mean throughput over planned time holds availability and performance at once.
    whole = f"{planned.aggregated('mean', 'throughput_kg_h')} / $rated_kg_h"
    used = planned.once(f'{whole} AS "share"')
    stats = (
        make.stat(10, "oee", Ratio(used, _inverse_of_good(lines)), percent),
        make.stat(11, "availability", Ratio(_count(running), _count(planned), 100), percent),
        make.stat(12, "performance", performance, percent),
        make.stat(13, "quality", good, percent),
    )
    lost = calculated("share", titles["share"], "%", decimals=0)
    stops = Ratio(stopped.counted("state", "n"), all_counted, 100)
    by_line = Ratio(_count_by_line(running), _count_by_line(planned), 100)
    line_bars = make.bars(14, "line_availability", by_line, percent)
    downtime = make.time_series(15, "downtime", stops, (lost,), every_s=HOUR_S, style="bars")
    return (
        Heading(103, "effectiveness"),
        Shelf(4, tuple((panel, 6) for panel in stats)),
        Shelf(8, ((line_bars, 12), (downtime, 12))),
    )


def _count(lines: Source) -> str:
    return lines.once(f'{lines.aggregated("count", "state")} AS "n"')


def _inverse_of_good(lines: Source) -> str:
    """All mass over a hundredth of the good mass: what divides by it is multiplied by quality."""
    inverse = 'sum("mass_kg") / (100 * sum("mass_kg") - 100 * sum("reject_kg")) AS "inverse"'
    return lines.increase("mass_kg", "reject_kg", columns=(inverse,))


def _count_by_line(lines: Source) -> str:
    return bounded(lines.per_asset(f'{lines.aggregated("count", "state")} AS "n"'))


def batches(make: PanelMaker) -> tuple[Shelf | Heading, ...]:
    """What was packed by grade, and the batch that each line sorted last."""
    output, steps = source("output"), source("milestone").where_word("step", "sort")
    packed = measured(make.texts, output.field("packed_kg"))
    titles = make.texts.within("columns")
    sorted_last = bounded(steps.per_asset(steps.column("last", "batch"), '"mass_kg"'))
    columns = (
        tag("asset", titles["line"]),
        measured(make.texts, steps.field("batch"), link=BATCH_PAGE),
        measured(make.texts, steps.field("mass_kg")),
    )
    grades = bounded(output.increase_per_asset("packed_kg"))
    return (
        Heading(104, "batches"),
        Shelf(
            8,
            (
                (make.shares(16, "grades", grades, packed), 10),
                (
                    make.log(17, "line_batches", sorted_last, columns, time_from=_LONG_AGO),
                    14,
                ),
            ),
        ),
    )
