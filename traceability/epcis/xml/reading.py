"""EPCIS documents from XML to JSON, where they are checked (GS1 EPCIS 2.0, section 9).

Read are EPCIS 2.0 and 1.x, the latter without its wrappers: what stands in `extension` or
`baseExtension` is taken as if it stood outside; what isn't known there gets the standard's own
prefix. Anything else that isn't known is handed on as it is, so that the reader of JSON refuses it
and names its path; only what JSON couldn't show is refused here, and events of 2.0 that don't begin
with what every event begins with.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from traceability.epcis.model import EPC_LISTS, QUANTITY_LISTS
from traceability.epcis.xml.elements import XSI, Element, unwrapped
from traceability.epcis.xml.extensions import add, is_nil, number, read_value, truth
from traceability.epcis.xml.master_data import read_header, read_master_data, read_results
from traceability.epcis.xml.names import Prefixes
from traceability.epcis.xml.parsing import parse, refusal
from traceability.epcis.xml.shape import (
    EXTENDED_EVENT,
    EXTENDED_FIELDS,
    FIELDS,
    FIRST,
    PLACES,
    REPORT_NUMBERS,
    TYPED_LISTS,
)
from traceability.errors import FieldProblem, InvalidDocumentError

Json = dict[str, Any]

_MOST_PROBLEMS = 50
_OF_MASTER_DATA = "EPCISMasterDataDocument"
_DOCUMENTS = frozenset({"EPCISDocument", "EPCISQueryDocument", _OF_MASTER_DATA})
_OF_DOCUMENTS = ("schemaVersion", "creationDate")
_WITHOUT_OFFSET = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?", re.ASCII)
"""Such a date of a document is one of XML's schema, unlike the times of its events."""
_VERSION_1 = re.compile(r"1(?:\.|\Z)", re.ASCII)
_BARE_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
"""An id that XML's schema takes for an address; many a client of version 1 makes such."""
_LOOSE = "certificationInfo"
"""Has no place of its own in some editions of the schema."""
_NEAR = 0.8
"""How alike a misspelt field is to the one that was meant."""


def read_xml(data: bytes) -> Json:
    """The EPCISDocument, EPCISQueryDocument or single event in JSON form.

    An EPCISMasterDataDocument, which JSON doesn't have, becomes an EPCISDocument without events.
    Raises InvalidDocumentError where the bytes are no XML or hold none of these.
    """
    parsed = parse(data)
    reader = _Reader(Prefixes(parsed.prefixes))
    document = reader.document(parsed.root)
    if reader.problems:
        raise InvalidDocumentError(reader.problems)
    return document


def _own_attributes(element: Element) -> list[str]:
    return [name for namespace, name in element.attributes if namespace != XSI]


def _is_of_the_future(element: Element) -> bool:
    """Whether it is a field that 2.0 doesn't know, where its schema keeps a place for such."""
    return element.is_wrapped and not get_close_matches(element.name, EXTENDED_FIELDS, 1, _NEAR)


