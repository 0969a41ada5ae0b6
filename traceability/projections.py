"""What is derived from events beside the books: index, lineage and findings."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, insert

from traceability import tables as t
from traceability.epcis.model import AnyEvent
from traceability.epcis.query.indexing import index_events
from traceability.findings import Finding
from traceability.provenance.projection import project

_ADD_FINDINGS = insert(t.findings)
_TWIN = Finding(
    "same-content",
    "another event with another id says the same; this one doesn't count in the lineage",
)


def project_events(
    connection: Connection,
    rows: Sequence[tuple[int, AnyEvent]],
    twins: Collection[int],
    found: Mapping[int, Sequence[Finding]],
) -> None:
    """Derive all of these numbered events; `twins` say what was said before.

    `found` are findings known already.
    """
    index_events(connection, rows)
    more = project(connection, [(seq, event) for seq, event in rows if seq not in twins])
    findings = [
        {
            "seq": seq,
            "position": position,
            "code": each.code,
            "path": each.path,
            "detail": each.detail,
        }
        for seq, _ in rows
        for position, each in enumerate(
            (*found.get(seq, ()), *more.get(seq, ()), *([_TWIN] if seq in twins else ()))
        )
    ]
    if findings:
        connection.execute(_ADD_FINDINGS, findings)
