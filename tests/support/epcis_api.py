"""The EPCIS interface on a fresh database, and documents to send to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from api.epcis.services import EpcisServices
from api.services import Services
from park.assets import Park
from park.database import open_engine
from park.settings import Settings
from tests.support.api_story import empty_services
from traceability import tables
from traceability.event_repository import EventRepository

Json = dict[str, Any]

GS1 = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
FARM = {"farm": "https://farm.example.org/voc/"}
PLACE = "urn:epc:id:sgln:9521321.00001.0"


@contextmanager
def epcis_services(
    park: Park, folder: Path, database: str | None = None, **settings: Any
) -> Iterator[Services]:
    """Services with an EPCIS repository whose clock goes; deliveries don't run.

    Without an address of a database an SQLite file in the folder is taken.
    """
    database = database or f"sqlite:///{folder / 'epcis.db'}"
    with empty_services(park, folder, database) as services:
        engine = open_engine(database)
        tables.metadata.create_all(engine)
        own = Settings(data_dir=folder, **settings)
        repository = EventRepository(engine, park, mass_tolerance=0.005, clock_skew_s=300)
        epcis = EpcisServices.over(engine, repository, own, _now)
        try:
            yield replace(services, epcis=epcis, settings=own, clock=_now)
        finally:
            epcis.close()
            engine.dispose()


def _now() -> datetime:
    return datetime.now(UTC)


def seen(number: int, **fields: Any) -> Json:
    """An event in which one crate was seen, with an id of its own."""
    return {
        "type": "ObjectEvent",
        "eventID": f"urn:uuid:00000000-0000-4000-8000-{number:012}",
        "action": "OBSERVE",
        "bizStep": "shipping",
        "disposition": "in_transit",
        "eventTime": f"2025-03-01T00:{number // 60 % 60:02}:{number % 60:02}.000Z",
        "eventTimeZoneOffset": "+00:00",
        "epcList": [f"urn:epc:id:sgtin:9521321.000002.{number}"],
        "readPoint": {"id": PLACE},
        **fields,
    }


def document(*events: Json, context: Any = GS1) -> Json:
    """An EPCISDocument of events."""
    return {
        "@context": context,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2025-03-02T00:00:00Z",
        "epcisBody": {"eventList": list(events)},
    }


def single(event: Json, context: Any = GS1) -> Json:
    """An event that stands on its own."""
    return {"@context": context, **event}


def listed(answer: Json) -> list[Json]:
    """The events of an EPCISQueryDocument."""
    found: list[Json] = answer["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    return found
