"""Every query of every panel and variable, on a real InfluxDB that a whole season has filled.

InfluxDB answers a misspelt name with no rows and no error: so each query must give rows. Filled
in by `grafana.queries` as Grafana does; Grafana itself was not there.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import httpx
import pytest

from grafana.dashboards import all_dashboards
from grafana.queries import (
    PanelQuery,
    Values,
    VariableQuery,
    filled,
    panel_queries,
    variable_queries,
    with_variables,
)

MODELS = all_dashboards()
PANELS = [query for model in MODELS.values() for query in panel_queries(model)]
VARIABLES = [query for model in MODELS.values() for query in variable_queries(model)]


class Season(Protocol):
    """An InfluxDB that holds a season."""

    url: str
    database: str
    first: datetime
    last: datetime


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


@pytest.fixture(scope="module")
def first_choice(season_influxdb: Season) -> Chosen:
    """What a user sees on opening: the first value, and all where several may be chosen."""
    return choose(season_influxdb, many="all")


@pytest.fixture(scope="module")
def single_choice(season_influxdb: Season) -> Chosen:
    """One value of every variable, also where several may be chosen."""
    return choose(season_influxdb, many="one")


def choose(season: Season, many: str) -> Chosen:
    chosen: dict[str, dict[str, str | Sequence[str]]] = {
        model["uid"]: {} for model in MODELS.values()
    }
    for variable in VARIABLES:
        values = chosen[variable.dashboard]
        offered = sorted(row[1] for row in rows(season, with_variables(variable.query, values)))
        everything = variable.many and many == "all"
        values[variable.variable] = variable.all_value if everything else offered[0]
    return chosen


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.name)
def test_every_variable_offers_values(
    season_influxdb: Season, first_choice: Chosen, variable: VariableQuery
) -> None:
    assert rows(season_influxdb, with_variables(variable.query, first_choice[variable.dashboard]))


@pytest.mark.parametrize("query", PANELS, ids=lambda query: query.name)
def test_every_panel_has_rows_over_the_season(
    season_influxdb: Season, first_choice: Chosen, query: PanelQuery
) -> None:
    values = first_choice[query.dashboard]
    season = season_influxdb
    assert rows(season, filled(query, values, season.first, season.last))


@pytest.mark.parametrize(
    "query", [query for query in PANELS if "$centre" in query.query], ids=lambda query: query.name
)
def test_every_panel_of_centres_has_rows_for_one_centre(
    season_influxdb: Season, single_choice: Chosen, query: PanelQuery
) -> None:
    values = single_choice[query.dashboard]
    season = season_influxdb
    assert rows(season, filled(query, values, season.first, season.last))


@pytest.mark.parametrize("query", PANELS, ids=lambda query: query.name)
def test_no_panel_asks_for_more_than_a_hundred_series_of_1500_points(
    season_influxdb: Season, first_choice: Chosen, query: PanelQuery
) -> None:
    values = first_choice[query.dashboard]
    season = season_influxdb
    form = {
        "db": season.database,
        "q": filled(query, values, season.first, season.last),
    }
    response = httpx.post(f"{season.url}/query", data=form, timeout=30)
    series = response.json()["results"][0]["series"]
    assert len(series) <= 100
    assert max(len(one["values"]) for one in series) <= 1500


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


def test_power_now_is_the_sum_of_all_rooms(season_influxdb: Season, first_choice: Chosen) -> None:
    query = panel("agripark-cold-storage", 5)
    season = season_influxdb
    text = filled(query, first_choice[query.dashboard], season.first, season.last)
    rooms = per_asset(season, 'SELECT last("power_kw") FROM "cold_room"')
    assert number(rows(season, text)) == pytest.approx(sum(rooms))


def test_water_by_the_hour_adds_up_to_what_the_meters_counted(
    season_influxdb: Season, first_choice: Chosen
) -> None:
    season = season_influxdb
    meters = sum(per_asset(season, 'SELECT spread("volume_m3") FROM "irrigation_block"'))
    for panel_id in (3, 4):
        query = panel("agripark-irrigation", panel_id)
        text = filled(query, first_choice[query.dashboard], season.first, season.last)
        assert sum(row[1] for row in rows(season, text)) == pytest.approx(meters)
