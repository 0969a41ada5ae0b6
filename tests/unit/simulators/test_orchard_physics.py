import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.physics.fertigation import Mixer
from simulators.physics.irrigation import DOSE_M3_MU, SQUARE_METRES_A_MU, Block
from simulators.physics.pump import Pump
from simulators.physics.soil import SATURATION_PCT, WILTING_PCT, SoilColumn, evapotranspiration_mm_h
from simulators.physics.weather import Weather
from simulators.seeds import generator

NOON = Weather(30.0, 45.0, 2.0, 900.0, 0.0, 970.0, 0.0)
NIGHT = Weather(18.0, 75.0, 1.0, 0.0, 0.0, 970.0, 0.0)


def dry_block(seed: int = 1) -> Block:
    soil = SoilColumn(water_mm=[30.0, 31.0, 32.0])
    return Block("apple", 20.0, 27.0, generator(seed), soil=soil)


@given(
    seed=st.integers(0, 10_000),
    rains=st.lists(st.floats(0, 30), min_size=1, max_size=200),
    demand=st.floats(0, 0.8),
)
def test_water_is_conserved_from_the_meter_and_the_sky_to_soil_crop_and_groundwater(
    seed: int, rains: list[float], demand: float
) -> None:
    block = dry_block(seed)
    block.decide(20)
    water_mm, volume_m3 = block.soil.total_mm, block.volume_m3
    for rain_mm in rains:
        block.step(1800, rain_mm, demand, 20.0)
    watered_mm = (block.volume_m3 - volume_m3) / (block.area_mu * SQUARE_METRES_A_MU) * 1000
    gained_mm = block.soil.total_mm - water_mm + block.soil.used_mm + block.soil.drained_mm
    assert gained_mm == pytest.approx(watered_mm + sum(rains))
    assert all(0 <= block.soil.moisture_pct(i) <= SATURATION_PCT + 1e-9 for i in range(3))


def test_an_event_gives_about_20_m3_a_mu_at_nominal_flow_and_then_shuts() -> None:
    block = dry_block()
    block.decide(20)
    assert is_open(block)
    steps = 0
    while is_open(block):
        block.step(600, 0.0, 0.0, 20.0)
        steps += 1
        if is_open(block):
            assert block.flow_m3h == pytest.approx(27.0, rel=0.1)
            assert 150 < block.pressure_kpa < 250
    assert block.volume_m3 == pytest.approx(DOSE_M3_MU * 20.0, rel=0.06)
    assert steps * 600 / 3600 == pytest.approx(400 / 27, rel=0.1)
    assert block.flow_m3h == 0
    assert block.soil.relative() > 0.68


def is_open(block: Block) -> bool:
    """Asks anew: the type checker would remember an earlier answer."""
    return block.open


def test_a_valve_opens_only_in_the_evening_and_only_where_the_soil_is_dry() -> None:
    block = dry_block()
    block.decide(12)
    assert not block.open
    wet = Block("apple", 20.0, 27.0, generator(1), soil=SoilColumn(water_mm=[50.0, 50.0, 50.0]))
    wet.decide(20)
    assert not wet.open


def test_soil_dries_by_day_and_rests_at_night() -> None:
    soil = SoilColumn()
    by_day = evapotranspiration_mm_h(NOON, "apple", 7)
    at_night = evapotranspiration_mm_h(NIGHT, "apple", 7)
    assert 0.3 < by_day < 1.2
    assert at_night == 0
    before = soil.total_mm
    soil.step(8 * 3600, 0.0, by_day, 28.0)
    assert soil.total_mm < before - 2


def test_soil_never_dries_below_its_wilting_point() -> None:
    soil = SoilColumn()
    for _ in range(24 * 90):
        soil.step(3600, 0.0, 0.5, 30.0)
    assert all(soil.moisture_pct(layer) >= WILTING_PCT - 1e-9 for layer in range(3))


def test_deeper_soil_follows_the_air_later() -> None:
    soil = SoilColumn(temp_c=[10.0, 10.0, 10.0])
    soil.step(12 * 3600, 0.0, 0.0, 30.0)
    assert soil.temp_c[0] > soil.temp_c[1] > soil.temp_c[2] > 10.0


def test_a_pumps_counters_only_grow_and_its_level_falls_while_it_runs() -> None:
    pump = Pump()
    rest_m = pump.level_m
    energy, volume = [pump.energy_kwh], [pump.volume_m3]
    for flow_m3h in (27.0, 27.0, 54.0, 0.0, 0.0):
        pump.step(3600, flow_m3h, flow_m3h)
        energy.append(pump.energy_kwh)
        volume.append(pump.volume_m3)
    assert all(later > earlier for earlier, later in itertools.pairwise(energy))
    assert volume[-1] == pytest.approx(108.0)
    running = [pump.on]
    pump.step(3600, 27.0, 27.0)
    assert [*running, pump.on] == [False, True]
    assert pump.level_m < rest_m


def test_a_mixer_doses_in_the_middle_of_a_watering_and_its_tank_falls_by_the_dose() -> None:
    mixer = Mixer(generator(1))
    tank_l = mixer.tank_l
    doses = []
    for _ in range(12):
        mixer.step(3600, 27.0)
        doses.append(mixer.dose_l_h)
    assert doses[0] == 0
    assert doses[-1] == 0
    assert max(doses) > 0
    assert tank_l - mixer.tank_l == pytest.approx(mixer.dose_l)
    assert mixer.ec_ms_cm < 0.8
