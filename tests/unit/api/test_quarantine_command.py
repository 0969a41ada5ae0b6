"""`agripark quarantine replay` and `drop` as an operator meets them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.counters import Counters
from ingest.quarantine import Quarantine, Selection
from ingest.received import Fault, Received
from ingest.spool import Spool
from ingest.spool_file import SpoolFile
from park.times import now_ms
from tests.support.command_line import CommandLine
from tests.support.ingest_fakes import HARVEST_TOPIC, ROOM_TOPIC, as_json, harvest, room_reading

NOW_MS = now_ms()
FAR_ROOM = ROOM_TOPIC.replace("room-0001", "room-0040")
"""Of a park a tenth of Linyi's size, and of none a hundredth of it."""
ENTRIES = [
    (ROOM_TOPIC, as_json(room_reading(NOW_MS)), "field-out-of-date"),
    (ROOM_TOPIC, b"{", "malformed-json"),
    (FAR_ROOM, as_json(room_reading(NOW_MS)), "unknown-asset"),
    (HARVEST_TOPIC, as_json(harvest(NOW_MS)), "unknown-batch"),
]


@pytest.fixture
def agripark(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    data = tmp_path / "data"
    spool = Spool(data / "spool.db")
    faults = [Fault(topic, payload, code, "why") for topic, payload, code in ENTRIES]
    spool.append(Received(faults=faults), NOW_MS)
    spool.close()
    return CommandLine(data, capsys)


def replay(agripark: CommandLine, *words: str, scale: str = "0.01") -> tuple[int, str]:
    done = agripark("quarantine", "replay", *words, "--scale", scale)
    return done.status, done.stdout


def left(agripark: CommandLine) -> list[int]:
    return list(Quarantine(agripark.spool_path).numbers(Selection()))


def counters(agripark: CommandLine) -> Counters:
    return SpoolFile(agripark.spool_path).status().counters


def test_what_can_be_read_by_now_is_spooled_and_the_rest_is_named(agripark: CommandLine) -> None:
    status, printed = replay(agripark, "--all")
    summary, *problems = printed.splitlines()
    assert status == 1
    assert summary == "2 entries read, 2 readings and scans spooled; 2 stay"
    assert [line.split(":")[0] for line in problems] == ["2", "3"]
    assert "room-0040" in problems[1]
    assert left(agripark) == [2, 3]
    assert (counters(agripark).spooled, counters(agripark).unaccounted) == (2, 0)


def test_with_the_whole_park_its_assets_are_known(agripark: CommandLine) -> None:
    status, printed = replay(agripark, "--reason", "unknown-asset", scale="0.1")
    assert status == 0
    assert printed == "1 entries read, 1 readings and scans spooled; 0 stay\n"
    assert left(agripark) == [1, 2, 4]


def test_each_entry_is_told_as_json(agripark: CommandLine) -> None:
    status, printed = replay(agripark, "1", "2", "--json")
    first, second = json.loads(printed)
    assert status == 1
    assert first == {"number": 1, "spooled": 1, "problem": None}
    assert (second["number"], second["spooled"]) == (2, 0)
    assert "no JSON" in second["problem"]


def test_a_running_ingest_is_no_hindrance(agripark: CommandLine) -> None:
    spool = Spool(agripark.spool_path)
    spool.claim()
    assert replay(agripark, "1")[0] == 0
    batch = spool.oldest_lines(10)
    assert batch is not None
    assert len(batch.lines) == 1
    spool.close()


def test_a_reason_or_topic_that_nothing_has_replays_nothing(agripark: CommandLine) -> None:
    nothing = (0, "0 entries read, 0 readings and scans spooled; 0 stay\n")
    assert replay(agripark, "--reason", "boredom") == nothing
    assert replay(agripark, "--topic", "foreign/#") == nothing


def test_many_problems_are_told_in_few_lines(agripark: CommandLine) -> None:
    spool = Spool(agripark.spool_path)
    spool.append(Received(faults=[Fault("t", b"{", "malformed-json", "why")] * 30), NOW_MS)
    spool.close()
    _, printed = replay(agripark, "--reason", "malformed-json")
    assert len(printed.splitlines()) == 12
    assert printed.endswith("... and 21 more\n")


def test_a_problem_gives_no_orders_to_the_terminal(agripark: CommandLine) -> None:
    spool = Spool(agripark.spool_path)
    topic = "agripark/v1/linyi/cold_room/\x1b[2J\x9b/telemetry"
    spool.append(Received(faults=[Fault(topic, b"{}", "odd", "why")]), NOW_MS)
    spool.close()
    _, printed = replay(agripark, "5")
    assert all(char.isprintable() or char == "\n" for char in printed)


def test_what_is_dropped_is_gone_for_good(agripark: CommandLine) -> None:
    done = agripark("quarantine", "drop", "1", "3", "--yes")
    assert (done.status, done.stdout) == (0, "2 deleted\n")
    assert left(agripark) == [2, 4]
    assert (counters(agripark).quarantined, counters(agripark).unaccounted) == (4, 0)
    assert agripark("quarantine", "drop", "--topic", "agripark/v1/linyi/cold_room/#", "--yes")
    assert left(agripark) == [4]


@pytest.mark.parametrize("command", ["replay", "drop"])
@pytest.mark.parametrize(
    ("words", "complaint"),
    [((), "say which entries"), (("1", "9"), "number 9"), (("-1",), "-1")],
)
def test_what_is_not_meant_clearly_is_not_done(
    command: str, words: tuple[str, ...], complaint: str, agripark: CommandLine
) -> None:
    done = agripark("quarantine", command, *words)
    assert done.status != 0
    assert complaint in done.stderr
    assert left(agripark) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("answer", "status", "kept"), [("n\n", 1, [1, 2, 3, 4]), ("", 1, [1, 2, 3, 4]), ("y\n", 0, [])]
)
def test_only_a_yes_lets_entries_go(
    answer: str, status: int, kept: list[int], agripark: CommandLine
) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "api", "quarantine", "drop", "--all"),
            *("--data", str(agripark.data)),
        ],
        input=answer,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status
    assert "Delete 4 entries" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ("" if kept else "4 deleted\n")
    assert left(agripark) == kept


def test_where_nothing_fits_nobody_is_asked(agripark: CommandLine) -> None:
    done = agripark("quarantine", "drop", "--reason", "boredom")
    assert (done.status, done.stdout) == (0, "0 deleted\n")


def test_before_the_first_start_of_ingest_nothing_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = CommandLine(tmp_path / "none", capsys)
    assert command("quarantine", "drop", "--all").stdout == "0 deleted\n"
    assert replay(command, "--all")[0] == 0
    assert not command.spool_path.exists()
