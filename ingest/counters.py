"""What was received and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ingest.received import SCANS


class Count(StrEnum):
    """What is counted, for each kind."""

    RECEIVED = "received"
    STORED = "stored"
    QUARANTINED = "quarantined"
    DUPLICATES = "duplicates"


ByKind = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Counters:
    """Counted since the spool's file was made; `scan` stands for the kind of scans.

    What is replayed from quarantine is received once more.
    """

    by_kind: Mapping[Count, ByKind] = field(default_factory=dict)
    spooled_readings: int = 0
    spooled_scans: int = 0
    oldest_ms: int | None = None
    """When the oldest thing that waits was received; None where nothing waits."""

    @property
    def received(self) -> int:
        """Readings, scans and messages that can't be read."""
        return self._total(Count.RECEIVED)

    @property
    def stored(self) -> int:
        """Readings that the telemetry store confirmed."""
        return self._total(Count.STORED) - self.captured

    @property
    def captured(self) -> int:
        """Scans that became events."""
        return self.by_kind.get(Count.STORED, {}).get(SCANS, 0)

    @property
    def quarantined(self) -> int:
        """What went to quarantine, whether or not it is still there."""
        return self._total(Count.QUARANTINED)

    @property
    def duplicates(self) -> int:
        """Readings and scans that had come before."""
        return self._total(Count.DUPLICATES)

    @property
    def spooled(self) -> int:
        """What waits to be stored or captured, counted in the queues themselves."""
        return self.spooled_readings + self.spooled_scans

    @property
    def unaccounted(self) -> int:
        """Received, less all that became of it: 0, or something was lost or counted twice."""
        return self.received - (
            self.stored + self.captured + self.quarantined + self.spooled + self.duplicates
        )

    def spooled_by_kind(self) -> dict[str, int]:
        """What waits, by kind."""
        waiting = dict(self.by_kind.get(Count.RECEIVED, {}))
        for count in (Count.STORED, Count.QUARANTINED, Count.DUPLICATES):
            for kind, number in self.by_kind.get(count, {}).items():
                waiting[kind] = waiting.get(kind, 0) - number
        return waiting

    def _total(self, count: Count) -> int:
        return sum(self.by_kind.get(count, {}).values())
