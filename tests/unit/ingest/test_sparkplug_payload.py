"""Sparkplug B payloads: values of every datatype, and bytes that are no payload."""

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.codecs.sparkplug.payload import REBIRTH, decode, rebirth_command
from ingest.codecs.sparkplug.topics import Address, MessageType, parse, rebirth_topic, subscriptions
from ingest.errors import MessageError
from tests.support import sparkplug_node as node
from tests.support.sparkplug_node import M, block, payload, whole


@pytest.mark.parametrize(
    ("datatype", "value", "expected"),
    [
        (node.INT8, -1, -1),
        (node.INT8, 127, 127),
        (node.INT16, -30_000, -30_000),
        (node.INT32, -8, -8),
        (node.INT32, 2**31 - 1, 2**31 - 1),
        (node.INT64, -(2**63), -(2**63)),
        (node.UINT8, 255, 255),
        (node.UINT16, 65_535, 65_535),
        (node.UINT32, 2**32 - 1, 2**32 - 1),
        (node.UINT64, 2**64 - 1, 2**64 - 1),
        (node.FLOAT, -0.8, -0.8),
        (node.FLOAT, 93.25, 93.25),
        (node.FLOAT, 1 / 3, 0.33333334),
        (node.FLOAT, math.inf, math.inf),
        (node.DOUBLE, -0.8, -0.8),
        (node.BOOLEAN, True, True),
        (node.STRING, "running", "running"),
        (node.TEXT, "运行", "运行"),
        (node.DATETIME, 1_760_238_245_678, 1_760_238_245_678),
    ],
)
def test_a_value_comes_out_as_it_went_in(datatype: int, value: object, expected: object) -> None:
    assert isinstance(value, int | float | str)
    (metric,) = decode(payload([M("x", value, datatype)], seq=0)).metrics
    assert metric.value(0) == expected
    assert type(metric.value(0)) is type(expected)


@pytest.mark.parametrize(
    ("datatype", "written", "expected"),
    [
        (node.INT8, 0xFF, -1),
        (node.INT8, 0xFFFFFFFF, -1),
        (node.INT16, 0x8AD0, -30_000),
        (node.BOOLEAN, 1, True),
    ],
)
def test_an_integer_is_read_whether_it_was_widened_or_not(
    datatype: int, written: int, expected: object
) -> None:
    metric = block(1, b"x") + whole(4, datatype) + whole(10, written)
    assert decode(block(2, metric)).metrics[0].value(0) == expected


def test_an_unsigned_integer_may_stand_in_the_long_value() -> None:
    metric = block(1, b"x") + whole(4, node.UINT32) + whole(11, 2**32 - 1)
    assert decode(block(2, metric)).metrics[0].value(0) == 2**32 - 1


def test_the_datatype_of_the_birth_counts_where_the_message_has_none() -> None:
    (metric,) = decode(payload([M(None, -8, node.INT16, alias=1, with_datatype=False)])).metrics
    assert metric.value(node.INT16) == -8
    assert (metric.name, metric.alias) == ("", 1)


@given(st.floats(width=32, allow_nan=False))
def test_a_32_bit_float_keeps_its_value(value: float) -> None:
    (metric,) = decode(payload([M("x", value, node.FLOAT)])).metrics
    (again,) = decode(payload([M("x", metric.value(0), node.FLOAT)])).metrics
    assert again.raw == value


def test_flags_and_times_are_read() -> None:
    metrics = [
        M("a", None, node.DOUBLE, ts=5),
        M("b", 1.0, historical=True, transient=True),
        M("c", 1.0, quality=192),
        M("d", 1.0, quality=0),
    ]
    read = decode(payload(metrics, ts=7, seq=255))
    a, b, c, d = read.metrics
    assert (read.time_ms, read.seq) == (7, 255)
    assert (a.null, a.time_ms, a.readable) == (True, 5, False)
    assert (b.historical, b.transient, b.time_ms) == (True, True, None)
    assert (c.good, d.good) == (True, False)


