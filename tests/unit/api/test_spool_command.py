"""`agripark spool status` as an operator meets it."""

import json
from pathlib import Path

import pytest

from ingest.received import Fault, Received
from ingest.spool import Spool
from park.times import now_ms
from tests.support.command_line import CommandLine


@pytest.fixture
def agripark(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path / "data", capsys)


def fill(path: Path) -> Spool:
    """Three readings, of which one waits; a scan, a repeat and a broken message."""
    spool, waiting_since_ms = Spool(path), now_ms() - 90_000
    spool.append(Received(lines=["a", "b"], kinds=["cold_room", "soil"]), waiting_since_ms)
    batch = spool.oldest_lines(10)
    assert batch is not None
    spool.drop_lines(batch, [], waiting_since_ms)
    received = Received(
        lines=["c"],
        kinds=["soil"],
        scans=[("t", b"{}")],
        faults=[Fault("t", b"{", "malformed-json", "no", "cold_room")],
        duplicates={"soil": 1},
    )
    spool.append(received, waiting_since_ms)
    return spool


def test_everything_is_counted_by_kind(agripark: CommandLine) -> None:
    fill(agripark.spool_path).close()
    done = agripark("spool", "status")
    assert done.status == 0
    rows = [line.split() for line in done.stdout.splitlines()]
    assert rows[:5] == [
        ["kind", "received", "stored", "quarantined", "spooled", "duplicates"],
        ["cold_room", "2", "1", "1", "0", "0"],
        ["scan", "1", "0", "0", "1", "0"],
        ["soil", "3", "1", "0", "1", "1"],
        ["all", "6", "2", "1", "2", "1"],
    ]
    assert "received = stored + quarantined + spooled + duplicates" in done.stdout
    assert "in quarantine: 1" in done.stdout


def test_the_same_numbers_come_as_json(agripark: CommandLine) -> None:
    fill(agripark.spool_path).close()
    found = json.loads(agripark("spool", "status", "--json").stdout)
    counted = ("received", "stored", "quarantined", "spooled", "duplicates", "unaccounted")
    assert [found[name] for name in counted] == [6, 2, 1, 2, 1, 0]
    assert found["by_kind"]["soil"] == {
        "received": 3,
        "stored": 1,
        "quarantined": 0,
        "spooled": 1,
        "duplicates": 1,
    }
    assert 90 <= found["oldest_waiting_s"] < 150
    assert found["quarantine_entries"] == 1
    assert found["file_bytes"] > 0
    assert found["free_bytes"] > 0


def test_it_can_be_asked_while_ingest_has_the_spool(agripark: CommandLine) -> None:
    spool = fill(agripark.spool_path)
    spool.claim()
    assert agripark("spool", "status").status == 0
    spool.close()


def test_a_sum_that_is_off_is_said_and_ends_with_status_1(agripark: CommandLine) -> None:
    spool = fill(agripark.spool_path)
    spool._connection.execute("DELETE FROM scan_queue")  # noqa: SLF001 - as nobody should
    spool.close()
    done = agripark("spool", "status")
    assert done.status == 1
    assert "the sum is off by 1" in done.stdout
    assert json.loads(agripark("spool", "status", "--json").stdout)["unaccounted"] == 1


def test_before_the_first_start_of_ingest_nothing_is_there(agripark: CommandLine) -> None:
    done = agripark("spool", "status")
    assert done.status == 0
    assert "nothing waits" in done.stdout
    assert not agripark.spool_path.exists()
    found = json.loads(agripark("spool", "status", "--json").stdout)
    assert (found["received"], found["oldest_waiting_s"], found["by_kind"]) == (0, None, {})
    assert found["free_bytes"] > 0


def test_a_file_that_is_no_spool_is_one_clear_line(agripark: CommandLine) -> None:
    agripark.spool_path.parent.mkdir()
    agripark.spool_path.write_bytes(b"not a database at all" * 100)
    done = agripark("spool", "status")
    assert (done.status, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert str(agripark.spool_path) in line
