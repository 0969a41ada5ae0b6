"""Looks questions to a store up in the telemetry table, and turns stored values back."""

from collections.abc import Mapping, Sequence

from ingest.errors import UnknownFieldError, UnsupportedAggregateError
from ingest.reading import StoredValue
from ingest.stores.port import Aggregate, Value
from park.telemetry import STORED_KINDS, Field, FieldType, Kind

_WORDS = frozenset({FieldType.STATE, FieldType.TEXT})
_WORD_AGGREGATES = frozenset({Aggregate.LAST, Aggregate.COUNT})


def known_kind(kind: str) -> Kind:
    """The kind of that name. Raises UnknownFieldError."""
    try:
        return STORED_KINDS[kind]
    except KeyError:
        known = ", ".join(STORED_KINDS)
        raise UnknownFieldError(f"no kind {kind!r}; there are {known}") from None


def known_fields(kind: str, names: Sequence[str]) -> list[Field]:
    """The fields of those names, each once. Raises UnknownFieldError."""
    fields = known_kind(kind).fields
    for name in names:
        if name not in fields:
            raise UnknownFieldError(f"{kind} has no field {name!r}; it has {', '.join(fields)}")
    if not names:
        raise UnknownFieldError(f"name at least one field of {kind}: {', '.join(fields)}")
    return [fields[name] for name in dict.fromkeys(names)]


def check_aggregate(fields: Sequence[Field], aggregate: Aggregate) -> None:
    """Raise UnsupportedAggregateError where a state should be averaged."""
    for field in fields:
        if field.type in _WORDS and aggregate not in _WORD_AGGREGATES:
            raise UnsupportedAggregateError(
                f"{field.name} is a {field.type}: it has no {aggregate}; ask for last or count"
            )


def restore(field: Field, value: StoredValue) -> Value:
    """A stored value as it is read: booleans are True or False again."""
    if field.type is FieldType.BOOLEAN:
        return bool(value)
    if field.type is FieldType.INTEGER:
        return int(value)
    if field.type is FieldType.FLOAT:
        return float(value)
    return value


def restore_all(kind: str, stored: Mapping[str, StoredValue | None]) -> dict[str, Value]:
    """Every stored value of the kind's fields that is there."""
    return {
        name: restore(field, value)
        for name, field in known_kind(kind).fields.items()
        if (value := stored.get(name)) is not None
    }
