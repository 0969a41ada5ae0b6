"""Keeps sums of what events say under certificates, so that nobody has to add up all of them."""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, delete, func, insert, select, text

from traceability import tables as events
from traceability.canonical import read_canonical
from traceability.database.bulk import BulkInsert
from traceability.database.lookups import among, rows_for
from traceability.epcis.contexts import context_of
from traceability.epcis.jsonld.reading import read_event
from traceability.epcis.model import AnyEvent
from traceability.epcis.query import tables as q
from traceability.epcis.query.fields import Field
from traceability.epcis.query.indexing import certificates_of
from traceability.errors import TraceabilityError
from traceability.provenance import tables as t
from traceability.provenance.extraction import Facts

_log = logging.getLogger(__name__)

SHIPPING = "shipping"

_L, _S, _E, _T = t.links.c, t.stops.c, events.events.c, q.event_terms.c
_C = t.certificates.c
_ADD_SHIPMENTS = BulkInsert(t.certified_shipments, or_known=True)
_ADD = text(
    "INSERT INTO certificates (certificate, begun, weighed, mass_mg) "
    "VALUES (:certificate, :begun, :weighed, :mass_mg) "
    "ON CONFLICT (certificate) DO UPDATE SET begun = certificates.begun + excluded.begun, "
    "weighed = certificates.weighed + excluded.weighed, "
    "mass_mg = certificates.mass_mg + excluded.mass_mg"
)
_NONE_LEFT = delete(t.certificates).where(_C.begun == 0)
_MADE = select(_L.seq, _L.mass_mg).where(among(_L.seq), _L.kind == t.MADE)
_DOCUMENTS = select(_E.seq, _E.document).where(among(_E.seq))
_P = t.certified_shipments.c
_UNSHIP = delete(t.certified_shipments).where(
    _P.certificate == bindparam("under"), _P.place == bindparam("at"), _P.seq == bindparam("number")
)
_PLACE = func.coalesce(_S.origin, _S.read_point)
_PLACES = select(_S.seq, _PLACE.label("place")).where(among(_S.seq), _S.biz_step == SHIPPING)


@dataclass(slots=True)
class _Sums:
    """What came into being, by certificate."""

    begun: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    weighed: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    mass_mg: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def count(self, certificates: Iterable[str], mass_mg: int | None, times: int) -> None:
        for each in certificates:
            self.begun[each] += times
            self.weighed[each] += times * (mass_mg is not None)
            self.mass_mg[each] += times * (mass_mg or 0)

    def add_to(self, connection: Connection) -> None:
        for each in sorted(self.begun):
            row = {
                "certificate": each,
                "begun": self.begun[each],
                "weighed": self.weighed[each],
                "mass_mg": self.mass_mg[each],
            }
            connection.execute(_ADD, row)


def add_certified(
    connection: Connection, rows: Iterable[tuple[int, AnyEvent]], facts: Facts
) -> None:
    """Count what these events, whose facts are added, say under certificates."""
    under = {seq: found for seq, event in rows if (found := certificates_of(event))}
    if not under:
        return
    sums = _Sums()
    for link in facts.links:
        if link.kind == t.MADE:
            sums.count(under.get(link.seq, ()), link.amount.mass_mg, 1)
    sums.add_to(connection)
    _ADD_SHIPMENTS(connection, sorted(_shipments(under, facts)))


def _shipments(
    under: Mapping[int, Collection[str]], facts: Facts
) -> Iterator[tuple[str, str, int]]:
    names = [column.name for column in t.stops.columns]
    for stop in facts.stops:
        row = dict(zip(names, stop, strict=True))
        place, seq = row["origin"] or row["read_point"], row["seq"]
        if row["biz_step"] == SHIPPING and isinstance(place, str) and isinstance(seq, int):
            yield from ((each, place, seq) for each in under.get(seq, ()))


def forget_certified(connection: Connection, wrong: Collection[int]) -> None:
    """Take back what these events said, while their links and stops are still there."""
    made: dict[int, list[int | None]] = defaultdict(list)
    for row in rows_for(connection, _MADE, wrong):
        made[row.seq].append(row.mass_mg)
    places = {row.seq: row.place for row in rows_for(connection, _PLACES, wrong)}
    sums = _Sums()
    for seq, certificates in _certificates(connection, wrong):
        for mass_mg in made[seq]:
            sums.count(certificates, mass_mg, -1)
        for each in certificates if seq in places else ():
            connection.execute(_UNSHIP, {"under": each, "at": places[seq], "number": seq})
    sums.add_to(connection)
    connection.execute(_NONE_LEFT)


def _certificates(
    connection: Connection, seqs: Collection[int]
) -> Iterator[tuple[int, Sequence[str]]]:
    for row in rows_for(connection, _DOCUMENTS, seqs):
        # Whatever a document calls the field, its context or it says this.
        if Field.CERTIFICATION not in row.document:
            continue
        body = read_canonical(row.document)
        try:
            event = read_event(body, context_of(body))
        except TraceabilityError as error:
            # It was stored when more was taken; it can be declared wrong all the same.
            _log.warning("event %s can't be read any more: %s", row.seq, error)
            continue
        yield row.seq, certificates_of(event)


def certified_anew(connection: Connection) -> None:
    """Count all of it, from the lineage and the index."""
    for table in (t.certificates, t.certified_shipments):
        connection.execute(delete(table))
    under = _T.name == Field.CERTIFICATION.value
    sums = [func.count(), func.count(_L.mass_mg), func.coalesce(func.sum(_L.mass_mg), 0)]
    made = (
        select(_T.value, *sums)
        .join(t.links, _L.seq == _T.seq)
        .where(under, _L.kind == t.MADE)
        .group_by(_T.value)
    )
    shipped = (
        select(_T.value, _PLACE, _T.seq)
        .join(t.stops, _S.seq == _T.seq)
        .where(under, _S.biz_step == SHIPPING, _PLACE.is_not(None))
        .distinct()
    )
    for table, rows in ((t.certificates, made), (t.certified_shipments, shipped)):
        names = [column.name for column in table.columns]
        connection.execute(insert(table).from_select(names, rows))
