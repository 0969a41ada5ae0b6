"""Fields of events in the order of GS1's schema for XML, and what each of them holds."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

_FIRST = (
    *("eventTime", "recordTime", "eventTimeZoneOffset", "eventID", "errorDeclaration"),
    "certificationInfo",
)
_WHY_AND_WHERE = ("bizStep", "disposition", "readPoint", "bizLocation")
_PARTIES_AND_MORE = ("sourceList", "destinationList", "sensorElementList", "persistentDisposition")

FIELDS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "ObjectEvent": (
            *_FIRST,
            *("epcList", "action", *_WHY_AND_WHERE, "bizTransactionList", "quantityList"),
            *(*_PARTIES_AND_MORE, "ilmd"),
        ),
        "AggregationEvent": (
            *_FIRST,
            *("parentID", "childEPCs", "action", *_WHY_AND_WHERE, "bizTransactionList"),
            *("childQuantityList", *_PARTIES_AND_MORE),
        ),
        "TransactionEvent": (
            *_FIRST,
            *("bizTransactionList", "parentID", "epcList", "action", *_WHY_AND_WHERE),
            *("quantityList", *_PARTIES_AND_MORE),
        ),
        "TransformationEvent": (
            *_FIRST,
            *("inputEPCList", "inputQuantityList", "outputEPCList", "outputQuantityList"),
            *("transformationID", *_WHY_AND_WHERE, "bizTransactionList"),
            *(*_PARTIES_AND_MORE, "ilmd"),
        ),
        "AssociationEvent": (
            *_FIRST,
            *("parentID", "childEPCs", "childQuantityList", "action", *_WHY_AND_WHERE),
            *("bizTransactionList", *_PARTIES_AND_MORE),
        ),
    }
)
"""Of each type of event."""

EXTENDED_FIELDS: Sequence[str] = (
    *_FIRST,
    *("parentID", "epcList", "childEPCs", "inputEPCList", "inputQuantityList", "outputEPCList"),
    *("outputQuantityList", "transformationID", "action", *_WHY_AND_WHERE, "bizTransactionList"),
    *("quantityList", "childQuantityList", *_PARTIES_AND_MORE, "ilmd"),
)
"""Of a type of others, for which the schema takes anything."""

EXTENDED_EVENT = "ExtendedEvent"
"""What holds an event of a type of others: in `extension`, where the schema takes no namespaces."""

FIRST = frozenset({*_FIRST} - {"certificationInfo"})
"""Fields of every event, which stand before those of its type in every edition of the schema."""

NEVER_MISSING: Mapping[str, str] = MappingProxyType(
    {"ObjectEvent": "epcList", "AggregationEvent": "childEPCs", "TransactionEvent": "epcList"}
)
"""Lists that the schema wants even where they are empty."""

PLACES = frozenset({"readPoint", "bizLocation"})
TYPED_LISTS: Mapping[str, str] = MappingProxyType(
    {
        "bizTransactionList": "bizTransaction",
        "sourceList": "source",
        "destinationList": "destination",
    }
)
"""Lists of texts with an attribute `type`, and the name of their elements."""
NEVER_EMPTY = frozenset({*TYPED_LISTS, "sensorElementList"})
"""Lists that the schema wants only where something is in them."""

MEASURED = frozenset(
    {
        *("type", "exception", "time", "startTime", "endTime", "deviceID", "deviceMetadata"),
        *("rawData", "dataProcessingMethod", "bizRules", "microorganism", "chemicalSubstance"),
        *("component", "stringValue", "booleanValue", "hexBinaryValue", "uriValue", "uom"),
        *("value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue"),
        "coordinateReferenceSystem",
    }
)
"""Attributes of sensor metadata and reports."""

REPORT_NUMBERS = frozenset(
    {"value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue"}
)
"""Attributes of sensor reports that are numbers."""
