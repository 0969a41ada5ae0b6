"""Index rows of events."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from park.times import to_epoch_ms
from traceability import tables as t
from traceability.database.bulk import BulkInsert, Row
from traceability.epcis.identifiers import canonical, instance
from traceability.epcis.model import (
    AggregationEvent,
    AnyEvent,
    AssociationEvent,
    ErrorDeclaration,
    ExtendedEvent,
    ObjectEvent,
    Quantity,
    TransactionEvent,
    TransformationEvent,
    action_of,
)
from traceability.epcis.query import tables as q
from traceability.epcis.query.conditions import Column
from traceability.epcis.query.extensions import add_extensions, add_order
from traceability.epcis.query.fields import Field, Section, measured, typed
from traceability.epcis.query.meetings import Meeting, keep_meetings, meetings
from traceability.epcis.query.rows import Rows
from traceability.epcis.query.sensor_rows import add_sensor_element
from traceability.epcis.query.series import series
from traceability.epcis.query.shapes import Told, keep_shapes, shape_id
from traceability.epcis.query.values import base_value
from traceability.epcis.storable import storable

_TOLD_BY_SHAPE = 4
_PLACES = (Column.READ_POINT, Column.BIZ_LOCATION)
"""What facts tell behind that."""
_ADD_FACTS = BulkInsert(q.event_facts)
_ADD_TERMS = BulkInsert(q.event_terms)
_ADD_NUMBERS = BulkInsert(q.event_numbers)
_RECORDED = select(t.events.c.seq, t.events.c.record_time_ms).where(
    t.events.c.seq.between(bindparam("first"), bindparam("last"))
)


def index_events(
    connection: Connection,
    rows: Sequence[tuple[int, AnyEvent]],
    recorded_ms: Mapping[int, int] | None = None,
) -> None:
    """Index these numbered events, whose rows in `events` are there already.

    `recorded_ms` are their record times, which are looked up where they aren't given.
    """
    if not rows:
        return
    recorded = _record_times(connection, rows) if recorded_ms is None else recorded_ms
    facts: list[Row] = []
    terms: list[Row] = []
    numbers: list[Row] = []
    shapes: set[Told] = set()
    met: set[Meeting] = set()
    for seq, event in rows:
        at_ms = to_epoch_ms(event.event_time)
        told = facts_of(event)
        shape = told[:_TOLD_BY_SHAPE]
        shapes.add(shape)
        number = shape_id(shape)
        facts.append((seq, at_ms, recorded[seq], number, *told))
        found = rows_of(event)
        places = dict(zip(_PLACES, told[_TOLD_BY_SHAPE:], strict=True))
        met |= meetings(number, places, found.terms, found.numbers)
        terms += [(name, value, at_ms, seq) for name, value in found.terms]
        numbers += [(name, at_ms, seq, value) for name, value in found.numbers]
    # In the order of the index: neighbours land on one page of it.
    terms.sort()
    numbers.sort()
    keep_shapes(connection, shapes)
    keep_meetings(connection, met)
    _ADD_FACTS(connection, facts)
    _ADD_TERMS(connection, terms)
    _ADD_NUMBERS(connection, numbers)


def _record_times(
    connection: Connection, rows: Sequence[tuple[int, AnyEvent]]
) -> Mapping[int, int]:
    span = {"first": min(seq for seq, _ in rows), "last": max(seq for seq, _ in rows)}
    return {row.seq: row.record_time_ms for row in connection.execute(_RECORDED, span)}


def facts_of(event: AnyEvent) -> Row:
    """Type, action, business step, disposition, read point and business location."""
    return (
        storable(event.type),
        action_of(event),
        _kept(event.biz_step),
        _kept(event.disposition),
        None if event.read_point is None else storable(event.read_point.id),
        None if event.biz_location is None else storable(event.biz_location.id),
    )


def rows_of(event: AnyEvent) -> Rows:
    """Texts and numbers of an event, each by the name of its field."""
    rows = Rows()
    for name, objects in _objects(event):
        _add_objects(rows, name, map(instance, objects))
    for name, texts in _texts(event):
        rows.add_texts(name, texts)
    for name, quantities in _quantity_lists(event):
        _add_objects(rows, name, (each.epc_class for each in quantities))
        for each in quantities:
            _add_quantity(rows, each)
    _add_parties(rows, event)
    _add_all_extensions(rows, event)
    if event.error_declaration is not None:
        _add_declaration(rows, event.error_declaration)
    for element in event.sensor_elements:
        add_sensor_element(rows, element)
    return rows


def _add_objects(rows: Rows, name: str, links: Iterable[str]) -> None:
    """Objects or classes, by themselves and by the series that patterns ask for."""
    for link in links:
        rows.add_text(name, link)
        found = series(link)
        if found is not None:
            key, number = found
            rows.add_number(measured(name, key), number)


def _kept(text: str | None) -> str | None:
    return None if text is None else storable(text)


def _objects(event: AnyEvent) -> Iterator[tuple[str, Iterable[str]]]:
    match event:
        case ObjectEvent() | TransactionEvent():
            yield Field.EPC, event.epcs
        case AggregationEvent() | AssociationEvent():
            yield Field.EPC, event.child_epcs
        case TransformationEvent():
            yield Field.INPUT_EPC, event.input_epcs
            yield Field.OUTPUT_EPC, event.output_epcs
        case ExtendedEvent():
            yield Field.EPC, (*event.epcs, *event.child_epcs)
            yield Field.INPUT_EPC, event.input_epcs
            yield Field.OUTPUT_EPC, event.output_epcs
    if not isinstance(event, ObjectEvent | TransformationEvent):
        yield Field.PARENT, _one(event.parent)


def _texts(event: AnyEvent) -> Iterator[tuple[str, Iterable[str]]]:
    if isinstance(event, TransformationEvent | ExtendedEvent):
        yield Field.TRANSFORMATION, map(canonical, _one(event.transformation_id))
    if event.persistent_disposition is not None:
        yield Field.SET, event.persistent_disposition.set
        yield Field.UNSET, event.persistent_disposition.unset
    yield Field.CERTIFICATION, _certificates(event)


def certificates_of(event: AnyEvent) -> Sequence[str]:
    """The certificates that an event names, as they are indexed; each once."""
    return sorted({storable(each) for each in _certificates(event) if each})


def _certificates(event: AnyEvent) -> Iterator[str]:
    return map(canonical, _all_texts(event.certification_info))


def _all_texts(value: Any) -> Iterator[str]:
    """The texts in a value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _all_texts(list(value.values()))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _all_texts(each)


def _one(text: str | None) -> Sequence[str]:
    return () if text is None else (text,)


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
        case ExtendedEvent():
            return (
                (Field.CLASS, (*event.quantities, *event.child_quantities)),
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
    if isinstance(event, ObjectEvent | TransformationEvent | ExtendedEvent):
        sections.append((Section.ILMD, event.ilmd))
    if event.read_point is not None:
        sections.append((Section.READ_POINT, event.read_point.extensions))
    if event.biz_location is not None:
        sections.append((Section.BIZ_LOCATION, event.biz_location.extensions))
    for section, fields in sections:
        add_extensions(rows, section, fields)
    if event.extensions:
        add_order(rows)


def _add_declaration(rows: Rows, declaration: ErrorDeclaration) -> None:
    rows.add_presence(Field.ERROR)
    rows.add_number(Field.ERROR_TIME, to_epoch_ms(declaration.declaration_time))
    rows.add_texts(Field.ERROR_REASON, _one(declaration.reason))
    rows.add_texts(Field.CORRECTIVE, declaration.corrective_event_ids)
    add_extensions(rows, Section.ERROR, declaration.extensions)
