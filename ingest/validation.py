"""Checks a reading against the telemetry table; the table is the only rule.

A reading is taken whole or refused whole: a field that breaks a rule casts doubt on its
neighbours, and the refused reading is kept in quarantine with every rule that it breaks.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ingest.errors import MessageError
from ingest.reading import StoredValue
from park.telemetry import KINDS, Field, FieldType
from park.times import EARLIEST, parse_instant, to_epoch_ms

_EARLIEST_MS = to_epoch_ms(EARLIEST)
_CENTURY_MS = 100 * 365 * 86_400_000
_LARGEST_SEQ = 2**32 - 1
_LONGEST_VALUE = 60
_NOT_MEASURED = frozenset({"ts", "seq"})
_NO_SPAN = (math.inf, -math.inf)
_FLOAT_SPANS = {
    kind.name: {
        field.name: (field.low, field.high)
        for field in kind.fields.values()
        if field.type is FieldType.FLOAT
    }
    for kind in KINDS.values()
}
_SWITCHES = {
    kind.name: frozenset(
        field.name for field in kind.fields.values() if field.type is FieldType.BOOLEAN
    )
    for kind in KINDS.values()
}
_INT64_LIMIT = 2**63


@dataclass(frozen=True, slots=True)
class _Problem:
    code: str
    detail: str


def check_time(value: object, now_ms: int, skew_ms: int) -> int:
    """A reading's `ts` in epoch milliseconds. Raises MessageError."""
    time_ms = _read_time(value)
    if time_ms < _EARLIEST_MS:
        raise MessageError(
            "time-implausible",
            f"ts {brief(value)} lies before 2000; were seconds sent for milliseconds?",
        )
    if time_ms > now_ms + skew_ms:
        ahead_ms = time_ms - now_ms
        hint = "; were microseconds sent for milliseconds?" if ahead_ms > _CENTURY_MS else ""
        raise MessageError(
            "time-in-future",
            f"ts {brief(value)} lies {ahead_ms // 1000} s ahead of this machine's clock{hint}",
        )
    return time_ms


def _read_time(value: object) -> int:
    if value is None:
        raise MessageError("time-missing", "a reading needs ts, the device's time")
    number = _whole(value)
    if number is not None:
        return number
    if isinstance(value, str):
        try:
            return to_epoch_ms(parse_instant(value))
        except ValueError as error:
            raise MessageError("time-invalid", f"ts {error}") from error
    raise MessageError(
        "time-invalid", f"ts {brief(value)} is neither RFC 3339 nor epoch milliseconds"
    )


def check_seq(value: object) -> int | None:
    """A reading's optional `seq`. Raises MessageError where it is no uint32."""
    if value is None:
        return None
    seq = _whole(value)
    if seq is None or not 0 <= seq <= _LARGEST_SEQ:
        raise MessageError(
            "wrong-type", f"seq {brief(value)} must be an integer from 0 to {_LARGEST_SEQ}"
        )
    return seq


def _whole(value: object) -> int | None:
    """A whole number, also one that a device wrote as `41.0`; None for anything else."""
    if type(value) is int:
        return value
    return int(value) if type(value) is float and value.is_integer() else None


def check_status(content: Mapping[str, object]) -> tuple[bool, str | None]:
    """Whether a status says online, and its firmware. Raises MessageError."""
    online, firmware = content.get("online"), content.get("fw")
    if not isinstance(online, bool):
        raise MessageError("invalid-status", f"online is {brief(online)}, must be true or false")
    if firmware is not None and not _is_short_text(firmware):
        raise MessageError(
            "invalid-status",
            f"fw is {brief(firmware)}, must be text of at most {_LONGEST_VALUE} characters",
        )
    return online, firmware if isinstance(firmware, str) and firmware else None


def _is_short_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_VALUE and value.isprintable()


def check_fields(kind: str, reading: Mapping[str, object]) -> dict[str, StoredValue]:
    """The measured fields of a reading as they are stored, without nulls.

    Raises MessageError with the code of the first broken rule and a detail that names all.
    """
    floats, others = sort_fields(kind, reading)
    return {**floats, **others}


def sort_fields(
    kind: str, reading: Mapping[str, object]
) -> tuple[dict[str, float], dict[str, int | str]]:
    """As `check_fields`, the floats apart: line protocol writes the two in different ways."""
    table = KINDS[kind].fields
    floats: dict[str, float] = {}
    others: dict[str, int | str] = {}
    problems: list[_Problem] = []
    spans, switches = _FLOAT_SPANS[kind], _SWITCHES[kind]
    for name, value in reading.items():
        given = type(value)  # most values are floats in their range, or switches: the short way
        if given is float:
            low, high = spans.get(name, _NO_SPAN)
            if low <= value <= high:  # type: ignore[operator]  # it is a float
                floats[name] = value  # type: ignore[assignment]  # the same
                continue
        elif given is bool and name in switches:
            others[name] = 1 if value else 0
            continue
        if value is None or name in _NOT_MEASURED:
            continue
        field = table.get(name)
        outcome = _unknown(kind, name) if field is None else _CHECKS[field.type](field, value)
        if isinstance(outcome, _Problem):
            problems.append(outcome)
        elif isinstance(outcome, float):
            floats[name] = outcome
        else:
            others[name] = outcome
    if problems:
        raise MessageError(problems[0].code, "; ".join(problem.detail for problem in problems))
    if not floats and not others:
        raise MessageError(
            "no-fields", f"a {kind} reading needs at least one of {', '.join(table)}"
        )
    return floats, others


def brief(value: object) -> str:
    """A foreign value as it may stand in a message: short, and never nested."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "an array"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def _unknown(kind: str, name: str) -> _Problem:
    known = ", ".join(KINDS[kind].fields)
    return _Problem("unknown-field", f"{kind} has no field {brief(name)}; it has {known}")


def _wrong_type(field: Field, value: object, wanted: str) -> _Problem:
    return _Problem("wrong-type", f"{field.name} is {brief(value)}, must be {wanted}")


def _check_float(field: Field, value: object) -> StoredValue | _Problem:
    if type(value) is not float and type(value) is not int:
        return _wrong_type(field, value, "a number")
    if field.low <= value <= field.high:
        return float(value)
    return _out_of_range(field, value)


def _check_integer(field: Field, value: object) -> StoredValue | _Problem:
    number = _whole(value)
    if number is None:
        return _wrong_type(field, value, "a whole number")
    if field.low <= number <= field.high and number < _INT64_LIMIT:
        return number
    return _out_of_range(field, number)


def _check_boolean(field: Field, value: object) -> StoredValue | _Problem:
    if isinstance(value, bool):
        return int(value)
    number = _whole(value)
    if number in {0, 1}:
        return number
    return _wrong_type(field, value, "true or false")


def _check_state(field: Field, value: object) -> StoredValue | _Problem:
    if not isinstance(value, str):
        return _wrong_type(field, value, f"one of {', '.join(field.states)}")
    if value in field.states:
        return value
    return _Problem(
        "out-of-range", f"{field.name} is {brief(value)}, none of {', '.join(field.states)}"
    )


def _out_of_range(field: Field, value: float) -> _Problem:
    code = "out-of-range" if math.isfinite(value) else "not-finite"
    unit = f" {field.unit}" if field.unit else ""
    return _Problem(
        code, f"{field.name} is {brief(value)}, outside {field.low:g} to {field.high:g}{unit}"
    )


_CHECKS = {
    FieldType.FLOAT: _check_float,
    FieldType.INTEGER: _check_integer,
    FieldType.BOOLEAN: _check_boolean,
    FieldType.STATE: _check_state,
}
