"""A spool's file of version 0.1 is taken over with all that it holds."""

import sqlite3
from pathlib import Path
from time import time

from ingest.counters import Count
from ingest.quarantine import Quarantine
from ingest.received import Fault, Received
from ingest.shippers import ReadingShipper, ScanShipper
from ingest.spool import LineBatch, Spool
from ingest.spool_file import SpoolFile
from park.scans import SCAN
from tests.support.ingest_fakes import (
    HARVEST_TOPIC,
    MemoryStore,
    RecordingScanSink,
    harvest,
    wait_for,
)

NOW_MS = 1_760_000_000_000
OLD_FILE = """
CREATE TABLE reading_queue (
    id INTEGER PRIMARY KEY AUTOINCREMENT, readings INTEGER NOT NULL, lines TEXT NOT NULL
);
CREATE TABLE scan_queue (
    id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, scan BLOB NOT NULL
);
CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY AUTOINCREMENT, received_ms INTEGER NOT NULL, topic TEXT NOT NULL,
    payload BLOB NOT NULL, payload_bytes INTEGER NOT NULL, reason TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO reading_queue (readings, lines) VALUES (2, 'line 1' || char(10) || 'line 2');
INSERT INTO scan_queue (topic, scan) VALUES ('t', x'7b7d');
INSERT INTO quarantine VALUES (1, 5, 't', x'7b', 1, 'malformed-json', 'no');
INSERT INTO counters VALUES ('received', 14), ('stored', 7), ('captured', 3), ('quarantined', 1);
"""


def old_file(path: Path) -> Path:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.executescript(OLD_FILE)
    connection.close()
    return path


def lines_of(spool: Spool) -> LineBatch:
    batch = spool.oldest_lines(100)
    assert batch is not None
    return batch


def test_everything_in_it_is_there_and_counted(tmp_path: Path) -> None:
    path = old_file(tmp_path / "spool.db")
    spool = Spool(path)
    counters = spool.counters()
    spool.close()
    assert (counters.received, counters.stored, counters.captured) == (14, 7, 3)
    assert (counters.spooled_readings, counters.spooled_scans) == (2, 1)
    assert counters.unaccounted == 0
    assert [entry.reason for entry in Quarantine(path).entries()] == ["malformed-json"]


def test_of_each_kind_just_what_lies_in_the_queues_waits(tmp_path: Path) -> None:
    spool = Spool(old_file(tmp_path / "spool.db"))
    assert spool.counters().spooled_by_kind() == {"unknown": 2, "scan": 1}
    spool.close()


def test_what_waits_in_it_has_waited_since_then_at_the_latest(tmp_path: Path) -> None:
    before_ms = int(time()) * 1000
    spool = Spool(old_file(tmp_path / "spool.db"))
    oldest_ms, scans, batch = spool.counters().oldest_ms, spool.oldest_scans(1), lines_of(spool)
    spool.close()
    assert oldest_ms is not None
    assert all(
        before_ms <= moment <= time() * 1000
        for moment in (oldest_ms, scans[0].received_ms, batch.received_ms)
    )


def test_a_line_of_it_that_the_store_refuses_is_not_counted_as_stored(tmp_path: Path) -> None:
    spool = Spool(old_file(tmp_path / "spool.db"))
    fault = Fault("t", b"line 1", "refused-by-store", "no", "cold_room")
    spool.drop_lines(lines_of(spool), [fault], NOW_MS)
    counters = spool.counters()
    spool.close()
    assert (counters.received, counters.stored, counters.quarantined) == (14, 8, 2)
    assert counters.spooled_by_kind() == {"unknown": 0, "scan": 1}


def test_it_ships_by_itself(tmp_path: Path) -> None:
    path, store, sink = old_file(tmp_path / "spool.db"), MemoryStore(), RecordingScanSink()
    connection = sqlite3.connect(path)
    scan = SCAN.dump_json(SCAN.validate_python(harvest(NOW_MS, asset="orchard-001")))
    connection.execute("UPDATE scan_queue SET topic = ?, scan = ?", (HARVEST_TOPIC, scan))
    connection.commit()
    connection.close()
    spool = Spool(path)
    shippers = (
        ReadingShipper(spool, store, lambda: NOW_MS),
        ScanShipper(spool, sink, lambda: NOW_MS),
    )
    for shipper in shippers:
        shipper.start()
    wait_for(lambda: spool.counters().spooled == 0)
    for shipper in shippers:
        shipper.stop()
        shipper.join()
    counters = spool.counters()
    spool.close()
    assert store.lines == ["line 1", "line 2"]
    assert len(sink.captured) == 1
    assert (counters.stored, counters.captured, counters.unaccounted) == (9, 4, 0)


def test_an_old_file_in_which_nothing_ever_lay_is_taken_over(tmp_path: Path) -> None:
    path = old_file(tmp_path / "spool.db")
    connection = sqlite3.connect(path)
    for table in ("counters", "reading_queue", "scan_queue", "quarantine"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
    connection.commit()
    connection.close()
    spool = Spool(path)
    assert (spool.counters().received, spool.counters().unaccounted) == (0, 0)
    spool.close()


def test_what_waits_in_it_can_be_shipped_and_more_be_added(tmp_path: Path) -> None:
    spool = Spool(old_file(tmp_path / "spool.db"))
    spool.append(Received(lines=["line 3"], kinds=["soil"]), NOW_MS)
    batch = lines_of(spool)
    assert list(batch.lines) == ["line 1", "line 2", "line 3"]
    spool.drop_lines(batch, [], NOW_MS)
    (scan,) = spool.oldest_scans(10)
    spool.drop_scan(scan, Count.STORED, NOW_MS)
    assert spool.counters().unaccounted == 0
    assert spool.counters().spooled == 0
    spool.close()


def test_it_is_taken_over_once(tmp_path: Path) -> None:
    path = old_file(tmp_path / "spool.db")
    for _ in range(2):
        Spool(path).close()
    assert SpoolFile(path).status().counters.received == 14
