"""Both databases and both telemetry stores, for contracts that hold on either."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from ingest.stores.influx import InfluxStore
from ingest.stores.port import TelemetryStore
from ingest.stores.sqlite import SqliteStore
from park.assets import Park
from park.database import open_engine
from tests.support.servers import InfluxDB, PostgreSQL
from traceability.repository import Traceability

NewAddress = Callable[[], str]
MakeStore = Callable[[], TelemetryStore]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """The database that the tests of a module run on, one after the other."""
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def new_address(
    request: pytest.FixtureRequest, backend: str, tmp_path_factory: pytest.TempPathFactory
) -> NewAddress:
    """Makes empty databases and gives their addresses."""
    if backend == "postgresql":
        make: NewAddress = request.getfixturevalue("postgresql").new_database
        return make
    folder = tmp_path_factory.mktemp("databases")
    return lambda: f"sqlite:///{folder / uuid4().hex}.db"


@pytest.fixture
def address(new_address: NewAddress) -> str:
    """An empty database of the test's own."""
    return new_address()


@pytest.fixture
def engine(address: str) -> Iterator[Engine]:
    """That database, opened."""
    engine = open_engine(address)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def migrated_sqlite(small_park: Park, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all tables, to copy."""
    path = tmp_path_factory.mktemp("migrated") / "traceability.db"
    _migrate(f"sqlite:///{path}", small_park)
    return path


@pytest.fixture(scope="session")
def migrated_postgresql(small_park: Park, postgresql: PostgreSQL) -> str:
    """The address of a database with all tables, to copy."""
    address = postgresql.new_database()
    _migrate(address, small_park)
    return address


def _migrate(address: str, park: Park) -> None:
    traceability = Traceability(open_engine(address), park, mass_tolerance=0.005, clock_skew_s=300)
    traceability.migrate()
    traceability.close()


@pytest.fixture
def migrated_address(request: pytest.FixtureRequest, backend: str, tmp_path: Path) -> str:
    """A database of the test's own that has its tables already, as making them takes a second."""
    if backend == "postgresql":
        server: PostgreSQL = request.getfixturevalue("postgresql")
        return server.new_database(like=request.getfixturevalue("migrated_postgresql"))
    path = tmp_path / f"{uuid4().hex}.db"
    shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="module")
def shared_address(new_address: NewAddress) -> str:
    """A database for all tests of a module, which only look."""
    return new_address()


@pytest.fixture(params=["sqlite", "influx"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeStore]:
    """Makes empty stores of the adapter under test."""
    stores: list[TelemetryStore] = []

    def make() -> TelemetryStore:
        store: TelemetryStore
        if request.param == "sqlite":
            store = SqliteStore(tmp_path / f"telemetry-{len(stores)}.db")
        else:
            influxdb: InfluxDB = request.getfixturevalue("influxdb")
            store = InfluxStore(influxdb.url, influxdb.new_database())
        stores.append(store)
        return store

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def store(make_store: MakeStore) -> TelemetryStore:
    return make_store()
