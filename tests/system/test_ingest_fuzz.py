"""Whatever a topic and a payload hold: it is stored or quarantined, and the next reading is stored.

Hypothesis seeds a generator that is cheap enough for tens of thousands of messages, and in a second
test makes messages itself. A failure names the seed.
"""

import json
import time
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.codecs.sparkplug.topics import is_sparkplug
from ingest.decoding import Decoder
from ingest.devices.book import DeviceBook
from ingest.inbox import Inbox
from ingest.packets import Delivery
from ingest.quarantine import Quarantine
from ingest.received import Decoded
from ingest.shippers import ReadingShipper, ScanShipper
from ingest.spool import Spool
from ingest.topics import Channel
from ingest.writer import Writer
from park.assets import Park
from park.telemetry import KINDS
from park.times import now_ms
from tests.support.fuzzing import NOW_MS, Fuzz, Message, profiles
from tests.support.ingest_fakes import (
    ROOM_TOPIC,
    MemoryStore,
    RecordingScanSink,
    as_json,
    room_reading,
    wait_for,
)
from tests.support.ingest_runs import (
    PAYLOAD_LIMIT_BYTES,
    Device,
    Setting,
    assert_balanced,
    broker_options,
)
from tests.support.servers import Mosquitto

ROUNDS, MESSAGES_A_ROUND = 50, 1_000
BROKER_MESSAGES = 3_000
SLOW_S = 2.0
"""Longer than any message of legal size may take, on a machine that has other work."""
MOST_LEVELS = 200
"""Mosquitto's own limit."""


class WatchedDecoder(Decoder):
    """Notes which message came to nothing, and how long the slowest took."""

    def __init__(self, park: Park) -> None:
        super().__init__(park, 300, PAYLOAD_LIMIT_BYTES, profiles())
        self.messages = self.things = 0
        self.came_to_nothing: list[Message] = []
        self.slowest: tuple[float, str, bytes] = (0.0, "", b"")

    def decode_into(self, decoded: Decoded, topic: str, payload: bytes, now_ms: int) -> None:
        """Decode, and look what came of it."""
        start, before = time.perf_counter(), things(decoded)
        super().decode_into(decoded, topic, payload, now_ms)
        self.messages += 1
        self.things += things(decoded) - before
        if things(decoded) == before and not is_sparkplug(topic):  # nodes say much about themselves
            self.came_to_nothing.append((topic, payload))
        self.slowest = max(self.slowest, (time.perf_counter() - start, topic, payload[:200]))


def things(decoded: Decoded) -> int:
    """How many things it holds."""
    told = len(decoded.scans) + len(decoded.announcements)
    return len(decoded.readings) + told + len(decoded.faults)