def test_fields_that_are_not_known_are_passed_over() -> None:
    inner = block(1, b"x") + whole(10, 5) + block(8, b"\x08\x01") + whole(99, 1)
    raw = block(2, inner) + block(4, b"uuid") + block(5, b"body") + whole(77, 3)
    assert decode(raw).metrics[0].value(0) == 5


@pytest.mark.parametrize("datatype", [node.BYTES, node.DATA_SET, node.TEMPLATE])
def test_what_is_no_plain_value_is_told_from_one(datatype: int) -> None:
    assert not decode(payload([M("x", b"\x08\x01", datatype)])).metrics[0].readable


_HOSTILE = {
    "nothing": b"",
    "JSON": b'{"timestamp": 1}',
    "a lone tag": b"\x12",
    "a length past the end": b"\x12\xff\xff\xff\xff\x0f",
    "an endless varint": b"\x08" + b"\xff" * 11,
    "groups without end": b"\x0b" * 100_000,
    "a metric's name that is no UTF-8": block(2, block(1, b"\xff\xfe")),
    "a hundred thousand metrics": b"\x12\x00" * 100_000,
    "only what isn't known": whole(99, 1),
}


@pytest.mark.parametrize("raw", _HOSTILE.values(), ids=_HOSTILE.keys())
def test_what_is_no_payload_is_refused(raw: bytes) -> None:
    with pytest.raises(MessageError) as caught:
        decode(raw)
    assert caught.value.code in {"malformed-sparkplug", "too-many-readings"}


def test_templates_within_templates_are_not_unfolded() -> None:
    inner = b""
    for _ in range(2_000):
        inner = block(18, block(2, inner))
    assert not decode(block(2, block(1, b"x") + inner)).metrics[0].readable


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with contextlib.suppress(MessageError):
        for metric in decode(raw).metrics:
            if metric.readable:
                metric.value(node.INT8)


def test_the_rebirth_command_is_a_payload() -> None:
    read = decode(rebirth_command(1_760_238_245_678))
    (metric,) = read.metrics
    assert (metric.name, metric.value(0), metric.datatype) == (REBIRTH, True, node.BOOLEAN)
    assert (read.time_ms, read.seq) == (1_760_238_245_678, None)


def test_topics_name_their_sender() -> None:
    assert parse("spBv1.0/linyi/NBIRTH/gw") == Address(MessageType.NODE_BIRTH, "linyi", "gw", "")
    assert parse("spBv1.0/linyi/DDATA/gw/room-0001") == Address(
        MessageType.DEVICE_DATA, "linyi", "gw", "room-0001"
    )
    assert rebirth_topic("linyi", "gw") == "spBv1.0/linyi/NCMD/gw"


@pytest.mark.parametrize(
    "topic", ["spBv1.0/linyi/NCMD/gw", "spBv1.0/linyi/DCMD/gw/d", "spBv1.0/STATE/scada"]
)
def test_what_hosts_say_is_not_for_us(topic: str) -> None:
    assert parse(topic) is None


@pytest.mark.parametrize(
    "topic",
    ["", "spBv1.0", "spBv1.0/linyi/NBIRTH", "spBv1.0/linyi/NBIRTH/gw/d", "spBv1.0/linyi/DDATA/gw",
     "spBv1.0/linyi/NOPE/gw", "spBv1.0//NDATA/gw", "spBv1.0/linyi/DDATA/gw/",
     "spAv1.0/linyi/NDATA/gw", "spBv1.0/linyi/DDATA/gw/d/e", f"spBv1.0/linyi/NDATA/{'x' * 201}"],
)  # fmt: skip
def test_other_topics_are_refused(topic: str) -> None:
    with pytest.raises(MessageError, match="unknown-topic"):
        parse(topic)


def test_the_subscriptions_reach_every_message_of_a_node() -> None:
    assert subscriptions() == (
        "spBv1.0/+/NBIRTH/+",
        "spBv1.0/+/NDATA/+",
        "spBv1.0/+/NDEATH/+",
        "spBv1.0/+/DBIRTH/+/+",
        "spBv1.0/+/DDATA/+/+",
        "spBv1.0/+/DDEATH/+/+",
    )
