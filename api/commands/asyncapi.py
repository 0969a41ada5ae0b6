"""`agripark asyncapi`: the AsyncAPI document of the MQTT interface."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import typer
import yaml

from api.commands.options import MqttOption, ScaleOption
from api.commands.output import say, show
from api.errors import CommandError
from api.wiring import make_park
from ingest.asyncapi.document import Broker, Document, make_document
from park.settings import Settings, load_settings

Format = Literal["json", "yaml"]

_DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}
_LINE_WIDTH = 100


def asyncapi(
    form: Annotated[Format, typer.Option("--format", help="How to write it.")] = "json",
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Write here, not to standard output."),
    ] = None,
    mqtt: MqttOption = None,
    scale: ScaleOption = None,
) -> None:
    """Print the AsyncAPI 3 document of the topics and payloads that ingest reads.

    Example: agripark asyncapi --format yaml --output asyncapi.yaml
    """
    settings = load_settings(mqtt_url=mqtt, park_scale=scale)
    text = written(make_document(make_park(settings), broker(settings), version("agripark")), form)
    if output is None:
        show(text.rstrip("\n"))
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"can't write {output}: {error.strerror}") from error
    say(f"wrote {output}")


def broker(settings: Settings) -> Broker:
    """The broker that the settings name, without user and password."""
    parts = urlsplit(settings.mqtt_url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return Broker(
        f"{host}:{parts.port or _DEFAULT_PORTS[parts.scheme]}",
        is_encrypted=parts.scheme == "mqtts",
        needs_user=parts.username is not None,
        mqtt_version=settings.mqtt_version,
    )


def written(document: Document, form: Format) -> str:
    """The document as text that ends with a newline."""
    if form == "json":
        return f"{json.dumps(document, indent=2, ensure_ascii=False)}\n"
    return yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_LINE_WIDTH
    )


class _Dumper(yaml.SafeDumper):
    """Writes parts that are one object each in full, and long texts line by line."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True

    def represent_str(self, data: str) -> yaml.ScalarNode:
        style = "|" if "\n" in data else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Dumper.add_representer(str, _Dumper.represent_str)
