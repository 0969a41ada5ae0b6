"""Schema and examples of what a device, or the broker for it, says of its being online."""

from typing import Any

from ingest.asyncapi.schemas import EXAMPLE_FIRMWARE, EXAMPLE_TIME, Schema, component

MESSAGE = "status"
_LONGEST_FIRMWARE = 60

STATUS: Schema = {
    "title": "Status",
    "description": (
        "Published with retain set once the device is connected. The same topic is its last will, "
        'with the payload {"online": false}, QoS 1 and retain set: the broker publishes it when '
        "the device is lost. Whatever else it holds is not read."
    ),
    "type": "object",
    "required": ["online"],
    "properties": {
        "online": {"type": "boolean", "description": "Whether the device is connected."},
        "fw": {
            "type": ["string", "null"],
            "maxLength": _LONGEST_FIRMWARE,
            "not": {"type": "string", "pattern": "[^ -~]"},
            "description": "Its firmware, in printable ASCII.",
        },
        "ts": component("schemas", "optional_instant"),
    },
}

EXAMPLES: list[dict[str, Any]] = [
    {
        "name": "birth",
        "summary": "The device is there",
        "payload": {"online": True, "fw": EXAMPLE_FIRMWARE, "ts": EXAMPLE_TIME},
    },
    {
        "name": "last_will",
        "summary": "What the broker says when the device is lost",
        "payload": {"online": False},
    },
]
