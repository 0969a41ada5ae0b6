"""What the HTTP application works with; the composition root makes it and passes it in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Protocol

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from api.epcis.services import EpcisServices
from ingest.alarms.register import AlarmRegister
from ingest.alarms.rules.rule import RuleSet
from ingest.calibration.register import CalibrationRegister
from ingest.devices.register import DeviceRegister
from ingest.quarantine import Quarantine
from ingest.spool_file import SpoolFile
from ingest.stores.port import TelemetryStore
from ingest.vitals import Vitals
from park.assets import Park
from park.settings import Settings
from park.times import utc_now
from traceability.ledger.ledger import Ledger
from traceability.provenance.service import ProvenanceService
from traceability.repository import Traceability


class RunningIngest(Protocol):
    """Ingest in this process, as far as the API is concerned."""

    def problem(self) -> str:
        """What keeps it from working, in words; empty where nothing does."""

    def vitals(self) -> Vitals:
        """How it fares at this moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts that answer requests; all of them are safe to share among threads."""

    park: Park
    traceability: Traceability
    provenance: ProvenanceService
    telemetry: TelemetryStore
    settings: Settings
    quarantine: Quarantine | None = None
    """None where ingest runs elsewhere; then nothing can be said about quarantine."""
    devices: DeviceRegister | None = None
    """None where ingest runs elsewhere, too."""
    spool: SpoolFile | None = None
    """None where ingest runs elsewhere, too."""
    alarms: AlarmRegister | None = None
    """None where ingest runs elsewhere, too."""
    alarm_rules: RuleSet | None = None
    """What is watched; with `alarms`."""
    calibrations: CalibrationRegister | None = None
    """Where corrections are entered; `telemetry` applies them."""
    ingest: RunningIngest | None = None
    """None where ingest runs elsewhere; then readiness says nothing about it."""
    ledger: Ledger | None = None
    """Signs and proves the events; None where it is kept elsewhere."""
    epcis: EpcisServices | None = None
    """What answers under `/epcis`; None where nothing does."""
    clock: Callable[[], datetime] = utc_now


def services_in(connection: HTTPConnection) -> Services:
    """The services of the application that serves a request or WebSocket."""
    services: Services = connection.app.state.services
    return services


async def services_of(request: Request) -> Services:
    """The services of the application that serves the request."""
    return services_in(request)


ServicesNeeded = Annotated[Services, Depends(services_of)]
