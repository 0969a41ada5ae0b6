"""A server that begins while its database is away."""

import threading
from pathlib import Path

import pytest

from api.migrating import up_to_date
from park.assets import Park
from park.database import open_engine
from tests.support.servers import wait_until
from traceability.errors import DatabaseUnavailableError
from traceability.repository import Traceability


def test_tables_are_made_once_the_database_is_there(small_park: Park, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    engine = open_engine(f"sqlite:///{folder / 'traceability.db'}")
    traceability = Traceability(engine, small_park, mass_tolerance=0.005, clock_skew_s=300)
    folder.rmdir()
    done = threading.Event()
    with (
        pytest.raises(DatabaseUnavailableError),
        up_to_date(traceability, needed=True, then=done.set),
    ):
        pass
    with up_to_date(traceability, needed=False, then=done.set):
        assert not traceability.health().ok
        assert not done.is_set()
        folder.mkdir()
        wait_until(lambda: traceability.health().ok, 10, lambda: traceability.health().detail)
        assert done.wait(10)
    traceability.close()
