"""Whatever arrives becomes elements or a message error; conversions say what was meant."""

import math
from decimal import Decimal
from typing import Any

import orjson
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ingest.element import Element
from ingest.errors import MessageError
from ingest.profiles.collection import Profiles
from ingest.profiles.files import shipped_profiles
from ingest.profiles.profile import Profile
from tests.support.profile_texts import profile

NOW_MS = 1_791_774_300_000
UPLINKS = "application/1/device/24e124460c123456/event/up"
GATEWAY = "gateway/plc-01/data"
CODES = {
    "unknown-device", "profile-mismatch", "time-invalid", "malformed-json", "wrong-type",
    "no-fields", "unknown-topic", "too-many-readings", "malformed-senml",
}  # fmt: skip
SHIPPED = shipped_profiles()
TOGETHER = Profiles(SHIPPED)

SENML = profile(
    ('kind = "', 'codec = "senml"\nasset = "x{device}"\nkind = "'),
    ('[time]\npointer = "/time"\nformat = "rfc3339"', ""),
    ('"/id"', '"/device"'),
    ('"/temp"', '"/values/air_temp_c"'),
)

KEYS = st.sampled_from(
    ["deviceInfo", "devEui", "object", "history", "time", "timestamp", "valve_1", "valve_1_pulse",
     "battery", "moisture", "ec", "dev", "room1_temp", "room1_status", "room1_energy_wh", "0"],
)  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["24e124460c123456", "plc-01", "open", "2026-10-12 11:04:05", "1e400", "²"])
    | st.sampled_from(["2026-10-12T03:04:05Z", 1_678_352_703, 65535, 2**70, -(2**63), 1e308])
    | st.text(max_size=8)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=4), inner),
    max_leaves=25,
)


@st.composite
def uplinks(draw: st.DrawFn) -> dict[str, Any]:
    """A message that is nearly right."""
    fields = st.dictionaries(KEYS, SCALARS | JSON, max_size=6)
    return {
        "deviceInfo": {"devEui": draw(st.sampled_from(["24e124460c123456", "24e124126b123456"]))},
        "time": draw(st.just("2026-10-12T03:04:05.678901234+00:00") | JSON),
        "object": draw(fields) | {"history": draw(st.lists(fields, max_size=3) | JSON)},
        "dev": "plc-01",
        **draw(fields),
    }


def as_payload(value: Any) -> bytes:
    """JSON; NaN and infinity as nulls, and what JSON can't say as text."""
    try:
        return orjson.dumps(value, default=str)
    except TypeError:
        return str(value).encode(errors="replace")


def outcome(of: Profile, topic: str, payload: bytes) -> list[Element] | MessageError:
    try:
        return of.elements(topic, payload, NOW_MS)
    except MessageError as error:
        return error


def check(of: Profile, topic: str, payload: bytes) -> None:
    found = outcome(of, topic, payload)
    if isinstance(found, MessageError):
        assert found.code in CODES
        assert found.detail
        return
    assert found
    for element in found:
        assert element.asset
        assert isinstance(element.content["ts"], int)
        assert len(element.content) > 1


@settings(max_examples=400)
@given(JSON | uplinks())
def test_any_json_gives_elements_or_a_message_error(message: Any) -> None:
    payload = as_payload(message)
    for each in SHIPPED:
        check(each, UPLINKS, payload)
    TOGETHER.read(UPLINKS, payload, NOW_MS)
    TOGETHER.read(GATEWAY, payload, NOW_MS)


@given(st.binary(max_size=60))
def test_any_bytes_give_elements_or_a_message_error(payload: bytes) -> None:
    for each in SHIPPED:
        check(each, UPLINKS, payload)


RECORDS = st.dictionaries(
    st.sampled_from(["bn", "bt", "bu", "bv", "bs", "bver", "n", "u", "v", "vb", "vs", "s", "t"]),
    SCALARS | st.sampled_from(["room:", "air_temp_c", 10, 1e9]),
    max_size=5,
)


@given(st.lists(RECORDS, max_size=4) | JSON)
def test_any_senml_gives_elements_or_a_message_error(message: Any) -> None:
    check(SENML, "rooms/1/data", as_payload(message))


def test_what_nests_without_end_is_refused() -> None:
    for payload in (b"[" * 100_000, b'{"object":' * 50_000, b"[" * 900 + b"]" * 900):
        for each in SHIPPED:
            check(each, UPLINKS, payload)


def converted(raw: object, keys: str) -> float:
    of = profile(('unit = "Cel"', keys))
    payload = orjson.dumps({"id": "a", "time": "2026-10-12T03:04:05Z", "temp": raw})
    (element,) = of.elements("rooms/1/data", payload, NOW_MS)
    value = element.content["air_temp_c"]
    assert isinstance(value, float)
    return value


@given(st.integers(-4000, 6000), st.sampled_from([10, 100, 1000]))
def test_a_scaled_register_is_the_decimal_that_was_meant(register: int, divisor: int) -> None:
    meant = float(Decimal(register) / divisor)
    assert converted(register, f"scale = {1 / divisor}") == meant
    assert repr(converted(register, f"scale = {1 / divisor}")) == repr(meant)


@given(st.decimals(-100, 100, places=3))
def test_kelvins_of_a_decimal_give_it_back(celsius: Decimal) -> None:
    assert converted(float(celsius + Decimal("273.15")), 'unit = "K"') == float(celsius)


@given(st.decimals(-40, 60, places=2))
def test_fahrenheits_of_a_decimal_give_it_back(celsius: Decimal) -> None:
    assert converted(float(celsius * 9 / 5 + 32), 'unit = "[degF]"') == float(celsius)


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-1e6, 1e6).filter(lambda scale: abs(scale) > 1e-6),
)
def test_rounding_never_moves_a_value_by_more_than_its_twelfth_digit(
    raw: float, scale: float
) -> None:
    assume(scale != 1)
    exact = raw * scale
    assume(math.isfinite(exact))
    assert math.isclose(converted(raw, f"scale = {scale!r}"), exact, rel_tol=1e-11, abs_tol=1e-300)
