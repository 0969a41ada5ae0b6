"""Sensor data of events as plain values (GS1 EPCIS 2.0, section 7.3.7).

Numbers keep the unit they came in: a code of UN/CEFACT Recommendation 20, such as CEL. Times,
devices and methods may stand on the element for all its reports or on each report, never on both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorMetadata:
    """What holds for every report of an element."""

    time: datetime | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    device_id: str | None = None
    device_metadata: str | None = None
    raw_data: str | None = None
    data_processing_method: str | None = None
    business_rules: str | None = None
    extensions: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorReport:
    """One quantity that was measured, or computed from measurements."""

    type: str | None = None
    """Bare word of the GS1 vocabulary, such as `Temperature`, or a full address."""
    exception: str | None = None
    device_id: str | None = None
    device_metadata: str | None = None
    raw_data: str | None = None
    data_processing_method: str | None = None
    time: datetime | None = None
    microorganism: str | None = None
    chemical_substance: str | None = None
    value: float | None = None
    component: str | None = None
    string_value: str | None = None
    boolean_value: bool | None = None
    hex_binary_value: str | None = None
    uri_value: str | None = None
    min_value: float | None = None
    max_value: float | None = None
    mean_value: float | None = None
    standard_deviation: float | None = None
    percentile_rank: float | None = None
    percentile_value: float | None = None
    uom: str | None = None
    coordinate_reference_system: str | None = None
    extensions: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorElement:
    """Reports that belong together."""

    metadata: SensorMetadata | None = None
    reports: Sequence[SensorReport] = ()
    extensions: Mapping[str, Any] = field(default_factory=dict)
