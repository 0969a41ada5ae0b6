"""`agripark recall` as a recall coordinator types it."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.api_story import EXPORT, SUNNY
from tests.support.command_line import CommandLine, Done
from tests.support.recall_story import FIRST, NETS, SECOND, SPRAY
from tests.support.workbooks import sheet

ORCHARD = ("--orchard", "orchard-001")


def recall(agripark: CommandLine, *words: str) -> Done:
    return agripark("recall", *words, "--scale", "0.01")


def keys(done: Done) -> Sequence[str]:
    assert done.status == 0, done.stderr
    return [each["key"] for each in json.loads(done.stdout)["affected"]]


def test_it_prints_json_that_other_programs_read(agripark: CommandLine) -> None:
    found = keys(recall(agripark, *ORCHARD))
    assert {SUNNY.uri, EXPORT.uri, FIRST, SECOND, NETS} <= set(found)
    assert found[0] == SUNNY.uri


def test_every_cause_can_be_named_with_its_span(agripark: CommandLine) -> None:
    span = ("--from", "2025-10-05T00:00:00+08:00", "--to", "2025-10-06T00:00:00+08:00")
    assert NETS in keys(recall(agripark, "--room", "room-0001", *span))
    assert NETS in keys(recall(agripark, "--line", "line-01"))
    assert keys(recall(agripark, "--line", "line-01", *span)) == []
    assert SUNNY.uri in keys(recall(agripark, "--input", SPRAY))
    assert keys(recall(agripark, "--input", SPRAY, "--reach", "10d")) == [SPRAY]


def test_csv_goes_to_standard_output_or_a_file(agripark: CommandLine, tmp_path: Path) -> None:
    printed = recall(agripark, *ORCHARD, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(printed.stdout)))
    assert NETS in {row["key"] for row in rows}
    out = tmp_path / "recall.csv"
    saved = recall(agripark, *ORCHARD, "--format", "csv", "--out", str(out))
    assert (saved.status, saved.stdout) == (0, "")
    assert saved.stderr == f"9 affected, 2 shipments: {out}\n"
    assert list(csv.DictReader(io.StringIO(out.read_bytes().decode()))) == rows


def test_the_spreadsheet_is_written_to_a_file(agripark: CommandLine, tmp_path: Path) -> None:
    out = tmp_path / "recall.xlsx"
    assert recall(agripark, *ORCHARD, "--format", "xlsx", "--out", str(out)).status == 0
    assert sheet(out.read_bytes())[0]["Traceability lot code"] == "LY-7"


def test_json_is_written_to_a_file_as_it_is_printed(agripark: CommandLine, tmp_path: Path) -> None:
    out = tmp_path / "recall.json"
    recall(agripark, *ORCHARD, "--out", str(out))
    assert out.read_text(encoding="utf-8") == recall(agripark, *ORCHARD).stdout


def test_that_nothing_is_affected_is_said(agripark: CommandLine) -> None:
    done = recall(agripark, "--line", "line-02", "--format", "csv")
    assert (done.status, len(done.stdout.splitlines())) == (0, 1)
    assert "affected nothing" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "one of orchard, input, room and line"),
        ((*ORCHARD, "--room", "room-0001"), "one of orchard, input, room and line"),
        (("--orchard", "orchard-999"), "neither an asset of the park nor a GLN"),
        (("--orchard", "room-0001"), "ask for it as room"),
        (("--input", "spray of tuesday"), "no event names spray of tuesday"),
        (("--orchard", "4006381333931"), "no event names"),
        ((*ORCHARD, "--from", "last week"), "--from 'last week' is no RFC 3339 time"),
        ((*ORCHARD, "--reach", "soon"), "--reach must be a duration"),
        ((*ORCHARD, "--format", "xlsx"), "name a file with --out"),
        ((*ORCHARD, "--out", "missing/folder/recall.json"), "can't write missing/folder"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(
    agripark: CommandLine, words: Sequence[str], said: str
) -> None:
    done = recall(agripark, *words)
    assert (done.status, done.stdout) == (1, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_mistyped_folder_is_said_and_not_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = tmp_path / "nowhere"
    done = recall(CommandLine(nowhere, capsys), *ORCHARD)
    assert done.status == 1
    assert "there is no database" in done.stderr
    assert not nowhere.exists()


def test_a_database_of_something_else_is_said_to_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "traceability.db").touch()
    done = recall(CommandLine(tmp_path, capsys), *ORCHARD)
    assert done.status == 1
    assert "holds no events" in done.stderr
    assert len(done.stderr.splitlines()) == 1
