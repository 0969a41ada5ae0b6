"""What takes scans: traceability, handed in by the composition root."""

from typing import Protocol

from park.scans import Scan


class ScanSink(Protocol):
    """Turns scans into events."""

    def capture(self, scan: Scan) -> bool:
        """Make the scan's event durable; False where it was before, and nothing changed.

        Raises ScanRefusedError where it can't be true, ScanSinkUnavailableError where it may be
        taken later.
        """
