"""The event hash of CBV 2.0 (section 8.9): one id for what an event says, however it is written.

What an event says becomes one text, the pre-hash string: `name=value` pairs in the canonical order
of properties, without separators; the hash is SHA-256 of that text. Left out are what differs from
copy to copy: event id, record time, error declaration, and comments (`rdfs:comment`). A type of
others is its full address.

Where the texts around the standard differ, this follows the reference implementation
(epcis-event-hash-generator 1.9): a type stands before the paper or party that it types,
`certificationInfo` follows the time zone, fractions beyond a millisecond are rounded, and texts
that are numbers lose what doesn't change their value. Digital Links become canonical whatever their
check digit is, as in all other implementations. Where it departs from the standard, or from
itself, this follows the standard: `tests/cases/event-hash/differs.json` lists those events.
"""

import hashlib
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from park.gs1 import CANONICAL_HOST
from park.times import format_instant
from traceability.epcis.contexts import GS1_PREFIXES
from traceability.epcis.identifiers import canonical_by_shape
from traceability.epcis.model import (
    AggregationEvent,
    AnyEvent,
    AssociationEvent,
    ExtendedEvent,
    ObjectEvent,
    Place,
    Quantity,
    TransactionEvent,
    TransformationEvent,
    action_of,
)
from traceability.epcis.sensors import SensorElement, SensorMetadata, SensorReport
from traceability.epcis.vocabulary import Word, canonical_word, web_address

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_NAME = re.compile(r"(.+[/#:])([^/#:]+)", re.DOTALL)
_WORD_OF_URN = {
    "bizstep": Word.BIZ_STEP,
    "disp": Word.DISPOSITION,
    "btt": Word.BIZ_TRANSACTION_TYPE,
    "sdt": Word.SOURCE_DEST_TYPE,
    "er": Word.ERROR_REASON,
}
_CURIE = re.compile(r"(epcis|cbv|gs1):(?!//)(.*)", re.DOTALL)
_COMMENT = "http://www.w3.org/2000/01/rdf-schema#comment"
_RDF_VALUE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#value"
_LINK = f"{CANONICAL_HOST}/"
_FINEST_FIRST: Mapping[str, Sequence[str]] = {
    "01": ("235", "21", "10"),
    "8006": ("21", "10"),
    "414": ("254",),
    "8010": ("8011",),
}
"""Of each key, the qualifiers of which only the first that is there stays."""


@dataclass(frozen=True, slots=True)
class Edition:
    """In what the texts around the standard differ; ours is that of the reference tool's release.

    What it released as CBV 2.0 it has come to call 2.1, without certificates; see
    `tests/cases/event-hash/README.md`.
    """

    certificates: bool = True
    sensor_list: bool = True
    """Whether the name of the list of sensor elements stands before them."""
    inline: bool = True
    """Whether extensions stand with the field that they extend, or behind all, by its name."""


OURS = Edition()


def event_hash(event: AnyEvent) -> str:
    """The hash as an id: `ni:///sha-256;{hexadecimal}?ver=CBV2.0`."""
    digest = hashlib.sha256(pre_hash_text(event).encode()).hexdigest()
    return f"ni:///sha-256;{digest}?ver=CBV2.0"


def pre_hash_text(event: AnyEvent, edition: Edition = OURS) -> str:
    """The text that is hashed."""
    return "".join(_parts(event, edition))


def _parts(event: AnyEvent, edition: Edition) -> Iterator[str]:
    yield f"eventType={event.type}eventTime={_time(event.event_time)}"
    yield f"eventTimeZoneOffset={event.event_time_zone_offset}"
    certificates = event.certification_info if edition.certificates else ()
    addresses = (each for each in certificates if isinstance(each, str))
    yield from sorted(f"certificationInfo={_text(each)}" for each in addresses)
    yield from _objects(event)
    yield from _one("action", action_of(event))
    if isinstance(event, TransformationEvent | ExtendedEvent):
        yield from _one("transformationID", event.transformation_id)
    yield from _circumstances(event, edition)
    yield from _typed(
        "bizTransaction",
        Word.BIZ_TRANSACTION_TYPE,
        ((each.type, each.id) for each in event.biz_transactions),
    )
    yield from _typed(
        "source", Word.SOURCE_DEST_TYPE, ((each.type, each.id) for each in event.sources)
    )
    yield from _typed(
        "destination", Word.SOURCE_DEST_TYPE, ((each.type, each.id) for each in event.destinations)
    )
    if event.sensor_elements:
        yield "sensorElementList" if edition.sensor_list else ""
        yield from sorted(_sensor_element(each, edition) for each in event.sensor_elements)
    objects = (each for each in certificates if not isinstance(each, str))
    yield from sorted(f"certificationInfo{_extensions(each)}" for each in objects)
    if isinstance(event, ObjectEvent | TransformationEvent | ExtendedEvent) and event.ilmd:
        yield f"ilmd{_extensions(event.ilmd)}"
    if not edition.inline:
        yield from _extended_fields(event)
    yield _extensions(event.extensions)


