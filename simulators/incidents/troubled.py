"""Lays incidents over a group of devices: it begins and ends them on time."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from simulators.devices.base import Device, Group
from simulators.incidents.plan import Incident
from simulators.messages import Value
from simulators.reporting import Work


class TroubledDevice(Device):
    """A device whose readings pass through what is wrong with its sensors."""

    def __init__(self, device: Device, group: Group) -> None:
        super().__init__(device.asset)
        self._device = device
        self._group = group
        self._first: dict[Incident, dict[str, Value]] = {}
        self.running: list[Incident] = []

    @property
    def active(self) -> bool:
        """Whether it does what makes its readings matter more."""
        return self._device.active

    def values(self) -> dict[str, Value]:
        """Its fields as they are said; none while it is silent."""
        values = self._device.values()
        for incident in self.running:
            first = self._first.setdefault(incident, dict(values))
            since_s = (self._group.now_ms - incident.start_ms) / 1000
            values = dict(incident.kind.effect.sense(values, first, since_s))
            if not values:
                break
        return values


class TroubledGroup(Group):
    """A group to which incidents happen; everything else is as in the group itself."""

    def __init__(self, group: Group, incidents: Iterable[Incident]) -> None:
        super().__init__(group.now_ms)
        self._group = group
        devices = [TroubledDevice(device, self) for device in group.devices]
        self.devices: Sequence[TroubledDevice] = devices
        self._changes = sorted(
            (
                (time_ms, begins, incident)
                for incident in incidents
                for time_ms, begins in ((incident.start_ms, True), (incident.end_ms, False))
            ),
            key=lambda change: change[:2],
        )

    def advance(self, to_ms: int) -> None:
        """Let time pass until `to_ms`, incidents happening in between."""
        while self._changes and self._changes[0][0] <= to_ms:
            time_ms, begins, incident = self._changes.pop(0)
            self._group.advance(time_ms)
            self._change(incident, begins=begins)
        self._group.advance(to_ms)
        self.now_ms = self._group.now_ms

    def skip(self, to_ms: int) -> None:
        """Set the clock forward; incidents begin and end unseen."""
        while self._changes and self._changes[0][0] <= to_ms:
            _, begins, incident = self._changes.pop(0)
            self._change(incident, begins=begins)
        self._group.skip(to_ms)
        self.now_ms = self._group.now_ms

    def pass_time(self, dt_s: float) -> None:
        """Let `dt_s` pass."""
        self.advance(self.now_ms + round(dt_s * 1000))

    def tick_s(self, cadence_s: int) -> int:
        """As of the group itself."""
        return self._group.tick_s(cadence_s)

    def _change(self, incident: Incident, *, begins: bool) -> None:
        effect = incident.kind.effect
        (effect.begin if begins else effect.end)(self._group, incident.asset)
        for device in self.devices:
            if device.asset.id in incident.touches:
                if begins:
                    device.running.append(incident)
                else:
                    device.running.remove(incident)


def with_incidents(group: Group, incidents: Iterable[Incident]) -> Group:
    """The group with those incidents that touch it; the group itself where none does."""
    mine = _of_group(group, incidents)
    return TroubledGroup(group, mine) if mine else group


def troubled(work: Work, incidents: Iterable[Incident]) -> Work:
    """A season's work with those incidents that touch it, and looked at closely around them."""
    mine = _of_group(work.group, incidents)
    if not mine:
        return work
    spans = sorted(incident.span for incident in mine)
    return replace(work, group=TroubledGroup(work.group, mine), closely=spans)


def _of_group(group: Group, incidents: Iterable[Incident]) -> list[Incident]:
    assets = {device.asset.id for device in group.devices}
    return [incident for incident in incidents if not assets.isdisjoint(incident.touches)]
