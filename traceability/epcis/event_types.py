"""Types of events: the standard's five are bare words, those of others full addresses.

A type of others says when and what it likes (GS1 EPCIS 2.0, section 7.4): it has the fields that
every event has, and any other field of the standard that it wants.
"""

import re
from collections.abc import Callable

from traceability.epcis.contexts import GS1_PREFIXES

STANDARD_TYPES = (
    "ObjectEvent",
    "AggregationEvent",
    "AssociationEvent",
    "TransactionEvent",
    "TransformationEvent",
)
_NAMESPACE = GS1_PREFIXES["epcis"]
_NOT = r"\s<>\"{}|\\^`\x00-\x20\x7f\ud800-\udfff"
_ADDRESS = re.compile(rf"[A-Za-z][A-Za-z0-9+.-]*:(?:[^{_NOT}]*[/#:])?[^{_NOT}/#:]+")


def canonical_type(name: str, expand: Callable[[str], str]) -> str:
    """The bare word of a type of the standard; the full address of any other.

    `expand` gives the full address of a name. What begins like a type of the standard becomes bare
    even where there is no such type.
    """
    return name if name in STANDARD_TYPES else expand(name).removeprefix(_NAMESPACE)


def is_of_others(name: str) -> bool:
    """Whether a canonical type is somebody's address, with a name behind its namespace."""
    return _ADDRESS.fullmatch(name) is not None
