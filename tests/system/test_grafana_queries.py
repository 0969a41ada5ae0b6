"""Every query of every panel, variable, annotation and alert rule, on a real InfluxDB.

InfluxDB answers a misspelt name with no rows and no error: so each query must give rows. Twice:
on points that fill every field of every kind, where nothing may be empty, and on a whole season
of the demo, where some may be, each for a reason. Filled in by `grafana.queries` as Grafana does;
Grafana itself was not there.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Protocol

import httpx
import pytest

from grafana.alerts import all_alerts
from grafana.dashboards import all_dashboards
from grafana.queries import (
    PanelQuery,
    Values,
    VariableQuery,
    annotation_queries,
    filled,
    panel_queries,
    settings,
    variable_queries,
    with_variables,
)
from ingest.stores.influx import InfluxStore
from park.assets import Park
from park.telemetry import STORED_KINDS
from park.times import to_epoch_ms
from tests.support.servers import InfluxDB
from tests.support.telemetry_points import lines_of

MODELS = all_dashboards()
PANELS = [query for model in MODELS.values() for query in panel_queries(model)]
MARKS = [query for model in MODELS.values() for query in annotation_queries(model)]
ALERTS = [
    PanelQuery("alert", 0, alert.key, "A", alert.query, "time_series", 1000, 60_000)
    for alert in all_alerts()
]
EVERYTHING = [*PANELS, *MARKS, *ALERTS]
VARIABLES = [query for model in MODELS.values() for query in variable_queries(model)]

SEASON_KINDS = frozenset(
    {
        *("cold_room", "irrigation_block", "soil", "weather", "sorting_line", "sorting_lane"),
        *("reefer", "stock", "export", "output", "milestone"),
        *("pump_head", "fertigation", "greenhouse"),
    }
)
"""What the demo writes at the season's own times. The rest is written at the time of the clock, as
`platform` is, or where something is wrong, as `alarm` is."""

MAY_BE_EMPTY = {
    "agripark-irrigation/8/A": "no shut valve leaks in a healthy park",
    "agripark-packhouse/15/A": "no line stops or fails in a healthy park",
    "agripark-exports/4/A": "the figures of traceability hold no verdicts yet",
}
"""What may give nothing in a season where all is well, and why."""


def kinds_of(query: str) -> set[str]:
    return set(re.findall(r'FROM "(\w+)"', query))


IN_SEASON = [query for query in EVERYTHING if kinds_of(query.query) <= SEASON_KINDS]


class Season(Protocol):
    """An InfluxDB that holds a season, or days of everything."""

    @property
    def url(self) -> str:
        """Its address."""

    @property
    def database(self) -> str:
        """The database."""

    @property
    def first(self) -> datetime:
        """Before the first point."""

    @property
    def last(self) -> datetime:
        """After the last."""


Row = Sequence[Any]
Chosen = Mapping[str, Values]
"""By dashboard the value of each variable."""


def rows(season: Season, query: str) -> list[Row]:
    """All rows of all series, without those that hold a time and nothing else."""
    form = {"db": season.database, "epoch": "ms", "q": query}
    response = httpx.post(f"{season.url}/query", data=form, timeout=30)
    response.raise_for_status()
    (result,) = response.json()["results"]
    assert "error" not in result, result
    found = [row for series in result.get("series", []) for row in series["values"]]
    return [row for row in found if any(value is not None for value in row[1:])]


@dataclass(frozen=True, slots=True)
class Filled:
    """An InfluxDB whose every field has points."""

    url: str
    database: str
    first: datetime
    last: datetime


DAYS = timedelta(days=4)
EVERY_MS = 3_600_000
BATCH = 5_000


@pytest.fixture(scope="module")
def full_influxdb(influxdb: InfluxDB, small_park: Park) -> Filled:
    """Four days of every kind, an hour apart."""
    last = datetime(2026, 10, 5, tzinfo=UTC)
    full = Filled(influxdb.url, influxdb.new_database(), last - DAYS, last)
    store = InfluxStore(full.url, full.database)
    span = to_epoch_ms(full.first), to_epoch_ms(full.last)
    lines: Iterator[str] = lines_of(small_park, STORED_KINDS, *span, EVERY_MS)
    while batch := list(islice(lines, BATCH)):
        store.write(batch)
    store.close()
    return full


@pytest.fixture(scope="module")
def full_choice(full_influxdb: Filled) -> Chosen:
    """What a user sees on opening: the first value, and all where several may be chosen."""
    return choose(full_influxdb, many="all")


@pytest.fixture(scope="module")
def single_choice(full_influxdb: Filled) -> Chosen:
    """One value of every variable, also where several may be chosen."""
    return choose(full_influxdb, many="one")


@pytest.fixture(scope="module")
def season_choice(season_influxdb: Season) -> Chosen:
    """The same as `full_choice`, of the season."""
    return choose(season_influxdb, many="all")


def choose(season: Season, many: str) -> Chosen:
    chosen: dict[str, dict[str, str | Sequence[str]]] = {
        model["uid"]: dict(settings(model)) for model in MODELS.values()
    }
    for variable in VARIABLES:
        values = chosen[variable.dashboard]
        offered = sorted(row[1] for row in rows(season, with_variables(variable.query, values)))
        everything = variable.many and many == "all"
        values[variable.variable] = (
            variable.all_value if everything else offered[0] if offered else "none"
        )
    return chosen


def text_of(query: PanelQuery, chosen: Chosen, season: Season) -> str:
    return filled(query, chosen.get(query.dashboard, {}), season.first, season.last)


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.name)
def test_every_variable_offers_values(
    full_influxdb: Filled, full_choice: Chosen, variable: VariableQuery
) -> None:
    assert rows(full_influxdb, with_variables(variable.query, full_choice[variable.dashboard]))


@pytest.mark.parametrize("query", EVERYTHING, ids=lambda query: query.name + query.title)
def test_every_query_has_rows_where_every_field_has_points(
    full_influxdb: Filled, full_choice: Chosen, query: PanelQuery
) -> None:
    assert rows(full_influxdb, text_of(query, full_choice, full_influxdb))


@pytest.mark.parametrize(
    "query", [query for query in PANELS if "$centre" in query.query], ids=lambda query: query.name
)
def test_every_panel_of_centres_has_rows_for_one_centre(
    full_influxdb: Filled, single_choice: Chosen, query: PanelQuery
) -> None:
    assert rows(full_influxdb, text_of(query, single_choice, full_influxdb))


@pytest.mark.parametrize("query", PANELS, ids=lambda query: query.name)
def test_no_panel_asks_for_more_than_a_hundred_series_of_1500_points(
    full_influxdb: Filled, full_choice: Chosen, query: PanelQuery
) -> None:
    form = {"db": full_influxdb.database, "q": text_of(query, full_choice, full_influxdb)}
    response = httpx.post(f"{full_influxdb.url}/query", data=form, timeout=30)
    series = response.json()["results"][0]["series"]
    assert len(series) <= 100
    assert max(len(one["values"]) for one in series) <= 1500


def test_ingest_that_stops_is_counted_as_no_report(full_influxdb: Filled) -> None:
    (silent,) = (alert for alert in ALERTS if alert.title == "ingest_silent")
    later = full_influxdb.last + timedelta(hours=2)
    found = rows(full_influxdb, filled(silent, {}, later - timedelta(hours=6), later))
    assert found[-1][1] == 0
    assert max(row[1] for row in found) == 1


@pytest.mark.parametrize("kind", sorted(SEASON_KINDS))
def test_the_demo_writes_the_kinds_of_a_season(season_influxdb: Season, kind: str) -> None:
    first, last = to_epoch_ms(season_influxdb.first), to_epoch_ms(season_influxdb.last)
    query = f'SELECT * FROM "{kind}" WHERE time >= {first}ms AND time <= {last}ms LIMIT 1'  # noqa: S608 - our own names
    assert rows(season_influxdb, query)


@pytest.mark.parametrize("query", IN_SEASON, ids=lambda query: query.name + query.title)
def test_every_query_of_the_seasons_kinds_has_rows_over_the_season(
    season_influxdb: Season, season_choice: Chosen, query: PanelQuery
) -> None:
    found = rows(season_influxdb, text_of(query, season_choice, season_influxdb))
    assert found or query.name in MAY_BE_EMPTY


def test_every_reason_belongs_to_a_query() -> None:
    assert {query.name for query in IN_SEASON} >= MAY_BE_EMPTY.keys()


def test_a_misspelt_name_would_be_noticed(season_influxdb: Season) -> None:
    query = 'SELECT mean("air_temp") FROM "cold_room" WHERE time > 0 GROUP BY time(1d)'
    assert rows(season_influxdb, query) == []


# Sums over subqueries are where InfluxDB 1.6 goes wrong without a word, so two are counted again.


def number(found: list[Row]) -> float:
    ((_, value),) = found
    return float(value)


def panel(dashboard: str, panel_id: int) -> PanelQuery:
    (query,) = (q for q in PANELS if (q.dashboard, q.panel_id) == (dashboard, panel_id))
    return query


def per_asset(season: Season, selection: str) -> list[float]:
    return [float(row[1]) for row in rows(season, f'{selection} GROUP BY "asset"')]


def test_power_now_is_the_sum_of_all_rooms(season_influxdb: Season, season_choice: Chosen) -> None:
    query = panel("agripark-cold-storage", 5)
    season = season_influxdb
    rooms = per_asset(season, 'SELECT last("power_kw") FROM "cold_room"')
    assert number(rows(season, text_of(query, season_choice, season))) == pytest.approx(sum(rooms))


def test_water_today_is_what_the_meters_counted(
    season_influxdb: Season, season_choice: Chosen
) -> None:
    season = season_influxdb
    meters = sum(per_asset(season, 'SELECT spread("volume_m3") FROM "pump_head"'))
    query = panel("agripark-irrigation", 3)
    assert number(rows(season, text_of(query, season_choice, season))) == pytest.approx(meters)


def test_water_by_the_hour_adds_up_to_what_the_meters_counted(full_influxdb: Filled) -> None:
    full = full_influxdb
    meters = sum(per_asset(full, 'SELECT spread("volume_m3") FROM "pump_head"'))
    hourly = rows(full, text_of(panel("agripark-irrigation", 4), {}, full))
    assert sum(row[1] for row in hourly) == pytest.approx(meters)


def test_a_meter_that_began_again_counts_nothing_backwards(influxdb: InfluxDB) -> None:
    day = Filled(
        influxdb.url,
        influxdb.new_database(),
        datetime(2026, 10, 1, tzinfo=UTC),
        datetime(2026, 10, 2, tzinfo=UTC),
    )
    start_ms = to_epoch_ms(day.first)
    store = InfluxStore(day.url, day.database)
    meters = {"one": (100.0, 110.0, 130.0), "two": (500.0, 2.0, 5.0)}
    store.write(
        [
            f"pump_head,asset={asset},site=s volume_m3={value} {start_ms + hour * EVERY_MS}"
            for asset, values in meters.items()
            for hour, value in enumerate(values)
        ]
    )
    store.close()
    assert number(rows(day, text_of(panel("agripark-irrigation", 3), {}, day))) == 30
    hourly = rows(day, text_of(panel("agripark-irrigation", 4), {}, day))
    assert [row[1] for row in hourly] == [10, 23]
