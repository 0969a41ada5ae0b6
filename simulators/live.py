"""A living park: every device reports at its own cadence until it is stopped.

`speed` makes the park's physics run faster and devices report as much more often; timestamps
are always those of the wall clock, so that nothing lies in the future.
"""

import heapq
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from random import Random
from typing import Protocol

from park.assets import (
    Asset,
    ColdRoom,
    Destination,
    Greenhouse,
    IrrigationBlock,
    Orchard,
    Park,
    Reefer,
    SortingLane,
    SortingLine,
    WeatherStation,
)
from park.times import to_epoch_ms
from simulators.devices.base import Device, Group
from simulators.devices.climate import GreenhouseGroup, WeatherGroup
from simulators.devices.cold_room import ColdRoomGroup
from simulators.devices.orchard import WaterGroup
from simulators.devices.reefer import ReeferGroup
from simulators.devices.sorting import LineGroup
from simulators.errors import PlanError
from simulators.messages import Outbox, status_message
from simulators.mqtt import Publisher
from simulators.physics.weather import WeatherTrack
from simulators.routines import LineRoutine, ReeferRoutine, RoomRoutine, home_of
from simulators.seeds import generator
from simulators.works import water_works

Routine = Callable[[int], None]

_SHUT_VALVE_S = 900
"""A battery valve that is shut reports every quarter of an hour."""
_FIRST_WITHIN_S = 20
_DAY_MS = 86_400_000


class Clock(Protocol):
    """The wall clock, or a test's."""

    def now_ms(self) -> int:
        """Epoch milliseconds."""

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Return after so long, or when `stop` is set."""


class WallClock:
    """The real clock; it never goes back."""

    def __init__(self) -> None:
        self._offset_s = to_epoch_ms(datetime.now(UTC)) / 1000 - time.monotonic()

    def now_ms(self) -> int:
        """Epoch milliseconds."""
        return round((time.monotonic() + self._offset_s) * 1000)

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Return after so long, or when `stop` is set."""
        stop.wait(seconds)


@dataclass(slots=True)
class _LiveDevice:
    device: Device
    group: Group
    routine: Routine
    outbox: Outbox

    @property
    def cadence_s(self) -> int:
        kind = self.device.asset.kind
        if kind is None:
            return _SHUT_VALVE_S
        if kind.name == "irrigation_block" and not self.device.active:
            return _SHUT_VALVE_S
        return kind.cadence_s


def run_live(
    park: Park,
    publisher: Publisher,
    stop: threading.Event,
    *,
    speed: float = 1.0,
    seed: int = 1,
    clock: Clock | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Let all devices of a park report until `stop` is set; gives how many readings were sent.

    Before its first reading a device says that it is online, and after `stop` that it is not.
    `progress` is told that number after each reading. Raises BrokerError, or PlanError where
    `speed` isn't above 0 and at most 3,600.
    """
    if not 0 < speed <= 3600:  # noqa: PLR2004 - an hour a second
        raise PlanError(f"speed = {speed} must lie above 0 and at most 3600")
    clock = clock or WallClock()
    start_ms = clock.now_ms()
    rng = generator(seed, park.site.id, "live")
    order = count()
    queue: list[tuple[float, int, _LiveDevice]] = [
        (start_ms + rng.random() * 1000 * min(live.cadence_s, _FIRST_WITHIN_S) / speed, n, live)
        for n, live in zip(order, _devices(park, seed, start_ms), strict=False)
    ]
    heapq.heapify(queue)
    sent = 0
    came: dict[str, Asset] = {}
    while queue and not stop.is_set():
        due_ms, _, live = queue[0]
        now_ms = clock.now_ms()
        if due_ms > now_ms:
            clock.wait((due_ms - now_ms) / 1000, stop)
            continue
        park_ms = start_ms + round((now_ms - start_ms) * speed)
        live.routine(park_ms)
        live.group.advance(park_ms)
        if live.device.asset.id not in came:
            came[live.device.asset.id] = live.device.asset
            publisher.publish(status_message(park.site.id, live.device.asset, now_ms, online=True))
        if message := live.outbox.put(now_ms, live.device.values()):
            publisher.publish(message)
            sent += 1
            progress(sent)
        next_ms = max(due_ms + live.cadence_s * 1000 / speed, now_ms)
        heapq.heapreplace(queue, (next_ms, next(order), live))
    for asset in came.values():
        publisher.publish(status_message(park.site.id, asset, clock.now_ms(), online=False))
    publisher.flush()
    return sent


def _devices(park: Park, seed: int, start_ms: int) -> Iterator[_LiveDevice]:
    for group, routine in _groups(park, seed, start_ms):
        for device in group.devices:
            yield _LiveDevice(
                device, group, routine, Outbox(park.site.id, device.asset, most=1, span_ms=0)
            )


def _groups(park: Park, seed: int, start_ms: int) -> Iterator[tuple[Group, Routine]]:
    """Every group of the park's devices and what people do with it."""

    def rng(name: str) -> Random:
        return generator(seed, park.site.id, "live", name)

    sky = WeatherTrack(rng("sky"), start_ms - _DAY_MS)
    for station in park.of_type(WeatherStation):
        yield WeatherGroup(station, sky, rng(station.id), start_ms), _nothing
    for house in park.of_type(Greenhouse):
        yield GreenhouseGroup(house, sky, rng(house.id), start_ms), _nothing
    orchards = {orchard.id for orchard in park.of_type(Orchard)}
    for works in water_works(park, orchards, len(park.of_type(IrrigationBlock))):
        yield WaterGroup(works, sky, rng(works.pump.id), start_ms), _nothing
    for room in park.of_type(ColdRoom):
        cold = ColdRoomGroup(room, sky, rng(room.id), start_ms)
        yield cold, RoomRoutine(cold, rng(f"{room.id}/people"))
    for line in park.of_type(SortingLine):
        lanes = [lane for lane in park.children(line.id) if isinstance(lane, SortingLane)]
        sorting = LineGroup(line, lanes, rng(line.id), start_ms)
        yield sorting, LineRoutine(sorting, line, rng(f"{line.id}/people"))
    markets = park.of_type(Destination)
    for reefer in park.of_type(Reefer):
        moving = ReeferGroup(reefer, rng(reefer.id), start_ms)
        people = rng(f"{reefer.id}/people")
        yield moving, ReeferRoutine(moving, home_of(park), markets, people)


def _nothing(_now_ms: int) -> None:
    """Nobody does anything with it."""
