"""`agripark balance`: whether what came in, what is here and what left agree."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from api.commands.options import DatabaseOption, DataOption, JsonOption, ScaleOption
from api.commands.output import show
from api.commands.tables import table
from api.errors import CommandError
from api.models import balance as models
from api.wiring import existing_database, make_park
from park.assets import Park
from park.errors import IdentifierError
from park.gs1 import parse_batch
from park.settings import load_settings
from park.times import parse_instant
from traceability.balance.service import MassBalance
from traceability.balance.values import (
    BalanceFinding,
    BatchBalance,
    LineBalance,
    Masses,
    OrchardBalance,
    SeasonBalance,
)
from traceability.masses import to_kg

app = typer.Typer(no_args_is_help=True, help="Whether what came in, is here and left agree.")

SeasonArgument = Annotated[
    int | None, typer.Argument(help="Year in which the season begins; by default this one.")
]


@app.callback()
def balance() -> None:
    """Whether what came in, is here and left agree."""


@app.command()
def season(
    season: SeasonArgument = None,
    as_json: JsonOption = False,
    database: DatabaseOption = None,
    data: DataOption = None,
    scale: ScaleOption = None,
) -> None:
    """Show what was harvested in a season, where all of it is now, and what is odd about it.

    Ends with status 1 where mass is missing.

    Example: agripark balance season 2025
    """
    with _balance(database, data, scale) as (masses, park):
        found, odd = masses.season(season), list(masses.findings(season))
    if as_json:
        show(models.SeasonBalance.of(found, odd, park).model_dump(mode="json"))
    else:
        show(_season_text(found, odd))
    _end(found.difference_mg)


@app.command()
def orchard(
    orchard: Annotated[str, typer.Argument(help="Asset id.")],
    season: Annotated[
        int | None, typer.Option("--season", help="Year in which it begins; by default this one.")
    ] = None,
    as_json: JsonOption = False,
    database: DatabaseOption = None,
    data: DataOption = None,
    scale: ScaleOption = None,
) -> None:
    """Show what an orchard gave in a season, against what its area can bear.

    Example: agripark balance orchard orchard-001 --season 2025
    """
    with _balance(database, data, scale) as (masses, park):
        found = masses.orchard(orchard, season)
    show(
        models.OrchardBalance.of(found, park).model_dump(mode="json")
        if as_json
        else _orchard_text(found)
    )
    if found.left_mg < 0:
        raise typer.Exit(1)


@app.command()
def line(
    line: Annotated[str, typer.Argument(help="Asset id.")],
    since: Annotated[
        str | None, typer.Option("--from", help="Start of the span, RFC 3339 with an offset.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="End of the span, not included.")
    ] = None,
    as_json: JsonOption = False,
    database: DatabaseOption = None,
    data: DataOption = None,
    scale: ScaleOption = None,
) -> None:
    """Show what a sorting line took, what came out by grade, rejects, losses and yield.

    Example: agripark balance line line-01 --from 2025-10-01T00:00:00+08:00
    """
    with _balance(database, data, scale) as (masses, park):
        found = masses.line(line, _instant(since), _instant(until))
    show(
        models.LineBalance.of(found, park).model_dump(mode="json") if as_json else _line_text(found)
    )
    _end(found.difference_mg)


@app.command()
def batch(
    batch: Annotated[str, typer.Argument(help="Batch in any form, such as 01/{gtin}/10/{lot}.")],
    as_json: JsonOption = False,
    database: DatabaseOption = None,
    data: DataOption = None,
    scale: ScaleOption = None,
) -> None:
    """Show how much was made of a batch, and what became of all of it.

    Example: agripark balance batch 01/09521321000025/10/LY-7-A
    """
    try:
        wanted = parse_batch(batch)
    except IdentifierError as error:
        raise CommandError(str(error)) from error
    with _balance(database, data, scale) as (masses, _):
        found = masses.batch(wanted)
    show(models.BatchBalance.of(found).model_dump(mode="json") if as_json else _batch_text(found))
    _end(found.difference_mg)


@contextmanager
def _balance(
    database: str | None, data: Path | None, scale: float | None
) -> Iterator[tuple[MassBalance, Park]]:
    settings = load_settings(database_url=database, data_dir=data, park_scale=scale)
    park = make_park(settings)
    with existing_database(settings) as engine:
        yield MassBalance(engine, park), park


def _end(difference_mg: int) -> None:
    if difference_mg:
        raise typer.Exit(1)


def _instant(text: str | None) -> datetime | None:
    try:
        return None if text is None else parse_instant(text)
    except ValueError as error:
        raise CommandError(str(error)) from error


_NAMES = (
    ("shipped", "shipped_mg"),
    ("on pallets", "on_pallets_mg"),
    ("in rooms", "in_rooms_mg"),
    ("at hand", "at_hand_mg"),
    ("sorted", "used_mg"),
    ("rejected", "rejected_mg"),
    ("lost", "lost_mg"),
)


def _kg(mass_mg: int) -> str:
    return f"{to_kg(mass_mg):,.3f} kg"


def _masses_rows(made: str, made_mg: int, masses: Masses) -> list[tuple[str, str]]:
    """What was made, what became of it, and what is missing."""
    rows = [(name, _kg(getattr(masses, field))) for name, field in _NAMES]
    return [(made, _kg(made_mg)), *rows, ("missing", _kg(made_mg - masses.total_mg))]


def _season_text(found: SeasonBalance, odd: Sequence[BalanceFinding]) -> str:
    head = f"season {found.season}: {found.since.date()} to before {found.until.date()}"
    parts = [
        head,
        table(("", "mass"), _masses_rows("harvested", found.harvested_mg, found.masses)),
        table(
            ("orchard", "variety", "harvested", "of at most"),
            [
                (each.orchard, each.variety, _kg(each.harvested_mg), _kg(each.ceiling_mg))
                for each in found.orchards
            ],
        ),
        table(
            ("destination", "shipped"),
            [(each.destination, _kg(each.qty_mg)) for each in found.destinations],
        ),
        "\n".join(f"{each.code}  {each.subject}: {each.detail}" for each in odd)
        or "nothing odd was found",
    ]
    return "\n\n".join(parts)


def _orchard_text(found: OrchardBalance) -> str:
    certified = found.certified_area_mu
    area = f"{found.area_mu:,.1f} mu" if certified is None else f"{certified:,.1f} certified mu"
    share = "" if found.share is None else f", {found.share:.1%}"
    return (
        f"{found.orchard}, {found.variety}, season {found.season}: {_kg(found.harvested_mg)} in "
        f"{found.batches} batches{share}\n"
        f"ceiling {_kg(found.ceiling_mg)}: {area} x {found.yield_kg_mu:,.0f} kg; "
        f"{_kg(found.left_mg)} left"
    )


def _line_text(found: LineBalance) -> str:
    rows = [
        ("in", _kg(found.in_mg)),
        *((each.grade, _kg(each.qty_mg)) for each in found.grades),
        ("rejected", _kg(found.rejected_mg)),
        ("lost", _kg(found.lost_mg)),
        ("missing", _kg(found.difference_mg)),
    ]
    share = "" if found.yield_share is None else f", yield {found.yield_share:.1%}"
    return f"{found.line}: {found.runs} runs{share}\n\n{table(('', 'mass'), rows)}"


def _batch_text(found: BatchBalance) -> str:
    rows = _masses_rows("made", found.made_mg, found.masses)
    return f"{found.batch}, {found.variety}, {found.grade}\n\n{table(('', 'mass'), rows)}"
