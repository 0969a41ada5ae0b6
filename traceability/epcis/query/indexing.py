"""Index rows of events."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from park.times import to_epoch_ms
from traceability import tables as t
from traceability.bulk import BulkInsert, Row
from traceability.epcis.identifiers import canonical
from traceability.epcis.model import (
    AggregationEvent,
    AnyEvent,
    AssociationEvent,
    ErrorDeclaration,
    ObjectEvent,
    Quantity,
    TransactionEvent,
    TransformationEvent,
)
from traceability.epcis.query import tables as q
from traceability.epcis.query.extensions import add_extensions
from traceability.epcis.query.fields import Field, Section, measured, typed
from traceability.epcis.query.rows import Rows
from traceability.epcis.query.sensor_rows import add_sensor_element
from traceability.epcis.query.values import base_value, storable

_ADD_FACTS = BulkInsert(q.event_facts)
_ADD_TERMS = BulkInsert(q.event_terms)
_ADD_NUMBERS = BulkInsert(q.event_numbers)
_RECORDED = select(t.events.c.seq, t.events.c.record_time_ms).where(
    t.events.c.seq.between(bindparam("first"), bindparam("last"))
)


def index_events(connection: Connection, rows: Sequence[tuple[int, AnyEvent]]) -> None:
    """Index these numbered events, whose rows in `events` are there already."""
    if not rows:
        return
    span = {"first": min(seq for seq, _ in rows), "last": max(seq for seq, _ in rows)}
    recorded = {row.seq: row.record_time_ms for row in connection.execute(_RECORDED, span)}
    facts: list[Row] = []
    terms: list[Row] = []
    numbers: list[Row] = []
    for seq, event in rows:
        at_ms = to_epoch_ms(event.event_time)
        facts.append((seq, at_ms, recorded[seq], *facts_of(event)))
        found = rows_of(event)
        terms += [(name, value, at_ms, seq) for name, value in found.terms]
        numbers += [(name, at_ms, seq, value) for name, value in found.numbers]
    # In the order of the index: neighbours land on one page of it.
    terms.sort()
    numbers.sort()
    _ADD_FACTS(connection, facts)
    _ADD_TERMS(connection, terms)
    _ADD_NUMBERS(connection, numbers)


def facts_of(event: AnyEvent) -> Row:
    """Type, action, business step, disposition, read point and business location."""
    return (
        event.type,
        None if isinstance(event, TransformationEvent) else event.action.value,
        _kept(event.biz_step),
        _kept(event.disposition),
        None if event.read_point is None else storable(event.read_point.id),
        None if event.biz_location is None else storable(event.biz_location.id),
    )


def rows_of(event: AnyEvent) -> Rows:
    """Texts and numbers of an event, each by the name of its field."""
    rows = Rows()
    for name, texts in _texts(event):
        rows.add_texts(name, texts)
    for quantity in _quantities(rows, event):
        _add_quantity(rows, quantity)
    _add_parties(rows, event)
    _add_all_extensions(rows, event)
    if event.error_declaration is not None:
        _add_declaration(rows, event.error_declaration)
    for element in event.sensor_elements:
        add_sensor_element(rows, element)
    return rows


def _kept(text: str | None) -> str | None:
    return None if text is None else storable(text)


def _texts(event: AnyEvent) -> Iterator[tuple[str, Iterable[str]]]:
    match event:
        case ObjectEvent() | TransactionEvent():
            yield Field.EPC, event.epcs
        case AggregationEvent() | AssociationEvent():
            yield Field.EPC, event.child_epcs
        case TransformationEvent():
            yield Field.INPUT_EPC, event.input_epcs
            yield Field.OUTPUT_EPC, event.output_epcs
            yield Field.TRANSFORMATION, map(canonical, _one(event.transformation_id))
    if isinstance(event, AggregationEvent | AssociationEvent | TransactionEvent):
        yield Field.PARENT, _one(event.parent)
    if event.persistent_disposition is not None:
        yield Field.SET, event.persistent_disposition.set
        yield Field.UNSET, event.persistent_disposition.unset
    yield Field.CERTIFICATION, map(canonical, event.certification_info)


def _one(text: str | None) -> Sequence[str]:
    return () if text is None else (text,)


def _quantities(rows: Rows, event: AnyEvent) -> Iterator[Quantity]:
    for name, quantities in _quantity_lists(event):
        rows.add_texts(name, (each.epc_class for each in quantities))
        yield from quantities


def _quantity_lists(event: AnyEvent) -> Sequence[tuple[str, Sequence[Quantity]]]:
    match event:
        case ObjectEvent() | TransactionEvent():
            return ((Field.CLASS, event.quantities),)
        case AggregationEvent() | AssociationEvent():
            return ((Field.CLASS, event.child_quantities),)
        case TransformationEvent():
            return (
                (Field.INPUT_CLASS, event.input_quantities),
                (Field.OUTPUT_CLASS, event.output_quantities),
            )


def _add_quantity(rows: Rows, quantity: Quantity) -> None:
    if quantity.quantity is None:
        return
    rows.add_number(Field.QUANTITY, quantity.quantity)
    if quantity.uom is not None:
        based = base_value(Field.QUANTITY, quantity.quantity, quantity.uom)
        if based is not None:
            dimension, value = based
            rows.add_number(measured(Field.QUANTITY, dimension), value)


def _add_parties(rows: Rows, event: AnyEvent) -> None:
    for paper in event.biz_transactions:
        rows.add_text(typed(Field.TRANSACTION, paper.type), paper.id)
    for field, parties in (
        (Field.SOURCE, event.sources),
        (Field.DESTINATION, event.destinations),
    ):
        for party in parties:
            rows.add_text(typed(field, party.type), party.id)


def _add_all_extensions(rows: Rows, event: AnyEvent) -> None:
    sections: list[tuple[Section, Mapping[str, Any]]] = [(Section.EVENT, event.extensions)]
    if isinstance(event, ObjectEvent | TransformationEvent):
        sections.append((Section.ILMD, event.ilmd))
    if event.read_point is not None:
        sections.append((Section.READ_POINT, event.read_point.extensions))
    if event.biz_location is not None:
        sections.append((Section.BIZ_LOCATION, event.biz_location.extensions))
    for section, fields in sections:
        add_extensions(rows, section, fields)


def _add_declaration(rows: Rows, declaration: ErrorDeclaration) -> None:
    rows.add_presence(Field.ERROR)
    rows.add_number(Field.ERROR_TIME, to_epoch_ms(declaration.declaration_time))
    rows.add_texts(Field.ERROR_REASON, _one(declaration.reason))
    rows.add_texts(Field.CORRECTIVE, declaration.corrective_event_ids)
    add_extensions(rows, Section.ERROR, declaration.extensions)
