"""Makes rules of the tables of a file, checking them against the telemetry table."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ingest.alarms.rules import rule as r
from ingest.alarms.rules.scope import Season
from ingest.alarms.rules.tables import (
    CHECKS,
    BalanceTable,
    EqualsTable,
    FloodTable,
    LimitTable,
    RateTable,
    RuleTable,
    ShareTable,
    SilentTable,
    SpreadTable,
    StuckTable,
    season_days,
)
from park.telemetry import KINDS, Behaviour, Field, FieldType, Kind, Text

_SUFFIXES = {
    "Cel": "c",
    "%": "pct",
    "[ppm]": "ppm",
    "kPa": "kpa",
    "m3/h": "m3h",
    "mS/cm": "ms_cm",
    "dS/m": "ds_m",
    "[pH]": "ph",
    "L/h": "l_h",
    "kg/h": "kg_h",
    "m/s": "ms",
    "W/m2": "wm2",
    "{cup}/s": "cups_s",
    "kW.h": "kwh",
    "umol/(m2.s)": "umol",
}
"""How the names of keys say a unit."""
NOMINAL_FIELDS: Mapping[tuple[str, str], str] = {
    ("irrigation_block", "flow_m3h"): "nominal_flow_m3h",
    ("sorting_line", "throughput_kg_h"): "capacity_kg_h",
}
"""Where the definition of the park says what an asset is made for."""


class Wrong(ValueError):  # noqa: N818 - never leaves this package: `file` says it with the path
    """Something in a rule can't be meant; `key` is where."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(problem)
        self.key = key
        self.problem = problem


def compile_rule(table: RuleTable) -> r.Rule:
    """The rule that a table says. Raises Wrong."""
    kind = KINDS.get(table.kind)
    if kind is None:
        raise Wrong("kind", f"no kind {table.kind!r}; there are {', '.join(KINDS)}")
    check = _check(kind, table)
    if isinstance(check, r.Stuck) and not table.on_delay_s:
        raise Wrong("on_delay_s", "a stuck sensor needs to stand still for a time: give one")
    return r.Rule(
        id=table.id,
        kind=table.kind,
        title=Text(table.title.en, table.title.zh),
        advice=Text(table.advice.en, table.advice.zh),
        priority=table.priority,
        check=check,
        on_delay_ms=round(table.on_delay_s * 1000),
        off_delay_ms=round(table.off_delay_s * 1000),
        guards=tuple(
            _guard(kind, f"when[{number}]", guard.model_dump())
            for number, guard in enumerate(table.when)
        ),
        hide_in=tuple(table.hide_in),
        season=make_season(table.season),
        enabled=table.enabled,
    )


