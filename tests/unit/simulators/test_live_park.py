import threading
from collections import Counter
from dataclasses import dataclass, field

import orjson
import pytest

from park.assets import Park
from park.definition import build_park, read_definition
from park.telemetry import KINDS, FieldType
from park.times import parse_instant, to_epoch_ms
from simulators.errors import PlanError
from simulators.live import run_live
from simulators.messages import FIRMWARE, Message, StatusSent, Telemetry

START_MS = to_epoch_ms(parse_instant("2026-07-01T08:00:00Z"))
"""Four in the afternoon in the park."""


@dataclass
class FakeClock:
    """Time that passes by waiting only; stops the park after so many seconds."""

    until_s: float
    passed_s: float = 0.0

    def now_ms(self) -> int:
        return START_MS + round(self.passed_s * 1000)

    def wait(self, seconds: float, stop: threading.Event) -> None:
        self.passed_s += max(seconds, 0.001)
        if self.passed_s > self.until_s:
            stop.set()


@dataclass
class Recorder:
    messages: list[Message] = field(default_factory=list)

    def publish(self, message: Message) -> None:
        self.messages.append(message)

    def flush(self) -> None:
        """Nothing is held."""


@pytest.fixture(scope="module")
def least_park() -> Park:
    """The smallest park that has everything."""
    return build_park(read_definition(), 0.001)


def run(park: Park, seconds: float, speed: float = 1.0) -> list[Telemetry]:
    """What devices measured."""
    return [message for message in run_all(park, seconds, speed) if isinstance(message, Telemetry)]


def run_all(park: Park, seconds: float, speed: float = 1.0) -> list[Message]:
    recorder = Recorder()
    sent = run_live(
        park, recorder, threading.Event(), speed=speed, seed=3, clock=FakeClock(seconds)
    )
    assert sent == sum(isinstance(message, Telemetry) for message in recorder.messages)
    return recorder.messages


def test_every_device_of_the_park_reports_every_field_in_range(least_park: Park) -> None:
    heard: dict[str, set[str]] = {}
    for message in run(least_park, 120):
        _, _, _, kind, asset, _ = message.topic.split("/")
        reading = orjson.loads(message.payload)
        heard.setdefault(asset, set()).update(reading)
        for name, described in KINDS[kind].fields.items():
            if described.type is FieldType.FLOAT:
                assert described.low <= reading[name] <= described.high
    for device in least_park.assets.values():
        if device.kind is not None:
            assert set(device.kind.fields) <= heard[device.id]


def test_devices_report_at_the_cadence_of_their_kind(least_park: Park) -> None:
    counts = Counter(message.topic for message in run(least_park, 620))
    site = least_park.site.id
    assert counts[f"agripark/v1/{site}/cold_room/room-0001/telemetry"] in {10, 11}
    assert counts[f"agripark/v1/{site}/weather/station-001/telemetry"] in {2, 3}
    assert counts[f"agripark/v1/{site}/sorting_line/line-01/telemetry"] > 590


def test_speed_makes_devices_report_more_often_but_never_from_the_future(
    least_park: Park,
) -> None:
    messages = run(least_park, 30, speed=60)
    room = [m for m in messages if "/room-0001/" in m.topic]
    assert len(room) == pytest.approx(30, abs=3)
    assert all(START_MS <= m.at_ms <= START_MS + 30_000 for m in messages)
    for message in messages:
        assert to_epoch_ms(parse_instant(orjson.loads(message.payload)["ts"])) <= message.at_ms


def test_doors_are_opened_and_lines_rest_after_their_shift(least_park: Park) -> None:
    messages = run(least_park, 5, speed=3600)
    rooms = [orjson.loads(m.payload) for m in messages if "/cold_room/" in m.topic]
    lines = [orjson.loads(m.payload) for m in messages if "/sorting_line/" in m.topic]
    assert {reading["door_open"] for reading in rooms} == {True, False}
    assert {"running", "idle"} <= {reading["state"] for reading in lines}


@pytest.mark.parametrize("speed", [0.0, -1.0, 10_000.0])
def test_an_impossible_speed_is_refused(least_park: Park, speed: float) -> None:
    with pytest.raises(PlanError, match="speed ="):
        run_live(least_park, Recorder(), threading.Event(), speed=speed)


def test_a_device_comes_before_its_first_reading_and_goes_after_its_last(least_park: Park) -> None:
    by_asset: dict[str, list[Message]] = {}
    for message in run_all(least_park, 60):
        by_asset.setdefault(message.topic.split("/")[4], []).append(message)
    for first, *between, last in by_asset.values():
        assert isinstance(first, StatusSent)
        assert isinstance(last, StatusSent)
        assert orjson.loads(first.payload).items() >= {"online": True, "fw": FIRMWARE}.items()
        assert orjson.loads(last.payload)["online"] is False
        assert first.at_ms <= between[0].at_ms <= last.at_ms
        assert all(isinstance(message, Telemetry) for message in between)
