"""What ingest hears of a scan that can't be captured."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from api.scan_sink import TraceabilityScanSink
from ingest.errors import ScanSinkUnavailableError
from park.assets import Park
from park.database import open_engine
from tests.support.scanning import NOW, Scans
from traceability import tables as t
from traceability.repository import Traceability


def test_scans_wait_while_the_log_is_broken(small_park: Park, tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'traceability.db'}")
    rules: dict[str, Any] = {"mass_tolerance": 0.005, "clock_skew_s": 300}
    repository = Traceability(engine, small_park, **rules, clock=lambda: NOW)
    sink, scans = TraceabilityScanSink(repository), Scans(small_park)
    assert sink.capture(scans.harvest(scans.lot("H1"), 100))
    with engine.begin() as connection:
        connection.execute(delete(t.log_head))
    with pytest.raises(ScanSinkUnavailableError, match="agripark ledger verify"):
        sink.capture(scans.harvest(scans.lot("H2"), 100))
    repository.close()
