"""One asset: its state, the readings of the last hour, and what was told of it."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from struct import Struct

from ingest.alarms.conditions import episode as e
from ingest.alarms.conditions import state as s
from ingest.alarms.conditions.folding import Folder
from ingest.alarms.conditions.modes import Hider
from ingest.alarms.conditions.program import Quick, Value
from ingest.alarms.conditions.programs import Chosen, ProgramBook
from ingest.alarms.model import Change, Signal
from ingest.alarms.rules.rule import Silent
from ingest.alarms.rules.scope import Spot
from park.telemetry import Kind

HORIZON_MS = 3_600_000
"""So late a reading may be and still count."""
_SHORTEST_HORIZON_MS = 600_000
_READINGS_A_HORIZON = 60
"""A kind that reports more often than each minute has a shorter horizon, down to ten minutes."""
MOST_RECORDS = 600
"""A device that reports far more often than its kind does has a shorter one still."""
_SNAPSHOTS_A_HORIZON = 3
_TIME = Struct("<q")


def horizon_ms(kind: Kind) -> int:
    """How late a reading of the kind may be."""
    usual_ms = _READINGS_A_HORIZON * kind.cadence_s * 1000
    return min(HORIZON_MS, max(_SHORTEST_HORIZON_MS, usual_ms))


def _time_of(record: bytes) -> int:
    time_ms: int = _TIME.unpack_from(record)[0]
    return time_ms


@dataclass(slots=True)
class Setting:
    """What doesn't change of an asset."""

    spot: Spot
    kind: Kind
    book: ProgramBook
    hider: Hider
    folder: Folder
    blocks: int = 0
    has_nominal: bool = False

    def choose(self, at_ms: int) -> Chosen:
        """What watches it at a time."""
        return self.book.choose(
            self.spot, self.kind.name, at_ms, has_nominal=self.has_nominal, blocks=self.blocks
        )


