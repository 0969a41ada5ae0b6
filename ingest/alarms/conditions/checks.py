"""Makes of each rule a judge over an asset's values, and an expression that is true beforehand.

A judge says whether the condition holds. The expression is what the quick look is made of: it is
true whenever the judge could say yes of an asset on which nothing stands.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ingest.alarms.conditions.state import Sample, State
from ingest.alarms.rules import rule as r
from park.telemetry import KINDS

STEPS_A_WINDOW = 4
"""So often within its window a rate or share is looked at."""
BLOCK_FLOW = "block_flow_{}"
"""What a pump head's program calls the flows of its blocks."""
_BLOCKS_KNOWN_MS = 3_000 * KINDS["irrigation_block"].slowest_cadence_s
"""So long a block's word counts at its pump head, and so long none counts as having no meter."""


class Verdict(NamedTuple):
    """What a judge says."""

    holds: bool
    value: float | None
    limit: float | None
    is_new: bool = True
    """False where it may go on but not begin."""
    since_ms: int | None = None
    """Where the condition began earlier than with this reading."""


class Look(NamedTuple):
    """What a judge sees: an asset before this reading, and its values with it."""

    time_ms: int
    values: tuple[float, ...]
    ages: tuple[int, ...]
    before: State
    nominal: float
    gap_ms: int
    """The longest gap within which something holds on."""
    samples: tuple[Sample, ...] = ()
    """Of a rate or share: its window, the newest last."""


Judge = Callable[[Look, bool], Verdict | None]
"""The look, and whether the alarm stands; None where nothing can be said."""


@dataclass(frozen=True, slots=True)
class Watch:
    """A rule over the fields of a program."""

    rule: r.Rule
    judge: Judge
    expression: str
    any_of: int
    """Bits of the fields of which a reading has to hold one."""
    all_of: int
    """Bits of the fields that have to be known."""
    step_ms: int = 0
    """It is looked at once in each such stretch of time; 0: with each reading."""
    sample: tuple[int, ...] = field(default=())
    """The fields that it keeps samples of."""
    places: tuple[int, ...] = field(default=())
    """The fields that have to be known, of a rate or share."""


