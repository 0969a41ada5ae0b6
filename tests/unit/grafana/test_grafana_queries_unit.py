"""Queries are checked when they are built, and filled in as Grafana does."""

from datetime import UTC, datetime, timedelta

import pytest
from grafana_foundation_sdk.models import units as sdk_units

from grafana.dashboards import all_dashboards
from grafana.errors import (
    UnknownFieldError,
    UnknownKindError,
    UnknownTagError,
    UnknownUnitError,
)
from grafana.influxql import foremost, source, summary_over_time
from grafana.queries import PanelQuery, filled, interval_ms, panel_queries, with_variables
from grafana.targets import InfluxQuery, Ratio
from grafana.units import grafana_unit
from park.telemetry import STORED_KINDS

FIRST = datetime(2026, 10, 1, tzinfo=UTC)
DAY_MS = 86_400_000


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(UnknownKindError, match="cold_rom"):
        source("cold_rom")


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(UnknownFieldError, match=r"cold_room\.air_temp"):
        source("cold_room").column("mean", "air_temp")


def test_words_have_no_mean() -> None:
    with pytest.raises(UnknownFieldError, match="words have no mean"):
        source("sorting_line").column("mean", "state")


def test_a_gauge_has_no_increase() -> None:
    with pytest.raises(UnknownFieldError, match="is no counter"):
        source("cold_room").increase("power_kw")


def test_only_a_switch_can_be_on() -> None:
    with pytest.raises(UnknownFieldError, match="is no switch"):
        source("irrigation_block").where_on("flow_m3h")


def test_a_state_has_its_words_only() -> None:
    with pytest.raises(UnknownFieldError, match="never 'runing'"):
        source("sorting_line").where_word("state", "runing")


def test_only_a_figure_can_be_above_a_limit() -> None:
    with pytest.raises(UnknownFieldError, match="is no figure"):
        source("sorting_line").where_above("state", 1)


def test_an_increase_leaves_out_counters_that_began_again() -> None:
    assert source("pump_head").increase("volume_m3") == (
        'SELECT sum("volume_m3") AS "volume_m3" FROM (SELECT last("volume_m3") - '
        'first("volume_m3") AS "volume_m3" FROM "pump_head" WHERE $timeFilter GROUP BY "asset") '
        'WHERE "volume_m3" >= 0'
    )


def test_a_ratio_hides_its_parts_and_shows_what_the_server_divides() -> None:
    ratio = Ratio("SELECT 1", "SELECT 2", 100)
    targets = [target.to_json() for target in ratio.once()]
    assert [target["refId"] for target in targets if not target.get("hide")] == ["E"]
    assert targets[-1]["expression"] == "100 * $C / $D"
    *parts, quotient = (target.to_json() for target in ratio.over_time())
    assert all(part["hide"] for part in parts)
    assert quotient["expression"] == "100 * $A / $B"


def test_a_tag_that_the_points_lack_is_refused() -> None:
    with pytest.raises(UnknownTagError, match="centre"):
        source("soil").where_tag_among("centre", "centre")


def test_a_series_query_reads_as_expected() -> None:
    room = source("cold_room").where_tag_is("asset", "room")
    assert room.over_time(room.column("mean", "air_temp_c")) == (
        'SELECT mean("air_temp_c") AS "air_temp_c" FROM "cold_room" '
        "WHERE $timeFilter AND \"asset\" = '$room' GROUP BY time($__interval) fill(null)"
    )


def test_sums_over_time_filter_inside_and_outside() -> None:
    inner = source("irrigation_block").increases_over_time("volume_m3")
    assert summary_over_time(inner, 'sum("volume_m3") AS "volume_m3"').count("$timeFilter") == 2


def test_the_foremost_rows_keep_other_columns() -> None:
    inner = source("soil").per_asset(source("soil").column("last", "battery_pct"))
    assert foremost(inner, "bottom", "battery_pct", 5, ("asset",)).startswith(
        'SELECT bottom("battery_pct", 5) AS "battery_pct", "asset" FROM (SELECT'
    )


def test_a_query_says_in_json_what_grafana_needs() -> None:
    assert InfluxQuery("SELECT 1", alias="$col").to_json() == {
        "alias": "$col",
        "datasource": {"type": "influxdb", "uid": "agripark-telemetry"},
        "query": "SELECT 1",
        "rawQuery": True,
        "refId": "A",
        "resultFormat": "time_series",
    }


def test_every_unit_of_the_table_has_one_in_grafana() -> None:
    known = {value for value in vars(sdk_units).values() if isinstance(value, str)}
    for kind in STORED_KINDS.values():
        for field in kind.fields.values():
            unit = grafana_unit(field.unit)
            assert unit in known or unit.startswith("suffix:"), (kind.name, field.name)


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(UnknownUnitError, match="furlong"):
        grafana_unit("furlong")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("= '$room'", "= 'room-0001'"),
        ("=~ /^$centre$/", "=~ /^(centre-01|centre\\.02)$/"),
        ("=~ /^${room:regex}-lane-/", "=~ /^room-0001-lane-/"),
        ("$timeFilter time($__interval) $other", "$timeFilter time($__interval) $other"),
    ],
)
def test_variables_are_filled_in_as_grafana_does(query: str, expected: str) -> None:
    values = {"room": "room-0001", "centre": ["centre-01", "centre.02"]}
    assert with_variables(query, values) == expected


def test_time_and_interval_are_filled_in_as_grafana_does() -> None:
    query = PanelQuery("d", 1, "t", "A", "$timeFilter time($__interval)", "table", 700, 60_000)
    text = filled(query, {}, FIRST, FIRST + timedelta(days=1))
    assert text == "time >= 1790812800000ms and time <= 1790899200000ms time(2m)"


@pytest.mark.parametrize(
    ("range_ms", "least_ms", "expected"),
    [
        (5 * 60_000, 60_000, 60_000),
        (5 * 60_000, 1, 500),
        (DAY_MS, 1, 120_000),
        (30 * DAY_MS, 1, 3_600_000),
        (DAY_MS, 3_600_000, 3_600_000),
        (365 * DAY_MS, 1, 43_200_000),
        (40_000 * DAY_MS, 1, 365 * DAY_MS),
    ],
)
def test_the_interval_is_rounded_as_grafana_does(
    range_ms: int, least_ms: int, expected: int
) -> None:
    assert interval_ms(range_ms, 700, least_ms) == expected


def test_no_series_has_more_than_1500_points_over_any_range_up_to_four_years() -> None:
    limits = {
        (query.max_data_points, query.least_interval_ms)
        for model in all_dashboards().values()
        for query in panel_queries(model)
    }
    hours = (1, 6, 24, 24 * 7, 24 * 30, 24 * 90, 24 * 365, 24 * 365 * 4)
    ranges = [hour * 3_600_000 for hour in hours] + [n * 3_333_333 for n in range(1, 9000, 7)]
    for points, least in limits:
        assert max(r / interval_ms(r, points, least) for r in ranges) <= 1500
