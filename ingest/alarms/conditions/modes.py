"""What an asset is at that hides its alarms by design: defrost, pull-down, season, maintenance.

A room is pulled down after its door stood open for long enough (somebody loads it), after its
set-point was lowered, and when it comes into use; in each case while its air isn't at the set-point
yet. That lasts until the air is there, until it gets no colder, or for the longest time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.alarms.conditions.episode import FOREVER, NEVER, Hide
from ingest.alarms.conditions.program import Places
from ingest.alarms.conditions.state import PullDown, State
from ingest.alarms.rules import rule as r

DAY_MS = 86_400_000
_COLDER_K = 0.1
"""Less is noise."""


@dataclass(frozen=True, slots=True)
class Hider:
    """What hides the alarms of one asset."""

    modes: r.Modes
    offset_ms: int
    """Of the park's time from UTC, for seasons."""
    maintenance: Sequence[r.Maintenance] = ()

    def note(self, state: State, places: Places, t: int, values: tuple[float, ...]) -> None:
        """Let a state know what a reading at `t` says; `state` is still that before it."""
        if places.defrost >= 0 and values[places.defrost] > 0:
            begun = state.defrost
            start_ms = t if begun is None or begun[1] <= t else begun[0]
            state.defrost = (start_ms, t + 1 + self.modes.defrost_after_ms)
        if places.air >= 0 and places.setpoint >= 0:
            self._pull_down(state, places, t, values)

    def _pull_down(self, state: State, places: Places, t: int, values: tuple[float, ...]) -> None:
        modes = self.modes
        air, setpoint = values[places.air], values[places.setpoint]
        loading = self._door(state, places, t, values)
        pull = state.pull_down
        if loading is not None:
            start_ms = loading if pull is None else pull.start_ms
            state.pull_down = PullDown(start_ms, t, float("inf"), t)
            return
        if air != air or setpoint != setpoint:  # noqa: PLR0124 - not known
            return
        is_far = air > setpoint + modes.done_k
        if pull is None:
            before = state.values[places.setpoint] if state.values else float("nan")
            is_back = t - state.time_ms >= modes.silence_ms
            if is_far and (is_back or before - setpoint >= modes.drop_k):
                state.pull_down = PullDown(t, t, float("inf"), t)
            return
        settled = t - pull.loaded_ms >= modes.settle_ms
        if (settled and not is_far) or t - pull.start_ms >= modes.longest_ms:
            state.pull_down = None
        elif t - pull.mark_ms >= modes.stall_ms and not _holds(state.defrost, t):
            is_colder = air < pull.mark_c - _COLDER_K
            mark = PullDown(pull.start_ms, pull.loaded_ms, air, t)
            state.pull_down = mark if is_colder else None

    def _door(self, state: State, places: Places, t: int, values: tuple[float, ...]) -> int | None:
        """Since when somebody loads; None where nobody does."""
        if places.door < 0 or values[places.door] != values[places.door]:
            return None
        since_ms = state.door_since_ms
        if values[places.door] > 0:
            since_ms = state.door_since_ms = t if since_ms == NEVER else since_ms
        elif since_ms == NEVER:
            return None
        else:
            state.door_since_ms = NEVER
        return since_ms if t - since_ms >= self.modes.door_ms else None

    def hidden(self, state: State, asset_rule: r.Rule, at_ms: int) -> tuple[int, str] | None:
        """Until when a rule is hidden at a time, as far as is known, and why; None if it isn't."""
        reason, end_ms = "", at_ms
        spans = self._spans(state, asset_rule, at_ms)
        while True:
            longer = [span for span in spans if span.from_ms <= end_ms < span.until_ms]
            if not longer:
                return (end_ms, reason) if reason else None
            reason = reason or longer[0].reason
            end_ms = max(span.until_ms for span in longer)

    def _spans(self, state: State, rule: r.Rule, at_ms: int) -> list[Hide]:
        spans = [
            Hide(
                work.from_ms, work.until_ms, r.MAINTENANCE + f": {work.reason}" * bool(work.reason)
            )
            for work in self.maintenance
        ]
        if rule.season is not None:
            day = (at_ms + self.offset_ms) // DAY_MS
            begins_ms = rule.season.next_day(day) * DAY_MS - self.offset_ms
            if begins_ms > at_ms:
                spans.append(Hide(NEVER, begins_ms, r.OUT_OF_SEASON))
        if r.DEFROST in rule.hide_in and state.defrost is not None:
            spans.append(Hide(*state.defrost, r.DEFROST))
        if r.PULL_DOWN in rule.hide_in and state.pull_down is not None:
            pull = state.pull_down
            longest_ms = pull.start_ms + self.modes.longest_ms
            until_ms = min(longest_ms, pull.mark_ms + 2 * self.modes.stall_ms)
            spans.append(Hide(pull.start_ms, until_ms, r.PULL_DOWN))
        return spans


def _holds(span: tuple[int, int] | None, at_ms: int) -> bool:
    return span is not None and span[0] <= at_ms < span[1]


def is_over(hide: Hide) -> bool:
    """Whether a hide has ended."""
    return hide.until_ms != FOREVER
