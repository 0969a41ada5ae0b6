"""`agripark simulate`: the park's devices and readers against any broker and API."""

import json
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from api.commands.options import JsonOption, MqttOption, ScaleOption, SeedOption, YearOption
from api.commands.output import say, show
from api.commands.progress import season_progress
from api.commands.signals import ending_by_signal
from park.definition import build_park, read_definition
from park.settings import Settings, load_settings
from simulators.errors import PlanError
from simulators.faults import FAULTS, NO_FAULTS, Faults
from simulators.handheld import Handheld
from simulators.incidents.kinds import INCIDENT_KINDS
from simulators.incidents.plan import Incident, plan_incidents
from simulators.incidents.stage import live_stage, season_stage
from simulators.incidents.truth import truth_of
from simulators.live import run_live
from simulators.mqtt import MqttPublisher
from simulators.runner import run_season
from simulators.season import plan_season, season_settings

DEFAULT_API = "http://127.0.0.1:8000"
_HOUR_MS = 3_600_000

IncidentsOption = Annotated[
    str,
    typer.Option(
        "--incidents",
        metavar="WISH",
        help=f"What goes wrong: a number, `all`, or names: {', '.join(INCIDENT_KINDS)}.",
    ),
]
TruthOption = Annotated[
    Path | None, typer.Option("--truth", help="File to write the incidents to, as JSON.")
]

app = typer.Typer(no_args_is_help=True, help="Run the park without hardware, over MQTT and HTTP.")


@app.command()
def season(
    mqtt: MqttOption = None,
    api: Annotated[str, typer.Option("--api", help="The API that arrivals are posted to.")] = (
        DEFAULT_API
    ),
    seed: SeedOption = 1,
    year: YearOption = None,
    scale: ScaleOption = None,
    fault: Annotated[
        list[str] | None,
        typer.Option("--fault", help=f"May be repeated: {', '.join(FAULTS)}."),
    ] = None,
    share: Annotated[float, typer.Option("--share", help="Share of messages with faults.")] = 0.02,
    incidents: IncidentsOption = "",
    truth: TruthOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send a whole season as fast as broker and API take it.

    Example: agripark simulate season --mqtt mqtt://127.0.0.1:1883 --api http://127.0.0.1:8000
    """
    settings = load_settings(mqtt_url=mqtt, park_scale=scale)
    park = build_park(read_definition(settings.park_definition), settings.park_scale)
    plan = plan_season(park, season_settings(park, seed=seed, year=year))
    faults = Faults(fault, share, seed) if fault else NO_FAULTS
    wrong = plan_incidents(season_stage(plan), incidents, seed) if incidents else ()
    _tell(wrong, truth)
    with (
        publisher(settings) as gateway,
        Handheld(api) as handheld,
        season_progress(quiet=as_json) as progress,
    ):
        result = run_season(plan, gateway, handheld, progress, faults=faults, incidents=wrong)
    if as_json:
        sent = asdict(result)
        sent["lookups"] = [lookup.batch.path for lookup in result.lookups]
        show(sent)
    else:
        show(f"{result.readings_sent:,} readings and {result.scans_sent} scans acknowledged")


@app.command()
def live(
    mqtt: MqttOption = None,
    speed: Annotated[float, typer.Option("--speed", help="1 is real time.")] = 1.0,
    seed: SeedOption = 1,
    scale: ScaleOption = None,
    incidents: IncidentsOption = "",
    within_h: Annotated[
        float,
        typer.Option("--within", min=1, max=8760, help="Hours of the park for them to happen in."),
    ] = 48.0,
    truth: TruthOption = None,
) -> None:
    """Let every device report at its own cadence until Ctrl-C.

    Example: agripark simulate live --scale 0.01 --speed 10
    """
    settings = load_settings(mqtt_url=mqtt, park_scale=scale)
    park = build_park(read_definition(settings.park_definition), settings.park_scale)
    sent = 0

    def note(readings: int) -> None:
        nonlocal sent
        sent = readings

    def planned(start_ms: int) -> Sequence[Incident]:
        wrong: Sequence[Incident] = ()
        if incidents:
            stage = live_stage(park, start_ms, start_ms + round(within_h * _HOUR_MS))
            wrong = plan_incidents(stage, incidents, seed)
        _tell(wrong, truth, start_ms=start_ms, speed=speed)
        return wrong

    with publisher(settings) as gateway:
        say(f"{len(park.assets):,} assets of {park.site.id} report until Ctrl-C ...")
        with suppress(KeyboardInterrupt), ending_by_signal():
            run_live(
                park,
                gateway,
                threading.Event(),
                speed=speed,
                seed=seed,
                progress=note,
                incidents=planned,
            )
        gateway.flush()
    show(f"{sent:,} readings acknowledged")


def _tell(
    incidents: Sequence[Incident], path: Path | None, *, start_ms: int = 0, speed: float = 1.0
) -> None:
    if path is None:
        return
    told = truth_of(incidents, start_ms=start_ms, speed=speed)
    try:
        path.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise PlanError(f"can't write the incidents to {path}: {error}") from error


def publisher(settings: Settings) -> MqttPublisher:
    """A gateway to the broker that the settings name."""
    return MqttPublisher(settings.mqtt_url, version=settings.mqtt_version)
