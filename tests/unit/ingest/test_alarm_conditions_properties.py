"""Random readings against a slow oracle: whatever the batches, the order, the restarts."""

from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.alarms.conditions.engine import ConditionEngine
from ingest.alarms.conditions.programs import ProgramBook
from ingest.alarms.model import Signal
from ingest.alarms.rules.rule import Balance, Flood, RuleSet, Silent
from ingest.alarms.rules.scope import Spot
from park.assets import Park
from park.definition import build_park, read_definition
from park.telemetry import KINDS
from tests.support.alarm_oracle import Found, Reading, expected, hidden, net

PARK: Park = build_park(read_definition(), 0.01)
RULES = RuleSet.shipped()
JUNE_MS = 1_687_000_000_000
ROOM, BLOCK, LINE = "room-0001", "block-00001", "line-01"
KIND = {ROOM: "cold_room", BLOCK: "irrigation_block", LINE: "sorting_line"}

_GAPS_S = (1, 30, 60, 60, 60, 60, 61, 120, 179, 240, 600, 1200, 4000, 30_000)
_VALUES: Mapping[str, Mapping[str, Sequence[float]]] = {
    ROOM: {
        "air_temp_c": (-2.0, -1.4, -0.5, -0.45, -0.4, 0.25, 0.45, 0.6, 3.0),
        "return_temp_c": (-0.5, -0.4, 4.0),
        "pulp_temp_c": (-0.4, 0.0),
        "co2_pct": (0.3, 1.9, 2.1),
        "o2_pct": (0.9, 1.1, 20.0),
        "door_open": (0.0, 0.0, 0.0, 1.0),
        "defrost_on": (0.0, 0.0, 0.0, 1.0),
        "compressor_on": (0.0, 1.0),
        "power_kw": (0.0, 0.07, 2.0),
        "setpoint_c": (-0.5, -0.5, -0.5, -2.0),
        "humidity_pct": (70.0, 81.0, 93.0),
    },
    BLOCK: {
        "valve_open": (0.0, 1.0, 1.0),
        "flow_m3h": (0.0, 0.8, 1.5, 15.0, 22.0, 27.0, 34.0, 40.0),
        "pressure_kpa": (25.0, 120.0, 145.0, 195.0),
        "battery_pct": (15.0, 22.0, 90.0),
    },
    LINE: {
        "state": (0.0, 0.0, 1.0, 2.0, 3.0, 4.0),
        "cup_fill_pct": (20.0, 42.0, 70.0),
    },
}
_WORDS = KINDS["sorting_line"].fields["state"].states


@st.composite
def sequences(draw: st.DrawFn, asset: str, *, most: int = 60) -> list[Reading]:
    """Readings in order: runs of the same values, so that delays run out now and then.

    Chance comes from a seed of its own: drawing each value would take most of the time.
    """
    rng = Random(draw(st.integers(0, 2**32)))  # noqa: S311 - no secret
    count = draw(st.integers(1, most))
    readings: list[Reading] = []
    t = JUNE_MS
    mass = reject = 0.0
    while len(readings) < count:
        run = {name: rng.choice(values) for name, values in _VALUES[asset].items()}
        is_partial = rng.random() < 0.25
        for _ in range(rng.randint(1, 8)):
            t += rng.choice(_GAPS_S) * 1000
            values = dict(run)
            if rng.random() < 0.5:
                name = rng.choice(sorted(run))
                values[name] = rng.choice(_VALUES[asset][name])
            if is_partial:
                left = rng.sample(sorted(run), rng.randint(0, len(run) - 1))
                values = {name: value for name, value in values.items() if name not in left}
            if asset == LINE:
                mass += rng.choice([0.0, 10.0, 300.0])
                reject += rng.choice([0.0, 0.0, 5.0, 90.0])
                values |= {"mass_kg": mass, "reject_kg": reject}
            readings.append((t, values))
    return readings[:count]


def _given(asset: str, values: Mapping[str, float]) -> Mapping[str, Any]:
    if asset == LINE and "state" in values:
        return {**values, "state": _WORDS[int(values["state"])]}
    return values


