"""`agripark devices` as an operator meets it."""

import json
from pathlib import Path

import pytest

from ingest.devices.device import Device, State
from ingest.received import Received
from ingest.spool import Spool
from tests.support.command_line import CommandLine

NOW_MS = 1_760_000_000_000
NOW = "2025-10-09T08:53:20.000Z"
DEVICES = [
    Device("room-0001", "cold_room", State.ONLINE, NOW_MS, NOW_MS, NOW_MS, "2.4.1", 12_345),
    Device("room-0002", "cold_room", State.STALE, NOW_MS, NOW_MS, NOW_MS, missing=3, late=1),
    Device("station-001", "weather", State.OFFLINE, NOW_MS, NOW_MS),
]


@pytest.fixture
def agripark(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    data = tmp_path / "data"
    spool = Spool(data / "spool.db")
    spool.append(Received(devices=DEVICES), NOW_MS)
    spool.close()
    return CommandLine(data, capsys)


def listed(agripark: CommandLine, *options: str) -> list[str]:
    found = json.loads(agripark("devices", "list", *options, "--json").stdout)
    return [device["asset"] for device in found]


def test_devices_are_listed_by_their_ids(agripark: CommandLine) -> None:
    header, first, second, third = agripark("devices", "list").stdout.splitlines()
    assert header.split()[:3] == ["asset", "state", "since"]
    assert first.split() == ["room-0001", "online", NOW, NOW, "12,345", "0", "0", "0", "2.4.1"]
    assert second.split() == ["room-0002", "stale", NOW, NOW, "0", "3", "1", "0"]
    assert third.split()[:2] == ["station-001", "offline"]


def test_state_kind_and_pages_choose_among_them(agripark: CommandLine) -> None:
    assert listed(agripark) == ["room-0001", "room-0002", "station-001"]
    assert listed(agripark, "--state", "stale") == ["room-0002"]
    assert listed(agripark, "--kind", "weather") == ["station-001"]
    assert listed(agripark, "--limit", "2") == ["room-0001", "room-0002"]
    assert listed(agripark, "--after", "room-0002") == ["station-001"]
    assert listed(agripark, "--kind", "soil") == []
    assert agripark("devices", "list", "--kind", "soil").stdout == "no device was heard\n"


def test_one_device_is_shown_with_all_that_is_known(agripark: CommandLine) -> None:
    shown = agripark("devices", "show", "room-0002").stdout.splitlines()
    assert {"asset: room-0002", "state: stale", "missing: 3", f"since_at: {NOW}"} <= set(shown)
    found = json.loads(agripark("devices", "show", "station-001", "--json").stdout)
    assert (found["state"], found["newest_at"], found["last_seq"]) == ("offline", None, None)


def test_a_device_that_was_never_heard_is_one_clear_line(agripark: CommandLine) -> None:
    done = agripark("devices", "show", "room-0003")
    assert (done.status, done.stdout) == (1, "")
    assert "nothing ever came from 'room-0003'" in done.stderr


def test_a_state_that_there_is_none_of_names_those_that_there_are(agripark: CommandLine) -> None:
    done = agripark("devices", "list", "--state", "happy")
    assert done.status == 2
    assert all(state in done.stderr for state in State)


def test_no_firmware_gives_orders_to_the_terminal(agripark: CommandLine) -> None:
    spool = Spool(agripark.spool_path)
    device = Device("room-0003", "cold_room", since_ms=NOW_MS, firmware="\x1b[31m\x9b2J")
    spool.append(Received(devices=[device]), NOW_MS)
    spool.close()
    for words in (("devices", "list"), ("devices", "show", "room-0003")):
        printed = agripark(*words).stdout
        assert all(char.isprintable() or char == "\n" for char in printed)


def test_before_the_first_start_of_ingest_nothing_was_heard(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = CommandLine(tmp_path / "none", capsys)("devices", "list")
    assert (done.status, done.stdout) == (0, "no device was heard\n")
