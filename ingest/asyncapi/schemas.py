"""What the schemas of all channels share: references, times, sequence numbers, wordings."""

from typing import Any

from park.telemetry import Text
from park.times import EARLIEST, parse_instant, to_epoch_ms

Schema = dict[str, Any]
"""A JSON Schema, draft 7, which is what AsyncAPI 3 takes for its own where nothing else is said."""

EXAMPLE_TIME = "2025-10-12T03:04:05.678Z"
EXAMPLE_MS = to_epoch_ms(parse_instant(EXAMPLE_TIME))
EXAMPLE_FIRMWARE = "2.4.1"

_LAST_MS = 253_402_300_799_999
"""The end of the year 9999."""
_LARGEST_SEQ = 2**32 - 1

# Stricter than RFC 3339 where ingest is: an offset is needed, and no year before 2000 is plausible.
_RFC3339 = (
    "^2[0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt ]"
    "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)

INSTANT: Schema = {
    "description": (
        "The device's own time: RFC 3339 with an offset, or whole epoch milliseconds. Not before "
        "the year 2000; a time too far ahead of ingest's clock is refused."
    ),
    "oneOf": [
        {"type": "string", "format": "date-time", "pattern": _RFC3339},
        {"type": "integer", "minimum": to_epoch_ms(EARLIEST), "maximum": _LAST_MS},
    ],
    "examples": [EXAMPLE_TIME, EXAMPLE_MS],
}
OPTIONAL_INSTANT: Schema = {"oneOf": [{"$ref": "#/components/schemas/instant"}, {"type": "null"}]}
SEQ: Schema = {
    "description": (
        "Counts the readings of a device, so that a gap can be counted; starts at 0 after "
        f"{_LARGEST_SEQ}."
    ),
    "type": ["integer", "null"],
    "minimum": 0,
    "maximum": _LARGEST_SEQ,
}


def component(section: str, name: str) -> dict[str, str]:
    """A reference to a part of `components`."""
    return {"$ref": f"#/components/{section}/{name}"}


def both(text: Text) -> str:
    """A wording in both languages."""
    return f"{text.en} ({text.zh})"


def whole(number: float) -> float:
    """The number without a decimal point where it needs none."""
    return int(number) if float(number).is_integer() else number