def _run(
    asset: str, readings: Iterable[Reading], batches: Iterable[int], *, restarts: bool = False
) -> tuple[list[Signal], ConditionEngine]:
    """Signals of readings, taken after so many of them, again and again."""
    engine = ConditionEngine(PARK, RULES)
    signals: list[Signal] = []
    saved: dict[str, bytes] = {}
    sizes = list(batches)
    left = sizes[0]
    for number, (time_ms, values) in enumerate(readings):
        engine.reading(asset, KIND[asset], time_ms, _given(asset, values))
        left -= 1
        if left <= 0:
            signals += engine.take_signals()
            if restarts:
                saved |= engine.take_changed(everything=True)
                engine = ConditionEngine(PARK, RULES, saved)
            left = sizes[number % len(sizes)]
    signals += engine.take_signals()
    return signals, engine


def _expected(asset: str, readings: Sequence[Reading]) -> dict[tuple[str, str], list[Found]]:
    item = PARK.asset(asset)
    kind = KINDS[KIND[asset]]
    book = ProgramBook(RULES, 8 * 3_600_000)
    nominal = float(getattr(item, "nominal_flow_m3h", "nan"))
    chosen = book.choose(Spot.of(PARK, item), kind.name, JUNE_MS, has_nominal=True)
    defaults = {"setpoint_c": -0.5} if asset == ROOM else {}
    found = {}
    for rule in chosen.program.rules:
        assert not isinstance(rule.check, Silent | Flood | Balance)
        alarms = expected(
            rule,
            readings,
            kind.slowest_cadence_s * 1000,
            defaults=defaults,
            nominal=nominal,
        )
        if alarms:
            found[rule.id, asset] = alarms
    return found


def _by_alarm(signals: Iterable[Signal]) -> dict[tuple[str, str], list[Signal]]:
    """The signals of each alarm in their order; that of two alarms at one time is free."""
    alarms: dict[tuple[str, str], list[Signal]] = {}
    for signal in signals:
        alarms.setdefault((signal.rule, signal.asset), []).append(signal)
    return alarms


_sizes = st.lists(st.integers(1, 12), min_size=1, max_size=5)
_any_asset = st.sampled_from([ROOM, BLOCK, LINE])


@given(data=st.data())
@settings(derandomize=True, max_examples=250)
def test_no_alarm_is_lost_and_none_is_without_cause_in_any_batches(data: st.DataObject) -> None:
    asset = data.draw(_any_asset)
    readings = data.draw(sequences(asset))
    signals, _ = _run(asset, readings, data.draw(_sizes))
    assert net(signals) == _expected(asset, readings)
    assert _by_alarm(signals) == _by_alarm(_run(asset, readings, [10_000])[0])


@given(data=st.data())
@settings(derandomize=True, max_examples=100)
def test_a_restart_between_any_two_readings_changes_nothing(data: st.DataObject) -> None:
    asset = data.draw(_any_asset)
    readings = data.draw(sequences(asset))
    sizes = data.draw(_sizes)
    signals, _ = _run(asset, readings, sizes, restarts=True)
    assert _by_alarm(signals) == _by_alarm(_run(asset, readings, [1])[0])


@given(data=st.data())
@settings(derandomize=True, max_examples=250)
def test_readings_in_any_order_within_the_horizon_lead_to_the_same(data: st.DataObject) -> None:
    asset = data.draw(st.sampled_from([ROOM, BLOCK]))
    readings = data.draw(sequences(asset))
    late_ms = data.draw(st.lists(st.integers(0, 3_500), min_size=1, max_size=7))
    arrived = [
        (time_ms + late_ms[number % len(late_ms)] * 1000, time_ms, values)
        for number, (time_ms, values) in enumerate(readings)
    ]
    arrived.sort(key=lambda arrival: arrival[0])
    shuffled = [(time_ms, values) for _, time_ms, values in arrived]
    signals, engine = _run(asset, shuffled, data.draw(_sizes))
    in_order = _run(asset, readings, [1])[0]
    assert engine.late == 0
    assert net(signals) == _expected(asset, readings)
    assert hidden(signals) == hidden(in_order)


@given(data=st.data())
@settings(derandomize=True, max_examples=100)
def test_the_fields_of_a_reading_may_come_one_by_one(data: st.DataObject) -> None:
    readings = data.draw(sequences(BLOCK, most=30))
    single = [
        (time_ms, {name: value}) for time_ms, values in readings for name, value in values.items()
    ]
    assert net(_run(BLOCK, single, [3])[0]) == net(_run(BLOCK, readings, [1])[0])
