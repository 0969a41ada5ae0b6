"""The platform itself: does everything that was measured arrive, and who fell silent?"""

from typing import Any, Literal

from grafana.columns import GREEN, ORANGE, RED, YELLOW, Step, calculated, measured, tag
from grafana.dashboards.frame import Heading, Shelf, assemble, device_links
from grafana.influxql import Source, rows_where, source, sum_of_last, summary_over_time
from grafana.panels import MINUTE_S, PanelMaker
from grafana.texts import Texts

NAME = "platform"
_LATELY = "1h"
_DEVICES = "7d"
"""A device's state is written when it changes; of what changed earlier, alarms tell."""

_DELAY_S = (Step(None, GREEN), Step(60, YELLOW), Step(300, RED))
_SPOOLED = (Step(None, GREEN), Step(10_000, YELLOW), Step(500_000, RED))
_SPOOL_MB = (Step(None, GREEN), Step(500, YELLOW), Step(5_000, RED))
_SILENT = (Step(None, GREEN), Step(10, YELLOW), Step(100, RED))
_ONLINE = (Step(None, RED), Step(1, GREEN))
_QUARANTINED = (Step(None, GREEN), Step(1, ORANGE), Step(1_000, RED))
"""Start values, all of them [A]."""


def platform(texts: Texts) -> dict[str, Any]:
    """The dashboard. Raises BuildError."""
    make = PanelMaker(texts, NAME)
    report = source("platform")
    parts = (*_now(make, report), *_flow(make, report), *_devices(make, source("liveness")))
    return assemble(NAME, texts, (), parts, time_from="now-24h")


def _now(make: PanelMaker, report: Source) -> tuple[Shelf | Heading, ...]:
    steps = {
        "lag_s": _DELAY_S,
        "spooled": _SPOOLED,
        "spool_mb": _SPOOL_MB,
        "devices_online": _ONLINE,
        "devices_stale": _SILENT,
        "devices_offline": _SILENT,
    }
    stats = [
        make.stat(
            number,
            name,
            sum_of_last(report, name),
            measured(make.texts, report.field(name), steps=colours),
            time_from=_LATELY,
        )
        for number, (name, colours) in enumerate(steps.items(), start=1)
    ]
    return (Heading(101, "now"), Shelf(5, tuple((panel, 4) for panel in stats)))


def _flow(make: PanelMaker, report: Source) -> tuple[Shelf | Heading, ...]:
    refused = measured(make.texts, report.field("quarantined"), steps=_QUARANTINED)
    return (
        Heading(102, "flow"),
        Shelf(
            8,
            (
                (_a_minute(make, report, 10, "throughput", "received", "stored", "duplicates"), 12),
                (_a_minute(make, report, 11, "quarantine", "quarantined"), 8),
                (make.stat(12, "refused", report.increase("quarantined"), refused), 4),
            ),
        ),
        Shelf(
            8,
            (
                (_extreme(make, report, 13, "delay", "max", "lag_s"), 6),
                (_extreme(make, report, 14, "spool", "max", "spooled"), 6),
                (_extreme(make, report, 15, "spool_size", "max", "spool_mb"), 6),
                (_extreme(make, report, 16, "disk", "min", "disk_free_mb"), 6),
            ),
        ),
    )


def _a_minute(make: PanelMaker, report: Source, panel_id: int, key: str, *names: str) -> Any:
    sums = [f'sum("{name}") AS "{name}"' for name in names]
    query = summary_over_time(report.increases_over_time(*names), *sums)
    columns = [measured(make.texts, report.field(name)) for name in names]
    return make.time_series(panel_id, key, query, columns, every_s=MINUTE_S)


def _extreme(
    make: PanelMaker,
    report: Source,
    panel_id: int,
    key: str,
    worst: Literal["min", "max"],
    name: str,
) -> Any:
    """The worst value of each step, so that a short peak shows in a month's view."""
    query = report.over_time(report.column(worst, name))
    column = measured(make.texts, report.field(name))
    return make.time_series(panel_id, key, query, (column,))


def _devices(make: PanelMaker, liveness: Source) -> tuple[Shelf | Heading, ...]:
    titles = make.texts.within("columns")
    state, firmware = (measured(make.texts, liveness.field(n)) for n in ("state", "firmware"))
    device = tag("asset", titles["device"], links=device_links(make.texts))
    last = liveness.per_asset(liveness.column("last", "state"), '"firmware"')
    silent = rows_where(last, ("asset", "state", "firmware"), "\"state\" != 'online'")
    changes = liveness.newest("state", "firmware")
    steady = calculated("devices", titles["changes"], "{reading}")
    counted = liveness.where_word("state", "stale", "offline").counted("state", "devices")
    return (
        Heading(103, "devices"),
        Shelf(
            10,
            (
                (
                    make.log(20, "silent", silent, (device, state, firmware), time_from=_DEVICES),
                    8,
                ),
                (make.log(21, "changes", changes, (device, state, firmware)), 8),
                (make.time_series(22, "losses", counted, (steady,), every_s=300, style="bars"), 8),
            ),
        ),
    )
