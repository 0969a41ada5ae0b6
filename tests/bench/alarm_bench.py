"""Readings of the whole park through all shipped rules, on one core.

The mix is that of a minute of the real park, with a tenth of the valves open: most readings are
quiet, a hundredth are not, some come in parts.
"""

import time
from collections.abc import Callable, Mapping
from random import Random

from ingest.alarms.conditions.engine import ConditionEngine
from ingest.alarms.rules.rule import RuleSet
from park.assets import Asset, IrrigationBlock, Park
from park.definition import build_park, read_definition
from tests.bench.figures import Figure

WANTED_READINGS_S = 20_000.0
_SCALE = 0.1
_MINUTES = 60
_START_MS = 1_790_000_000_000
_BATCH = 500

Values = Mapping[str, float | int | str]


def measure() -> list[Figure]:
    """Readings a second through all rules, and what a quiet reading of a cold room costs."""
    park = build_park(read_definition(), _SCALE)
    rate = _readings_a_second(park)
    quiet_us = _quiet_us(park)
    return [
        Figure(
            "alarms.readings_per_s", rate, "readings/s", WANTED_READINGS_S, rate / WANTED_READINGS_S
        ),
        Figure("alarms.quiet_room_us", quiet_us, "us"),
    ]


def _readings_a_second(park: Park) -> float:
    random = Random(1)  # noqa: S311 - the same load in every run
    senders = [asset for asset in park.assets.values() if asset.kind is not None]
    readings = [
        (asset.id, asset.kind.name, _START_MS + minute * 60_000 + number, _values(asset, random))
        for minute in range(_MINUTES)
        for number, asset in enumerate(senders)
        if asset.kind is not None and minute % max(1, asset.kind.cadence_s // 60) == 0
        if not (isinstance(asset, IrrigationBlock) and number % 10 and minute % 15)
    ]
    engine = ConditionEngine(park, RuleSet.shipped())
    started = time.process_time()
    for first in range(0, len(readings), _BATCH):
        for reading in readings[first : first + _BATCH]:
            engine.reading(*reading)
        engine.take_signals()
        engine.take_changed()
    return len(readings) / (time.process_time() - started)


def _quiet_us(park: Park) -> float:
    random = Random(2)  # noqa: S311 - the same load in every run
    engine = ConditionEngine(park, RuleSet.shipped())
    readings = [(_START_MS + minute * 60_000, _room(random)) for minute in range(20_000)]
    started = time.process_time()
    for time_ms, values in readings:
        engine.reading("room-0001", "cold_room", time_ms, values)
    return (time.process_time() - started) / len(readings) * 1e6


def _values(asset: Asset, random: Random) -> Values:
    kind = asset.kind
    make = None if kind is None else _MAKERS.get(kind.name)
    values = {"battery_pct": 90.0} if make is None else dict(make(random))
    if kind is not None and kind.name == "cold_room" and random.random() < 0.01:
        values["air_temp_c"] = 1.5
    return values


def _room(random: Random) -> Values:
    air = -0.5 + random.gauss(0, 0.1)
    return {
        "air_temp_c": air,
        "return_temp_c": air + 0.2,
        "pulp_temp_c": -0.3,
        "humidity_pct": 93.0,
        "co2_pct": 0.3,
        "o2_pct": 20.6,
        "ethylene_ppm": 0.1,
        "door_open": 0,
        "defrost_on": 0,
        "compressor_on": 1,
        "setpoint_c": -0.5,
        "power_kw": 3.0,
        "energy_kwh": 100.0,
        "evaporator_temp_c": -5.0,
    }


def _block(random: Random) -> Values:
    is_open = random.random() < 0.1
    return {
        "valve_open": int(is_open),
        "flow_m3h": random.gauss(27, 0.5) if is_open else 0.0,
        "volume_m3": 100.0,
        "pressure_kpa": 195.0 if is_open else 25.0,
        "battery_pct": 90.0,
    }


def _pump(random: Random) -> Values:
    return {
        "pump_on": 0,
        "flow_m3h": 0.0,
        "volume_m3": 1000.0,
        "pressure_kpa": 20.0,
        "level_m": 60 + random.random(),
        "filter_dp_kpa": 0.0,
    }


def _line(random: Random) -> Values:
    return {
        "state": "running",
        "throughput_kg_h": 20_000.0,
        "fruit_count": 1000,
        "cup_fill_pct": random.gauss(72, 4),
    }


def _reefer(random: Random) -> Values:
    supply = random.gauss(0, 0.05)
    return {
        "supply_temp_c": supply,
        "return_temp_c": supply + 0.5,
        "pulp_1_temp_c": 0.3,
        "pulp_2_temp_c": 0.3,
        "pulp_3_temp_c": 0.4,
        "setpoint_c": 0.0,
        "door_open": 0,
    }


_MAKERS: Mapping[str, Callable[[Random], Values]] = {
    "cold_room": _room,
    "irrigation_block": _block,
    "pump_head": _pump,
    "sorting_line": _line,
    "reefer": _reefer,
}
