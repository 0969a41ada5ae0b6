"""CBOR payloads (RFC 8949): one map, or an array of them, as the JSON values they stand for.

What a stranger sends is read without trust: containers nest a few levels, integers as map keys
(which can be chosen to collide) are SenML's labels or nothing, and of the tags only those are
understood that stand for a number or a time. Tags that share or repeat values would let a short
payload unfold without end.
"""

import base64
import io
import math
from collections.abc import Callable, Iterator, Mapping
from decimal import Context, Decimal
from typing import Any

import cbor2

from ingest.codecs.seconds import seconds_to_ms
from ingest.errors import MessageError

_DEEPEST = 16
_UNSIGNED_WIDTHS = {24: 1, 25: 2, 26: 4, 27: 8}
_ARRAY = 4
_MAP = 5
_BREAK = 0xFF
_INDEFINITE = 31
_SELF_DESCRIBED = b"\xd9\xd9\xf7"
_OUTERMOST = frozenset(bytes([first]) for first in range(0x80, 0xC0))
_LARGEST = 2**64
_WIDEST_EXPONENT = 10_000
_DECIMAL = Context(prec=40, traps=[])
_READ_AHEAD = 256

SENML_LABELS: Mapping[int, str] = {
    -6: "bs",
    -5: "bv",
    -4: "bu",
    -3: "bt",
    -2: "bn",
    -1: "bver",
    0: "n",
    1: "u",
    2: "v",
    3: "vs",
    4: "vb",
    5: "s",
    6: "t",
    7: "ut",
    8: "vd",
}
"""The integers that stand for SenML's labels in CBOR (RFC 8428, section 6)."""


def is_cbor(payload: bytes) -> bool:
    """Whether a payload begins as a CBOR map or array does, and so no JSON text can."""
    return payload.startswith(_SELF_DESCRIBED) or payload[:1] in _OUTERMOST


def read_objects(payload: bytes) -> list[Any]:
    """The elements of a payload that is an array, or its one map, as JSON would give them.

    Times of tag 1 come as epoch milliseconds, byte strings as base64url text, and the integer
    labels of SenML as their names. Raises MessageError `malformed-cbor`.
    """
    body = payload.removeprefix(_SELF_DESCRIBED)
    try:
        return _Reader(body).objects()
    except cbor2.CBORError as error:
        reason = error.__cause__ if isinstance(error.__cause__, MessageError) else error
        detail = reason.detail if isinstance(reason, MessageError) else str(reason)
        raise _malformed(f"the payload is no CBOR that can be read: {detail}") from error


def _malformed(detail: str) -> MessageError:
    return MessageError("malformed-cbor", detail)


