"""Capture: one scan becomes one event and all that follows from it, in one transaction, or nothing.

A scan is known by its id. The same scan again is answered with the same event, whatever happened
meanwhile; other content under a known id is refused.
"""

from datetime import datetime

from sqlalchemy import Connection

from park.assets import Park
from park.scans import Scan
from traceability.recording.entries import entry_of_scan, scan_fingerprint
from traceability.recording.recorder import Recorder, is_known
from traceability.steps.to_events import event_id_of
from traceability.views import Captured


class Capture:
    """Captures scans of one park."""

    def __init__(self, park: Park, recorder: Recorder) -> None:
        self._park = park
        self._recorder = recorder

    def capture(self, connection: Connection, scan: Scan, now: datetime) -> Captured:
        """Capture within the connection's transaction. Raises CaptureError."""
        event_id = event_id_of(scan)
        # Before all else: the park's definition may have changed since.
        if is_known(connection, event_id, scan_fingerprint(scan)):
            return Captured(event_id, new=False)
        entry = entry_of_scan(scan, self._park)
        return self._recorder.record(connection, [entry], now).captured[0]
