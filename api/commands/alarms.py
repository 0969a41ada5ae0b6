"""`agripark alarms`: how alarms stand, and what people do about them."""

import getpass
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands.options import DataOption, JsonOption
from api.commands.output import show
from api.commands.tables import printable, table
from api.errors import CommandError
from api.parameters import parse_duration
from api.wiring import make_alarm_rules, make_park
from ingest.alarms.lifecycle import Order
from ingest.alarms.model import Action, Alarm, AlarmStatus, Priority, Transition
from ingest.alarms.register import AlarmRegister
from park.settings import Settings, load_settings
from park.times import format_instant, from_epoch_ms, now_ms

app = typer.Typer(no_args_is_help=True, help="How alarms stand, and what is done about them.")

AssetArgument = Annotated[str, typer.Argument(help="Asset id, such as room-0001.")]
RuleArgument = Annotated[str, typer.Argument(help="Rule id, see `agripark alarms rules`.")]
PersonOption = Annotated[
    str | None, typer.Option("--person", help="Who you are; your login where left out.")
]
NoteOption = Annotated[str, typer.Option("--note", help="What you want to say about it.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; shown while it is hidden.")]

_LIST_HEADER = ("asset", "rule", "priority", "status", "raised", "value", "limit", "reason")
_JOURNAL_HEADER = ("recorded", "asset", "rule", "action", "status", "at", "person", "note")
_RULES_HEADER = ("rule", "priority", "looks at", "title")
_ALL_BUT_NORMAL = [status for status in AlarmStatus if status is not AlarmStatus.NORMAL]


@app.command("list")
def list_alarms(
    status: Annotated[list[AlarmStatus] | None, typer.Option("--status")] = None,
    priority: Annotated[Priority | None, typer.Option("--priority")] = None,
    asset: Annotated[str | None, typer.Option("--asset")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000)] = 100,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List alarms; all that aren't normal, unless statuses are given.

    Example: agripark alarms list --priority critical
    """
    found = _register(load_settings(data_dir=data)).alarms(
        statuses=status or _ALL_BUT_NORMAL,
        priority=priority,
        assets=[] if asset is None else [asset],
        limit=limit,
    )
    if as_json:
        show([_as_json(alarm) for alarm in found])
    else:
        show(table(_LIST_HEADER, [_row(alarm) for alarm in found]) if found else "no alarm")


@app.command("journal")
def list_transitions(
    asset: Annotated[str | None, typer.Option("--asset")] = None,
    rule: Annotated[str | None, typer.Option("--rule")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000)] = 50,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what became of alarms, the newest first.

    Example: agripark alarms journal --asset room-0001
    """
    found = _register(load_settings(data_dir=data)).journal(asset=asset, rule=rule, limit=limit)
    if as_json:
        show([_entry_as_json(entry) for entry in found])
    else:
        rows = [_entry_row(entry) for entry in found]
        show(table(_JOURNAL_HEADER, rows) if rows else "nothing was entered")


