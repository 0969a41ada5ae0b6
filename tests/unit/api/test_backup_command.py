"""`agripark backup` while captures go on."""

import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from park.database import open_engine
from tests.support.command_line import CommandLine
from tests.support.ledger_log import LedgerDatabase


@pytest.fixture
def database(tmp_path: Path) -> Iterator[LedgerDatabase]:
    engine = open_engine(f"sqlite:///{tmp_path / 'data' / 'traceability.db'}")
    made = LedgerDatabase(engine, tmp_path / "data")
    made.create()
    made.capture(3)
    yield made
    engine.dispose()


def test_a_copy_that_is_made_while_captures_go_on_is_whole(
    database: LedgerDatabase, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger, over = database.ledger(), threading.Event()

    def capture() -> None:
        for number in count(4):
            database.capture(number)
            ledger.publish()
            if over.is_set():
                return

    writing = threading.Thread(target=capture)
    writing.start()
    run = CommandLine(database.folder, capsys)
    try:
        done = [run("backup", str(tmp_path / f"copy-{number}")) for number in range(5)]
    finally:
        over.set()
        writing.join()
    assert {each.status for each in done} == {0}
    sizes = []
    for number in range(5):
        verified = CommandLine(tmp_path / f"copy-{number}", capsys)("ledger", "verify")
        assert verified.status == 0, verified
        sizes.append(int(verified.stdout.split()[1]))
    assert sizes == sorted(sizes)
    assert not list(tmp_path.glob("copy-*/**/*.secret"))


def test_a_backup_is_never_overwritten_and_an_unfinished_one_has_no_name(
    database: LedgerDatabase, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = CommandLine(database.folder, capsys)
    (tmp_path / "copy").mkdir()
    assert "exists" in run("backup", str(tmp_path / "copy")).stderr
    (database.folder / "spool.db").write_bytes(b"no database" * 1000)
    refused = run("backup", str(tmp_path / "other"))
    assert (refused.status, "isn't complete" in refused.stderr) == (1, True)
    assert not (tmp_path / "other").exists()


def test_an_empty_folder_has_nothing_to_back_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = CommandLine(tmp_path / "data", capsys)("backup", str(tmp_path / "copy"))
    assert (refused.status, "there is nothing in" in refused.stderr) == (1, True)
