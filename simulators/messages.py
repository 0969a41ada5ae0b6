"""What leaves a simulated device: MQTT messages with readings or a scan, and posted scans."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from park.assets import Asset, Park
from park.scans import ReceiveScan, Scan
from park.times import format_instant, from_epoch_ms

Value = float | int | bool | str
Payload = dict[str, object]
"""One reading as it stands in JSON: `ts`, `seq` and fields."""

_SEQ_MODULUS = 2**32
FIRMWARE = "simulated-1"
"""What simulated devices say that they run."""


@dataclass(frozen=True, slots=True)
class Telemetry:
    """One MQTT message with readings of one device, oldest first."""

    at_ms: int
    """When the device sends it: the time of its last reading or later."""
    topic: str
    payload: bytes
    readings: int


@dataclass(frozen=True, slots=True)
class ScanSent:
    """One MQTT message with a scan."""

    at_ms: int
    topic: str
    payload: bytes
    readings: int = 0


@dataclass(frozen=True, slots=True)
class StatusSent:
    """One MQTT message by which a device says that it comes or goes; the broker retains it."""

    at_ms: int
    topic: str
    payload: bytes
    readings: int = 0


@dataclass(frozen=True, slots=True)
class ScanPosted:
    """A scan that a handheld posts over HTTP."""

    at_ms: int
    scan: ReceiveScan


Message = Telemetry | ScanSent | StatusSent
Outgoing = Message | ScanPosted


def scan_message(park: Park, scan: Scan, at_ms: int) -> ScanSent | ScanPosted:
    """How a scan leaves: an arrival over HTTP, everything else over MQTT."""
    if isinstance(scan, ReceiveScan):
        return ScanPosted(at_ms, scan)
    asset = park.asset(scan.asset)
    topic = f"agripark/v1/{park.site.id}/{asset.type}/{asset.id}/scan"
    return ScanSent(at_ms, topic, scan.model_dump_json(exclude_none=True).encode())


def status_message(site: str, asset: Asset, at_ms: int, *, online: bool) -> StatusSent:
    """How a device that sends telemetry comes or goes."""
    status: dict[str, object] = {"online": online, "ts": format_instant(from_epoch_ms(at_ms))}
    if online:
        status["fw"] = FIRMWARE
    kind = asset.kind
    assert kind is not None  # noqa: S101 - only assets with telemetry have a device
    topic = f"agripark/v1/{site}/{kind.name}/{asset.id}/status"
    return StatusSent(at_ms, topic, orjson.dumps(status))


class Outbox:
    """Collects a device's readings to messages of at most `most` readings or `span_ms`."""

    def __init__(self, site: str, asset: Asset, *, most: int, span_ms: int) -> None:
        kind = asset.kind
        assert kind is not None  # noqa: S101 - only assets with telemetry have a device
        self.topic = f"agripark/v1/{site}/{kind.name}/{asset.id}/telemetry"
        self._most = most
        self._span_ms = span_ms
        self._held: list[Payload] = []
        self._first_ms = 0
        self._last_ms = -1
        self._seq = 0

    def put(self, time_ms: int, values: Mapping[str, Value]) -> Telemetry | None:
        """Add a reading; gives the message that is full with it.

        A second reading of the same millisecond is left out: it would replace the first.
        """
        if time_ms <= self._last_ms:
            return None
        if not self._held:
            self._first_ms = time_ms
        self._last_ms = time_ms
        ts = format_instant(from_epoch_ms(time_ms))
        self._held.append({"ts": ts, "seq": self._seq, **values})
        self._seq = (self._seq + 1) % _SEQ_MODULUS
        if len(self._held) >= self._most or time_ms - self._first_ms >= self._span_ms:
            return self.flush(time_ms)
        return None

    def flush(self, now_ms: int) -> Telemetry | None:
        """The message of what is held, sent now; None where nothing is."""
        if not self._held:
            return None
        held, self._held = self._held, []
        payload = orjson.dumps(held[0] if self._most == 1 else held)
        return Telemetry(now_ms, self.topic, payload, len(held))
