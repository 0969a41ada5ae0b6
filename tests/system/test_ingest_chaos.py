"""Whatever breaks, alone or two at once: what was acknowledged is stored once, and nothing else."""

from itertools import pairwise
from pathlib import Path

import pytest

from park.assets import Park
from park.times import now_ms
from tests.support.chaos import Fault, run_chaos, schedule
from tests.support.ingest_fakes import ROOM_TOPIC, MemoryStore, as_json, room_reading
from tests.support.ingest_runs import Device, Setting, broker_options, settle
from tests.support.servers import Mosquitto

SCALE = 0.07
"""Some twenty seconds of load; `python -m tests.bench chaos` runs the full length."""


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_acknowledged_reading_is_stored_once_whatever_breaks(seed: int) -> None:
    verdict = run_chaos(seed, SCALE)
    said = str(verdict)
    assert verdict.outcome.missing == [], said
    assert verdict.outcome.unrouted == 0, said
    assert verdict.lost == [], said
    assert verdict.invented == [], said
    assert verdict.quarantined == [], said
    assert verdict.complaints == [], said
    assert verdict.counters.unaccounted == 0, said
    assert verdict.counters.stored == verdict.outcome.sent, said
    assert verdict.counters.spooled == 0, said
    assert verdict.looks > 50, said
    assert verdict.stalls == [True], said


@pytest.mark.parametrize("seed", range(20))
def test_every_schedule_has_each_fault_alone_and_two_pairs_that_overlap(seed: int) -> None:
    outages = schedule(seed, 1)
    assert {outage.fault for outage in outages[:5]} == set(Fault)
    assert all(a.end_s < b.start_s for a, b in pairwise(outages[:5]))
    for first, second in (outages[5:7], outages[7:9]):
        assert first.start_s <= second.start_s <= first.end_s
    assert [outage.fault for outage in outages[5:7]] == [Fault.DISK_FULL, Fault.INGEST_KILLED]
    assert schedule(seed, 1) == outages


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_ingest_starts_on_a_backlog_that_is_larger_than_its_inbox(
    version: str, small_park: Park, tmp_path: Path, mosquitto: Mosquitto
) -> None:
    options = broker_options(mosquitto.url, version, receive_maximum=100)
    setting = Setting(small_park, tmp_path, options, MemoryStore())
    with setting.running():
        pass  # from here on the broker keeps messages for it
    first_ms = now_ms() - 3_600_000
    with Device(mosquitto.port) as device:
        device.send_all((ROOM_TOPIC, as_json(room_reading(first_ms + n))) for n in range(2_000))
    with setting.running() as ingest:
        assert settle(ingest, 2_000).stored == 2_000
