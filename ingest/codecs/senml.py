"""SenML packs (RFC 8428): sensor records that lean on the base fields before them.

How a record is resolved:

- Base name and name are joined; base time and time, base value and value, base sum and sum are
  added; the base unit stands where a record has none. A base field holds from its record on.
- A time under 2**28 seconds counts from now, so that no time at all means now.
- A record has one value or a sum, or is there for its base fields only.
- A label that isn't known is passed over, unless it ends in `_`: its sender asks us to refuse what
  we don't understand.
- All records have one version, and none that asks for features beyond secondary units (RFC 9100).

The last part of a resolved name (after `/` or `:`) is the field; the part before it is the asset,
unless the topic has named that. A unit that is given is converted to the field's; a sum is in its
unit times seconds, so that a sum of W is energy.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ingest.codecs.seconds import add, seconds_to_ms
from ingest.element import Element
from ingest.errors import MessageError
from ingest.validation import brief
from park.errors import UnitError
from park.telemetry import Behaviour, Field, FieldType, Kind
from park.units import UNITS, convert

_RELATIVE_BELOW_S = 2**28
_DEFAULT_VERSION = 10
_FEATURES = 0b11111
"""What may be set in a version: the four bits of RFC 8428, and secondary units."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-:./_]*", re.ASCII)
_SEPARATOR = re.compile(r"[/:]")

_BASE = ("bn", "bt", "bu", "bv", "bs", "bver")
_VALUES = ("v", "vs", "vb", "vd")
_TYPES: Mapping[str, tuple[tuple[type, ...], str]] = MappingProxyType(
    {
        **dict.fromkeys(("bn", "bu", "n", "u", "vs", "vd"), ((str,), "text")),
        **dict.fromkeys(("bt", "bv", "bs", "t", "v", "s", "ut"), ((int, float), "a number")),
        "bver": ((int,), "a whole number"),
        "vb": ((bool,), "true or false"),
    }
)
_UCUM: Mapping[str, str] = MappingProxyType(
    {
        "/": "1",
        "%RH": "%",
        "%EL": "%",
        "lat": "deg",
        "lon": "deg",
        "pH": "[pH]",
        "count": "{count}",
        "ppm": "[ppm]",
        "ppb": "[ppb]",
        "Wh": "W.h",
        "kWh": "kW.h",
        "MWh": "MW.h",
    }
)
"""SenML's names of units where UCUM has another."""
_INTEGRALS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "power": ("W", "J"),
        "volume flow": ("m3/s", "m3"),
        "mass flow": ("kg/s", "kg"),
        "speed": ("m/s", "m"),
        "frequency": ("1/s", "{count}"),
    }
)
"""For what measures a rate: its unit a second, and the unit of its sum over seconds."""


@dataclass(frozen=True, slots=True)
class Record:
    """One resolved record."""

    name: str
    unit: str | None
    time_ms: int
    value: float | bool | str | None
    """None where it has a sum only; data (`vd`) comes as its base64url text."""
    sum: float | None


def is_senml(value: object) -> bool:
    """Whether a decoded JSON (or CBOR) value looks like a pack, and not like our own JSON."""
    if not isinstance(value, list) or not value or not isinstance(value[0], dict):
        return False
    return "ts" not in value[0] and any(label in value[0] for label in _TYPES)


def resolve(value: Sequence[object], now_ms: int) -> list[Record]:
    """The resolved records of a pack, in the order of time.

    Raises MessageError `malformed-senml` or `time-invalid`.
    """
    base: dict[str, Any] = {}
    records: list[Record] = []
    for position, record in enumerate(value):
        try:
            resolved = _resolve(record, base, now_ms)
        except MessageError as error:
            raise MessageError(error.code, f"record {position + 1}: {error.detail}") from error
        if resolved is not None:
            records.append(resolved)
    if not records:
        raise _malformed("the pack has no record with a value")
    return sorted(records, key=lambda record: record.time_ms)


def elements(
    records: Iterable[Record],
    asset_of_topic: str | None,
    asset_kind: Callable[[str], Kind | None],
) -> list[Element]:
    """One reading for each asset and time. Raises MessageError for the first that can't be made."""
    readings, faults = read(records, asset_of_topic, asset_kind)
    if faults:
        raise faults[0]
    return readings


def read(
    records: Iterable[Record],
    asset_of_topic: str | None,
    asset_kind: Callable[[str], Kind | None],
) -> tuple[list[Element], list[MessageError]]:
    """One reading for each asset and time, and what is wrong with those that can't be made.

    Codes: `unknown-asset`, `wrong-unit`, `wrong-type`, `malformed-senml`.
    """
    groups: dict[tuple[str, int], _Group] = {}
    for record in records:
        asset, name = _split(record.name)
        asset = asset if asset_of_topic is None else asset_of_topic
        group = groups.setdefault((asset, record.time_ms), _Group(asset, record.time_ms))
        group.put(name, record, asset_kind(asset))
    readings = [group.element() for group in groups.values() if not group.problems]
    faults = [group.fault() for group in groups.values() if group.problems]
    return readings, faults


@dataclass(slots=True)
class _Group:
    """The fields of one asset at one time, as they gather."""

    asset: str
    time_ms: int
    values: dict[str, object] = field(default_factory=dict)
    problems: list[MessageError] = field(default_factory=list)

    def put(self, name: str, record: Record, kind: Kind | None) -> None:
        try:
            value = _field_value(name, record, self.asset, kind)
            if name in self.values and self.values[name] != value:
                raise _malformed(f"{name} has two values at one time")
            self.values[name] = value
        except MessageError as error:
            self.problems.append(error)

    def element(self) -> Element:
        return Element(self.asset, {"ts": self.time_ms, **self.values})

    def fault(self) -> MessageError:
        details = dict.fromkeys(problem.detail for problem in self.problems)
        return MessageError(self.problems[0].code, "; ".join(details))


