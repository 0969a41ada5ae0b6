"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

MqttOption = Annotated[
    str | None, typer.Option("--mqtt", metavar="URL", help="MQTT broker, mqtt:// or mqtts://.")
]
GroupOption = Annotated[
    str | None,
    typer.Option("--group", help="Share the messages with the other consumers of this group."),
]
InfluxOption = Annotated[
    str | None, typer.Option("--influx", metavar="URL", help="InfluxDB; without it an SQLite file.")
]
DatabaseOption = Annotated[
    str | None,
    typer.Option("--database", metavar="URL", help="postgresql:// or sqlite:///file.db."),
]
DataOption = Annotated[
    Path | None, typer.Option("--data", help="Folder of spool and embedded databases.")
]
ScaleOption = Annotated[
    float | None, typer.Option("--scale", help="Share of the park's assets, 1 for all.")
]
PortOption = Annotated[int | None, typer.Option("--port", help="Port of the HTTP API.")]
MetricsPortOption = Annotated[
    int | None, typer.Option("--metrics-port", help="Serve /metrics, /healthz and /readyz there.")
]
HostOption = Annotated[str | None, typer.Option("--host", help="Address that the API listens on.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
SeedOption = Annotated[int, typer.Option("--seed", help="The same seed gives the same season.")]
YearOption = Annotated[
    int | None, typer.Option("--year", help="Harvest year; by default the latest that is over.")
]
