"""What a profile makes of a message: values, times, devices, and faults that stay alone."""

import json
from typing import Any

import orjson
import pytest

from ingest.errors import MessageError
from ingest.profiles.files import read_profile, shipped_files
from ingest.profiles.profile import MOST_READINGS, Profile
from tests.support.profile_texts import profile

NOW_MS = 1_791_774_300_000
TOPIC = "rooms/cellar/data"
TIME = "2026-10-12T03:04:05.678Z"
TIME_MS = 1_791_774_245_678
TEMP = 'pointer = "/temp"\nunit = "Cel"'
DOOR = "values = { open = true, shut = false }"


def message(**members: Any) -> bytes:
    return json.dumps({"id": "a", "time": TIME, "temp": 1.5} | members).encode()


def content(of: Profile, **members: Any) -> dict[str, object]:
    (element,) = of.elements(TOPIC, message(**members), NOW_MS)
    return dict(element.content)


def refusal(of: Profile, payload: bytes) -> tuple[str, str]:
    with pytest.raises(MessageError) as caught:
        of.elements(TOPIC, payload, NOW_MS)
    return caught.value.code, caught.value.detail


def temperature(raw: object, keys: str) -> object:
    return content(profile((TEMP, f'pointer = "/temp"\n{keys}')), temp=raw)["air_temp_c"]


def test_what_the_device_sends_becomes_our_fields() -> None:
    (element,) = profile().elements(TOPIC, message(door="open", other=[1]), NOW_MS)
    assert element.asset == "room-0001"
    assert element.content == {"ts": TIME_MS, "air_temp_c": 1.5, "door_open": True}


@pytest.mark.parametrize(
    ("raw", "keys", "ours"),
    [
        (21.4, 'unit = "Cel"', 21.4),
        (21, "", 21),
        ("21.4", "", 21.4),
        ("-8e-1", "", -0.8),
        (214, "scale = 0.1", 21.4),
        (214, "scale = 0.1\noffset = -40", -18.6),
        (-8, "scale = 0.1", -0.8),
        (272.35, 'unit = "K"', -0.8),
        (32, 'unit = "[degF]"', 0.0),
        (70.52, 'unit = "[degF]"', 21.4),
        (27235, 'unit = "K"\nscale = 0.01', -0.8),
        (65528, "signed = 16\nscale = 0.1", -0.8),
        (8, "signed = 16\nscale = 0.1", 0.8),
        (4294967288, "signed = 32", -8),
        ("cold", "values = { cold = -1, hot = 30.5 }", -1),
        (2, 'values = { "1" = 4, "2" = 8 }', 8),
        (2.0, 'values = { "2" = 8 }', 8),
        (True, "values = { true = 1 }", 1),
    ],
)
def test_a_number_is_converted_to_what_is_meant(raw: object, keys: str, ours: float) -> None:
    found = temperature(raw, keys)
    assert found == ours
    assert "-0.0" not in str(found) or ours != 0


@pytest.mark.parametrize("missing", [-999, -999.0, "-999", "n/a", None])
def test_a_missing_value_is_left_out(missing: object) -> None:
    of = profile(('unit = "Cel"', 'missing_values = [-999, "n/a"]'))
    assert "air_temp_c" not in content(of, temp=missing, door="open")


@pytest.mark.parametrize(
    "raw", ["warm", "", "1,5", "0x10", "1e9999", True, [1], {"v": 1}, "9" * 50]
)
def test_what_is_no_number_is_refused_with_its_place(raw: object) -> None:
    code, detail = refusal(profile(), message(temp=raw))
    assert code == "wrong-type"
    assert detail.startswith("rooms.toml: air_temp_c: ")
    assert "at /temp is no number" in detail


@pytest.mark.parametrize(
    ("raw", "keys", "ours"),
    [
        ("open", DOOR, True), ("shut", DOOR, False), (True, "", True), (0, "", False),
        (1.0, "", True), (4, "bit = 2", True), (4, "bit = 0", False), ("5", "bit = 0", True),
        (1, 'values = { "1" = false, "0" = true }', False),
    ],
)  # fmt: skip
def test_a_switch_becomes_true_or_false(raw: object, keys: str, *, ours: bool) -> None:
    assert content(profile((DOOR, keys)), door=raw)["door_open"] is ours


