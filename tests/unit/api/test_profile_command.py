"""`agripark profile` as a user meets it: what there is, a file to copy, and a trial."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from api.commands.profile import app
from ingest.errors import ProfileError
from ingest.profiles import file
from ingest.profiles.files import shipped_files
from tests.support.profile_texts import ROOMS

CASES = Path(__file__).parents[2] / "cases" / "profiles"
PAGE = (Path(__file__).parents[3] / "docs" / "profiles.md").read_text(encoding="utf-8")
TWO_VALVES = CASES / "uc51x-two-valves" / "payload.json"
MESSAGE = {"id": "a", "time": "2024-10-12T03:04:05Z", "temp": 1.5, "door": "open"}

Command = Callable[..., Result]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs `agripark profile` on a small park with one profile of its own."""
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "rooms.toml").write_text(ROOMS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGRIPARK_PROFILES_DIR", str(folder))
    monkeypatch.setenv("AGRIPARK_PARK_SCALE", "0.01")

    def run(*arguments: str | Path, stdin: bytes | None = None) -> Result:
        result = CliRunner().invoke(app, list(map(str, arguments)), input=stdin)
        if isinstance(result.exception, ProfileError):
            raise result.exception
        return result

    return run


def trial(command: Command, *arguments: str | Path, stdin: object = None) -> tuple[int, Any]:
    payload = stdin if isinstance(stdin, bytes) else json.dumps(stdin).encode()
    result = command("test", *arguments, "--json", stdin=payload)
    return result.exit_code, json.loads(result.stdout)


def test_the_shipped_profiles_and_one_s_own_are_listed(command: Command) -> None:
    rows = json.loads(command("list", "--json").stdout)
    assert {row["name"] for row in rows} == {"rooms", *shipped_files()}
    own = next(row for row in rows if row["origin"] == "own")
    assert (own["topic"], own["kinds"], own["devices"]) == ("rooms/+/data", ["cold_room"], 2)
    assert "rooms/+/data" in command("list").stdout


def test_a_profile_s_file_is_printed_so_that_it_can_be_copied(
    command: Command, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.toml"
    copy.write_text(command("show", "modbus-gateway").stdout, encoding="utf-8")
    assert copy.read_bytes() == shipped_files()["modbus-gateway"].read_bytes()
    assert command("show", "rooms").stdout == ROOMS.rstrip("\n") + "\n"


def test_what_would_be_stored_is_shown(command: Command) -> None:
    status, shown = trial(command, "rooms", "-", stdin=MESSAGE)
    assert status == 0
    assert shown["topic"] == "rooms/any/data"
    assert shown["topic_assumed"] is True
    assert shown["problems"] == []
    assert shown["readings"] == [
        {
            "asset": "room-0001",
            "kind": "cold_room",
            "time": "2024-10-12T03:04:05.000Z",
            "fields": {
                "air_temp_c": {"value": 1.5, "unit": "Cel"},
                "door_open": {"value": True, "unit": ""},
            },
            "line": "cold_room,asset=room-0001,centre=centre-01,site=linyi "
            "air_temp_c=1.5,door_open=1i 1728702245000",
        }
    ]


def test_a_terminal_gets_tables_and_lines(command: Command) -> None:
    result = command("test", "chirpstack-milesight-uc51x", TWO_VALVES)
    assert result.exit_code == 0
    assert "assumed: give the real one with --topic" in result.stdout
    assert "block-00001  irrigation_block  2025-07-18T09:34:15.775Z" in result.stdout
    assert "  volume_m3    26.1   m3" in result.stdout
    assert "irrigation_block,asset=block-00002,site=linyi volume_m3=0.0" in result.stdout


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"id": "z"}, ["unknown-device"]),
        ({"temp": "warm"}, ["wrong-type"]),
        ({"temp": 85}, ["out-of-range"]),
        ({"time": "1970-01-01T00:00:10Z"}, ["time-implausible"]),
        ({"time": "2424-01-01T00:00:00Z", "temp": 85}, ["time-in-future", "out-of-range"]),
        ({"temp": None, "door": None}, ["no-fields"]),
    ],
)
def test_what_would_go_to_quarantine_is_named_and_fails(
    changes: dict[str, object], codes: list[str], command: Command
) -> None:
    status, shown = trial(command, "rooms", "-", stdin=MESSAGE | changes)
    assert status == 1
    assert [problem["code"] for problem in shown["problems"]] == codes
    assert all(reading["line"] is None for reading in shown["readings"])
    text = command("test", "rooms", "-", stdin=json.dumps(MESSAGE | changes).encode())
    assert text.exit_code == 1
    assert f"would go to quarantine:\n{codes[0]}: " in text.stdout


