"""Profiles that share a topic filter: each message goes to those that have its device."""

import orjson
import pytest

from ingest.errors import ProfileError
from ingest.profiles.collection import Profiles
from ingest.profiles.files import shipped_profiles
from ingest.profiles.profile import Mapped
from park.assets import Park
from tests.support.profile_texts import ROOMS, profile

NOW_MS = 1_791_774_300_000
SHIPPED = Profiles(shipped_profiles())
UPLINKS = "application/1/device/x/event/up"


def uplink(device: object, **values: object) -> bytes:
    info = {"devEui": device}
    return orjson.dumps(
        {"time": "2026-10-12T03:04:05Z", "deviceInfo": info, "object": {"battery": 90} | values}
    )


def codes(mapped: Mapped) -> list[str]:
    return [fault.code for fault in mapped.faults]


def test_a_filter_that_two_profiles_share_is_subscribed_to_once() -> None:
    assert SHIPPED.subscriptions == ("application/+/device/+/event/up", "gateway/+/data")
    assert Profiles().subscriptions == ()


def test_assets_that_a_profile_lists_must_be_there(small_park: Park) -> None:
    SHIPPED.require_assets(small_park)
    with pytest.raises(ProfileError, match=r"profile rooms\.toml, devices\.b: no asset 'room-777'"):
        Profiles((profile(("room-0002", "room-777")),)).require_assets(small_park)


def test_a_message_is_read_by_the_profile_that_has_its_device() -> None:
    probe = SHIPPED.read(UPLINKS, uplink("24E124126B123456", moisture=20), NOW_MS)
    assert [element.kind for element in probe.elements] == ["soil"]
    valve = SHIPPED.read(UPLINKS, uplink("24e124460c123456"), NOW_MS)
    assert [element.kind for element in valve.elements] == ["irrigation_block"] * 2
    assert codes(probe) == codes(valve) == []


def test_a_device_that_no_profile_has_is_unknown_and_every_file_is_named() -> None:
    mapped = SHIPPED.read(UPLINKS, uplink("ffffffffffffffff"), NOW_MS)
    assert codes(mapped) == ["unknown-device"]
    assert mapped.elements == []
    for part in ("'ffffffffffffffff'", "uc51x.toml", "em500-smtc.toml"):
        assert part in mapped.faults[0].detail


def test_the_fault_of_the_profile_that_has_the_device_is_the_one_that_counts() -> None:
    assert codes(SHIPPED.read(UPLINKS, uplink("24e124460c123456", valve_1="?"), NOW_MS)) == [
        "wrong-type"
    ]
    assert codes(SHIPPED.read(UPLINKS, b"{", NOW_MS)) == ["malformed-json"]
    assert codes(SHIPPED.read(UPLINKS, b"{}", NOW_MS)) == ["profile-mismatch"]


def test_a_topic_that_no_profile_has_is_unknown() -> None:
    assert SHIPPED.of_topic("elsewhere") == ()
    assert codes(SHIPPED.read("elsewhere", b"{}", NOW_MS)) == ["unknown-topic"]


def test_a_list_may_hold_devices_of_several_profiles() -> None:
    text = ROOMS.replace("[device]", 'each = ""\n[device]', 1)
    first = profile(('b = "room-0002"\n', ""), text=text)
    second = profile(
        ('a = "room-0001"\n', ""), ('"rooms"', '"others"'), ("[fields.door", "[fields.defrost"),
        ("_open]", "_on]"), text=text,
    )  # fmt: skip
    reading = {"time": "2026-10-12T03:04:05Z", "temp": 1}
    payload = orjson.dumps([reading | {"id": device} for device in "abc"])
    mapped = Profiles((first, second)).read("rooms/1/data", payload, NOW_MS)
    assert [element.asset for element in mapped.elements] == ["room-0001", "room-0002"]
    assert codes(mapped) == ["unknown-device"]
    assert mapped.unknown == {"c"}


def test_what_is_nothing_to_one_profile_may_be_something_to_another() -> None:
    other = profile(('"rooms"', '"others"'), ('"/temp"', '"/t"'), ('"/door"', '"/d"'))
    payload = orjson.dumps({"id": "a", "time": "2026-10-12T03:04:05Z", "temp": 1})
    mapped = Profiles((profile(), other)).read("rooms/1/data", payload, NOW_MS)
    assert len(mapped.elements) == 1
    assert codes(mapped) == []
