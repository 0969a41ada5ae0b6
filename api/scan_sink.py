"""Hands scans that ingest took from the broker to traceability."""

from ingest.errors import ScanRefusedError, ScanSinkUnavailableError
from park.scans import Scan
from traceability.errors import CaptureError, DatabaseUnavailableError
from traceability.repository import Traceability


class TraceabilityScanSink:
    """An `ingest.sinks.ScanSink` that captures every scan as its event."""

    def __init__(self, traceability: Traceability) -> None:
        self._traceability = traceability

    def capture(self, scan: Scan) -> None:
        """Capture the scan; a repeat of a captured one changes nothing.

        Raises ScanRefusedError where it can't be true, ScanSinkUnavailableError where the
        database doesn't answer.
        """
        try:
            self._traceability.capture(scan)
        except CaptureError as error:
            raise ScanRefusedError(error.code, error.detail) from error
        except DatabaseUnavailableError as error:
            raise ScanSinkUnavailableError(str(error)) from error
