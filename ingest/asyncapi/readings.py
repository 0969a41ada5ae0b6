"""Schemas and examples of readings: the telemetry table, said in JSON Schema."""

from typing import Any

from ingest.asyncapi.schemas import EXAMPLE_MS, EXAMPLE_TIME, Schema, both, component, whole
from park.telemetry import Behaviour, Field, FieldType, Kind

_TYPICAL = {"Cel": 4.2, "%": 62.5, "kPa": 182.0, "kW": 18.4, "[pH]": 6.4, "dS/m": 0.6, "hPa": 968.2}
"""A value that one would expect to see, by unit; other fields show the tenth of their range."""
_TYPICAL_COUNT = 10_412
_MOST_READINGS = 10_000
"""In one message, as the decoder has it."""


def reading_name(kind: Kind) -> str:
    """The component that describes one reading of the kind."""
    return f"{kind.name}_reading"


def reading(kind: Kind) -> Schema:
    """One reading: any of the kind's fields, but at least one with a value."""
    return {
        "title": f"{kind.title.en} reading",
        "description": both(kind.title),
        "type": "object",
        "required": ["ts"],
        "properties": {
            "ts": component("schemas", "instant"),
            "seq": component("schemas", "seq"),
            **{field.name: _field(field) for field in kind.fields.values()},
        },
        "additionalProperties": False,
        # A reading that holds nothing beside its time, or only nulls, has nothing to store.
        "not": {"properties": {"ts": True, "seq": True}, "additionalProperties": {"type": "null"}},
    }


def readings(kind: Kind) -> Schema:
    """A message's payload: one reading, or several."""
    one = component("schemas", reading_name(kind))
    several = {"type": "array", "minItems": 1, "maxItems": _MOST_READINGS, "items": one}
    return {"oneOf": [one, several]}


def _field(field: Field) -> Schema:
    schema: Schema = {"description": both(field.title)}
    match field.type:
        case FieldType.BOOLEAN:
            # 0 and 1 are taken for false and true.
            schema |= {"type": ["boolean", "integer", "null"], "minimum": 0, "maximum": 1}
        case FieldType.STATE:
            schema |= {"type": ["string", "null"], "enum": [*field.states, None]}
        case FieldType.TEXT:
            schema |= {"type": ["string", "null"]}
        case FieldType.FLOAT | FieldType.INTEGER:
            number = "number" if field.type is FieldType.FLOAT else "integer"
            schema |= {
                "type": [number, "null"],
                "minimum": whole(field.low),
                "maximum": whole(field.high),
                "x-behaviour": field.behaviour.value,
            }
    if field.unit:
        schema["x-unit"] = field.unit
    return schema


def examples(kind: Kind) -> list[dict[str, Any]]:
    """One reading with all fields, and two readings in one message."""
    every: dict[str, Any] = {field.name: typical_value(field) for field in kind.fields.values()}
    first = next(iter(every))
    backlog = [
        {"ts": "2025-10-12T11:03:05+08:00", "seq": 41, first: every[first]},
        {"ts": EXAMPLE_MS, "seq": 42, first: every[first]},
    ]
    return [
        {
            "name": "reading",
            "summary": "One reading",
            "payload": {"ts": EXAMPLE_TIME, "seq": 41, **every},
        },
        {
            "name": "backlog",
            "summary": "Several readings, fields left out, both ways to write a time",
            "payload": backlog,
        },
    ]


def typical_value(field: Field) -> float | bool | str:
    """A value that one would expect to see."""
    match field.type:
        case FieldType.BOOLEAN:
            return False
        case FieldType.STATE:
            return field.states[0]
        case FieldType.TEXT:
            return "text"
        case FieldType.FLOAT | FieldType.INTEGER:
            if field.behaviour is Behaviour.COUNTER:
                return _TYPICAL_COUNT
            typical = _TYPICAL.get(field.unit, round(field.low + (field.high - field.low) / 10, 1))
            return min(max(typical, field.low), field.high)
