"""`agripark quarantine`: what could not be stored, and why."""

import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands.options import DataOption, JsonOption, ScaleOption
from api.commands.output import say, show
from api.commands.reports import quarantine_text
from api.commands.tables import printable
from api.errors import CommandError
from api.wiring import make_decoder, make_park
from ingest.quarantine import Quarantine, QuarantineEntry, Selection
from ingest.replay import Replayed, replay
from ingest.spool import Spool
from ingest.writer import DECODER
from park import times
from park.settings import load_settings
from park.times import format_instant

app = typer.Typer(no_args_is_help=True, help="What could not be stored, and why.")

_SHOWN_PROBLEMS = 10
NumbersArgument = Annotated[list[int] | None, typer.Argument(help="Numbers in the list.")]
ReasonOption = Annotated[str | None, typer.Option("--reason", help="Only entries of this reason.")]
TopicOption = Annotated[
    str | None, typer.Option("--topic", help="Only this topic; ending in # all that begin so.")
]
AllOption = Annotated[bool, typer.Option("--all", help="Every entry.")]


@app.command("list")
def list_entries(
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 50,
    before: Annotated[
        int | None, typer.Option("--before", help="Only numbers below this one: the next page.")
    ] = None,
    reason: ReasonOption = None,
    topic: TopicOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the newest entries.

    Example: agripark quarantine list --reason unknown-asset --limit 10
    """
    chosen = Selection(reason=reason, topic=topic)
    entries = _quarantine(data).entries(limit, before, chosen)
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


@app.command("replay")
def replay_entries(
    numbers: NumbersArgument = None,
    reason: ReasonOption = None,
    topic: TopicOption = None,
    every: AllOption = False,
    data: DataOption = None,
    scale: ScaleOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read entries once more, such as after mending a profile; what can be read now is stored.

    Example: agripark quarantine replay --reason unknown-asset
    """
    settings = load_settings(data_dir=data, park_scale=scale)
    quarantine = Quarantine(settings.spool_path)
    chosen = quarantine.numbers(_selection(numbers, reason, topic, every=every))
    results: list[Replayed] = []
    if chosen:
        decoder = make_decoder(settings, make_park(settings))
        with closing(Spool(settings.spool_path)) as spool:
            decoder.resume(spool.keepsake(DECODER))
            now_ms = times.now_ms()
            results = list(replay(quarantine, spool, decoder, chosen, now_ms))
    show(_replay_json(results) if as_json else _replay_text(results))
    if any(result.problem for result in results):
        raise typer.Exit(1)


@app.command("drop")
def drop_entries(
    numbers: NumbersArgument = None,
    reason: ReasonOption = None,
    topic: TopicOption = None,
    every: AllOption = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    data: DataOption = None,
) -> None:
    """Delete entries for good.

    Example: agripark quarantine drop --reason malformed-json --yes
    """
    settings = load_settings(data_dir=data)
    selection = _selection(numbers, reason, topic, every=every)
    chosen = Quarantine(settings.spool_path).numbers(selection)
    if chosen and not yes and not _confirmed(f"Delete {len(chosen)} entries for good? [y/N]: "):
        say("nothing was deleted")
        raise typer.Exit(1)
    if chosen:
        with closing(Spool(settings.spool_path)) as spool:
            spool.drop_entries(chosen)
    show(f"{len(chosen)} deleted")


def _confirmed(question: str) -> bool:
    """Ask beside the result, so that a redirected result holds nothing else."""
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _selection(
    numbers: Sequence[int] | None, reason: str | None, topic: str | None, *, every: bool
) -> Selection:
    if not (numbers or reason or topic or every):
        raise CommandError("say which entries: numbers, --reason, --topic or --all")
    return Selection(tuple(numbers or ()), reason, topic)


def _quarantine(data: Path | None) -> Quarantine:
    return Quarantine(load_settings(data_dir=data).spool_path)


def _replay_text(results: Sequence[Replayed]) -> str:
    left = [result for result in results if not result.problem]
    stay = [result for result in results if result.problem]
    things = sum(result.spooled for result in left)
    lines = [f"{len(left)} entries read, {things} readings and scans spooled; {len(stay)} stay"]
    lines += [f"{r.number}: {printable(r.problem)}" for r in stay[:_SHOWN_PROBLEMS]]
    if len(stay) > _SHOWN_PROBLEMS:
        lines.append(f"... and {len(stay) - _SHOWN_PROBLEMS} more")
    return "\n".join(lines)


def _replay_json(results: Sequence[Replayed]) -> list[dict[str, Any]]:
    return [
        {"number": r.number, "spooled": r.spooled, "problem": r.problem or None} for r in results
    ]


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
