"""Shippers hand on what the spool holds, in order, and lose nothing while a receiver is away."""

import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from ingest.counters import Counters
from ingest.errors import ScanRefusedError
from ingest.line_protocol import encode
from ingest.quarantine import Quarantine
from ingest.reading import Reading
from ingest.received import Fault, Received
from ingest.shippers import ReadingShipper, ScanShipper, Shipper
from ingest.spool import Spool
from park.scans import SCAN
from tests.support.ingest_fakes import (
    HARVEST_TOPIC,
    ROOM_TOPIC,
    MemoryStore,
    RecordingScanSink,
    as_json,
    harvest,
    wait_for,
)

NOW_MS = 1_760_000_000_000


def now_ms() -> int:
    return NOW_MS


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def sink() -> RecordingScanSink:
    return RecordingScanSink()


@pytest.fixture
def reading_shipper(spool: Spool, store: MemoryStore) -> Iterator[ReadingShipper]:
    shipper = ReadingShipper(spool, store, now_ms)
    yield shipper
    end(shipper)


@pytest.fixture
def scan_shipper(spool: Spool, sink: RecordingScanSink) -> Iterator[ScanShipper]:
    shipper = ScanShipper(spool, sink, now_ms)
    yield shipper
    end(shipper)


def end(shipper: Shipper) -> None:
    shipper.stop()
    if shipper.ident is not None:
        shipper.join(10)
    assert not shipper.is_alive()


def line(number: int, asset: str = "room-0001") -> str:
    return encode(
        Reading("cold_room", "linyi", asset, "centre-01", NOW_MS + number, {"air_temp_c": 1.0})
    )


def append_lines(spool: Spool, *lines: str) -> None:
    spool.append(Received(lines=lines, kinds=["cold_room"] * len(lines)), NOW_MS)


def append_scans(spool: Spool, *lots: str) -> list[UUID]:
    payloads = [
        as_json(harvest(NOW_MS, batch=f"01/09521321000018/10/{lot}") | {"asset": "orchard-001"})
        for lot in lots
    ]
    spool.append(Received(scans=[(HARVEST_TOPIC, payload) for payload in payloads]), NOW_MS)
    return [SCAN.validate_json(payload).id for payload in payloads]


def settled(spool: Spool) -> Counters:
    wait_for(lambda: spool.counters().spooled == 0)
    counters = spool.counters()
    assert counters.unaccounted == 0
    return counters


def test_readings_reach_the_store_in_order(
    spool: Spool, store: MemoryStore, reading_shipper: ReadingShipper
) -> None:
    for number in range(10):
        append_lines(spool, line(2 * number), line(2 * number + 1))
    reading_shipper.start()
    assert settled(spool).stored == 20
    assert store.lines == [line(number) for number in range(20)]


def test_readings_wait_while_the_store_is_away_and_are_stored_once_it_is_back(
    spool: Spool, store: MemoryStore, reading_shipper: ReadingShipper
) -> None:
    store.is_away = True
    append_lines(spool, line(1))
    reading_shipper.start()
    assert store.asked.wait(10)
    append_lines(spool, line(2))
    assert spool.counters().spooled_readings == 2
    store.is_away = False
    assert settled(spool).stored == 2
    assert store.lines == [line(1), line(2)]


def test_a_line_that_the_store_refuses_goes_to_quarantine_and_the_rest_counts_as_stored(
    path: Path, spool: Spool, store: MemoryStore, reading_shipper: ReadingShipper
) -> None:
    store.refuses = "asset=room-0002"
    append_lines(spool, line(1), line(2, "room-0002"), line(3))
    reading_shipper.start()
    counters = settled(spool)
    assert (counters.stored, counters.quarantined) == (2, 1)
    assert store.lines == [line(1), line(3)]
    (entry,) = Quarantine(path).entries()
    assert (entry.reason, entry.detail) == ("refused-by-store", "not to my taste")
    assert entry.topic == ROOM_TOPIC.replace("room-0001", "room-0002")
    assert entry.payload.decode() == line(2, "room-0002")


