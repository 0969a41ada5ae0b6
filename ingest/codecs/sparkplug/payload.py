"""Sparkplug B payloads: bytes to metrics with Python values, and the one command we send."""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from google.protobuf.message import DecodeError

from ingest.codecs.sparkplug.schema import PAYLOAD
from ingest.errors import MessageError

_MOST_METRICS = 10_000
"""In one message; more would hold up everyone else's."""
_GOOD = 192
_BOOLEAN = 11
_FLOAT32_DIGITS = range(6, 9)
_SIGNED_BITS: Mapping[int, int] = MappingProxyType({1: 8, 2: 16, 3: 32, 4: 64})
"""Width of Int8, Int16, Int32 and Int64, which come as two's complement."""
_INTEGERS = frozenset({"int_value", "long_value"})
_UNREADABLE = frozenset({"bytes_value", "dataset_value", "template_value"})

REBIRTH = "Node Control/Rebirth"
"""The metric by which a host asks an edge node to send its births again."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric as it came; what only its birth tells is still missing."""

    name: str
    """Empty where it has an alias only."""
    alias: int | None
    time_ms: int | None
    datatype: int
    """0 where the message doesn't say."""
    branch: str | None
    """Which kind of value it has; None where it has none."""
    raw: Any
    historical: bool
    transient: bool
    null: bool
    good: bool
    """False where its sender marks the value as bad or stale."""

    @property
    def readable(self) -> bool:
        """Whether its value is a number, a truth or a text."""
        return self.branch is not None and self.branch not in _UNREADABLE

    def value(self, datatype: int) -> float | bool | str:
        """Its value, given the datatype of its birth where it has none of its own."""
        datatype = self.datatype or datatype
        if self.branch == "string_value":
            return str(self.raw, "utf-8", "replace")
        if self.branch == "float_value":
            return _shortest(self.raw)
        if self.branch in _INTEGERS:
            return _integer(self.raw, datatype)
        found: float | bool = self.raw
        return found


@dataclass(frozen=True, slots=True)
class Payload:
    """One payload as it came."""

    time_ms: int | None
    seq: int | None
    metrics: tuple[Metric, ...]


def decode(payload: bytes) -> Payload:
    """Read a payload. Raises MessageError `malformed-sparkplug` or `too-many-readings`."""
    try:
        message = PAYLOAD.FromString(payload)
    except DecodeError as error:
        raise _malformed(f"the payload is no Sparkplug B: {error}") from error
    if not (message.metrics or message.HasField("seq") or message.HasField("timestamp")):
        raise _malformed("the payload has neither metrics nor seq nor timestamp")
    if len(message.metrics) > _MOST_METRICS:
        raise MessageError(
            "too-many-readings",
            f"{len(message.metrics)} metrics; at most {_MOST_METRICS} are read",
        )
    return Payload(
        _optional(message, "timestamp"), _optional(message, "seq"), tuple(_metrics(message))
    )


def rebirth_command(now_ms: int) -> bytes:
    """The payload that asks an edge node for its births."""
    message = PAYLOAD(timestamp=now_ms)
    message.metrics.add(
        name=REBIRTH.encode(), timestamp=now_ms, datatype=_BOOLEAN, boolean_value=True
    )
    encoded: bytes = message.SerializeToString()
    return encoded


def _malformed(detail: str) -> MessageError:
    return MessageError("malformed-sparkplug", detail)


def _metrics(message: Any) -> Iterator[Metric]:
    for metric in message.metrics:
        branch = metric.WhichOneof("value")
        yield Metric(
            name=_name(metric.name),
            alias=_optional(metric, "alias"),
            time_ms=_optional(metric, "timestamp"),
            datatype=metric.datatype,
            branch=branch,
            raw=None if branch is None or branch in _UNREADABLE else getattr(metric, branch),
            historical=metric.is_historical,
            transient=metric.is_transient,
            null=metric.is_null,
            good=not metric.HasField("properties") or _is_good(metric.properties),
        )


def _name(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise _malformed(f"a metric's name is no UTF-8: {raw[:60]!r}") from error


def _optional(message: Any, field: str) -> int | None:
    return getattr(message, field) if message.HasField(field) else None


def _is_good(properties: Any) -> bool:
    for key, value in zip(properties.keys, properties.values, strict=False):
        if key == b"Quality" and not value.is_null:
            quality = value.int_value if value.HasField("int_value") else value.long_value
            return bool(quality == _GOOD)
    return True


def _integer(raw: int, datatype: int) -> int | bool:
    """An integer of two's complement, whether its sender widened it to 32 bits or not."""
    if datatype == _BOOLEAN:
        return bool(raw)
    bits = _SIGNED_BITS.get(datatype)
    if bits is None:
        return raw
    low = raw & ((1 << bits) - 1)
    return low - (1 << bits) if low >> (bits - 1) else low


def _shortest(value: float) -> float:
    """The shortest decimal number that is this 32-bit float: -0.8 and not -0.800000011920929."""
    for digits in _FLOAT32_DIGITS:
        candidate = float(f"{value:.{digits}g}")
        if (
            abs(candidate) <= _LARGEST_FLOAT32
            and _FLOAT32.unpack(_FLOAT32.pack(candidate))[0] == value
        ):
            return candidate
    return value


_FLOAT32 = struct.Struct("<f")
_LARGEST_FLOAT32 = float(_FLOAT32.unpack(b"\xff\xff\x7f\x7f")[0])
