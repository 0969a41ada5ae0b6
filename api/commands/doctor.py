"""`agripark doctor`: which part doesn't answer, and what to do about it."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from api.commands.tables import table
from ingest.errors import BrokerError
from ingest.mqtt import BrokerOptions, check_broker
from ingest.stores.port import TelemetryStore
from traceability.errors import TraceabilityError
from traceability.repository import Traceability

_LEAST_FREE_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """What the doctor found out about one part."""

    part: str
    ok: bool
    detail: str
    advice: str = ""


def check_folder(path: Path) -> Finding:
    """Whether spool and embedded databases can be written, with room to spare."""
    existing = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    if not os.access(existing, os.W_OK):
        return Finding(
            "data folder",
            ok=False,
            detail=f"{existing} can't be written",
            advice="set AGRIPARK_DATA_DIR to a folder that this user may write",
        )
    free = shutil.disk_usage(existing).free
    return Finding(
        "data folder",
        ok=free >= _LEAST_FREE_BYTES,
        detail=f"{path.absolute()}, {free / 1e9:.1f} GB free",
        advice="free some space: a full disk stops acknowledgements" if free < _LEAST_FREE_BYTES
        else "",
    )  # fmt: skip


def check_mqtt(options: BrokerOptions) -> Finding:
    """Whether the broker takes a connection of ours."""
    try:
        check_broker(options)
    except BrokerError as error:
        advice = "start it, or set AGRIPARK_MQTT_URL and AGRIPARK_MQTT_VERSION"
        return Finding("MQTT broker", ok=False, detail=str(error), advice=advice)
    return Finding("MQTT broker", ok=True, detail=f"{options.name}, MQTT {options.version}")


def check_telemetry(store: TelemetryStore) -> Finding:
    """Whether the telemetry store answers."""
    health = store.health()
    return Finding(
        "telemetry store",
        health.ok,
        " ".join(filter(None, (health.version, health.detail))),
        "start it, or set AGRIPARK_INFLUX_URL and its user or token",
    )


def check_database(traceability: Traceability) -> Finding:
    """Whether the traceability database answers; makes its tables where they are missing."""
    try:
        traceability.migrate()
    except TraceabilityError as error:
        advice = "start it, or set AGRIPARK_DATABASE_URL"
        return Finding("traceability database", ok=False, detail=str(error), advice=advice)
    health = traceability.health()
    return Finding(
        "traceability database", health.ok, " ".join(filter(None, (health.version, health.detail)))
    )


def findings_text(findings: Sequence[Finding]) -> str:
    """The findings as a table, and what to do."""
    rows = [("ok" if f.ok else "BAD", f.part, f.detail) for f in findings]
    advice = [f"{f.part}: {f.advice}" for f in findings if not f.ok and f.advice]
    return "\n".join([table(("", "part", "what was found"), rows), *advice])