@dataclass(slots=True)
class Track:
    """What is known of an asset; `reading` of the engine takes quiet readings past its methods."""

    setting: Setting
    state: s.State = field(default_factory=s.State)
    told: dict[str, list[e.Story]] = field(default_factory=dict)
    wake_ms: int = e.NEVER
    """From then on a reading is not quiet, whatever it holds."""
    is_busy: bool = True
    """Whether something holds or stands, or isn't known as of the last reading."""
    quick: Quick | None = None
    records: list[bytes] = field(default_factory=list)
    late: int = 0
    """Readings that came too late to count."""
    silent: dict[str, e.Episode] = field(default_factory=dict)
    """Silences that last, by rule."""
    silences: tuple[e.Episode, ...] = ()
    """Those that ended of late."""
    _silent_ms: int = e.NEVER
    _passed_ms: int = e.NEVER
    _told_silence_ms: int = e.NEVER
    _snapshots: list[s.State] = field(default_factory=list)
    _dirty_ms: int = e.FOREVER
    """From here on readings have to be looked at anew."""
    _final: tuple[e.Episode, ...] = ()
    """Alarms beyond the horizon that weren't told yet."""
    _final_dips: tuple[tuple[str, int, int], ...] = ()
    _chosen: Chosen | None = None
    _chosen_before: Chosen | None = None
    """What watched it at the last reading that wasn't quiet."""

    def __post_init__(self) -> None:
        if not self._snapshots:
            self._snapshots = [self.state.copy()]

    # ------------------------------------------------------------------ readings

    def reading(self, time_ms: int, values: Mapping[str, Value]) -> bool:
        """Look at a reading; True where an alarm may have changed."""
        program, state = self._choose(time_ms).program, self.state
        keys = tuple(values)
        changed = self._is_quiet(time_ms, values, keys)
        if changed is not None:
            return changed
        given = program.values(values)
        if not any(value == value for value in given):  # noqa: PLR0124 - not NaN
            return False
        if time_ms <= state.time_ms:
            return self._late(time_ms, given)
        self.records.append(program.record.pack(time_ms, *given))
        changed = self._fold(time_ms, given, keys)
        self.quick = program.quick(keys)
        return changed or self._dirty_ms != e.FOREVER

    def _is_quiet(
        self, time_ms: int, values: Mapping[str, Value], keys: tuple[str, ...]
    ) -> bool | None:
        """Whether a quiet reading changed an alarm; None where it isn't quiet."""
        state, quick, folder = self.state, self.quick, self.setting.folder
        silence_ms = self.setting.hider.modes.silence_ms
        chosen = self._choose(time_ms)
        if (
            self.is_busy
            or quick is None
            or chosen is not self._chosen_before
            or keys != state.keys
            or not 0 < time_ms - state.time_ms < silence_ms
        ):
            return None
        known = quick(values, time_ms, state.values, folder.nominal, self.records.append)
        if known is None:
            return None
        changed = folder.fold_quiet(state, chosen.program, time_ms, known)
        self._after(time_ms, chosen)
        return changed or self._dirty_ms != e.FOREVER

    def _fold(self, time_ms: int, given: tuple[float, ...], keys: tuple[str, ...]) -> bool:
        chosen = self._chosen_before = self._choose(time_ms)
        changed = self.setting.folder.fold(self.state, chosen.program, time_ms, given, keys)
        self._after(time_ms, chosen)
        return changed

    def _after(self, time_ms: int, chosen: Chosen) -> None:
        """Take a snapshot where it is time, and find out how long a reading may be quiet."""
        state = self.state
        step_ms = horizon_ms(self.setting.kind) // _SNAPSHOTS_A_HORIZON
        if time_ms - self._snapshots[-1].time_ms >= step_ms or len(self.records) > MOST_RECORDS:
            self._snapshots.append(state.copy())
            if self._dirty_ms == e.FOREVER:  # else the snapshot to go back to might be lost
                self._trim(time_ms)
        self.is_busy = bool(
            state.live
            or state.ages is not None
            or state.pull_down is not None
            or state.door_since_ms != e.NEVER
        )
        wake_ms = min(
            self._snapshots[-1].time_ms + step_ms,
            time_ms + self.setting.hider.modes.silence_ms,
            chosen.until_ms,
        )
        for watch in chosen.program.windowed:
            wake_ms = min(wake_ms, (time_ms // watch.step_ms + 1) * watch.step_ms)
        self.wake_ms = wake_ms

    def _choose(self, time_ms: int) -> Chosen:
        chosen = self._chosen
        if chosen is None or not chosen.from_ms <= time_ms < chosen.until_ms:
            chosen = self._chosen = self.setting.choose(time_ms)
        return chosen

    def _late(self, time_ms: int, given: tuple[float, ...]) -> bool:
        oldest_ms = max(
            self._snapshots[0].time_ms + 1, self.state.time_ms - horizon_ms(self.setting.kind)
        )
        if time_ms < oldest_ms:
            self.late += 1
            return False
        pack = self._choose(time_ms).program.record
        place = bisect_left(self.records, time_ms, key=_time_of)
        if place < len(self.records) and _time_of(self.records[place]) == time_ms:
            known = pack.unpack(self.records[place])[1:]
            both = tuple(_larger(one, two) for one, two in zip(known, given, strict=True))
            self.records[place] = pack.pack(time_ms, *both)
        else:
            self.records.insert(place, pack.pack(time_ms, *given))
        self._dirty_ms = min(self._dirty_ms, time_ms)
        return True

    def settle(self) -> None:
        """Look anew at all readings since the first that came late."""
        if self._dirty_ms == e.FOREVER:
            return
        while self._snapshots[-1].time_ms >= self._dirty_ms:
            self._snapshots.pop()
        self._dirty_ms = e.FOREVER
        self.state = self._snapshots[-1].copy()
        first = bisect_left(self.records, self.state.time_ms + 1, key=_time_of)
        for record in self.records[first:]:
            time_ms, *given = self._choose(_time_of(record)).program.record.unpack(record)
            self._fold(time_ms, tuple(given), ())

    def _trim(self, now_ms: int) -> None:
        """Forget what is beyond the horizon."""
        snapshots, oldest_ms = self._snapshots, now_ms - horizon_ms(self.setting.kind)
        old = snapshots[0]
        while len(snapshots) > 1 and (
            snapshots[1].time_ms <= oldest_ms or self._kept(snapshots[0]) > MOST_RECORDS
        ):
            snapshots.pop(0)
        base = snapshots[0]
        if base is old:
            return
        del self.records[: bisect_left(self.records, base.time_ms + 1, key=_time_of)]
        gone, dips = set(base.closed), set(base.dips)
        final, final_dips = base.closed, base.dips
        for known in (*snapshots, self.state):
            known.closed = tuple(one for one in known.closed if one not in gone)
            known.dips = tuple(dip for dip in known.dips if dip not in dips)
        told = {one for one in gone if self._is_told(one)}
        self._forget_told(told)
        self._final += tuple(one for one in final if one not in told)
        self._final_dips += final_dips

    def _is_told(self, one: e.Episode) -> bool:
        """Whether that it returned, and when, was told."""
        tales = self.told.get(one.rule, ())
        return any(_is_of(tale, one) and _returned_ms(tale) == one.cleared_ms for tale in tales)

    def _kept(self, base: s.State) -> int:
        return len(self.records) - bisect_left(self.records, base.time_ms + 1, key=_time_of)

    def _forget_told(self, gone: Iterable[e.Episode]) -> None:
        for one in gone:
            tales = self.told.get(one.rule, [])
            left = [tale for tale in tales if not _is_of(tale, one)]
            if left:
                self.told[one.rule] = left
            else:
                self.told.pop(one.rule, None)

    # ------------------------------------------------------------------ silence

    def liveness(self, state: str, time_ms: int) -> bool:
        """The device fell silent, went or came back; True where an alarm changed."""
        if time_ms <= self._silent_ms:
            return False
        self._silent_ms = time_ms
        old = [one for one in self.silences if one.cleared_ms < time_ms - HORIZON_MS]
        self.silences = tuple(one for one in self.silences if one not in old)
        self._forget_told(old)
        changed = False
        watched = {rule.id: rule for rule in self._choose(time_ms).silent}
        for rule_id in [*self.silent]:
            check = watched[rule_id].check if rule_id in watched else None
            if not isinstance(check, Silent) or state not in check.states:
                self._end_silence(rule_id, time_ms)
                changed = True
        for rule in watched.values():
            holds = isinstance(rule.check, Silent) and state in rule.check.states
            if holds and rule.id not in self.silent:
                raised_ms = time_ms + rule.on_delay_ms
                self.silent[rule.id] = e.Episode(rule.id, time_ms, raised_ms, e.FOREVER, None, None)
                self.pass_time(time_ms)
                changed = True
        return changed

    def _end_silence(self, rule_id: str, time_ms: int) -> None:
        one = self.silent.pop(rule_id)
        hides = tuple(hide._replace(until_ms=min(hide.until_ms, time_ms)) for hide in one.hides)
        if one.raised_ms > time_ms:
            self.state.dips = (*self.state.dips, (rule_id, one.since_ms, time_ms))
        else:
            self.silences = (*self.silences, one._replace(cleared_ms=time_ms, hides=hides))

    def pass_time(self, now_ms: int) -> bool:
        """Raise silences whose delay is over, show those whose reason to be hidden is.

        True where one changed. A silent device sends nothing that would prove that time passed.
        """
        self._passed_ms = max(self._passed_ms, now_ms)
        changed = False
        watched = {rule.id: rule for rule in self._choose(now_ms).silent}
        for rule_id, one in self.silent.items():
            rule = watched.get(rule_id)
            if rule is None or one.raised_ms > now_ms:
                continue
            hidden = self.setting.hider.hidden(self.state, rule, one.raised_ms)
            hides: tuple[e.Hide, ...] = ()
            if hidden is not None:
                until_ms = hidden[0] if hidden[0] <= now_ms else e.FOREVER
                hides = (e.Hide(one.raised_ms, until_ms, hidden[1]),)
            changed = changed or hides != one.hides or one.raised_ms > self._told_silence_ms
            self.silent[rule_id] = one._replace(hides=hides)
        self._told_silence_ms = self._passed_ms
        return changed

    @property
    def waits(self) -> bool:
        """Whether time alone may change a silence."""
        return any(
            one.raised_ms > self._passed_ms or (one.hides and one.hides[-1].until_ms == e.FOREVER)
            for one in self.silent.values()
        )

    # ------------------------------------------------------------------ what is told

    def episodes(self) -> list[e.Episode]:
        """Alarms within the horizon, and those that stand."""
        silent = [one for one in self.silent.values() if one.raised_ms <= self._passed_ms]
        return [*self._final, *self.state.episodes(), *self.silences, *silent]

    def troubles(self, rules: Collection[str]) -> Iterable[tuple[str, int, int]]:
        """Rule, begin and end of what these rules found, whether or not it lasted long enough."""
        for rule, live in self.state.live.items():
            if rule in rules:
                yield rule, live.since_ms, e.FOREVER
        for one in (*self._final, *self.state.closed, *self.silences, *self.silent.values()):
            if one.rule in rules:
                yield one.rule, one.since_ms, one.cleared_ms
        dips = (*self._final_dips, *self.state.dips)
        yield from (dip for dip in dips if dip[0] in rules)

    def tell(self, asset: str, hides: Mapping[str, Sequence[e.Hide]]) -> list[Signal]:
        """What changed since the last call; `hides` are further ones, by rule."""
        true: dict[str, list[e.Story]] = {}
        for one in sorted(self.episodes(), key=lambda one: one.raised_ms):
            tale = e.story(asset, one, hides.get(one.rule, ()))
            true.setdefault(one.rule, []).append(tale)
        said: list[Signal] = []
        for rule in sorted({*self.told, *true}):
            if self.told.get(rule) != true.get(rule):
                said += e.corrections(self.told.get(rule, ()), true.get(rule, ()))
        self.told = true
        self._forget_told(self._final)
        self._final, self._final_dips = (), ()
        return said

    # ------------------------------------------------------------------ keeping

    def dump(self) -> bytes:
        """What it takes to go on after a restart."""
        tales = [tale for tales in self.told.values() for tale in tales[-1:] if _stands(tale)]
        return s.dump(
            self.state,
            list(self.setting.book.index(self.setting.kind.name, self.setting.blocks)),
            [[tuple(signal) for signal in tale] for tale in tales],
            [e.plain(one) for one in self.silent.values()],
            self._silent_ms,
            self._passed_ms,
            self.late,
        )

    def restore(self, content: bytes) -> None:
        """Go on where `dump` left off. Raises ValueError and its kin where that can't be read."""
        state, (names, tales, silent, silent_ms, passed_ms, late) = s.load(content)
        index = self.setting.book.index(self.setting.kind.name, self.setting.blocks)
        if names != list(index):  # the rules look at other fields now
            state.values, state.ages = (), None
        self.state, self._snapshots = state, [state.copy()]
        self._silent_ms, self.late = silent_ms, late
        self._passed_ms = self._told_silence_ms = passed_ms
        for said in tales:
            tale = tuple(Signal(a, b, Change(c), *rest) for a, b, c, *rest in said)
            self.told[tale[0].rule] = [tale]
        for said in silent:
            one = e.read_episode(said)
            self.silent[one.rule] = one


def _larger(one: float, two: float) -> float:
    """What counts of two values for the same time; NaN is none."""
    if one != one:  # noqa: PLR0124 - NaN
        return two
    return one if two != two else max(one, two)  # noqa: PLR0124 - NaN


def _is_of(tale: e.Story, one: e.Episode) -> bool:
    return any(signal.change is Change.RAISED and signal.at_ms == one.raised_ms for signal in tale)


def _returned_ms(tale: e.Story) -> int:
    times = [signal.at_ms for signal in tale if signal.change is Change.CLEARED]
    return times[0] if times else e.FOREVER


def _stands(tale: e.Story) -> bool:
    return _returned_ms(tale) == e.FOREVER
