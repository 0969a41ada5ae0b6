"""How long the dashboards' queries about the whole park take on a day of it.

1,576 rooms and 2,910 pump heads, one reading a minute with every field. Each query runs
three times; the median counts.
"""

import re
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from statistics import median

import httpx

from grafana.dashboards import all_dashboards
from grafana.queries import (
    PanelQuery,
    Values,
    annotation_queries,
    filled,
    panel_queries,
    settings,
    variable_queries,
)
from park.definition import build_park, read_definition
from park.times import to_epoch_ms
from tests.bench.figures import Figure
from tests.support.servers import InfluxDB, run_influxdb
from tests.support.telemetry_points import lines_of

LAST = datetime(2026, 10, 2, tzinfo=UTC)
FIRST = LAST - timedelta(days=1)
CADENCES_S = {
    "cold_room": 60,
    "stock": 1800,
    "platform": 60,
    "alarm_load": 60,
    "pump_head": 60,
    "reefer": 60,
    "sorting_line": 60,
    "export": 1800,
    "output": 1800,
    "alarm": 21_600,
    "milestone": 21_600,
}
"""Of what the measured queries read."""
ROUNDS = 3
LIMIT_S = 1.0
_BATCH = 20_000
_OVERVIEWS = ("overview", "cold-storage")
_ONE_ROOM = "$room"


def measure() -> list[Figure]:
    """The slowest query, and all of them one after the other."""
    with run_influxdb() as server:
        database = server.new_database()
        _fill(server, database)
        seconds = {name: _seconds(server, database, text) for name, text in _queries()}
    slowest = max(seconds.values())
    return [
        Figure("grafana.slowest_overview_query", slowest, "s", LIMIT_S, slowest / LIMIT_S),
        Figure("grafana.all_overview_queries", sum(seconds.values()), "s"),
    ]


def _queries() -> Iterator[tuple[str, str]]:
    """What is asked of all rooms, as Grafana asks it over a day."""
    for name in _OVERVIEWS:
        dashboard = all_dashboards()[name]
        chosen: dict[str, str] = settings(dashboard)
        chosen |= {each.variable: each.all_value for each in variable_queries(dashboard)}
        for query in (*panel_queries(dashboard), *annotation_queries(dashboard)):
            kinds = set(re.findall(r'FROM "(\w+)"', query.query))
            if kinds <= CADENCES_S.keys() and _ONE_ROOM not in query.query:
                yield f"{query.name}/{query.title}", _text(query, chosen)


def _text(query: PanelQuery, chosen: Values) -> str:
    first = LAST - timedelta(hours=1) if query.time_from == "1h" else FIRST
    return filled(query, chosen, first, LAST)


def _fill(server: InfluxDB, database: str) -> None:
    park = build_park(read_definition(), 1.0)
    for kind, cadence_s in CADENCES_S.items():
        span = to_epoch_ms(FIRST), to_epoch_ms(LAST)
        _write(server, database, lines_of(park, (kind,), *span, cadence_s * 1000))


def _write(server: InfluxDB, database: str, lines: Iterable[str]) -> None:
    rest = iter(lines)
    while batch := list(islice(rest, _BATCH)):
        httpx.post(
            f"{server.url}/write",
            params={"db": database, "precision": "ms"},
            content="\n".join(batch).encode(),
            timeout=120,
        ).raise_for_status()


def _seconds(server: InfluxDB, database: str, query: str) -> float:
    return median(_once(server, database, query) for _ in range(ROUNDS))


def _once(server: InfluxDB, database: str, query: str) -> float:
    began = time.perf_counter()
    form = {"db": database, "epoch": "ms", "q": query}
    response = httpx.post(f"{server.url}/query", data=form, timeout=120)
    response.raise_for_status()
    (result,) = response.json()["results"]
    if not result.get("series"):
        raise AssertionError(f"no rows: {query}")
    return time.perf_counter() - began
