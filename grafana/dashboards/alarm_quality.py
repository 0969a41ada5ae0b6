"""Alarm quality as EEMUA 191 counts it: can the operators trust and bear their alarms?

Its bench-marks for one operator: about one alarm in ten minutes is acceptable, two are manageable,
more than five are overload; fewer than ten standing; none stale; of all alarms about 5 % high,
15 % medium and 80 % low.
"""

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
from grafana.dashboards.frame import Heading, Shelf, assemble, device_links
from grafana.influxql import (
    Source,
    foremost,
    source,
    sum_of_last,
    summary_over_time,
)
from grafana.panels import HOUR_S, PanelMaker
from grafana.texts import Texts
from park.telemetry import ALARM_PRIORITIES

NAME = "alarms"
_ACTORS = 20
_AN_HOUR = (Step(None, GREEN), Step(6, YELLOW), Step(12, ORANGE), Step(30, RED))
_STANDING = (Step(None, GREEN), Step(10, YELLOW), Step(30, RED))
_NONE_IS_GOOD = (Step(None, GREEN), Step(1, ORANGE))
_SHELVED = (Step(None, GREEN), Step(30, YELLOW))
_ANSWER_S = (Step(None, GREEN), Step(600, YELLOW), Step(1800, RED))
"""Start values [A] where EEMUA 191 names none."""
_LATELY = "1h"


def alarm_quality(texts: Texts) -> dict[str, Any]:
    """The dashboard. Raises BuildError."""
    make = PanelMaker(texts, NAME)
    load, alarms = source("alarm_load"), source("alarm")
    parts = (*_now(make, load), *_rates(make, load, alarms), *_detail(make, alarms))
    return assemble(NAME, texts, (), parts, time_from="now-24h")


def _now(make: PanelMaker, load: Source) -> tuple[Shelf | Heading, ...]:
    steps = {
        "standing": _STANDING,
        "unacknowledged": _NONE_IS_GOOD,
        "stale_standing": _NONE_IS_GOOD,
        "chattering": _NONE_IS_GOOD,
        "shelved": _SHELVED,
        "suppressed": (Step(None, BLUE),),
    }
    stats = [
        make.stat(
            number,
            name,
            sum_of_last(load, name),
            measured(make.texts, load.field(name), steps=colours),
            time_from=_LATELY,
        )
        for number, (name, colours) in enumerate(steps.items(), start=1)
    ]
    return (Heading(101, "now"), Shelf(5, tuple((panel, 4) for panel in stats)))


def _rates(make: PanelMaker, load: Source, alarms: Source) -> tuple[Shelf | Heading, ...]:
    titles = make.texts.within("columns")
    rate = calculated("raised", titles["alarms_an_hour"], "{alarm}/h", steps=_AN_HOUR)
    answer = calculated("answer_s", titles["answer"], "s", steps=_ANSWER_S)
    hourly = summary_over_time(load.increases_over_time("raised"), 'sum("raised") AS "raised"')
    mean = 'sum("acknowledge_s") / sum("acknowledged") AS "answer_s"'
    answered = load.increase("acknowledge_s", "acknowledged", columns=(mean,))
    over_time = summary_over_time(load.increases_over_time("acknowledge_s", "acknowledged"), mean)
    names = ("standing", "unacknowledged", "stale_standing", "shelved", "suppressed")
    standing = load.over_time(*(load.column("max", name) for name in names))
    lines = [measured(make.texts, load.field(name)) for name in names]
    return (
        Heading(102, "rates"),
        Shelf(
            8,
            (
                (
                    make.time_series(10, "hourly", hourly, (rate,), every_s=HOUR_S, style="bars"),
                    12,
                ),
                (_by_priority(make, alarms), 12),
            ),
        ),
        Shelf(
            8,
            (
                (make.stat(12, "answer", answered, answer), 4),
                (make.time_series(13, "answers", over_time, (answer,), every_s=HOUR_S), 8),
                (make.time_series(14, "load", standing, lines), 12),
            ),
        ),
    )


def _by_priority(make: PanelMaker, alarms: Source) -> Any:
    words = make.texts.within("states")
    raised = alarms.where_word("action", "raise")
    queries: list[tuple[str, Column]] = []
    for priority in ALARM_PRIORITIES:
        chosen = raised.where_word("priority", priority)
        column = calculated(priority, words[priority], "{alarm}")
        queries.append((chosen.counted("rule", priority), column))
    return make.counts(11, "priorities", queries, every_s=HOUR_S)


def _detail(make: PanelMaker, alarms: Source) -> tuple[Shelf | Heading, ...]:
    titles = make.texts.within("columns")
    raised = alarms.where_word("action", "raise")
    inner = raised.per_asset(f'{raised.aggregated("count", "rule")} AS "raised"')
    query = foremost(inner, "top", "raised", _ACTORS, ("asset",))
    device = tag("asset", titles["asset"], links=device_links(make.texts))
    count = calculated("raised", titles["alarms"], "{alarm}")
    names = ("rule", "action", "status", "priority", "value", "limit_value")
    columns = (device, *(measured(make.texts, alarms.field(name)) for name in names))
    latest = make.log(21, "latest", alarms.newest(*names), columns)
    actors = make.table(20, "bad_actors", query, (device, count), descending=True)
    return (Heading(103, "detail"), Shelf(11, ((actors, 8), (latest, 16))))
