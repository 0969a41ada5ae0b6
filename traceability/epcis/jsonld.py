"""Events to and from EPCIS 2.0 JSON-LD (GS1 EPCIS 2.0, section 10).

Fields that the standard doesn't know are extensions: they are read, kept and written again as
they came. Writing what was read gives the same document, but for the order of its fields and
the form of its times, which are RFC 3339 in UTC with milliseconds.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from park.times import format_instant, parse_instant
from traceability.epcis.model import (
    Action,
    AggregationEvent,
    AnyEvent,
    BusinessTransaction,
    ObjectEvent,
    Party,
    Quantity,
    TransformationEvent,
)
from traceability.errors import EventFormatError

GS1_CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
NAMESPACE = "https://agripark.example/epcis/"
"""Of agripark's own fields, prefix `agripark`; `.example` belongs to nobody, so nobody is cited."""
CONTEXT: Sequence[Any] = (GS1_CONTEXT, {"agripark": NAMESPACE})

Json = dict[str, Any]

_COMMON = frozenset(
    {
        "@context",
        "type",
        "eventID",
        "eventTime",
        "eventTimeZoneOffset",
        "recordTime",
        "bizStep",
        "disposition",
        "readPoint",
        "bizLocation",
        "bizTransactionList",
        "sourceList",
        "destinationList",
    }
)
_OWN: Mapping[str, frozenset[str]] = {
    "ObjectEvent": frozenset({"action", "epcList", "quantityList", "ilmd"}),
    "AggregationEvent": frozenset({"action", "parentID", "childEPCs", "childQuantityList"}),
    "TransformationEvent": frozenset(
        {
            "inputEPCList",
            "inputQuantityList",
            "outputEPCList",
            "outputQuantityList",
            "transformationID",
            "ilmd",
        }
    ),
}


def document(events: Iterable[Json], created: datetime) -> Json:
    """An EPCISDocument of events in JSON."""
    return {
        "@context": list(CONTEXT),
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": format_instant(created),
        "epcisBody": {"eventList": list(events)},
    }


def with_context(event: Json) -> Json:
    """An event in JSON that stands on its own."""
    return {"@context": list(CONTEXT), **event}


def write_event(event: AnyEvent) -> Json:
    """An event in JSON, without `@context`; empty fields are left out."""
    body = {
        "type": event.type,
        "eventID": event.event_id,
        "eventTime": format_instant(event.event_time),
        "eventTimeZoneOffset": event.event_time_zone_offset,
        "recordTime": event.record_time and format_instant(event.record_time),
        **_write_own(event),
        "bizStep": event.biz_step,
        "disposition": event.disposition,
        "readPoint": event.read_point and {"id": event.read_point},
        "bizLocation": event.biz_location and {"id": event.biz_location},
        "bizTransactionList": [_write_transaction(each) for each in event.biz_transactions],
        "sourceList": [{"type": each.type, "source": each.id} for each in event.sources],
        "destinationList": [
            {"type": each.type, "destination": each.id} for each in event.destinations
        ],
        **event.extensions,
    }
    return {name: value for name, value in body.items() if value not in (None, [], {})}


def _write_own(event: AnyEvent) -> Json:
    match event:
        case ObjectEvent():
            return {
                "action": event.action.value,
                "epcList": list(event.epcs),
                "quantityList": _write_quantities(event.quantities),
                "ilmd": dict(event.ilmd),
            }
        case AggregationEvent():
            return {
                "action": event.action.value,
                "parentID": event.parent,
                "childEPCs": list(event.child_epcs),
                "childQuantityList": _write_quantities(event.child_quantities),
            }
        case TransformationEvent():
            return {
                "inputEPCList": list(event.input_epcs),
                "inputQuantityList": _write_quantities(event.input_quantities),
                "outputEPCList": list(event.output_epcs),
                "outputQuantityList": _write_quantities(event.output_quantities),
                "transformationID": event.transformation_id,
                "ilmd": dict(event.ilmd),
            }


def _write_quantities(quantities: Sequence[Quantity]) -> list[Json]:
    return [
        {"epcClass": each.epc_class, "quantity": each.quantity}
        | ({} if each.uom is None else {"uom": each.uom})
        for each in quantities
    ]


def _write_transaction(transaction: BusinessTransaction) -> Json:
    kind = {} if transaction.type is None else {"type": transaction.type}
    return {**kind, "bizTransaction": transaction.id}