def _extended_fields(event: AnyEvent) -> Iterator[str]:
    """Extensions of fields, by the name of the field; what isn't extended is left out."""
    for name, place in (("readPoint", event.read_point), ("bizLocation", event.biz_location)):
        if place is not None and place.extensions:
            yield f"{name}{_extensions(place.extensions)}"
    yield from sorted(map(_extended_element, event.sensor_elements))


def _extended_element(element: SensorElement) -> str:
    parts = [
        *(("sensorMetadata", each.extensions) for each in [element.metadata] if each is not None),
        *(("sensorReport", each.extensions) for each in element.reports),
        ("", element.extensions),
    ]
    text = "".join(f"{name}{_extensions(fields)}" for name, fields in parts if fields)
    return f"sensorElement{text}" if text else ""


def _objects(event: AnyEvent) -> Iterator[str]:
    match event:
        case ObjectEvent():
            yield from _epcs("epcList", event.epcs)
            yield from _quantities("quantityList", event.quantities)
        case AggregationEvent() | AssociationEvent():
            yield from _one("parentID", event.parent)
            yield from _epcs("childEPCs", event.child_epcs)
            yield from _quantities("childQuantityList", event.child_quantities)
        case TransactionEvent():
            yield from _one("parentID", event.parent)
            yield from _epcs("epcList", event.epcs)
            yield from _quantities("quantityList", event.quantities)
        case TransformationEvent():
            yield from _epcs("inputEPCList", event.input_epcs)
            yield from _quantities("inputQuantityList", event.input_quantities)
            yield from _epcs("outputEPCList", event.output_epcs)
            yield from _quantities("outputQuantityList", event.output_quantities)
        case ExtendedEvent():
            yield from _objects_of_others(event)


def _objects_of_others(event: ExtendedEvent) -> Iterator[str]:
    yield from _one("parentID", event.parent)
    yield from _epcs("epcList", event.epcs)
    yield from _epcs("inputEPCList", event.input_epcs)
    yield from _epcs("childEPCs", event.child_epcs)
    yield from _quantities("quantityList", event.quantities)
    yield from _quantities("childQuantityList", event.child_quantities)
    yield from _quantities("inputQuantityList", event.input_quantities)
    yield from _epcs("outputEPCList", event.output_epcs)
    yield from _quantities("outputQuantityList", event.output_quantities)


def _circumstances(event: AnyEvent, edition: Edition) -> Iterator[str]:
    if event.biz_step is not None:
        yield f"bizStep={web_address(Word.BIZ_STEP, event.biz_step)}"
    if event.disposition is not None:
        yield f"disposition={web_address(Word.DISPOSITION, event.disposition)}"
    if event.persistent_disposition is not None:
        yield "persistentDisposition"
        for name, words in (
            ("set", event.persistent_disposition.set),
            ("unset", event.persistent_disposition.unset),
        ):
            yield from sorted(f"{name}={web_address(Word.DISPOSITION, word)}" for word in words)
    yield from _place("readPoint", event.read_point, edition)
    yield from _place("bizLocation", event.biz_location, edition)


def _one(name: str, text: str | None) -> Iterator[str]:
    if text is not None:
        yield f"{name}={_text(text)}"


def _epcs(name: str, epcs: Sequence[str]) -> Iterator[str]:
    if epcs:
        yield name
        yield from sorted(f"epc={_id(each)}" for each in epcs)


def _quantities(name: str, quantities: Sequence[Quantity]) -> Iterator[str]:
    if quantities:
        yield name
        yield from sorted(map(_quantity, quantities))


def _quantity(quantity: Quantity) -> str:
    text = f"quantityElementepcClass={_id(quantity.epc_class)}"
    if quantity.quantity is not None:
        text += f"quantity={_number(quantity.quantity)}"
    return text if quantity.uom is None else f"{text}uom={quantity.uom}"


def _place(name: str, place: Place | None, edition: Edition) -> Iterator[str]:
    if place is not None:
        yield f"{name}id={_id(place.id)}{_beside(place.extensions, edition)}"


def _typed(name: str, kind: Word, pairs: Iterable[tuple[str | None, str]]) -> Iterator[str]:
    texts = sorted(
        ("" if word is None else f"type={web_address(kind, word)}") + f"{name}={_id(value)}"
        for word, value in pairs
    )
    if texts:
        yield f"{name}List"
        yield from texts


def _sensor_element(element: SensorElement, edition: Edition) -> str:
    metadata = "" if element.metadata is None else _metadata(element.metadata, edition)
    reports = "".join(sorted(_report(each, edition) for each in element.reports))
    return f"sensorElement{metadata}{reports}{_beside(element.extensions, edition)}"


def _fields(pairs: Iterable[tuple[str, Any]]) -> str:
    """Fields that have a value; an empty text is none."""
    return "".join(f"{name}={_value(value)}" for name, value in pairs if value not in {None, ""})


def _metadata(metadata: SensorMetadata, edition: Edition) -> str:
    fields = _fields(
        (
            ("time", metadata.time),
            ("startTime", metadata.start_time),
            ("endTime", metadata.end_time),
            ("deviceID", metadata.device_id),
            ("deviceMetadata", metadata.device_metadata),
            ("rawData", metadata.raw_data),
            ("dataProcessingMethod", metadata.data_processing_method),
            ("bizRules", metadata.business_rules),
        )
    )
    return f"sensorMetadata{fields}{_beside(metadata.extensions, edition)}"


