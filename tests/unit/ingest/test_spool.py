"""The spool keeps what was appended, whole or not at all, in order, and counts every step."""

from collections import Counter
from pathlib import Path

import pytest

from ingest.counters import Count, Counters
from ingest.errors import SpoolError
from ingest.quarantine import Quarantine
from ingest.received import SCANS, Fault, Received
from ingest.spool import (
    KEPT_PAYLOAD_BYTES,
    LINES_A_ROW,
    RESERVE_BYTES,
    Spool,
)
from tests.support.ingest_fakes import HARVEST_TOPIC, ROOM_TOPIC, full_disk

NOW_MS = 1_760_000_000_000
FAULT = Fault(ROOM_TOPIC, b"{", "malformed-json", "the payload is no JSON", "cold_room")


def lines(first: int, count: int) -> Received:
    names = [f"line {n}" for n in range(first, first + count)]
    return Received(lines=names, kinds=["cold_room"] * count)


def scans(*names: bytes) -> Received:
    return Received(scans=[(HARVEST_TOPIC, name) for name in names])


def test_lines_come_out_in_the_order_they_went_in(spool: Spool) -> None:
    spool.append(lines(0, 3), NOW_MS)
    spool.append(lines(3, 2), NOW_MS)
    batch = spool.oldest_lines(100)
    assert batch is not None
    assert list(batch.lines) == [f"line {n}" for n in range(5)]


def test_lines_stay_until_they_are_dropped(spool: Spool) -> None:
    spool.append(lines(0, 3), NOW_MS)
    first, again = spool.oldest_lines(1), spool.oldest_lines(1)
    assert first == again
    assert first is not None
    spool.drop_lines(first, [], NOW_MS)
    assert spool.oldest_lines(1) is None


def test_what_is_appended_meanwhile_survives_a_drop(spool: Spool) -> None:
    spool.append(lines(0, 1), NOW_MS)
    batch = spool.oldest_lines(100)
    assert batch is not None
    spool.append(lines(1, 1), NOW_MS)
    spool.drop_lines(batch, [], NOW_MS)
    rest = spool.oldest_lines(100)
    assert rest is not None
    assert list(rest.lines) == ["line 1"]


def test_a_row_never_holds_more_lines_than_a_write_should(spool: Spool) -> None:
    spool.append(lines(0, 2 * LINES_A_ROW + 1), NOW_MS)
    sizes = []
    while batch := spool.oldest_lines(1):
        sizes.append(len(batch.lines))
        spool.drop_lines(batch, [], NOW_MS)
    assert sizes == [LINES_A_ROW, LINES_A_ROW, 1]
    assert spool.counters().stored == 2 * LINES_A_ROW + 1


def test_scans_come_out_in_order_one_by_one(spool: Spool) -> None:
    spool.append(scans(b"a", b"b"), NOW_MS)
    spool.append(scans(b"c"), NOW_MS)
    waiting = spool.oldest_scans(10)
    assert [(scan.topic, scan.scan) for scan in waiting] == [
        (HARVEST_TOPIC, name) for name in (b"a", b"b", b"c")
    ]
    spool.drop_scan(waiting[0], Count.STORED, NOW_MS)
    assert [scan.scan for scan in spool.oldest_scans(10)] == [b"b", b"c"]


def test_every_step_is_counted_and_the_sum_holds_across_reopening(path: Path) -> None:
    spool = Spool(path)
    spool.append(lines(0, 4), NOW_MS)
    both = [(HARVEST_TOPIC, b"a"), (HARVEST_TOPIC, b"b")]
    spool.append(Received(lines=["line 4"], kinds=["soil"], scans=both), NOW_MS)
    spool.append(Received(lines=["line 5"], kinds=["soil"], faults=[FAULT, FAULT]), NOW_MS)
    spool.append(Received(duplicates={"soil": 2}), NOW_MS)
    batch = spool.oldest_lines(5)
    assert batch is not None
    spool.drop_lines(batch, [FAULT], NOW_MS)
    first, second = spool.oldest_scans(10)
    spool.drop_scan(first, Count.STORED, NOW_MS)
    refusal = Fault(HARVEST_TOPIC, b"b", "unknown-batch", "no such batch", SCANS)
    spool.drop_scan(second, refusal, NOW_MS)
    before = spool.counters()
    spool.close()
    spool = Spool(path)
    after = spool.counters()
    spool.close()
    assert before == after
    assert (after.received, after.stored, after.captured) == (12, 4, 1)
    assert (after.quarantined, after.duplicates) == (4, 2)
    assert (after.spooled_readings, after.spooled_scans) == (1, 0)
    assert after.unaccounted == 0
    assert +Counter(after.spooled_by_kind()) == {"soil": 1}


