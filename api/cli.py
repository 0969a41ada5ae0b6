"""The `agripark` command: with `api.wiring` the one place where the parts are put together."""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from api.commands import (
    alarms,
    balance,
    calibration,
    devices,
    grafana,
    ledger,
    logs,
    profile,
    quarantine,
    simulate,
    spool,
)
from api.commands import doctor as doctor_checks
from api.commands.asyncapi import asyncapi
from api.commands.backup import backup
from api.commands.demo import DemoParts, DemoResult, run_demo
from api.commands.options import (
    DatabaseOption,
    DataOption,
    GroupOption,
    HostOption,
    InfluxOption,
    JsonOption,
    MetricsPortOption,
    MqttOption,
    PortOption,
    ScaleOption,
    SeedOption,
    YearOption,
)
from api.commands.output import say, show
from api.commands.progress import season_progress
from api.commands.recall import recall
from api.commands.reports import demo_text
from api.commands.signals import ending_by_signal, wait_for_signal
from api.commands.trace import trace
from api.embedded_broker import MQTT_VERSION as EMBEDDED_MQTT_VERSION
from api.embedded_broker import embedded_broker
from api.errors import ApiError
from api.ports import is_free
from api.server import serving
from api.wiring import (
    Parts,
    Records,
    broker_options,
    figuring,
    ingesting,
    make_figures,
    make_park,
    make_store,
    opened,
)
from grafana.errors import GrafanaError
from ingest.errors import IngestError
from ingest.pipeline import Ingest
from park.errors import ParkError
from park.settings import Settings, load_settings
from simulators.errors import SimulatorError
from simulators.handheld import Handheld
from simulators.mqtt import MqttPublisher
from simulators.season import SeasonPlan, plan_season, season_settings
from traceability.errors import TraceabilityError

DEMO_SCALE = 0.01
_DEMO_SESSION_S = 60
_OUR_ERRORS = (
    ApiError,
    GrafanaError,
    IngestError,
    ParkError,
    SimulatorError,
    TraceabilityError,
)


app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Watches an agricultural industrial park and proves where every exported batch came from.",
)
app.command()(asyncapi)
app.add_typer(simulate.app, name="simulate")
app.add_typer(grafana.app, name="grafana")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(profile.app, name="profile")
app.add_typer(calibration.app, name="calibration")
app.add_typer(spool.app, name="spool")
app.add_typer(devices.app, name="devices")
app.add_typer(alarms.app, name="alarms")
app.add_typer(balance.app, name="balance")
app.add_typer(ledger.app, name="ledger")
app.command()(trace)
app.command()(recall)
app.command()(backup)


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Run the season and leave.")] = False,
    as_json: JsonOption = False,
    mqtt: MqttOption = None,
    influx: InfluxOption = None,
    database: DatabaseOption = None,
    seed: SeedOption = 1,
    year: YearOption = None,
    scale: ScaleOption = None,
    port: PortOption = None,
    data: DataOption = None,
) -> None:
    """Run a whole season in a minute, embedded or on real servers, then serve it.

    Example: agripark demo --once --json
    """
    with ExitStack() as stack:
        stack.enter_context(ending_by_signal())
        folder = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="agripark-")))
        mqtt_url = mqtt or stack.enter_context(embedded_broker())
        settings = load_settings(
            data_dir=folder,
            mqtt_url=mqtt_url,
            mqtt_version=None if mqtt else EMBEDDED_MQTT_VERSION,
            # Nobody else's session, and none that stays behind on a real broker.
            mqtt_client_id=f"agripark-demo-{uuid4().hex[:12]}",
            park_scale=scale or DEMO_SCALE,
            api_port=port,
        ).model_copy(update={"influx_url": influx, "database_url": database})
        parts = stack.enter_context(opened(settings))
        plan = plan_season(parts.park, season_settings(parts.park, seed=seed, year=year))
        api_url = stack.enter_context(
            serving(parts.app(), settings.api_host, _demo_port(settings, port, once=once))
        )
        if not as_json:
            say(f"A season of {parts.park.site.name.en}, {len(parts.park.assets)} assets:")
        result = _season_through(parts, api_url, plan, quiet=as_json)
        figures = make_figures(parts)
        while figures.catch_up():
            pass
        show(result.report.as_json() if as_json else demo_text(result, api_url))
        if not once:
            say(f"\nServing {api_url} until Ctrl-C ...")
            wait_for_signal()
    if result.report.complaints():
        raise typer.Exit(1)


def _demo_port(settings: Settings, wanted: int | None, *, once: bool) -> int:
    """The port that was asked for, else the usual one where it is free and worth keeping."""
    if wanted is None and (once or not is_free(settings.api_host, settings.api_port)):
        return 0
    return settings.api_port


