import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park.times import to_epoch_ms
from simulators.physics.fruit import PROFILES, grade_shares
from simulators.physics.greenhouse import Greenhouse
from simulators.physics.reefer import Reefer, between
from simulators.physics.sorting import Lane, Line
from simulators.physics.weather import Weather, WeatherTrack
from simulators.seeds import generator

YEAR_START_MS = to_epoch_ms(datetime(2025, 1, 1, tzinfo=UTC))
HOUR_MS = 3_600_000


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def test_a_year_of_weather_is_that_of_southern_shanxi() -> None:
    track = WeatherTrack(generator(3), YEAR_START_MS)
    year = [track.at(YEAR_START_MS + hour * HOUR_MS) for hour in range(365 * 24)]
    january, july = year[: 31 * 24], year[181 * 24 : 212 * 24]
    assert mean([w.air_temp_c for w in january]) == pytest.approx(-1, abs=4)
    assert mean([w.air_temp_c for w in july]) == pytest.approx(26, abs=4)
    assert 250 < sum(w.rain_mm for w in year) < 900
    assert all(w.humidity_pct <= 100 and w.wind_ms >= 0 and w.solar_wm2 >= 0 for w in year)
    local_midnight = year[16::24]
    local_noon = year[4::24]
    assert max(w.solar_wm2 for w in local_midnight) == 0
    assert min(w.solar_wm2 for w in local_noon) > 50
    assert mean([w.air_temp_c for w in local_noon]) > mean([w.air_temp_c for w in local_midnight])


def test_the_same_hour_has_the_same_weather_in_whatever_order_it_is_asked_for() -> None:
    forward = WeatherTrack(generator(1), 0)
    hours = [forward.at(hour * HOUR_MS) for hour in range(100)]
    backward = WeatherTrack(generator(1), 0)
    assert [backward.at(hour * HOUR_MS) for hour in reversed(range(100))] == hours[::-1]
    assert backward.at(-HOUR_MS) == hours[0]


def test_a_greenhouse_is_warmer_than_the_sky_by_day_and_opens_its_vents_when_hot() -> None:
    house = Greenhouse()
    for _ in range(6):
        house.step(3600, Weather(26.0, 50.0, 1.0, 800.0, 0.0, 970.0, 0.0))
    assert house.air_temp_c > 28
    assert house.vent_pct > 0
    for _ in range(12):
        house.step(3600, Weather(5.0, 70.0, 1.0, 0.0, 0.0, 970.0, 0.0))
    assert house.vent_pct == 0
    assert house.air_temp_c == pytest.approx(6.5, abs=1)


def test_a_reefers_pulp_follows_its_supply_air_the_nearest_probe_first() -> None:
    reefer = Reefer(setpoint_c=-0.5)
    reefer.load(4.0)
    reefer.step(12 * 3600, 25.0)
    assert reefer.pulp_c[0] < reefer.pulp_c[1] < reefer.pulp_c[2] < 4.0
    for _ in range(7 * 24):
        reefer.step(3600, 25.0)
    assert all(-0.5 <= temp_c <= 0.5 for temp_c in reefer.pulp_c)
    assert reefer.supply_c == pytest.approx(-0.5, abs=0.01)


def test_a_trip_across_the_date_line_takes_the_short_way() -> None:
    assert between((30.0, 170.0), (30.0, -170.0), 0.5) == pytest.approx((30.0, -180.0))
    assert between((35.0, 110.0), (13.0, 101.0), 1.0) == pytest.approx((13.0, 101.0))


@given(seed=st.integers(0, 1000), masses=st.lists(st.floats(10, 2000), min_size=1, max_size=30))
def test_a_lines_mass_is_that_of_its_lanes_and_its_counters_only_grow(
    seed: int, masses: list[float]
) -> None:
    line = Line([Lane() for _ in range(10)], generator(seed))
    line.start(PROFILES["fuji"])
    counts = [0]
    for mass_kg in masses:
        line.feed(300, mass_kg, mass_kg * 0.07)
        counts.append(line.fruit_count)
    assert line.mass_kg == pytest.approx(sum(masses))
    assert sum(lane.mass_kg for lane in line.lanes) == pytest.approx(sum(masses))
    assert line.reject_kg == pytest.approx(0.07 * sum(masses))
    assert all(later >= earlier for earlier, later in itertools.pairwise(counts))


def test_a_stopped_line_keeps_its_counters() -> None:
    line = Line([Lane() for _ in range(2)], generator(1))
    line.start(PROFILES["fuji"])
    line.feed(300, 500.0, 20.0)
    line.stop()
    line.feed(0, 0.0, 0.0)
    assert (line.state, line.throughput_kg_h, line.mass_kg) == ("idle", 0.0, 500.0)


@pytest.mark.parametrize("variety", sorted(PROFILES))
def test_fruit_weighs_what_its_variety_does(variety: str) -> None:
    expected = {"winter-jujube": 15.0, "yidong-1": 15.5, "david-gala": 180.0, "fuji": 220.0}
    assert PROFILES[variety].mean_mass_g == pytest.approx(expected[variety], rel=0.05)


@pytest.mark.parametrize("variety", sorted(PROFILES))
@given(seed=st.integers(0, 1000))
def test_grades_share_the_sound_fruit_and_leave_rejects(variety: str, seed: int) -> None:
    nominal = PROFILES[variety]
    shares = grade_shares(nominal, nominal.varied(generator(seed)), 3)
    assert all(share > 0 for share in shares)
    assert 0.02 < 1 - sum(shares) < 0.25


def test_larger_fruit_makes_more_of_the_best_grade() -> None:
    nominal = PROFILES["fuji"]
    small, large = (
        next(
            profile
            for seed in range(1000)
            if sign
            * ((profile := nominal.varied(generator(seed))).diameter_mm - nominal.diameter_mm)
            > 1.5
        )
        for sign in (-1, 1)
    )
    assert grade_shares(nominal, large, 3)[0] > grade_shares(nominal, small, 3)[0] + 0.1


def test_hours_of_the_weather_do_not_depend_on_the_step_they_are_read_at() -> None:
    track = WeatherTrack(generator(2), YEAR_START_MS)
    start = datetime(2025, 3, 1, tzinfo=UTC)
    inside = {
        track.at(to_epoch_ms(start + timedelta(minutes=minute))) for minute in range(0, 60, 7)
    }
    assert len(inside) == 1
