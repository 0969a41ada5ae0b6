"""`agripark demo`: a whole season, embedded and on real servers; nothing may be lost."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest

from api.wiring import Records
from ingest.alarms.model import AlarmStatus
from ingest.alarms.register import AlarmRegister
from park.assets import Park
from park.gs1 import parse_batch
from park.settings import Settings, load_settings
from park.telemetry import KINDS
from simulators.season import SeasonPlan
from tests.support.servers import free_port, wait_until
from traceability.repository import Traceability
from traceability.views import NodeKind, Trace

IN_SIGHT = {AlarmStatus.UNACKNOWLEDGED, AlarmStatus.RETURNED_UNACKNOWLEDGED}
REPORT_KEYS = {
    "batches", "shipments", "readings_sent", "readings_stored", "scans_sent", "events",
    "quarantined", "elapsed_s",
}  # fmt: skip
GRAM_KG = 0.001


class DemoRun(Protocol):
    status: int
    report: dict[str, Any]
    stderr: str
    data: Path
    influx_url: str | None
    influx_database: str | None
    database_url: str | None


@pytest.fixture(params=["embedded_demo", "real_demo"])
def any_demo(request: pytest.FixtureRequest) -> DemoRun:
    run: DemoRun = request.getfixturevalue(request.param)
    return run


@pytest.fixture
def traceability(any_demo: DemoRun, small_park: Park) -> Iterator[Traceability]:
    """The database that the demo left behind."""
    settings: Settings = load_settings(data_dir=any_demo.data, database_url=any_demo.database_url)
    with closing(Records.of(settings, small_park)) as opened:
        yield opened.traceability


def test_nothing_is_lost_and_the_exit_status_says_so(any_demo: DemoRun) -> None:
    report = any_demo.report
    assert set(report) == REPORT_KEYS
    assert report["readings_stored"] == report["readings_sent"] > 50_000
    assert report["events"] == report["scans_sent"] > 200
    assert report["quarantined"] == 0
    assert any_demo.status == 0, any_demo.stderr


def test_a_healthy_season_shows_nobody_an_alarm(any_demo: DemoRun) -> None:
    register = AlarmRegister(any_demo.data / "spool.db")
    seen = [entry for entry in register.journal(limit=10_000) if entry.after in IN_SIGHT]
    assert seen == []
    assert register.journal(limit=1), "a pull-down raises what is hidden by design"


def test_nothing_but_json_is_printed(any_demo: DemoRun) -> None:
    assert any_demo.stderr == ""


def test_embedded_and_real_servers_report_the_same_season(
    embedded_demo: DemoRun, real_demo: DemoRun
) -> None:
    def timeless(run: DemoRun) -> dict[str, Any]:
        return {name: value for name, value in run.report.items() if name != "elapsed_s"}

    assert timeless(embedded_demo) == timeless(real_demo)


def test_influxdb_itself_counts_as_many_readings_as_were_sent(real_demo: DemoRun) -> None:
    stored = 0
    for kind in KINDS:
        query = f"SELECT count(*) FROM {kind} GROUP BY asset"  # noqa: S608 - our own table
        form = {"db": str(real_demo.influx_database), "q": query}
        answer = httpx.post(f"{real_demo.influx_url}/query", data=form, timeout=30).json()
        for series in answer["results"][0].get("series", []):
            stored += max(series["values"][0][1:])
    assert stored == real_demo.report["readings_sent"]


def test_the_season_reaches_six_destinations_and_jujubes_reach_thailand(
    season_plan: SeasonPlan, traceability: Traceability
) -> None:
    assert len(season_plan.truth.destinations()) >= 6
    shipments = traceability.shipments(limit=1000).items
    assert {shipment.destination for shipment in shipments} == season_plan.truth.destinations()
    thai = traceability.shipments("TH", limit=1000).items
    batches = [
        content.batch
        for shipment in thai
        for sscc in shipment.pallets
        for content in traceability.pallet(sscc).contents
    ]
    products = season_plan.park.products
    assert any(products[batch.gtin].crop == "jujube" for batch in batches)


def test_every_shipped_pallet_is_traced_back_to_orchards_whose_harvest_covers_it(
    season_plan: SeasonPlan, traceability: Traceability
) -> None:
    harvested_kg = {h.batch.path: h.qty_kg for h in season_plan.truth.harvests}
    orchards = {h.batch.path: h.orchard for h in season_plan.truth.harvests}
    taken_kg = dict.fromkeys(harvested_kg, 0.0)
    shipped = [sscc for shipment in season_plan.truth.shipments for sscc in shipment.pallets]
    for sscc in shipped:
        trace = traceability.trace_back(f"00/{sscc}")
        pallet_kg = sum(content.qty_kg for content in traceability.pallet(sscc).contents)
        assert {end.kind for end in trace.ends} == {NodeKind.HARVEST}
        assert sum(end.qty_kg for end in trace.ends) == pytest.approx(pallet_kg, abs=GRAM_KG)
        for end in trace.ends:
            assert end.place == orchards[end.id]
            taken_kg[end.id] += end.qty_kg
    assert shipped
    for batch, mass_kg in taken_kg.items():
        assert mass_kg <= harvested_kg[batch] + GRAM_KG


def test_every_harvest_is_traced_forward_to_its_last_kilogram(
    season_plan: SeasonPlan, traceability: Traceability
) -> None:
    kinds = set()
    for harvest in season_plan.truth.harvests:
        trace = traceability.trace_forward(harvest.batch.path)
        ends_kg = sum(end.qty_kg for end in trace.ends)
        assert ends_kg == pytest.approx(harvest.qty_kg, abs=GRAM_KG)
        kinds |= {end.kind for end in trace.ends}
        assert_conserved(trace)
    assert {NodeKind.SHIPMENT, NodeKind.STOCK, NodeKind.REJECT, NodeKind.LOSS} <= kinds


def assert_conserved(trace: Trace) -> None:
    """What flows into a node between root and ends flows out of it again."""
    ends = {end.id for end in trace.ends}
    for node in trace.nodes:
        if node.id not in ends:
            out_kg = sum(edge.qty_kg for edge in trace.edges if edge.source == node.id)
            assert out_kg == pytest.approx(node.qty_kg, abs=GRAM_KG)


def test_a_broker_that_is_not_there_is_one_line_and_status_one() -> None:
    url = f"mqtt://127.0.0.1:{free_port()}"
    done = subprocess.run(
        (sys.executable, "-m", "api", "demo", "--once", "--mqtt", url),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert re.fullmatch(r"A season .*\nagripark: .*can't reach the broker.*\n", done.stderr)


def test_a_newcomer_looks_three_batches_up_and_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "demo.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            (sys.executable, "-u", "-m", "api", "demo", "--port", str(port)),
            stdout=output,
            stderr=output,
            env=os.environ | {"TMPDIR": str(tmp_path)},
        )
        try:
            wait_until(
                lambda: "Serving" in log.read_text() or process.poll() is not None,
                100,
                lambda: f"the demo doesn't serve:\n{log.read_text()}",
            )
            addresses = re.findall(rf"http://127\.0\.0\.1:{port}/01/\S+", log.read_text())
            pages = [httpx.get(url, headers={"accept": "text/html"}) for url in addresses]
        finally:
            process.send_signal(signal.SIGINT)
            status = process.wait(30)
    assert [page.status_code for page in pages] == [200, 200, 200]
    assert all(
        parse_batch(url).lot in page.text for url, page in zip(addresses, pages, strict=True)
    )
    assert "Thailand" in pages[0].text
    assert status == 0
    assert [path.name for path in tmp_path.iterdir()] == ["demo.log"]
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/")