def _season_through(parts: Parts, api_url: str, plan: SeasonPlan, *, quiet: bool) -> DemoResult:
    """Send the season through freshly started ingest, and stop it once all has settled."""
    settings = parts.settings
    broker = replace(broker_options(settings), session_expiry_s=_DEMO_SESSION_S)
    gateway = MqttPublisher(
        settings.mqtt_url, version=settings.mqtt_version, client_id=f"{broker.client_id}-gateway"
    )
    with (
        ingesting(parts, broker) as ingest,
        gateway as publisher,
        Handheld(api_url) as handheld,
        season_progress(quiet=quiet) as progress,
    ):
        demo_parts = DemoParts(ingest, parts.store, parts.traceability, publisher, handheld)
        return run_demo(plan, demo_parts, progress)


@app.command()
def up(
    mqtt: MqttOption = None,
    group: GroupOption = None,
    influx: InfluxOption = None,
    database: DatabaseOption = None,
    host: HostOption = None,
    port: PortOption = None,
    data: DataOption = None,
    scale: ScaleOption = None,
) -> None:
    """Run ingest and API in one process until Ctrl-C.

    Example: agripark up --mqtt mqtt://127.0.0.1:1883 --influx http://127.0.0.1:8086
    """
    settings = load_settings(
        mqtt_url=mqtt,
        mqtt_group=group,
        influx_url=influx,
        database_url=database,
        api_host=host,
        api_port=port,
        data_dir=data,
        park_scale=scale,
    )
    options = broker_options(settings)
    with (
        ending_by_signal(),
        opened(settings, needs_database=False) as parts,
        ingesting(parts, options) as running,
        figuring(parts),
        serving(parts.app(running), settings.api_host, settings.api_port) as api_url,
    ):
        say(f"{parts.park.site.id}: ingest from {options.name}, API at {api_url}")
        wait_for_signal(running.check_alive)


@app.command()
def ingest(
    mqtt: MqttOption = None,
    group: GroupOption = None,
    influx: InfluxOption = None,
    database: DatabaseOption = None,
    metrics_port: MetricsPortOption = None,
    data: DataOption = None,
    scale: ScaleOption = None,
) -> None:
    """Take readings and scans from the broker until Ctrl-C.

    Example: agripark ingest --mqtt mqtt://127.0.0.1:1883 --influx http://127.0.0.1:8086
    """
    settings = load_settings(
        mqtt_url=mqtt,
        mqtt_group=group,
        influx_url=influx,
        database_url=database,
        metrics_port=metrics_port,
        data_dir=data,
        park_scale=scale,
    )
    options = broker_options(settings)
    with (
        ending_by_signal(),
        opened(settings, needs_database=False) as parts,
        ingesting(parts, options) as running,
        _operations(parts, running) as address,
    ):
        say(f"{parts.park.site.id}: ingest from {options.name}{address}")
        wait_for_signal(running.check_alive)


@contextmanager
def _operations(parts: Parts, running: Ingest) -> Iterator[str]:
    """Health and metrics of ingest, where they are wanted; gives words that say where."""
    settings = parts.settings
    if settings.metrics_port is None:
        yield ""
        return
    app = parts.operations_app(running)
    with serving(app, settings.api_host, settings.metrics_port) as url:
        yield f", metrics at {url}/metrics"


@app.command()
def serve(
    influx: InfluxOption = None,
    database: DatabaseOption = None,
    host: HostOption = None,
    port: PortOption = None,
    data: DataOption = None,
    scale: ScaleOption = None,
) -> None:
    """Serve the HTTP API and the pages until Ctrl-C.

    Example: agripark serve --port 8000
    """
    settings = load_settings(
        influx_url=influx,
        database_url=database,
        api_host=host,
        api_port=port,
        data_dir=data,
        park_scale=scale,
    )
    with (
        ending_by_signal(),
        opened(settings, needs_database=False) as parts,
        figuring(parts),
        serving(parts.app(), settings.api_host, settings.api_port) as api_url,
    ):
        say(f"{parts.park.site.id}: API at {api_url}")
        wait_for_signal()


@app.command()
def doctor(
    mqtt: MqttOption = None,
    influx: InfluxOption = None,
    database: DatabaseOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say which part doesn't answer, and what to do about it.

    Example: agripark doctor --mqtt mqtt://127.0.0.1:1883
    """
    settings = load_settings(mqtt_url=mqtt, influx_url=influx, database_url=database, data_dir=data)
    options = broker_options(settings)
    broker = doctor_checks.check_mqtt(options)
    findings = [
        doctor_checks.check_folder(settings.data_dir),
        doctor_checks.check_session(settings.spool_path),
        broker,
    ]
    if broker.ok:
        findings += doctor_checks.check_broker_keeps(options, settings.payload_limit_bytes)
    with closing(make_store(settings)) as store:
        findings.append(doctor_checks.check_telemetry(store))
    with closing(Records.of(settings, make_park(settings))) as records:
        database_found = doctor_checks.check_database(records.traceability)
        findings.append(database_found)
        if database_found.ok:
            findings.append(doctor_checks.check_ledger(records.ledger))
    if as_json:
        show([asdict(finding) for finding in findings])
    else:
        show(doctor_checks.findings_text(findings))
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command's entry: every error of ours becomes one line and exit status 1.

    `arguments` are the words behind `agripark`; without them, those of this process.
    """
    logs.configure_early()
    try:
        app(arguments)
    except _OUR_ERRORS as error:
        say(f"agripark: {error}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
