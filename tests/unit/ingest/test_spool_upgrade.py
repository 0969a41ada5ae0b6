"""A spool's file of version 0.1 is taken over with all that it holds."""

import sqlite3
from pathlib import Path

from ingest.counters import Count
from ingest.quarantine import Quarantine
from ingest.received import Received
from ingest.spool import Spool
from ingest.spool_file import SpoolFile

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


def test_everything_in_it_is_there_and_counted(tmp_path: Path) -> None:
    path = old_file(tmp_path / "spool.db")
    spool = Spool(path)
    counters = spool.counters()
    spool.close()
    assert (counters.received, counters.stored, counters.captured) == (14, 7, 3)
    assert (counters.spooled_readings, counters.spooled_scans) == (2, 1)
    assert counters.unaccounted == 0
    assert [entry.reason for entry in Quarantine(path).entries()] == ["malformed-json"]


def test_what_waits_in_it_can_be_shipped_and_more_be_added(tmp_path: Path) -> None:
    spool = Spool(old_file(tmp_path / "spool.db"))
    spool.append(Received(lines=["line 3"], kinds=["soil"]), NOW_MS)
    batch = spool.oldest_lines(100)
    assert batch is not None
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