@pytest.mark.parametrize(
    ("raw", "keys", "words"),
    [
        ("ajar", DOOR, "'ajar' at /door is none of open, shut"),
        ([], DOOR, "an array at /door is none of"),
        ("open", "", "neither true nor false: the field needs values"),
        (2, "", "neither true nor false"),
        (-1, "bit = 0", "no whole number with bits"),
        (1.5, "bit = 0", "no whole number with bits"),
        ("x", "bit = 0", "is no number"),
    ],
)
def test_what_is_no_switch_is_refused(raw: object, keys: str, words: str) -> None:
    code, detail = refusal(profile((DOOR, keys)), message(door=raw))
    assert code == "wrong-type"
    assert words in detail


def test_every_wrong_field_of_a_reading_is_named() -> None:
    _, detail = refusal(profile(), message(temp="warm", door="ajar"))
    assert "air_temp_c: 'warm'" in detail
    assert "door_open: 'ajar'" in detail


@pytest.mark.parametrize(
    ("keys", "raw", "ms"),
    [
        ('"rfc3339"', "2022-07-18T09:34:15.775023242+00:00", 1_658_136_855_775),
        ('"rfc3339"', "2022-07-18T17:34:15+08:00", 1_658_136_855_000),
        ('"epoch-s"', 1_658_136_855, 1_658_136_855_000),
        ('"epoch-s"', 1_658_136_855.775, 1_658_136_855_775),
        ('"epoch-s"', "1658136855", 1_658_136_855_000),
        ('"epoch-ms"', 1_658_136_855_775, 1_658_136_855_775),
        ('"local"\noffset = "+08:00"', "2022-07-18 17:34:15", 1_658_136_855_000),
        ('"local"\noffset = "-03:30"', "2022/07/18 06:04:15.5", 1_658_136_855_500),
    ],
)
def test_a_time_is_read_in_the_format_that_the_device_has(keys: str, raw: object, ms: int) -> None:
    assert content(profile(('"rfc3339"', keys)), time=raw)["ts"] == ms


@pytest.mark.parametrize(
    ("keys", "raw"),
    [
        ('"rfc3339"', "2022-07-18 09:34"), ('"rfc3339"', 1_658_136_855), ('"rfc3339"', "now"),
        ('"epoch-s"', TIME), ('"epoch-s"', True), ('"epoch-s"', []), ('"epoch-s"', "1e300"),
        ('"local"\noffset = "+08:00"', TIME), ('"local"\noffset = "+08:00"', "2022-13-01 00:00:00"),
    ],
)  # fmt: skip
def test_a_wrong_time_is_refused_with_its_place(keys: str, raw: object) -> None:
    code, detail = refusal(profile(('"rfc3339"', keys)), message(time=raw))
    assert code == "time-invalid"
    assert "at /time" in detail


def test_a_device_without_a_clock_has_the_time_of_arrival() -> None:
    of = profile(('pointer = "/time"\nformat = "rfc3339"', 'format = "arrival"'))
    assert content(of)["ts"] == NOW_MS


def test_a_sequence_number_goes_along_where_there_is_one() -> None:
    of = profile(('kind = "', 'seq = "/n"\nkind = "'))
    assert content(of, n=7)["seq"] == 7
    assert "seq" not in content(of)


@pytest.mark.parametrize(
    ("payload", "code", "words"),
    [
        (b"{", "malformed-json", "no JSON"),
        (b"", "malformed-json", "no JSON"),
        (b"[]", "profile-mismatch", "no device id at /id"),
        (message(id=None), "profile-mismatch", "no device id at /id"),
        (message(id=1.5), "wrong-type", "device id 1.5 at /id is no text"),
        (
            message(id="z"),
            "unknown-device",
            "device 'z' isn't listed under [devices] of rooms.toml",
        ),
        (message(time=None), "profile-mismatch", "no time at /time"),
        (message(temp=None), "no-fields", "rooms.toml: nothing at any of /temp, /door"),
    ],
)
def test_a_message_that_does_not_fit_says_why(payload: bytes, code: str, words: str) -> None:
    found, detail = refusal(profile(), payload)
    assert found == code
    assert words in detail


@pytest.mark.parametrize("written", ["a", "A"])
def test_capitals_of_a_device_s_id_make_no_difference(written: str) -> None:
    assert content(profile(), id=written)["air_temp_c"] == 1.5


def test_a_number_may_be_a_device_s_id() -> None:
    of = profile(('a = "room-0001"', '17 = "room-0001"'))
    assert content(of, id=17)["air_temp_c"] == 1.5


