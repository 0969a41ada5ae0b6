"""Fixtures for all tests: the small park and real servers, each started once a run."""

from collections.abc import Iterator

import pytest

from park.assets import Park
from park.definition import build_park, read_definition
from tests.support.servers import (
    InfluxDB,
    Mosquitto,
    PostgreSQL,
    run_influxdb,
    run_mosquitto,
    run_postgresql,
)


@pytest.fixture(scope="session")
def small_park() -> Park:
    """Linyi at a hundredth of its size."""
    return build_park(read_definition(), 0.01)


@pytest.fixture
def mosquitto() -> Iterator[Mosquitto]:
    """A broker of the test's own, so that it may be stopped and started."""
    with run_mosquitto() as server:
        yield server


@pytest.fixture(scope="session")
def influxdb() -> Iterator[InfluxDB]:
    """One server for the whole run; take a `new_database()` for each test."""
    with run_influxdb() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """One cluster for the whole run; take a `new_database()` for each test."""
    with run_postgresql() as server:
        yield server
