"""The small park's AsyncAPI document, and two judges of a payload: its schema, and ingest."""

import json
from functools import cache

from jsonschema import Draft7Validator

from ingest.asyncapi.document import Broker, Document, make_document
from ingest.decoding import Decoder
from park.assets import Park
from park.definition import build_park, read_definition
from park.telemetry import KINDS

FAR_AHEAD_MS = 253_402_300_799_999
"""The end of the year 9999: a clock by which nothing lies in the future."""
_SECTIONS = ("components", "channels", "servers")


@cache
def park() -> Park:
    """The smallest park that has everything."""
    return build_park(read_definition(), 0.001)


@cache
def document() -> Document:
    """The park's document."""
    return make_document(park(), Broker("127.0.0.1:1883"), "0.1.0")


@cache
def decoder() -> Decoder:
    """The park's decoder."""
    return Decoder(park(), clock_skew_s=300, payload_limit_bytes=262_144)


@cache
def schema_of(message: str) -> Draft7Validator:
    """Judges payloads by the schema that the document gives for a message."""
    parts = {section: document()[section] for section in _SECTIONS}
    return Draft7Validator({**parts, **document()["components"]["messages"][message]["payload"]})


@cache
def addresses() -> dict[tuple[str, str], list[str]]:
    """The messages of a channel by kind (or type of asset) and channel."""
    found = {}
    for channel in document()["channels"].values():
        _, _, _, kind, _, name = channel["address"].split("/")
        found[kind, name] = list(channel["messages"])
    return found


def _asset_of(kind_or_type: str, channel: str) -> str:
    asset_type = kind_or_type if channel == "scan" else KINDS[kind_or_type].asset_type
    return next(asset.id for asset in park().assets.values() if asset.type == asset_type)


def topic_of(kind_or_type: str, channel: str) -> str:
    """A topic of the channel, for the park's first asset of the kind or type."""
    return f"agripark/v1/linyi/{kind_or_type}/{_asset_of(kind_or_type, channel)}/{channel}"


def is_taken(topic: str, payload: object) -> bool:
    """Whether ingest stores the payload, all of it."""
    return not decoder().decode(topic, json.dumps(payload).encode(), FAR_AHEAD_MS).faults


def fits(message: str, payload: object) -> bool:
    """Whether the payload is as the document says of the message."""
    return schema_of(message).is_valid(payload)
