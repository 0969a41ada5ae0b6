"""Hands scans that ingest took from the broker to traceability."""

from ingest.errors import ScanRefusedError, ScanSinkUnavailableError
from park.scans import Scan
from traceability.errors import CaptureError, DatabaseUnavailableError, LedgerError
from traceability.repository import Traceability


class TraceabilityScanSink:
    """An `ingest.sinks.ScanSink` that captures every scan as its event."""

    def __init__(self, traceability: Traceability) -> None:
        self._traceability = traceability
        self._has_tables = False

    def capture(self, scan: Scan) -> bool:
        """Capture the scan; False where it was captured before, and nothing changed.

        Raises ScanRefusedError where it can't be true, ScanSinkUnavailableError where the
        database doesn't answer or its log is broken: then the scan waits.
        """
        try:
            if not self._has_tables:  # the database may have been away at start
                self._traceability.migrate()
                self._has_tables = True
            return self._traceability.capture(scan).new
        except CaptureError as error:
            raise ScanRefusedError(error.code, error.detail) from error
        except (DatabaseUnavailableError, LedgerError) as error:
            raise ScanSinkUnavailableError(str(error)) from error
