"""JSON payloads: one object, or an array of them."""

import json
from typing import Any, NoReturn

import orjson

from ingest.errors import MessageError


def read_json(payload: bytes) -> Any:
    """The payload's JSON value.

    Raises MessageError `malformed-json`, or `not-finite` where NaN or infinity is all that is
    wrong with it.
    """
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        _complain_if_not_finite(payload)
        raise MessageError("malformed-json", f"the payload is no JSON: {error}") from error


def _complain_if_not_finite(payload: bytes) -> None:
    try:
        json.loads(payload, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return


def _refuse_constant(name: str) -> NoReturn:
    raise MessageError("not-finite", f"{name} is no JSON number; leave the field out")


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
