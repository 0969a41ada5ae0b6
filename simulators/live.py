"""A living park: every device reports at its own cadence until it is stopped.

`speed` makes the park's physics run faster and devices report as much more often; timestamps
are always those of the wall clock, so that nothing lies in the future.
"""

import heapq
import threading
import time
from collections.abc import Callable, Sequence
from itertools import count
from typing import Protocol

from park.assets import Asset, Park
from park.times import to_epoch_ms, utc_now
from simulators.errors import PlanError
from simulators.incidents.plan import Incident
from simulators.living import LivingGroup, living_groups
from simulators.messages import Outbox, status_message
from simulators.mqtt import Publisher


class Clock(Protocol):
    """The wall clock, or a test's."""

    def now_ms(self) -> int:
        """Epoch milliseconds."""

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Return after so long, or when `stop` is set."""


class WallClock:
    """The real clock; it never goes back."""

    def __init__(self) -> None:
        self._offset_s = to_epoch_ms(utc_now()) / 1000 - time.monotonic()

    def now_ms(self) -> int:
        """Epoch milliseconds."""
        return round((time.monotonic() + self._offset_s) * 1000)

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Return after so long, or when `stop` is set."""
        stop.wait(seconds)


def run_live(
    park: Park,
    publisher: Publisher,
    stop: threading.Event,
    *,
    speed: float = 1.0,
    seed: int = 1,
    clock: Clock | None = None,
    progress: Callable[[int], None] = lambda _: None,
    incidents: Callable[[int], Sequence[Incident]] = lambda _: (),
) -> int:
    """Let all devices of a park report until `stop` is set; gives how many readings were sent.

    Before its first reading a device says that it is online, and after `stop` that it is not.
    `progress` is told that number after each reading; `incidents` is asked once, with the time at
    which the park begins to live. Raises BrokerError, or PlanError where `speed` isn't above 0 and
    at most 3,600.
    """
    if not 0 < speed <= 3600:  # noqa: PLR2004 - an hour a second
        raise PlanError(f"speed = {speed} must lie above 0 and at most 3600")
    clock = clock or WallClock()
    start_ms = clock.now_ms()
    order = count()
    groups = living_groups(park, seed, start_ms, incidents(start_ms), speed=speed)
    queue: list[tuple[float, int, LivingGroup]] = [
        (living.due_ms, n, living) for n, living in zip(order, groups, strict=False)
    ]
    heapq.heapify(queue)
    sent = 0
    came: dict[str, tuple[Asset, Outbox]] = {}
    while queue and not stop.is_set():
        due_ms, _, living = queue[0]
        now_ms = clock.now_ms()
        if due_ms > now_ms:
            clock.wait((due_ms - now_ms) / 1000, stop)
            continue
        for device in living.due(now_ms):
            asset = device.asset
            if asset.id not in came:
                came[asset.id] = asset, Outbox(park.site.id, asset, most=1, span_ms=0)
                publisher.publish(status_message(park.site.id, asset, now_ms, online=True))
            values = device.values()
            if values and (message := came[asset.id][1].put(now_ms, values)):
                publisher.publish(message)
                sent += 1
                progress(sent)
        heapq.heapreplace(queue, (living.due_ms, next(order), living))
    for asset, _ in came.values():
        publisher.publish(status_message(park.site.id, asset, clock.now_ms(), online=False))
    publisher.flush()
    return sent
