"""What a park's devices measure, as values and not as messages: for tests, benches and trials.

No broker, no clock, no JSON: a room for a day at one-minute cadence takes some hundredths of a
second.
"""

import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import ceil
from typing import NamedTuple

from park.assets import Park
from simulators.devices.base import Device
from simulators.incidents.plan import Incident
from simulators.incidents.troubled import troubled
from simulators.living import LivingGroup, living_groups
from simulators.messages import Value
from simulators.reporting import (
    Measurement,
    Span,
    cadences_by_kind,
    kind_of,
    measurements,
)
from simulators.season import SeasonPlan
from simulators.works import works_of


class Played(NamedTuple):
    """One reading of a device."""

    asset: str
    kind: str
    time_ms: int
    values: Mapping[str, Value]


def play_season(
    plan: SeasonPlan,
    *,
    incidents: Sequence[Incident] = (),
    assets: Collection[str] | None = None,
    closely: Sequence[Span] = (),
) -> Iterator[Played]:
    """A season's readings in the order of time, of these assets or of all.

    Devices report by the cadences of the season's settings; within `closely`, and around
    incidents, as often as in a living park.
    """
    cadences = cadences_by_kind(plan.settings.cadences)
    streams: list[Iterable[Measurement]] = []
    for planned in works_of(plan):
        if _is_wanted(planned.group.devices, assets):
            work = troubled(planned, incidents)
            spans = sorted([*work.closely, *closely])
            streams.append(measurements(replace(work, closely=spans), cadences))
    for measured in heapq.merge(*streams, key=lambda measured: measured.time_ms):
        yield from _played(measured, assets)


def play_living(
    park: Park,
    start_ms: int,
    end_ms: int,
    *,
    seed: int = 1,
    incidents: Sequence[Incident] = (),
    assets: Collection[str] | None = None,
    least_cadence_s: int = 1,
) -> Iterator[Played]:
    """A living park's readings in the order of time, of these assets or of all.

    Every device reports at its own cadence, but none more often than `least_cadence_s`.
    """
    streams = [
        _living(living, end_ms)
        for living in living_groups(
            park, seed, start_ms, incidents, least_cadence_s=least_cadence_s
        )
        if _is_wanted(living.group.devices, assets)
    ]
    for measured in heapq.merge(*streams, key=lambda measured: measured.time_ms):
        yield from _played(measured, assets)


def _living(living: LivingGroup, end_ms: int) -> Iterator[Measurement]:
    while (now_ms := ceil(living.due_ms)) < end_ms:
        for device in living.due(now_ms):
            yield Measurement(device, now_ms, device.values())


def _is_wanted(devices: Iterable[Device], assets: Collection[str] | None) -> bool:
    return assets is None or any(device.asset.id in assets for device in devices)


def _played(measured: Measurement, assets: Collection[str] | None) -> Iterator[Played]:
    """Nothing of a device that is silent."""
    device, time_ms, values = measured
    if values and (assets is None or device.asset.id in assets):
        yield Played(device.asset.id, kind_of(device).name, time_ms, values)
