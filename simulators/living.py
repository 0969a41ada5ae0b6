"""The groups of a living park: what people do with them, and when each device reports next."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from park.assets import (
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
from simulators.devices.base import Device, Group
from simulators.devices.climate import GreenhouseGroup, WeatherGroup
from simulators.devices.cold_room import ColdRoomGroup
from simulators.devices.orchard import WaterGroup
from simulators.devices.reefer import ReeferGroup
from simulators.devices.sorting import LineGroup
from simulators.incidents.plan import Incident
from simulators.incidents.troubled import with_incidents
from simulators.physics.weather import WeatherTrack
from simulators.reporting import real_cadence_s
from simulators.routines import LineRoutine, ReeferRoutine, RoomRoutine, home_of
from simulators.seeds import generator
from simulators.works import water_works

Routine = Callable[[int], None]

_FIRST_WITHIN_S = 20
_DAY_MS = 86_400_000


@dataclass(slots=True)
class _Slot:
    device: Device
    due_ms: float
    active: bool


class LivingGroup:
    """A group whose devices report at their own cadences, and at once when their work changes.

    `speed` makes its physics pass faster, and its devices report as much more often. `start_ms` is
    the park's time as well as that of its readings.
    """

    def __init__(
        self,
        group: Group,
        routine: Routine,
        start_ms: int,
        rng: Random,
        *,
        speed: float = 1.0,
        least_cadence_s: int = 1,
    ) -> None:
        self.group = group
        self._routine = routine
        self._start_ms = start_ms
        self._speed = speed
        self._least_s = least_cadence_s
        self._slots = [_Slot(device, 0.0, device.active) for device in group.devices]
        for slot in self._slots:
            within_s = min(self._every_s(slot.device), _FIRST_WITHIN_S)
            slot.due_ms = start_ms + rng.random() * 1000 * within_s / speed

    @property
    def due_ms(self) -> float:
        """When the next of its devices reports."""
        return min(slot.due_ms for slot in self._slots)

    def due(self, now_ms: int) -> Sequence[Device]:
        """Let time pass until `now_ms`; the devices that have to report then."""
        park_ms = self._start_ms + round((now_ms - self._start_ms) * self._speed)
        self._routine(park_ms)
        self.group.advance(park_ms)
        due = []
        for slot in self._slots:
            active = slot.device.active
            if slot.due_ms > now_ms and active == slot.active:
                continue
            is_early = slot.due_ms > now_ms
            slot.active = active
            every_ms = self._every_s(slot.device) * 1000 / self._speed
            slot.due_ms = now_ms + every_ms if is_early else max(slot.due_ms + every_ms, now_ms)
            due.append(slot.device)
        return due

    def _every_s(self, device: Device) -> int:
        return max(self._least_s, real_cadence_s(device))


def living_groups(
    park: Park,
    seed: int,
    start_ms: int,
    incidents: Sequence[Incident] = (),
    *,
    speed: float = 1.0,
    least_cadence_s: int = 1,
) -> Iterator[LivingGroup]:
    """All groups of a park that begins to live at `start_ms`."""
    rng = generator(seed, park.site.id, "live")
    for group, routine in _groups(park, seed, start_ms):
        yield LivingGroup(
            with_incidents(group, incidents),
            routine,
            start_ms,
            rng,
            speed=speed,
            least_cadence_s=least_cadence_s,
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
