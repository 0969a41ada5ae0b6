"""Takes an asset from before a reading to after it: the whole of what conditions mean."""

from collections.abc import Collection

from ingest.alarms.conditions.checks import Look, Verdict, Watch
from ingest.alarms.conditions.episode import FOREVER, NEVER, Hide
from ingest.alarms.conditions.modes import Hider, is_over
from ingest.alarms.conditions.program import Program
from ingest.alarms.conditions.state import Live, Sample, State
from ingest.alarms.rules.rule import Rule

GAP_CADENCES = 3
_NAN = float("nan")


class Folder:
    """Folds readings into the state of one asset."""

    def __init__(
        self,
        hider: Hider,
        cadence_ms: int,
        last_known_ms: int,
        nominal: float,
        setpoint_c: float,
        causes: Collection[str] = (),
    ) -> None:
        """`causes` are the rules that a centre wants to know of before their on-delay is over."""
        self._causes = causes
        self._hider = hider
        self._cadence_ms = cadence_ms
        self._last_known_ms = last_known_ms
        self.nominal = nominal
        self._setpoint_c = setpoint_c

    def fold(
        self,
        state: State,
        program: Program,
        t: int,
        given: tuple[float, ...],
        keys: tuple[str, ...],
    ) -> bool:
        """Let `state` be that after a reading, later than all before.

        `given` has NaN for what the reading doesn't hold. True where an alarm changed.
        """
        if len(state.values) != len(given):
            state.values = (_NAN,) * len(given)
            state.ages = None
        if state.first_ms == NEVER:
            state.first_ms = t
        values, ages, present, known = self._merge(state, program, t, given)
        before_ms = state.time_ms - state.before_ms if state.before_ms != NEVER else 0
        gap_ms = GAP_CADENCES * max(self._cadence_ms, before_ms)
        changed = self._unhide_before(state, program, t)
        self._hider.note(state, program.places, t, values)
        look = Look(t, values, ages, state, self.nominal, gap_ms)
        for watch in program.watches:
            if watch.any_of & present and watch.all_of & known == watch.all_of:
                changed |= self._step(state, watch, look)
        changed |= self._drop_unwatched(state, program, t)
        changed |= self._unhide_now(state, program, t)
        state.before_ms, state.time_ms = state.time_ms, t
        state.values, state.keys = values, keys
        is_complete = all(age in (t, NEVER) for age in ages)
        state.ages = None if is_complete and not program.blocks else ages
        return changed

    def fold_quiet(self, state: State, program: Program, t: int, values: tuple[float, ...]) -> bool:
        """The same for a reading of which the quick look says that it changes nothing.

        Only rates and shares are left to be looked at, and time to be kept.
        """
        before_ms = state.time_ms - state.before_ms if state.before_ms != NEVER else 0
        gap_ms = GAP_CADENCES * max(self._cadence_ms, before_ms)
        changed = False
        for watch in program.windowed:
            if all(values[place] == values[place] for place in watch.places):
                look = Look(t, values, (), state, self.nominal, gap_ms)
                changed |= self._step(state, watch, look)
        state.before_ms, state.time_ms, state.values = state.time_ms, t, values
        return changed

    def _merge(
        self, state: State, program: Program, t: int, given: tuple[float, ...]
    ) -> tuple[tuple[float, ...], tuple[int, ...], int, int]:
        """Values and their times with this reading; bits of what it holds, and of what is known."""
        last_ages = state.ages
        values = list(state.values)
        ages = [state.time_ms] * len(given) if last_ages is None else list(last_ages)
        present = known = 0
        oldest_ms, own = t - self._last_known_ms, program.own
        for place, value in enumerate(given):
            if value == value:  # noqa: PLR0124 - not NaN
                values[place], ages[place] = value, t
                present |= 1 << place
                known |= 1 << place
            elif place >= own:  # a pump head's blocks: its balance looks at their age
                continue
            elif values[place] == values[place] and ages[place] >= oldest_ms:
                known |= 1 << place
            elif place == program.places.setpoint and self._setpoint_c == self._setpoint_c:
                values[place], ages[place] = self._setpoint_c, t
                known |= 1 << place
            else:
                values[place], ages[place] = _NAN, NEVER
        return tuple(values), tuple(ages), present, known

    def _step(self, state: State, watch: Watch, look: Look) -> bool:
        """Let one rule see a reading; True where its alarm changed."""
        gap_ms = look.gap_ms
        if watch.step_ms:
            samples = _sampled(state, watch, look)
            if samples is None:
                return False
            look = look._replace(samples=samples)
            gap_ms += 2 * watch.step_ms
        live = state.live.get(watch.rule.id)
        stands = live is not None and live.raised_ms != NEVER
        verdict = watch.judge(look, stands)
        if verdict is None:
            return False
        if live is None:
            return self._begin(state, watch.rule, verdict, look.time_ms)
        is_near = look.time_ms - live.seen_ms <= gap_ms
        live.seen_ms = look.time_ms
        if stands:
            return self._stand(state, watch.rule, live, verdict, look.time_ms, is_near=is_near)
        return self._wait(state, watch.rule, live, verdict, look.time_ms, is_near=is_near)

    def _begin(self, state: State, rule: Rule, verdict: Verdict, t: int) -> bool:
        if not (verdict.holds and verdict.is_new):
            return False
        since_ms = t if verdict.since_ms is None else verdict.since_ms
        live = state.live[rule.id] = Live(since_ms, t, verdict.value, verdict.limit)
        return self._raise_if_due(state, rule, live, t) or rule.id in self._causes

    def _wait(
        self, state: State, rule: Rule, live: Live, verdict: Verdict, t: int, *, is_near: bool
    ) -> bool:
        """The on-delay runs."""
        if not verdict.holds:
            del state.live[rule.id]
            if rule.id in self._causes:
                state.dips = (*state.dips, (rule.id, live.since_ms, t))
                return True
            return False
        live.value, live.limit = verdict.value, verdict.limit
        if not is_near:
            live.since_ms = t if verdict.since_ms is None else verdict.since_ms
        return self._raise_if_due(state, rule, live, t)

    def _raise_if_due(self, state: State, rule: Rule, live: Live, t: int) -> bool:
        at_ms = live.since_ms + rule.on_delay_ms
        if at_ms > t:
            return False
        live.raised_ms = at_ms
        hidden = self._hider.hidden(state, rule, at_ms)
        if hidden is not None:
            until_ms = FOREVER if hidden[0] > t else hidden[0]
            live.hides = (Hide(at_ms, until_ms, hidden[1]),)
        return True

    def _stand(
        self, state: State, rule: Rule, live: Live, verdict: Verdict, t: int, *, is_near: bool
    ) -> bool:
        """The alarm stands; the off-delay may run."""
        if verdict.holds:
            live.off_since_ms = NEVER
            return False
        if live.off_since_ms == NEVER or not is_near:
            live.off_since_ms = t
        at_ms = live.off_since_ms + rule.off_delay_ms
        if at_ms > t:
            return False
        self._close(state, rule.id, live, at_ms)
        return True

    def _close(self, state: State, rule_id: str, live: Live, at_ms: int) -> None:
        state.closed = (*state.closed, live.episode(rule_id, at_ms))
        del state.live[rule_id]

    def _drop_unwatched(self, state: State, program: Program, t: int) -> bool:
        """What a rule found that isn't watched any more is over."""
        changed = False
        for rule_id in [rule for rule in state.live if rule not in program.by_id]:
            live = state.live[rule_id]
            if live.raised_ms == NEVER:
                del state.live[rule_id]
            else:
                self._close(state, rule_id, live, max(t, live.raised_ms))
                changed = True
        return changed

    def _unhide_before(self, state: State, program: Program, t: int) -> bool:
        """End what was over before this reading came."""
        changed = False
        for rule, live in _hidden(state, program):
            hidden = self._hider.hidden(state, rule, max(live.raised_ms, state.time_ms))
            end_ms = max(live.raised_ms, state.time_ms) if hidden is None else hidden[0]
            if end_ms <= t:
                _end(live, end_ms)
                changed = True
        return changed

    def _unhide_now(self, state: State, program: Program, t: int) -> bool:
        changed = False
        for rule, live in _hidden(state, program):
            if self._hider.hidden(state, rule, t) is None:
                _end(live, t)
                changed = True
        return changed


