"""How devices report: by cadence, at once when they begin or end their work, in arrays.

What one device read in half a day or so is one message; within a device readings are in order.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from park.telemetry import Kind
from simulators.devices.base import Device, Group
from simulators.messages import Outbox, Telemetry, Value
from simulators.planning.settings import Cadences

Action = tuple[int, Callable[[], None]]
"""A time, and what somebody does to a device then."""
Span = tuple[int, int]
"""From when until when."""

_HOUR_MS = 3_600_000
_CLOSEST_S = 10
"""A line that reports each second is looked at that often where a season looks closely."""


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often a kind reports, and how much goes into one message."""

    active_s: int
    resting_s: int
    most: int
    span_h: int


def cadences_by_kind(cadences: Cadences) -> dict[str, Cadence]:
    """Seconds between readings by kind; messages stay below about 8 KB."""
    c = cadences
    return {
        "cold_room": Cadence(c.room_s, c.room_s, 26, 12),
        "irrigation_block": Cadence(c.block_open_s, c.block_shut_s, 60, 96),
        "pump_head": Cadence(c.pump_on_s, c.pump_off_s, 50, 120),
        "fertigation": Cadence(c.mixer_on_s, c.mixer_off_s, 60, 240),
        "soil": Cadence(c.soil_s, c.soil_s, 28, 72),
        "weather": Cadence(c.weather_s, c.weather_s, 40, 24),
        "greenhouse": Cadence(c.greenhouse_s, c.greenhouse_s, 48, 72),
        "sorting_line": Cadence(c.line_s, c.line_s, 50, 12),
        "sorting_lane": Cadence(c.line_s, c.line_s, 40, 12),
        "reefer": Cadence(c.reefer_s, c.reefer_s, 30, 24),
    }


@dataclass(frozen=True, slots=True)
class Work:
    """A group, when it reports, and what is done to it."""

    group: Group
    tick_s: int
    spans: Sequence[Span]
    actions: Sequence[Action] = ()
    closely: Sequence[Span] = ()
    """When its devices report as often as they do in a living park."""


class Measurement(NamedTuple):
    """What a device measured at a time."""

    device: Device
    time_ms: int
    values: Mapping[str, Value]


def real_cadence_s(device: Device) -> int:
    """How often it reports in a living park; a battery valve that is shut spares its battery."""
    kind = kind_of(device)
    rests = kind.name == "irrigation_block" and not device.active
    return kind.slowest_cadence_s if rests else kind.cadence_s


def kind_of(device: Device) -> Kind:
    """The kind of telemetry that it sends."""
    kind = device.asset.kind
    assert kind is not None  # noqa: S101 - only assets with telemetry have a device
    return kind


class Reporter:
    """Finds out when a device's reading is due."""

    def __init__(self, device: Device, cadence: Cadence) -> None:
        self._device = device
        self._cadence = cadence
        self._active = False
        self._due_ms = 0
        self._closely_due_ms = 0

    def report(self, now_ms: int, *, closely: bool) -> Measurement | None:
        """A reading where one is due or the device began or ended its work."""
        device = self._device
        active = device.active
        due_ms = self._closely_due_ms if closely else self._due_ms
        if now_ms < due_ms and active == self._active:
            return None
        self._active = active
        every_s = self._cadence.active_s if active else self._cadence.resting_s
        self._due_ms = now_ms + every_s * 1000
        closely_s = min(every_s, max(_CLOSEST_S, real_cadence_s(device)))
        self._closely_due_ms = now_ms + closely_s * 1000
        return Measurement(device, now_ms, device.values())


class Course:
    """A group's way through its spans, which are to be passed in order."""

    def __init__(self, work: Work, cadences: Mapping[str, Cadence]) -> None:
        self._work = work
        self._group = work.group
        self._reporters = [
            Reporter(device, cadences[kind_of(device).name]) for device in self._group.devices
        ]
        self._actions = iter(sorted(work.actions, key=lambda action: action[0]))
        self._upcoming = next(self._actions, None)

    def over(self, span: Span) -> Iterator[Measurement]:
        """What the devices measure over a span, in the order of time."""
        now_ms, until_ms = span
        self._group.skip(now_ms)
        while now_ms < until_ms:
            self._group.advance(now_ms)
            while self._upcoming is not None and self._upcoming[0] <= now_ms:
                self._upcoming[1]()
                self._upcoming = next(self._actions, None)
            closely = any(since <= now_ms < until for since, until in self._work.closely)
            for reporter in self._reporters:
                if measured := reporter.report(now_ms, closely=closely):
                    yield measured
            now_ms = self._next_ms(now_ms, closely=closely)

    def _next_ms(self, now_ms: int, *, closely: bool) -> int:
        tick_s = self._group.tick_s(self._work.tick_s)
        if closely:
            real_s = min(kind_of(device).cadence_s for device in self._group.devices)
            tick_s = min(tick_s, max(_CLOSEST_S, real_s))
        next_ms = now_ms + tick_s * 1000
        if self._upcoming is not None:
            next_ms = min(next_ms, self._upcoming[0])
        for since_ms, _ in self._work.closely:
            if now_ms < since_ms < next_ms:
                next_ms = since_ms
        return next_ms


def measurements(work: Work, cadences: Mapping[str, Cadence]) -> Iterator[Measurement]:
    """What the devices of a group measure over its spans; no values where one is silent."""
    course = Course(work, cadences)
    for span in work.spans:
        yield from course.over(span)


def reports(work: Work, site: str, cadences: Mapping[str, Cadence]) -> Iterator[Telemetry]:
    """The messages that the devices of a group send over its spans."""
    course = Course(work, cadences)
    outboxes = {
        device.asset.id: _outbox(site, device, cadences[kind_of(device).name])
        for device in work.group.devices
    }
    for span in work.spans:
        for device, time_ms, values in course.over(span):
            if values and (message := outboxes[device.asset.id].put(time_ms, values)):
                yield message
        for outbox in outboxes.values():
            if message := outbox.flush(span[1]):
                yield message


def _outbox(site: str, device: Device, cadence: Cadence) -> Outbox:
    return Outbox(site, device.asset, most=cadence.most, span_ms=cadence.span_h * _HOUR_MS)
