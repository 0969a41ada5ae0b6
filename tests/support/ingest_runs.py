"""Runs ingest against a real broker, and speaks to that broker as devices do."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from ingest.counters import Counters
from ingest.decoding import Decoder
from ingest.mqtt import BrokerOptions
from ingest.pipeline import Ingest
from ingest.profiles.collection import Profiles
from ingest.quarantine import Quarantine, QuarantineEntry
from ingest.sinks import ScanSink
from ingest.spool import Spool
from ingest.stores.port import TelemetryStore
from park.assets import Park
from tests.support.ingest_fakes import RecordingScanSink, wait_for

PAYLOAD_LIMIT_BYTES = 262_144
_PROTOCOLS = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}


def broker_options(url: str, version: str = "5", receive_maximum: int = 1_000) -> BrokerOptions:
    """The broker as tests speak to it."""
    return BrokerOptions(url, version, "ingest-under-test", receive_maximum)


@dataclass
class Setting:
    """Ingest's surroundings, which outlive one run of it."""

    park: Park
    folder: Path
    options: BrokerOptions
    store: TelemetryStore
    sink: ScanSink = field(default_factory=RecordingScanSink)
    profiles: Profiles = field(default_factory=Profiles)

    @property
    def spool_path(self) -> Path:
        """The spool's file, the same in every run."""
        return self.folder / "spool.db"

    @contextmanager
    def running(self) -> Iterator[Ingest]:
        """Ingest, running; afterwards it is stopped, leaves no thread, and its sum holds."""
        before = set(threading.enumerate())
        spool = Spool(self.spool_path)
        decoder = Decoder(self.park, 300, PAYLOAD_LIMIT_BYTES, self.profiles)
        ingest = Ingest(self.options, self.park, decoder, spool, self.store, self.sink)
        try:
            ingest.start()
            try:
                yield ingest
            finally:
                ingest.stop()
            assert_balanced(ingest.counters())
        finally:
            spool.close()
        assert set(threading.enumerate()) <= before

    def quarantined(self) -> dict[str, QuarantineEntry]:
        """What is in quarantine, by its code."""
        return {entry.reason: entry for entry in Quarantine(self.spool_path).entries(limit=1_000)}


def assert_balanced(counters: Counters) -> None:
    """Nothing that was received is unaccounted for."""
    assert counters.unaccounted == 0


def settle(ingest: Ingest, received: int, deadline_s: float = 30.0) -> Counters:
    """The counters once so much was received and nothing waits any more."""
    wait_for(lambda: ingest.counters().received >= received, deadline_s)
    assert ingest.wait_until_idle(deadline_s)
    return ingest.counters()


class Device:
    """Publishes at QoS 1, and sends again what the broker didn't acknowledge."""

    def __init__(self, port: int, version: str = "5") -> None:
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=_PROTOCOLS[version])
        self._client.reconnect_delay_set(1, 1)
        self._client.on_publish = self._note
        self._client.connect("127.0.0.1", port)
        self._sent = self._acknowledged = 0
        self._client.loop_start()

    def send(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Begin to publish, now or once the broker is back."""
        self._client.publish(topic, payload, qos=qos, retain=retain)
        self._sent += 1

    def _note(self, *_: object) -> None:
        self._acknowledged += 1

    def send_all(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Publish, and wait until the broker has acknowledged everything."""
        for topic, payload in messages:
            self.send(topic, payload)
        self.settle()

    def has_acknowledged(self, number: int) -> bool:
        """Whether the broker has acknowledged so many messages."""
        return self._acknowledged >= number

    def settle(self) -> None:
        """Wait until the broker has acknowledged everything."""
        wait_for(lambda: self._acknowledged == self._sent, 60)

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
