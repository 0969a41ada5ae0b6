import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.physics.cold_room import (
    DEFROST_AT_MOST_S,
    DEFROST_EVERY_S,
    ColdRoom,
)
from simulators.physics.fruit import of_crop, respiration_kw

MINUTE_S = 60.0
HOUR_S = 3600.0
OUTDOOR_C = 18.0


def pulled_down(
    crop: str = "jujube", setpoint_c: float = -0.5, mass_kg: float = 40_000
) -> ColdRoom:
    room = ColdRoom(60.0, setpoint_c, of_crop(crop))
    room.store(mass_kg, 16.0)
    room.step(5 * 24 * HOUR_S, OUTDOOR_C)
    return room


@pytest.mark.parametrize(("crop", "setpoint_c"), [("jujube", -0.5), ("apple", 0.5)])
def test_air_swings_by_at_most_1_k_and_fruit_by_half_once_pulled_down(
    crop: str, setpoint_c: float
) -> None:
    room = pulled_down(crop, setpoint_c)
    air, pulp = [], []
    for _ in range(4 * 24 * 12):
        room.step(5 * MINUTE_S, OUTDOOR_C)
        air.append(room.air_c)
        pulp.append(room.pulp_c)
    assert max(air) - min(air) <= 1.0
    assert max(pulp) - min(pulp) <= 0.5
    assert sum(air) / len(air) == pytest.approx(setpoint_c, abs=0.35)
    assert sum(pulp) / len(pulp) == pytest.approx(setpoint_c + 0.2, abs=0.35)


def test_warm_fruit_is_pulled_down_to_within_1_k_in_about_two_days() -> None:
    room = ColdRoom(60.0, 0.5, of_crop("apple"))
    room.store(15_000, 24.0)
    room.step(12 * HOUR_S, OUTDOOR_C)
    assert 3 < room.pulp_c < 15
    room.step(42 * HOUR_S, OUTDOOR_C)
    assert room.pulp_c == pytest.approx(0.7, abs=1.0)


@given(
    outdoor_c=st.floats(-15, 38),
    mass_kg=st.floats(500, 60_000),
    temp_c=st.floats(0, 30),
    steps=st.lists(st.floats(30, 3600), min_size=5, max_size=60),
)
def test_pulp_never_falls_far_below_the_set_point_and_energy_only_grows(
    outdoor_c: float, mass_kg: float, temp_c: float, steps: list[float]
) -> None:
    room = ColdRoom(60.0, -0.5, of_crop("jujube"))
    room.store(mass_kg, temp_c)
    energy = [room.energy_kwh]
    for dt_s in steps:
        room.step(dt_s, outdoor_c)
        energy.append(room.energy_kwh)
        assert room.pulp_c >= -0.5 - 0.7
        assert 0 <= room.co2_pct < 5
        assert 50 <= room.humidity_pct <= 100
    assert all(later > earlier for earlier, later in itertools.pairwise(energy))


def test_an_open_door_warms_the_air_which_recovers_afterwards() -> None:
    room = pulled_down()
    before_c = room.air_c
    room.door_open = True
    room.step(20 * MINUTE_S, 25.0)
    warmest_c = room.air_c
    room.door_open = False
    room.step(90 * MINUTE_S, 25.0)
    assert warmest_c > before_c + 0.5
    assert room.air_c < room.setpoint_c + 0.6


def test_a_defrost_warms_the_evaporator_with_the_compressor_off_and_ends_within_half_an_hour() -> (
    None
):
    room = pulled_down()
    defrosts: list[int] = []
    for minute in range(3 * 24 * 60):
        before = room.defrost_on
        room.step(MINUTE_S, OUTDOOR_C)
        if room.defrost_on:
            assert not room.compressor_on
            if not before:
                defrosts.append(minute)
        if before and not room.defrost_on and defrosts:
            assert room.evaporator_c > 3
            assert minute - defrosts[-1] <= DEFROST_AT_MOST_S / MINUTE_S
    gaps = {later - earlier for earlier, later in itertools.pairwise(defrosts)}
    assert len(defrosts) >= 8
    assert gaps == {DEFROST_EVERY_S / MINUTE_S}


def test_fresh_fruit_does_not_warm_the_probe_in_settled_fruit_by_more_than_a_kelvin() -> None:
    room = pulled_down()
    room.store(8_000, 18.0)
    warmest_c = room.pulp_c
    for _ in range(48):
        room.step(HOUR_S, OUTDOOR_C)
        warmest_c = max(warmest_c, room.pulp_c)
    assert warmest_c < room.setpoint_c + 1.5


def test_fruit_taken_out_is_gone() -> None:
    room = pulled_down(mass_kg=10_000)
    room.store(5_000, 18.0)
    room.take(12_000)
    assert room.mass_kg == pytest.approx(3_000)
    room.take(3_000)
    assert room.mass_kg == 0
    room.step(HOUR_S, OUTDOOR_C)
    assert room.pulp_c == room.air_c


def test_oxygen_falls_as_carbon_dioxide_rises() -> None:
    room = pulled_down("apple", 0.5)
    assert room.co2_pct > 0.1
    assert room.co2_pct + room.o2_pct == pytest.approx(20.99, abs=0.01)


def test_ten_kelvin_double_the_heat_of_apples() -> None:
    apple = of_crop("apple")
    assert respiration_kw(apple, 1000, 10) == pytest.approx(2 * respiration_kw(apple, 1000, 0))


def test_one_long_step_is_many_short_ones() -> None:
    long, short = pulled_down(), pulled_down()
    long.step(4 * HOUR_S, OUTDOOR_C)
    for _ in range(48):
        short.step(5 * MINUTE_S, OUTDOOR_C)
    assert long == short
