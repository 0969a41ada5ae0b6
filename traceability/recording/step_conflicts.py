"""Business steps that exclude each other over several events.

`shipping` is the whole of staging, loading and departing: who reports these one by one for the
same objects at the same site doesn't report `shipping` as well (CBV 2.0, business step
definitions). A pallet's two reports lie close together; a crate is shipped from one site again
and again, so events that lie further apart than `WINDOW` aren't compared.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import Connection, bindparam, exists, select

from park.times import to_epoch_ms
from traceability import tables as t
from traceability.database.lookups import among, rows_for
from traceability.epcis.cbv_rules import EXCLUDED_STEPS
from traceability.epcis.identifiers import instance
from traceability.epcis.model import AnyEvent, ObjectEvent
from traceability.epcis.query import tables as q
from traceability.epcis.query.fields import Field
from traceability.epcis.storable import storable
from traceability.findings import Finding

WINDOW = timedelta(days=3)

_WHOLE = "shipping"
_STEPS = frozenset({_WHOLE, *EXCLUDED_STEPS[_WHOLE]})
_WINDOW_MS = WINDOW // timedelta(milliseconds=1)
_EXTENSION = "/254/"

_F, _T, _E = q.event_facts.c, q.event_terms.c, t.events.alias("e").c
_DECLARED = t.events.alias("declarations").c
_REPORTS = (
    select(_T.value, _F.seq, _F.event_time_ms, _F.biz_step, _F.read_point)
    .join(q.event_facts, _F.seq == _T.seq)
    .where(
        _T.name == Field.EPC,
        among(_T.value),
        _T.event_time_ms.between(bindparam("since"), bindparam("until")),
        _F.biz_step.in_(sorted(_STEPS)),
        ~exists().where(
            _E.seq == _F.seq,
            _DECLARED.event_id == _E.event_id,
            _DECLARED.declared.is_(True),
        ),
    )
)


def step_conflicts(
    connection: Connection, rows: Sequence[tuple[int, AnyEvent]]
) -> Mapping[int, Sequence[Finding]]:
    """Findings by number, for events that are indexed already; the later captured one has it."""
    asked = [
        (seq, event)
        for seq, event in rows
        if isinstance(event, ObjectEvent)
        and event.biz_step in _STEPS
        and event.error_declaration is None
        and event.epcs
    ]
    if not asked:
        return {}
    times = [to_epoch_ms(event.event_time) for _, event in asked]
    span = {"since": min(times) - _WINDOW_MS, "until": max(times) + _WINDOW_MS}
    wanted = {_indexed(epc) for _, event in asked for epc in event.epcs}
    reports: dict[str, list[tuple[int, int, str, str | None]]] = {}
    for row in rows_for(connection, _REPORTS, wanted, **span):
        report = (row.seq, row.event_time_ms, row.biz_step, row.read_point)
        reports.setdefault(row.value, []).append(report)
    found = {}
    for (seq, event), at_ms in zip(asked, times, strict=True):
        others = dict.fromkeys(
            other
            for epc in event.epcs
            for before, other_ms, other, place in reports.get(_indexed(epc), ())
            if before < seq
            and abs(other_ms - at_ms) <= _WINDOW_MS
            and _site(place) == _site(None if event.read_point is None else event.read_point.id)
        )
        findings = list(_findings(event.biz_step or "", list(others)))
        if findings:
            found[seq] = findings
    return found


def _indexed(epc: str) -> str:
    """The object as it stands in the index."""
    return storable(instance(epc))


def _findings(step: str, others: Sequence[str]) -> Iterator[Finding]:
    for other in sorted(others):
        if _WHOLE in {step, other} and step != other:
            part = other if step == _WHOLE else step
            yield Finding(
                "cbv-excluded-step",
                f"another event has the same objects {other} there; {_WHOLE} says what {part} "
                "says and excludes it",
                "bizStep",
            )


def _site(place: str | None) -> str | None:
    """The GLN of a place without the part of the site that it is."""
    return None if place is None else place.partition(_EXTENSION)[0]
