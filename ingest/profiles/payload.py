"""The payloads that profiles read: JSON as it is, and SenML laid out as plain JSON.

A SenML pack becomes an array with one object for each device and time: `{"device": ..., "time":
epoch milliseconds, "values": {...}, "sums": {...}, "units": {...}}`. A record's resolved name is
cut at its last `/` or `:`; what stands before is the device, what stands behind is the key.
"""

import re
from collections.abc import Sequence
from typing import Any

from ingest.codecs.json import read_json
from ingest.codecs.senml import Record, resolve
from ingest.errors import MessageError

_NAME = re.compile(r"(?:(?P<device>.*)[/:])?(?P<key>[^/:]*)", re.DOTALL)


def read_payload(codec: str, payload: bytes, now_ms: int) -> Any:
    """The payload's JSON value. Raises MessageError `malformed-json`, or SenML's codes."""
    value = read_json(payload)
    if codec == "json":
        return value
    if not isinstance(value, list):
        raise MessageError("malformed-senml", "a SenML pack must be an array of records")
    return _laid_out(resolve(value, now_ms))


def _laid_out(records: Sequence[Record]) -> list[dict[str, Any]]:
    readings: dict[tuple[str, int], dict[str, Any]] = {}
    for record in records:
        match = _NAME.fullmatch(record.name)
        device, key = (match["device"] or "", match["key"]) if match else ("", record.name)
        reading = readings.setdefault(
            (device, record.time_ms),
            {"device": device, "time": record.time_ms, "values": {}, "sums": {}, "units": {}},
        )
        found = {"values": record.value, "sums": record.sum, "units": record.unit}
        for table, value in found.items():
            if value is not None:
                reading[table][key] = value
    return list(readings.values())
