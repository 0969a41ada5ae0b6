"""Names of fields in the index, the same for those who write it and those who ask.

Names of extensions are `{section}:{full name}` where the field stands directly in its section, and
`{section}::{full name}` where it stands at any depth below.
"""

from enum import StrEnum


class Field(StrEnum):
    """Fields of the standard that an event may have many of, or rarely."""

    EPC = "epc"
    PARENT = "parent"
    INPUT_EPC = "inputEPC"
    OUTPUT_EPC = "outputEPC"
    CLASS = "epcClass"
    INPUT_CLASS = "inputEPCClass"
    OUTPUT_CLASS = "outputEPCClass"
    QUANTITY = "quantity"
    TRANSFORMATION = "transformationID"
    TRANSACTION = "bizTransaction"
    SOURCE = "source"
    DESTINATION = "destination"
    SET = "set"
    UNSET = "unset"
    CERTIFICATION = "certificationInfo"
    ERROR = "errorDeclaration"
    ERROR_TIME = "declarationTime"
    ERROR_REASON = "reason"
    CORRECTIVE = "correctiveEventID"
    SENSOR_ELEMENT = "sensorElement"


class Section(StrEnum):
    """Where extensions may stand."""

    EVENT = "event"
    ILMD = "ilmd"
    ERROR = "error"
    READ_POINT = "readPoint"
    BIZ_LOCATION = "bizLocation"
    ELEMENT = "element"
    METADATA = "metadata"
    REPORT = "report"


ANY_EPC = (Field.EPC, Field.PARENT, Field.INPUT_EPC, Field.OUTPUT_EPC)
ANY_CLASS = (Field.CLASS, Field.INPUT_CLASS, Field.OUTPUT_CLASS)


SENSOR_ADDRESSES = frozenset(
    {
        *("deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules"),
        *("microorganism", "chemicalSubstance", "uriValue", "coordinateReferenceSystem"),
    }
)
"""Fields of sensor data that may name something by a GS1 key, in any form."""


def typed(field: Field, kind: str | None) -> str:
    """Parties and papers, each by the sense in which they are named: `source/owning_party`."""
    return f"{field}/{kind or ''}"


def measured(field: str, dimension: str) -> str:
    """Numbers of one dimension in its base unit: `quantity/mass`."""
    return f"{field}/{dimension}"


def extension(section: Section, name: str, *, inner: bool = False) -> str:
    """An extension directly in its section, or at any depth below."""
    return f"{section}{'::' if inner else ':'}{name}"


def sensor(section: Section, attribute: str) -> str:
    """A field that the standard gives to sensor metadata or reports: `report.deviceID`."""
    return f"{section}.{attribute}"


def later(name: str) -> str:
    """Texts of an event's field that are not its least; an empty one where it has no value."""
    return f">{name}"


def time_of(name: str) -> str:
    """Values of an extension that are times, in epoch milliseconds."""
    return f"@{name}"
