"""`agripark recall`: what a cause affected, where it is now, as JSON, CSV or spreadsheet."""

import json
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.commands.options import DatabaseOption, DataOption, ScaleOption
from api.commands.output import say, show
from api.errors import CommandError
from api.parameters import parse_duration
from api.wiring import existing_database, make_park
from park.settings import load_settings
from park.times import parse_instant
from traceability.provenance.recall.descriptions import Descriptions
from traceability.provenance.recall.formats import as_csv, as_csv_file, as_json
from traceability.provenance.recall.fsma import as_xlsx
from traceability.provenance.recall.recall import Recall
from traceability.provenance.recall.starts import DEFAULT_REACH
from traceability.provenance.service import ProvenanceService, RecallQuestion


class Format(StrEnum):
    """How to write a recall."""

    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"


def recall(
    orchard: Annotated[str | None, typer.Option("--orchard", help="Asset id or GLN.")] = None,
    cause_input: Annotated[
        str | None,
        typer.Option("--input", help="A spray lot, fertiliser or water source in any form."),
    ] = None,
    room: Annotated[str | None, typer.Option("--room", help="Asset id or GLN.")] = None,
    line: Annotated[str | None, typer.Option("--line", help="Asset id or GLN.")] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="Start of the span, RFC 3339 with an offset.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="End of the span.")] = None,
    reach: Annotated[
        str | None,
        typer.Option("--reach", help="How long an input affects the harvest, such as 90d."),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How to write it.")] = Format.JSON,
    out: Annotated[Path | None, typer.Option("--out", help="File; else standard output.")] = None,
    database: DatabaseOption = None,
    data: DataOption = None,
    scale: ScaleOption = None,
) -> None:
    """Find what a cause affected: batches and pallets, where they are and who has them.

    Example: agripark recall --orchard orchard-001 --format csv --out recall.csv
    """
    if form is Format.XLSX and out is None:
        raise CommandError("a spreadsheet is no text: name a file with --out")
    question = RecallQuestion(
        orchard=orchard,
        input=cause_input,
        room=room,
        line=line,
        since=_instant("--from", since),
        until=_instant("--to", until),
        reach=_duration(reach),
        with_origins=form is Format.XLSX,
    )
    settings = load_settings(database_url=database, data_dir=data, park_scale=scale)
    park = make_park(settings)
    with existing_database(settings) as engine:
        result, words = ProvenanceService(engine, park).recall(question)
    if not result.affected:
        say(f"{result.start.cause} {result.start.key} affected nothing that events tell of")
    _WRITERS[form](result, words, out)


def _write_json(result: Recall, words: Descriptions, out: Path | None) -> None:
    body = as_json(result, words)
    if out is None:
        show(body)
    else:
        _save(out, (json.dumps(body, indent=2, ensure_ascii=False) + "\n").encode(), result)


def _write_csv(result: Recall, words: Descriptions, out: Path | None) -> None:
    if out is None:
        sys.stdout.write(as_csv(result, words))
    else:
        _save(out, as_csv_file(result, words), result)


def _write_xlsx(result: Recall, words: Descriptions, out: Path | None) -> None:
    if out is not None:
        _save(out, as_xlsx(result, words), result)


_WRITERS: dict[Format, Callable[[Recall, Descriptions, Path | None], None]] = {
    Format.JSON: _write_json,
    Format.CSV: _write_csv,
    Format.XLSX: _write_xlsx,
}


def _save(out: Path, content: bytes, result: Recall) -> None:
    try:
        out.write_bytes(content)
    except OSError as error:
        raise CommandError(f"can't write {out}: {error.strerror}") from error
    say(f"{len(result.affected)} affected, {len(result.shipments)} shipments: {out}")


def _instant(option: str, text: str | None) -> datetime | None:
    try:
        return None if text is None else parse_instant(text)
    except ValueError as error:
        raise CommandError(f"{option} {error}") from error


def _duration(text: str | None) -> timedelta:
    try:
        return DEFAULT_REACH if text is None else parse_duration(text)
    except ValueError as error:
        raise CommandError(f"--reach {error}") from error
