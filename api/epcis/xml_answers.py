"""Capture jobs and problems in XML, as GS1's OpenAPI file maps their schemas to it."""

from collections.abc import Iterator, Mapping
from typing import Any

from traceability.epcis.xml.elements import EPCIS, Element
from traceability.epcis.xml.extensions import plain
from traceability.epcis.xml.serializing import serialize

Json = Mapping[str, Any]

_PREFIXES = {EPCIS: "epcis"}
_ATTRIBUTES = ("captureID", "running", "success")
"""Of a job; its other members are elements."""


def job_xml(job: Json) -> bytes:
    """A capture job, given in JSON."""
    attributes = {("", name): plain(job[name]) for name in _ATTRIBUTES}
    root = Element("EPCISCaptureJob", EPCIS, attributes)
    for name, value in job.items():
        if name == "errors":
            root.children += map(_exception, value)
        elif name not in _ATTRIBUTES:
            root.children += _elements(name, value)
    return serialize(root, _PREFIXES)


def problem_xml(problem: Json) -> bytes:
    """A problem, given in JSON."""
    return serialize(_exception(problem), _PREFIXES)


def _exception(problem: Json) -> Element:
    children = [element for name, value in problem.items() for element in _elements(name, value)]
    return Element("EPCISException", EPCIS, children=children)


def _elements(name: str, value: Any) -> Iterator[Element]:
    """A member; a list is as many elements of its name."""
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, Mapping):
            inner = [element for key, part in each.items() for element in _elements(key, part)]
            yield Element(name, children=inner)
        else:
            yield Element(name, text=plain(each))