def test_a_device_may_be_named_by_the_topic() -> None:
    of = profile(('pointer = "/id"', "level = 2"), ("a = ", "cellar = "))
    assert of.elements(TOPIC, message(), NOW_MS)[0].asset == "room-0001"
    assert of.read("rooms/attic/data", message(), NOW_MS).unknown == {"attic"}


def test_a_device_may_be_constant_and_its_asset_too() -> None:
    of = profile(
        ('pointer = "/id"', 'constant = "plc"'),
        ('kind = "', 'asset = "room-0001"\nkind = "'),
        ('a = "room-0001"\n', ""),
    )
    assert of.elements(TOPIC, message(), NOW_MS)[0].asset == "room-0001"


def test_a_foreign_id_may_become_the_asset_s() -> None:
    of = profile(('kind = "', 'asset = "room-{device}"\nkind = "'))
    assert of.elements(TOPIC, message(id="0042"), NOW_MS)[0].asset == "room-0042"
    assert of.elements(TOPIC, message(), NOW_MS)[0].asset == "room-0001"


def test_a_condition_decides_on_a_field_and_on_a_reading() -> None:
    when = 'when = { pointer = "/mode", equals = ["run", 1] }'
    field = profile((DOOR, f"{DOOR}\n{when}"))
    assert content(field, door="open", mode="run")["door_open"] is True
    assert "door_open" not in content(field, door="open", mode="idle")
    assert "door_open" not in content(field, door="open", mode=True)
    reading = profile(('kind = "', f'{when}\nkind = "'))
    assert content(reading, mode=1.0)["air_temp_c"] == 1.5
    assert refusal(reading, message())[0] == "no-fields"


def test_readings_of_a_list_are_judged_one_by_one() -> None:
    of = profile(('kind = "', 'each = "/list"\nkind = "'))
    good = {"id": "a", "time": TIME, "temp": 1}
    bad = [good | {"temp": "x"}, 7, good | {"id": "z"}, good | {"id": "z"}, good | {"time": "x"}]
    mapped = of.read(TOPIC, orjson.dumps({"list": [good, *bad, good | {"id": "b"}]}), NOW_MS)
    assert [element.asset for element in mapped.elements] == ["room-0001", "room-0002"]
    assert [fault.code for fault in mapped.faults] == [
        "wrong-type", "profile-mismatch", "unknown-device", "time-invalid",
    ]  # fmt: skip
    assert mapped.faults[0].detail.startswith("rooms.toml, /list/1: ")
    assert mapped.known == {"a", "b"}
    assert mapped.unknown == {"z"}


def test_a_message_may_itself_be_the_list_and_one_object_is_a_list_of_one() -> None:
    of = profile(('kind = "', 'each = ""\nkind = "'))
    one = json.loads(message())
    assert len(of.elements(TOPIC, orjson.dumps([one, one | {"id": "b"}]), NOW_MS)) == 2
    assert len(of.elements(TOPIC, orjson.dumps(one), NOW_MS)) == 1
    assert refusal(of, b"[]")[0] == "profile-mismatch"


def test_too_many_readings_are_refused() -> None:
    of = profile(('kind = "', 'each = ""\nkind = "'))
    assert refusal(of, orjson.dumps([0] * (MOST_READINGS + 1)))[0] == "too-many-readings"


def test_a_valve_that_is_not_listed_is_left_out() -> None:
    text = shipped_files()["chirpstack-milesight-uc51x"].read_text(encoding="utf-8")
    of = profile((', valve_2 = "block-00002"', ""), text=text)
    uplink = {
        "time": TIME,
        "deviceInfo": {"devEui": "24e124460c123456"},
        "object": {"valve_1": "open", "valve_2": "close", "battery": 90},
    }
    elements = of.elements("application/1/device/x/event/up", orjson.dumps(uplink), NOW_MS)
    assert [element.asset for element in elements] == ["block-00001"]


def test_an_example_topic_matches_the_filter() -> None:
    for name in shipped_files():
        shipped = read_profile(shipped_files()[name])
        assert shipped.matches(shipped.example_topic())
    of = profile(("rooms/+/data", "rooms/#"), ('pointer = "/id"', "level = 3"))
    assert of.example_topic() == "rooms/any/a"
    assert of.matches("rooms/any/a")
