"""Whatever a message holds becomes lines, scans or faults, and bad parts never harm good ones."""

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.decoding import Decoder
from ingest.line_protocol import decode
from ingest.received import Decoded
from park.assets import Park
from park.scans import SCAN
from park.telemetry import KINDS
from park.times import parse_instant, to_epoch_ms
from tests.support.ingest_fakes import (
    BATCH,
    HARVEST_TOPIC,
    ROOM_TOPIC,
    as_json,
    harvest,
    room_reading,
)

NOW_MS = to_epoch_ms(parse_instant("2026-10-12T12:00:00Z"))
LIMIT_BYTES = 262_144


@pytest.fixture(scope="module")
def decoder(small_park: Park) -> Decoder:
    return Decoder(small_park, clock_skew_s=300, payload_limit_bytes=LIMIT_BYTES)


def room(decoder: Decoder, payload: bytes) -> Decoded:
    return decoder.decode(ROOM_TOPIC, payload, NOW_MS)


def codes(decoded: Decoded) -> list[str]:
    return [fault.code for fault in decoded.faults]


def scan_code(decoder: Decoder, payload: bytes) -> str:
    decoded = decoder.decode(HARVEST_TOPIC, payload, NOW_MS)
    assert decoded.scans == []
    (fault,) = decoded.faults
    assert fault.payload == payload
    assert fault.detail
    return fault.code


def test_one_object_is_one_line(decoder: Decoder) -> None:
    decoded = room(decoder, as_json({"ts": NOW_MS, "seq": 41, "air_temp_c": -0.8}))
    assert decoded.lines == [
        f"cold_room,asset=room-0001,centre=centre-01,site=linyi air_temp_c=-0.8 {NOW_MS}"
    ]
    assert decoded.faults == []


def test_an_array_is_a_line_an_element(decoder: Decoder) -> None:
    decoded = room(decoder, as_json([room_reading(NOW_MS - n) for n in range(20)]))
    assert [decode(line).time_ms for line in decoded.lines] == [NOW_MS - n for n in range(20)]


def test_a_bad_element_of_an_array_spares_its_neighbours(decoder: Decoder) -> None:
    bad = room_reading(NOW_MS, air_temp_c=85)
    decoded = room(decoder, as_json([room_reading(NOW_MS - 2), bad, 7, room_reading(NOW_MS - 1)]))
    assert [decode(line).time_ms for line in decoded.lines] == [NOW_MS - 2, NOW_MS - 1]
    assert codes(decoded) == ["out-of-range", "malformed-json"]
    assert orjson.loads(decoded.faults[0].payload) == bad


