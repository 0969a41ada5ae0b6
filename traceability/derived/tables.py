"""Which tables follow from the events, and how their rows are told apart.

Numbers that a database gives out itself (of nodes, things, links and stays) differ from one
derivation to the next. Rows are compared by what these numbers stand for: the keys of nodes and
things.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Table,
    Text,
    cast,
    func,
    select,
)

from traceability import tables as t
from traceability.derived.scanning import scan
from traceability.epcis.query import tables as q
from traceability.provenance import tables as p

_NAMED_BY_KEY: Mapping[Table, Sequence[Column[Any]]] = {
    t.nodes: (
        *(t.flows.c.target, t.flows.c.source, t.event_nodes.c.node_id, t.batches.c.node_id),
        *(t.origins.c.node_id, t.reached.c.node_id, t.stays.c.node_id),
        *(t.pallets.c.node_id, t.pallets.c.shipment, t.shipments.c.node_id),
    ),
    p.things: (
        *(p.links.c.source, p.links.c.target, p.contents.c.parent, p.contents.c.child),
        p.sightings.c.thing,
    ),
}
"""Columns that hold the number of a row of another table."""

_DIGITS = 12
"""Of a number that isn't whole: sums may differ in the last ones."""

Values = tuple[Any, ...]

_OWN_NUMBERS = (t.nodes.c.id, t.stays.c.id, p.things.c.id, p.links.c.id)


@dataclass(frozen=True)
class DerivedTable:
    """A table whose rows follow from the events."""

    table: Table
    identity: Sequence[str]
    """Columns that tell its rows apart, but for their own numbers."""
    compared: Sequence[str] = ()
    """Columns that are compared; all where none is named."""

    @property
    def name(self) -> str:
        """Its name in the database."""
        return self.table.name

    @cached_property
    def columns(self) -> Sequence[Column[Any]]:
        """The columns that are compared."""
        wanted = self.compared or [each.name for each in self.table.c]
        return [
            each for each in self.table.c if each.name in wanted and each not in set(_OWN_NUMBERS)
        ]

    def rows(self, connection: Connection) -> Iterator[Values]:
        """The columns that are compared of all rows, the same whichever database holds them.

        Numbers stand as the keys that they stand for.
        """
        source: FromClause = self.table
        shown: list[ColumnElement[Any]] = []
        for column in self.columns:
            other = next((each for each, of in _NAMED_BY_KEY.items() if column in set(of)), None)
            if other is None:
                shown.append(column)
            else:
                named = other.alias()
                source = source.outerjoin(named, named.c.id == column)
                # A number that stands for nothing is told as it is.
                shown.append(func.coalesce(named.c.key, cast(column, Text)))
        labelled = [each.label(f"c{number}") for number, each in enumerate(shown)]
        query = select(*labelled).select_from(source)
        for row in scan(connection, query, list(self.table.primary_key)):
            yield tuple(map(_plain, row))


def _plain(value: Any) -> Any:
    """A value as both databases give it: bytes as text, truth as 0 or 1."""
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode(errors="backslashreplace")
    if isinstance(value, float):
        # Times and keys are whole, and each of their digits counts.
        return value if value.is_integer() else float(f"{value:.{_DIGITS}g}")
    return int(value) if isinstance(value, bool) else value


EVENTS = DerivedTable(t.events, ("seq",), ("seq", "fingerprint", "content_hash"))
"""Two columns of the events themselves, by which the same event again is known."""

_BY_KEYS = (
    *(t.findings, t.flows, t.event_nodes, t.batches, t.origins, t.reached, t.pallets, t.shipments),
    *(q.event_facts, q.event_shapes, q.event_terms, q.event_numbers, q.shape_terms),
    *(p.contents, p.stops, p.sightings, p.certificates, p.certified_shipments),
)
_OTHERS = (
    DerivedTable(t.nodes, ("key",)),
    DerivedTable(t.stays, ("node_id", "room", "since_ms")),
    DerivedTable(p.things, ("key",)),
    DerivedTable(
        p.links, ("kind", "source", "source_form", "target", "target_form", "at_ms", "seq")
    ),
)
_BY_NAME = {
    each.name: each
    for each in (
        *_OTHERS,
        *(DerivedTable(table, [c.name for c in table.primary_key]) for table in _BY_KEYS),
    )
}

DERIVED = [_BY_NAME[table.name] for table in t.metadata.sorted_tables if table.name in _BY_NAME]
"""All of them, each behind those that its rows refer to."""
