"""Reads files of rules: those that come with agripark, and on top of them a user's own.

A user's rule with a known id changes what it says and leaves the rest; one with a new id is a rule
of its own. Overrides follow each other in the order of the files: the last that fits wins.
"""

import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ingest.alarms.rules.compiling import Wrong, compile_rule, make_season, merged
from ingest.alarms.rules.rule import Flood, Maintenance, Modes, Rule, RuleSet
from ingest.alarms.rules.scope import Override, Place
from ingest.alarms.rules.tables import ModesTable, RulesFile, RuleTable, ScopeTable
from ingest.errors import RulesError
from park.times import to_epoch_ms

SHIPPED = "rules.toml"


def load(path: Path | None = None) -> RuleSet:
    """The rules that come with agripark, with those of a user's file on top.

    Raises RulesError naming the file, the entry and what to do.
    """
    source = files("ingest.alarms.rules").joinpath(SHIPPED)
    shipped = _read(source)
    if path is None:
        return _compile(shipped, SHIPPED)
    own = _read(path)
    _check_entries(own, path.name)
    return _compile(_together(shipped, own), path.name)


def variant(rule_set: RuleSet, rule: Rule, overrides: Iterable[Override]) -> Rule:
    """The rule as these overrides make it. Raises RulesError."""
    table: Mapping[str, Any] = rule_set.tables[rule.id]
    for override in overrides:
        table = merged(table, override.says)
    try:
        return compile_rule(RuleTable.model_validate(table))
    except ValidationError as error:
        raise RulesError("", f"overrides of {rule.id}", *_problem(error)) from error
    except Wrong as error:
        raise RulesError("", f"overrides of {rule.id}", error.key, error.problem) from error


