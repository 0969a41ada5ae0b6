"""Quarantine can be listed, page by page, and each entry shown, while ingest goes on."""

from pathlib import Path

import pytest

from ingest.errors import NotInQuarantineError, SpoolError
from ingest.quarantine import Quarantine
from ingest.received import Fault, Received
from ingest.spool import Spool
from park.times import from_epoch_ms
from tests.support.ingest_fakes import ROOM_TOPIC

NOW_MS = 1_760_000_000_123


def fill(path: Path, count: int) -> None:
    spool = Spool(path)
    for number in range(1, count + 1):
        payload, detail = f"payload {number}".encode(), f"detail {number}"
        fault = Fault(ROOM_TOPIC, payload, "out-of-range", detail)
        spool.append(Received(faults=[fault]), NOW_MS + number)
    spool.close()


def test_a_file_that_is_not_there_yet_holds_nothing(path: Path) -> None:
    quarantine = Quarantine(path)
    assert quarantine.count() == 0
    assert list(quarantine.entries()) == []
    with pytest.raises(NotInQuarantineError):
        quarantine.entry(1)
    assert not path.exists()


def test_an_entry_tells_what_came_when_where_and_why_not(path: Path) -> None:
    fill(path, 2)
    entry = Quarantine(path).entry(2)
    assert (entry.id, entry.topic, entry.payload) == (2, ROOM_TOPIC, b"payload 2")
    assert (entry.reason, entry.detail) == ("out-of-range", "detail 2")
    assert entry.received_at == from_epoch_ms(NOW_MS + 2)
    assert entry.payload_bytes == len(b"payload 2")


def test_the_newest_entries_come_first(path: Path) -> None:
    fill(path, 5)
    assert [entry.id for entry in Quarantine(path).entries(limit=3)] == [5, 4, 3]


def test_pages_follow_each_other_without_gap_or_repeat_while_entries_arrive(path: Path) -> None:
    fill(path, 5)
    quarantine = Quarantine(path)
    first = quarantine.entries(limit=2)
    fill(path, 2)
    second = quarantine.entries(limit=2, before=first[-1].id)
    third = quarantine.entries(limit=2, before=second[-1].id)
    assert [entry.id for page in (first, second, third) for entry in page] == [5, 4, 3, 2, 1]


def test_it_counts_its_entries(path: Path) -> None:
    fill(path, 5)
    assert Quarantine(path).count() == 5


def test_a_number_that_nothing_has_is_not_in_quarantine(path: Path) -> None:
    fill(path, 1)
    with pytest.raises(NotInQuarantineError, match="7"):
        Quarantine(path).entry(7)


def test_it_can_be_read_while_the_spool_is_open(path: Path) -> None:
    spool = Spool(path)
    spool.append(Received(faults=[Fault(ROOM_TOPIC, b"{", "malformed-json", "no")]), NOW_MS)
    assert Quarantine(path).count() == 1
    spool.close()


def test_a_file_that_is_no_spool_is_a_spool_error(path: Path) -> None:
    path.write_bytes(b"a letter to my aunt, long enough to be no database" * 100)
    with pytest.raises(SpoolError):
        Quarantine(path).count()
