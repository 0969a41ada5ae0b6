"""Conditions in stories that a person would tell."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest

from ingest.alarms.conditions.engine import ConditionEngine
from ingest.alarms.model import Change, Signal
from ingest.alarms.rules.file import load
from ingest.alarms.rules.rule import RuleSet
from park.assets import ColdRoom, Park

_START_MS = 1_687_000_000_000
_MINUTE_MS = 60_000
_GOOD: Mapping[str, float] = {
    "air_temp_c": -0.5,
    "return_temp_c": -0.3,
    "pulp_temp_c": -0.4,
    "humidity_pct": 93.0,
    "co2_pct": 0.3,
    "o2_pct": 20.6,
    "door_open": 0.0,
    "defrost_on": 0.0,
    "compressor_on": 1.0,
    "setpoint_c": -0.5,
    "power_kw": 3.0,
}
_OPEN = {"valve_open": 1.0, "flow_m3h": 27.0, "pressure_kpa": 195.0, "battery_pct": 90.0}
_SHUT = {"valve_open": 0.0, "flow_m3h": 0.0, "pressure_kpa": 25.0, "battery_pct": 90.0}
_PUMP_OFF = {"pump_on": 0.0, "flow_m3h": 0.0, "level_m": 60.0, "filter_dp_kpa": 0.0}


class _Story:
    """Readings each minute; times are minutes from the start."""

    def __init__(self, park: Park, rules: RuleSet | None = None) -> None:
        self.engine = ConditionEngine(park, rules or RuleSet.shipped())
        self.signals: list[Signal] = []

    def room(self, minutes: Iterable[int], room: str = "room-0001", **values: float) -> None:
        for minute in minutes:
            # Air never stands quite still.
            air = {"air_temp_c": values.get("air_temp_c", -0.5) + minute % 7 / 100}
            self.send(room, "cold_room", minute, {**_GOOD, **values, **air})

    def send(self, asset: str, kind: str, minute: float, values: Mapping[str, float | str]) -> None:
        time_ms = _START_MS + round(minute * _MINUTE_MS)
        self.engine.reading(asset, kind, time_ms, values)
        self.signals += self.engine.take_signals()

    def told(self, rule: str = "", asset: str = "") -> list[tuple[str, str, float]]:
        """Rule, change and minute."""
        return [
            (signal.rule, str(signal.change), (signal.at_ms - _START_MS) / _MINUTE_MS)
            for signal in self.signals
            if rule in {"", signal.rule} and asset in {"", signal.asset}
        ]


def test_a_warm_room_is_raised_when_its_delay_was_over(small_park: Park) -> None:
    story = _Story(small_park)
    story.room(range(60))
    story.room(range(60, 100), air_temp_c=1.0)
    story.room(range(100, 130))
    assert story.told() == [("room-warm", "raised", 80), ("room-warm", "cleared", 105)]
    raised = story.signals[0]
    assert raised.since_ms == _START_MS + 60 * _MINUTE_MS
    assert raised.limit == 0.5
    assert raised.value is not None
    assert raised.value > 0.5


def test_warm_air_of_a_defrost_is_hidden_until_an_hour_after_it(small_park: Park) -> None:
    story = _Story(small_park)
    story.room(range(20))
    story.room(range(20, 40), defrost_on=1.0, air_temp_c=1.0)
    story.room(range(40, 120), air_temp_c=1.0)
    assert [one[1:] for one in story.told("room-warm")] == [
        ("suppressed", 40),
        ("raised", 40),
        ("unsuppressed", 39 + 60 + 1 / _MINUTE_MS),
    ]
    assert story.signals[0].reason == "defrost"


def test_loading_is_a_pull_down_until_the_room_gets_no_colder(small_park: Park) -> None:
    story = _Story(small_park)
    story.room(range(60))
    story.room(range(60, 70), door_open=1.0, air_temp_c=3.0)
    for minute in range(70, 70 + 600):
        story.room([minute], air_temp_c=max(2.0, 6.0 - (minute - 70) / 60))
    story.room(range(670, 1000), air_temp_c=2.0)
    changes = story.told("room-warm")
    assert [change for _, change, _ in changes] == ["suppressed", "raised", "unsuppressed"]
    assert story.signals[-1].reason == ""
    assert 480 < changes[-1][2] < 800


def test_what_is_on_its_way_to_be_over_stays_hidden(small_park: Park) -> None:
    story = _Story(small_park)
    story.room(range(60))
    story.room(range(60, 70), door_open=1.0, air_temp_c=3.0)
    story.room(range(70, 200), air_temp_c=3.0)
    story.room(range(200, 220))
    changes = [change for _, change, _ in story.told("room-warm")]
    assert changes == ["suppressed", "raised", "cleared", "unsuppressed"]


def test_a_gap_longer_than_three_cadences_does_not_count_as_holding(small_park: Park) -> None:
    story = _Story(small_park)
    story.room(range(60))
    story.room([60, 61, 91, 92], air_temp_c=2.0)
    story.room([93])
    assert story.told("room-warm") == []


def test_a_device_that_reports_each_half_hour_raises_alarms_too(small_park: Park) -> None:
    story = _Story(small_park)
    story.room(range(0, 300, 30))
    story.room(range(300, 420, 30), air_temp_c=2.0)
    assert story.told("room-warm") == [("room-warm", "raised", 320)]


def test_a_late_reading_withdraws_what_never_was(small_park: Park) -> None:
    story = _Story(small_park)
    story.room(range(60))
    story.room([*range(60, 70), *range(71, 82)], air_temp_c=1.0)
    assert story.told("room-warm") == [("room-warm", "raised", 80)]
    story.room([70])
    assert story.told("room-warm")[1:] == [("room-warm", "withdrawn", 80)]
    story.room(range(82, 95), air_temp_c=1.0)
    assert story.told("room-warm")[2:] == [("room-warm", "raised", 91)]


def test_a_reading_beyond_the_horizon_changes_nothing_and_is_counted(small_park: Park) -> None:
    story = _Story(small_park)
    story.room(range(120))
    story.room([30], air_temp_c=-3.0)
    assert story.engine.late == 1
    assert story.told() == []


def test_power_loss_of_a_centre_is_one_alarm(small_park: Park) -> None:
    story = _Story(small_park)
    rooms = [a.id for a in small_park.children("centre-01") if isinstance(a, ColdRoom)]
    assert len(rooms) > 4
    for minute in range(120):
        is_down = 50 <= minute < 80
        for number, room in enumerate(rooms):
            values = {**_GOOD, "air_temp_c": -0.5 + minute % 7 / 100}
            if is_down:
                values |= {"power_kw": 0.0, "compressor_on": 0.0}
            story.send(room, "cold_room", minute + number / 60, values)
    centre = story.told(asset="centre-01")
    assert [one[:2] for one in centre] == [("centre-power", "raised"), ("centre-power", "cleared")]
    assert 51 <= centre[0][2] < 52
    assert _seen(story.signals) == ["centre-01"]
    reasons = {s.reason for s in story.signals if s.change is Change.SUPPRESSED}
    assert reasons == {"centre-power centre-01"}


def test_rooms_that_lose_power_one_by_one_are_alarms_of_their_own(small_park: Park) -> None:
    story = _Story(small_park)
    rooms = [a.id for a in small_park.children("centre-01") if isinstance(a, ColdRoom)]
    for room in rooms:
        story.room(range(10), room)
    story.room(range(10, 20), rooms[0], power_kw=0.0)
    story.room(range(10, 20), rooms[1])
    assert _seen(story.signals) == [rooms[0]]


def test_a_silent_room_is_raised_once_others_prove_that_time_passes(small_park: Park) -> None:
    story = _Story(small_park)
    story.room(range(10))
    story.engine.liveness("room-0001", "stale", _START_MS + 13 * _MINUTE_MS)
    assert story.engine.take_signals() == []
    story.room(range(10, 20), "room-0002")
    assert story.told("room-silent") == [("room-silent", "raised", 15)]
    story.engine.liveness("room-0001", "online", _START_MS + 21 * _MINUTE_MS)
    assert [signal.change for signal in story.engine.take_signals()] == [Change.CLEARED]


@pytest.mark.parametrize(
    ("rule", "values", "at"),
    [
        ("block-leak", {**_SHUT, "flow_m3h": 2.0}, 20),
        ("block-burst", {**_OPEN, "flow_m3h": 45.0, "pressure_kpa": 90.0}, 11),
        ("block-flow", {**_OPEN, "flow_m3h": 35.0}, 15),
        ("block-flow", {**_OPEN, "flow_m3h": 18.0}, 15),
        ("block-no-flow", {**_OPEN, "flow_m3h": 0.0, "pressure_kpa": 190.0}, 13),
        ("block-pressure", {**_OPEN, "pressure_kpa": 100.0}, 15),
        ("block-battery", {**_SHUT, "battery_pct": 12.0}, 70),
    ],
)
def test_each_trouble_of_a_block_is_one_alarm(
    small_park: Park, rule: str, values: Mapping[str, float], at: float
) -> None:
    story = _Story(small_park)
    for minute in range(80):
        good = _OPEN if values["valve_open"] else _SHUT
        story.send("block-00001", "irrigation_block", minute, good if minute < 10 else values)
    assert story.told() == [(rule, "raised", at)]


def test_water_lost_before_the_blocks_is_found_at_the_pump_head(small_park: Park) -> None:
    story = _Story(small_park)
    for minute in range(120):
        flow = 29.0 if minute < 90 else 45.0
        head = {**_PUMP_OFF, "pump_on": 1.0, "flow_m3h": flow}
        story.send("block-00001", "irrigation_block", minute, _OPEN)
        story.send("pump-0001", "pump_head", minute, head)
    assert story.told() == [("pump-leak", "raised", 100)]


def test_a_line_that_stops_while_it_runs_is_an_alarm_and_a_line_at_rest_is_none(
    small_park: Park,
) -> None:
    story = _Story(small_park)
    states = ["idle"] * 60 + ["fault"] * 300 + ["running"] * 100 + ["fault"] * 100
    for second, state in enumerate(states):
        story.send("line-01", "sorting_line", second / 60, {"state": state})
    assert story.told() == [("line-stopped", "raised", 520 / 60)]


def test_a_sensor_that_stands_still_is_stuck(small_park: Park) -> None:
    story = _Story(small_park)
    story.room(range(30))
    for minute in range(30, 230):
        story.send("room-0001", "cold_room", minute, {**_GOOD, "air_temp_c": -0.55})
    assert story.told() == [("room-sensor-stuck", "raised", 210)]


def test_maintenance_hides_an_alarm_until_it_ends(small_park: Park, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(
        '[[maintenance]]\nassets = ["room-0001"]\nreason = "new fans"\n'
        "from = 2023-06-17T10:00:00Z\nuntil = 2023-06-17T12:30:00Z\n"
    )
    story = _Story(small_park, load(path))
    story.room(range(10))
    story.room(range(10, 100), air_temp_c=2.0)
    changes = story.told("room-warm")
    assert [change for _, change, _ in changes] == ["suppressed", "raised", "unsuppressed"]
    assert next(s.reason for s in story.signals if s.reason) == "maintenance: new fans"


def test_a_crash_loses_no_alarm_that_stands(small_park: Park) -> None:
    story = _Story(small_park)
    story.room(range(60))
    story.room(range(60, 90), air_temp_c=2.0)
    saved = story.engine.take_changed()
    story.engine = ConditionEngine(small_park, RuleSet.shipped(), saved)
    story.room(range(90, 120))
    assert [one[1] for one in story.told("room-warm")] == ["raised", "cleared"]


def test_what_was_kept_and_cannot_be_read_begins_anew(small_park: Park) -> None:
    engine = ConditionEngine(small_park, RuleSet.shipped(), {"room-0001": b"[1,2"})
    engine.reading("room-0001", "cold_room", _START_MS, _GOOD)
    assert engine.take_signals() == []


def test_what_is_kept_is_small(small_park: Park) -> None:
    story = _Story(small_park)
    story.room(range(200))
    assert all(len(content) < 2_000 for content in story.engine.take_changed().values())


def _seen(signals: Sequence[Signal]) -> list[str]:
    """The assets whose alarms a person saw, in order."""
    hidden: set[tuple[str, str]] = set()
    seen: dict[str, None] = {}
    for signal in signals:
        key = (signal.rule, signal.asset)
        if signal.change is Change.SUPPRESSED:
            hidden.add(key)
        elif signal.change is Change.UNSUPPRESSED:
            hidden.discard(key)
        elif signal.change is Change.RAISED and key not in hidden:
            seen[signal.asset] = None
    return list(seen)
