"""What came of messages: readings, scans, announcements, and what can't be stored."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ingest.alarms.model import Priority, Signal

if TYPE_CHECKING:
    from ingest.devices.device import Device

SCANS = "scan"
"""Stands for a kind where scans are counted."""
STATUSES = "status"
"""Stands for a kind where announcements are counted."""
UNKNOWN = "unknown"
"""Stands for a kind where a message is counted whose topic names none."""


class Measured(NamedTuple):
    """A checked reading as the store takes it."""

    asset: str
    kind: str
    time_ms: int
    seq: int | None
    line: str
    floats: Mapping[str, float] = {}
    """Its values, as alarms look at them."""
    others: Mapping[str, int | str] = {}
    is_live: bool = True
    """False of what a device recorded earlier and says so: alarms are not raised by it."""


class Announcement(NamedTuple):
    """A device, or its broker for it, says whether it is online."""

    asset: str
    online: bool
    firmware: str | None
    time_ms: int


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that can't be stored: the payload concerned, and why."""

    topic: str
    payload: bytes
    code: str
    detail: str
    kind: str = UNKNOWN
    asset: str | None = None


@dataclass(slots=True)
class Decoded:
    """What a batch of messages holds; each thing in it counts as one received."""

    readings: list[Measured] = field(default_factory=list)
    scans: list[tuple[str, bytes]] = field(default_factory=list)
    """Topic and checked scan as JSON."""
    announcements: list[Announcement] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        """The lines of the readings."""
        return [measured.line for measured in self.readings]


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A batch of messages as it is made durable, in one commit."""

    lines: Sequence[str] = ()
    kinds: Sequence[str] = ()
    """The kind of each line, as it is counted."""
    own_lines: Sequence[str] = ()
    """Lines that nobody sent: devices that came, or fell silent. They are not counted."""
    scans: Sequence[tuple[str, bytes]] = ()
    faults: Sequence[Fault] = ()
    duplicates: Mapping[str, int] = field(default_factory=dict)
    """Readings that had come before, by kind."""
    digests: bytes = b""
    """Of the lines, so that they are known when they come again."""
    devices: Sequence["Device"] = ()
    """What is known of devices, where it changed."""
    keepsakes: Mapping[str, bytes] = field(default_factory=dict)
    """What parts of ingest want to find again after a restart."""
    signals: Sequence[tuple[Signal, Priority]] = ()
    """What became of conditions that alarms follow."""
    alarm_states: Mapping[str, bytes] = field(default_factory=dict)
    """What the conditions want to find again after a restart."""

    def is_empty(self) -> bool:
        """Whether there is nothing to make durable."""
        return not (
            self.lines
            or self.own_lines
            or self.scans
            or self.faults
            or self.duplicates
            or self.devices
            or self.keepsakes
            or self.signals
            or self.alarm_states
        )

    def by_kind(self) -> Counter[str]:
        """How many readings, scans and faults it holds, duplicates included."""
        received = Counter(self.kinds)
        received.update(self.duplicates)
        received.update(fault.kind for fault in self.faults)
        received[SCANS] += len(self.scans)
        return +received
