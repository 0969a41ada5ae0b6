"""The composition root's wiring: which parts there are, and how each is made of the settings.

`api.cli` and its commands call it; routes are given what they need.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from sqlalchemy import Engine, inspect
from sqlalchemy.engine import make_url

from api.app import create_app, create_operations_app
from api.commands import logs
from api.epcis.services import EpcisServices
from api.errors import CommandError
from api.figures import FiguresWriter
from api.migrating import up_to_date
from api.park_scale import keep_scale, scale_of
from api.scan_sink import TraceabilityScanSink
from api.services import Services
from ingest.alarms.notify.file import read_plan
from ingest.alarms.notify.message import Stake
from ingest.alarms.notify.notifier import Notifier
from ingest.alarms.notify.senders import Senders
from ingest.alarms.register import AlarmRegister
from ingest.alarms.rules.file import load
from ingest.alarms.rules.rule import RuleSet
from ingest.calibration.register import CalibrationRegister
from ingest.calibration.store import CalibratedStore
from ingest.decoding import Decoder
from ingest.devices.register import DeviceRegister
from ingest.mqtt import BrokerOptions
from ingest.pipeline import Ingest
from ingest.profiles.collection import Profiles
from ingest.profiles.files import read_profiles
from ingest.quarantine import Quarantine
from ingest.spool import Spool
from ingest.spool_file import SpoolFile
from ingest.stores.influx import InfluxStore
from ingest.stores.port import TelemetryStore
from ingest.stores.sqlite import SqliteStore
from park.assets import Park
from park.database import open_engine
from park.definition import build_park, read_definition
from park.settings import Settings
from park.times import now_ms, utc_now
from traceability import migrations
from traceability.database.transactions import reading
from traceability.derived.service import DerivedTables
from traceability.errors import DatabaseUnavailableError
from traceability.event_repository import EventRepository
from traceability.ledger.ledger import Ledger
from traceability.provenance.service import ProvenanceService
from traceability.repository import Traceability
from traceability.tables import events

_log = logging.getLogger(__name__)

_STOP_DEADLINE_S = 10.0


def make_park(settings: Settings) -> Park:
    """The park that the settings describe, at the scale of the data that is there.

    Raises CommandError where another scale is asked for.
    """
    return build_park(read_definition(settings.park_definition), scale_of(settings))


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


@contextmanager
def existing_database(settings: Settings) -> Iterator[Engine]:
    """The traceability database, for commands that only ask: a mistyped address makes none.

    Raises CommandError where it has no events of ours, MigrationError where it is of another
    version.
    """
    engine = open_existing(settings)
    try:
        with reading(engine) as connection:
            if not inspect(connection).has_table(events.name):
                shown = engine.url.render_as_string(hide_password=True)
                msg = f"{shown} holds no events; is it the database of agripark serve?"
                raise CommandError(msg)
            migrations.require_head(connection)
        yield engine
    finally:
        engine.dispose()


def open_existing(settings: Settings) -> Engine:
    """An engine for the traceability database, whatever is in it.

    Raises CommandError where there is no such file.
    """
    address = settings.traceability_url
    path = make_url(address).database if address.startswith("sqlite") else None
    if path is not None and not Path(path).is_file():
        msg = f"there is no database {path}; name its folder with --data, or it with --database"
        raise CommandError(msg)
    return open_engine(address)


def make_ledger(settings: Settings, site: str, engine: Engine) -> Ledger:
    """The ledger over that database; keys and checkpoints lie in the folder of data."""
    return Ledger(
        engine, settings.ledger_keys, settings.ledger_checkpoints, origin=f"agripark/{site}"
    )


def make_traceability(settings: Settings, park: Park, engine: Engine) -> Traceability:
    """The park's books in that database."""
    return Traceability(engine, park, **_capture_rules(settings))


def make_derived_tables(settings: Settings, park: Park, engine: Engine) -> DerivedTables:
    """What follows from the events of that database."""
    return DerivedTables(engine, park, **_capture_rules(settings))


def _capture_rules(settings: Settings) -> dict[str, Any]:
    return {
        "mass_tolerance": settings.mass_tolerance,
        "clock_skew_s": settings.clock_skew_s,
    }


