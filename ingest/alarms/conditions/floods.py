"""One alarm of a centre for many of its rooms: what they have in common is the cause.

The alarm is raised when enough rooms in use are down whose trouble began within so short a time,
and stay so for the on-delay; it is over when fewer than half of that many are down for the
off-delay. A room counts from the first reading that shows its trouble, so that the centre's alarm
comes before the rooms' own with their longer on-delay. While it stands, the rooms' own alarms that
it explains are hidden, those that stood before as well as those that come.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import NamedTuple

import orjson

from ingest.alarms.conditions import episode as e
from ingest.alarms.conditions.track import HORIZON_MS, Track
from ingest.alarms.model import Change, Signal
from ingest.alarms.rules.rule import Flood, Rule

_IN_USE_MS = 86_400_000
"""A room that reported within that time is in use."""


class _Event(NamedTuple):
    at_ms: int
    is_raise: bool
    """Returns come first at the same time."""
    room: str
    rule: str


@dataclass(slots=True, eq=False)
class Centre:
    """A centre under one flood rule."""

    rule: Rule
    check: Flood
    asset: str
    rooms: Sequence[str]
    episodes: list[e.Episode] = field(default_factory=list)
    told: list[e.Story] = field(default_factory=list)
    done_ms: int = e.NEVER
    """Up to there everything is told and forgotten."""
    is_waiting: bool = False
    """Whether time alone may raise or clear it."""

    @property
    def key(self) -> str:
        """Under which it is kept; no asset's id has a slash."""
        return f"/{self.rule.id}/{self.asset}"

    def look(self, tracks: Mapping[str, Track]) -> bool:
        """Find out anew from its rooms' alarms; True where it changed."""
        events = sorted(self._events(tracks))
        newest_ms = max((track.state.time_ms for track in tracks.values()), default=e.NEVER)
        newest_ms = max([newest_ms, *(event.at_ms for event in events[-1:])])
        base_ms = newest_ms - HORIZON_MS
        old = [one for one in self.episodes if one.raised_ms < base_ms]
        gone = [one for one in old if one.cleared_ms < base_ms]
        if gone:
            self.done_ms = max(one.cleared_ms for one in gone)
            raises = {one.raised_ms for one in gone}
            self.told = [tale for tale in self.told if _raised_ms(tale) not in raises]
        kept = [one for one in old if one not in gone]
        found = self._sweep(events, kept[-1] if kept else None, base_ms, newest_ms, tracks)
        if found == self.episodes:
            return False
        self.episodes = found
        return True

    def _events(self, tracks: Mapping[str, Track]) -> Iterable[_Event]:
        """When causes began and ended: each from its onset on, before its own on-delay is over."""
        for room, track in tracks.items():
            for rule, since_ms, until_ms in track.troubles(self.check.causes):
                yield _Event(since_ms, True, room, rule)  # noqa: FBT003 - a tuple
                if until_ms != e.FOREVER:
                    yield _Event(until_ms, False, room, rule)  # noqa: FBT003 - a tuple

    def _sweep(
        self,
        events: Iterable[_Event],
        pinned: e.Episode | None,
        base_ms: int,
        newest_ms: int,
        tracks: Mapping[str, Track],
    ) -> list[e.Episode]:
        """The floods that follow from events; `pinned` began before `base_ms`."""
        found: list[e.Episode] = []
        current = None if pinned is None else pinned._replace(cleared_ms=e.FOREVER)
        coming: e.Episode | None = None
        over_ms = e.FOREVER
        down: dict[str, dict[str, int]] = {}
        for event in [*events, None]:
            at_ms = newest_ms if event is None else event.at_ms
            if coming is not None and coming.raised_ms <= at_ms:
                current, coming = coming, None
            if current is not None and over_ms <= at_ms:
                found.append(current._replace(cleared_ms=over_ms))
                current, over_ms = None, e.FOREVER
            if event is None:
                break
            _apply(event, down)
            if current is not None:
                over_ms = (
                    self._over_ms(current, down, at_ms, over_ms) if at_ms > base_ms else over_ms
                )
            elif coming is None:
                coming = self._begun(at_ms, down, tracks) if at_ms > self.done_ms else None
            elif len(down) < (coming.limit or 0):
                coming = None
        self.is_waiting = coming is not None or over_ms != e.FOREVER
        return found if current is None else [*found, current]

    def _over_ms(
        self, current: e.Episode, down: Mapping[str, object], at_ms: int, over_ms: int
    ) -> int:
        """When the alarm is over if nothing else happens."""
        if len(down) >= (current.limit or 1) / 2:
            return e.FOREVER
        return at_ms + self.rule.off_delay_ms if over_ms == e.FOREVER else over_ms

    def _begun(
        self, at_ms: int, down: Mapping[str, Mapping[str, int]], tracks: Mapping[str, Track]
    ) -> e.Episode | None:
        """The alarm that comes if enough rooms stay down."""
        in_use = sum(
            track.state.first_ms <= at_ms and track.state.time_ms >= at_ms - _IN_USE_MS
            for track in tracks.values()
            if track.state.first_ms != e.NEVER
        )
        needed = max(self.check.least, ceil(self.check.share_pct / 100 * in_use))
        if len(down) < needed:
            return None
        begun = sorted(min(causes.values()) for causes in down.values())
        for first, since_ms in enumerate(begun):
            together = sum(other - since_ms <= self.check.within_ms for other in begun[first:])
            if together >= needed:
                return e.Episode(
                    self.rule.id,
                    since_ms,
                    at_ms + self.rule.on_delay_ms,
                    e.FOREVER,
                    float(together),
                    float(needed),
                )
        return None

    def hides(self) -> dict[str, list[e.Hide]]:
        """What hides the alarms of its rooms, by their rules."""
        reason = f"{self.rule.id} {self.asset}"
        hides = [e.Hide(one.raised_ms, one.cleared_ms, reason) for one in self.episodes]
        return dict.fromkeys(self.check.hides, hides) if hides else {}

    def tell(self) -> list[Signal]:
        """What changed since the last call."""
        true = [e.story(self.asset, one) for one in self.episodes]
        said = e.corrections(self.told, true)
        self.told = true
        return said

    def dump(self) -> bytes:
        """What it takes to go on after a restart."""
        tales = [[tuple(signal) for signal in tale] for tale in self.told]
        episodes = [e.plain(one) for one in self.episodes]
        return orjson.dumps((episodes, tales, self.done_ms))

    def restore(self, content: bytes) -> None:
        """Go on where `dump` left off. Raises ValueError and its kin where that can't be read."""
        episodes, tales, self.done_ms = orjson.loads(content)
        self.episodes = [e.read_episode(said) for said in episodes]
        self.told = [
            tuple(Signal(a, b, Change(c), *rest) for a, b, c, *rest in tale) for tale in tales
        ]


def _apply(event: _Event, down: dict[str, dict[str, int]]) -> None:
    causes = down.setdefault(event.room, {})
    if event.is_raise:
        causes[event.rule] = event.at_ms
    else:
        causes.pop(event.rule, None)
    if not causes:
        del down[event.room]


def _raised_ms(tale: e.Story) -> int:
    return next(signal.at_ms for signal in tale if signal.change is Change.RAISED)
