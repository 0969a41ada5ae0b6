"""`agripark doctor`: which part doesn't answer or would lose data, and what to do about it."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from api.commands.tables import table
from ingest.broker_check import Level, Verdict, Wishes, judge
from ingest.errors import BrokerError
from ingest.mqtt import BrokerOptions, check_broker
from ingest.mqtt_probe import probe_broker
from ingest.stores.port import TelemetryStore
from traceability.errors import DatabaseUnavailableError, TraceabilityError
from traceability.ledger.ledger import Ledger
from traceability.repository import Traceability

_LEAST_FREE_BYTES = 1_000_000_000
_AMPLE_FREE_BYTES = 10_000_000_000
"""What the spool of a park of Linyi's size may take in a day without its store, twice."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What the doctor found out about one part."""

    part: str
    ok: bool
    detail: str
    advice: str = ""
    warning: bool = False
    """Worth a look, though nothing fails for it."""

    @property
    def word(self) -> str:
        """How it begins in the table."""
        if not self.ok:
            return "BAD"
        return "warn" if self.warning else "ok"


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
    detail = f"{path.absolute()}, {free / 1e9:.1f} GB free"
    if free < _LEAST_FREE_BYTES:
        advice = "free some space: a full disk stops acknowledgements"
        return Finding("data folder", ok=False, detail=detail, advice=advice)
    if free < _AMPLE_FREE_BYTES:
        advice = "a day without its store may cost a large park 5 GB: free some space"
        return Finding("data folder", ok=True, detail=detail, advice=advice, warning=True)
    return Finding("data folder", ok=True, detail=detail)


def check_session(spool: Path) -> Finding:
    """Whether ingest ever ran here: the broker keeps nothing for a client that it never saw."""
    if spool.exists():
        return Finding("ingest's session", ok=True, detail="ingest has run with this data folder")
    return Finding(
        "ingest's session",
        ok=True,
        detail=f"ingest has never run with this data folder: there is no {spool.name}",
        advice="start `agripark ingest` once: only from then on the broker keeps messages for it",
        warning=True,
    )


def check_mqtt(options: BrokerOptions) -> Finding:
    """Whether the broker takes a connection of ours."""
    try:
        check_broker(options)
    except BrokerError as error:
        advice = "start it, or set AGRIPARK_MQTT_URL and AGRIPARK_MQTT_VERSION"
        return Finding("MQTT broker", ok=False, detail=str(error), advice=advice)
    return Finding("MQTT broker", ok=True, detail=f"{options.name}, MQTT {options.version}")


def check_broker_keeps(options: BrokerOptions, payload_limit_bytes: int) -> list[Finding]:
    """Whether the broker would lose what ingest takes late; tried out, in a few seconds."""
    wishes = Wishes(
        options.receive_maximum,
        options.session_expiry_s,
        payload_limit_bytes,
        shared=bool(options.group),
    )
    try:
        facts = probe_broker(options)
    except BrokerError as error:
        advice = "look into the broker's log"
        return [Finding("broker's queues", ok=False, detail=str(error), advice=advice)]
    return [_finding(verdict) for verdict in judge(facts, wishes)]


def _finding(verdict: Verdict) -> Finding:
    return Finding(
        verdict.about,
        ok=verdict.level is not Level.BAD,
        detail=verdict.what,
        advice=verdict.advice,
        warning=verdict.level is Level.WARN,
    )


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


def check_ledger(ledger: Ledger) -> Finding:
    """Whether the log of events is signed, and grew out of what was signed before."""
    try:
        state = ledger.state()
    except DatabaseUnavailableError as error:
        return Finding("ledger", ok=False, detail=str(error))
    advice = "run agripark ledger verify: it names the first bad event"
    if state.problem:
        return Finding("ledger", ok=False, detail=state.problem, advice=advice)
    detail = f"{state.events:,} events, {state.signed:,} of them signed"
    if state.signed < state.events:
        advice = "the next event signs them all; agripark ledger checkpoint does it now"
        return Finding("ledger", ok=True, detail=detail, advice=advice, warning=True)
    return Finding("ledger", ok=True, detail=detail)


def findings_text(findings: Sequence[Finding]) -> str:
    """The findings as a table, and what to do."""
    rows = [(f.word, f.part, f.detail) for f in findings]
    advice = [f"{f.part}: {f.advice}" for f in findings if f.word != "ok" and f.advice]
    return "\n".join([table(("", "part", "what was found"), rows), *dict.fromkeys(advice)])
