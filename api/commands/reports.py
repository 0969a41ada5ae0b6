"""How commands report in a terminal."""

from collections.abc import Sequence

from api.commands.demo import DemoReport, DemoResult
from api.commands.tables import printable, table
from ingest.quarantine import QuarantineEntry
from park.times import format_instant, from_epoch_ms

_SHOWN_DETAIL = 80
_SHOWN_TOPIC = 80


def demo_text(result: DemoResult, api_url: str) -> str:
    """What arrived, and three batches to look up."""
    lookups = table(
        ("look up", "address"),
        [(lookup.about, f"{api_url}/{lookup.batch.path}") for lookup in result.lookups],
    )
    first, last = (
        from_epoch_ms(epoch_ms).date().isoformat() for epoch_ms in (result.first_ms, result.last_ms)
    )
    return f"{report_text(result.report)}\n\n{lookups}\n\nThe season ran from {first} to {last}."


def report_text(report: DemoReport) -> str:
    """What was sent and what arrived, and what was lost."""
    lines = [
        f"{report.batches} batches, {report.shipments} shipments in {report.elapsed_s} s",
        f"{report.readings_stored:,} of {report.readings_sent:,} readings stored",
        f"{report.events} of {report.scans_sent} scans became events",
    ]
    complaints = report.complaints()
    return "\n".join([*lines, *(complaints or ["nothing was lost"])])


def quarantine_text(entries: Sequence[QuarantineEntry]) -> str:
    """One line for each entry, the newest first."""
    if not entries:
        return "quarantine is empty"
    rows = [
        (
            str(entry.id),
            format_instant(entry.received_at),
            entry.reason,
            printable(entry.topic[:_SHOWN_TOPIC]),
            printable(entry.detail[:_SHOWN_DETAIL]),
        )
        for entry in entries
    ]
    return table(("number", "received", "reason", "topic", "detail"), rows)
