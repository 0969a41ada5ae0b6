"""CBOR payloads: what they stand for, and what hostile ones may not do."""

import contextlib
import json
import math
import time
import tracemalloc
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.codecs.cbor import is_cbor, read_objects
from ingest.errors import MessageError

_READING = {"ts": 1_760_238_245_678, "air_temp_c": -0.8, "door_open": False, "state": "running"}

_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8"))
)
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
_objects = st.dictionaries(st.text(), _values, max_size=6)


@given(_objects)
def test_a_map_comes_out_as_it_went_in(content: dict[str, Any]) -> None:
    assert read_objects(cbor2.dumps(content)) == [content]


@given(st.lists(_objects, min_size=1, max_size=5))
def test_an_array_of_maps_comes_out_as_it_went_in(contents: list[dict[str, Any]]) -> None:
    assert read_objects(cbor2.dumps(contents)) == contents


@given(_objects)
def test_cbor_is_told_from_json_by_how_it_begins(content: dict[str, Any]) -> None:
    assert is_cbor(cbor2.dumps(content))
    assert is_cbor(cbor2.dumps([content]))
    assert is_cbor(cbor2.dumps(cbor2.CBORTag(55799, content)))
    assert not is_cbor(json.dumps(content, ensure_ascii=False).encode())
    assert not is_cbor(b"\xef\xbb\xbf{}")
    assert not is_cbor(b"")


def test_containers_of_indefinite_length_are_read() -> None:
    key = cbor2.dumps("air_temp_c")
    payload = b"\x9f\xbf" + key + cbor2.dumps(-0.5) + b"\xff" + b"\xa0" + b"\xff"
    assert read_objects(payload) == [{"air_temp_c": -0.5}, {}]


def test_a_payload_may_say_that_it_is_cbor() -> None:
    assert read_objects(cbor2.dumps(cbor2.CBORTag(55799, _READING))) == [_READING]


@pytest.mark.parametrize(
    ("tagged", "expected"),
    [
        (cbor2.CBORTag(0, "2026-10-12T03:04:05.678Z"), "2026-10-12T03:04:05.678Z"),
        (cbor2.CBORTag(1, 1_760_238_245), 1_760_238_245_000),
        (cbor2.CBORTag(1, 1_760_238_245.678), 1_760_238_245_678),
        (cbor2.CBORTag(4, [-2, -80]), -0.8),
        (cbor2.CBORTag(5, [-1, 3]), 1.5),
        (b"\x00\xff", "AP8"),
        (cbor2.undefined, None),
        (2**80, math.inf),
        (-(2**80), -math.inf),
    ],
)
def test_values_without_a_json_form_get_one(tagged: object, expected: object) -> None:
    assert read_objects(cbor2.dumps({"ts": tagged})) == [{"ts": expected}]


def test_the_integer_labels_of_senml_become_names() -> None:
    pack = [{-2: "urn:dev:ow:10e2073a01080063:", -3: 1.320067464e9}, {0: "temp", 1: "Cel", 2: 23.1}]
    assert read_objects(cbor2.dumps(pack)) == [
        {"bn": "urn:dev:ow:10e2073a01080063:", "bt": 1.320067464e9},
        {"n": "temp", "u": "Cel", "v": 23.1},
    ]


def test_what_stands_between_maps_is_left_to_whoever_judges_each_element() -> None:
    assert read_objects(cbor2.dumps([{"a": 1}, 7, [2]])) == [{"a": 1}, 7, [2]]


def _shared_cycle() -> bytes:
    return b"\xa1\x61a\xd8\x1c\x81\xd8\x1d\x00"


def _unfolding() -> bytes:
    """Thirty arrays, each holding the one before twice."""
    body = b"\xd8\x1c\x80"
    for index in range(30):
        body = b"\xd8\x1c\x82" + body + b"\xd8\x1d" + cbor2.dumps(index)
    return b"\xa1\x61a" + body