class _Reader:
    """Reads the outer array and maps itself, so that it sees each key before it is kept."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._stream = io.BytesIO(body)
        self._decoder = cbor2.CBORDecoder(
            self._stream,
            semantic_decoders=_TAGS,
            read_size=_READ_AHEAD,
            max_depth=_DEEPEST,
            allow_duplicate_keys=False,
            strict_hashable_types=True,
        )

    def objects(self) -> list[Any]:
        major = self._major()
        found: list[Any] = []
        if major == _MAP:
            found = [self._map()]
        elif major == _ARRAY:
            found = [self._element() for _ in self._items()]
        if not found:
            raise _malformed("the payload must be a map or an array of maps")
        if self._stream.tell() != len(self._body):
            raise _malformed(f"{len(self._body) - self._stream.tell()} bytes follow its end")
        return found

    def _element(self) -> Any:
        return self._map() if self._major() == _MAP else _plain(self._decoder.decode())

    def _map(self) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        for _ in self._items():
            key = self._key(self._decoder.decode())
            if key in entries:
                raise _malformed(f"the key {key[:60]!r} stands twice in one map")
            entries[key] = _plain(self._decoder.decode())
        return entries

    def _key(self, key: object) -> str:
        if isinstance(key, str):
            return key
        if isinstance(key, int) and not isinstance(key, bool) and key in SENML_LABELS:
            return SENML_LABELS[key]
        raise _malformed("a map's keys must be text, or SenML's labels")

    def _major(self) -> int:
        """Kind of the next item, without taking it."""
        position = self._stream.tell()
        if position >= len(self._body):
            raise _malformed("the payload ends too early")
        return self._body[position] >> 5

    def _items(self) -> Iterator[None]:
        """One turn for each item, or pair, of the array or map that begins here."""
        extent = self._stream.read(1)[0] & 0x1F
        if extent == _INDEFINITE:
            while not self._at_break():
                yield
            return
        for _ in range(self._count(extent)):
            yield

    def _count(self, extent: int) -> int:
        if extent < min(_UNSIGNED_WIDTHS):
            return extent
        width = _UNSIGNED_WIDTHS.get(extent)
        if width is None:
            raise _malformed("a length is written in a form that CBOR doesn't have")
        digits = self._stream.read(width)
        if len(digits) < width:
            raise _malformed("the payload ends too early")
        return int.from_bytes(digits)

    def _at_break(self) -> bool:
        position = self._stream.tell()
        if position < len(self._body) and self._body[position] == _BREAK:
            self._stream.seek(position + 1)
            return True
        return False


def base64url(data: bytes) -> str:
    """Bytes as JSON writes them (RFC 8949, section 6.1): base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _plain(value: Any) -> Any:
    """The JSON value that a CBOR value stands for."""
    if value is None or isinstance(value, str | float | bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < _LARGEST else math.copysign(math.inf, value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {_text_key(key): _plain(item) for key, item in value.items()}
    if isinstance(value, bytes):
        return base64url(value)
    if value is cbor2.undefined:
        return None
    raise _malformed(f"{_name(value)} has no meaning here")


def _text_key(key: object) -> str:
    if isinstance(key, str):
        return key
    raise _malformed("the keys of an inner map must be text")


def _name(value: Any) -> str:
    return f"tag {value.tag}" if isinstance(value, cbor2.CBORTag) else "a simple value"


def _text_time(value: Any, _immutable: bool) -> Any:  # noqa: FBT001 - cbor2 calls it so
    if isinstance(value, str):
        return value
    raise _malformed("tag 0 must hold text")


def _epoch_time(value: Any, _immutable: bool) -> Any:  # noqa: FBT001 - cbor2 calls it so
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST:
        return seconds_to_ms(value)
    raise _malformed("tag 1 must hold seconds since 1970")


def _scaled(base: int) -> Callable[[Any, bool], Any]:
    """The number of a decimal fraction (base 10) or a big float (base 2)."""

    def decode(value: Any, _immutable: bool) -> Any:  # noqa: FBT001 - cbor2 calls it so
        match value:
            case [int(exponent), int(mantissa)] | (int(exponent), int(mantissa)):
                if abs(mantissa) < _LARGEST and abs(exponent) < _WIDEST_EXPONENT:
                    scale = _DECIMAL.power(Decimal(base), exponent)
                    return float(_DECIMAL.multiply(Decimal(mantissa), scale))
        raise _malformed("a number of tag 4 or 5 must be an exponent and a mantissa of 64 bits")

    return decode


def _refuse(tag: int) -> Callable[[Any, bool], Any]:
    def decode(_value: Any, _immutable: bool) -> Any:  # noqa: FBT001 - cbor2 calls it so
        raise _malformed(f"tag {tag} has no meaning here")

    return decode


_WITHOUT_MEANING = (25, 28, 29, 30, 35, 36, 37, 43, 52, 54, 100, 256, 258, 260, 261, 1004, 43000)
"""What cbor2 would make objects of: references, sets, patterns, addresses and the like."""

_TAGS: Mapping[int, Callable[..., Any]] = {
    0: _text_time,
    1: _epoch_time,
    4: _scaled(10),
    5: _scaled(2),
    **{tag: _refuse(tag) for tag in _WITHOUT_MEANING},
}
