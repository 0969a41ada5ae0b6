"""The page for integrators does what it says: every line of it, against real servers."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.scan_sink import TraceabilityScanSink
from ingest.devices.device import State
from ingest.devices.register import DeviceRegister
from ingest.stores.sqlite import SqliteStore
from park.assets import Park
from park.database import open_engine
from park.gs1 import parse_batch
from park.scans import Action
from park.telemetry import KINDS
from tests.support.ingest_fakes import wait_for
from tests.support.ingest_runs import Setting, broker_options, settle
from tests.support.servers import Mosquitto
from traceability.repository import Traceability

PAGE = Path(__file__).parents[2] / "docs/devices.md"
SHELL_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STATUS = "mosquitto_pub -q 1 -r"
SCANS = re.compile(r'"action": "(\w+)"')


def blocks() -> list[str]:
    """Every shell block of the page that publishes something."""
    found = SHELL_BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    return [block for block in found if "mosquitto_pub" in block]


class Shell:
    """A shell whose mosquitto clients find the test's broker by their own options file."""

    def __init__(self, folder: Path, port: int) -> None:
        folder.mkdir()
        for client in ("mosquitto_pub", "mosquitto_sub"):
            (folder / client).write_text(f"-p {port}\n")
        self._environment = os.environ | {"XDG_CONFIG_HOME": str(folder)}

    def run(self, script: str) -> str:
        """Run a script as it stands and give what it prints."""
        done = subprocess.run(
            ["bash", "-e", "-c", script],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def shell(mosquitto: Mosquitto, tmp_path: Path) -> Shell:
    return Shell(tmp_path / "config", mosquitto.port)


@contextmanager
def traced(park: Park, folder: Path) -> Iterator[Traceability]:
    engine = open_engine(f"sqlite:///{folder / 'traceability.db'}")
    traceability = Traceability(engine, park, mass_tolerance=0.005, clock_skew_s=300)
    try:
        yield traceability
    finally:
        traceability.close()


def test_every_line_of_the_page_is_stored_and_none_refused(
    small_park: Park, tmp_path: Path, mosquitto: Mosquitto, shell: Shell
) -> None:
    store = SqliteStore(tmp_path / "telemetry.db")
    with traced(small_park, tmp_path) as traceability:
        setting = Setting(
            small_park,
            tmp_path,
            broker_options(mosquitto.url),
            store,
            TraceabilityScanSink(traceability),
        )
        with setting.running() as ingest:
            for block in blocks():
                shell.run(block)
            page = "".join(blocks())
            told, statuses = SCANS.findall(page), page.count('"online"')
            counters = settle(ingest, len(KINDS) + statuses + len(told))
            wait_for(lambda: room_state(setting) is State.OFFLINE)
        assert sorted(told) == sorted(Action)
        assert not setting.quarantined()
        assert counters.captured == len(told)
        for kind in KINDS:
            assert store.latest(kind), kind
        origins = traceability.batch(parse_batch("01/09521321000025/10/LY-7-A")).origins
        assert [origin.orchard for origin in origins] == ["orchard-001"]
    store.close()


def room_state(setting: Setting) -> State | None:
    device = DeviceRegister(setting.spool_path).device("room-0001")
    return None if device is None else device.state


def test_what_a_lost_device_leaves_is_retained_for_whoever_comes_later(
    shell: Shell,
) -> None:
    for block in blocks():
        if STATUS in block:
            shell.run(block)
    said = {}
    for room in ("room-0001", "room-0002"):
        topic = f"agripark/v1/linyi/cold_room/{room}/status"
        said[room] = json.loads(shell.run(f"mosquitto_sub -t {topic} -C 1 -W 20"))
    assert said == {"room-0001": {"online": False}, "room-0002": {"online": True, "fw": "2.4.1"}}
