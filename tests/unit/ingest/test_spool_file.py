"""A spool's file is looked at from outside, and is never changed by that."""

import os
import sqlite3
from pathlib import Path

import pytest

from ingest.counters import Count
from ingest.errors import SpoolError
from ingest.received import Fault, Received
from ingest.spool import Spool
from ingest.spool_file import SpoolFile

NOW_MS = 1_760_000_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "spool.db"


def test_a_file_that_is_not_there_yet_holds_nothing_and_is_not_made(path: Path) -> None:
    status = SpoolFile(path).status()
    assert (status.counters.received, status.counters.oldest_ms, status.file_bytes) == (0, None, 0)
    assert not path.parent.exists()


def test_the_disk_has_room_though_the_file_is_not_there_yet(path: Path) -> None:
    assert SpoolFile(path).status().free_bytes > 0


def test_what_was_committed_is_seen_at_once_while_the_spool_is_open(path: Path) -> None:
    spool, file = Spool(path), SpoolFile(path)
    assert file.status().counters.received == 0
    received = Received(
        lines=["a", "b"],
        kinds=["soil", "cold_room"],
        scans=[("t", b"{}")],
        faults=[Fault("t", b"{", "malformed-json", "no", "soil")],
        duplicates={"soil": 2},
    )
    spool.append(received, NOW_MS)
    counters = file.status().counters
    assert counters == spool.counters()
    assert counters.by_kind[Count.RECEIVED] == {"soil": 4, "cold_room": 1, "scan": 1}
    assert counters.spooled_by_kind() == {"soil": 1, "cold_room": 1, "scan": 1}
    assert (counters.oldest_ms, counters.unaccounted) == (NOW_MS, 0)
    spool.close()


def test_what_another_is_just_writing_is_not_waited_for(path: Path) -> None:
    spool = Spool(path)
    spool.append(Received(lines=["a"], kinds=["soil"]), NOW_MS)
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("DELETE FROM reading_queue")
    assert SpoolFile(path).status().counters.spooled == 1
    writer.execute("ROLLBACK")
    writer.close()
    spool.close()


def test_its_size_includes_what_sqlite_has_not_moved_into_the_file_yet(path: Path) -> None:
    spool = Spool(path)
    spool.append(Received(lines=["x" * 500_000], kinds=["soil"]), NOW_MS)
    status = SpoolFile(path).status()
    assert status.file_bytes > 500_000
    assert status.file_bytes >= path.stat().st_size
    spool.close()
    free = os.statvfs(path.parent)
    assert status.free_bytes <= free.f_blocks * free.f_frsize


def test_the_longest_wait_is_that_of_the_oldest_in_either_queue(path: Path) -> None:
    spool, file = Spool(path), SpoolFile(path)
    spool.append(Received(scans=[("t", b"{}")]), NOW_MS)
    spool.append(Received(lines=["a"], kinds=["soil"]), NOW_MS + 5)
    assert file.status().counters.oldest_ms == NOW_MS
    (scan,) = spool.oldest_scans(1)
    spool.drop_scan(scan, Count.STORED, NOW_MS + 6)
    assert file.status().counters.oldest_ms == NOW_MS + 5
    spool.close()


def test_a_file_that_is_no_spool_is_said_to_be_none(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database, but long enough to be taken for one" * 100)
    with pytest.raises(SpoolError, match="can't be read"):
        SpoolFile(path).status()