def test_every_problem_of_a_reading_is_named_and_the_first_gives_the_code(
    decoder: Decoder,
) -> None:
    reading = {"ts": 5, "seq": -1, "air_temp_c": 999, "door_open": "yes", "bogus": 1}
    (fault,) = room(decoder, as_json(reading)).faults
    assert fault.code == "time-implausible"
    for name in reading:
        assert name in fault.detail


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"hello",
        b'"text"',
        b"7",
        b"[]",
        b"\xff\xfe",
        b'{"ts": 1,}',
        b'{"ts": NaN,}',
        b'{"ts": 1, "state": "\\ud800"}',
        b'{"ts": NaN, "x": "\\ud800"}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_json_object_or_array_is_malformed(decoder: Decoder, payload: bytes) -> None:
    assert codes(room(decoder, payload)) == ["malformed-json"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_not_finite_are_told_from_malformed_json(
    decoder: Decoder, number: str
) -> None:
    payload = f'{{"ts": {NOW_MS}, "air_temp_c": {number}}}'.encode()
    (fault,) = room(decoder, payload).faults
    assert (fault.code, fault.payload) == ("not-finite", payload)


def test_nan_in_one_element_of_an_array_spares_its_neighbours(decoder: Decoder) -> None:
    payload = f'[{{"ts": {NOW_MS}, "air_temp_c": NaN}}, {{"ts": {NOW_MS}, "air_temp_c": 1}}]'
    decoded = room(decoder, payload.encode())
    assert codes(decoded) == ["not-finite"]
    assert len(decoded.lines) == 1
    assert b"NaN" in decoded.faults[0].payload


def test_a_payload_over_the_limit_is_not_read(decoder: Decoder) -> None:
    decoded = room(decoder, b" " * (LIMIT_BYTES + 1))
    assert codes(decoded) == ["payload-too-large"]
    assert len(decoded.faults[0].payload) == LIMIT_BYTES + 1


def test_a_payload_at_the_limit_is_read(decoder: Decoder) -> None:
    payload = as_json(room_reading(NOW_MS))
    assert room(decoder, payload + b" " * (LIMIT_BYTES - len(payload))).faults == []


def test_an_array_of_too_many_elements_is_one_fault(decoder: Decoder) -> None:
    assert codes(room(decoder, b"[" + b"1," * 10_000 + b"1]")) == ["too-many-readings"]


@pytest.mark.parametrize("depth", [200, 500, 1_000])
def test_deep_nesting_is_a_fault_like_any_other(decoder: Decoder, depth: int) -> None:
    nested = b"[" * depth + b"]" * depth
    for topic in (ROOM_TOPIC, HARVEST_TOPIC):
        for payload in (
            nested,
            b'{"ts": %d, "air_temp_c": %s}' % (NOW_MS, nested),
            b'[{"ts": %s, "air_temp_c": 1}, {"ts": 1}]' % nested,
            b'{"ts": %d, "asset": %s}' % (NOW_MS, nested),
        ):
            decoded = decoder.decode(topic, payload, NOW_MS)
            assert decoded.faults
            assert decoded.lines == []


def test_a_reading_of_thousands_of_unknown_fields_has_a_bounded_detail(decoder: Decoder) -> None:
    payload = as_json({"ts": NOW_MS, **{f"field_{n}": n for n in range(5_000)}})
    (fault,) = room(decoder, payload).faults
    assert fault.code == "unknown-field"
    assert len(fault.detail) <= 2_000


def test_a_scan_takes_its_asset_from_the_topic(decoder: Decoder) -> None:
    decoded = decoder.decode(HARVEST_TOPIC, as_json(harvest(NOW_MS)), NOW_MS)
    ((_, scan),) = decoded.scans
    assert SCAN.validate_json(scan).asset == "orchard-001"


def test_a_scan_may_name_its_asset_again(decoder: Decoder) -> None:
    payload = as_json(harvest(NOW_MS, asset="orchard-001"))
    assert decoder.decode(HARVEST_TOPIC, payload, NOW_MS).faults == []


def test_a_scan_that_names_another_asset_than_its_topic_is_invalid(decoder: Decoder) -> None:
    payload = as_json(harvest(NOW_MS, asset="orchard-002"))
    assert scan_code(decoder, payload) == "invalid-scan"


@pytest.mark.parametrize(
    "batch", ["01/09521321000019/10/LOT-1", "(01)09521321000019(10)LOT-1"], ids=["link", "elements"]
)
def test_a_gtin_of_a_wrong_check_digit_has_its_own_code(decoder: Decoder, batch: str) -> None:
    assert scan_code(decoder, as_json(harvest(NOW_MS, batch=batch))) == "wrong-check-digit"


def test_an_sscc_of_a_wrong_check_digit_has_its_own_code(decoder: Decoder) -> None:
    scan = harvest(NOW_MS, action="palletise", pallet="095213210000000012")
    del scan["batch"], scan["qty_kg"]
    scan["contents"] = [{"batch": BATCH, "qty_kg": 10}]
    assert scan_code(decoder, as_json(scan)) == "wrong-check-digit"


@pytest.mark.parametrize("mass", [b"-5", b"0", b"1e9", b"NaN", b"Infinity", b'"5"', b"true"])
def test_an_impossible_mass_has_its_own_code(decoder: Decoder, mass: bytes) -> None:
    payload = as_json(harvest(NOW_MS)).replace(b"480.5", mass)
    assert scan_code(decoder, payload) == "invalid-mass"


def test_a_scan_of_an_unset_clock_has_its_own_code(decoder: Decoder) -> None:
    assert scan_code(decoder, as_json(harvest(NOW_MS // 1000))) == "time-implausible"


@pytest.mark.parametrize(
    "payload",
    [b"{}", b"[]", b"[{}]", b"null", as_json(harvest(NOW_MS, action="eat"))]
    + [as_json(harvest(NOW_MS, **change)) for change in ({"id": "7"}, {"ts": "noon"})]
    + [as_json(harvest(NOW_MS, **change)) for change in ({"batch": "LOT-1"}, {"batch": None})]
    + [as_json(harvest(NOW_MS, colour="red")), as_json(harvest(NOW_MS, batch="http://[/01/1"))],
)
def test_any_other_bad_scan_is_invalid(decoder: Decoder, payload: bytes) -> None:
    assert scan_code(decoder, payload) == "invalid-scan"


def test_a_scan_that_is_no_json_is_malformed(decoder: Decoder) -> None:
    assert scan_code(decoder, b"beep") == "malformed-json"


TOPICS = st.text() | st.sampled_from([ROOM_TOPIC, HARVEST_TOPIC])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
FIELD_NAMES = st.sampled_from(["ts", "seq", *KINDS["cold_room"].fields, "nonsense"])
SCAN_NAMES = st.sampled_from(["id", "ts", "asset", "action", "batch", "qty_kg", "inputs"])
ALMOST_READINGS = st.dictionaries(FIELD_NAMES, ANYTHING | st.just(NOW_MS) | st.just(-0.8))
ALMOST_SCANS = st.fixed_dictionaries(
    {}, optional={"action": st.sampled_from(["harvest", "sort", "receive"])}
).flatmap(lambda head: st.dictionaries(SCAN_NAMES, ANYTHING).map(lambda rest: rest | head))
JSON_LIKE = (ALMOST_READINGS | ALMOST_SCANS | st.lists(ALMOST_READINGS) | ANYTHING).map(
    lambda value: (
        orjson.dumps(value, default=repr, option=orjson.OPT_NON_STR_KEYS)
        if _fits(value)
        else repr(value).encode(errors="replace")
    )
)


def _fits(value: object) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True


@settings(max_examples=400)
@given(topic=TOPICS, payload=st.binary() | JSON_LIKE)
def test_no_message_makes_it_fail_and_everything_is_a_line_a_scan_or_a_fault(
    decoder: Decoder, topic: str, payload: bytes
) -> None:
    decoded = decoder.decode(topic, payload, NOW_MS)
    assert len(decoded.lines) + len(decoded.scans) + len(decoded.faults) >= 1
    for line in decoded.lines:
        reading = decode(line)
        assert reading.fields.keys() <= KINDS[reading.kind].fields.keys()
    for _, scan in decoded.scans:
        SCAN.validate_json(scan)
    for fault in decoded.faults:
        assert fault.code
        assert fault.detail
        fault.detail.encode()
