"""The climate of a stay against readings that are known one by one."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.climate import MOST_POINTS, Climates, ClimateStatus, read_climate, span_for
from api.pages.chart import draw
from api.pages.formats import Formats
from ingest.line_protocol import encode
from ingest.reading import Reading
from ingest.stores.sqlite import SqliteStore
from park.assets import Park
from park.times import from_epoch_ms, parse_instant, to_epoch_ms

START = parse_instant("2025-10-02T03:07:00Z")
ROOM = "room-0002"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path / "telemetry.db")
    yield made
    made.close()


def write(store: SqliteStore, readings: dict[datetime, dict[str, float]]) -> None:
    store.write(
        [
            encode(Reading("cold_room", "linyi", ROOM, "centre-02", to_epoch_ms(time), fields))
            for time, fields in readings.items()
        ]
    )


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    minutes=st.lists(st.integers(0, 60 * 24 * 40), min_size=1, max_size=60, unique=True),
    first=st.integers(0, 60 * 24 * 20),
    last=st.integers(60 * 24 * 20 + 1, 60 * 24 * 40),
)
def test_figures_are_exact_whatever_the_spans_of_the_chart(
    tmp_path_factory: pytest.TempPathFactory, minutes: list[int], first: int, last: int
) -> None:
    store = SqliteStore(tmp_path_factory.mktemp("climate") / "telemetry.db")
    airs = {minute: (minute * 7919 % 1000) / 100 - 5 for minute in minutes}
    write(
        store,
        {START + timedelta(minutes=m): {"air_temp_c": air} for m, air in airs.items()},
    )
    since, until = START + timedelta(minutes=first), START + timedelta(minutes=last)
    climate = read_climate(store, ROOM, since, until, -0.5)
    store.close()
    inside = [air for minute, air in airs.items() if first <= minute < last]
    if not inside:
        assert (climate.status, climate.air) == (ClimateStatus.NO_READINGS, None)
        return
    assert climate.air is not None
    assert climate.air.samples == len(inside)
    assert (climate.air.min_c, climate.air.max_c) == (min(inside), max(inside))
    assert climate.air.mean_c == pytest.approx(sum(inside) / len(inside))
    assert len(climate.points) <= MOST_POINTS + 1
    assert draw(climate, since, Formats("en")).air_mean.startswith("M")


def test_the_set_point_is_the_newest_that_was_sent_and_else_the_room_s(
    store: SqliteStore,
) -> None:
    end = START + timedelta(days=1)
    write(store, {START: {"air_temp_c": 1.0}})
    assert read_climate(store, ROOM, START, end, -0.5).setpoint_c == -0.5
    write(store, {START: {"setpoint_c": 0.0}, START + timedelta(hours=3): {"setpoint_c": -1.0}})
    assert read_climate(store, ROOM, START, end, -0.5).setpoint_c == -1.0


def test_a_room_without_pulp_probe_has_figures_of_its_air(store: SqliteStore) -> None:
    write(store, {START: {"air_temp_c": 1.0}})
    climate = read_climate(store, ROOM, START, START + timedelta(hours=1), None)
    assert (climate.status, climate.pulp) == (ClimateStatus.MEASURED, None)
    chart = draw(climate, START, Formats("zh"))
    assert (chart.pulp_mean, chart.setpoint) == ("", "")


def test_a_reading_at_the_end_belongs_to_the_next_stay(store: SqliteStore) -> None:
    end = START + timedelta(hours=1)
    write(store, {START: {"air_temp_c": 1.0}, end: {"air_temp_c": 9.0}})
    climate = read_climate(store, ROOM, START, end, None)
    assert climate.air is not None
    assert (climate.air.samples, climate.air.max_c) == (1, 1.0)


def test_a_stay_that_lasts_is_looked_at_up_to_the_newest_reading(
    store: SqliteStore, small_park: Park
) -> None:
    write(store, {START: {"air_temp_c": 1.0}, START + timedelta(days=2): {"air_temp_c": 3.0}})
    climates = Climates(small_park, store, from_epoch_ms(to_epoch_ms(START) * 2))
    climate = climates.over(ROOM, START, None)
    assert climate.air is not None
    assert climate.air.samples == 2
    assert climate.until - START < timedelta(days=2, seconds=1)


def test_an_empty_stay_has_no_readings(store: SqliteStore, small_park: Park) -> None:
    climates = Climates(small_park, store, START)
    for until in (START, START + timedelta(days=1), None):
        assert climates.over(ROOM, START, until).status is ClimateStatus.NO_READINGS


def test_a_store_that_is_away_is_asked_once(store: SqliteStore, small_park: Park) -> None:
    store.close()
    climates = Climates(small_park, store, START)
    for room in (ROOM, "room-0001"):
        climate = climates.over(room, START, None)
        assert (climate.status, climate.until) == (ClimateStatus.UNAVAILABLE, START)
        assert climate.setpoint_c is not None


@given(st.timedeltas(timedelta(milliseconds=1), timedelta(days=3650)))
def test_spans_are_round_and_few(whole: timedelta) -> None:
    span = span_for(whole)
    assert whole / span <= MOST_POINTS
    assert span % timedelta(minutes=1) == timedelta(0)


def test_a_gap_breaks_the_line(store: SqliteStore) -> None:
    hours = [*range(24), *range(72, 96)]
    write(store, {START + timedelta(hours=h): {"air_temp_c": h / 10} for h in hours})
    climate = read_climate(store, ROOM, START, START + timedelta(hours=96), None)
    chart = draw(climate, START, Formats("en"))
    assert chart.air_mean.count("M") == 2
    assert chart.air_range.count("Z") == 2


def test_the_axes_have_round_ticks_where_the_park_is(store: SqliteStore) -> None:
    write(store, {START + timedelta(hours=h): {"air_temp_c": h / 49.5} for h in range(100)})
    climate = read_climate(store, ROOM, START, START + timedelta(hours=100), None)
    chart = draw(climate, START, Formats("en"))
    assert [tick.label for tick in chart.across] == ["3 Oct", "4 Oct", "5 Oct", "6 Oct"]
    assert [tick.label for tick in chart.up] == ["0.0°", "0.5°", "1.0°", "1.5°", "2.0°"]
    assert all(chart.left <= tick.at <= chart.right for tick in chart.across)
