"""`agripark grafana`: dashboards as code, to files or to a running Grafana."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from api.commands.options import JsonOption
from api.commands.output import show
from grafana.build import GENERATED, build
from grafana.datasource import DataSource
from grafana.sync import Edition, sync
from grafana.texts import Language
from park.errors import SettingsError
from park.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Dashboards as code.")


@app.command("build")
def build_files(
    output: Annotated[Path, typer.Option("--output", help="Folder to write to.")] = GENERATED,
    as_json: JsonOption = False,
) -> None:
    """Write dashboards and provisioning files.

    Example: agripark grafana build --output /etc/agripark/grafana
    """
    written = [str(path) for path in build(output)]
    show(written if as_json else "\n".join(written))


@app.command("sync")
def sync_server(
    url: Annotated[str, typer.Option("--url", help="Grafana's address.")],
    token: Annotated[
        str,
        typer.Option("--token", envvar="AGRIPARK_GRAFANA_TOKEN", help="Service account token."),
    ],
    influx: Annotated[
        str | None,
        typer.Option("--influx", help="InfluxDB's address as Grafana sees it."),
    ] = None,
    language: Annotated[
        Language, typer.Option("--language", help="Language of dashboards and alerts.")
    ] = "en",
    alert_to: Annotated[
        str, typer.Option("--alert-to", help="E-mail or web address that Grafana's alerts notify.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what differs.")] = False,
    renew_secrets: Annotated[
        bool, typer.Option("--renew-secrets", help="Send password and token again.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Bring a running Grafana to our data source, dashboards and alert rules; deletes nothing.

    Example: agripark grafana sync --url http://127.0.0.1:3000 --token $TOKEN --dry-run
    """
    settings = load_settings(influx_url=influx)
    if settings.influx_url is None:
        raise SettingsError(
            "Grafana reads InfluxDB: name it with --influx URL or AGRIPARK_INFLUX_URL"
        )
    source = DataSource(
        settings.influx_url,
        settings.influx_database,
        settings.influx_username,
        settings.influx_password.get_secret_value(),
        settings.influx_token.get_secret_value(),
    )
    changes = sync(
        url,
        token,
        datasource=source,
        edition=Edition(language, alert_to, str(settings.public_url or "")),
        dry_run=dry_run,
        renew_secrets=renew_secrets,
    )
    if as_json:
        show([asdict(change) for change in changes])
    else:
        done = "would change" if dry_run else "changed"
        show("\n".join([f"{len(changes)} {done}", *map(str, changes)]))
