"""A database with something in every derived table, and in all ways in which it comes there."""

from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from park.assets import Park
from park.database import open_engine
from tests.support import epcis_load
from tests.support.epcis_api import Json, document
from tests.support.lineage_events import lot, pallet, place
from tests.support.random_season import Season
from tests.support.recall_story import kg, told
from tests.support.scanning import NOW, Scans
from traceability.derived.service import DerivedTables
from traceability.event_repository import EventRepository
from traceability.ledger.ledger import Ledger
from traceability.repository import Traceability

RULES: dict[str, Any] = {"mass_tolerance": 0.005, "clock_skew_s": 300.0}
MOVES = (
    *(("harvest", n, 0.9, 1.0) for n in range(4)),
    *(("store", n, 0.5, 0.998) for n in range(4)),
    ("keep", 1, 0.2, 1.0),
    *(("sort", n, 0.7, 1.001) for n in range(3)),
    ("mix", 0, 0.8, 1.0),
    *(("palletise", n, 0.6, 1.0) for n in range(5)),
    ("ship", 1, 1.0, 1.0),
    ("ship", 2, 1.0, 1.0),
)
A, B, C, D, E = (lot(name) for name in "ABCDE")
CERTIFICATE = "https://certificates.example/1"


def _named(number: int, key: str = A) -> Json:
    made = told(
        "ObjectEvent", "2025-10-01T00:00:00Z", place(), action="ADD", quantityList=[kg(key, 100)]
    )
    return {**made, "eventID": f"urn:uuid:0d000000-0000-4000-8000-{number:012}"}


def _wrong(event: Json) -> Json:
    declaration = {"declarationTime": "2025-10-05T00:00:00Z", "reason": "did_not_occur"}
    return {**event, "errorDeclaration": declaration}


def _packed(at: str, action: str, **more: Any) -> Json:
    return told("AggregationEvent", at, place("hall"), parentID=pallet(7), action=action, **more)


def _shipped(number: int, key: str) -> Json:
    left = told(
        "ObjectEvent",
        "2025-11-03T00:00:00Z",
        place("dock"),
        action="OBSERVE",
        bizStep="shipping",
        quantityList=[kg(key, 100)],
    )
    return {**left, "eventID": f"urn:uuid:0d000000-0000-4000-8000-{number:012}"}


def _certified(event: Json) -> Json:
    return {**event, "certificationInfo": [CERTIFICATE]}


PARTNERS: tuple[tuple[Json, ...], ...] = (
    # Three that say the same, the first of which was wrong.
    (_named(1),),
    (_named(2), _named(3)),
    (_wrong(_named(1)),),
    # One that was wrong before it came, and one wrong in the same document.
    (_wrong(_named(4, B)),),
    (_named(4, B), _named(5, C), _wrong(_named(5, C))),
    # A pallet that was packed, opened and packed again, told out of order.
    (_packed("2025-11-02T02:00:00Z", "ADD", childQuantityList=[kg(B, 300)]),),
    (_packed("2025-11-01T12:00:00Z", "DELETE"),),
    (_packed("2025-11-01T02:00:00Z", "ADD", childQuantityList=[kg(A, 100)]),),
    # What breaks a rule of the CBV is kept with a finding.
    ({**_named(6), "bizStep": "shipping", "disposition": "sellable_accessible"},),
    # Fruit under a certificate, a part of it told wrongly, and shipped twice, once in truth.
    (_certified(_named(7, D)), _certified(_named(8, E))),
    (_certified(_shipped(9, D)), _certified(_shipped(10, E))),
    (_wrong(_certified(_named(8, E))), _wrong(_certified(_shipped(10, E)))),
)


class DerivedStory:
    """The parts over such a database; keys and checkpoints lie in `folder` as commands expect."""

    def __init__(self, address: str, park: Park, folder: Path) -> None:
        ticks = count(1)

        def clock() -> datetime:
            return NOW + timedelta(milliseconds=next(ticks))

        self.engine = open_engine(address)
        self.ledger = Ledger(
            self.engine,
            folder / "ledger-keys",
            folder / "ledger-checkpoints.jsonl",
            origin="agripark.example",
        )
        parts: dict[str, Any] = {**RULES, "clock": clock, "after_commit": self.ledger.publish}
        self.traceability = Traceability(self.engine, park, **parts)
        self.events = EventRepository(self.engine, park, **parts)
        self.derived = DerivedTables(self.engine, park, **RULES)
        self.park = park

    def tell(self) -> None:
        """Make the tables and capture everything."""
        self.traceability.migrate()
        season = Season(self.engine, self.traceability, Scans(self.park))
        for move in MOVES:
            season.play(*move)
        first, *_ = season.shipments
        pallets = self.traceability.shipment(first).pallets
        self.traceability.capture(season.scans.receive(first, *pallets))
        self.events.capture_document(epcis_load.document(0, 20))
        for events in PARTNERS:
            found = self.events.capture_document(document(*events))
            assert not found.refused, found.refused
        self.ledger.checkpoint()

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()
