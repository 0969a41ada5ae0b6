"""What is derived from events beside the books: index, lineage and findings."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection

from traceability.epcis.model import AnyEvent
from traceability.epcis.query.indexing import index_events
from traceability.findings import Finding
from traceability.provenance.certificates import certificate_doubts
from traceability.provenance.projection import project
from traceability.recording.outside_books import beyond_ceilings
from traceability.recording.step_conflicts import step_conflicts
from traceability.recording.twins import ADD_FINDINGS, SAME, finding_row, say_revived, settle
from traceability.steps.places import Places


def project_events(
    connection: Connection,
    rows: Sequence[tuple[int, AnyEvent]],
    twins: Collection[int],
    found: Mapping[int, Sequence[Finding]],
    places: Places,
    recorded_ms: Mapping[int, int] | None = None,
) -> None:
    """Derive all of these numbered events; `twins` say what was said before.

    `found` are findings known already, `recorded_ms` record times as in `index_events`.
    """
    index_events(connection, rows, recorded_ms)
    excluded = step_conflicts(connection, rows)
    settled = settle(connection, rows, twins)
    counting = [(seq, event) for seq, event in rows if seq not in settled.twins]
    more = project(connection, counting)
    beyond = beyond_ceilings(connection, counting, places)
    uncertified = certificate_doubts(connection, counting)
    findings = [
        finding_row(seq, position, each)
        for seq, _ in rows
        for position, each in enumerate(
            (
                *found.get(seq, ()),
                *excluded.get(seq, ()),
                *more.get(seq, ()),
                *((beyond[seq],) if seq in beyond else ()),
                *uncertified.get(seq, ()),
                *((SAME,) if seq in settled.twins else ()),
            )
        )
    ]
    ADD_FINDINGS(connection, findings)
    for seq, event in settled.revived:
        say_revived(connection, seq, project(connection, [(seq, event)]).get(seq, ()))
