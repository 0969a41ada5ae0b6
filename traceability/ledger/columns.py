"""What an event's columns must say, going by its document."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from park.times import parse_instant, to_epoch_ms

Derive = Callable[[str], Mapping[str, Any]]
"""From an event's document, the values of columns of `events`; may raise for a document that is
none."""


def columns_of(document: str) -> dict[str, Any]:
    """Id, kind and times of an event. Raises ValueError, LookupError or TypeError."""
    event = orjson.loads(document)
    return {
        "event_id": event["eventID"],
        "declared": "errorDeclaration" in event,
        "event_time_ms": to_epoch_ms(parse_instant(event["eventTime"])),
        "record_time_ms": to_epoch_ms(parse_instant(event["recordTime"])),
    }
