"""Whether goods that are told to be certified can be: the fraud with other people's fruit.

A certificate under which goods came into being (a harvest names it in `certificationInfo`) is one
of goods. What leaves or is made under it has to stem from there:

======================== ======================================================================
code                     an event under such a certificate
======================== ======================================================================
certified-in-part        is about goods of which a part came into being without it
more-certified-than-made ships more from one site under it, all that was shipped there before
                         included, than ever came into being under it
======================== ======================================================================

Of certificates that no harvest names, such as a packhouse's, nothing is said; nor of goods whose
beginning nobody tells of.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    BindParameter,
    Connection,
    Row,
    and_,
    bindparam,
    case,
    exists,
    func,
    select,
)

from park.times import to_epoch_ms
from traceability.database.lookups import among, rows_for
from traceability.epcis.identifiers import canonical, instance
from traceability.epcis.model import (
    Action,
    AggregationEvent,
    AnyEvent,
    ObjectEvent,
    TransformationEvent,
)
from traceability.epcis.query import tables as q
from traceability.epcis.query.fields import Field
from traceability.epcis.storable import storable
from traceability.findings import Finding
from traceability.masses import to_kg
from traceability.provenance import tables as t
from traceability.provenance.amounts import exceeds
from traceability.provenance.attribution import Mixtures, State, shares_in
from traceability.provenance.extraction import NAMED
from traceability.provenance.lots import TOLERANCE
from traceability.provenance.places import bounds, within
from traceability.provenance.positions import site_of
from traceability.provenance.store import known_ids
from traceability.provenance.walk_statements import Direction, Start
from traceability.provenance.walking import walk

_IDENTIFYING = ("certificationURI", "certificationIdentification")
"""Fields of GS1's web vocabulary that do, behind its address."""

_L, _G, _T = t.links.c, t.sightings.c, q.event_terms.c
_C, _P = t.certificates.c, t.certified_shipments.c
_CERTIFICATE: BindParameter[str] = bindparam("certificate")
_MADE = select(_C.begun, case((_C.weighed > 0, _C.mass_mg)).label("mass_mg")).where(
    _C.certificate == _CERTIFICATE
)
_IS_UNDER = exists().where(
    _T.name == Field.CERTIFICATION.value,
    _T.value == _CERTIFICATE,
    _T.event_time_ms == _L.at_ms,
    _T.seq == _L.seq,
)
_BEGINNINGS = select(_L.target, _L.mass_mg, _IS_UNDER.label("is_under")).where(
    among(_L.target), _L.kind == t.MADE
)


def _shipped() -> CTE:
    """What was shipped from a site under a certificate, and what was in it then."""
    shipped = (
        select(_G.thing, _G.at_ms, _G.mass_mg)
        .join(t.certified_shipments, _P.seq == _G.seq)
        .where(_P.certificate == _CERTIFICATE, within(_P.place), _G.role == NAMED)
        .cte("shipped", recursive=True)
    )
    return shipped.union_all(
        select(_L.source, shipped.c.at_ms, _L.mass_mg).join(
            t.links,
            and_(
                _L.target == shipped.c.thing,
                _L.kind == t.CONTAINS,
                _L.from_ms <= shipped.c.at_ms,
                _L.until_ms >= shipped.c.at_ms,
            ),
        )
    )


_SHIPPED = select(func.sum(_shipped().c.mass_mg, type_=BigInteger))


def certificate_doubts(
    connection: Connection, rows: Sequence[tuple[int, AnyEvent]]
) -> Mapping[int, Sequence[Finding]]:
    """What is odd about events under certificates, by number; all are derived already."""
    claims: dict[str, list[tuple[int, AnyEvent]]] = defaultdict(list)
    for seq, event in rows:
        if event.error_declaration is None and _claims(event):
            for certificate in _named_by(event):
                claims[certificate].append((seq, event))
    found: dict[int, list[Finding]] = defaultdict(list)
    for certificate, group in claims.items():
        bound = {"certificate": storable(certificate)}
        made = connection.execute(_MADE, bound).first()
        if made is not None:
            for seq, finding in _doubts(connection, certificate, group, made.mass_mg):
                found[seq].append(finding)
    return found


def _named_by(event: AnyEvent) -> Collection[str]:
    """The certificates that an event names: by address, or by what identifies one in an object."""
    said = event.certification_info
    named = [each for each in said if isinstance(each, str)]
    named += _identified_in([each for each in said if not isinstance(each, str)])
    return dict.fromkeys(map(canonical, named))


