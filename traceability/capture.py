"""Capture: one scan becomes one event and all that follows from it, in one transaction, or nothing.

Captures run one after the other: each first locks the one row of `log_head`. So a check and the
write that rests on it see one state, two captures can't deadlock, and events are numbered in the
order of their commits, without gaps: who pages through them misses none. SQLite takes its write
lock at BEGIN already and behaves the same.

A scan is known by its id. The same scan again is answered with the same event, whatever happened
meanwhile; other content under a known id is refused.
"""

import hashlib
import json
from dataclasses import replace
from datetime import datetime

import rfc8785
from sqlalchemy import Connection, bindparam, insert, select, update

from park.assets import Park
from park.scans import Scan
from park.times import format_instant, to_epoch_ms
from traceability import tables as t
from traceability.bookkeeping import BOOKKEEPERS, Desk
from traceability.epcis.jsonld import write_event
from traceability.epcis.model import AnyEvent
from traceability.errors import DuplicateIdError, TimeError
from traceability.state import State
from traceability.steps import event_id_of, event_of
from traceability.views import Captured

_LOCK = select(t.log_head.c.size).with_for_update()
_COUNT = update(t.log_head).values(size=bindparam("new_size"))
_FIND = select(t.events.c.fingerprint).where(t.events.c.event_id == bindparam("wanted"))
_ADD = insert(t.events)


def fingerprint(scan: Scan) -> str:
    """SHA-256 of a scan's content, whatever form its identifiers and times came in."""
    return hashlib.sha256(rfc8785.dumps(scan.model_dump(mode="json"))).hexdigest()


class Capture:
    """Captures scans of one park."""

    def __init__(self, park: Park, mass_tolerance: float, clock_skew_s: float) -> None:
        self._park = park
        self._tolerance = mass_tolerance
        self._skew_ms = round(clock_skew_s * 1000)

    def capture(self, connection: Connection, scan: Scan, now: datetime) -> Captured:
        """Capture within the connection's transaction. Raises CaptureError."""
        size = connection.execute(_LOCK).scalar_one()
        event_id, mark = event_id_of(scan), fingerprint(scan)
        if _is_known(connection, event_id, mark):
            return Captured(event_id, new=False)
        self._check_not_ahead(scan, now)
        event = event_of(scan, self._park)
        seq = size + 1
        connection.execute(_COUNT, {"new_size": seq})
        _store(connection, seq, event, mark, now)
        desk = Desk(
            park=self._park,
            state=State(connection, seq, self._tolerance),
            event_id=event_id,
            at_ms=to_epoch_ms(scan.ts),
            tolerance=self._tolerance,
            skew_ms=self._skew_ms,
        )
        BOOKKEEPERS[scan.action](desk, scan)
        return Captured(event_id, new=True)

    def _check_not_ahead(self, scan: Scan, now: datetime) -> None:
        if to_epoch_ms(scan.ts) > to_epoch_ms(now) + self._skew_ms:
            msg = (
                f"{format_instant(scan.ts)} lies in the future, it is {format_instant(now)} now; "
                "check the reader's clock"
            )
            raise TimeError(msg)


def _is_known(connection: Connection, event_id: str, mark: str) -> bool:
    known = connection.execute(_FIND, {"wanted": event_id}).scalar()
    if known is None:
        return False
    if known != mark:
        msg = f"{event_id} came before with other content; give every scan an id of its own"
        raise DuplicateIdError(msg)
    return True


def _store(connection: Connection, seq: int, event: AnyEvent, mark: str, now: datetime) -> None:
    body = write_event(replace(event, record_time=now))
    row = {
        "seq": seq,
        "event_id": event.event_id,
        "event_time_ms": to_epoch_ms(event.event_time),
        "record_time_ms": to_epoch_ms(now),
        "fingerprint": mark,
        "document": json.dumps(body, ensure_ascii=False, separators=(",", ":")),
    }
    connection.execute(_ADD, row)