def make_watch(rule: r.Rule, index: Mapping[str, int], blocks: int) -> Watch:
    """The watch for a rule. `index` says where each field stands, `blocks` how many there are."""
    names = [*rule.fields, *(guard.field for guard in rule.guards)]
    of = getattr(rule.check, "of", "")
    if of and of != r.NOMINAL:
        names.append(of)
    known = bits(index[name] for name in names)
    guard, guarded = _guards(rule, index)
    match rule.check:
        case r.Limit() as check:
            judge, expression = _limit(check, index)
        case r.Equals() as check:
            judge, expression = _equals(check, index)
        case r.Stuck() as check:
            judge, expression = _stuck(index[check.field])
        case r.Spread() as check:
            places = [index[name] for name in check.fields]
            judge, expression = _spread(check, places)
            some = known
            known &= ~bits(places)
            return Watch(rule, guard(judge), f"{guarded}({expression})", some, known)
        case r.Balance() as check:
            judge, expression = _balance(check, index, blocks)
            some = known | bits(range(len(index) - blocks, len(index)))
            return Watch(rule, guard(judge), f"{guarded}({expression})", some, known)
        case r.Rate() | r.Share() as windowed:
            judge = _rate(windowed) if isinstance(windowed, r.Rate) else _share(windowed)
            step_ms = max(1, windowed.window_ms // STEPS_A_WINDOW)
            sample = tuple(index[name] for name in rule.fields)
            places_known = tuple(place for place in index.values() if known >> place & 1)
            return Watch(rule, guard(judge), "False", known, known, step_ms, sample, places_known)
        case _:
            raise AssertionError(f"{rule.id} looks at no readings")
    return Watch(rule, guard(judge), f"{guarded}({expression})", known, known)


def bits(places: Iterable[int]) -> int:
    """A number with these bits set."""
    number = 0
    for place in places:
        number |= 1 << place
    return number


def _guards(rule: r.Rule, index: Mapping[str, int]) -> tuple[Callable[[Judge], Judge], str]:
    """What lets a judge speak only while the guards hold, and the same as an expression."""
    guards = [(index[guard.field], guard) for guard in rule.guards]
    expression = "".join(f"{_guard_text(place, guard)} and " for place, guard in guards)

    def wrap(judge: Judge) -> Judge:
        if not guards:
            return judge

        def guarded(look: Look, stands: bool) -> Verdict | None:  # noqa: FBT001 - a judge's form
            for place, guard in guards:
                if not _allows(guard, look.values[place], look.nominal):
                    return Verdict(holds=False, value=None, limit=None)
            return judge(look, stands)

        return guarded

    return wrap, expression


def _allows(guard: r.Guard, value: float, nominal: float) -> bool:
    if guard.one_of:
        return value in guard.one_of
    factor = nominal / 100 if guard.is_nominal else 1.0
    if guard.above is not None:
        return value > guard.above * factor
    return guard.below is not None and value < guard.below * factor


def _guard_text(place: int, guard: r.Guard) -> str:
    if guard.one_of:
        return "(" + " or ".join(f"v{place} == {code!r}" for code in guard.one_of) + ")"
    factor = " * n / 100" if guard.is_nominal else ""
    if guard.above is not None:
        return f"v{place} > {guard.above!r}{factor}"
    return f"v{place} < {guard.below!r}{factor}"


def _limit(check: r.Limit, index: Mapping[str, int]) -> tuple[Judge, str]:
    place = index[check.field]
    other = index[check.of] if check.of and check.of != r.NOMINAL else None
    is_nominal = check.of == r.NOMINAL
    above, below, deadband = check.above, check.below, check.deadband

    def judge(look: Look, stands: bool) -> Verdict | None:  # noqa: FBT001 - a judge's form
        value = look.values[place]
        base = 0.0 if other is None else look.values[other]
        factor = look.nominal / 100 if is_nominal else 1.0
        back = deadband * factor if stands else 0.0
        nearest = None
        if above is not None:
            nearest = base + above * factor
            if value > nearest - back:
                return Verdict(True, value, nearest)  # noqa: FBT003 - a tuple's first element
        if below is not None:
            limit = base + below * factor
            if value < limit + back:
                return Verdict(True, value, limit)  # noqa: FBT003 - the same
            nearest = limit if nearest is None else nearest
        return Verdict(False, value, nearest)  # noqa: FBT003 - the same

    base_text = "" if other is None else f"v{other} + "
    factor_text = " * n / 100" if is_nominal else ""
    parts = []
    if above is not None:
        parts.append(f"v{place} > {base_text}{above!r}{factor_text}")
    if below is not None:
        parts.append(f"v{place} < {base_text}{below!r}{factor_text}")
    return judge, " or ".join(parts)


def _equals(check: r.Equals, index: Mapping[str, int]) -> tuple[Judge, str]:
    place, one_of, after = index[check.field], check.one_of, check.after

    def judge(look: Look, _stands: bool) -> Verdict | None:  # noqa: FBT001 - a judge's form
        value = look.values[place]
        is_new = True
        if after:
            before = look.before
            known = before.values[place] if before.values else float("nan")
            is_new = known in after and look.time_ms - before.measured_ms(place) <= look.gap_ms
        return Verdict(value in one_of, value, None, is_new)

    return judge, " or ".join(f"v{place} == {code!r}" for code in one_of)


def _stuck(place: int) -> tuple[Judge, str]:
    def judge(look: Look, _stands: bool) -> Verdict | None:  # noqa: FBT001 - a judge's form
        value, before = look.values[place], look.before
        if not before.values or value != before.values[place]:
            return Verdict(False, value, None)  # noqa: FBT003 - a tuple's first element
        since_ms = before.measured_ms(place)
        is_near = look.time_ms - since_ms <= look.gap_ms
        return Verdict(True, value, None, True, since_ms if is_near else None)  # noqa: FBT003 - the same

    return judge, f"v{place} == p[{place}]"


def _spread(check: r.Spread, places: list[int]) -> tuple[Judge, str]:
    def judge(look: Look, stands: bool) -> Verdict | None:  # noqa: FBT001 - a judge's form
        known = [look.values[place] for place in places if look.values[place] == look.values[place]]
        if len(known) < 2:  # noqa: PLR2004 - one alone can't disagree
            return None
        apart = max(known) - min(known)
        limit = check.above - check.deadband if stands else check.above
        return Verdict(apart > limit, apart, check.above)

    pairs = [(one, two) for one in places for two in places if one != two]
    return judge, " or ".join(f"v{one} - v{two} > {check.above!r}" for one, two in pairs)


def _balance(check: r.Balance, index: Mapping[str, int], blocks: int) -> tuple[Judge, str]:
    flow = index["flow_m3h"]
    meters = [index[BLOCK_FLOW.format(number)] for number in range(blocks)]

    def judge(look: Look, _stands: bool) -> Verdict | None:  # noqa: FBT001 - a judge's form
        taken, heard = 0.0, False
        for meter in meters:
            value = look.values[meter]
            if value != value:  # noqa: PLR0124 - a block that never reported has no meter
                continue
            if look.time_ms - look.ages[meter] > _BLOCKS_KNOWN_MS:
                return None
            taken, heard = taken + value, True
        if not heard or look.time_ms - look.before.first_ms < _BLOCKS_KNOWN_MS:
            return None
        given = look.values[flow]
        limit = taken + max(check.above_m3h, check.above_pct / 100 * given)
        return Verdict(given > limit, given, limit)

    taken = " + ".join(f"(v{meter} == v{meter} and v{meter})" for meter in meters) or "0.0"
    return judge, f"v{flow} - ({taken}) > {check.above_m3h!r}"


def _rate(check: r.Rate) -> Judge:
    rise, fall = check.rise, check.fall

    def judge(look: Look, _stands: bool) -> Verdict | None:  # noqa: FBT001 - a judge's form
        values = [value for _, value, _ in look.samples]
        up, down = values[-1] - min(values), max(values) - values[-1]
        if rise is not None and up > rise:
            return Verdict(True, up, rise)  # noqa: FBT003 - a tuple's first element
        if fall is not None and down > fall:
            return Verdict(True, down, fall)  # noqa: FBT003 - the same
        return Verdict(False, up, rise)  # noqa: FBT003 - the same

    return judge


def _share(check: r.Share) -> Judge:
    def judge(look: Look, _stands: bool) -> Verdict | None:  # noqa: FBT001 - a judge's form
        _, part, whole = look.samples[0]
        _, last_part, last_whole = look.samples[-1]
        grown = last_whole - whole
        if grown < check.least:
            return Verdict(False, None, check.above_pct)  # noqa: FBT003 - a tuple's first element
        pct = (last_part - part) / grown * 100
        return Verdict(pct > check.above_pct, pct, check.above_pct)

    return judge