class SeeingStore(MemoryStore):
    """Finds a line among the stored ones at once."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def write(self, lines: Sequence[str]) -> None:
        """Store the lines."""
        super().write(lines)
        self.seen.update(lines)


class Bench:
    """The way from the broker's deliveries to the store, without the broker."""

    def __init__(self, park: Park, path: Path) -> None:
        self.decoder = WatchedDecoder(park)
        self.store = SeeingStore()
        self._path = path
        self._spool = Spool(path)
        self._inbox = Inbox(10_000)
        self._acknowledged = 0
        self._good: list[str] = []
        self._writer = Writer(
            self._inbox,
            self.decoder,
            self._spool,
            self,
            lambda: NOW_MS,
            self._wake,
            DeviceBook(park),
        )
        self._shippers = (
            ReadingShipper(self._spool, self.store, lambda: NOW_MS),
            ScanShipper(self._spool, RecordingScanSink(), lambda: NOW_MS),
        )

    @contextmanager
    def running(self) -> Iterator["Bench"]:
        """All its threads, running; they end in time afterwards."""
        threads: tuple[Writer | ReadingShipper | ScanShipper, ...] = (self._writer, *self._shippers)
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            for thread in threads:
                thread.stop()
                thread.join(20)
            self._spool.close()
        assert not any(thread.is_alive() for thread in threads)

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Count them; see `Broker`."""
        self._acknowledged += len(deliveries)

    def publish(self, _topic: str, _payload: bytes) -> None:
        """Nobody listens; see `Broker`."""

    def is_connected(self) -> bool:
        """It always is; see `Broker`."""
        return True

    def _wake(self) -> None:
        for shipper in self._shippers:
            shipper.wake()

    def feed(self, messages: Sequence[Message]) -> None:
        """Put messages in and a good reading behind them; see that all are acknowledged."""
        mark_ms = NOW_MS - 10**10 - len(self._good)  # older than whatever the generator makes
        line = f"cold_room,asset=room-0001,centre=centre-01,site=linyi air_temp_c=-0.8 {mark_ms}"
        self._good.append(line)
        good = (ROOM_TOPIC, as_json(room_reading(mark_ms)))
        expected = self._acknowledged + len(messages) + 1
        self._inbox.put([Delivery(*message, 1, 1, 1) for message in (*messages, good)])
        wait_for(lambda: self._acknowledged == expected, 30)

    def check(self) -> None:
        """Everything that went in is acknowledged and accounted for, and nothing broke."""
        broken = [
            (entry.topic, entry.payload[:200], entry.detail)
            for entry in Quarantine(self._path).entries(limit=10**6)
            if entry.reason == "decoder-failed"
        ]
        assert broken == []
        wait_for(lambda: self._spool.counters().spooled == 0)
        counters = self._spool.counters()
        assert self.store.seen.issuperset(self._good)
        assert self._acknowledged == self.decoder.messages
        assert self.decoder.came_to_nothing == []
        assert counters.received == self.decoder.things
        assert_balanced(counters)
        assert self.decoder.slowest[0] < SLOW_S, self.decoder.slowest


def test_fifty_thousand_messages_of_any_content_are_stored_or_quarantined(
    small_park: Park, tmp_path: Path
) -> None:
    with Bench(small_park, tmp_path / "spool.db").running() as bench:

        @settings(max_examples=ROUNDS)
        @given(st.integers(0, 2**64))
        def feed(seed: int) -> None:
            bench.feed(Fuzz(small_park, seed).messages(MESSAGES_A_ROUND))

        feed()
        bench.check()
        assert bench.decoder.messages >= ROUNDS * MESSAGES_A_ROUND


LEVELS = st.text(st.characters(exclude_characters="/+#\0", exclude_categories=["Cs"]), max_size=30)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
ROOM_FIELDS = st.dictionaries(
    st.sampled_from(["ts", "seq", *KINDS["cold_room"].fields]), JSON_VALUES, max_size=6
)
PAYLOADS = st.binary(max_size=64) | st.builds(
    lambda value: json.dumps(value).encode(), JSON_VALUES | ROOM_FIELDS | st.lists(ROOM_FIELDS)
)
TOPICS = st.just(ROOM_TOPIC) | st.builds(
    lambda levels, channel: "/".join(("agripark", "v1", *levels, channel)),
    st.lists(LEVELS, min_size=3, max_size=3),
    st.sampled_from(list(Channel)),
)


def test_what_hypothesis_thinks_of_is_stored_or_quarantined(
    small_park: Park, tmp_path: Path
) -> None:
    with Bench(small_park, tmp_path / "spool.db").running() as bench:

        @settings(max_examples=100)
        @given(st.lists(st.tuples(TOPICS, PAYLOADS), min_size=1, max_size=20))
        def feed(messages: list[Message]) -> None:
            bench.feed(messages)

        feed()
        bench.check()


def is_delivered(topic: str, filters: Sequence[str]) -> bool:
    """Whether Mosquitto takes the topic, and ingest subscribes to it.

    It refuses control and non-characters, and topics of great depth.
    """
    if not any(mqtt.topic_matches_sub(filter_, topic) for filter_ in filters):
        return False
    return topic.count("/") < MOST_LEVELS and not any(
        unicodedata.category(c) == "Cc" or is_noncharacter(ord(c)) for c in topic
    )


def is_noncharacter(code: int) -> bool:
    """Whether Unicode keeps the code out of interchange."""
    return 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_whatever_a_broker_lets_through_is_stored_or_quarantined(
    version: str, small_park: Park, tmp_path: Path, mosquitto: Mosquitto
) -> None:
    expected = WatchedDecoder(small_park)
    made = [
        message
        for message in Fuzz(small_park, seed=len(version)).messages(BROKER_MESSAGES)
        if is_delivered(message[0], expected.subscriptions)
    ]
    assert len(made) > BROKER_MESSAGES / 2
    for topic, payload in made:
        expected.decode(topic, payload, now_ms())
    options = broker_options(mosquitto.url, version)
    setting = Setting(small_park, tmp_path, options, MemoryStore(), profiles=profiles())
    with setting.running() as ingest, Device(mosquitto.port, version) as device:
        device.send_all([*made, (ROOM_TOPIC, as_json(room_reading(NOW_MS - 10**12)))])
        wait_for(lambda: ingest.counters().received >= expected.things + 1, 30)
        assert ingest.wait_until_idle(30)
        assert ingest.counters().received == expected.things + 1
        assert not ingest.problem()
    assert "decoder-failed" not in setting.quarantined()
