"""What a rule says. Times are milliseconds, numbers are in the units of the telemetry table."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ingest.alarms.model import Priority
from ingest.alarms.rules.scope import Override, Place, Season
from park.telemetry import Text

NOMINAL = "nominal"
"""Stands for a field where a limit is a share of what the asset is made for."""
DEFROST, PULL_DOWN = "defrost", "pull-down"
"""What an asset may be at that hides alarms by design."""
OUT_OF_SEASON, MAINTENANCE = "out-of-season", "maintenance"


@dataclass(frozen=True, slots=True)
class Guard:
    """The condition counts only while this is true of another field."""

    field: str
    one_of: tuple[float, ...] = ()
    above: float | None = None
    below: float | None = None
    is_nominal: bool = False
    """Whether the limit is in percents of the asset's nominal."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A field above or below a limit."""

    field: str
    above: float | None = None
    below: float | None = None
    deadband: float = 0.0
    """So far back inside the limit before it counts as over."""
    of: str = ""
    """The field that the limits are added to; `nominal` where they are percents of that."""


@dataclass(frozen=True, slots=True)
class Equals:
    """A field that has one of these values."""

    field: str
    one_of: tuple[float, ...]
    after: tuple[float, ...] = ()
    """Only where it had one of these in the reading before."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A field that rises or falls by so much within a window."""

    field: str
    rise: float | None
    fall: float | None
    window_ms: int


@dataclass(frozen=True, slots=True)
class Stuck:
    """A field that doesn't change at all for the on-delay."""

    field: str


@dataclass(frozen=True, slots=True)
class Spread:
    """Probes that are further apart than they can be."""

    fields: tuple[str, ...]
    above: float
    deadband: float = 0.0


@dataclass(frozen=True, slots=True)
class Share:
    """How much of one counter's growth within a window another one's is."""

    part: str
    whole: str
    above_pct: float
    window_ms: int
    least: float
    """The whole has to grow by that before a share means something."""


@dataclass(frozen=True, slots=True)
class Balance:
    """A pump head that gives more water than its blocks take."""

    above_m3h: float
    above_pct: float


@dataclass(frozen=True, slots=True)
class Silent:
    """A device that fell silent or went."""

    states: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flood:
    """Most rooms of a centre have one of the causes within so short a time: one alarm."""

    causes: tuple[str, ...]
    explains: tuple[str, ...]
    share_pct: float
    within_ms: int
    least: int

    @property
    def hides(self) -> frozenset[str]:
        """The rules of rooms that are hidden while it stands."""
        return frozenset(self.causes + self.explains)


Check = Limit | Equals | Rate | Stuck | Spread | Share | Balance | Silent | Flood


@dataclass(frozen=True, slots=True)
class Rule:
    """Something that is watched on every asset of a kind."""

    id: str
    kind: str
    """Of telemetry; of a flood, the kind of the assets below the centre."""
    title: Text
    advice: Text
    """What to do about it."""
    priority: Priority
    check: Check
    on_delay_ms: int = 0
    off_delay_ms: int = 0
    guards: tuple[Guard, ...] = ()
    hide_in: tuple[str, ...] = ()
    """Of `DEFROST` and `PULL_DOWN`, in which it is hidden."""
    season: Season | None = None
    """It is hidden outside this span of the year."""
    enabled: bool = True

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of its kind that show it."""
        match self.check:
            case Spread(fields=fields):
                return fields
            case Share(part=part, whole=whole):
                return (part, whole)
            case Balance():
                return ("flow_m3h",)
            case Silent() | Flood():
                return ()
            case check:
                return (check.field,)


@dataclass(frozen=True, slots=True)
class Modes:
    """When an asset is at something that hides alarms."""

    defrost_after_ms: int
    """How long after a defrost it still counts as one."""
    door_ms: int
    """A door that is open for so long is there for loading."""
    drop_k: float
    """A set-point lowered by so much starts a pull-down."""
    silence_ms: int
    """Back after so long, or never seen before: a room that comes into use."""
    done_k: float
    """Air within that of the set-point ends a pull-down."""
    settle_ms: int
    """But not sooner after the door was shut."""
    stall_ms: int
    """Air that isn't colder than so long ago ends it too,"""
    longest_ms: int
    """and so does so long a time."""


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Work on assets, planned ahead; `until_ms` is no more of it."""

    place: Place
    from_ms: int
    until_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules by id, in the order of their files, with what overrides them."""

    rules: Mapping[str, Rule]
    modes: Modes
    overrides: Sequence[Override] = ()
    maintenance: Sequence[Maintenance] = ()
    last_known_ms: int = 3_600_000
    """So long a field counts that readings don't hold."""
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    """What the files say, by the rule's id, for `file` to apply overrides to."""

    @classmethod
    def shipped(cls) -> "RuleSet":
        """The rules that come with agripark."""
        from ingest.alarms.rules.file import load  # noqa: PLC0415 - it makes what this is

        return load()

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules.values())

    def __len__(self) -> int:
        return len(self.rules)

    def find(self, rule_id: str) -> Rule | None:
        """The rule of that id; None where there is none."""
        return self.rules.get(rule_id)

    def rule(self, rule_id: str) -> Rule:
        """The rule of that id. Raises KeyError."""
        return self.rules[rule_id]

    def of_kind(self, kind: str) -> Iterable[Rule]:
        """The rules of that kind of telemetry."""
        return [rule for rule in self if rule.kind == kind]
