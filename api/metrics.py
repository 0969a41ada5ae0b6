"""Metrics of ingest for Prometheus, read anew at each scrape.

What is durable comes from the spool's file, so it goes on counting over restarts; what only the
running process knows is there where ingest runs in it.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from prometheus_client import ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from api.services import RunningIngest
from ingest.alarms.register import AlarmRegister
from ingest.counters import Count
from ingest.devices.register import DeviceRegister
from ingest.quarantine import Quarantine
from ingest.spool_file import SpoolFile, SpoolStatus
from traceability.errors import DatabaseUnavailableError
from traceability.ledger.ledger import Ledger

_COUNTED: Mapping[Count, str] = {
    Count.RECEIVED: "Readings, scans, statuses and messages that can't be read, once durable.",
    Count.STORED: "Shipped: readings that the store confirmed, scans that became events.",
    Count.QUARANTINED: "What went to quarantine.",
    Count.DUPLICATES: "Readings and scans that had come before.",
}
_KIND = ("kind",)


def exposition(
    spool: SpoolFile,
    quarantine: Quarantine,
    devices: DeviceRegister,
    ingest: RunningIngest | None,
    alarms: AlarmRegister | None = None,
    ledger: Ledger | None = None,
) -> bytes:
    """All metrics as Prometheus reads them. Raises SpoolError."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Collector(lambda: _of_spool(spool.status())))
    registry.register(_Collector(lambda: _of_quarantine(quarantine)))
    registry.register(_Collector(lambda: _of_devices(devices)))
    if alarms is not None:
        registry.register(_Collector(lambda: _of_alarms(alarms)))
    if ledger is not None:
        registry.register(_Collector(lambda: _of_ledger(ledger)))
    if ingest is not None:
        registry.register(_Collector(lambda: _of_process(ingest)))
    return generate_latest(registry)


class _Collector(Collector):
    def __init__(self, metrics: Callable[[], Iterator[Metric]]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        """The metrics of this moment."""
        return self._metrics()

    def describe(self) -> Iterator[Metric]:
        """Nothing: the names are known once something is collected."""
        return iter(())


def _of_spool(status: SpoolStatus) -> Iterator[Metric]:
    counters = status.counters
    for count, words in _COUNTED.items():
        yield _by_kind(
            CounterMetricFamily(f"agripark_ingest_{count}", words, labels=_KIND),
            counters.by_kind.get(count, {}),
        )
    yield _by_kind(
        GaugeMetricFamily("agripark_ingest_spooled", "What waits in the spool.", labels=_KIND),
        counters.spooled_by_kind(),
    )
    waiting = GaugeMetricFamily(
        "agripark_spool_waiting", "What waits, counted in the queues themselves.", labels=("queue",)
    )
    waiting.add_metric(("readings",), counters.spooled_readings)
    waiting.add_metric(("scans",), counters.spooled_scans)
    yield waiting
    yield GaugeMetricFamily(
        "agripark_ingest_unaccounted",
        "received - stored - quarantined - spooled - duplicates: anything but 0 is a fault.",
        counters.unaccounted,
    )
    yield GaugeMetricFamily(
        "agripark_spool_oldest_seconds",
        "How long the oldest thing in the spool has waited; 0 where nothing waits.",
        0 if counters.oldest_ms is None else max(0.0, time.time() - counters.oldest_ms / 1000),
    )
    yield GaugeMetricFamily("agripark_spool_bytes", "Size of the spool's file.", status.file_bytes)
    yield GaugeMetricFamily(
        "agripark_spool_free_bytes", "Room left on the spool's disk.", status.free_bytes
    )


def _of_quarantine(quarantine: Quarantine) -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "agripark_quarantine_entries", "Entries that lie in quarantine now.", labels=("reason",)
    )
    for reason, number in quarantine.reasons().items():
        family.add_metric((reason,), number)
    yield family


def _of_devices(devices: DeviceRegister) -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "agripark_devices", "Devices that were ever heard.", labels=("kind", "state")
    )
    for (kind, state), number in devices.count().items():
        family.add_metric((kind, state), number)
    yield family


def _of_alarms(alarms: AlarmRegister) -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "agripark_alarms", "Alarms that were ever raised.", labels=("status", "priority")
    )
    for (status, priority), number in alarms.counts().items():
        family.add_metric((status, priority), number)
    yield family
    waiting, _ = alarms.waiting_notes()
    yield GaugeMetricFamily(
        "agripark_alarm_notes_waiting", "Notes about alarms that couldn't be sent yet.", waiting
    )


def _of_ledger(ledger: Ledger) -> Iterator[Metric]:
    """Nothing while the database doesn't answer: that is what readiness tells of."""
    with suppress(DatabaseUnavailableError):
        state = ledger.state()
        yield GaugeMetricFamily(
            "agripark_ledger_events", "Events that the ledger's log holds.", state.events
        )
        yield GaugeMetricFamily(
            "agripark_ledger_signed_events",
            "Events that the last checkpoint covers; 0 where it doesn't hold.",
            state.signed,
        )


def _of_process(ingest: RunningIngest) -> Iterator[Metric]:
    vitals = ingest.vitals()
    yield _by_kind(
        CounterMetricFamily(
            "agripark_ingest_acknowledged",
            "Things whose message was acknowledged since the process began.",
            labels=_KIND,
        ),
        vitals.acknowledged,
    )
    yield _by_kind(
        GaugeMetricFamily(
            "agripark_ingest_lag_seconds",
            "How long what was shipped last had waited in the spool.",
            labels=_KIND,
        ),
        {kind: milliseconds / 1000 for kind, milliseconds in vitals.lag_ms.items()},
    )
    yield GaugeMetricFamily(
        "agripark_mqtt_connected", "Whether the broker is connected.", int(vitals.connected)
    )
    if vitals.seconds_since_message is not None:
        yield GaugeMetricFamily(
            "agripark_ingest_last_message_age_seconds",
            "Age of the last message from the broker.",
            vitals.seconds_since_message,
        )


def _by_kind(
    family: CounterMetricFamily | GaugeMetricFamily, values: Mapping[str, float]
) -> Metric:
    for kind, value in sorted(values.items()):
        family.add_metric((kind,), value)
    return family
