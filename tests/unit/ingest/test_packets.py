"""Publications are read whole and in order, however the broker's bytes are cut."""

import struct
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.packets import Delivery, MalformedPacketError, packet_bytes, take_publications
from tests.support.mqtt_packets import long_number, text

PINGRESP = b"\xd0\x00"
SUBACK = b"\x90\x04\x00\x01\x00\x01"


@dataclass(frozen=True)
class Sent:
    """A publication as a broker sends it."""

    topic: str
    payload: bytes
    message_id: int
    qos: int
    properties: bytes = b""
    retain: bool = False

    def packet(self, *, is_v5: bool) -> bytes:
        name = self.topic.encode()
        number = struct.pack("!H", self.message_id) if self.qos else b""
        properties = long_number(len(self.properties)) + self.properties if is_v5 else b""
        body = text(name) + number + properties + self.payload
        return bytes([0x30 | self.qos << 1 | self.retain]) + long_number(len(body)) + body

    def delivery(self) -> Delivery:
        return Delivery(self.topic, self.payload, self.message_id if self.qos else 0, self.qos, 7)


def read_in_pieces(data: bytes, cuts: list[int], *, is_v5: bool) -> tuple[list[Delivery], bytes]:
    """What comes out where the data arrives in pieces, and what is left over."""
    found: list[Delivery] = []
    unread, start = b"", 0
    for end in [*sorted(cuts), len(data)]:
        unread += data[start:end]
        start = max(start, end)
        taken = take_publications(unread, 0, 7, is_v5=is_v5)
        assert taken.other is None
        found += taken.deliveries
        unread = unread[taken.end :]
    return found, unread


sent = st.builds(
    Sent,
    topic=st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=40),
    payload=st.binary(max_size=400),
    message_id=st.integers(1, 65_535),
    qos=st.integers(0, 1),
    properties=st.binary(max_size=200),
    retain=st.booleans(),
)


@given(messages=st.lists(sent, max_size=8), is_v5=st.booleans(), data=st.data())
def test_publications_come_out_whole_and_in_order_however_they_are_cut(
    *, messages: list[Sent], is_v5: bool, data: st.DataObject
) -> None:
    stream = b"".join(message.packet(is_v5=is_v5) for message in messages)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=6))
    found, rest = read_in_pieces(stream, cuts, is_v5=is_v5)
    assert found == [message.delivery() for message in messages]
    assert rest == b""


@pytest.mark.parametrize("limit", [127, 16_383, 2_097_151])
@pytest.mark.parametrize("beyond", [0, 1])
@pytest.mark.parametrize("is_v5", [False, True])
def test_a_length_of_one_byte_more_is_read_wherever_it_is_cut(
    *, limit: int, beyond: int, is_v5: bool
) -> None:
    empty = Sent("t", b"", 9, 1).packet(is_v5=is_v5)
    message = Sent("t", b"x" * (limit + beyond - (len(empty) - 2)), 9, 1)
    whole = message.packet(is_v5=is_v5)
    assert len(whole) == 1 + len(long_number(limit + beyond)) + limit + beyond
    for cut in range(8):
        found, rest = read_in_pieces(whole + empty, [cut, len(whole) - 1], is_v5=is_v5)
        assert [delivery.payload for delivery in found] == [message.payload, b""]
        assert rest == b""


@pytest.mark.parametrize("size", [0, 100, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])
def test_payloads_of_every_length_are_read(size: int) -> None:
    message = Sent("t", b"x" * size, 9, 1)
    (found,) = take_publications(message.packet(is_v5=True), 0, 7, is_v5=True).deliveries
    assert found == message.delivery()


