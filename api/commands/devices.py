"""`agripark devices`: which devices are there, which fell silent, and what they lost."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from api.commands.options import DataOption, JsonOption
from api.commands.output import show
from api.commands.tables import printable, table
from api.errors import CommandError
from ingest.devices.device import Device, State
from ingest.devices.register import DeviceRegister
from park.settings import load_settings
from park.times import format_instant, from_epoch_ms

app = typer.Typer(no_args_is_help=True, help="Which devices are there, and what they lost.")

_HEADER = ("asset", "state", "since", "seen", "readings", "missing", "late", "refused", "firmware")


@app.command("list")
def list_devices(
    state: Annotated[State | None, typer.Option("--state")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Kind of telemetry.")] = None,
    after: Annotated[str, typer.Option("--after", help="Only ids behind this: next page.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000)] = 50,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List devices that were ever heard.

    Example: agripark devices list --state stale
    """
    register = DeviceRegister(load_settings(data_dir=data).spool_path)
    found = register.devices(state=state, kind=kind, after=after, limit=limit)
    show([_as_json(device) for device in found] if as_json else _as_text(found))


@app.command("show")
def show_device(
    asset: Annotated[str, typer.Argument(help="Asset id.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show all that is known of one device.

    Example: agripark devices show room-0001
    """
    device = DeviceRegister(load_settings(data_dir=data).spool_path).device(asset)
    if device is None:
        raise CommandError(f"nothing ever came from {asset!r}; is its topic right?")
    record = _as_json(device)
    text = "\n".join(f"{name}: {printable(str(value))}" for name, value in record.items())
    show(record if as_json else text)


def _as_text(devices: Sequence[Device]) -> str:
    rows = [
        (
            device.asset,
            str(device.state),
            _instant(device.since_ms),
            _instant(device.seen_ms),
            f"{device.readings:,}",
            f"{device.missing:,}",
            f"{device.late:,}",
            f"{device.refused:,}",
            printable(device.firmware),
        )
        for device in devices
    ]
    return table(_HEADER, rows) if rows else "no device was heard"


def _as_json(device: Device) -> dict[str, Any]:
    record = asdict(device)
    for name in ("since", "seen", "newest"):
        record[f"{name}_at"] = _instant(record.pop(f"{name}_ms")) or None
    return record


def _instant(milliseconds: int) -> str:
    return format_instant(from_epoch_ms(milliseconds)) if milliseconds else ""
