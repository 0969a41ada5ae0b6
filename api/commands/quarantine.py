"""`agripark quarantine`: what could not be stored, and why."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands.options import DataOption, JsonOption
from api.commands.output import show
from api.commands.reports import quarantine_text
from api.commands.tables import printable
from ingest.quarantine import Quarantine, QuarantineEntry
from park.settings import load_settings
from park.times import format_instant

app = typer.Typer(no_args_is_help=True, help="What could not be stored, and why.")


@app.command("list")
def list_entries(
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 50,
    before: Annotated[
        int | None, typer.Option("--before", help="Only numbers below this one: the next page.")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the newest entries.

    Example: agripark quarantine list --limit 10
    """
    entries = _quarantine(data).entries(limit, before)
    show([_as_json(entry) for entry in entries] if as_json else quarantine_text(entries))


@app.command("show")
def show_entry(
    number: Annotated[int, typer.Argument(help="Number in the list.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one entry with its payload.

    Example: agripark quarantine show 17
    """
    entry = _as_json(_quarantine(data).entry(number))
    text = "\n".join(f"{name}: {printable(str(value))}" for name, value in entry.items())
    show(entry if as_json else text)


def _quarantine(data: Path | None) -> Quarantine:
    return Quarantine(load_settings(data_dir=data).spool_path)


def _as_json(entry: QuarantineEntry) -> dict[str, Any]:
    return {
        "number": entry.id,
        "received_at": format_instant(entry.received_at),
        "topic": entry.topic,
        "reason": entry.reason,
        "detail": entry.detail,
        "payload_bytes": entry.payload_bytes,
        "payload": entry.payload.decode(errors="backslashreplace"),
    }
