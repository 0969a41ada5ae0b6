"""What stands in a file of rules, checked at the border.

A limit's key ends with the unit it is in: the field's own, `k` for a difference of temperatures,
`pct` for a share of the nominal. A key in another unit is refused.
"""

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    StrictBool,
    StrictStr,
    model_validator,
)

from ingest.alarms.model import Priority

CHECKS = (
    "limit",
    "equals",
    "rate",
    "stuck",
    "spread",
    "share",
    "balance",
    "silent",
    "flood",
)
_SEASON = re.compile(r"(\d{2})-(\d{2})\.\.(\d{2})-(\d{2})", re.ASCII)
_LEAP_YEAR = 2024

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Ids = Annotated[list[Annotated[str, Field(min_length=1, max_length=128)]], Field(min_length=1)]
Words = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
LONGEST_DELAY_S = 7 * 86_400
Seconds = Annotated[NonNegativeFloat, Field(le=LONGEST_DELAY_S)]
Window = Annotated[PositiveFloat, Field(ge=10, le=LONGEST_DELAY_S)]


def season_days(text: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """First and last day of a span such as `11-01..03-31`. Raises ValueError."""
    match = _SEASON.fullmatch(text)
    if match is None:
        raise ValueError("must be a span of days, such as 11-01..03-31")
    numbers = [int(group) for group in match.groups()]
    first, last = (date(_LEAP_YEAR, *numbers[:2]), date(_LEAP_YEAR, *numbers[2:]))
    return (first.month, first.day), (last.month, last.day)


def _check_season(text: str) -> str:
    season_days(text)
    return text


SeasonText = Annotated[str, AfterValidator(_check_season)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _OpenTable(BaseModel):
    """Further keys are numbers whose names end with their unit; they are checked later."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Annotated[float, Field(strict=True, allow_inf_nan=False)]]


class TextTable(_Table):
    """A wording in both languages."""

    en: Annotated[str, Field(min_length=1, max_length=300)]
    zh: Annotated[str, Field(min_length=1, max_length=300)]


class LimitTable(_OpenTable):
    """`above_...` or `below_...` or both, and `deadband_...`."""

    field: str
    of: str = ""


class EqualsTable(_Table):
    """A field that has one of these values: `true`, `false` or words."""

    field: str
    one_of: Annotated[list[StrictBool | StrictStr], Field(min_length=1)]
    after: list[StrictBool | StrictStr] = []


class RateTable(_OpenTable):
    """`rise_...` or `fall_...` within `window_s`."""

    field: str
    window_s: Window


class StuckTable(_Table):
    """A field that doesn't change at all for the on-delay."""

    field: str


class SpreadTable(_OpenTable):
    """`above_...` between the lowest and the highest of some fields, and `deadband_...`."""

    fields: Annotated[list[str], Field(min_length=2)]


class ShareTable(_OpenTable):
    """One counter's growth as a share of another's, which has to grow by `least_...`."""

    part: str
    whole: str
    above_pct: Annotated[PositiveFloat, Field(le=100)]
    window_s: Window


class BalanceTable(_Table):
    """What a pump head may give beyond what its blocks take."""

    above_m3h: PositiveFloat
    above_pct: NonNegativeFloat


class SilentTable(_Table):
    """States of a device that say it is silent."""

    states: Annotated[list[Literal["stale", "offline"]], Field(min_length=1)]


class FloodTable(_Table):
    """When many alarms of a centre have one cause."""

    causes: Words
    explains: list[str] = []
    share_pct: Annotated[PositiveFloat, Field(le=100)]
    within_s: Annotated[PositiveFloat, Field(le=3600)]
    least_rooms: PositiveInt


class WhenTable(_Table):
    """What must be true of another field; the field's own name says the unit."""

    field: str
    one_of: list[StrictBool | StrictStr] = []
    above: FiniteFloat | None = None
    below: FiniteFloat | None = None
    above_pct: FiniteFloat | None = None
    """Of the asset's nominal."""
    below_pct: FiniteFloat | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> "WhenTable":
        limits = (self.above, self.below, self.above_pct, self.below_pct)
        if bool(self.one_of) + sum(limit is not None for limit in limits) != 1:
            raise ValueError("give one of one_of, above, below, above_pct, below_pct")
        return self


class RuleTable(_Table):
    """A rule with exactly one check."""

    id: Id
    kind: str
    title: TextTable
    advice: TextTable
    priority: Priority
    enabled: StrictBool = True
    on_delay_s: Seconds = 0.0
    off_delay_s: Seconds = 0.0
    hide_in: list[Literal["defrost", "pull-down"]] = []
    season: SeasonText | None = None
    when: list[WhenTable] = []

    limit: LimitTable | None = None
    equals: EqualsTable | None = None
    rate: RateTable | None = None
    stuck: StuckTable | None = None
    spread: SpreadTable | None = None
    share: ShareTable | None = None
    balance: BalanceTable | None = None
    silent: SilentTable | None = None
    flood: FloodTable | None = None

    @model_validator(mode="after")
    def _one_check(self) -> "RuleTable":
        if sum(getattr(self, name) is not None for name in CHECKS) != 1:
            raise ValueError(f"give exactly one of {', '.join(CHECKS)}")
        return self


class ScopeTable(_Table):
    """Which assets are meant; what isn't given doesn't restrict."""

    crops: Ids | None = None
    assets: Ids | None = None
    centres: Ids | None = None
    group: str | None = None


class OverrideTable(ScopeTable):
    """What a rule says otherwise; the other keys are those of the rule."""

    rule: Id
    season: SeasonText | None = None
    says: Annotated[dict[str, Any], Field(min_length=1)]


class MaintenanceTable(ScopeTable):
    """Work on assets, with its time."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    begins: AwareDatetime = Field(alias="from")
    until: AwareDatetime
    reason: Annotated[str, Field(max_length=100)] = ""

    @model_validator(mode="after")
    def _in_order(self) -> "MaintenanceTable":
        if self.until <= self.begins:
            raise ValueError("until must be later than from")
        return self


class ModesTable(_Table):
    """When an asset is at something that hides alarms."""

    defrost_after_s: Seconds
    pull_down_door_s: Seconds
    pull_down_drop_k: PositiveFloat
    pull_down_silence_s: Seconds
    pull_down_done_k: PositiveFloat
    pull_down_settle_s: Seconds
    pull_down_stall_s: Window
    pull_down_longest_s: Seconds
    last_known_s: Annotated[NonNegativeInt, Field(le=86_400)]


class RulesFile(_Table):
    """A whole file."""

    modes: ModesTable
    groups: dict[str, list[str]] = {}
    rules: list[RuleTable] = []
    overrides: list[OverrideTable] = []
    maintenance: list[MaintenanceTable] = []