@dataclass(frozen=True, slots=True)
class Records:
    """The parts over the traceability database; its tables may be missing."""

    engine: Engine
    traceability: Traceability
    ledger: Ledger
    provenance: ProvenanceService
    epcis: EpcisServices

    @classmethod
    def of(cls, settings: Settings, park: Park) -> "Records":
        """The parts over the database that the settings name; `close` them afterwards."""
        engine = open_engine(settings.traceability_url)
        ledger = make_ledger(settings, park.site.id, engine)
        rules = _capture_rules(settings)
        listeners: list[Callable[[], None]] = [ledger.publish]

        def committed() -> None:
            for listener in listeners:
                listener()

        events = EventRepository(engine, park, **rules, after_commit=committed)
        epcis = EpcisServices.over(engine, events, settings, utc_now)
        listeners.append(epcis.runner.wake)
        return cls(
            engine=engine,
            traceability=Traceability(engine, park, **rules, after_commit=committed),
            ledger=ledger,
            provenance=ProvenanceService(engine, park),
            epcis=epcis,
        )

    def close(self) -> None:
        """End deliveries and let go of the database's connections."""
        self.epcis.close()
        self.engine.dispose()


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that every long-running command shares, opened."""

    settings: Settings
    park: Park
    store: TelemetryStore
    records: Records
    alarm_rules: RuleSet

    @property
    def traceability(self) -> Traceability:
        """Batches and their books."""
        return self.records.traceability

    def app(self, ingest: Ingest | None = None) -> FastAPI:
        """The HTTP application over these parts, and over ingest where it runs here."""
        return create_app(self._services(ingest))

    def operations_app(self, ingest: Ingest) -> FastAPI:
        """Health and metrics of ingest alone."""
        return create_operations_app(self._services(ingest))

    def _services(self, ingest: Ingest | None) -> Services:
        spool = self.settings.spool_path
        register = make_register(self.settings, self.park)
        return Services(
            park=self.park,
            traceability=self.traceability,
            ledger=self.records.ledger,
            provenance=self.records.provenance,
            epcis=self.records.epcis,
            telemetry=CalibratedStore(self.store, register),
            calibrations=register,
            settings=self.settings,
            quarantine=Quarantine(spool),
            alarms=AlarmRegister(spool),
            alarm_rules=self.alarm_rules,
            devices=DeviceRegister(spool),
            spool=SpoolFile(spool),
            ingest=ingest,
        )


def broker_options(settings: Settings) -> BrokerOptions:
    """How ingest speaks to the broker."""
    return BrokerOptions(
        settings.mqtt_url,
        settings.mqtt_version,
        settings.mqtt_client_id,
        settings.mqtt_receive_maximum,
        group=settings.mqtt_group,
    )


def make_register(settings: Settings, park: Park) -> CalibrationRegister:
    """Where corrections of probes are entered."""
    return CalibrationRegister(settings.calibration_path, park)


def make_alarm_rules(settings: Settings) -> RuleSet:
    """What is watched. Raises RulesError."""
    return load(settings.alarm_rules)


def _notifiers(parts: Parts, spool: Spool) -> Iterator[Notifier]:
    """Who tells of alarms; nobody where no file says whom."""
    settings = parts.settings
    if settings.alarm_routes is None:
        return
    plan = read_plan(settings.alarm_routes, parts.park, parts.alarm_rules)
    base_url = str(settings.public_url or "").rstrip("/")

    def stakes(assets: Sequence[str]) -> Sequence[Stake]:
        try:
            lots = parts.traceability.stored_in(assets)
        except DatabaseUnavailableError:
            return ()
        return [Stake(lot.room, lot.batch.path, lot.mass_kg, lot.destinations) for lot in lots]

    yield Notifier(
        *(parts.park, parts.alarm_rules, plan, spool, Senders(plan.smtp), stakes),
        base_url,
        now_ms,
    )


def make_decoder(settings: Settings, park: Park) -> Decoder:
    """What reads the park's messages. Raises ProfileError."""
    found = () if settings.profiles_dir is None else read_profiles(settings.profiles_dir)
    profiles = Profiles(found)
    profiles.require_assets(park)
    return Decoder(park, settings.clock_skew_s, settings.payload_limit_bytes, profiles)


@contextmanager
def opened(settings: Settings, *, needs_database: bool = True) -> Iterator[Parts]:
    """The parts, with the database's tables up to date; closed afterwards.

    What can do without the database for a while begins without it where it is away; its tables are
    brought up to date once it answers.
    """
    logs.configure(settings.log_format, settings.log_level)
    park = make_park(settings)
    keep_scale(settings)
    rules = make_alarm_rules(settings)
    with ExitStack() as stack:
        store = make_store(settings)
        stack.callback(store.close)
        records = Records.of(settings, park)
        stack.callback(records.close)
        traceability, ledger = records.traceability, records.ledger
        stack.enter_context(up_to_date(traceability, needed=needs_database, then=ledger.catch_up))
        yield Parts(settings, park, store, records, rules)


def make_figures(parts: Parts) -> FiguresWriter:
    """What writes figures of traceability for charts; not started yet."""
    return FiguresWriter(parts.park, parts.traceability, parts.store, parts.settings.figures_path)


@contextmanager
def figuring(parts: Parts) -> Iterator[None]:
    """Figures of traceability, written for charts as long as this lasts."""
    figures = make_figures(parts)
    figures.start()
    try:
        yield
    finally:
        figures.stop()
        figures.join(_STOP_DEADLINE_S)


@contextmanager
def ingesting(parts: Parts, broker: BrokerOptions) -> Iterator[Ingest]:
    """Ingest, running; stopped in good order afterwards."""
    settings = parts.settings
    spool = Spool(settings.spool_path)
    try:
        ingest = Ingest(
            broker,
            parts.park,
            make_decoder(settings, parts.park),
            spool,
            parts.store,
            TraceabilityScanSink(parts.traceability),
            rules=parts.alarm_rules,
            helpers=list(_notifiers(parts, spool)),
        )
        ingest.start()
        try:
            yield ingest
        finally:
            ingest.stop()
    finally:
        spool.close()
