"""How devices report: by cadence, at once when they begin or end their work, in arrays.

What one device read in half a day or so is one message; within a device readings are in order.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from simulators.devices.base import Device, Group
from simulators.messages import Outbox, Telemetry
from simulators.planning.settings import Cadences

Action = tuple[int, Callable[[], None]]
"""A time, and what somebody does to a device then."""
Span = tuple[int, int]
"""From when until when."""

_HOUR_MS = 3_600_000


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


class Reporter:
    """Sends a device's readings when they are due."""

    def __init__(self, site: str, device: Device, cadence: Cadence) -> None:
        self._device = device
        self._cadence = cadence
        span_ms = cadence.span_h * _HOUR_MS
        self._outbox = Outbox(site, device.asset, most=cadence.most, span_ms=span_ms)
        self._active = False
        self._due_ms = 0

    def report(self, now_ms: int) -> Telemetry | None:
        """A reading where one is due or the device began or ended its work."""
        device = self._device
        active = device.active
        if now_ms < self._due_ms and active == self._active:
            return None
        self._active = active
        every_s = self._cadence.active_s if active else self._cadence.resting_s
        self._due_ms = now_ms + every_s * 1000
        return self._outbox.put(now_ms, device.values())

    def flush(self, now_ms: int) -> Telemetry | None:
        """What it still holds."""
        return self._outbox.flush(now_ms)


def reports(work: Work, site: str, cadences: dict[str, Cadence]) -> Iterator[Telemetry]:
    """What the devices of a group send over its spans."""
    group = work.group
    reporters = [
        Reporter(site, device, cadences[device.asset.kind.name])
        for device in group.devices
        if device.asset.kind is not None
    ]
    actions = iter(sorted(work.actions, key=lambda action: action[0]))
    upcoming = next(actions, None)
    for since_ms, until_ms in work.spans:
        group.skip(since_ms)
        now_ms = since_ms
        while now_ms < until_ms:
            group.advance(now_ms)
            while upcoming is not None and upcoming[0] <= now_ms:
                upcoming[1]()
                upcoming = next(actions, None)
            for reporter in reporters:
                if message := reporter.report(now_ms):
                    yield message
            now_ms += group.tick_s(work.tick_s) * 1000
            if upcoming is not None:
                now_ms = min(now_ms, upcoming[0])
        for reporter in reporters:
            if message := reporter.flush(until_ms):
                yield message
