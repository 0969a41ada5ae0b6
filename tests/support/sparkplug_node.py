"""A Sparkplug B edge node for tests: it writes its payloads byte by byte, without our schema.

So that a wrong field number in the schema can't hide behind the same mistake here.
"""

import itertools
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

INT8, INT16, INT32, INT64 = 1, 2, 3, 4
UINT8, UINT16, UINT32, UINT64 = 5, 6, 7, 8
FLOAT, DOUBLE, BOOLEAN, STRING, DATETIME, TEXT = 9, 10, 11, 12, 13, 14
DATA_SET, BYTES, TEMPLATE = 16, 17, 19

_WIRE_VARINT, _WIRE_64, _WIRE_BYTES, _WIRE_32 = 0, 1, 2, 5
_IN_INT_VALUE = {INT8, INT16, INT32, UINT8, UINT16, UINT32}
_IN_LONG_VALUE = {INT64, UINT64, DATETIME}
_BRANCHES_OF_BYTES = {STRING: 15, TEXT: 15, BYTES: 16, DATA_SET: 17, TEMPLATE: 18}

Value = float | bool | str | bytes


def varint(number: int) -> bytes:
    """A protobuf varint."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def whole(number: int, value: int) -> bytes:
    """A field that holds a whole number or a truth."""
    return varint(number << 3 | _WIRE_VARINT) + varint(value)


def block(number: int, content: bytes) -> bytes:
    """A field that holds text, bytes or a message."""
    return varint(number << 3 | _WIRE_BYTES) + varint(len(content)) + content


@dataclass(frozen=True, slots=True)
class M:
    """A metric to be written; what is None is left out."""

    name: str | None
    value: Value | None
    datatype: int = DOUBLE
    alias: int | None = None
    ts: int | None = None
    historical: bool = False
    transient: bool = False
    quality: int | None = None
    with_datatype: bool = True

    def encoded(self) -> bytes:
        """The metric's bytes."""
        parts = [
            b"" if self.name is None else block(1, self.name.encode()),
            b"" if self.alias is None else whole(2, self.alias),
            b"" if self.ts is None else whole(3, self.ts),
            whole(4, self.datatype) if self.with_datatype else b"",
            whole(5, 1) if self.historical else b"",
            whole(6, 1) if self.transient else b"",
            whole(7, 1) if self.value is None else b"",
            b"" if self.quality is None else block(9, self._properties(self.quality)),
            b"" if self.value is None else self._value(self.value),
        ]
        return b"".join(parts)

    def _value(self, value: Value) -> bytes:
        if isinstance(value, str | bytes):
            content = value.encode() if isinstance(value, str) else value
            return block(_BRANCHES_OF_BYTES[self.datatype], content)
        if self.datatype in _IN_INT_VALUE:
            return whole(10, int(value) & 0xFFFFFFFF)
        if self.datatype in _IN_LONG_VALUE:
            return whole(11, int(value) & 0xFFFFFFFFFFFFFFFF)
        if self.datatype == FLOAT:
            return varint(12 << 3 | _WIRE_32) + struct.pack("<f", value)
        if self.datatype == BOOLEAN:
            return whole(14, int(bool(value)))
        return varint(13 << 3 | _WIRE_64) + struct.pack("<d", value)

    @staticmethod
    def _properties(quality: int) -> bytes:
        return block(1, b"Quality") + block(2, whole(1, INT32) + whole(3, quality))


def payload(metrics: Sequence[M] = (), *, ts: int | None = None, seq: int | None = None) -> bytes:
    """A payload's bytes."""
    parts = [b"" if ts is None else whole(1, ts)]
    parts += [block(2, metric.encoded()) for metric in metrics]
    parts.append(b"" if seq is None else whole(3, seq))
    return b"".join(parts)


@dataclass(slots=True)
class EdgeNode:
    """An edge node that numbers its messages as the specification asks."""

    group: str = "linyi"
    name: str = "gateway-1"
    bd_seq: int = 0
    _numbers: "itertools.cycle[int]" = field(default_factory=lambda: itertools.cycle(range(256)))

    def topic(self, type_: str, device: str | None = None) -> str:
        """The topic of one of its messages."""
        return "/".join(("spBv1.0", self.group, type_, self.name, *([device] if device else [])))

    def skip(self, messages: int = 1) -> None:
        """Let messages be lost on their way."""
        for _ in range(messages):
            next(self._numbers)

    def birth(self, *metrics: M, ts: int | None = None) -> tuple[str, bytes]:
        """NBIRTH."""
        self._numbers = itertools.cycle(range(256))
        told = (M("bdSeq", self.bd_seq, INT64), M("Node Control/Rebirth", 0, BOOLEAN))
        return self._message("NBIRTH", None, (*told, *metrics), ts)

    def data(self, *metrics: M, ts: int | None = None) -> tuple[str, bytes]:
        """NDATA."""
        return self._message("NDATA", None, metrics, ts)

    def death(self) -> tuple[str, bytes]:
        """NDEATH, as the broker sends it for the node."""
        return self.topic("NDEATH"), payload([M("bdSeq", self.bd_seq, INT64)])

    def device_birth(self, device: str, *metrics: M, ts: int | None = None) -> tuple[str, bytes]:
        """DBIRTH."""
        return self._message("DBIRTH", device, metrics, ts)

    def device_data(self, device: str, *metrics: M, ts: int | None = None) -> tuple[str, bytes]:
        """DDATA."""
        return self._message("DDATA", device, metrics, ts)

    def device_death(self, device: str, ts: int | None = None) -> tuple[str, bytes]:
        """DDEATH."""
        return self._message("DDEATH", device, (), ts)

    def _message(
        self, type_: str, device: str | None, metrics: Sequence[M], ts: int | None
    ) -> tuple[str, bytes]:
        return self.topic(type_, device), payload(metrics, ts=ts, seq=next(self._numbers))
