"""All rules of an asset's kind as one program: its fields, its watches, and a quick look.

The quick look is a generated function. It takes a reading with all that is known of an asset on
which nothing stands, and says whether it changes nothing: then only its values are kept.
"""

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ingest.alarms.conditions.checks import BLOCK_FLOW, Watch, bits, make_watch
from ingest.alarms.rules import rule as r
from park.telemetry import KINDS, Field, FieldType

Value = float | int | bool | str
Quick = Callable[
    [Mapping[str, Value], int, tuple[float, ...], float, Callable[[bytes], None]],
    tuple[float, ...] | None,
]
"""Values by name, time, the values before, the nominal, and where records are put; the values by
place where nothing is wrong, else None."""

AIR_FIELDS = {"cold_room": "air_temp_c", "reefer": "return_temp_c"}
"""By which field a kind's pull-down is followed."""
_MOST_QUICK = 32
_NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Places:
    """Where the fields stand that say what an asset is at; -1 where it has no such field."""

    air: int
    setpoint: int
    door: int
    defrost: int


@dataclass(slots=True)
class Program:
    """The enabled rules of one kind, for assets that are alike."""

    kind: str
    rules: Sequence[r.Rule]
    index: Mapping[str, int]
    """Where each field stands: the same for all programs of a kind."""
    blocks: int = 0
    """How many irrigation blocks a pump head has."""
    watches: tuple[Watch, ...] = field(init=False)
    by_id: dict[str, r.Rule] = field(init=False)
    places: Places = field(init=False)
    record: struct.Struct = field(init=False)
    """A reading: its time and values."""
    windowed: tuple[Watch, ...] = field(init=False)
    """The rates and shares."""
    own: int = field(init=False)
    """How many fields are the kind's own; behind them are those of a pump head's blocks."""
    _nothing: list[float] = field(init=False)
    _quick: dict[tuple[str, ...], Quick | None] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._nothing = [_NAN] * len(self.index)
        self.own = len(self.index) - self.blocks
        self.watches = tuple(make_watch(rule, self.index, self.blocks) for rule in self.rules)
        self.by_id = {rule.id: rule for rule in self.rules}
        self.places = Places(
            self.index.get(AIR_FIELDS.get(self.kind, ""), -1),
            self.index.get("setpoint_c", -1),
            self.index.get("door_open", -1),
            self.index.get("defrost_on", -1),
        )
        self.record = struct.Struct(f"<q{len(self.index)}d")
        self.windowed = tuple(watch for watch in self.watches if watch.step_ms)

    def values(self, given: Mapping[str, Value]) -> tuple[float, ...]:
        """A reading's values by place; NaN for what it doesn't hold."""
        values, index = self._nothing.copy(), self.index
        for name, value in given.items():
            place = index.get(name)
            if place is not None:
                values[place] = self._code(name, value) if isinstance(value, str) else float(value)
        return tuple(values)

    def _code(self, name: str, word: str) -> float:
        field = KINDS[self.kind].fields.get(name)
        known = field is not None and word in field.states
        return float(field.states.index(word)) if known and field is not None else _NAN

    def quick(self, names: tuple[str, ...]) -> Quick | None:
        """The quick look at readings with these names in this order; None where there is none."""
        if names not in self._quick:
            if len(self._quick) >= _MOST_QUICK:
                return None
            self._quick[names] = self._make_quick(names)
        return self._quick[names]

    def _make_quick(self, names: Sequence[str]) -> Quick | None:
        known = {name for name in names if name in self.index}
        if not known or self.blocks:
            return None
        fields = KINDS[self.kind].fields
        scope: dict[str, object] = {"nan": _NAN, "pack": self.record.pack}
        lines = ["def quick(d, t, p, n, keep):"]
        for name, place in self.index.items():
            if name not in known:
                # A set-point that never comes is that of the definition.
                absent = f"p[{place}]" if place == self.places.setpoint else "nan"
                lines.append(f"    v{place} = {absent}")
            elif fields[name].type is FieldType.STATE:
                scope[f"w{place}"] = _codes(fields[name])
                lines.append(f"    v{place} = w{place}.get(d[{name!r}], nan)")
            else:
                lines.append(f"    v{place} = d[{name!r}]")
        present = bits(self.index[name] for name in known)
        tests = [f"({w.expression})" for w in self.watches if w.any_of & present and not w.step_ms]
        places = self.places
        tests += [f"v{place} > 0" for place in (places.door, places.defrost) if place >= 0]
        if places.air >= 0 and places.setpoint >= 0:
            tests.append(f"v{places.setpoint} < p[{places.setpoint}]")
        if tests:
            lines.append(f"    if {' or '.join(dict.fromkeys(tests))}: return None")
        values = ", ".join(f"v{place}" for place in self.index.values())
        lines.append(f"    keep(pack(t, {values}))")
        lines.append(f"    return ({values},)")
        # The text holds names of fields from our own table and numbers of checked rules only.
        exec("\n".join(lines), scope)  # noqa: S102 - as said
        made = scope["quick"]
        assert callable(made)  # noqa: S101 - just defined
        return made


def field_index(kind: str, rules: Iterable[r.Rule], blocks: int = 0) -> dict[str, int]:
    """Where each field stands that any of a kind's rules looks at."""
    used: set[str] = set()
    for rule in rules:
        used.update(rule.fields)
        used.update(guard.field for guard in rule.guards)
        used.add(getattr(rule.check, "of", ""))
        if rule.hide_in:
            used |= {AIR_FIELDS.get(kind, ""), "setpoint_c", "door_open", "defrost_on"}
    names = [name for name in KINDS[kind].fields if name in used]
    names += [BLOCK_FLOW.format(number) for number in range(blocks)]
    return {name: place for place, name in enumerate(names)}


def _codes(field: Field) -> dict[str, float]:
    return {word: float(code) for code, word in enumerate(field.states)}
