"""XML as plain elements, and the namespaces that EPCIS knows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

EPCIS = "urn:epcglobal:epcis:xsd:2"
EPCIS_QUERY = "urn:epcglobal:epcis-query:xsd:2"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XSD = "http://www.w3.org/2001/XMLSchema"

STANDARD = frozenset(
    {
        EPCIS,
        EPCIS_QUERY,
        "urn:epcglobal:epcis:xsd:1",
        "urn:epcglobal:epcis-query:xsd:1",
        "urn:epcglobal:epcis-masterdata:xsd:1",
        "urn:epcglobal:epcis-masterdata:xsd:2",
    }
)
"""Namespaces of EPCIS 2.0 and 1.x; their elements are taken as the unqualified ones they hold."""

_WRAPPERS = frozenset({"extension", "baseExtension"})
"""What EPCIS 1.x wrapped later fields in, and what 2.0 would wrap those of its successors in."""


@dataclass(slots=True)
class Element:
    """One element; a name without a namespace is the standard's own."""

    name: str
    namespace: str = ""
    attributes: dict[tuple[str, str], str] = field(default_factory=dict)
    """Value by namespace and name."""
    children: list["Element"] = field(default_factory=list)
    text: str = ""
    """Character data, that between children included."""
    line: int = 0
    is_wrapped: bool = False
    """Whether it stands in an element that keeps a place for fields of later versions."""

    @property
    def is_wrapper(self) -> bool:
        """Whether it is one that only keeps a place."""
        return not self.namespace and self.name in _WRAPPERS

    def get(self, name: str) -> str | None:
        """An attribute without a namespace."""
        return self.attributes.get(("", name))

    def child(self, name: str) -> "Element | None":
        """The first child of that name that belongs to the standard."""
        return next(
            (each for each in self.children if (each.namespace, each.name) == ("", name)), None
        )


def unwrapped(element: Element) -> Iterator[Element]:
    """The children, with those of wrappers in the wrappers' place."""
    for child in element.children:
        if child.is_wrapper:
            yield from unwrapped(child)
        else:
            yield child


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document and the prefixes it declares, with the first namespace that each stood for."""

    root: Element
    prefixes: Mapping[str, str]
