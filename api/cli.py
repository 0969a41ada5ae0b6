"""The `agripark` command, and the one place where the parts are wired together."""

import logging
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer
from fastapi import FastAPI

from api.app import create_app
from api.commands import doctor as doctor_checks
from api.commands import grafana, quarantine, simulate
from api.commands.demo import DemoParts, DemoResult, run_demo
from api.commands.options import (
    DatabaseOption,
    DataOption,
    HostOption,
    InfluxOption,
    JsonOption,
    MqttOption,
    PortOption,
    ScaleOption,
    SeedOption,
    YearOption,
)
from api.commands.output import say, show
from api.commands.progress import season_progress
from api.commands.reports import demo_text
from api.commands.signals import ending_by_signal, wait_for_signal
from api.commands.trace import trace_json, trace_text
from api.embedded_broker import MQTT_VERSION as EMBEDDED_MQTT_VERSION
from api.embedded_broker import embedded_broker
from api.errors import ApiError
from api.ports import is_free
from api.scan_sink import TraceabilityScanSink
from api.server import serving
from api.services import Services
from grafana.errors import GrafanaError
from ingest.decoding import Decoder
from ingest.errors import IngestError
from ingest.mqtt import BrokerOptions
from ingest.pipeline import Ingest
from ingest.quarantine import Quarantine
from ingest.spool import Spool
from ingest.stores.influx import InfluxStore
from ingest.stores.port import TelemetryStore
from ingest.stores.sqlite import SqliteStore
from park.assets import Park
from park.database import open_engine
from park.definition import build_park, read_definition
from park.errors import ParkError
from park.settings import Settings, load_settings
from simulators.errors import SimulatorError
from simulators.handheld import Handheld
from simulators.mqtt import MqttPublisher
from simulators.season import SeasonPlan, plan_season, season_settings
from traceability.errors import TraceabilityError
from traceability.repository import Traceability

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


# --- wiring -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that every long-running command shares, opened."""

    settings: Settings
    park: Park
    store: TelemetryStore
    traceability: Traceability

    def app(self, ingest: Ingest | None = None) -> FastAPI:
        """The HTTP application over these parts, and over ingest where it runs here."""
        return create_app(
            Services(
                park=self.park,
                traceability=self.traceability,
                telemetry=self.store,
                settings=self.settings,
                quarantine=Quarantine(self.settings.spool_path),
                ingest=ingest,
            )
        )


def make_park(settings: Settings) -> Park:
    """The park that the settings describe."""
    return build_park(read_definition(settings.park_definition), settings.park_scale)


def make_store(settings: Settings) -> TelemetryStore:
    """InfluxDB where the settings name one, else the embedded store."""
    if settings.influx_url is None:
        return SqliteStore(settings.telemetry_path)
    return InfluxStore(
        settings.influx_url,
        settings.influx_database,
        settings.influx_username,
        settings.influx_password.get_secret_value(),
        settings.influx_token.get_secret_value(),
    )


def make_traceability(settings: Settings, park: Park) -> Traceability:
    """The traceability database that the settings name; its tables may be missing."""
    return Traceability(
        open_engine(settings.traceability_url),
        park,
        mass_tolerance=settings.mass_tolerance,
        clock_skew_s=settings.clock_skew_s,
    )


def broker_options(settings: Settings) -> BrokerOptions:
    """How ingest speaks to the broker."""
    return BrokerOptions(
        settings.mqtt_url,
        settings.mqtt_version,
        settings.mqtt_client_id,
        settings.mqtt_receive_maximum,
    )


@contextmanager
def opened(settings: Settings) -> Iterator[Parts]:
    """The parts, with the database's tables up to date; closed afterwards."""
    park = make_park(settings)
    with ExitStack() as stack:
        store = make_store(settings)
        stack.callback(store.close)
        traceability = make_traceability(settings, park)
        stack.callback(traceability.close)
        traceability.migrate()
        yield Parts(settings, park, store, traceability)


@contextmanager
def ingesting(parts: Parts, broker: BrokerOptions) -> Iterator[Ingest]:
    """Ingest, running; stopped in good order afterwards."""
    settings = parts.settings
    spool = Spool(settings.spool_path)
    try:
        ingest = Ingest(
            broker,
            Decoder(parts.park, settings.clock_skew_s, settings.payload_limit_bytes),
            spool,
            parts.store,
            TraceabilityScanSink(parts.traceability),
        )
        ingest.start()
        try:
            yield ingest
        finally:
            ingest.stop()
    finally:
        spool.close()


# --- commands ---------------------------------------------------------------------------------

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Watches an agricultural industrial park and proves where every exported batch came from.",
)
app.add_typer(simulate.app, name="simulate")
app.add_typer(grafana.app, name="grafana")
app.add_typer(quarantine.app, name="quarantine")


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
        influx_url=influx,
        database_url=database,
        api_host=host,
        api_port=port,
        data_dir=data,
        park_scale=scale,
    )
    with (
        ending_by_signal(),
        opened(settings) as parts,
        ingesting(parts, broker_options(settings)) as running,
        serving(parts.app(running), settings.api_host, settings.api_port) as api_url,
    ):
        say(f"{parts.park.site.id}: ingest from {settings.mqtt_url}, API at {api_url}")
        wait_for_signal()


@app.command()
def ingest(
    mqtt: MqttOption = None,
    influx: InfluxOption = None,
    database: DatabaseOption = None,
    data: DataOption = None,
    scale: ScaleOption = None,
) -> None:
    """Take readings and scans from the broker until Ctrl-C.

    Example: agripark ingest --mqtt mqtt://127.0.0.1:1883 --influx http://127.0.0.1:8086
    """
    settings = load_settings(
        mqtt_url=mqtt,
        influx_url=influx,
        database_url=database,
        data_dir=data,
        park_scale=scale,
    )
    options = broker_options(settings)
    with ending_by_signal(), opened(settings) as parts, ingesting(parts, options):
        say(f"{parts.park.site.id}: ingest from {options.name}")
        wait_for_signal()


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
        opened(settings) as parts,
        serving(parts.app(), settings.api_host, settings.api_port) as api_url,
    ):
        say(f"{parts.park.site.id}: API at {api_url}")
        wait_for_signal()


@app.command()
def trace(
    node: Annotated[str, typer.Argument(help="Batch, pallet or shipment, in any form.")],
    forward: Annotated[
        bool, typer.Option("--forward", help="To destinations instead of orchards.")
    ] = False,
    database: DatabaseOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where a batch, pallet or shipment came from, or where it went.

    Example: agripark trace 01/09521321000025/10/LOT --forward
    """
    settings = load_settings(database_url=database, data_dir=data)
    with opened(settings) as parts:
        find = parts.traceability.trace_forward if forward else parts.traceability.trace_back
        lineage = find(node)
    if as_json:
        show(trace_json(lineage))
    else:
        show(trace_text(lineage, "forward" if forward else "back"))


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
    findings = [
        doctor_checks.check_folder(settings.data_dir),
        doctor_checks.check_mqtt(broker_options(settings)),
    ]
    with closing(make_store(settings)) as store:
        findings.append(doctor_checks.check_telemetry(store))
    with closing(make_traceability(settings, make_park(settings))) as traceability:
        findings.append(doctor_checks.check_database(traceability))
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
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        app(arguments)
    except _OUR_ERRORS as error:
        say(f"agripark: {error}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
