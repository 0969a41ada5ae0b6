"""`agripark spool`: what was received, what became of it, and what waits."""

import time
from collections.abc import Sequence
from typing import Any

import typer

from api.commands.options import DataOption, JsonOption
from api.commands.output import show
from api.commands.tables import table
from ingest.counters import Count, Counters
from ingest.quarantine import Quarantine
from ingest.spool_file import SpoolFile, SpoolStatus
from park.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="What was received, and what waits to be stored.")


@app.callback()
def spool() -> None:
    """What was received, and what waits to be stored."""


@app.command()
def status(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show what was received by kind, what became of it, and whether the sum holds.

    Example: agripark spool status --data agripark-data
    """
    path = load_settings(data_dir=data).spool_path
    found, entries = SpoolFile(path).status(), Quarantine(path).count()
    show(_as_json(found, entries) if as_json else _as_text(found, entries))
    if found.counters.unaccounted:
        raise typer.Exit(1)


def _as_json(status: SpoolStatus, entries: int) -> dict[str, Any]:
    counters = status.counters
    return {
        "received": counters.received,
        "stored": counters.stored + counters.captured,
        "quarantined": counters.quarantined,
        "spooled": counters.spooled,
        "duplicates": counters.duplicates,
        "unaccounted": counters.unaccounted,
        "oldest_waiting_s": _oldest_s(counters),
        "quarantine_entries": entries,
        "file_bytes": status.file_bytes,
        "free_bytes": status.free_bytes,
        "by_kind": {
            kind: dict(zip(_HEADER[1:], numbers, strict=True)) for kind, numbers in _rows(counters)
        },
    }


_HEADER = ("kind", "received", "stored", "quarantined", "spooled", "duplicates")


def _rows(counters: Counters) -> list[tuple[str, Sequence[int]]]:
    """Each kind, and its numbers in the order of the header."""
    waiting = counters.spooled_by_kind()
    received, stored, quarantined, duplicates = (counters.by_kind.get(c, {}) for c in Count)
    return [
        (
            kind,
            (
                received.get(kind, 0),
                stored.get(kind, 0),
                quarantined.get(kind, 0),
                waiting[kind],
                duplicates.get(kind, 0),
            ),
        )
        for kind in sorted(waiting)
    ]


def _as_text(status: SpoolStatus, entries: int) -> str:
    counters = status.counters
    rows = _rows(counters)
    totals = [sum(row[1][column] for row in rows) for column in range(len(_HEADER) - 1)]
    shown = [(kind, *(f"{n:,}" for n in numbers)) for kind, numbers in (*rows, ("all", totals))]
    oldest = _oldest_s(counters)
    waits = "nothing waits" if oldest is None else f"the oldest has waited {oldest:,.0f} s"
    sum_ = (
        "received = stored + quarantined + spooled + duplicates"
        if not counters.unaccounted
        else f"the sum is off by {counters.unaccounted:,}: please report it"
    )
    return "\n".join(
        (
            table(_HEADER, shown),
            sum_,
            f"{waits}; in quarantine: {entries:,}",
            f"file {status.file_bytes / 1e6:,.1f} MB, {status.free_bytes / 1e9:,.1f} GB free",
        )
    )


def _oldest_s(counters: Counters) -> float | None:
    return None if counters.oldest_ms is None else max(0.0, time.time() - counters.oldest_ms / 1000)