def _identified_in(value: Any, *, by_name: bool = False) -> Iterator[str]:
    """Texts in fields that identify a certificate, however deep."""
    if isinstance(value, str):
        if by_name:
            yield value
    elif isinstance(value, Mapping):
        for name, each in value.items():
            identifies = by_name or name.endswith(_IDENTIFYING)
            yield from _identified_in(each, by_name=identifies)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _identified_in(each, by_name=by_name)


def _claims(event: AnyEvent) -> bool:
    """Whether an event says of goods that exist or come out of others that they are certified."""
    if isinstance(event, ObjectEvent):
        return event.action is Action.OBSERVE
    if isinstance(event, AggregationEvent):
        return event.action is not Action.DELETE
    return isinstance(event, TransformationEvent)


def _doubts(
    connection: Connection,
    certificate: str,
    events: Sequence[tuple[int, AnyEvent]],
    made_mg: Any,
) -> Iterator[tuple[int, Finding]]:
    shares = _shares_without(connection, certificate, [event for _, event in events])
    for seq, event in events:
        for key in _goods(event):
            share = shares.get((key, to_epoch_ms(event.event_time)), 0.0)
            if share > TOLERANCE:
                yield (
                    seq,
                    Finding(
                        "certified-in-part",
                        f"{key} is told to be under {certificate}, but {share:.1%} of it came into "
                        "being without",
                        "certificationInfo",
                    ),
                )
    if made_mg is not None:
        yield from _too_much(connection, certificate, events, int(made_mg))


def _too_much(
    connection: Connection, certificate: str, events: Iterable[tuple[int, AnyEvent]], made_mg: int
) -> Iterator[tuple[int, Finding]]:
    shipped: dict[str, int] = {}
    for seq, event in events:
        site = _site(event) if event.biz_step == "shipping" else None
        if site is None:
            continue
        if site not in shipped:
            bound = {"certificate": storable(certificate), **bounds(site)}
            shipped[site] = int(connection.execute(_SHIPPED, bound).scalar() or 0)
        if exceeds(shipped[site], made_mg):
            detail = (
                f"{_kg(shipped[site])} left one site under {certificate}, but {_kg(made_mg)} came "
                "into being under it"
            )
            yield seq, Finding("more-certified-than-made", detail, "certificationInfo")


def _kg(mass_mg: int) -> str:
    return f"{to_kg(mass_mg):,.1f} kg"


def _shares_without(
    connection: Connection, certificate: str, events: Iterable[AnyEvent]
) -> dict[tuple[str, int], float]:
    """What share of things, by key and instant, is known to have begun without a certificate."""
    asked = {(key, to_epoch_ms(event.event_time)) for event in events for key in _goods(event)}
    ids = known_ids(connection, {key for key, _ in asked})
    starts = {(key, at): Start(ids[key], at, at) for key, at in asked if key in ids}
    walked = walk(connection, list(starts.values()), Direction.BACK)
    mixtures = Mixtures(walked.steps)
    derived = {step.target for step in walked.steps if step.kind != t.MADE}
    begun = {step.target for step in walked.steps if step.kind == t.MADE} - derived
    bound = {"certificate": storable(certificate)}
    beginnings: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in rows_for(connection, _BEGINNINGS, begun, **bound):
        beginnings[row.target].append(row)
    without = {thing: _without(rows) for thing, rows in beginnings.items()}
    found = {}
    for asked_for, start in starts.items():
        shares = shares_in(mixtures, State(start.thing, start.since_ms, start.until_ms))
        found[asked_for] = sum(
            (shares.get(thing) or 0.0) * share for thing, share in without.items()
        )
    return found


def _without(beginnings: Sequence[Row[Any]]) -> float:
    """The share of what began that isn't under the certificate."""
    under = [row for row in beginnings if row.is_under]
    whole_mg, under_mg = (sum(row.mass_mg or 0 for row in rows) for rows in (beginnings, under))
    return 1 - (under_mg / whole_mg if whole_mg else len(under) / len(beginnings))


def _goods(event: AnyEvent) -> Iterator[str]:
    """What an event tells to be certified."""
    match event:
        case ObjectEvent():
            yield from map(instance, event.epcs)
            yield from (each.epc_class for each in event.quantities)
        case AggregationEvent():
            yield from map(instance, event.child_epcs)
            yield from (each.epc_class for each in event.child_quantities)
        case TransformationEvent():
            yield from map(instance, event.output_epcs)
            yield from (each.epc_class for each in event.output_quantities)


def _site(event: AnyEvent) -> str | None:
    origin = next((party.id for party in event.sources if party.type == "location"), None)
    place = origin or (None if event.read_point is None else event.read_point.id)
    return site_of(place)
