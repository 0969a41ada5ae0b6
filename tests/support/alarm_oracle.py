"""What alarms there are, found the slow and obvious way: all readings at once, in order of time.

It knows the rules that look at one asset, each on its own, and nothing of quick looks, snapshots
or corrections.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ingest.alarms.model import Change, Signal
from ingest.alarms.rules import rule as r

Reading = tuple[int, Mapping[str, float]]
HOUR_MS = 3_600_000


@dataclass
class Found:
    """One alarm; `cleared` is None as long as it stands."""

    raised: int
    since: int
    cleared: int | None = None


def merged(readings: Iterable[Reading]) -> list[Reading]:
    """In order of time; of two values for one time the larger counts."""
    by_time: dict[int, dict[str, float]] = {}
    for time_ms, values in readings:
        known = by_time.setdefault(time_ms, {})
        for name, value in values.items():
            known[name] = max(value, known.get(name, value))
    return sorted(by_time.items())


def expected(
    rule: r.Rule,
    readings: Iterable[Reading],
    cadence_ms: int,
    *,
    defaults: Mapping[str, float],
    nominal: float = float("nan"),
) -> list[Found]:
    """The alarms of one rule on one asset."""
    watcher = _Watcher(rule, cadence_ms, defaults, nominal)
    for time_ms, values in merged(readings):
        watcher.see(time_ms, values)
    return watcher.found


@dataclass
class _Watcher:
    rule: r.Rule
    cadence_ms: int
    defaults: Mapping[str, float]
    nominal: float
    found: list[Found] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    known: dict[str, tuple[float, int]] = field(default_factory=dict)
    samples: list[tuple[int, list[float]]] = field(default_factory=list)
    since: int | None = None
    seen: int = 0
    off: int | None = None

    def see(self, t: int, values: Mapping[str, float]) -> None:
        gaps = [later - earlier for earlier, later in zip(self.times, self.times[1:], strict=False)]
        gap = 3 * max([self.cadence_ms, *gaps[-1:]])
        last = self.times[-1] if self.times else t
        before = {name: known for name, known in self.known.items() if last - known[1] <= HOUR_MS}
        self.known |= {name: (value, t) for name, value in values.items()}
        now = {name: value for name, (value, at) in self.known.items() if t - at <= HOUR_MS}
        now = {**self.defaults, **now}
        self.times.append(t)
        if not self._fields() & set(values):
            return
        said = self._holds(t, now, before, gap)
        if said is None:
            return
        holds, may_begin, since = said
        if isinstance(self.rule.check, r.Rate | r.Share):
            gap += 2 * (self.rule.check.window_ms // 4)
        is_near = t - self.seen <= gap
        self.seen = t
        if self.found and self.found[-1].cleared is None:
            self._standing(t, holds=holds, is_near=is_near)
        elif self.since is None:
            if holds and may_begin:
                self.since = since
                self._raise_if_due(t)
        elif not holds:
            self.since = None
        else:
            self.since = self.since if is_near else since
            self._raise_if_due(t)

    def _standing(self, t: int, *, holds: bool, is_near: bool) -> None:
        if holds:
            self.off = None
            return
        if self.off is None or not is_near:
            self.off = t
        if t - self.off >= self.rule.off_delay_ms:
            self.found[-1].cleared = self.off + self.rule.off_delay_ms
            self.off = self.since = None

    def _raise_if_due(self, t: int) -> None:
        assert self.since is not None
        if t - self.since >= self.rule.on_delay_ms:
            self.found.append(Found(self.since + self.rule.on_delay_ms, self.since))
            self.since, self.off = None, None

    def _fields(self) -> set[str]:
        names = {*self.rule.fields, *(guard.field for guard in self.rule.guards)}
        of = getattr(self.rule.check, "of", "")
        return names | ({of} if of and of != r.NOMINAL else set())

    def _holds(  # noqa: C901, PLR0911 - one case a check, as obvious as can be
        self, t: int, now: Mapping[str, float], before: Mapping[str, tuple[float, int]], gap: int
    ) -> tuple[bool, bool, int] | None:
        """Whether the condition holds, whether it may begin, since when; None where unknown."""
        check = self.rule.check
        needed = self._fields() - (set(check.fields) if isinstance(check, r.Spread) else set())
        if not needed <= set(now):
            return None
        if isinstance(check, r.Rate | r.Share) and not self._sample(t, check, now):
            return None
        if not all(self._allows(guard, now[guard.field]) for guard in self.rule.guards):
            return False, False, t
        stands = bool(self.found) and self.found[-1].cleared is None
        match check:
            case r.Limit():
                return self._limit(check, now, stands=stands), True, t
            case r.Equals():
                may = True
                if check.after:
                    value, at = before.get(check.field, (float("nan"), 0))
                    may = value in check.after and t - at <= gap
                return now[check.field] in check.one_of, may, t
            case r.Stuck():
                value, at = before.get(check.field, (float("nan"), 0))
                same = now[check.field] == value
                return same, True, at if same and t - at <= gap else t
            case r.Spread():
                known = [now[name] for name in check.fields if name in now]
                if len(known) < 2:
                    return None
                limit = check.above - (check.deadband if stands else 0)
                return max(known) - min(known) > limit, True, t
            case r.Rate():
                values = [value for _, (value, *_) in self.samples]
                rises = check.rise is not None and values[-1] - min(values) > check.rise
                falls = check.fall is not None and max(values) - values[-1] > check.fall
                return rises or falls, True, t
            case r.Share():
                (_, first), (_, last) = self.samples[0], self.samples[-1]
                whole, part = last[1] - first[1], last[0] - first[0]
                return whole >= check.least and part / whole * 100 > check.above_pct, True, t
            case _:
                raise NotImplementedError

    def _limit(self, check: r.Limit, now: Mapping[str, float], *, stands: bool) -> bool:
        value = now[check.field]
        base, factor = 0.0, 1.0
        if check.of == r.NOMINAL:
            factor = self.nominal / 100
        elif check.of:
            base = now[check.of]
        back = check.deadband * factor if stands else 0.0
        too_high = check.above is not None and value > base + check.above * factor - back
        too_low = check.below is not None and value < base + check.below * factor + back
        return too_high or too_low

    def _allows(self, guard: r.Guard, value: float) -> bool:
        factor = self.nominal / 100 if guard.is_nominal else 1.0
        if guard.one_of:
            return value in guard.one_of
        if guard.above is not None:
            return value > guard.above * factor
        return guard.below is not None and value < guard.below * factor

    def _sample(self, t: int, check: r.Rate | r.Share, now: Mapping[str, float]) -> bool:
        """Keep a sample in each quarter of the window; False where there is one."""
        step = check.window_ms // 4
        if self.samples and self.samples[-1][0] // step == t // step:
            return False
        values = [now[name] for name in self.rule.fields]
        self.samples = [s for s in self.samples if t - s[0] <= check.window_ms]
        if isinstance(check, r.Share) and self.samples:
            last = self.samples[-1][1]
            if any(new < old for new, old in zip(values, last, strict=True)):
                self.samples = []
        self.samples.append((t, values))
        return True


def net(signals: Iterable[Signal]) -> dict[tuple[str, str], list[Found]]:
    """What signals come to, after all withdrawals; fails where they contradict each other."""
    alarms: dict[tuple[str, str], list[Found]] = {}
    active: dict[tuple[str, str], int | None] = {}
    for signal in signals:
        key = (signal.rule, signal.asset)
        known = alarms.setdefault(key, [])
        if signal.change is Change.RAISED:
            assert active.get(key) is None, f"raised twice: {signal}"
            again = [found for found in known if found.raised == signal.at_ms]
            for found in again:
                found.cleared = None
            if not again:
                known.append(Found(signal.at_ms, signal.since_ms))
            active[key] = signal.at_ms
        elif signal.change is Change.CLEARED:
            assert known, f"cleared before it was raised: {signal}"
            of = [found for found in known if found.since == signal.since_ms]
            assert len(of) == 1, f"cleared what was never raised: {signal}"
            of[0].cleared = signal.at_ms
            active[key] = None
        elif signal.change is Change.WITHDRAWN:
            left = [found for found in known if found.raised != signal.at_ms]
            assert len(left) == len(known) - 1, f"withdrawn what was never raised: {signal}"
            alarms[key] = left
            active[key] = None
    for key, founds in alarms.items():
        founds.sort(key=lambda found: found.raised)
        standing = [found.raised for found in founds if found.cleared is None]
        assert standing == ([] if active.get(key) is None else [active[key]]), key
    return {key: founds for key, founds in alarms.items() if founds}


def hidden(signals: Sequence[Signal]) -> dict[tuple[str, str], str]:
    """Which alarms are hidden at the end, and why."""
    reasons: dict[tuple[str, str], str] = {}
    for signal in signals:
        key = (signal.rule, signal.asset)
        if signal.change is Change.SUPPRESSED:
            reasons[key] = signal.reason
        elif signal.change is Change.UNSUPPRESSED:
            reasons.pop(key, None)
    return reasons
