"""What a document says of things: their attributes, and what lies in them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from traceability.epcis.contexts import namespace_of

VOCABULARY = "urn:epcglobal:epcis:vtype:"
"""How the standard's types of vocabularies begin (GS1 EPCIS 2.0, section 6.5; CBV 2.0)."""
_LONGEST_NAME = 240
"""Bytes; so that several names and a value together fit what PostgreSQL can index."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What was said of one vocabulary element; identifiers are canonical, names full."""

    vocabulary: str
    """The type of vocabulary, in full."""
    element: str
    attributes: Sequence[tuple[str, str]] = ()
    """Names and values; one name may have several. A value that is no text is its JSON."""
    children: Sequence[str] | None = None
    """What lies directly in it; None where nothing is said of that."""


def attribute_name(full: str) -> str:
    """An attribute's full name in the one form in which it is kept and asked for.

    The standard joins namespace and name by `#`, JSON-LD joins them as they are.
    """
    namespace, _, local = full.rpartition("#")
    return bounded(f"{namespace_of(namespace)}{local}" if namespace else full)


def bounded(name: str) -> str:
    """The name, or its digest where it is long."""
    data = name.encode()
    return name if len(data) <= _LONGEST_NAME else f"sha256:{hashlib.sha256(data).hexdigest()}"
