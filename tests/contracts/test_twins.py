"""What says the same under several ids counts once, whichever of them is taken back, and when."""

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import Engine

from park.assets import Park
from park.database import open_engine
from tests.support.epcis_api import Json, document
from tests.support.lineage_events import lot, place
from tests.support.recall_story import kg, told
from tests.support.scanning import NOW
from traceability.errors import NotFoundError
from traceability.event_repository import EventRepository
from traceability.provenance.service import ProvenanceService
from traceability.provenance.walk_statements import Direction
from traceability.repository import Traceability

A = lot("A")
ONE, OTHER, THIRD = (f"urn:uuid:0c000000-0000-4000-8000-00000000000{n}" for n in range(3))


def named(event_id: str, key: str = A) -> Json:
    made = told(
        "ObjectEvent", "2025-10-01T00:00:00Z", place(), action="ADD", quantityList=[kg(key, 100)]
    )
    return {**made, "eventID": event_id}


def wrong(event_id: str, key: str = A) -> Json:
    declaration = {"declarationTime": "2025-10-05T00:00:00Z", "reason": "did_not_occur"}
    return {**named(event_id, key), "errorDeclaration": declaration}


class Store:
    """A database into which documents are captured, and what it then tells."""

    def __init__(self, engine: Engine, park: Park) -> None:
        rules: dict[str, Any] = {"mass_tolerance": 0.005, "clock_skew_s": 300.0}
        self._traceability = Traceability(engine, park, **rules, clock=lambda: NOW)
        self._traceability.migrate()
        self._repository = EventRepository(engine, park, **rules, clock=lambda: NOW)
        self._provenance = ProvenanceService(engine, park)

    def capture(self, *batches: Sequence[Json]) -> None:
        for batch in batches:
            self._repository.capture_document(document(*batch))

    def mass_kg(self, key: str = A) -> float | None:
        """Of the lot; None where no event that counts names it."""
        try:
            return self._provenance.trace(key, Direction.BACK).nodes[0].mass_kg
        except NotFoundError:
            return None

    def findings(self) -> dict[str, str]:
        """Codes by event."""
        items = self._traceability.findings(None, None, 100).items
        assert len({each.event_id for each in items}) == len(items)
        return {each.event_id: each.code for each in items}


@pytest.fixture
def store(address: str, small_park: Park) -> Iterator[Store]:
    engine = open_engine(address)
    yield Store(engine, small_park)
    engine.dispose()


def test_the_other_counts_once_the_first_is_declared_wrong(store: Store) -> None:
    store.capture([named(ONE)], [named(OTHER)], [named(THIRD)])
    assert store.mass_kg() == 100
    assert store.findings() == {OTHER: "same-content", THIRD: "same-content"}
    store.capture([wrong(ONE)])
    assert store.mass_kg() == 100
    assert store.findings() == {OTHER: "same-as-wrong", THIRD: "same-content"}
    store.capture([wrong(OTHER), wrong(THIRD)])
    assert store.mass_kg() is None


def test_that_a_twin_was_wrong_changes_nothing(store: Store) -> None:
    store.capture([named(ONE)], [named(OTHER)], [wrong(OTHER)])
    assert store.mass_kg() == 100
    assert store.findings() == {OTHER: "same-content"}


def test_what_is_said_again_after_it_was_declared_wrong_counts(store: Store) -> None:
    store.capture([named(ONE)], [wrong(ONE)], [named(OTHER)])
    assert store.mass_kg() == 100
    assert store.findings() == {}


def test_the_order_of_capture_does_not_matter(store: Store) -> None:
    for number, order in enumerate(permutations(range(3))):
        for cut in range(4):
            key = lot(f"A{number}-{cut}")
            one, other = (f"{ONE[:-4]}{number}{cut}{n:02}" for n in range(2))
            events = [named(one, key), named(other, key), wrong(one, key)]
            batches = ([events[n] for n in part] for part in (order[:cut], order[cut:]) if part)
            store.capture(*batches)
            assert store.mass_kg(key) == 100, (order, cut)