def _report(report: SensorReport, edition: Edition) -> str:
    fields = _fields(
        (
            ("type", report.type and web_address(Word.MEASUREMENT, report.type)),
            ("exception", report.exception and web_address(Word.ALARM_CONDITION, report.exception)),
            ("deviceID", report.device_id),
            ("deviceMetadata", report.device_metadata),
            ("rawData", report.raw_data),
            ("dataProcessingMethod", report.data_processing_method),
            ("time", report.time),
            ("microorganism", report.microorganism),
            ("chemicalSubstance", report.chemical_substance),
            ("value", report.value),
            ("component", report.component and web_address(Word.COMPONENT, report.component)),
            ("stringValue", report.string_value),
            ("booleanValue", report.boolean_value),
            ("hexBinaryValue", report.hex_binary_value),
            ("uriValue", report.uri_value),
            ("minValue", report.min_value),
            ("maxValue", report.max_value),
            ("meanValue", report.mean_value),
            ("sDev", report.standard_deviation),
            ("percRank", report.percentile_rank),
            ("percValue", report.percentile_value),
            ("uom", report.uom),
            ("coordinateReferenceSystem", report.coordinate_reference_system),
        )
    )
    return f"sensorReport{fields}{_beside(report.extensions, edition)}"


def _beside(fields: Mapping[str, Any], edition: Edition) -> str:
    """Extensions where they stand, unless they stand behind all."""
    return _extensions(fields) if edition.inline else ""


def _extensions(fields: Mapping[str, Any]) -> str:
    """Extensions with their namespaces in braces, sorted as texts."""
    return "".join(sorted(part for name, value in fields.items() for part in _field(name, value)))


def _field(name: str, value: Any) -> Iterator[str]:
    head = _braced(name)
    if isinstance(value, list | tuple):
        for each in value:
            yield from _field(name, each)
    elif isinstance(value, Mapping):
        plain = _text_beside(value)
        if plain is None:
            yield f"{head}{_extensions(value)}"
        else:
            rest = {key: part for key, part in value.items() if key != _RDF_VALUE}
            yield f"{_with_value(head, plain)}{_extensions(rest)}"
    elif value is not None and name != _COMMENT:
        yield _with_value(head, value)


def _text_beside(fields: Mapping[str, Any]) -> Any:
    """What in XML is the text of an element that has attributes, see `xml.extensions`."""
    value = fields.get(_RDF_VALUE)
    has_attributes = any(":" not in name for name in fields)
    return value if has_attributes and isinstance(value, str | int | float) else None


def _with_value(head: str, value: Any) -> str:
    text = _value(value)
    return f"{head}={text}" if text else head


@lru_cache(4096)
def _braced(name: str) -> str:
    match = _NAME.fullmatch(name)
    if match is None:
        return name
    namespace = match[1].removesuffix(":")
    return f"{{{namespace}}}{match[2]}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return _time(value)
    if isinstance(value, int | float):
        return _number(value)
    return _text(str(value))


@lru_cache(16_384)
def _text(text: str) -> str:
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return _number_text(text)
    curie = _CURIE.fullmatch(text)
    if curie is not None:
        return f"{GS1_PREFIXES[curie[1]]}{curie[2]}"
    if text.startswith("urn:epcglobal:cbv:"):
        kind = _WORD_OF_URN.get(text.split(":")[3]) if text.count(":") > 3 else None  # noqa: PLR2004 - parts of the URN
        return text if kind is None else web_address(kind, canonical_word(kind, text))
    return _finest(canonical_by_shape(text))


def _id(identifier: str) -> str:
    """An identifier; the model has keys of GS1 in canonical form already, if they are right."""
    return _finest(canonical_by_shape(identifier))


def _finest(link: str) -> str:
    """A canonical link with its finest qualifier only."""
    if not link.startswith(_LINK):
        return link
    key, value, *rest = link[len(_LINK) :].split("/")
    finest = _FINEST_FIRST.get(key, ())
    if not rest or (len(rest) == 2 and rest[0] in finest):  # noqa: PLR2004 - a name and a value
        return link
    given = dict(zip(rest[::2], rest[1::2], strict=False))
    kept = next((f"/{each}/{given[each]}" for each in finest if each in given), "")
    return f"{_LINK}{key}/{value}{kept}"


def _number(value: float) -> str:
    return str(int(value)) if int(value) == value else str(value)


def _number_text(text: str) -> str:
    """A text that is a number, as the number is written; digits that a double drops stay."""
    value, exact = float(text), Decimal(text)
    if not math.isfinite(value):
        return text
    if exact == Decimal(str(value)):
        return _number(value)
    return str(int(exact)) if exact == int(exact) else f"{exact:f}".rstrip("0")


def _time(instant: datetime) -> str:
    rounded_us = round(instant.microsecond, -3)
    return format_instant(instant + timedelta(microseconds=rounded_us - instant.microsecond))