def test_what_was_appended_is_there_after_the_process_is_gone(path: Path) -> None:
    abandoned = Spool(path)  # never closed in good order before the next one reads
    abandoned.append(lines(0, 3), NOW_MS)
    spool = Spool(path)
    assert spool.counters().spooled == 3
    spool.close()
    abandoned.close()


def test_a_quarantined_payload_is_cut_but_its_size_is_kept(path: Path, spool: Spool) -> None:
    payload = b"x" * 2_000_000
    spool.append(Received(faults=[Fault(ROOM_TOPIC, payload, "too-large", "big")]), NOW_MS)
    (entry,) = Quarantine(path).entries()
    assert entry.payload == payload[:KEPT_PAYLOAD_BYTES]
    assert entry.payload_bytes == 2_000_000


def test_a_full_disk_is_a_spool_error_and_keeps_nothing_of_the_append(spool: Spool) -> None:
    spool.append(lines(0, 1), NOW_MS)
    before = spool.counters()
    with full_disk(300_000), pytest.raises(SpoolError, match="can't be used"):
        spool.append(lines(1, 100_000), NOW_MS)
    assert spool.counters() == before


def test_the_spool_goes_on_once_the_disk_has_room_again(spool: Spool) -> None:
    with full_disk(300_000), pytest.raises(SpoolError):
        spool.append(lines(0, 100_000), NOW_MS)
    spool.append(lines(0, 100_000), NOW_MS)
    assert spool.counters().spooled == 100_000


class SmallDisk:
    """Tells how much room is left on a disk that holds nothing but the spool's folder."""

    def __init__(self, size: int) -> None:
        self._size = size

    def free_bytes(self, folder: Path) -> int:
        return self._size - sum(file.stat().st_size for file in folder.iterdir())


def takes(spool: Spool) -> bool:
    try:
        spool.append(lines(0, 50_000), NOW_MS)
    except SpoolError:
        return False
    return True


def fill(spool: Spool) -> int:
    """Append until the spool refuses; gives how many lines it took."""
    before = spool.counters().received
    while takes(spool):
        pass
    return spool.counters().received - before


def drain(spool: Spool) -> None:
    while batch := spool.oldest_lines(5_000):
        spool.drop_lines(batch, [], NOW_MS)


def test_a_spool_that_filled_the_disk_leaves_itself_room_to_drain(path: Path) -> None:
    disk = SmallDisk(RESERVE_BYTES + 24 * 1024 * 1024)
    spool = Spool(path, disk.free_bytes)
    taken = fill(spool)
    assert taken > 0
    assert disk.free_bytes(path.parent) > RESERVE_BYTES // 2
    drain(spool)
    counted = {"cold_room": taken}
    kinds = {Count.RECEIVED: counted, Count.STORED: counted}
    assert spool.counters() == Counters({Count.QUARANTINED: {}, Count.DUPLICATES: {}, **kinds})
    spool.close()


def test_a_spool_that_drained_takes_again_though_its_file_never_shrinks(path: Path) -> None:
    disk = SmallDisk(RESERVE_BYTES + 24 * 1024 * 1024)
    spool = Spool(path, disk.free_bytes)
    fill(spool)
    drain(spool)
    assert disk.free_bytes(path.parent) < RESERVE_BYTES
    assert fill(spool) > 0
    spool.close()


def test_a_file_that_is_no_spool_is_refused_by_name(path: Path) -> None:
    path.write_bytes(b"a letter to my aunt, long enough to be no database" * 100)
    with pytest.raises(SpoolError, match=r"spool\.db"):
        Spool(path)


def test_a_closed_spool_says_so_by_a_spool_error(path: Path) -> None:
    spool = Spool(path)
    spool.close()
    spool.close()
    with pytest.raises(SpoolError):
        spool.counters()


def test_only_one_may_ship_from_a_file_until_it_is_done(tmp_path: Path) -> None:
    first, second = Spool(tmp_path / "spool.db"), Spool(tmp_path / "spool.db")
    first.claim()
    with pytest.raises(SpoolError, match="another process ships"):
        second.claim()
    first.close()
    second.claim()
    second.close()
