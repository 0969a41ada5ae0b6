"""Sensor data from JSON-LD (GS1 EPCIS 2.0, section 7.3.7)."""

import re

from traceability.epcis.event_types import canonical_type
from traceability.epcis.jsonld.json_values import shown
from traceability.epcis.jsonld.parts import Part
from traceability.epcis.sensors import SensorElement, SensorMetadata, SensorReport
from traceability.epcis.vocabulary import Word

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+", re.ASCII)


def read_sensor_element(part: Part) -> SensorElement:
    """One element of `sensorElementList`.

    Examples of GS1 say in each what it is, which its schema doesn't have.
    """
    kind = part.text("type")
    if kind is not None and canonical_type(kind, part.context.expand) != "SensorElement":
        part.fault("type", f"{shown(kind)} is no epcis:SensorElement; leave it out")
    inner = part.part("sensorMetadata")
    metadata = None if inner is None else _metadata(inner)
    part.require("sensorReport")
    reports = part.parts("sensorReport", _report)
    if part.raw("sensorReport") == []:
        part.fault("sensorReport", "has no report")
    return SensorElement(metadata=metadata, reports=reports, extensions=part.extensions())


def _metadata(part: Part) -> SensorMetadata:
    found = SensorMetadata(
        time=part.time("time"),
        start_time=part.time("startTime"),
        end_time=part.time("endTime"),
        device_id=part.identifier("deviceID"),
        device_metadata=part.uri("deviceMetadata"),
        raw_data=part.uri("rawData"),
        data_processing_method=part.uri("dataProcessingMethod"),
        business_rules=part.uri("bizRules"),
        extensions=part.extensions(),
    )
    if found.start_time and found.end_time and found.start_time > found.end_time:
        part.fault("endTime", "lies before startTime")
    return found


def _report(part: Part) -> SensorReport:
    found = SensorReport(
        type=part.word("type", Word.MEASUREMENT),
        exception=part.word("exception", Word.ALARM_CONDITION),
        device_id=part.identifier("deviceID"),
        device_metadata=part.uri("deviceMetadata"),
        raw_data=part.uri("rawData"),
        data_processing_method=part.uri("dataProcessingMethod"),
        time=part.time("time"),
        microorganism=part.uri("microorganism"),
        chemical_substance=part.uri("chemicalSubstance"),
        value=part.number("value"),
        component=part.word("component", Word.COMPONENT),
        string_value=part.any_text("stringValue"),
        boolean_value=part.truth("booleanValue"),
        hex_binary_value=part.matched("hexBinaryValue", _HEX, "hexadecimal text"),
        uri_value=part.uri("uriValue"),
        min_value=part.number("minValue"),
        max_value=part.number("maxValue"),
        mean_value=part.number("meanValue"),
        standard_deviation=part.number("sDev"),
        percentile_rank=part.number("percRank"),
        percentile_value=part.number("percValue"),
        uom=part.text("uom"),
        coordinate_reference_system=part.uri("coordinateReferenceSystem"),
        extensions=part.extensions(),
    )
    if not (part.has("type") or part.has("exception")):
        part.fault("type", "is missing: what was measured?")
    return found