def make_season(text: str | None) -> Season | None:
    """The season of a text that was checked."""
    return None if text is None else Season(*season_days(text))


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Two tables as one; `above` wins, key by key, and its check takes the place of another."""
    says = dict(below)
    if any(check in above for check in CHECKS):
        for check in CHECKS:
            if check not in above:
                says.pop(check, None)
    for key, value in above.items():
        known = says.get(key)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            says[key] = {**known, **value}
        else:
            says[key] = value
    return says


def _check(kind: Kind, table: RuleTable) -> r.Check:
    for name, make in _MAKERS.items():
        said = getattr(table, name)
        if said is not None:
            return make(kind, said)
    raise AssertionError("a table has exactly one check")


def _equals(kind: Kind, table: EqualsTable) -> r.Equals:
    return r.Equals(
        _field(kind, "equals.field", table.field).name,
        _codes(kind, "equals.one_of", table.field, table.one_of),
        _codes(kind, "equals.after", table.field, table.after),
    )


def _stuck(kind: Kind, table: StuckTable) -> r.Stuck:
    return r.Stuck(_number(kind, "stuck.field", table.field).name)


def _balance(kind: Kind, table: BalanceTable) -> r.Balance:
    if kind.name != "pump_head":
        raise Wrong("kind", "a balance is that of a pump_head and its blocks")
    return r.Balance(table.above_m3h, table.above_pct)


def _silent(_kind: Kind, table: SilentTable) -> r.Silent:
    return r.Silent(tuple(table.states))


def _flood(kind: Kind, table: FloodTable) -> r.Flood:
    if not kind.in_centre:
        raise Wrong("kind", f"a {kind.name} belongs to no centre")
    return r.Flood(
        tuple(table.causes),
        tuple(table.explains),
        table.share_pct,
        round(table.within_s * 1000),
        table.least_rooms,
    )


def _limit(kind: Kind, table: LimitTable) -> r.Limit:
    field = _number(kind, "limit.field", table.field)
    suffix = gap = _suffix(field.unit)
    if field.unit == "Cel":
        gap = "k"
    if table.of == r.NOMINAL:
        if (kind.name, field.name) not in NOMINAL_FIELDS:
            raise Wrong("limit.of", f"no {kind.name} has a nominal {field.name}")
        suffix = gap = "pct"
    elif table.of:
        other = _number(kind, "limit.of", table.of)
        if other.unit != field.unit:
            raise Wrong("limit.of", f"{other.name} is in {other.unit}, {field.name} isn't")
        suffix = gap
    names = (f"above_{suffix}", f"below_{suffix}", f"deadband_{gap}")
    numbers = _numbers("limit", table.__pydantic_extra__, names)
    above, below, deadband = (numbers.get(name) for name in names)
    if above is None and below is None:
        raise Wrong("limit", f"give {names[0]} or {names[1]} or both")
    if above is not None and below is not None and above <= below:
        raise Wrong(f"limit.{names[0]}", f"must be larger than {names[1]}")
    if deadband is not None and deadband < 0:
        raise Wrong(f"limit.{names[2]}", "can't be negative")
    return r.Limit(field.name, above, below, deadband or 0.0, table.of)


def _rate(kind: Kind, table: RateTable) -> r.Rate:
    field = _number(kind, "rate.field", table.field)
    gap = "k" if field.unit == "Cel" else _suffix(field.unit)
    numbers = _numbers("rate", table.__pydantic_extra__, (f"rise_{gap}", f"fall_{gap}"))
    if not numbers or min(numbers.values()) <= 0:
        raise Wrong("rate", f"give rise_{gap} or fall_{gap} or both, above 0")
    return r.Rate(
        field.name,
        numbers.get(f"rise_{gap}"),
        numbers.get(f"fall_{gap}"),
        round(table.window_s * 1000),
    )


def _spread(kind: Kind, table: SpreadTable) -> r.Spread:
    fields = [
        _number(kind, f"spread.fields[{number}]", name) for number, name in enumerate(table.fields)
    ]
    if len({field.name for field in fields}) != len(fields):
        raise Wrong("spread.fields", "names a field twice")
    if len({field.unit for field in fields}) > 1:
        raise Wrong("spread.fields", "must have the same unit")
    gap = "k" if fields[0].unit == "Cel" else _suffix(fields[0].unit)
    names = (f"above_{gap}", f"deadband_{gap}")
    numbers = _numbers("spread", table.__pydantic_extra__, names)
    if numbers.get(names[0], 0) <= 0:
        raise Wrong(f"spread.{names[0]}", "must be given, above 0")
    deadband = numbers.get(names[1], 0.0)
    if deadband < 0:
        raise Wrong(f"spread.{names[1]}", "can't be negative")
    return r.Spread(tuple(table.fields), numbers[names[0]], deadband)


def _share(kind: Kind, table: ShareTable) -> r.Share:
    whole = _number(kind, "share.whole", table.whole)
    part = _number(kind, "share.part", table.part)
    for key, field in (("whole", whole), ("part", part)):
        if field.behaviour is not Behaviour.COUNTER:
            raise Wrong(f"share.{key}", f"{field.name} is no counter")
    name = f"least_{_suffix(whole.unit)}"
    least = _numbers("share", table.__pydantic_extra__, (name,)).get(name, 0.0)
    if least <= 0:
        raise Wrong(f"share.{name}", "must be given, above 0")
    window_ms = round(table.window_s * 1000)
    return r.Share(part.name, whole.name, table.above_pct, window_ms, least)


_MAKERS: Mapping[str, Callable[[Kind, Any], r.Check]] = {
    "limit": _limit,
    "equals": _equals,
    "rate": _rate,
    "stuck": _stuck,
    "spread": _spread,
    "share": _share,
    "balance": _balance,
    "silent": _silent,
    "flood": _flood,
}


def _guard(kind: Kind, key: str, table: Mapping[str, Any]) -> r.Guard:
    name = table["field"]
    if table["one_of"]:
        return r.Guard(name, _codes(kind, f"{key}.one_of", name, table["one_of"]))
    _number(kind, f"{key}.field", name)
    above_pct, below_pct = table["above_pct"], table["below_pct"]
    if above_pct is None and below_pct is None:
        return r.Guard(name, (), table["above"], table["below"])
    if (kind.name, name) not in NOMINAL_FIELDS:
        raise Wrong(key, f"no {kind.name} has a nominal {name}")
    return r.Guard(name, (), above_pct, below_pct, is_nominal=True)


def _numbers(key: str, given: Mapping[str, float], names: tuple[str, ...]) -> dict[str, float]:
    for name in given:
        if name not in names:
            raise Wrong(f"{key}.{name}", f"isn't known here; there are {', '.join(names)}")
    return dict(given)


def _suffix(unit: str) -> str:
    return _SUFFIXES.get(unit) or unit.strip("{}[]").lower()


def _field(kind: Kind, key: str, name: str) -> Field:
    field = kind.fields.get(name)
    if field is None:
        known = ", ".join(kind.fields)
        raise Wrong(key, f"a {kind.name} has no field {name!r}; it has {known}")
    return field


def _number(kind: Kind, key: str, name: str) -> Field:
    field = _field(kind, key, name)
    if field.type not in {FieldType.FLOAT, FieldType.INTEGER}:
        raise Wrong(key, f"{name} is no number")
    return field


def _codes(kind: Kind, key: str, name: str, values: Iterable[bool | str]) -> tuple[float, ...]:
    """Values of a switch or of a state, as conditions see them."""
    field = _field(kind, key, name)
    codes = []
    for value in values:
        if field.type is FieldType.BOOLEAN and isinstance(value, bool):
            codes.append(float(value))
        elif field.type is FieldType.STATE and value in field.states:
            codes.append(float(field.states.index(str(value))))
        else:
            known = ", ".join(field.states) or "true and false"
            if field.type not in {FieldType.BOOLEAN, FieldType.STATE}:
                known = "none: it is neither a switch nor a state"
            raise Wrong(key, f"{value!r} is no value of {name}; there are {known}")
    return tuple(codes)
