"""Capture jobs and problems in XML, as GS1's schema for XML has them.

Members that the schema doesn't know, such as the path of what is wrong, stand behind those that it
does, in our own namespace: there it lets anything stand.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from traceability.epcis.contexts import NAMESPACE
from traceability.epcis.xml.elements import EPCIS, Element
from traceability.epcis.xml.extensions import plain
from traceability.epcis.xml.serializing import serialize

Json = Mapping[str, Any]

_PREFIXES = {EPCIS: "epcis", NAMESPACE: "agripark"}
_ATTRIBUTES = ("captureID", "running", "success")
"""Of a job; its other members are elements."""
_OF_JOBS = ("captureErrorBehaviour", "createdAt", "finishedAt")
_OF_PROBLEMS = ("type", "title", "status", "detail", "instance")


def job_xml(job: Json) -> bytes:
    """A capture job, given in JSON."""
    attributes = {("", name): plain(job[name]) for name in _ATTRIBUTES}
    children = [Element(name, text=plain(job[name])) for name in _OF_JOBS if name in job]
    errors = [Element("error", children=_members(problem)) for problem in job["errors"]]
    if errors:
        children.append(Element("errors", children=errors))
    return serialize(Element("EPCISCaptureJob", EPCIS, attributes, children), _PREFIXES)


def problem_xml(problem: Json) -> bytes:
    """A problem, given in JSON."""
    return serialize(Element("EPCISException", EPCIS, children=_members(problem)), _PREFIXES)


def _members(problem: Json) -> list[Element]:
    known = [Element(name, text=plain(problem[name])) for name in _OF_PROBLEMS if name in problem]
    others = (item for item in problem.items() if item[0] not in _OF_PROBLEMS)
    return [*known, *(element for name, value in others for element in _own(name, value))]


def _own(name: str, value: Any) -> Iterator[Element]:
    """A member of ours; a list is as many elements of its name."""
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, Mapping):
            inner = [element for key, part in each.items() for element in _own(key, part)]
            yield Element(name, NAMESPACE, children=inner)
        else:
            yield Element(name, NAMESPACE, text=plain(each))
