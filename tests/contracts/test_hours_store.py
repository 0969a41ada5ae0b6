"""The stores that measurements fill by copying hours are what captures would have left."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine

from park.assets import Park
from park.database import open_engine
from tests.support import park_hour
from tests.support.hours_store import fill
from traceability.derived.service import DerivedTables
from traceability.errors import BatchExistsError
from traceability.ledger.ledger import Ledger
from traceability.provenance.service import ProvenanceService
from traceability.provenance.walk_statements import Direction
from traceability.repository import Traceability

HOURS = 3


@pytest.fixture
def engine(address: str, small_park: Park) -> Iterator[Engine]:
    engine = open_engine(address)
    assert fill(engine, small_park, HOURS * park_hour.EVENTS - 1) == HOURS
    yield engine
    engine.dispose()


def test_every_table_is_as_its_events_give_it(
    engine: Engine, small_park: Park, tmp_path: Path
) -> None:
    ledger = Ledger(engine, tmp_path / "keys", tmp_path / "checkpoints", origin="test")
    report = ledger.verify()
    assert report.ok
    assert report.size == HOURS * park_hour.EVENTS + 1
    derived = DerivedTables(engine, small_park, mass_tolerance=0.005, clock_skew_s=300.0)
    found = derived.compare(lambda *_: None)
    assert [each.table for each in found.tables if not each.ok] == []
    assert not found.doubts.count


def test_lots_of_200_ancestors_are_in_every_hour(engine: Engine, small_park: Park) -> None:
    provenance = ProvenanceService(engine, small_park)
    for name in ("wide", "deep"):
        last = park_hour.root(name, park_hour.tag(HOURS - 1))
        assert len(provenance.trace(last, Direction.BACK).nodes) > 3 * park_hour.BRANCHES


def test_captures_go_on(engine: Engine, small_park: Park) -> None:
    traceability = Traceability(
        engine,
        small_park,
        mass_tolerance=0.005,
        clock_skew_s=300.0,
        clock=lambda: park_hour.START.replace(month=6),
    )
    harvest = next(iter(park_hour.scans(small_park)))
    assert not traceability.capture(harvest).new
    with pytest.raises(BatchExistsError):
        traceability.capture(harvest.model_copy(update={"id": UUID(int=1)}))
