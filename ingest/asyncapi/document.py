"""Puts the document together: servers, channels, operations, and the components they refer to.

The perspective is agripark's, as AsyncAPI 3 has it: an operation says what the application that
the document describes does. agripark receives; devices and readers send to the same channels.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from ingest.asyncapi import readings, scans, senml, status
from ingest.asyncapi.schemas import INSTANT, OPTIONAL_INSTANT, SEQ, Schema, component
from park.assets import AssetType, Park
from park.telemetry import KINDS, Kind

Document = dict[str, Any]

_JSON = "application/json"
_BINDING_VERSION = "0.2.0"
_DESCRIPTION = """\
How devices and readers speak to agripark over MQTT.

Publish with QoS 1. agripark acknowledges a message to the broker once it is on its own disk. What
can't be stored is kept in quarantine with its reason (`agripark quarantine list`); of an array
only the elements concerned.

Every schema is exact but for what JSON Schema can't say: the time may not lie ahead of ingest's
clock by more than the skew allowed, keys of GS1 need their right check digit, and integers are
written without a decimal point. Units are UCUM codes (`x-unit`); `x-behaviour` tells gauges from
counters. Quantities that a device sends in other units, or under other topics, are mapped by a
device profile.
"""
_TAGS = {
    "telemetry": "What devices measure",
    "scan": "What passes a reader: harvest, rooms, sorting, pallets, shipments",
    "status": "Whether a device is online",
}


@dataclass(frozen=True, slots=True)
class Broker:
    """The broker as the document shows it; never with a password."""

    host: str
    """Host and port."""
    is_encrypted: bool = False
    needs_user: bool = False
    mqtt_version: Literal["5", "3.1.1"] = "5"


@dataclass(frozen=True, slots=True)
class _Channel:
    """A channel with its one operation."""

    name: str
    title: str
    address: str
    asset_type: AssetType
    tag: str
    messages: tuple[str, ...]
    binding: str


def make_document(park: Park, broker: Broker, version: str) -> Document:
    """The AsyncAPI 3.0.0 document of a park's MQTT interface; `version` is agripark's."""
    channels = tuple(_channels())
    return {
        "asyncapi": "3.0.0",
        "id": f"urn:agripark:{park.site.id}",
        "info": {
            "title": f"agripark, {park.site.name.en} ({park.site.name.zh})",
            "version": version,
            "description": _DESCRIPTION,
            "license": {
                "name": "Apache-2.0",
                "url": "https://www.apache.org/licenses/LICENSE-2.0",
            },
            "tags": [component("tags", tag) for tag in _TAGS],
        },
        "defaultContentType": _JSON,
        "servers": {"broker": _server(broker)},
        "channels": {channel.name: _channel(channel) for channel in channels},
        "operations": {f"receive_{channel.name}": _operation(channel) for channel in channels},
        "components": _components(park, broker),
    }


def _server(broker: Broker) -> Document:
    server: Document = {
        "host": broker.host,
        "protocol": "secure-mqtt" if broker.is_encrypted else "mqtt",
        "protocolVersion": broker.mqtt_version,
        "description": "The broker that agripark reads from; devices may speak MQTT 5 or 3.1.1.",
    }
    if broker.needs_user:
        server["security"] = [component("securitySchemes", "user")]
    return server


def _channels() -> Iterator[_Channel]:
    for kind in KINDS.values():
        messages = (_readings_message(kind), senml.message_name(kind))
        yield _of_kind(kind, "telemetry", messages, "at_least_once")
        yield _of_kind(kind, "status", (status.MESSAGE,), "at_least_once_retained")
    for asset_type, actions in scans.ACTIONS_AT.items():
        yield _Channel(
            f"{asset_type.value}_scan",
            f"Scans at a {asset_type.value.replace('_', ' ')}",
            _address(asset_type.value, "scan"),
            asset_type,
            "scan",
            tuple(map(scans.scan_name, actions)),
            "at_least_once",
        )


def _of_kind(kind: Kind, tag: str, messages: tuple[str, ...], binding: str) -> _Channel:
    return _Channel(
        f"{kind.name}_{tag}",
        f"{kind.title.en}: {tag}",
        _address(kind.name, tag),
        AssetType(kind.asset_type),
        tag,
        messages,
        binding,
    )


def _address(kind: str, channel: str) -> str:
    return f"agripark/v1/{{site}}/{kind}/{{asset}}/{channel}"


def _readings_message(kind: Kind) -> str:
    return f"{kind.name}_readings"


def _channel(channel: _Channel) -> Document:
    return {
        "title": channel.title,
        "address": channel.address,
        "parameters": {
            "site": component("parameters", "site"),
            "asset": component("parameters", channel.asset_type.value),
        },
        "messages": {name: component("messages", name) for name in channel.messages},
        "servers": [{"$ref": "#/servers/broker"}],
        "tags": [component("tags", channel.tag)],
    }


def _operation(channel: _Channel) -> Document:
    return {
        "action": "receive",
        "title": channel.title,
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "messages": [
            {"$ref": f"#/channels/{channel.name}/messages/{name}"} for name in channel.messages
        ],
        "tags": [component("tags", channel.tag)],
        "bindings": component("operationBindings", channel.binding),
    }


def _components(park: Park, broker: Broker) -> Document:
    parts: Document = {
        "parameters": _parameters(park),
        "messages": _messages(park),
        "schemas": _schemas(),
        "correlationIds": {
            "scan_id": {
                "description": "The reader's own id of the scan; it shows up in traceability.",
                "location": "$message.payload#/id",
            }
        },
        "operationBindings": {
            "at_least_once": _binding(is_retained=False),
            "at_least_once_retained": _binding(is_retained=True),
        },
        "tags": {name: {"name": name, "description": words} for name, words in _TAGS.items()},
    }
    if broker.needs_user:
        words = "A name and password that the broker knows"
        parts["securitySchemes"] = {"user": {"type": "userPassword", "description": words}}
    return parts


def _binding(*, is_retained: bool) -> Document:
    return {"mqtt": {"qos": 1, "retain": is_retained, "bindingVersion": _BINDING_VERSION}}


def _parameters(park: Park) -> Document:
    types = {kind.asset_type for kind in KINDS.values()} | {*scans.ACTIONS_AT}
    first = {asset.type: asset.id for asset in reversed(park.assets.values())}
    parameters: Document = {
        "site": {
            "description": "Id of the park.",
            "enum": [park.site.id],
            "default": park.site.id,
        }
    }
    for asset_type in map(AssetType, sorted(types)):
        words = f"Id of a {asset_type.value.replace('_', ' ')} of the park's definition."
        parameters[asset_type.value] = {"description": words}
        if asset_type in first:
            parameters[asset_type.value]["examples"] = [first[asset_type]]
    return parameters


def _messages(park: Park) -> Document:
    messages: Document = {}
    for kind in KINDS.values():
        messages[_readings_message(kind)] = {
            "name": _readings_message(kind),
            "title": f"{kind.title.en}: readings",
            "contentType": _JSON,
            "payload": readings.readings(kind),
            "tags": [component("tags", "telemetry")],
            "examples": readings.examples(kind),
        }
        messages[senml.message_name(kind)] = {
            **senml.message(kind),
            "tags": [component("tags", "telemetry")],
        }
    messages[status.MESSAGE] = {
        "name": status.MESSAGE,
        "title": "A device's status",
        "contentType": _JSON,
        "payload": component("schemas", "status"),
        "tags": [component("tags", "status")],
        "examples": status.EXAMPLES,
    }
    for action in (action for actions in scans.ACTIONS_AT.values() for action in actions):
        name = scans.scan_name(action)
        messages[name] = {
            "name": name,
            "title": f"Scan: {action.value.replace('_', ' ')}",
            "contentType": _JSON,
            "payload": component("schemas", name),
            "correlationId": component("correlationIds", "scan_id"),
            "tags": [component("tags", "scan")],
            "examples": [scans.example(park, action)],
        }
    return messages


def _schemas() -> dict[str, Schema]:
    return {
        "instant": INSTANT,
        "optional_instant": OPTIONAL_INSTANT,
        "seq": SEQ,
        **{readings.reading_name(kind): readings.reading(kind) for kind in KINDS.values()},
        **senml.schemas(),
        "status": status.STATUS,
        **scans.schemas(),
    }
