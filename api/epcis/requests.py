"""What the OpenAPI document says of bodies sent to `/epcis`, each with an example that works."""

from typing import Any

from pydantic import BaseModel

from traceability.epcis.contexts import GS1_CONTEXT

_EVENT: dict[str, Any] = {
    "type": "ObjectEvent",
    "action": "OBSERVE",
    "bizStep": "receiving",
    "disposition": "in_progress",
    "eventTime": "2025-11-01T07:30:00+07:00",
    "eventTimeZoneOffset": "+07:00",
    "epcList": ["https://id.gs1.org/01/09521321000025/21/4711"],
    "readPoint": {"id": "https://id.gs1.org/414/9521321000018"},
}
_DOCUMENT: dict[str, Any] = {
    "@context": [GS1_CONTEXT],
    "type": "EPCISDocument",
    "schemaVersion": "2.0",
    "creationDate": "2025-11-01T08:00:00Z",
    "epcisBody": {"eventList": [_EVENT]},
}

EVENT = {"application/json": {"type": "object", "examples": [{"@context": GS1_CONTEXT, **_EVENT}]}}
DOCUMENT = {
    "application/json": {"type": "object", "examples": [_DOCUMENT]},
    "application/ld+json": {"type": "object"},
    "application/xml": {"type": "string"},
}


def of_model(model: type[BaseModel], example: dict[str, Any]) -> dict[str, Any]:
    """The schema of a JSON body that a model describes."""
    return {"application/json": {**model.model_json_schema(), "examples": [example]}}


def body(schema_by_media_type: dict[str, Any]) -> dict[str, Any]:
    """The part of the OpenAPI document that tells of a body which must be there."""
    content = {kind: {"schema": schema} for kind, schema in schema_by_media_type.items()}
    return {"requestBody": {"required": True, "content": content}}
