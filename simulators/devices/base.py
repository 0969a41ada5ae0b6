"""What a device is to those who send its readings."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime

from park.assets import Asset
from simulators.messages import Value

_LOCAL_MS = 8 * 3_600_000


class Device(ABC):
    """One asset's device; it reports by its cadence, and at once when `active` changes."""

    def __init__(self, asset: Asset) -> None:
        self.asset = asset

    @property
    def active(self) -> bool:
        """Whether it does what makes its readings matter more: a door open, a valve open."""
        return False

    @abstractmethod
    def values(self) -> dict[str, Value]:
        """Its fields now, rounded as its sensors resolve them."""


class Group(ABC):
    """Devices that share physics and a clock, such as a pump and its blocks."""

    devices: Sequence[Device]

    def __init__(self, start_ms: int) -> None:
        self.now_ms = start_ms

    def advance(self, to_ms: int) -> None:
        """Let time pass until `to_ms`; nothing where that isn't later."""
        if to_ms > self.now_ms:
            self.pass_time((to_ms - self.now_ms) / 1000)
            self.now_ms = to_ms

    def skip(self, to_ms: int) -> None:
        """Set the clock forward without physics: nobody looked in between."""
        self.now_ms = max(self.now_ms, to_ms)

    @abstractmethod
    def pass_time(self, dt_s: float) -> None:
        """Let `dt_s` pass from `now_ms` on."""

    def tick_s(self, cadence_s: int) -> int:
        """Longest useful step to the next reading; `cadence_s` is the group's usual one."""
        return cadence_s


def local_hour(time_ms: int) -> int:
    """Hour of the day in the park's time."""
    return (time_ms + _LOCAL_MS) // 3_600_000 % 24


def local_month(time_ms: int) -> int:
    """Month in the park's time."""
    return datetime.fromtimestamp((time_ms + _LOCAL_MS) / 1000, UTC).month
