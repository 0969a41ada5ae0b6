"""One device's record."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Whether a device is there. A device that was never heard has no record."""

    ONLINE = "online"
    STALE = "stale"
    """Silent for three times its cadence."""
    OFFLINE = "offline"
    """It said so itself, or its last will did."""


@dataclass(slots=True)
class Device:
    """What is known of one device, an asset that sends telemetry."""

    asset: str
    kind: str
    state: State = State.ONLINE
    since_ms: int = 0
    """Since when it is in that state."""
    seen_ms: int = 0
    """When anything last came from it, by this machine's clock."""
    newest_ms: int = 0
    """Newest device time that it sent."""
    firmware: str = ""
    readings: int = 0
    duplicates: int = 0
    """Readings that had come before."""
    refused: int = 0
    """Readings and messages that went to quarantine."""
    late: int = 0
    """Readings more than five minutes old on arrival."""
    out_of_order: int = 0
    """Readings older than one that had come before."""
    ahead: int = 0
    """Readings more than a second ahead of this machine's clock."""
    most_ahead_ms: int = 0
    missing: int = 0
    """Numbers of `seq` that never came."""
    restarts: int = 0
    """How often `seq` began anew."""
    last_seq: int | None = None
