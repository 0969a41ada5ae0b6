"""Once a minute ingest writes how it fares, and what load its alarms are, beside the readings.

So a wall that sees only the telemetry store sees an outage of ingest as well: the points stop.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable, Mapping

from ingest.alarms import store as alarms
from ingest.alarms.model import Action, AlarmStatus
from ingest.alarms.store import Total
from ingest.devices.device import State
from ingest.errors import SpoolError
from ingest.line_protocol import encode_head, encode_line
from ingest.received import Received
from ingest.spool import Spool, read_counters
from park.telemetry import ALARM_LOAD, PLATFORM

_log = logging.getLogger(__name__)

_MINUTE_MS = 60_000
_STALE_MS = 24 * 3_600_000
"""EEMUA 191 calls an alarm stale that stands for longer than a day."""
_CHATTER_MS = 10 * _MINUTE_MS
_CHATTER_RAISES = 3
"""ISA-18.2 counts three raises in a minute; readings come once a minute here, so ten are given."""
_BYTES_IN_MB = 1_000_000
_IN_SIGHT = (AlarmStatus.UNACKNOWLEDGED, AlarmStatus.ACKNOWLEDGED)

Fields = dict[str, float | int]


class SelfReport(threading.Thread):
    """Reports on a spool as long as ingest runs.

    A member of a group reports under a name of its own, lest the figures of several run into one
    another; of alarms it knows nothing.
    """

    def __init__(
        self,
        site: str,
        member: str | None,
        spool: Spool,
        clock_ms: Callable[[], int],
        lag_ms: Callable[[], Mapping[str, int]],
        spooled: Callable[[], None],
    ) -> None:
        super().__init__(name="self-report", daemon=True)
        self._site = site
        self._member = member
        self._spool = spool
        self._clock_ms = clock_ms
        self._lag_ms = lag_ms
        self._spooled = spooled
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End."""
        self._stopping.set()

    def run(self) -> None:
        """Report at the start and each minute, until stopped."""
        while True:
            try:
                self.report()
            except SpoolError as error:
                _log.warning("%s waits: %s", self.name, error)
            except Exception:  # noqa: BLE001 - nobody would notice a dead thread
                _log.exception("%s waits", self.name)
            if self._stopping.wait(_MINUTE_MS / 1000):
                return

    def report(self) -> None:
        """Spool one point of each kind. Raises SpoolError."""
        now_ms = self._clock_ms()
        with self._spool.transaction("DEFERRED") as connection:
            fields = {PLATFORM.name: self._platform(connection, now_ms)}
            if self._member is None:
                fields[ALARM_LOAD.name] = _alarm_load(connection, now_ms)
        asset = self._member or self._site
        lines = [
            encode_line(encode_head(kind, self._site, asset, None), values, now_ms)
            for kind, values in fields.items()
        ]
        self._spool.append(Received(own_lines=lines), now_ms)
        self._spooled()

    def _platform(self, connection: sqlite3.Connection, now_ms: int) -> Fields:
        counters = read_counters(connection)
        states = dict(connection.execute("SELECT state, count(*) FROM devices GROUP BY state"))
        waited_ms = 0 if counters.oldest_ms is None else now_ms - counters.oldest_ms
        lag_ms = max([waited_ms, *self._lag_ms().values()])
        return {
            "received": counters.received,
            "stored": counters.stored + counters.captured,
            "duplicates": counters.duplicates,
            "quarantined": counters.quarantined,
            "spooled": counters.spooled,
            "devices_online": states.get(State.ONLINE, 0),
            "devices_stale": states.get(State.STALE, 0),
            "devices_offline": states.get(State.OFFLINE, 0),
            "lag_s": max(0, lag_ms) / 1000,
            "spool_mb": self._spool.file_bytes() / _BYTES_IN_MB,
            "disk_free_mb": self._spool.disk_free_bytes() / _BYTES_IN_MB,
        }


def _alarm_load(connection: sqlite3.Connection, now_ms: int) -> Fields:
    by_status = dict(connection.execute("SELECT status, count(*) FROM alarms GROUP BY status"))
    (stale,) = connection.execute(
        "SELECT count(*) FROM alarms WHERE status IN (?, ?) AND raised_ms < ?",
        (*_IN_SIGHT, now_ms - _STALE_MS),
    ).fetchone()
    (chattering,) = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM alarm_journal WHERE recorded_ms >= ? AND action = ?"
        " GROUP BY asset, rule HAVING count(*) >= ?)",
        (now_ms - _CHATTER_MS, Action.RAISE, _CHATTER_RAISES),
    ).fetchone()
    totals = alarms.totals(connection)
    unseen = (AlarmStatus.UNACKNOWLEDGED, AlarmStatus.RETURNED_UNACKNOWLEDGED)
    return {
        "standing": sum(by_status.get(status, 0) for status in _IN_SIGHT),
        "unacknowledged": sum(by_status.get(status, 0) for status in unseen),
        "shelved": by_status.get(AlarmStatus.SHELVED, 0),
        "suppressed": by_status.get(AlarmStatus.SUPPRESSED, 0),
        "stale_standing": stale,
        "chattering": chattering,
        "raised": int(totals[Total.RAISED]),
        "acknowledged": int(totals[Total.ACKNOWLEDGED]),
        "acknowledge_s": totals[Total.ACKNOWLEDGE_S],
    }
