"""Schema and examples of SenML packs (RFC 8428), the other way to write readings."""

from typing import Any

from ingest.asyncapi.readings import typical_value
from ingest.asyncapi.schemas import EXAMPLE_MS, Schema, component
from park.telemetry import Field, FieldType, Kind

_NAME_END = "^[A-Za-z0-9:./_-]*$"
_LABELS: dict[str, tuple[Schema, str]] = {
    "bn": ({"type": "string", "pattern": _NAME_END}, "Base name, put before every name."),
    "bt": ({"type": "number"}, "Base time in seconds, added to every time."),
    "bu": ({"type": "string"}, "Base unit, for records without one."),
    "bv": ({"type": "number"}, "Base value, added to every value."),
    "bs": ({"type": "number"}, "Base sum, added to every sum."),
    "bver": ({"type": "integer", "minimum": 1, "maximum": 31}, "Version; 10 where it is left out."),
    "n": (
        {"type": "string", "pattern": _NAME_END},
        "Name. The last part of base name and name, behind `/` or `:`, is the field.",
    ),
    "u": ({"type": "string"}, "Unit, of the SenML registry or UCUM; converted to the field's."),
    "t": ({"type": "number"}, "Time in seconds; with the base time below 2^28 it counts from now."),
    "ut": ({"type": "number"}, "Update time; not read."),
    "v": ({"type": "number"}, "Value of a number."),
    "vb": ({"type": "boolean"}, "Value of a switch."),
    "vs": ({"type": "string"}, "Value of a state."),
    "vd": ({"type": "string"}, "Data; no field takes it."),
    "s": ({"type": "number"}, "Sum, of a counter."),
}
_VALUES = ("v", "vb", "vs", "vd")
_OF_A_VALUE = (*_VALUES, "s", "n", "u", "t", "ut")
_LABEL_OF_TYPE = {FieldType.BOOLEAN: "vb", FieldType.STATE: "vs", FieldType.TEXT: "vs"}


def message_name(kind: Kind) -> str:
    """The message that carries readings of the kind as a pack."""
    return f"{kind.name}_senml"


def _any_of(*labels: str) -> Schema:
    return {"anyOf": [{"required": [label]} for label in labels]}


def schemas() -> dict[str, Schema]:
    """The schemas of a record and of a pack."""
    record = {
        "title": "SenML record (RFC 8428)",
        "type": "object",
        "properties": {
            **{
                label: schema | {"description": words} for label, (schema, words) in _LABELS.items()
            },
            # What has a `ts` is a reading and no record.
            "ts": False,
        },
        # A label that ends so must be understood; all others may be passed over.
        "patternProperties": {"_$": False},
        "oneOf": [
            *({"required": [value]} for value in _VALUES),
            {"required": ["s"], "not": _any_of(*_VALUES)},
            {"title": "base fields only", "not": _any_of(*_OF_A_VALUE)},
        ],
    }
    pack = {
        "title": "SenML pack",
        "type": "array",
        "minItems": 1,
        "items": component("schemas", "senml_record"),
        "contains": _any_of(*_VALUES, "s"),
    }
    return {"senml_record": record, "senml_pack": pack}


def message(kind: Kind) -> dict[str, Any]:
    """The message of a kind, without its tags."""
    return {
        "name": message_name(kind),
        "title": f"{kind.title.en}: readings as a SenML pack",
        "description": (
            "Fields, types and ranges are those of "
            f"`#/components/schemas/{kind.name}_reading`; records of one time are one reading."
        ),
        "contentType": "application/senml+json",
        "payload": component("schemas", "senml_pack"),
        "examples": [
            {"name": "pack", "summary": "Values of one instant", "payload": _example(kind)}
        ],
    }


def _example(kind: Kind) -> list[dict[str, Any]]:
    records = [_record(field) for field in kind.fields.values()]
    return [{"bt": EXAMPLE_MS / 1000} | records[0], *records[1:]]


def _record(field: Field) -> dict[str, Any]:
    unit = {"u": field.unit} if field.unit else {}
    return {"n": field.name} | unit | {_LABEL_OF_TYPE.get(field.type, "v"): typical_value(field)}
