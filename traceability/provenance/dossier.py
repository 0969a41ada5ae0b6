"""All that events tell of one thing: whose ever it is, and whoever tells.

A partner's lot, an object with a serial number, a pallet: what it came of and what came of it,
where it is, the certificates that it and what it came of were told to be under, and the events
that name it; those that were declared wrong count for nothing. Certificates are told of here, not
proven; what can't be true of them is a finding.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, bindparam, select

from park.times import from_epoch_ms
from traceability import tables as e
from traceability.canonical import canonical_json, read_canonical
from traceability.database.lookups import among, rows_for
from traceability.epcis.identifiers import canonical
from traceability.epcis.query import tables as q
from traceability.findings import Finding
from traceability.masses import known_kg
from traceability.provenance import tables as t
from traceability.provenance.keys import ThingKind
from traceability.provenance.positions import Position
from traceability.provenance.recall.descriptions import Attributes, attributes_of
from traceability.provenance.store import find, known_ids
from traceability.provenance.tracing import Lineage, trace
from traceability.provenance.walk_statements import Direction
from traceability.provenance.whereabouts import positions_of

MOST_EVENTS = 500
"""Events of one thing that are told of; a crate that is used for years has more."""

_CERTIFICATION = "certificationInfo"
_WITH_CERTIFICATES = frozenset({ThingKind.LOT, ThingKind.ITEM, ThingKind.UNIT})
"""Crates come again and again: what else they held is certified otherwise."""

_L, _G, _S, _F, _E = t.links.c, t.sightings.c, t.stops.c, q.event_facts.c, e.events.c
_TOLD = (
    select(
        *(_G.seq, _G.at_ms, _G.role, _G.quantity, _G.uom, _G.mass_mg),
        *(_F.type, _F.action, _F.biz_step, _F.disposition, _F.read_point, _F.biz_location),
        _E.event_id,
    )
    .join(e.events, _E.seq == _G.seq)
    .join(q.event_facts, _F.seq == _G.seq)
    .where(_G.thing == bindparam("thing"))
    .order_by(_G.at_ms.desc(), _G.seq.desc(), _G.role)
    .limit(MOST_EVENTS + 1)
)
_ODD = select(e.findings).where(among(e.findings.c.seq)).order_by(e.findings.c.position)
_BEGUN = (
    select(
        *(_L.target, _L.at_ms, _L.quantity, _L.uom, _L.mass_mg),
        *(_S.location, _S.read_point, _E.event_id),
    )
    .join(t.stops, _S.seq == _L.seq)
    .join(e.events, _E.seq == _L.seq)
    .where(among(_L.target), _L.kind == t.MADE)
    .order_by(_L.at_ms, _L.id)
)
_PAPERS = (
    select(_G.thing, _G.at_ms, _E.event_id, _E.document)
    .join(t.stops, _S.seq == _G.seq)
    .join(e.events, _E.seq == _G.seq)
    .where(among(_G.thing), _E.document.contains(f'"{_CERTIFICATION}"'))
    .order_by(_G.at_ms, _G.seq)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What one event says of the thing."""

    seq: int
    """Its number in the log; its leaf is one less."""
    event_id: str
    at: datetime
    type: str
    action: str | None
    biz_step: str | None
    disposition: str | None
    place: str | None
    """The business location, else the read point."""
    role: str
    """`named`, `parent`, `child`, `input` or `output`."""
    quantity: float | None
    uom: str | None
    mass_kg: float | None
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """Where something that the thing came of, or the thing itself, came into being."""

    key: str
    share: float | None
    """What share of the thing stems from it."""
    at: datetime | None = None
    """None, as all that follows, where no event tells of it."""
    place: str | None = None
    quantity: float | None = None
    uom: str | None = None
    mass_kg: float | None = None
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that events name."""

    certificate: str | Mapping[str, Any]
    """An identifier, or what the event says of it."""
    about: Sequence[str]
    """The things that were told to be under it: this one, or what it came of."""
    events: Sequence[str]
    since: datetime
    """The time of the first of these events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """All that events tell of one thing."""

    key: str
    kind: ThingKind
    beginnings: Sequence[Beginning]
    """By time; what nothing is told of at the end."""
    back: Lineage
    forward: Lineage
    positions: Sequence[Position]
    certificates: Sequence[Certificate]
    tellings: Sequence[Telling]
    """The latest first."""
    has_more: bool
    """Whether there are older events than these."""
    named: Collection[str]
    """Every thing, place and party in here."""
    attributes: Attributes
    """What master data says of the products, places and parties that are named."""


