"""`agripark calibration` as a user meets it: enter a certificate, look, withdraw."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.commands.calibration import app
from api.errors import CommandError
from ingest.errors import CalibrationError, NoCorrectionError
from park.errors import UnknownAssetError

OFFSET = ("--offset", "-0.3")
FROM = ("--from", "2026-10-01T00:00:00+08:00")
WHO = ("--certificate", "CNAS L1234/2026-118", "--person", "Li Wei")

Command = Callable[..., str]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs `agripark calibration` on a small park, gives what it prints, raises our errors."""
    monkeypatch.setenv("AGRIPARK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("AGRIPARK_PARK_SCALE", "0.01")

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, list(arguments))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


def listed(command: Command, *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(command("list", *arguments, "--json"))
    return found


def test_a_certificate_is_entered_and_listed(command: Command) -> None:
    until = ("--until", "2027-10-01T00:00:00+08:00")
    printed = command("add", "room-0001", "air_temp_c", *OFFSET, *FROM, *until, *WHO)
    (header, row) = printed.splitlines()
    assert header.split() == [
        "number", "asset", "field", "correction", "from", "until", "certificate", "withdrawn",
    ]  # fmt: skip
    assert row.split() == [
        "1", "room-0001", "air_temp_c", "-0.3",
        "2026-09-30T16:00:00.000Z", "2027-09-30T16:00:00.000Z", "CNAS", "L1234/2026-118",
    ]  # fmt: skip
    assert command("list") == command("list", "room-0001") == printed


def test_points_and_gains_are_shown_as_they_were_entered(command: Command) -> None:
    points = ("--point", "0.1=0.0", "--point", "-2.0=-1.7")
    assert " -2=-1.7 0.1=0 " in command("add", "room-0001", "air_temp_c", *points, *FROM, *WHO)
    gain = ("--gain", "1.01", "--offset", "0.2")
    assert " 1.01x+0.2 " in command("add", "room-0001", "humidity_pct", *gain, *FROM, *WHO)
    (second, first) = listed(command)
    assert (second["gain"], second["offset"], second["points"]) == (1.01, 0.2, [])
    assert first["points"] == [{"raw": -2.0, "reference": -1.7}, {"raw": 0.1, "reference": 0.0}]
    assert [item["number"] for item in listed(command, "--field", "humidity_pct")] == [2]


def test_a_withdrawn_correction_stays_in_the_list_with_its_reason(command: Command) -> None:
    command("add", "room-0001", "air_temp_c", *OFFSET, *FROM, *WHO)
    printed = command("withdraw", "1", "--reason", "another probe's", "--person", "Li Wei")
    assert "another probe's" in printed
    (item,) = listed(command, "room-0001")
    assert (item["withdrawn"]["reason"], item["offset"]) == ("another probe's", -0.3)
    with pytest.raises(CalibrationError, match="correction 1 is withdrawn already"):
        command("withdraw", "1", "--reason", "again", "--person", "Li Wei")


def test_without_any_correction_it_says_so(command: Command) -> None:
    assert command("list") == command("list", "room-0001") == "none\n"
    assert listed(command) == []


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (("room-9999", "air_temp_c", *OFFSET, *FROM), UnknownAssetError, "room-9999"),
        (("orchard-001", "air_temp_c", *OFFSET, *FROM), CalibrationError, "sends no telemetry"),
        (("room-0001", "air_temp", *OFFSET, *FROM), CalibrationError, "it has air_temp_c"),
        (("room-0001", "door_open", *OFFSET, *FROM), CalibrationError, "no measurement"),
        (("room-0001", "air_temp_c", *FROM), CommandError, "--offset"),
        (("room-0001", "air_temp_c", "--point", "4", *FROM), CommandError, "RAW=REFERENCE"),
        (("room-0001", "air_temp_c", "--point", "0=0.1", *OFFSET, *FROM), CalibrationError,
         "either points, or gain and offset"),
        (("room-0001", "air_temp_c", "--offset", "30", *FROM), CalibrationError, "a quarter"),
        (("room-0001", "air_temp_c", *OFFSET, "--from", "2026-10-01"), CommandError, "RFC 3339"),
        (("room-0001", "air_temp_c", *OFFSET, *FROM, "--until", FROM[1]), CalibrationError,
         "ends before it begins"),
    ],
)  # fmt: skip
def test_what_can_not_be_meant_is_refused_and_not_recorded(
    command: Command, arguments: tuple[str, ...], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        command("add", *arguments, *WHO)
    assert listed(command) == []


def test_a_slip_of_the_pen_is_no_empty_list(command: Command) -> None:
    with pytest.raises(UnknownAssetError, match="room-9999"):
        command("list", "room-9999")
    with pytest.raises(CommandError, match="no field 'air_temp'"):
        command("list", "room-0001", "--field", "air_temp")
    with pytest.raises(NoCorrectionError, match="no correction 99999999999999999999"):
        command("withdraw", "99999999999999999999", "--reason", "x", "--person", "y")


def test_the_page_shows_what_is_printed(command: Command) -> None:
    page = (Path(__file__).parents[3] / "docs" / "calibration.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```(sh)?\n(agripark calibration.*?|number .*?)```", page, re.DOTALL)
    printed = ""
    for language, text in blocks:
        if language == "sh":
            for line in text.splitlines():
                printed = command(*shlex.split(line)[2:])
        else:
            assert [row.rstrip() for row in printed.splitlines()] == text.splitlines()
    assert [language for language, _ in blocks] == ["sh", "", "sh", ""]