@app.command("rules")
def list_rules(
    file: Annotated[
        Path | None, typer.Option("--file", help="Check this file of rules, and show the outcome.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is watched; with --file, what would be.

    Example: agripark alarms rules --file my-rules.toml
    """
    settings = load_settings(alarm_rules=file)
    rules = make_alarm_rules(settings)
    if as_json:
        show([{"id": r.id, "priority": r.priority, "title": asdict(r.title)} for r in rules])
    else:
        rows = [(rule.id, str(rule.priority), rule.kind, rule.title.en) for rule in rules]
        show(table(_RULES_HEADER, rows))


@app.command()
def acknowledge(
    asset: AssetArgument,
    rule: RuleArgument,
    person: PersonOption = None,
    note: NoteOption = "",
    data: DataOption = None,
) -> None:
    """Say that you have seen an alarm.

    Example: agripark alarms acknowledge room-0001 room-warm --note "on my way"
    """
    _act(data, asset, rule, Order(Action.ACKNOWLEDGE, _who(person), note))


@app.command()
def shelve(
    asset: AssetArgument,
    rule: RuleArgument,
    during: Annotated[str, typer.Option("--for", help="How long, such as 2h or 30m; at most 24h.")],
    reason: ReasonOption,
    person: PersonOption = None,
    data: DataOption = None,
) -> None:
    """Hide an alarm for a while; it comes back by itself.

    Example: agripark alarms shelve room-0001 door-open --for 2h --reason "loading"
    """
    try:
        duration = parse_duration(during)
    except ValueError as error:
        raise CommandError(f"--for {error}") from error
    until_ms = now_ms() + round(duration.total_seconds() * 1000)
    _act(data, asset, rule, Order(Action.SHELVE, _who(person), reason, until_ms))


@app.command()
def unshelve(
    asset: AssetArgument, rule: RuleArgument, person: PersonOption = None, data: DataOption = None
) -> None:
    """Bring a shelved alarm back before its time.

    Example: agripark alarms unshelve room-0001 door-open
    """
    _act(data, asset, rule, Order(Action.UNSHELVE, _who(person)))


@app.command("out-of-service")
def take_out_of_service(
    asset: AssetArgument,
    rule: RuleArgument,
    reason: ReasonOption,
    person: PersonOption = None,
    data: DataOption = None,
) -> None:
    """Hide an alarm without an end, as for maintenance.

    Example: agripark alarms out-of-service room-0001 probe-stuck --reason "calibration"
    """
    _act(data, asset, rule, Order(Action.TAKE_OUT_OF_SERVICE, _who(person), reason))


@app.command("in-service")
def return_to_service(
    asset: AssetArgument, rule: RuleArgument, person: PersonOption = None, data: DataOption = None
) -> None:
    """Show an alarm again that was out of service.

    Example: agripark alarms in-service room-0001 probe-stuck
    """
    _act(data, asset, rule, Order(Action.RETURN_TO_SERVICE, _who(person)))


def _act(data: Path | None, asset: str, rule: str, order: Order) -> None:
    settings = load_settings(data_dir=data)
    park = make_park(settings)
    park.asset(asset)
    watched = make_alarm_rules(settings).find(rule)
    if watched is None:
        raise CommandError(f"no alarm rule {rule!r}; `agripark alarms rules` lists them")
    alarm = _register(settings).act(rule, asset, watched.priority, order)
    show(f"{alarm.rule} of {alarm.asset} is {alarm.status}")


def _register(settings: Settings) -> AlarmRegister:
    return AlarmRegister(settings.spool_path)


def _who(person: str | None) -> str:
    return person or getpass.getuser()


def _row(alarm: Alarm) -> Sequence[str]:
    return (
        alarm.asset,
        alarm.rule,
        str(alarm.priority),
        str(alarm.status),
        _instant(alarm.raised_ms),
        _number(alarm.value),
        _number(alarm.limit),
        printable(alarm.reason),
    )


def _entry_row(entry: Transition) -> Sequence[str]:
    return (
        _instant(entry.recorded_ms),
        entry.asset,
        entry.rule,
        str(entry.action),
        str(entry.after),
        _instant(entry.at_ms),
        printable(entry.person or ""),
        printable(entry.note),
    )


def _as_json(alarm: Alarm) -> dict[str, Any]:
    return _dated(asdict(alarm))


def _entry_as_json(entry: Transition) -> dict[str, Any]:
    return _dated(asdict(entry))


def _dated(record: dict[str, Any]) -> dict[str, Any]:
    """With times as text: `raised_ms` becomes `raised_at`, `at_ms` becomes `at`."""
    return dict(_member(name, value) for name, value in record.items())


def _member(name: str, value: Any) -> tuple[str, Any]:
    if not name.endswith("_ms"):
        return name, value
    named = "at" if name == "at_ms" else f"{name.removesuffix('_ms')}_at"
    return named, _instant(value) or None


def _instant(milliseconds: int | None) -> str:
    return "" if milliseconds is None else format_instant(from_epoch_ms(milliseconds))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