@given(
    packets=st.lists(st.one_of(sent, st.sampled_from([PINGRESP, SUBACK])), max_size=8),
    data=st.data(),
)
def test_all_packets_keep_their_order_however_they_are_cut(
    packets: list[Sent | bytes], data: st.DataObject
) -> None:
    stream = b"".join(
        packet if isinstance(packet, bytes) else packet.packet(is_v5=True) for packet in packets
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    found: list[Delivery | bytes] = []
    unread, start = b"", 0
    for end in [*cuts, len(stream)]:
        unread, start = unread + stream[start:end], end
        at, is_over = 0, False
        while not is_over:
            deliveries, other, at = take_publications(unread, at, 7, is_v5=True)
            is_over = other is None
            found += deliveries if other is None else [*deliveries, other]
        unread = unread[at:]
    assert unread == b""
    assert found == [
        packet if isinstance(packet, bytes) else packet.delivery() for packet in packets
    ]


@pytest.mark.parametrize("other", [PINGRESP, SUBACK, Sent("t", b"x", 5, 2).packet(is_v5=False)])
def test_any_other_packet_comes_out_at_its_place(other: bytes) -> None:
    before, after = Sent("a", b"1", 1, 1), Sent("b", b"2", 2, 1)
    stream = before.packet(is_v5=False) + other + after.packet(is_v5=False)
    first = take_publications(stream, 0, 7, is_v5=False)
    assert (first.deliveries, first.other) == ([before.delivery()], other)
    second = take_publications(stream, first.end, 7, is_v5=False)
    assert (second.deliveries, second.other) == ([after.delivery()], None)
    assert second.end == len(stream)


def test_a_packet_that_is_not_complete_is_left_over() -> None:
    whole = Sent("agripark/v1", b"payload", 3, 1).packet(is_v5=True)
    for size in range(len(whole)):
        assert take_publications(whole[:size], 0, 7, is_v5=True) == ([], None, 0)


@pytest.mark.parametrize(
    "packet",
    [
        b"\x32\xff\xff\xff\xff\x01",  # a length of five bytes
        b"\x32\x03\x00\x09t",  # a topic longer than its packet
        b"\x32\x03\x00\x01t",  # no room for the message id
        b"\x30\x04\x00\x01t\x7f",  # properties longer than their packet
        b"\x30\x04\x00\x01t\x80",  # their length begins and doesn't end
        b"\x30\x08\x00\x01t\xff\xff\xff\xff\x01",  # their length has five bytes
        b"\x30\x00\x30\x00",  # no topic at all
    ],
)
def test_what_is_no_mqtt_is_said_to_be_none(packet: bytes) -> None:
    with pytest.raises(MalformedPacketError):
        take_publications(packet, 0, 7, is_v5=True)


@given(data=st.binary(max_size=300), is_v5=st.booleans())
def test_random_bytes_are_read_refused_or_left_over(*, data: bytes, is_v5: bool) -> None:
    start = 0
    try:
        while start < len(data):
            taken = take_publications(data, start, 7, is_v5=is_v5)
            if taken.other is None:
                break
            assert taken.end > start
            start = taken.end
    except MalformedPacketError:
        pass


@given(message=sent, is_v5=st.booleans(), data=st.data())
def test_a_packet_with_a_wrong_byte_is_read_refused_or_left_over(
    *, message: Sent, is_v5: bool, data: st.DataObject
) -> None:
    packet = bytearray(message.packet(is_v5=is_v5))
    place = data.draw(st.integers(0, min(len(packet) - 1, 12)))
    packet[place] = data.draw(st.integers(0, 255))
    try:
        taken = take_publications(bytes(packet), 0, 7, is_v5=is_v5)
    except MalformedPacketError:
        return
    assert 0 <= taken.end <= len(packet)


def test_a_topic_that_is_no_utf_8_is_shown_escaped() -> None:
    body = b"\x00\x01\xff" + b"{}"
    packet = b"\x30" + long_number(len(body)) + body
    (found,) = take_publications(packet, 0, 7, is_v5=False).deliveries
    assert found.topic == r"\xff"


@pytest.mark.parametrize("size", [0, 100, 20_000, 3_000_000])
def test_a_packets_length_is_known_from_its_beginning(size: int) -> None:
    packet = Sent("t", b"x" * size, 9, 1).packet(is_v5=True)
    assert packet_bytes(packet[:6]) == len(packet)
    assert packet_bytes(packet[:1]) == 0
