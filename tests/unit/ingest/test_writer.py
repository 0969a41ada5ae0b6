"""The writer acknowledges what is on disk, and nothing else; the inbox bounds what waits for it."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from ingest.decoding import Decoder
from ingest.devices.book import DeviceBook
from ingest.inbox import Inbox
from ingest.packets import Delivery
from ingest.quarantine import Quarantine
from ingest.received import Decoded
from ingest.spool import Spool
from ingest.writer import Writer
from park.assets import Park
from tests.support.ingest_fakes import ROOM_TOPIC, as_json, full_disk, room_reading, wait_for

NOW_MS = 1_760_000_000_000


class ClumsyDecoder(Decoder):
    """Stumbles over one payload."""

    def decode_into(self, decoded: Decoded, topic: str, payload: bytes, now_ms: int) -> None:
        """Decode, but for `stumble`."""
        if payload == b"stumble":
            raise ZeroDivisionError
        super().decode_into(decoded, topic, payload, now_ms)


class Bench:
    """A writer with all that it works with."""

    def __init__(self, park: Park, path: Path) -> None:
        self.path = path
        self.inbox = Inbox(1_000)
        self.spool = Spool(path)
        self.acknowledged: list[int] = []
        self.published: list[tuple[str, bytes]] = []
        self.writer = Writer(
            self.inbox,
            ClumsyDecoder(park, 300, 100_000),
            self.spool,
            self,
            lambda: NOW_MS,
            lambda: None,
            DeviceBook(park),
        )

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Remember them; see `Broker`."""
        self.acknowledged += [delivery.message_id for delivery in deliveries]

    def publish(self, topic: str, payload: bytes) -> None:
        """Remember it; see `Broker`."""
        self.published.append((topic, payload))

    def is_connected(self) -> bool:
        """It always is; see `Broker`."""
        return True

    def put(self, number: int, payload: bytes | None = None) -> None:
        """A message of that number."""
        if payload is None:
            payload = as_json(room_reading(NOW_MS + number))
        self.inbox.put([Delivery(ROOM_TOPIC, payload, number, 1, 1)])

    def close(self) -> None:
        """End the writer and close the spool."""
        self.writer.stop()
        if self.writer.ident is not None:
            self.writer.join(10)
        assert not self.writer.is_alive()
        self.spool.close()


@pytest.fixture
def bench(small_park: Park, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(small_park, tmp_path / "spool.db")
    yield bench
    bench.close()


def test_what_is_acknowledged_is_in_the_spool(bench: Bench) -> None:
    bench.writer.start()
    for number in range(100):
        bench.put(number)
    wait_for(lambda: len(bench.acknowledged) == 100)
    assert bench.acknowledged == list(range(100))
    assert bench.spool.counters().spooled_readings == 100


def test_a_stopped_writer_has_written_all_that_it_was_given(bench: Bench) -> None:
    for number in range(5_000 // 10):
        bench.put(number)
    bench.writer.start()
    bench.writer.stop()
    bench.writer.join(10)
    assert bench.acknowledged == list(range(500))


def test_nothing_is_acknowledged_while_the_disk_is_full_and_all_is_once_it_has_room(
    bench: Bench,
) -> None:
    with full_disk(100_000):
        bench.writer.start()
        big = as_json([room_reading(NOW_MS + n) for n in range(900)])
        for number in range(10):
            bench.put(number, big)
        wait_for(lambda: bench.writer.written < bench.inbox.accepted)
        threading.Event().wait(0.3)  # long enough for a second try
        assert bench.acknowledged == list(range(bench.writer.written))
        assert bench.writer.written < 10
    wait_for(lambda: bench.acknowledged == list(range(10)))
    assert bench.spool.counters().received == 9_000


def test_a_message_that_the_decoder_stumbles_over_is_quarantined_and_spares_the_others(
    bench: Bench,
) -> None:
    bench.put(1)
    bench.put(2, b"stumble")
    bench.put(3)
    bench.writer.start()
    wait_for(lambda: bench.acknowledged == [1, 2, 3])
    counters = bench.spool.counters()
    assert (counters.spooled_readings, counters.quarantined) == (2, 1)
    assert [entry.reason for entry in Quarantine(bench.path).entries()] == ["decoder-failed"]


def delivery(size: int) -> Delivery:
    return Delivery("t", b"x" * size, 1, 1, 1)


def test_a_full_inbox_has_no_room() -> None:
    by_number, by_size = Inbox(2), Inbox(1_000, most_bytes=1_000)
    by_number.put([delivery(1)] * 2)
    by_size.put([delivery(500)] * 2)
    assert not by_number.has_room()
    assert not by_size.has_room()


def test_an_inbox_that_was_emptied_has_room_again() -> None:
    inbox = Inbox(2)
    inbox.put([delivery(1)] * 2)
    assert len(inbox.take(1, 100)) == 1
    assert inbox.has_room()


def test_whoever_waits_for_room_is_let_in_as_soon_as_there_is_some() -> None:
    inbox = Inbox(2)
    inbox.put([delivery(1)] * 2)
    emptying = threading.Timer(0.01, inbox.take, (2, 100))
    emptying.start()
    assert inbox.has_room()
    emptying.join()


def test_an_inbox_without_news_gives_nothing_after_a_while() -> None:
    assert Inbox(2).take(1, 100, 0.01) == []


def test_what_is_taken_at_once_is_bounded_by_number_and_size() -> None:
    inbox = Inbox(1_000)
    for _ in range(10):
        inbox.put([delivery(100)])
    assert [len(inbox.take(4, 10_000)), len(inbox.take(100, 250)), len(inbox.take(100, 1))] == [
        4,
        3,
        1,
    ]


def test_a_closed_inbox_gives_what_is_inside_and_then_nothing() -> None:
    inbox = Inbox(10)
    inbox.put([delivery(1)])
    inbox.close()
    inbox.put([delivery(1)])
    assert not inbox.is_over()
    assert len(inbox.take(10, 100)) == 1
    assert inbox.take(10, 100) == []
    assert inbox.is_over()
    assert not inbox.has_room()
