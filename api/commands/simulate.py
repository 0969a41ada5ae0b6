"""`agripark simulate`: the park's devices and readers against any broker and API."""

import threading
from contextlib import suppress
from dataclasses import asdict
from typing import Annotated

import typer

from api.commands.options import JsonOption, MqttOption, ScaleOption, SeedOption, YearOption
from api.commands.output import say, show
from api.commands.progress import season_progress
from api.commands.signals import ending_by_signal
from park.definition import build_park, read_definition
from park.settings import Settings, load_settings
from simulators.faults import FAULTS, NO_FAULTS, Faults
from simulators.handheld import Handheld
from simulators.live import run_live
from simulators.mqtt import MqttPublisher
from simulators.runner import run_season
from simulators.season import plan_season, season_settings

DEFAULT_API = "http://127.0.0.1:8000"

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
    as_json: JsonOption = False,
) -> None:
    """Send a whole season as fast as broker and API take it.

    Example: agripark simulate season --mqtt mqtt://127.0.0.1:1883 --api http://127.0.0.1:8000
    """
    settings = load_settings(mqtt_url=mqtt, park_scale=scale)
    park = build_park(read_definition(settings.park_definition), settings.park_scale)
    plan = plan_season(park, season_settings(park, seed=seed, year=year))
    faults = Faults(fault, share, seed) if fault else NO_FAULTS
    with (
        publisher(settings) as gateway,
        Handheld(api) as handheld,
        season_progress(quiet=as_json) as progress,
    ):
        result = run_season(plan, gateway, handheld, progress, faults=faults)
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

    with publisher(settings) as gateway:
        say(f"{len(park.assets):,} assets of {park.site.id} report until Ctrl-C ...")
        with suppress(KeyboardInterrupt), ending_by_signal():
            run_live(park, gateway, threading.Event(), speed=speed, seed=seed, progress=note)
        gateway.flush()
    show(f"{sent:,} readings acknowledged")


def publisher(settings: Settings) -> MqttPublisher:
    """A gateway to the broker that the settings name."""
    return MqttPublisher(settings.mqtt_url, version=settings.mqtt_version)
