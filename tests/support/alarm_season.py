"""A season with incidents, looked at by the alarm rules as ingest does it; no broker, no clock."""

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingest.alarms import lifecycle
from ingest.alarms.conditions.engine import ConditionEngine
from ingest.alarms.model import Action, Alarm, AlarmStatus, Signal
from ingest.alarms.rules.rule import RuleSet
from ingest.devices.book import silence_limit_ms
from park.assets import Park
from simulators.incidents.plan import Incident
from simulators.playback import play_season
from simulators.season import SeasonPlan

_AT_ONCE = 50
"""Readings that come into one commit."""


@dataclass(frozen=True)
class Shown:
    """An alarm that somebody was shown; once, however often it hid meanwhile."""

    rule: str
    asset: str
    at_ms: int


@dataclass(frozen=True)
class SeasonWatched:
    """What came of a season's readings."""

    shown: Sequence[Shown]
    alarms: Mapping[tuple[str, str], Alarm]
    """All that ever were, as they stand at the end."""


def watch(
    park: Park, rules: RuleSet, plan: SeasonPlan, incidents: Sequence[Incident]
) -> SeasonWatched:
    """Play a season to the rules; whatever returns is acknowledged at once."""
    watcher = _Watcher(park, rules, incidents)
    for number, played in enumerate(play_season(plan, incidents=incidents)):
        watcher.heard(played.asset, played.kind, played.time_ms)
        watcher.engine.reading(played.asset, played.kind, played.time_ms, played.values)
        if number % _AT_ONCE == 0:
            watcher.take()
    watcher.take()
    return SeasonWatched(watcher.shown, watcher.alarms)


class _Watcher:
    def __init__(self, park: Park, rules: RuleSet, incidents: Sequence[Incident]) -> None:
        self.engine = ConditionEngine(park, rules)
        self.shown: list[Shown] = []
        self.alarms: dict[tuple[str, str], Alarm] = {}
        self._rules = rules
        self._known: set[tuple[str, str, int | None]] = set()
        self._last: dict[str, int] = {}
        self._stale: set[str] = set()
        self._deadlines: list[tuple[int, str, int]] = []
        self._troubled: dict[str, list[Incident]] = defaultdict(list)
        for incident in incidents:
            for asset in incident.touches:
                self._troubled[asset].append(incident)

    def heard(self, asset: str, kind: str, time_ms: int) -> None:
        """Who falls silent is stale, as in the register of devices; but by the park's time.

        A season's devices report as in a living park around incidents only.
        """
        while self._deadlines and self._deadlines[0][0] <= time_ms:
            late_ms, silent, since_ms = heapq.heappop(self._deadlines)
            if self._last.get(silent) == since_ms and self._is_looked_at(silent, late_ms):
                self._stale.add(silent)
                self.engine.liveness(silent, "stale", late_ms)
        if asset in self._stale:
            self._stale.remove(asset)
            self.engine.liveness(asset, "online", time_ms)
        self._last[asset] = time_ms
        if self._is_looked_at(asset, time_ms):
            due_ms = time_ms + silence_limit_ms(kind)
            heapq.heappush(self._deadlines, (due_ms, asset, time_ms))

    def _is_looked_at(self, asset: str, time_ms: int) -> bool:
        return any(each.span[0] <= time_ms < each.span[1] for each in self._troubled.get(asset, ()))

    def take(self) -> None:
        """Follow what changed."""
        for signal in self.engine.take_signals():
            self._follow(signal)

    def _follow(self, signal: Signal) -> None:
        key = (signal.rule, signal.asset)
        priority = self._rules.rule(signal.rule).priority
        before = self.alarms.get(key) or Alarm(*key, priority)
        after = lifecycle.follow(before, signal, signal.at_ms)
        if (
            after.status is AlarmStatus.UNACKNOWLEDGED
            and (*key, after.raised_ms) not in self._known
        ):
            self._known.add((*key, after.raised_ms))
            self.shown.append(Shown(*key, signal.at_ms))
        if after.status is AlarmStatus.RETURNED_UNACKNOWLEDGED:
            seen = lifecycle.Order(Action.ACKNOWLEDGE, "the test")
            after = lifecycle.obey(after, seen, signal.at_ms)
        self.alarms[key] = after
