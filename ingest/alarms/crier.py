"""Tells the world of alarms: retained MQTT messages, points in the telemetry store.

It follows the journal, whoever wrote it: conditions, the clock, or a person through another
process. How far it came is kept in the commit that spools the points, so each is written once.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import orjson

from ingest.alarms import store
from ingest.alarms.model import Alarm, AlarmStatus, Transition
from ingest.alarms.rules.rule import RuleSet
from ingest.errors import SpoolError
from ingest.line_protocol import encode_head, encode_line
from ingest.received import Received
from ingest.spool import Spool
from ingest.topics import alarm_topic
from park.assets import Park
from park.errors import UnknownAssetError
from park.telemetry import ALARM
from park.times import format_instant, from_epoch_ms

_log = logging.getLogger(__name__)

_CURSOR = "alarms-told"
_AT_ONCE = 500
_LOOK_S = 1.0


class Announcer(Protocol):
    """Where alarms are published."""

    def announce(self, topic: str, payload: bytes) -> None:
        """Publish so that whoever comes later gets it, too; kept until it can be sent."""


class AlarmCrier(threading.Thread):
    """Tells of what the journal gained, and ends shelves whose time is over."""

    def __init__(
        self,
        park: Park,
        rules: RuleSet,
        spool: Spool,
        announcer: Announcer,
        clock_ms: Callable[[], int],
        spooled: Callable[[], None],
    ) -> None:
        super().__init__(name="alarm-crier", daemon=True)
        self._park = park
        self._rules = rules
        self._spool = spool
        self._announcer = announcer
        self._clock_ms = clock_ms
        self._spooled = spooled
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End after what is in hand."""
        self._stopping.set()

    def run(self) -> None:
        """Work until stopped."""
        is_fresh = True
        while True:
            is_last = self._stopping.is_set()
            try:
                if is_fresh:
                    self._announce(self._known_assets())
                    is_fresh = False
                while self._tell():
                    pass
            except SpoolError as error:
                _log.warning("%s waits: %s", self.name, error)
            except Exception:  # noqa: BLE001 - nobody would notice a dead thread
                _log.exception("%s waits", self.name)
            if is_last:
                return
            self._stopping.wait(_LOOK_S)

    def _tell(self) -> bool:
        """Tell of some entries; False where there were none."""
        now_ms = self._clock_ms()
        with self._spool.reading() as connection:
            is_due = store.is_shelf_over(connection, now_ms)
        if is_due:
            with self._spool.transaction() as connection:
                store.end_shelves(connection, now_ms)
        told = int(self._spool.keepsake(_CURSOR) or 0)
        with self._spool.reading() as connection:
            entries = store.journal(
                connection,
                "WHERE id > :told ORDER BY id LIMIT :most",
                {"told": told, "most": _AT_ONCE},
            )
            lines = list(self._lines(entries, Counter(store.same_instant(connection, entries))))
        if not entries:
            return False
        self._announce(dict.fromkeys(entry.asset for entry in entries))
        kept = {_CURSOR: str(entries[-1].id).encode()}
        self._spool.append(Received(own_lines=lines, keepsakes=kept), now_ms)
        self._spooled()
        return True

    def _known_assets(self) -> Sequence[str]:
        with self._spool.reading() as connection:
            return [alarm.asset for alarm in store.select(connection, "GROUP BY asset")]

    def _announce(self, assets: Iterable[str]) -> None:
        """Publish how the alarms of these assets stand now."""
        for asset in assets:
            with self._spool.reading() as connection:
                alarms = store.select(
                    connection,
                    "WHERE asset = :asset AND status <> :normal ORDER BY rule",
                    {"asset": asset, "normal": AlarmStatus.NORMAL},
                )
            try:
                topic = alarm_topic(self._park.site.id, self._park.asset(asset))
            except UnknownAssetError:  # the park was built anew without it
                continue
            content = {"alarms": [self._as_json(alarm) for alarm in alarms]}
            self._announcer.announce(topic, orjson.dumps(content))

    def _as_json(self, alarm: Alarm) -> dict[str, object]:
        rule = self._rules.find(alarm.rule)
        said: dict[str, object] = {
            "rule": alarm.rule,
            "title": alarm.rule if rule is None else rule.title.en,
            "priority": alarm.priority,
            "status": alarm.status,
            "active": alarm.is_active,
            "raised_at": _instant(alarm.raised_ms),
            "cleared_at": _instant(alarm.cleared_ms),
            "value": alarm.value,
            "limit": alarm.limit,
            "reason": alarm.reason or None,
            "person": alarm.person,
            "shelved_until": _instant(alarm.shelved_until_ms),
        }
        return {name: value for name, value in said.items() if value is not None}

    def _lines(
        self, entries: Iterable[Transition], taken: Counter[tuple[str, int]]
    ) -> Iterable[str]:
        """A point for each; those of one asset and instant are set apart by milliseconds."""
        for entry in entries:
            time_ms = entry.at_ms + taken[entry.asset, entry.at_ms]
            taken[entry.asset, entry.at_ms] += 1
            fields: dict[str, float | int | str] = {
                "rule": entry.rule,
                "action": str(entry.action),
                "status": str(entry.after),
                "priority": str(entry.priority),
            }
            numbers = {"value": entry.value, "limit_value": entry.limit}
            fields |= {name: value for name, value in numbers.items() if value is not None}
            fields |= self._whereabouts(entry.asset)
            head = encode_head(ALARM.name, self._park.site.id, entry.asset, None)
            yield encode_line(head, fields, time_ms)

    def _whereabouts(self, asset_id: str) -> dict[str, float | int | str]:
        """What an asset is and where, so that a map of alarms needs nothing but their points."""
        try:
            asset = self._park.asset(asset_id)
        except UnknownAssetError:  # the park was built anew without it
            return {}
        kind = str(asset.type) if asset.kind is None else asset.kind.name
        fields: dict[str, float | int | str] = {}
        if kind in ALARM.fields["asset_kind"].states:
            fields["asset_kind"] = kind
        if position := self._park.position_of(asset):
            fields["lat"], fields["lon"] = position
        return fields


def _instant(time_ms: int | None) -> str | None:
    return None if time_ms is None else format_instant(from_epoch_ms(time_ms))
