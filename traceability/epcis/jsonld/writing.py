"""Events and documents as JSON-LD (GS1 EPCIS 2.0, section 10), in canonical form."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from park.times import format_instant
from traceability.epcis.contexts import GS1_CONTEXT, OWN, Context, merged
from traceability.epcis.model import (
    AnyEvent,
    ErrorDeclaration,
    PersistentDisposition,
    Place,
    Quantity,
    action_of,
    objects_of,
)
from traceability.epcis.sensors import SensorElement, SensorMetadata, SensorReport

Json = dict[str, Any]


def document(events: Iterable[Json], created: datetime) -> Json:
    """An EPCISDocument of events that stand on their own, each with its `@context`."""
    context, bodies = joined(events)
    return {
        "@context": context,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": format_instant(created),
        "epcisBody": {"eventList": bodies},
    }


def query_document(
    events: Iterable[Json],
    created: datetime,
    query_name: str = "SimpleEventQuery",
    subscription_id: str | None = None,
) -> Json:
    """An EPCISQueryDocument: what a query found, events that stand on their own."""
    context, bodies = joined(events)
    results: Json = {"queryName": query_name}
    if subscription_id is not None:
        results["subscriptionID"] = subscription_id
    results["resultsBody"] = {"eventList": bodies}
    return {
        "@context": context,
        "type": "EPCISQueryDocument",
        "schemaVersion": "2.0",
        "creationDate": format_instant(created),
        "epcisBody": {"queryResults": results},
    }


def joined(events: Iterable[Json]) -> tuple[Any, list[Json]]:
    """One `@context` for all events and the events without theirs.

    Where two mean different things by one prefix, each event keeps its own.
    """
    bodies = list(events)
    values: list[Any] = []
    for body in bodies:
        value = body.get("@context")
        if value is not None and value not in values:
            values.append(value)
    context = merged(Context.of(value) for value in values)
    if context is None:
        return [GS1_CONTEXT], bodies
    bare = [{name: part for name, part in body.items() if name != "@context"} for body in bodies]
    return context.value or [GS1_CONTEXT], bare


def write_event(event: AnyEvent, context: Context = OWN) -> Json:
    """An event in JSON, without `@context`; empty fields are left out."""
    body = {
        "type": context.compact(event.type),
        "eventID": event.event_id,
        "eventTime": format_instant(event.event_time),
        "eventTimeZoneOffset": event.event_time_zone_offset,
        "recordTime": event.record_time and format_instant(event.record_time),
        "errorDeclaration": _declaration(event.error_declaration, context),
        "certificationInfo": [_value(each, context) for each in event.certification_info],
        **_own(event, context),
        "bizStep": event.biz_step,
        "disposition": event.disposition,
        "persistentDisposition": _persistent(event.persistent_disposition),
        "readPoint": _place(event.read_point, context),
        "bizLocation": _place(event.biz_location, context),
        "bizTransactionList": [
            _filled({"type": each.type, "bizTransaction": each.id})
            for each in event.biz_transactions
        ],
        "sourceList": [{"type": each.type, "source": each.id} for each in event.sources],
        "destinationList": [
            {"type": each.type, "destination": each.id} for each in event.destinations
        ],
        "sensorElementList": [_sensor_element(each, context) for each in event.sensor_elements],
        **_named(event.extensions, context),
    }
    return _filled(body)


def _filled(body: Mapping[str, Any]) -> Json:
    """Without empty fields of the standard; an extension, whose name has a prefix, may be empty."""
    return {
        name: value for name, value in body.items() if ":" in name or value not in (None, [], {})
    }


def _own(event: AnyEvent, context: Context) -> Json:
    """What not every type of event has."""
    objects = list(objects_of(event))
    return {
        "action": action_of(event),
        "parentID": getattr(event, "parent", None),
        "transformationID": getattr(event, "transformation_id", None),
        **{each.epc_list: list(each.epcs) for each in objects},
        **{each.quantity_list: _quantities(each.quantities) for each in objects},
        "ilmd": _named(getattr(event, "ilmd", {}), context),
    }


def _quantities(quantities: Sequence[Quantity]) -> list[Json]:
    return [
        _filled({"epcClass": each.epc_class, "quantity": each.quantity, "uom": each.uom})
        for each in quantities
    ]


def _place(place: Place | None, context: Context) -> Json | None:
    return None if place is None else {"id": place.id, **_named(place.extensions, context)}


def _persistent(found: PersistentDisposition | None) -> Json | None:
    return None if found is None else _filled({"set": list(found.set), "unset": list(found.unset)})


def _declaration(declaration: ErrorDeclaration | None, context: Context) -> Json | None:
    if declaration is None:
        return None
    return _filled(
        {
            "declarationTime": format_instant(declaration.declaration_time),
            "reason": declaration.reason,
            "correctiveEventIDs": list(declaration.corrective_event_ids),
            **_named(declaration.extensions, context),
        }
    )


def _sensor_element(element: SensorElement, context: Context) -> Json:
    return _filled(
        {
            "sensorMetadata": element.metadata and _metadata(element.metadata, context),
            "sensorReport": [_report(each, context) for each in element.reports],
            **_named(element.extensions, context),
        }
    )


def _metadata(metadata: SensorMetadata, context: Context) -> Json:
    return _filled(
        {
            "time": metadata.time and format_instant(metadata.time),
            "startTime": metadata.start_time and format_instant(metadata.start_time),
            "endTime": metadata.end_time and format_instant(metadata.end_time),
            "deviceID": metadata.device_id,
            "deviceMetadata": metadata.device_metadata,
            "rawData": metadata.raw_data,
            "dataProcessingMethod": metadata.data_processing_method,
            "bizRules": metadata.business_rules,
            **_named(metadata.extensions, context),
        }
    )


def _report(report: SensorReport, context: Context) -> Json:
    return _filled(
        {
            "type": report.type,
            "exception": report.exception,
            "deviceID": report.device_id,
            "deviceMetadata": report.device_metadata,
            "rawData": report.raw_data,
            "dataProcessingMethod": report.data_processing_method,
            "time": report.time and format_instant(report.time),
            "microorganism": report.microorganism,
            "chemicalSubstance": report.chemical_substance,
            "value": report.value,
            "component": report.component,
            "stringValue": report.string_value,
            "booleanValue": report.boolean_value,
            "hexBinaryValue": report.hex_binary_value,
            "uriValue": report.uri_value,
            "minValue": report.min_value,
            "maxValue": report.max_value,
            "meanValue": report.mean_value,
            "sDev": report.standard_deviation,
            "percRank": report.percentile_rank,
            "percValue": report.percentile_value,
            "uom": report.uom,
            "coordinateReferenceSystem": report.coordinate_reference_system,
            **_named(report.extensions, context),
        }
    )


def _named(fields: Mapping[str, Any], context: Context) -> Json:
    """Extensions with prefixed names, inside their values, too."""
    return {context.compact(name): _value(value, context) for name, value in fields.items()}


def _value(value: Any, context: Context) -> Any:
    if isinstance(value, Mapping):
        return _named(value, context)
    if isinstance(value, list | tuple):
        return [_value(each, context) for each in value]
    return value
