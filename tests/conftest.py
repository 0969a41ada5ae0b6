"""Fixtures for all tests: the small park and real servers, each started once a run."""

import json
import os
import subprocess
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from park.assets import Park
from park.definition import build_park, read_definition
from park.times import from_epoch_ms
from simulators.season import SeasonPlan, plan_season, season_settings
from tests.support.scanning import Scans
from tests.support.servers import (
    InfluxDB,
    Mosquitto,
    PostgreSQL,
    run_influxdb,
    run_mosquitto,
    run_postgresql,
)

# No test fails because the machine is busy: speed is measured in `bench`.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


def pytest_make_parametrize_id(val: object) -> str | None:
    """A lone surrogate in a test's name can't be sent from worker to worker."""
    return ascii(val) if isinstance(val, str) and not val.isprintable() else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,  # noqa: ARG001 - pytest's signature
    call: pytest.CallInfo[None],  # noqa: ARG001 - pytest's signature
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Nor can one in what a test printed."""
    report = yield
    report.sections = [
        (name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections
    ]
    return report


@pytest.fixture(scope="session")
def small_park() -> Park:
    """Linyi at a hundredth of its size."""
    return build_park(read_definition(), 0.01)


@pytest.fixture
def scans(small_park: Park) -> Scans:
    """What its readers and handhelds would say."""
    return Scans(small_park)


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
    """One cluster for the whole run; take a `new_database()` for each test.

    It doesn't wait for the disk: no test takes the machine's power away.
    """
    with run_postgresql("fsync=off") as server:
        yield server


@dataclass(frozen=True, slots=True)
class DemoRun:
    """What `agripark demo --once --json` left behind."""

    status: int
    report: dict[str, Any]
    stderr: str
    data: Path
    """Folder of spool and embedded databases."""
    influx_url: str | None = None
    influx_database: str | None = None
    database_url: str | None = None


def run_demo(data: Path, *options: str, **environment: str) -> DemoRun:
    """Run the demo as a user does, in a process of its own."""
    command = (sys.executable, "-m", "api", "demo", "--once", "--json", "--data", str(data))
    done = subprocess.run(
        (*command, *options),
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.stdout, done.stderr
    return DemoRun(done.returncode, json.loads(done.stdout), done.stderr, data)


@pytest.fixture(scope="session")
def season_plan(small_park: Park) -> SeasonPlan:
    """What the demo's season holds: the truth to compare with."""
    return plan_season(small_park, season_settings(small_park))


@pytest.fixture(scope="session")
def embedded_demo(tmp_path_factory: pytest.TempPathFactory) -> DemoRun:
    """The demo without any server, run once."""
    return run_demo(tmp_path_factory.mktemp("embedded-demo"))


@pytest.fixture(scope="session")
def real_demo(
    tmp_path_factory: pytest.TempPathFactory, influxdb: InfluxDB, postgresql: PostgreSQL
) -> DemoRun:
    """The demo on Mosquitto, InfluxDB and PostgreSQL, run once."""
    data = tmp_path_factory.mktemp("real-demo")
    influx_database, database_url = influxdb.new_database(), postgresql.new_database()
    with run_mosquitto() as mosquitto:
        run = run_demo(
            data,
            *("--mqtt", mosquitto.url, "--influx", influxdb.url, "--database", database_url),
            AGRIPARK_INFLUX_DATABASE=influx_database,
        )
    return replace(
        run,
        influx_url=influxdb.url,
        influx_database=influx_database,
        database_url=database_url,
    )


@dataclass(frozen=True, slots=True)
class SeasonInfluxDB:
    """An InfluxDB that holds a whole season."""

    url: str
    database: str
    first: datetime
    last: datetime


@pytest.fixture(scope="session")
def season_influxdb(
    real_demo: DemoRun, influxdb: InfluxDB, season_plan: SeasonPlan
) -> SeasonInfluxDB:
    """InfluxDB filled by the season through Mosquitto and ingest."""
    assert real_demo.influx_database is not None
    first, last = from_epoch_ms(season_plan.start_ms), from_epoch_ms(season_plan.end_ms)
    return SeasonInfluxDB(influxdb.url, real_demo.influx_database, first, last)
