"""JSON payloads: one object, or an array of them."""

import json
from typing import Any

import orjson

from ingest.errors import MessageError


def read_json(payload: bytes) -> Any:
    """The payload's JSON value; NaN and infinity, which JSON doesn't have, come as floats.

    So whoever checks the values can refuse the reading concerned and keep its neighbours.
    Raises MessageError `malformed-json`.
    """
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        try:
            return _read_with_constants(payload)
        except (ValueError, TypeError, RecursionError):
            raise MessageError("malformed-json", f"the payload is no JSON: {error}") from error


def _read_with_constants(payload: bytes) -> Any:
    """The value where NaN and infinity are all that is wrong with it."""
    value = json.loads(payload.decode(), parse_constant=float)
    orjson.dumps(value)  # raises for what else it takes and JSON doesn't: surrogates, huge numbers
    return value


def write_json(value: Any) -> bytes:
    """A value that `read_json` gave, for someone to read."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except RecursionError:
        return b"nested too deeply to be shown"


def read_objects(payload: bytes) -> list[Any]:
    """The elements of a payload that is an array, or its one object.

    Raises MessageError `malformed-json` where it is neither or an empty array.
    """
    value = read_json(payload)
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list) and value:
        return value
    raise MessageError("malformed-json", "the payload must be an object or an array of objects")
