"""`agripark calibration`: corrections of probes, with their validity in time."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from api.commands.options import DataOption, JsonOption, ScaleOption
from api.commands.output import show
from api.commands.tables import table
from api.errors import CommandError
from api.models.calibrations import Correction as CorrectionJson
from api.wiring import make_park, make_register
from ingest.calibration.correction import Correction, Curve, Draft
from ingest.calibration.register import CalibrationRegister
from park.assets import Park
from park.settings import load_settings
from park.telemetry import KINDS
from park.times import format_instant, from_epoch_ms, parse_instant, to_epoch_ms

app = typer.Typer(
    no_args_is_help=True, help="Corrections of probes; what is stored stays as it is."
)

_HEADER = ("number", "asset", "field", "correction", "from", "until", "certificate", "withdrawn")
PersonOption = Annotated[str, typer.Option("--person", help="Who enters this.")]


@app.command("add")
def add_correction(
    asset: Annotated[str, typer.Argument(help="Asset id.")],
    field: Annotated[str, typer.Argument(help="Field, such as air_temp_c.")],
    valid_from: Annotated[str, typer.Option("--from", help="RFC 3339 with an offset.")],
    certificate: Annotated[
        str, typer.Option("--certificate", help="Its number and who issued it.")
    ],
    person: PersonOption,
    until: Annotated[
        str | None, typer.Option("--until", help="Not valid any more from here on.")
    ] = None,
    offset: Annotated[
        float | None,
        typer.Option("--offset", help="Corrected = gain * raw + offset; 0 if it is right."),
    ] = None,
    gain: Annotated[float | None, typer.Option("--gain", help="1 where not given.")] = None,
    point: Annotated[
        list[str] | None,
        typer.Option("--point", help="RAW=REFERENCE, several times, in place of the two."),
    ] = None,
    data: DataOption = None,
    scale: ScaleOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enter a correction from a certificate.

    Example: agripark calibration add room-0001 air_temp_c --offset -0.3
    --from 2026-10-01T00:00:00+08:00 --certificate "CNAS L1234, 2026-118" --person "Li Wei"
    """
    if offset is None and gain is None and not point:
        raise CommandError("say what to correct: --offset (0 if the probe is right) or --point")
    points = tuple(sorted(map(_point, point or ())))
    draft = Draft(
        asset,
        field,
        Curve(1.0 if gain is None else gain, offset or 0.0, points),
        _instant(valid_from),
        None if until is None else _instant(until),
        certificate,
        person,
    )
    _show([_register(data, scale).add(draft)], as_json=as_json)


@app.command("list")
def list_corrections(
    asset: Annotated[str | None, typer.Argument(help="Asset id; all without it.")] = None,
    field: Annotated[str | None, typer.Option("--field")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000)] = 100,
    data: DataOption = None,
    scale: ScaleOption = None,
    as_json: JsonOption = False,
) -> None:
    """List corrections, withdrawn ones too, the newest first.

    Example: agripark calibration list room-0001
    """
    settings = load_settings(data_dir=data, park_scale=scale)
    park = make_park(settings)
    found = make_register(settings, park).corrections(asset, field, limit=limit)
    if not found:
        _refuse_unknown(park, asset, field)
    _show(found, as_json=as_json)


@app.command("withdraw")
def withdraw_correction(
    number: Annotated[int, typer.Argument(help="Number in the list.")],
    reason: Annotated[str, typer.Option("--reason", help="Why it should not have been made.")],
    person: PersonOption,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a correction that was wrong not count any more.

    Example: agripark calibration withdraw 3 --reason "wrong probe" --person "Li Wei"
    """
    _show([_register(data, None).withdraw(number, person, reason)], as_json=as_json)


def _register(data: Path | None, scale: float | None) -> CalibrationRegister:
    settings = load_settings(data_dir=data, park_scale=scale)
    return make_register(settings, make_park(settings))


def _refuse_unknown(park: Park, asset: str | None, field: str | None) -> None:
    """An asset that left the park keeps its corrections; only a slip of the pen has none."""
    if asset is not None:
        park.asset(asset)
    kinds = KINDS.values() if asset is None else filter(None, [park.asset(asset).kind])
    if field is not None and not any(field in kind.fields for kind in kinds):
        raise CommandError(f"no field {field!r}; GET /v1/telemetry lists them")


def _point(text: str) -> tuple[float, float]:
    raw, _, reference = text.partition("=")
    try:
        return float(raw), float(reference)
    except ValueError:
        raise CommandError(f"--point {text}: write it as RAW=REFERENCE, such as -0.4=0.0") from None


def _instant(text: str) -> int:
    try:
        return to_epoch_ms(parse_instant(text))
    except ValueError as error:
        raise CommandError(str(error)) from error


def _show(corrections: Sequence[Correction], *, as_json: bool) -> None:
    if as_json:
        show([CorrectionJson.of(record).model_dump(mode="json") for record in corrections])
    else:
        show(table(_HEADER, [_row(record) for record in corrections]) if corrections else "none")


def _row(record: Correction) -> tuple[str, ...]:
    draft = record.draft
    until = draft.valid_until_ms
    return (
        str(record.number),
        draft.asset,
        draft.field,
        _in_words(draft.curve),
        format_instant(from_epoch_ms(draft.valid_from_ms)),
        "" if until is None else format_instant(from_epoch_ms(until)),
        draft.certificate,
        "" if record.withdrawal is None else record.withdrawal.reason,
    )


def _in_words(curve: Curve) -> str:
    if curve.points:
        return " ".join(f"{raw:g}={reference:g}" for raw, reference in curve.points)
    return f"{curve.gain:g}x{curve.offset:+g}" if curve.gain != 1 else f"{curve.offset:+g}"
