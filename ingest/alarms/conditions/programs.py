"""Finds the program of each asset: its kind's rules as overrides make them there and then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingest.alarms.conditions.modes import DAY_MS
from ingest.alarms.conditions.program import Program, field_index
from ingest.alarms.rules import rule as r
from ingest.alarms.rules.compiling import NOMINAL_FIELDS
from ingest.alarms.rules.file import variant
from ingest.alarms.rules.scope import Override, Spot

_ALWAYS = 1 << 60


@dataclass(frozen=True, slots=True)
class Chosen:
    """What watches an asset for a time."""

    program: Program
    silent: Sequence[r.Rule]
    """Rules that look at whether the device is heard of."""
    from_ms: int = -_ALWAYS
    until_ms: int = _ALWAYS


class ProgramBook:
    """Programs, each made once for all assets that are alike."""

    def __init__(self, rules: r.RuleSet, offset_ms: int) -> None:
        self._rules = rules
        self._offset_ms = offset_ms
        self._variants: dict[tuple[str, tuple[int, ...]], r.Rule] = {}
        self._chosen: dict[object, tuple[Program, Sequence[r.Rule]]] = {}
        self._indices: dict[tuple[str, int], Mapping[str, int]] = {}
        self._of_spot: dict[tuple[str, str], tuple[int, ...]] = {}

    def index(self, kind: str, blocks: int) -> Mapping[str, int]:
        """Where the fields of a kind stand, whatever overrides say."""
        key = (kind, blocks)
        if key not in self._indices:
            rules = [*self._rules.of_kind(kind)]
            for number, override in enumerate(self._rules.overrides):
                if self._rules.rule(override.rule).kind == kind:
                    rules.append(self._variant(override.rule, (number,)))
            self._indices[key] = field_index(kind, rules, blocks)
        return self._indices[key]

    def choose(
        self, spot: Spot, kind: str, at_ms: int, *, has_nominal: bool, blocks: int = 0
    ) -> Chosen:
        """What watches an asset at a time."""
        here = self._overrides_at(spot, kind)
        overrides = self._rules.overrides
        if all(overrides[number].season is None for number in here):
            return Chosen(*self._program(kind, here, has_nominal=has_nominal, blocks=blocks))
        day = (at_ms + self._offset_ms) // DAY_MS
        now = tuple(number for number in here if _is_now(overrides[number], day))
        made = self._program(kind, now, has_nominal=has_nominal, blocks=blocks)
        begins_ms = day * DAY_MS - self._offset_ms
        return Chosen(*made, begins_ms, begins_ms + DAY_MS)

    def _overrides_at(self, spot: Spot, kind: str) -> tuple[int, ...]:
        key = (spot.asset, kind)
        if key not in self._of_spot:
            self._of_spot[key] = tuple(
                number
                for number, override in enumerate(self._rules.overrides)
                if self._rules.rule(override.rule).kind == kind and override.place.holds(spot)
            )
        return self._of_spot[key]

    def _program(
        self, kind: str, numbers: tuple[int, ...], *, has_nominal: bool, blocks: int
    ) -> tuple[Program, Sequence[r.Rule]]:
        key = (kind, numbers, has_nominal, blocks)
        if key not in self._chosen:
            rules = [
                rule
                for rule in self._varied(kind, numbers)
                if rule.enabled and (has_nominal or not _needs_nominal(rule))
            ]
            watched = [
                rule for rule in rules if not isinstance(rule.check, r.Silent | r.Flood | r.Balance)
            ]
            if blocks:
                watched += [rule for rule in rules if isinstance(rule.check, r.Balance)]
            silent = [rule for rule in rules if isinstance(rule.check, r.Silent)]
            program = Program(kind, watched, self.index(kind, blocks), blocks)
            self._chosen[key] = (program, silent)
        return self._chosen[key]

    def _varied(self, kind: str, numbers: tuple[int, ...]) -> Sequence[r.Rule]:
        overrides = self._rules.overrides
        return [
            self._variant(rule.id, tuple(n for n in numbers if overrides[n].rule == rule.id))
            for rule in self._rules.of_kind(kind)
        ]

    def _variant(self, rule_id: str, numbers: tuple[int, ...]) -> r.Rule:
        if not numbers:
            return self._rules.rule(rule_id)
        key = (rule_id, numbers)
        if key not in self._variants:
            overrides = [self._rules.overrides[number] for number in numbers]
            self._variants[key] = variant(self._rules, self._rules.rule(rule_id), overrides)
        return self._variants[key]


def _is_now(override: Override, day: int) -> bool:
    return override.season is None or override.season.holds(day)


def _needs_nominal(rule: r.Rule) -> bool:
    return getattr(rule.check, "of", "") == r.NOMINAL or any(g.is_nominal for g in rule.guards)


def nominal_of(asset: object, kind: str) -> float:
    """What an asset is made for; NaN where the park doesn't say."""
    for (of_kind, _), attribute in NOMINAL_FIELDS.items():
        if of_kind == kind:
            return float(getattr(asset, attribute, "nan"))
    return float("nan")