def read_event(body: Mapping[str, Any]) -> AnyEvent:
    """The event that JSON holds. Raises EventFormatError naming the field that is wrong."""
    kind = body.get("type")
    if not isinstance(kind, str) or kind not in _OWN:
        raise EventFormatError("type", f"{kind!r} is none of {', '.join(_OWN)}")
    known = _COMMON | _OWN[kind]
    common: Json = {
        "event_id": _text(body, "eventID"),
        "event_time": _instant(body, "eventTime"),
        "event_time_zone_offset": _text(body, "eventTimeZoneOffset"),
        "record_time": _instant(body, "recordTime") if "recordTime" in body else None,
        "biz_step": _optional_text(body, "bizStep"),
        "disposition": _optional_text(body, "disposition"),
        "read_point": _place(body, "readPoint"),
        "biz_location": _place(body, "bizLocation"),
        "biz_transactions": _each(body, "bizTransactionList", _read_transaction),
        "sources": _each(body, "sourceList", lambda item: _read_party(item, "source")),
        "destinations": _each(
            body, "destinationList", lambda item: _read_party(item, "destination")
        ),
        "extensions": {name: value for name, value in body.items() if name not in known},
    }
    return _READERS[kind](body, common)


def _read_object(body: Mapping[str, Any], common: Json) -> ObjectEvent:
    return ObjectEvent(
        **common,
        action=_action(body),
        epcs=_texts(body, "epcList"),
        quantities=_each(body, "quantityList", _read_quantity),
        ilmd=_mapping(body, "ilmd"),
    )


def _read_aggregation(body: Mapping[str, Any], common: Json) -> AggregationEvent:
    return AggregationEvent(
        **common,
        action=_action(body),
        parent=_optional_text(body, "parentID"),
        child_epcs=_texts(body, "childEPCs"),
        child_quantities=_each(body, "childQuantityList", _read_quantity),
    )


def _read_transformation(body: Mapping[str, Any], common: Json) -> TransformationEvent:
    return TransformationEvent(
        **common,
        input_epcs=_texts(body, "inputEPCList"),
        input_quantities=_each(body, "inputQuantityList", _read_quantity),
        output_epcs=_texts(body, "outputEPCList"),
        output_quantities=_each(body, "outputQuantityList", _read_quantity),
        transformation_id=_optional_text(body, "transformationID"),
        ilmd=_mapping(body, "ilmd"),
    )


_READERS: Mapping[str, Callable[[Mapping[str, Any], Json], AnyEvent]] = {
    "ObjectEvent": _read_object,
    "AggregationEvent": _read_aggregation,
    "TransformationEvent": _read_transformation,
}


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise EventFormatError(name, "must be a text" if name in body else "is missing")
    return value


def _optional_text(body: Mapping[str, Any], name: str) -> str | None:
    return _text(body, name) if name in body else None


def _instant(body: Mapping[str, Any], name: str) -> datetime:
    try:
        return parse_instant(_text(body, name))
    except ValueError as error:
        raise EventFormatError(name, str(error)) from error


def _action(body: Mapping[str, Any]) -> Action:
    text = _text(body, "action")
    try:
        return Action(text)
    except ValueError as error:
        raise EventFormatError("action", f"{text!r} is none of ADD, OBSERVE, DELETE") from error


def _mapping(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name, {})
    if not isinstance(value, Mapping):
        raise EventFormatError(name, "must be an object")
    return value


def _place(body: Mapping[str, Any], name: str) -> str | None:
    return _within(name, _mapping(body, name), "id") if name in body else None


def _list(body: Mapping[str, Any], name: str) -> list[Any]:
    value = body.get(name, [])
    if not isinstance(value, list):
        raise EventFormatError(name, "must be a list")
    return value


def _texts(body: Mapping[str, Any], name: str) -> tuple[str, ...]:
    items = _list(body, name)
    for position, item in enumerate(items):
        if not isinstance(item, str):
            raise EventFormatError(f"{name}[{position}]", "must be a text")
    return tuple(items)


def _each(body: Mapping[str, Any], name: str, read: Callable[[Json], Any]) -> tuple[Any, ...]:
    return tuple(
        _read_item(f"{name}[{position}]", item, read)
        for position, item in enumerate(_list(body, name))
    )


def _read_item(path: str, item: Any, read: Callable[[Json], Any]) -> Any:
    if not isinstance(item, dict):
        raise EventFormatError(path, "must be an object")
    try:
        return read(item)
    except EventFormatError as error:
        raise EventFormatError(f"{path}.{error.path}", error.problem) from error


def _within(path: str, body: Mapping[str, Any], name: str) -> str:
    try:
        return _text(body, name)
    except EventFormatError as error:
        raise EventFormatError(f"{path}.{error.path}", error.problem) from error


def _read_quantity(item: Json) -> Quantity:
    number = item.get("quantity")
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise EventFormatError("quantity", "must be a number")
    return Quantity(_text(item, "epcClass"), number, _optional_text(item, "uom"))


def _read_party(item: Json, name: str) -> Party:
    return Party(_text(item, "type"), _text(item, name))


def _read_transaction(item: Json) -> BusinessTransaction:
    return BusinessTransaction(_text(item, "bizTransaction"), _optional_text(item, "type"))
