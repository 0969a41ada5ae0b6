"""What `agripark ledger` prints of its findings."""

from collections.abc import Iterator, Mapping
from typing import Any

from traceability.derived.comparing import Difference, TableReport
from traceability.derived.service import DerivedReport
from traceability.derived.shadow import Doubts
from traceability.ledger.report import Problem, Report

_LONGEST = 100


def report_text(report: Report) -> str:
    """What a verification found, in lines."""
    size, covered = f"{report.size:,}", f"{report.covered:,}"
    lines = [_problem_text(problem) for problem in report.problems]
    if report.more:
        lines.append(f"... and {report.more:,} more")
    if report.ok:
        lines.append(
            f"whole: {size} events, {covered} of them under {report.checkpoints} checkpoints"
        )
        lines.append(f"root {(report.root or b'').hex()}")
    else:
        first = report.first_bad
        where = (
            "" if first is None or first.index is None else f", first at event {first.index + 1}"
        )
        count = len(report.problems) + report.more
        lines.append(f"NOT WHOLE: {count:,} problems in {size} events{where}")
    return "\n".join([*lines, *(f"note: {note}" for note in report.notes)])


def _problem_text(problem: Problem) -> str:
    where = "" if problem.index is None else f"leaf {problem.index}: "
    if problem.index is not None and problem.last not in {None, problem.index}:
        where = f"leaves {problem.index} to {problem.last}: "
    event = "" if problem.event_id is None else f" ({problem.event_id})"
    return f"{where}{problem.detail}{event}"


def report_json(report: Report) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "ok": report.ok,
        "size": report.size,
        "root": None if report.root is None else report.root.hex(),
        "covered": report.covered,
        "checkpoints": report.checkpoints,
        "first_bad": None if report.first_bad is None else _problem_json(report.first_bad),
        "problems": [_problem_json(problem) for problem in report.problems],
        "more": report.more,
        "notes": list(report.notes),
    }


def _problem_json(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "detail": problem.detail,
        "leaf_index": problem.index,
        "last_leaf_index": problem.index if problem.last is None else problem.last,
        "event_id": problem.event_id,
    }


def derived_text(report: DerivedReport) -> str:
    """How the derived tables differ from what follows from the events, in lines."""
    lines = [line for table in report.tables for line in _table_lines(table)]
    if report.ok:
        lines.append(f"derived tables: as {report.size:,} events give them")
    else:
        names = ", ".join(table.table for table in report.tables if not table.ok)
        lines.append(f"DERIVED TABLES DIFFER: {names}; agripark ledger rebuild makes them anew")
    return "\n".join([*lines, *doubts_lines(report.doubts)])


def doubts_lines(doubts: Doubts) -> list[str]:
    """Events from which not all follows any more, a line each."""
    lines = [f"note: event {each.seq} ({each.event_id}): {each.detail}" for each in doubts.some]
    if doubts.count:
        lines.append(
            f"note: {doubts.count:,} such events; --scale, the park's definition, the tolerance or "
            "the version isn't that of their capture"
        )
    return lines


def _table_lines(table: TableReport) -> Iterator[str]:
    yield from map(_difference_text, table.differences)
    if table.more:
        yield f"{table.table}: ... and more"
    for damage in table.damage:
        yield f"{table.table}: the database's file is damaged: {damage}"


def _difference_text(difference: Difference) -> str:
    where = f"{difference.table}: {_pairs(difference.row)}"
    if difference.found is None:
        return f"{where} is missing"
    if difference.wanted is None:
        return f"{where} follows from no event"
    changed = (
        f"{name} is {_short(value)}, the events give {_short(difference.wanted[name])}"
        for name, value in difference.found.items()
    )
    return f"{where}: {', '.join(changed)}"


def _pairs(values: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={_short(value)}" for name, value in values.items())


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def derived_json(report: DerivedReport) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "ok": report.ok,
        "size": report.size,
        "tables": [
            {
                "table": table.table,
                "differences": [
                    {"row": each.row, "found": each.found, "wanted": each.wanted}
                    for each in table.differences
                ],
                "more": table.more,
                "damage": list(table.damage),
            }
            for table in report.tables
            if not table.ok
        ],
        "doubts": doubts_json(report.doubts),
    }


def doubts_json(doubts: Doubts) -> dict[str, Any]:
    """Events from which not all follows any more: some of them, and how many."""
    some = [
        {"event": each.seq, "event_id": each.event_id, "detail": each.detail}
        for each in doubts.some
    ]
    return {"count": doubts.count, "events": some}