class _Reader:
    """Reads one document; what is wrong adds up in `problems`."""

    def __init__(self, prefixes: Prefixes) -> None:
        self.problems: list[FieldProblem] = []
        self._prefixes = prefixes
        self._is_ordered = False
        self._fields: Mapping[str, Callable[[Element, str], Any]] = {
            **dict.fromkeys(
                EPC_LISTS, lambda each, path: self._list(each, path, "epc", self._text)
            ),
            **dict.fromkeys(QUANTITY_LISTS, self._quantities),
            **dict.fromkeys(PLACES, self._place),
            **dict.fromkeys(TYPED_LISTS, self._typed),
            "eventID": lambda each, _path: self._event_id(each),
            "sensorElementList": self._sensor_elements,
            "persistentDisposition": self._persistent_disposition,
            "ilmd": self._master_data,
            "errorDeclaration": self._error_declaration,
        }

    def document(self, root: Element) -> Json:
        """The JSON of the whole document."""
        known = root.name in {*_DOCUMENTS, *FIELDS, EXTENDED_EVENT}
        if (root.namespace or not known) and root.child("eventTime") is None:
            raise refusal(root.line, f"<{root.name[:80]}> is no EPCISDocument of EPCIS 2.0 or 1.x")
        said = {name: root.attributes.pop(("", name), None) for name in _OF_DOCUMENTS}
        if root.namespace or root.name not in _DOCUMENTS:
            return {"@context": self._prefixes.context(), **self._event(root, "")}
        is_of_events = root.name != _OF_MASTER_DATA
        found: Json = {"@context": [], "type": root.name if is_of_events else "EPCISDocument"}
        found |= {name: text for name, text in said.items() if text is not None}
        if _WITHOUT_OFFSET.fullmatch(said["creationDate"] or ""):
            found["creationDate"] += "Z"
        is_of_version_1 = bool(_VERSION_1.match(said["schemaVersion"] or ""))
        if is_of_version_1:
            # What is read here is 2.0 from now on.
            found["schemaVersion"] = "2.0"
        # What others answered is taken as it is.
        self._is_ordered = root.name == "EPCISDocument" and not is_of_version_1
        parts = self._parts(root, root.name, "EPCISHeader", "EPCISBody")
        header, body = parts.get("EPCISHeader"), parts.get("EPCISBody")
        stated = None if header is None else read_header(header, self._prefixes, self._problem)
        if stated is not None:
            found["epcisHeader"] = stated
        if body is not None and is_of_events:
            found["epcisBody"] = self._body(root.name, body)
        elif body is not None:
            found["epcisHeader"] = read_master_data(body, self._prefixes, self._problem)
            found["epcisBody"] = {"eventList": []}
        found["@context"] = self._prefixes.context()
        return found

    def _body(self, kind: str, body: Element) -> Json:
        if kind == "EPCISDocument":
            return self._event_list(body, "epcisBody")
        results = body.child("QueryResults")
        if results is None:
            raise refusal(body.line, "EPCISBody has no QueryResults")
        # Many a repository leaves its name out.
        found: Json = {"queryName": "SimpleEventQuery"}
        for name in ("queryName", "subscriptionID"):
            child = results.child(name)
            if child is not None:
                found[name] = child.text.strip()
        inner = results.child("resultsBody")
        if inner is not None:
            path = "epcisBody.queryResults.resultsBody"
            found["resultsBody"] = self._results(inner, path)
        return {"queryResults": found}

    def _results(self, inner: Element, path: str) -> Json:
        """Events, or the master data that another query has found."""
        if inner.child("VocabularyList") is None:
            return self._event_list(inner, path)
        return {"eventList": [], **read_results(inner, path, self._prefixes, self._problem)}

    def _event_list(self, body: Element, path: str) -> Json:
        inner = self._parts(body, path, "EventList").get("EventList")
        if inner is None:
            # The schema lets it be absent, as where there is only master data.
            return {"eventList": []}
        return {
            "eventList": [
                self._event(child, f"{path}.eventList[{position}]")
                for position, child in enumerate(self._children(inner, f"{path}.eventList"))
            ]
        }

    def _parts(self, element: Element, path: str, *names: str) -> dict[str, Element]:
        """The children of these names, of which each stands there once at most.

        Of the standard's own there are no others; what stands in wrappers says nothing here.
        """
        self._check_text(element, path)
        found: dict[str, Element] = {}
        for child in element.children:
            if child.namespace or child.is_wrapper:
                continue
            if child.name not in names:
                wanted = " and ".join(names)
                self._problem(path, child, f"holds {child.name[:80]!r}; only {wanted} belongs here")
            elif child.name in found:
                self._problem(path, child, f"has {child.name} twice")
            else:
                found[child.name] = child
        return found

    def _event(self, element: Element, path: str) -> Json:
        found: Json = {"type": self._type(element)}
        self._attributes(element, found)
        if self._is_ordered:
            self._check_order(element, path)
        for child in self._children(element, path):
            where = f"{path}.{child.name}" if path else child.name
            if child.namespace or _is_of_the_future(child):
                self._extension(child, found)
            elif child.name == "certificationInfo":
                found.setdefault(child.name, []).append(self._certificate(child, where))
            elif child.name in found:
                self._problem(where, child, "stands there twice")
            else:
                value = self._fields.get(child.name, self._plain)(child, where)
                if value not in (None, []):
                    found[child.name] = value
        return found

    def _type(self, element: Element) -> str:
        given = element.attributes.pop(("", "type"), None)
        if not element.namespace and element.name == EXTENDED_EVENT and given is not None:
            return given.strip()
        return self._prefixes.name(element.namespace, element.name)

    def _check_order(self, element: Element, path: str) -> None:
        """Note a field of every event that stands behind one of its type.

        Where the others stand differs from one edition of the schema to the next.
        """
        order = FIELDS.get(element.name, ()) if not element.namespace else ()
        names = [child.name for child in element.children if child.name in order]
        own = [position for position, name in enumerate(names) if name not in {*FIRST, _LOOSE}]
        for child in element.children:
            if own and child.name in FIRST and names.index(child.name) > own[0]:
                problem = f"stands after {names[own[0]]}; the schema has it before"
                self._problem(f"{path}.{child.name}", child, problem)
                return

    def _certificate(self, element: Element, path: str) -> Any:
        return self._part(element, path, {}) if element.children else self._text(element)

    def _plain(self, element: Element, _path: str) -> Any:
        return self._text(element)

    def _event_id(self, element: Element) -> Any:
        """The id, a bare UUID as the URN that it is."""
        found = self._text(element)
        is_bare = isinstance(found, str) and _BARE_UUID.fullmatch(found)
        return f"urn:uuid:{found}" if is_bare else found

    def _text(self, element: Element) -> Any:
        """What is text; with anything else in it, it is refused as what it is."""
        if element.children or _own_attributes(element):
            return read_value(element, self._prefixes)
        return element.text.strip()

    def _children(self, element: Element, path: str) -> Iterator[Element]:
        """What stands in an element that has no text of its own."""
        self._check_text(element, path)
        return unwrapped(element)

    def _check_text(self, element: Element, path: str) -> None:
        if element.text.strip():
            self._problem(
                path or element.name, element, f"holds the text {element.text.strip()[:80]!r}"
            )

    def _list(
        self, element: Element, path: str, name: str, read: Callable[[Element], Any]
    ) -> list[Any]:
        found = []
        for attribute in _own_attributes(element):
            self._problem(path, element, f"has {attribute[:80]!r}; no attribute belongs here")
        for child in self._children(element, path):
            if child.namespace or child.name != name:
                self._problem(path, child, f"holds {child.name[:80]!r}; only {name} belongs here")
            else:
                found.append(read(child))
        return found

    def _quantities(self, element: Element, path: str) -> list[Json]:
        return self._list(element, path, "quantityElement", lambda each: self._quantity(each, path))

    def _quantity(self, element: Element, path: str) -> Json:
        found: Json = {}
        self._attributes(element, found)
        for child in self._children(element, path):
            name = self._prefixes.name(child.namespace, child.name)
            if name in found:
                self._problem(path, child, f"has {name[:80]} twice")
            elif name != "quantity" or not is_nil(child):
                text = self._text(child)
                value = number(text) if name == "quantity" and isinstance(text, str) else None
                found[name] = text if value is None else value
        return found

    def _typed(self, element: Element, path: str) -> list[Json]:
        name = TYPED_LISTS[element.name]

        def read(each: Element) -> Json:
            kind = each.attributes.pop(("", "type"), None)
            return {**({} if kind is None else {"type": kind.strip()}), name: self._text(each)}

        return self._list(element, path, name, read)

    def _place(self, element: Element, path: str) -> Json:
        return self._part(element, path, {"id": self._text})

    def _error_declaration(self, element: Element, path: str) -> Json:
        where = f"{path}.correctiveEventIDs"
        return self._part(
            element,
            path,
            {
                "declarationTime": self._text,
                "reason": self._text,
                "correctiveEventIDs": lambda each: self._list(
                    each, where, "correctiveEventID", self._event_id
                ),
            },
        )

    def _master_data(self, element: Element, path: str) -> Json:
        return self._part(element, path, {})

    def _part(
        self, element: Element, path: str, known: Mapping[str, Callable[[Element], Any]]
    ) -> Json:
        """An object of a few known fields and extensions."""
        found: Json = {}
        self._attributes(element, found)
        for child in self._children(element, path):
            read = None if child.namespace else known.get(child.name)
            if read is None:
                self._extension(child, found)
            elif child.name in found:
                self._problem(path, child, f"has {child.name} twice")
            else:
                found[child.name] = read(child)
        return found

    def _persistent_disposition(self, element: Element, path: str) -> Json:
        found: Json = {}
        for child in self._children(element, path):
            if child.namespace or child.name not in {"set", "unset"}:
                self._problem(path, child, f"holds {child.name[:80]!r}; only set and unset do")
            else:
                found.setdefault(child.name, []).append(self._text(child))
        return found

    def _sensor_elements(self, element: Element, path: str) -> list[Json]:
        return self._list(
            element, path, "sensorElement", lambda each: self._sensor_element(each, path)
        )

    def _sensor_element(self, element: Element, path: str) -> Json:
        found: Json = {}
        self._attributes(element, found)
        for child in self._children(element, path):
            if child.namespace or child.name not in {"sensorMetadata", "sensorReport"}:
                self._extension(child, found)
            elif child.name == "sensorReport":
                found.setdefault(child.name, []).append(self._measured(child, path))
            elif child.name in found:
                self._problem(path, child, "has sensorMetadata twice")
            else:
                found[child.name] = self._measured(child, path)
        return found

    def _measured(self, element: Element, path: str) -> Json:
        """Metadata or a report, whose fields are attributes."""
        found: Json = {}
        self._attributes(element, found)
        for name in REPORT_NUMBERS & found.keys():
            value = number(found[name])
            found[name] = found[name] if value is None else value
        if "booleanValue" in found:
            value = truth(found["booleanValue"])
            found["booleanValue"] = found["booleanValue"] if value is None else value
        for child in self._children(element, path):
            self._extension(child, found)
        return found

    def _attributes(self, element: Element, found: Json) -> None:
        for (namespace, name), text in element.attributes.items():
            if namespace != XSI:
                is_text = namespace or name == "stringValue"
                add(found, self._prefixes.name(namespace, name), text if is_text else text.strip())

    def _extension(self, element: Element, found: Json) -> None:
        name = self._prefixes.name(element.namespace, element.name)
        if element.is_wrapped and not element.namespace:
            name = f"epcis:{name}"
        add(found, name, read_value(element, self._prefixes))

    def _problem(self, path: str, element: Element, problem: str) -> None:
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(FieldProblem(path, f"{problem} (line {element.line})"))