def test_a_shipper_that_sleeps_is_woken_by_new_work(
    spool: Spool, store: MemoryStore, reading_shipper: ReadingShipper
) -> None:
    reading_shipper.start()
    append_lines(spool, line(1))
    reading_shipper.wake()
    assert settled(spool).stored == 1
    assert store.lines == [line(1)]


def test_scans_are_captured_in_order(
    spool: Spool, sink: RecordingScanSink, scan_shipper: ScanShipper
) -> None:
    ids = append_scans(spool, "A", "B", "C")
    scan_shipper.start()
    assert settled(spool).captured == 3
    assert [scan.id for scan in sink.captured] == ids


def test_a_refused_scan_goes_to_quarantine_with_its_code_and_the_next_is_captured(
    path: Path, spool: Spool, sink: RecordingScanSink, scan_shipper: ScanShipper
) -> None:
    sink.refused["B"] = ScanRefusedError("unknown-batch", "no batch B")
    append_scans(spool, "A", "B", "C")
    scan_shipper.start()
    counters = settled(spool)
    assert (counters.captured, counters.quarantined) == (2, 1)
    (entry,) = Quarantine(path).entries()
    assert (entry.topic, entry.reason) == (HARVEST_TOPIC, "unknown-batch")
    assert entry.detail == "no batch B"


def test_scans_are_tried_again_in_order_until_the_sink_is_back(
    spool: Spool, sink: RecordingScanSink, scan_shipper: ScanShipper
) -> None:
    sink.is_away = True
    ids = append_scans(spool, "A", "B", "C")
    scan_shipper.start()
    wait_for(lambda: len(sink.tries) >= 2)
    assert set(sink.tries) == {ids[0]}
    sink.is_away = False
    assert settled(spool).captured == 3
    assert [scan.id for scan in sink.captured] == ids


def test_a_spooled_scan_that_no_longer_reads_goes_to_quarantine(
    path: Path, spool: Spool, scan_shipper: ScanShipper
) -> None:
    spool.append(Received(scans=[(HARVEST_TOPIC, b'{"action": "juggle"}')]), NOW_MS)
    append_scans(spool, "A")
    scan_shipper.start()
    counters = settled(spool)
    assert (counters.captured, counters.quarantined) == (1, 1)
    assert [entry.reason for entry in Quarantine(path).entries()] == ["invalid-scan"]


def test_an_error_that_nobody_foresaw_leaves_the_shipper_alive(
    spool: Spool, sink: RecordingScanSink, scan_shipper: ScanShipper
) -> None:
    sink.refused["A"] = ZeroDivisionError()  # type: ignore[assignment]  # what nobody foresaw
    ids = append_scans(spool, "A")
    scan_shipper.start()
    wait_for(lambda: bool(sink.tries))
    sink.refused.clear()
    assert settled(spool).captured == 1
    assert [scan.id for scan in sink.captured] == ids


def test_a_shipper_stops_at_once_while_its_receiver_is_away(
    spool: Spool, store: MemoryStore, reading_shipper: ReadingShipper
) -> None:
    store.is_away = True
    append_lines(spool, line(1))
    reading_shipper.start()
    assert store.asked.wait(10)
    begun = time.monotonic()
    end(reading_shipper)
    assert time.monotonic() - begun < 1
    assert spool.counters().spooled_readings == 1


def test_faults_that_were_received_stay_counted_beside_refused_lines(
    spool: Spool, store: MemoryStore, reading_shipper: ReadingShipper
) -> None:
    store.refuses = "asset=room-0002"
    fault = Fault(ROOM_TOPIC, b"{", "malformed-json", "no")
    lines = [line(1, "room-0002"), line(2)]
    spool.append(Received(lines=lines, kinds=["cold_room"] * 2, faults=[fault]), NOW_MS)
    reading_shipper.start()
    counters = settled(spool)
    assert (counters.received, counters.stored, counters.quarantined) == (3, 1, 2)
