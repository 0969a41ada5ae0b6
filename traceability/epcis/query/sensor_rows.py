"""Index rows of sensor data (GS1 EPCIS 2.0, section 7.3.7)."""

from collections.abc import Iterable
from datetime import datetime

from park.times import to_epoch_ms
from traceability.epcis.identifiers import canonical
from traceability.epcis.query.extensions import add_extensions
from traceability.epcis.query.fields import SENSOR_ADDRESSES, Field, Section, measured, sensor
from traceability.epcis.query.rows import Rows
from traceability.epcis.query.values import base_value
from traceability.epcis.sensors import SensorElement, SensorMetadata, SensorReport


def add_sensor_element(rows: Rows, element: SensorElement) -> None:
    """Add rows of an element, its metadata and its reports."""
    rows.add_presence(Field.SENSOR_ELEMENT)
    add_extensions(rows, Section.ELEMENT, element.extensions)
    if element.metadata is not None:
        _add_metadata(rows, element.metadata)
    for report in element.reports:
        _add_report(rows, report)


def _add_metadata(rows: Rows, metadata: SensorMetadata) -> None:
    texts = (
        ("deviceID", metadata.device_id),
        ("deviceMetadata", metadata.device_metadata),
        ("rawData", metadata.raw_data),
        ("dataProcessingMethod", metadata.data_processing_method),
        ("bizRules", metadata.business_rules),
    )
    times = (
        ("time", metadata.time),
        ("startTime", metadata.start_time),
        ("endTime", metadata.end_time),
    )
    _add_texts(rows, Section.METADATA, texts)
    _add_times(rows, Section.METADATA, times)
    add_extensions(rows, Section.METADATA, metadata.extensions)


def _add_report(rows: Rows, report: SensorReport) -> None:
    boolean = report.boolean_value
    texts = (
        ("type", report.type),
        ("exception", report.exception),
        ("deviceID", report.device_id),
        ("deviceMetadata", report.device_metadata),
        ("rawData", report.raw_data),
        ("dataProcessingMethod", report.data_processing_method),
        ("microorganism", report.microorganism),
        ("chemicalSubstance", report.chemical_substance),
        ("component", report.component),
        ("stringValue", report.string_value),
        ("booleanValue", None if boolean is None else str(boolean).lower()),
        ("hexBinaryValue", _upper(report.hex_binary_value)),
        ("uriValue", report.uri_value),
        ("coordinateReferenceSystem", report.coordinate_reference_system),
    )
    _add_texts(rows, Section.REPORT, texts)
    _add_times(rows, Section.REPORT, (("time", report.time),))
    _add_values(rows, report)
    add_extensions(rows, Section.REPORT, report.extensions)


def _add_values(rows: Rows, report: SensorReport) -> None:
    values = (
        ("value", report.value),
        ("minValue", report.min_value),
        ("maxValue", report.max_value),
        ("meanValue", report.mean_value),
        ("sDev", report.standard_deviation),
        ("percValue", report.percentile_value),
    )
    for attribute, value in values:
        based = None if value is None else base_value(attribute, value, report.uom)
        if based is not None:
            dimension, number = based
            rows.add_number(measured(sensor(Section.REPORT, attribute), dimension), number)
    if report.percentile_rank is not None:
        rows.add_number(sensor(Section.REPORT, "percRank"), report.percentile_rank)


def _upper(digits: str | None) -> str | None:
    """Hexadecimal digits mean the same in either case."""
    return None if digits is None else digits.upper()


def _add_texts(rows: Rows, section: Section, texts: Iterable[tuple[str, str | None]]) -> None:
    for attribute, text in texts:
        if text is not None:
            kept = canonical(text) if attribute in SENSOR_ADDRESSES else text
            rows.add_text(sensor(section, attribute), kept)


def _add_times(rows: Rows, section: Section, times: Iterable[tuple[str, datetime | None]]) -> None:
    for attribute, time in times:
        if time is not None:
            rows.add_number(sensor(section, attribute), to_epoch_ms(time))
