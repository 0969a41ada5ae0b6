"""`agripark alarms` as an operator meets it."""

import json
from pathlib import Path

import pytest

from api.cli import main
from ingest.alarms.model import Change, Priority, Signal
from ingest.received import Received
from ingest.spool import Spool
from tests.support.command_line import CommandLine

NOW_MS = 1_760_000_000_000
RULE = "room-warm"


@pytest.fixture
def agripark(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    data = tmp_path / "data"
    spool = Spool(data / "spool.db")
    signal = Signal(RULE, "room-0001", Change.RAISED, NOW_MS, NOW_MS - 60_000, 3.5, 1.0)
    spool.append(Received(signals=[(signal, Priority.HIGH)]), NOW_MS)
    spool.close()
    return CommandLine(data, capsys)


def test_an_alarm_is_listed_acknowledged_and_in_the_journal(agripark: CommandLine) -> None:
    header, line = agripark("alarms", "list").stdout.splitlines()
    assert header.split()[:4] == ["asset", "rule", "priority", "status"]
    assert line.split()[:4] == ["room-0001", RULE, "high", "unacknowledged"]
    said = agripark("alarms", "acknowledge", "room-0001", RULE, "--person", "Li Wei").stdout
    assert said == f"{RULE} of room-0001 is acknowledged\n"
    (newest, _) = json.loads(agripark("alarms", "journal", "--json").stdout)
    assert (newest["action"], newest["person"], newest["after"]) == (
        "acknowledge",
        "Li Wei",
        "acknowledged",
    )
    assert newest["recorded_at"].endswith("Z")


def test_a_shelf_has_an_end_and_a_reason(agripark: CommandLine) -> None:
    words = ("alarms", "shelve", "room-0001", RULE)
    agripark(*words, "--for", "2h", "--reason", "seal")
    (alarm,) = json.loads(agripark("alarms", "list", "--json").stdout)
    assert (alarm["status"], alarm["reason"]) == ("shelved", "seal")
    assert alarm["shelved_until_at"]
    agripark("alarms", "unshelve", "room-0001", RULE)
    agripark("alarms", "out-of-service", "room-0001", RULE, "--reason", "probe")
    assert "unacknowledged" in agripark("alarms", "in-service", "room-0001", RULE).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("acknowledge", "room-0001", "moon"), "no alarm rule 'moon'"),
        (("acknowledge", "moon", RULE), "moon"),
        (("unshelve", "room-0001", RULE), "not shelved"),
        (("shelve", "room-0001", RULE, "--for", "48h", "--reason", "x"), "24 h"),
        (("shelve", "room-0001", RULE, "--for", "soon", "--reason", "x"), "duration"),
    ],
)
def test_what_cant_be_done_is_one_line(
    agripark: CommandLine, words: tuple[str, ...], said: str
) -> None:
    outcome = agripark("alarms", *words)
    assert outcome.status == 1
    assert said in outcome.stderr
    assert len(outcome.stderr.splitlines()) == 1


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Status and output of `agripark alarms rules`."""
    with pytest.raises(SystemExit) as ended:
        main(("alarms", "rules", *words))
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out, printed.err


def test_rules_are_shown_and_a_file_of_ones_own_is_checked(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert RULE in shown(capsys)[1]
    path = tmp_path / "mine.toml"
    path.write_text(f'[[rules]]\nid = "{RULE}"\npriority = "critical"\n', "utf-8")
    rules = json.loads(shown(capsys, "--file", str(path), "--json")[1])
    assert {rule["id"]: rule["priority"] for rule in rules}[RULE] == "critical"


def test_a_wrong_file_of_rules_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, said = shown(capsys, "--file", "none.toml")
    assert status == 1
    assert "none.toml" in said
    assert len(said.splitlines()) == 1
