"""Foreign messages as devices send them: each folder of tests/cases/profiles is one.

A folder holds the topic, the payload, the profile where it isn't a shipped one, and what comes of
it. The folder's name begins with the word that `_SHIPPED` knows.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from ingest.profiles.files import parse_profile, read_profile, shipped_files
from ingest.profiles.profile import Mapped, Profile
from ingest.validation import check_fields, check_time
from park.assets import Park

CASES = Path(__file__).parents[2] / "cases" / "profiles"
NOW_MS = 1_791_774_300_000
_SHIPPED = {
    "uc51x": "chirpstack-milesight-uc51x",
    "em500": "chirpstack-milesight-em500-smtc",
    "modbus": "modbus-gateway",
}


def profile_of(case: Path) -> Profile:
    own = case / "profile.toml"
    if own.exists():
        return read_profile(own)
    return read_profile(shipped_files()[_SHIPPED[case.name.split("-")[0]]])


def as_json(mapped: Mapped) -> dict[str, Any]:
    return {
        "elements": [
            {"asset": element.asset, "kind": element.kind, **element.content}
            for element in mapped.elements
        ],
        "faults": [{"code": fault.code, "detail": fault.detail} for fault in mapped.faults],
    }


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda case: case.name)
def test_a_device_s_message_becomes_what_is_expected(case: Path) -> None:
    profile = profile_of(case)
    topic = (case / "topic").read_text(encoding="utf-8").strip()
    payload = (case / "payload.json").read_bytes()
    expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    assert profile.matches(topic)
    assert as_json(profile.read(topic, payload, NOW_MS)) == expected


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda case: case.name)
def test_what_comes_of_a_message_stands_the_later_checks(case: Path, small_park: Park) -> None:
    topic = (case / "topic").read_text(encoding="utf-8").strip()
    payload = (case / "payload.json").read_bytes()
    for element in profile_of(case).read(topic, payload, NOW_MS).elements:
        kind = small_park.asset(element.asset).kind
        assert kind is not None
        assert kind.name == element.kind
        assert check_time(element.content["ts"], NOW_MS, skew_ms=0)
        assert check_fields(element.kind, element.content)


def test_every_shipped_profile_has_a_case() -> None:
    assert set(_SHIPPED.values()) == set(shipped_files())


def test_a_shipped_profile_may_be_edited_on_windows() -> None:
    text = shipped_files()["modbus-gateway"].read_text(encoding="utf-8")
    assert parse_profile(text.replace("\n", "\r\n"), "x.toml").name == "modbus-gateway"
