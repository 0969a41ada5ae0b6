"""Reads PUBLISH packets out of what a broker sends, many at a time.

paho reads a packet with three system calls and some twenty objects; at thousands of messages a
second that is most of what a message costs. So the packets that matter, QoS 0 and 1 publications,
are read here out of large pieces, and all others are left to paho. Layout: MQTT 5.0, section 3.3.
"""

from typing import NamedTuple

_PUBLISH = 3
_QOS_2 = 2
_MORE = 0x80
_SEVEN_BITS = 0x7F
_LONGEST_SHIFT = 21
_SHORTEST_PACKET = 2


class MalformedPacketError(Exception):
    """What came is no MQTT; the connection can't be used any further."""


class Delivery(NamedTuple):
    """A message in hand, not acknowledged yet."""

    topic: str
    payload: bytes
    message_id: int
    """0 for QoS 0."""
    qos: int
    connection: int
    """Which connection brought it."""


class Taken(NamedTuple):
    """What stood at the beginning of the data."""

    deliveries: list[Delivery]
    other: bytes | None
    """The packet behind them that isn't for us; None where the data ended first."""
    end: int
    """Where the rest begins."""


def take_publications(data: bytes, start: int, connection: int, *, is_v5: bool) -> Taken:
    """The publications from `start` on, up to another packet or one that isn't complete.

    Raises MalformedPacketError.
    """
    deliveries: list[Delivery] = []
    size = len(data)
    while size - start >= _SHORTEST_PACKET:
        first, length, body = data[start], data[start + 1], start + 2
        if length & _MORE:
            length, body = _long_number(data, start + 1)
        end = body + length
        if not body or end > size:
            break
        qos = first >> 1 & 3
        if first >> 4 != _PUBLISH or qos >= _QOS_2:
            return Taken(deliveries, data[start:end], end)
        topic, payload, message_id = _publication(data, body, end, qos, is_v5=is_v5)
        deliveries.append(Delivery(topic, payload, message_id, qos, connection))
        start = end
    return Taken(deliveries, None, start)


def packet_bytes(data: bytes | bytearray) -> int:
    """How long the packet is that the data begins with; 0 where that can't be told yet.

    Raises MalformedPacketError.
    """
    length, body = _long_number(data, 1)
    return body + length if body else 0


def _publication(
    data: bytes, body: int, end: int, qos: int, *, is_v5: bool
) -> tuple[str, bytes, int]:
    at = body + 2 + int.from_bytes(data[body : body + 2])
    topic = data[body + 2 : at]
    message_id = 0
    if qos:
        message_id = int.from_bytes(data[at : at + 2])
        at += 2
    if is_v5 and at < end:
        length, at = _long_number(data, at)
        at += length
    if at > end or (is_v5 and not at):
        raise MalformedPacketError("a publication is shorter than it says")
    return as_text(topic), data[at:end], message_id


def _long_number(data: bytes | bytearray, at: int) -> tuple[int, int]:
    """A variable byte integer and where it ends; 0 and 0 where the data ends before it."""
    number = 0
    for shift in range(0, _LONGEST_SHIFT + 1, 7):
        if at >= len(data):
            return 0, 0
        byte = data[at]
        at += 1
        number |= (byte & _SEVEN_BITS) << shift
        if not byte & _MORE:
            return number, at
    raise MalformedPacketError("a length has more than four bytes")


def as_text(topic: bytes) -> str:
    """The topic; only a broken broker lets one pass that is no UTF-8."""
    return topic.decode(errors="backslashreplace")