def _hidden(state: State, program: Program) -> list[tuple[Rule, Live]]:
    """What is hidden and may come to sight; not what is on its way to be over."""
    return [
        (program.by_id[rule_id], live)
        for rule_id, live in state.live.items()
        if live.hides
        and not is_over(live.hides[-1])
        and live.off_since_ms == NEVER
        and rule_id in program.by_id
    ]


def _end(live: Live, at_ms: int) -> None:
    live.hides = (*live.hides[:-1], live.hides[-1]._replace(until_ms=at_ms))


def _sampled(state: State, watch: Watch, look: Look) -> tuple[Sample, ...] | None:
    """The samples of a rule with this reading; None where its step has one already."""
    t, samples = look.time_ms, state.windows.get(watch.rule.id, ())
    if samples and samples[-1][0] // watch.step_ms == t // watch.step_ms:
        return None
    one = look.values[watch.sample[0]]
    two = look.values[watch.sample[-1]]
    window_ms = getattr(watch.rule.check, "window_ms", 0)
    kept = [sample for sample in samples if t - sample[0] <= window_ms]
    counts_up = len(watch.sample) > 1
    if counts_up and kept and (one < kept[-1][1] or two < kept[-1][2]):
        kept = []  # the counters began anew
    state.windows[watch.rule.id] = made = (*kept, (t, one, two))
    return made