@pytest.mark.parametrize("asset", ["room-7777", "probe-0001"])
def test_an_asset_that_the_park_has_not_is_named(
    asset: str, command: Command, tmp_path: Path
) -> None:
    path = tmp_path / "other.toml"
    path.write_text(ROOMS.replace("room-0001", asset), encoding="utf-8")
    status, shown = trial(command, path, "-", stdin=MESSAGE)
    assert status == 1
    assert [problem["code"] for problem in shown["problems"]] == ["unknown-asset"]
    assert asset in shown["problems"][0]["detail"]


def test_a_topic_that_the_filter_does_not_match_is_a_problem(command: Command) -> None:
    status, shown = trial(command, "rooms", "-", "--topic", "rooms/1/status", stdin=MESSAGE)
    assert status == 1
    assert [problem["code"] for problem in shown["problems"]] == ["unknown-topic"]
    assert shown["topic_assumed"] is False


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff", b"[" * 100_000])
def test_a_sample_that_is_no_json_is_a_problem(payload: bytes, command: Command) -> None:
    status, shown = trial(command, "rooms", "-", stdin=payload)
    assert status == 1
    assert [problem["code"] for problem in shown["problems"]] == ["malformed-json"]


def test_a_sample_can_t_make_the_terminal_do_something(command: Command) -> None:
    payload = json.dumps(MESSAGE | {"id": "\x1b[2J"}).encode()
    assert "\x1b" not in command("test", "rooms", "-", stdin=payload).stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("show", "nothing"), "profile nothing: no file and no profile; agripark profile list"),
        (("test", "nothing", "-"), "no file and no profile"),
        (
            ("test", "rooms", "nowhere.json"),
            "profile nowhere.json: the sample can't be read: No such",
        ),
        (("list", "--profiles", "nowhere"), "profile nowhere: is no folder"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(
    arguments: tuple[str, ...], complaint: str, command: Command
) -> None:
    with pytest.raises(ProfileError) as caught:
        command(*arguments)
    assert complaint in str(caught.value)


@pytest.mark.parametrize("name", ["list", "show", "test"])
def test_every_command_has_help_with_an_example(name: str, command: Command) -> None:
    assert f"Example: agripark profile {name}" in command(name, "--help").stdout


def block(language: str, containing: str) -> str:
    """The page's first block in that language with those words."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    text: str = next(text for text in blocks if containing in text)
    return text


def test_the_page_s_example_prints_what_the_page_says(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "my-rooms.toml"
    path.write_text(block("toml", 'name = "my-rooms"'), encoding="utf-8")
    sample = block("json", "temp_f").encode()
    result = command("test", path, "-", "--topic", "store/7/state", stdin=sample)
    assert result.exit_code == 0
    assert result.stdout == block("", "would be stored as:")


def test_the_page_names_every_key_and_every_shipped_profile() -> None:
    tables = (file.ProfileFile, file.DeviceTable, file.TimeTable, file.FieldTable, file.AssetTable)
    for each in tables:
        for key in each.model_fields:
            assert re.search(rf"`{key}`|\[{key}\]|\[\[{key}\]\]|\[{key}\.", PAGE), key
    for name in shipped_files():
        assert f"`{name}`" in PAGE