_HOSTILE = {
    "nothing": b"",
    "a number": b"\x05",
    "text": cbor2.dumps("air_temp_c"),
    "an empty array": b"\x80",
    "an end too early": cbor2.dumps(_READING)[:-3],
    "bytes after the end": cbor2.dumps(_READING) + b"\x00",
    "a lone break": b"\xff",
    "a reserved length": b"\x9c",
    "an array without an end": b"\x9f" + b"\xa0" * 3,
    "a length cut off": b"\x9b\x00",
    "an array of 2**64": b"\x9b" + b"\xff" * 8,
    "a map of 2**64": b"\xbb" + b"\xff" * 8,
    "a text of 2**63": b"\xa1\x7b\x7f" + b"\xff" * 7,
    "bytes of 2**63": b"\xa1\x61a\x5b\x7f" + b"\xff" * 7,
    "an inner array of 2**62": b"\xa1\x61a\x9b\x3f" + b"\xff" * 7,
    "arrays without end": b"\x81" * 250_000,
    "inner arrays without end": b"\xa1\x61a" + b"\x81" * 250_000,
    "tags without end": b"\xa1\x61a" + b"\xc1" * 250_000,
    "a cycle": _shared_cycle(),
    "an unfolding tree": _unfolding(),
    "repeated strings": cbor2.dumps({"a": cbor2.CBORTag(256, ["x" * 20, cbor2.CBORTag(25, 0)])}),
    "a set": cbor2.dumps({"a": {1, 2}}),
    "a pattern": cbor2.dumps({"a": cbor2.CBORTag(35, "(a+)+$")}),
    "a fraction by nought": cbor2.dumps({"a": cbor2.CBORTag(30, [1, 0])}),
    "a decimal of many digits": cbor2.dumps({"a": cbor2.CBORTag(4, [1, 2 ** (8 * 200_000)])}),
    "a decimal of a huge exponent": cbor2.dumps({"a": cbor2.CBORTag(4, [10**15, 1])}),
    "a big float of a huge exponent": cbor2.dumps({"a": cbor2.CBORTag(5, [10**15, 1])}),
    "a decimal that is none": cbor2.dumps({"a": cbor2.CBORTag(4, "1")}),
    "a time that is none": cbor2.dumps({"ts": cbor2.CBORTag(1, "now")}),
    "a time at infinity": cbor2.dumps({"ts": cbor2.CBORTag(1, math.inf)}),
    "a time of numbers": cbor2.dumps({"ts": cbor2.CBORTag(0, 5)}),
    "an unknown tag": cbor2.dumps({"a": cbor2.CBORTag(999, 1)}),
    "a simple value": b"\xa1\x61a\xe5",
    "colliding keys": cbor2.dumps({i * (2**61 - 1): 0 for i in range(20_000)}),
    "colliding inner keys": cbor2.dumps({"a": {i * (2**61 - 1): 0 for i in range(20_000)}}),
    "a key of bytes": cbor2.dumps({b"a": 1}),
    "an inner key of bytes": cbor2.dumps({"a": {b"a": 1}}),
    "a map as a key": b"\xa1\xa0\x00",
    "true as a label": b"\xa1\xf5\x00",
    "a key twice": b"\xa2\x61a\x01\x61a\x02",
    "a label twice": b"\xa2\x61v\x01\x02\x02",
    "text that is no UTF-8": b"\xa1\x61a\x61\xff",
}


@pytest.mark.parametrize("payload", _HOSTILE.values(), ids=_HOSTILE.keys())
def test_a_hostile_payload_is_refused_soon_and_in_little_memory(payload: bytes) -> None:
    tracemalloc.start()
    begin = time.process_time()
    with pytest.raises(MessageError) as caught:
        read_objects(payload)
    spent = time.process_time() - begin
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.code == "malformed-cbor"
    assert len(caught.value.detail) < 400
    assert spent < 2
    assert peak < 20 * 1024 * 1024


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    _read_or_refuse(payload)


@given(_objects, st.data())
def test_a_damaged_payload_is_read_or_refused(content: dict[str, Any], data: st.DataObject) -> None:
    payload = bytearray(cbor2.dumps([content]))
    place = data.draw(st.integers(0, len(payload) - 1))
    payload[place] = data.draw(st.integers(0, 255))
    _read_or_refuse(bytes(payload))


def _read_or_refuse(payload: bytes) -> None:
    with contextlib.suppress(MessageError):
        assert read_objects(payload)
