"""A small season by hand, on real embedded stores: what the API's tests look at.

Two orchards' jujubes lie in a cold room, are sorted into grades, and the extra class goes to
Thailand on two pallets; an apple batch still lies in its room.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

from api.services import Services
from ingest.line_protocol import encode
from ingest.reading import Reading
from ingest.stores.port import TelemetryStore
from ingest.stores.sqlite import SqliteStore
from park.assets import Park
from park.database import open_engine
from park.gs1 import BatchId, make_sscc
from park.scans import SCAN
from park.settings import Settings
from park.times import parse_instant, to_epoch_ms
from traceability.provenance.service import ProvenanceService
from traceability.repository import Traceability

NOW = parse_instant("2025-11-15T00:00:00Z")

FIELD_RUN = "09521321000018"
EXTRA = "09521321000025"
FIRST = "09521321000032"
REJECT = "09521321000056"
APPLES = "09521321000117"

SUNNY = BatchId(FIELD_RUN, "LY-7")
SHADY = BatchId(FIELD_RUN, "LY-8")
EXPORT = BatchId(EXTRA, "LY-7-A")
LEFT_OVER = BatchId(FIRST, "LY-7-B")
REJECTED = BatchId(REJECT, "LY-7-R")
GALA = BatchId(APPLES, "GA-3")
SLASHED = BatchId(FIELD_RUN, "A/7%Q?")

PALLETS = (make_sscc("9521321", 1), make_sscc("9521321", 2))
SHIPMENT = "EXP-2025-0007"

ROOM, APPLE_ROOM = "room-0001", "room-0003"
STORED = parse_instant("2025-10-02T11:00:00+08:00")
TAKEN_OUT = parse_instant("2025-10-20T07:00:00+08:00")
EVERY = timedelta(minutes=15)

_STEPS: tuple[dict[str, Any], ...] = (
    {
        "action": "harvest",
        "ts": "2025-10-02T08:00:00+08:00",
        "asset": "orchard-001",
        "batch": SUNNY.path,
        "qty_kg": 800.5,
    },
    {
        "action": "harvest",
        "ts": "2025-10-02T09:30:00+08:00",
        "asset": "orchard-005",
        "batch": SHADY.path,
        "qty_kg": 400,
    },
    {
        "action": "harvest",
        "ts": "2025-10-03T09:00:00+08:00",
        "asset": "orchard-003",
        "batch": GALA.path,
        "qty_kg": 600,
    },
    {
        "action": "harvest",
        "ts": "2025-10-04T09:00:00+08:00",
        "asset": "orchard-001",
        "batch": SLASHED.path,
        "qty_kg": 55,
    },
    *(
        {
            "action": "store_in",
            "ts": "2025-10-02T11:00:00+08:00",
            "asset": ROOM,
            "batch": batch.path,
            "qty_kg": mass,
        }
        for batch, mass in ((SUNNY, 800.5), (SHADY, 400))
    ),
    {
        "action": "store_in",
        "ts": "2025-10-03T12:00:00+08:00",
        "asset": APPLE_ROOM,
        "batch": GALA.path,
        "qty_kg": 600,
    },
    *(
        {
            "action": "store_out",
            "ts": "2025-10-20T07:00:00+08:00",
            "asset": ROOM,
            "batch": batch.path,
            "qty_kg": mass,
        }
        for batch, mass in ((SUNNY, 800.5), (SHADY, 400))
    ),
    {
        "action": "sort",
        "ts": "2025-10-20T09:00:00+08:00",
        "asset": "line-01",
        "inputs": [
            {"batch": SUNNY.path, "qty_kg": 800.5},
            {"batch": SHADY.path, "qty_kg": 400},
        ],
        "outputs": [
            {"batch": EXPORT.path, "qty_kg": 900},
            {"batch": LEFT_OVER.path, "qty_kg": 200},
            {"batch": REJECTED.path, "qty_kg": 90},
        ],
        "loss_kg": 10.5,
    },
    *(
        {
            "action": "palletise",
            "ts": f"2025-10-20T1{n}:00:00+08:00",
            "asset": "packhouse-01",
            "pallet": pallet,
            "contents": [{"batch": EXPORT.path, "qty_kg": 450}],
        }
        for n, pallet in enumerate(PALLETS, start=1)
    ),
    {
        "action": "ship",
        "ts": "2025-10-21T06:00:00+08:00",
        "asset": "packhouse-01",
        "shipment": SHIPMENT,
        "pallets": list(PALLETS),
        "destination": "destination-th",
        "reefer": "reefer-001",
    },
    {
        "action": "receive",
        "ts": "2025-10-30T10:00:00+07:00",
        "asset": "destination-th",
        "shipment": SHIPMENT,
        "pallets": list(PALLETS),
    },
)


@dataclass(frozen=True)
class Story:
    """The services after the season, and what the season was."""

    services: Services
    readings: int
    """Of the jujubes' room while they lay in it."""
    mean_air_c: float
    """Over those readings."""


@contextmanager
def told_story(
    park: Park, folder: Path, database: str | None = None, store: TelemetryStore | None = None
) -> Iterator[Story]:
    """The whole season in fresh stores: embedded ones, or a database and store of the test's."""
    with empty_services(park, folder, database, store) as services:
        for number, step in enumerate(_STEPS, start=1):
            services.traceability.capture(SCAN.validate_python({**step, "id": UUID(int=number)}))
        jujube = list(_readings(park, ROOM, STORED, TAKEN_OUT, -0.5))
        apple = list(
            _readings(park, APPLE_ROOM, STORED, parse_instant("2025-10-06T00:00:00Z"), 0.5)
        )
        services.telemetry.write([encode(reading) for reading in (*jujube, *apple)])
        airs = [float(reading.fields["air_temp_c"]) for reading in jujube]
        yield Story(services, len(jujube), sum(airs) / len(airs))


@contextmanager
def empty_services(
    park: Park, folder: Path, database: str | None = None, store: TelemetryStore | None = None
) -> Iterator[Services]:
    """Services on fresh stores whose clock stands at NOW."""
    engine = open_engine(database or f"sqlite:///{folder / 'traceability.db'}")
    telemetry = store or SqliteStore(folder / "telemetry.db")
    traceability = Traceability(
        engine, park, mass_tolerance=0.005, clock_skew_s=300, clock=lambda: NOW
    )
    try:
        traceability.migrate()
        yield Services(
            park=park,
            traceability=traceability,
            provenance=ProvenanceService(engine, park),
            telemetry=telemetry,
            settings=Settings(data_dir=folder),
            clock=lambda: NOW,
        )
    finally:
        traceability.close()
        telemetry.close()


def _readings(
    park: Park, room: str, start: datetime, end: datetime, setpoint_c: float
) -> Iterator[Reading]:
    """A compressor's saw-tooth around the set-point, and a door that was open for an hour."""
    asset = park.asset(room)
    for n in count():
        time = start + n * EVERY
        if time >= end:
            return
        door_open = 900 <= n < 904
        air_c = setpoint_c + 0.4 * math.sin(n / 3) + (2.5 if door_open else 0)
        yield Reading(
            "cold_room",
            park.site.id,
            room,
            park.centre_of(asset),
            to_epoch_ms(time),
            {
                "air_temp_c": round(air_c, 3),
                "pulp_temp_c": round(setpoint_c + 0.1 + 8 * math.exp(-n / 40), 3),
                "setpoint_c": setpoint_c,
                "door_open": int(door_open),
                "humidity_pct": 92.0,
            },
        )