def _malformed(detail: str) -> MessageError:
    return MessageError("malformed-senml", detail)


def _resolve(record: object, base: dict[str, Any], now_ms: int) -> Record | None:
    """The resolved record, None where it has base fields only; `base` is brought up to date."""
    if not isinstance(record, dict):
        raise _malformed("a record must be an object")
    _check_labels(record)
    version = base.get("bver", _DEFAULT_VERSION)
    if base and record.get("bver", version) != version:
        raise _malformed(f"bver is {record['bver']}, the pack's is {version}")
    base.update({label: record[label] for label in _BASE if label in record})
    base.setdefault("bver", version)
    if not any(label in record for label in _TYPES if label not in _BASE):
        return None
    return Record(
        name=_name(base.get("bn", "") + record.get("n", "")),
        unit=record.get("u", base.get("bu")) or None,
        time_ms=_time(base.get("bt", 0), record.get("t", 0), now_ms),
        value=_value(record, base),
        sum=_sum(record, base),
    )


def _check_labels(record: Mapping[Any, object]) -> None:
    for label, value in record.items():
        if label not in _TYPES:
            if isinstance(label, str) and label.endswith("_"):
                raise _malformed(f"{brief(label)} must be understood and is not known")
            continue
        types, wanted = _TYPES[label]
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise _malformed(f"{label} is {brief(value)}, must be {wanted}")
    version = record.get("bver", _DEFAULT_VERSION)
    if not isinstance(version, int) or version < 1 or version & ~_FEATURES:
        raise _malformed(f"bver {brief(version)} asks for what isn't understood here")


def _name(name: str) -> str:
    if not name:
        raise _malformed("it has neither name nor base name")
    if not _NAME.fullmatch(name):
        raise _malformed(
            f"the name {brief(name)} must be of letters, digits and - : . / _, "
            "and begin with a letter or digit"
        )
    return name


def _time(base_s: float, time_s: float, now_ms: int) -> int:
    time_ms = seconds_to_ms(base_s, time_s)
    return time_ms if time_ms >= _RELATIVE_BELOW_S * 1000 else now_ms + time_ms


def _value(record: Mapping[str, Any], base: Mapping[str, Any]) -> float | bool | str | None:
    found = [label for label in _VALUES if label in record]
    if len(found) > 1:
        raise _malformed(f"it has {' and '.join(found)}; one value is allowed")
    if not found:
        if "s" not in record:
            raise _malformed("it has neither a value (v, vs, vb, vd) nor a sum (s)")
        return None
    value: float | bool | str = record[found[0]]
    if found == ["v"] and "bv" in base:
        return add(base["bv"], record["v"])
    return value


def _sum(record: Mapping[str, Any], base: Mapping[str, Any]) -> float | None:
    if "s" in record and "bs" in base:
        return add(base["bs"], record["s"])
    found: float | None = record.get("s", base.get("bs"))
    return found


def _split(name: str) -> tuple[str, str]:
    """Asset and field of a resolved name; the asset is empty where it names none."""
    parts = _SEPARATOR.split(name)
    return (parts[-2] if len(parts) > 1 else ""), parts[-1]


def _field_value(name: str, record: Record, asset: str, kind: Kind | None) -> object:
    if kind is None:
        known = f"{asset!r} is nothing that sends telemetry" if asset else "it names no asset"
        raise MessageError("unknown-asset", f"name {brief(record.name)}: {known}")
    table = kind.fields.get(name)
    if record.value is None:
        return _total(name, record, table)
    if table is None or isinstance(record.value, str | bool):
        return record.value  # checked like every reading's: unknown field, wrong type
    if table.type is FieldType.BOOLEAN:
        return int(record.value) if record.value in {0, 1} else record.value
    return _converted(table, record.value, record.unit)


def _converted(table: Field, value: float, unit: str | None) -> float:
    if unit is None or table.type not in {FieldType.FLOAT, FieldType.INTEGER}:
        return value
    if unit in {"lat", "lon"} and unit != table.name:
        raise _wrong_unit(table, unit, "is for the field of that name only")
    return _convert(table, value, unit, _UCUM.get(unit, unit))


def _total(name: str, record: Record, table: Field | None) -> object:
    """The value of a counter that comes as a sum over time."""
    if table is None:
        return record.sum
    if table.behaviour is not Behaviour.COUNTER:
        raise _malformed(f"{name} has a sum only; it is no counter and needs a value")
    if record.sum is None or record.unit is None:
        return record.sum
    unit = _UCUM.get(record.unit, record.unit)
    rate = _INTEGRALS.get(UNITS[unit].dimension) if unit in UNITS else None
    if rate is None:  # already a quantity: devices write kWh and m3 here as well
        return _convert(table, record.sum, record.unit, unit)
    a_second, integral = rate
    return _convert(table, convert(record.sum, unit, a_second), record.unit, integral)


def _convert(table: Field, value: float, given: str, unit: str) -> float:
    try:
        return convert(value, unit, table.unit)
    except UnitError as error:
        raise _wrong_unit(table, given, f"can't become it: {error}") from error


def _wrong_unit(table: Field, given: str, problem: str) -> MessageError:
    return MessageError(
        "wrong-unit", f"{table.name} is in {table.unit}; the unit {brief(given)} {problem}"
    )