def dossier_of(connection: Connection, key: str) -> Dossier:
    """All about a thing, by its canonical identifier. Raises NotFoundError `node-not-found`."""
    thing = find(connection, key)
    back = trace(connection, key, Direction.BACK)
    forward = trace(connection, key, Direction.FORWARD)
    positions = positions_of(connection, [thing.id])[thing.id]
    rows = connection.execute(_TOLD, {"thing": thing.id}).all()
    tellings = list(_tellings(connection, rows[:MOST_EVENTS]))
    beginnings = list(_beginnings(connection, back))
    certified = {node.key for node in back.nodes if node.kind in _WITH_CERTIFICATES}
    mentioned = {
        *(node.key for lineage in (back, forward) for node in lineage.nodes),
        *(telling.place for telling in tellings),
        *(beginning.place for beginning in beginnings),
        *(
            place
            for each in positions
            for place in (each.place, each.destination, each.holder, each.owner)
        ),
    }
    named = {each for each in mentioned if each is not None}
    return Dossier(
        key=key,
        kind=thing.kind,
        beginnings=beginnings,
        back=back,
        forward=forward,
        positions=positions,
        certificates=list(_certificates(connection, key, certified)),
        tellings=tellings,
        has_more=len(rows) > MOST_EVENTS,
        named=named,
        attributes=attributes_of(connection, named),
    )


def events_about(connection: Connection, key: str) -> Sequence[str]:
    """Ids of the latest events that name a thing, `MOST_EVENTS` at most, as they were captured.

    Raises NotFoundError `node-not-found`.
    """
    rows = connection.execute(_TOLD, {"thing": find(connection, key).id}).all()
    return list(dict(sorted((row.seq, row.event_id) for row in rows[:MOST_EVENTS])).values())


def _beginnings(connection: Connection, back: Lineage) -> Iterator[Beginning]:
    shares = {node.key: node.share for node in back.nodes if node.kind is not ThingKind.RUN}
    keys = {number: key for key, number in known_ids(connection, shares).items()}
    untold = shares.keys() - {edge.target for edge in back.edges}
    for row in rows_for(connection, _BEGUN, keys):
        key = keys[row.target]
        untold -= {key}
        yield Beginning(
            key=key,
            share=shares[key],
            at=from_epoch_ms(row.at_ms),
            place=row.location or row.read_point,
            quantity=row.quantity,
            uom=row.uom,
            mass_kg=known_kg(row.mass_mg),
            event_id=row.event_id,
        )
    for key in sorted(untold):
        yield Beginning(key=key, share=shares[key])


def _tellings(connection: Connection, rows: Sequence[Any]) -> Iterator[Telling]:
    odd = {
        seq: [Finding(row.code, row.detail, row.path) for row in group]
        for seq, group in groupby(
            sorted(rows_for(connection, _ODD, {row.seq for row in rows}), key=lambda row: row.seq),
            key=lambda row: row.seq,
        )
    }
    for row in rows:
        yield Telling(
            seq=row.seq,
            event_id=row.event_id,
            at=from_epoch_ms(row.at_ms),
            type=row.type,
            action=row.action,
            biz_step=row.biz_step,
            disposition=row.disposition,
            place=row.biz_location or row.read_point,
            role=row.role,
            quantity=row.quantity,
            uom=row.uom,
            mass_kg=known_kg(row.mass_mg),
            findings=odd.get(row.seq, ()),
        )


def _certificates(
    connection: Connection, key: str, things: Collection[str]
) -> Iterator[Certificate]:
    """Certificates by the event that first named each; those of the thing itself first."""
    keys = {number: key for key, number in known_ids(connection, things).items()}
    found: dict[bytes, tuple[Any, dict[str, None], dict[str, None], datetime]] = {}
    for row in rows_for(connection, _PAPERS, keys):
        for certificate in _named_in(read_canonical(row.document)):
            at = from_epoch_ms(row.at_ms)
            _, about, events, _ = found.setdefault(
                canonical_json(certificate), (certificate, {}, {}, at)
            )
            about[keys[row.thing]] = None
            events[row.event_id] = None
    for certificate, about, events, since in sorted(
        found.values(), key=lambda each: (key not in each[1], each[3])
    ):
        yield Certificate(certificate, list(about), list(events), since)


def _named_in(event: Mapping[str, Any]) -> Iterator[Any]:
    said = event.get(_CERTIFICATION, ())
    for each in said if isinstance(said, list) else [said]:
        yield canonical(each) if isinstance(each, str) else each