def _read(source: Path | Traversable) -> dict[str, Any]:
    try:
        return tomllib.loads(source.read_bytes().decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError(source.name, "", "", f"can't be read: {error}") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RulesError(source.name, "", "", f"is no TOML: {error}") from error


def _check_entries(own: Mapping[str, Any], file: str) -> None:
    """Refuse what `_together` couldn't put together."""
    for name in ("rules", "overrides", "maintenance"):
        entries = own.get(name, [])
        if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
            raise RulesError(file, name, "", f"must be tables, written [[{name}]]")
    for name in ("modes", "groups"):
        if not isinstance(own.get(name, {}), dict):
            raise RulesError(file, name, "", f"must be a table, written [{name}]")
    unknown = set(own) - set(RulesFile.model_fields)
    if unknown:
        known = ", ".join(RulesFile.model_fields)
        raise RulesError(file, min(unknown), "", f"isn't known; there are {known}")


def _together(shipped: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    rules = {entry["id"]: entry for entry in shipped["rules"]}
    fresh = []
    for entry in own.get("rules", []):
        known = rules.get(entry["id"]) if isinstance(entry.get("id"), str) else None
        if known is None:
            fresh.append(entry)
        else:
            rules[entry["id"]] = merged(known, entry)
    return {
        "modes": {**shipped["modes"], **own.get("modes", {})},
        "groups": {**shipped.get("groups", {}), **own.get("groups", {})},
        "rules": [*rules.values(), *fresh],
        "overrides": [*shipped.get("overrides", []), *own.get("overrides", [])],
        "maintenance": [*shipped.get("maintenance", []), *own.get("maintenance", [])],
    }


def _compile(content: Mapping[str, Any], file: str) -> RuleSet:
    try:
        tables = RulesFile.model_validate(content)
    except ValidationError as error:
        path, problem = _problem(error)
        entry, key = _entry(content, path)
        raise RulesError(file, entry, key, problem) from error
    rules: dict[str, Rule] = {}
    for table in tables.rules:
        if table.id in rules:
            raise RulesError(file, f"rule {table.id}", "id", "stands twice in the file")
        try:
            rules[table.id] = compile_rule(table)
        except Wrong as error:
            raise RulesError(file, f"rule {table.id}", error.key, error.problem) from error
    _check_floods(rules, file)
    rule_set = RuleSet(
        rules,
        _modes(tables.modes),
        [
            Override(
                o.rule, _place(o, tables, f"overrides[{n}]", file), make_season(o.season), o.says
            )
            for n, o in enumerate(tables.overrides)
        ],
        [
            Maintenance(
                _place(m, tables, f"maintenance[{n}]", file),
                to_epoch_ms(m.begins),
                to_epoch_ms(m.until),
                m.reason,
            )
            for n, m in enumerate(tables.maintenance)
        ],
        tables.modes.last_known_s * 1000,
        {entry["id"]: entry for entry in content["rules"]},
    )
    _check_overrides(rule_set, file)
    return rule_set


def _check_floods(rules: Mapping[str, Rule], file: str) -> None:
    for rule in rules.values():
        if isinstance(rule.check, Flood):
            for name in sorted(rule.check.hides):
                if name not in rules or rules[name].kind != rule.kind or name == rule.id:
                    problem = f"{name!r} is no other rule of a {rule.kind}"
                    raise RulesError(file, f"rule {rule.id}", "flood", problem)


def _check_overrides(rule_set: RuleSet, file: str) -> None:
    for number, override in enumerate(rule_set.overrides):
        entry = f"overrides[{number}]"
        rule = rule_set.find(override.rule)
        if rule is None:
            raise RulesError(file, entry, "rule", f"no rule {override.rule!r}")
        fixed = {"id", "kind", "priority", "title", "advice"} & set(override.says)
        if fixed:
            problem = "is the same everywhere; write a rule of its own"
            raise RulesError(file, entry, f"says.{min(fixed)}", problem)
        if isinstance(rule.check, Flood):
            raise RulesError(file, entry, "rule", "that of a centre can't be overridden")
        try:
            variant(rule_set, rule, [override])
        except RulesError as error:
            raise RulesError(file, entry, f"says.{error.key}", error.problem) from error


def _place(table: ScopeTable, tables: RulesFile, entry: str, file: str) -> Place:
    if table.group is not None and table.group not in tables.groups:
        raise RulesError(file, entry, "group", f"no group {table.group!r} in [groups]")
    return Place(
        tuple(table.crops or ()),
        tuple(table.assets or ()),
        tuple(table.centres or ()),
        tuple(tables.groups.get(table.group or "", ())),
        table.group is not None,
    )


def _modes(table: ModesTable) -> Modes:
    return Modes(
        defrost_after_ms=round(table.defrost_after_s * 1000),
        door_ms=round(table.pull_down_door_s * 1000),
        drop_k=table.pull_down_drop_k,
        silence_ms=round(table.pull_down_silence_s * 1000),
        done_k=table.pull_down_done_k,
        settle_ms=round(table.pull_down_settle_s * 1000),
        stall_ms=round(table.pull_down_stall_s * 1000),
        longest_ms=round(table.pull_down_longest_s * 1000),
    )


def _problem(error: ValidationError) -> tuple[str, str]:
    """The path and the words of the first problem."""
    first = error.errors(include_url=False)[0]
    path = ""
    for step in first["loc"]:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
    words = str(first["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")
    given = first.get("input")
    if first["type"] == "missing":
        words = "must be given"
    elif first["type"] == "extra_forbidden":
        words = "isn't known here"
    elif isinstance(given, str | int | float) and repr(given) not in words:
        words += f", not {given!r}"
    return path, words


def _entry(content: Mapping[str, Any], path: str) -> tuple[str, str]:
    """The rule that a path lies in, by its id, and the rest of the path."""
    head, _, rest = path.partition(".")
    if head.startswith("rules["):
        entry = content["rules"][int(head[len("rules[") : -1])]
        name = entry.get("id") if isinstance(entry, dict) else None
        return (f"rule {name}" if isinstance(name, str) else head), rest
    return head, rest
