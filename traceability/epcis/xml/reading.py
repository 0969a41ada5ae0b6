"""EPCIS documents from XML to JSON, where they are checked (GS1 EPCIS 2.0, section 9).

Read are EPCIS 2.0 and 1.x, the latter without its wrappers: what stands in `extension` or
`baseExtension` is taken as if it stood outside; what isn't known there gets the standard's own
prefix. Anything else that isn't known is handed on as it is, so that the reader of JSON refuses it
and names its path; only what JSON couldn't show is refused here, and events of 2.0 that don't begin
with what every event begins with.
"""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from traceability.epcis.xml.elements import XSI, Element, unwrapped
from traceability.epcis.xml.extensions import add, is_nil, number, read_value, truth
from traceability.epcis.xml.master_data import read_header, read_master_data, read_results
from traceability.epcis.xml.names import Prefixes
from traceability.epcis.xml.parsing import parse, refusal
from traceability.epcis.xml.shape import (
    EPC_LISTS,
    EXTENDED_EVENT,
    EXTENDED_FIELDS,
    FIELDS,
    FIRST,
    PLACES,
    QUANTITY_LISTS,
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


def _text(element: Element) -> str:
    return element.text.strip()


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
            **dict.fromkeys(EPC_LISTS, lambda each, path: self._list(each, path, "epc", _text)),
            **dict.fromkeys(QUANTITY_LISTS, self._quantities),
            **dict.fromkeys(PLACES, self._place),
            **dict.fromkeys(TYPED_LISTS, self._typed),
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
        header = root.child("EPCISHeader")
        stated = None if header is None else read_header(header, self._prefixes, self._problem)
        if stated is not None:
            found["epcisHeader"] = stated
        body = root.child("EPCISBody")
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
                found[name] = _text(child)
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
        inner = body.child("EventList")
        if inner is None:
            return {}
        return {
            "eventList": [
                self._event(child, f"{path}.eventList[{position}]")
                for position, child in enumerate(unwrapped(inner))
            ]
        }

    def _event(self, element: Element, path: str) -> Json:
        found: Json = {"type": self._type(element)}
        self._attributes(element, found)
        if self._is_ordered:
            self._check_order(element, path)
        for child in unwrapped(element):
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
        return self._part(element, path, {}) if element.children else _text(element)

    def _plain(self, element: Element, _path: str) -> Any:
        """A field that is text; what it can't be is refused as what it is."""
        return read_value(element, self._prefixes) if element.children else _text(element)

    def _list(
        self, element: Element, path: str, name: str, read: Callable[[Element], Any]
    ) -> list[Any]:
        found = []
        for child in unwrapped(element):
            if child.namespace or child.name != name:
                self._problem(path, child, f"holds {child.name[:80]!r}; only {name} belongs here")
            else:
                found.append(read(child))
        return found

    def _quantities(self, element: Element, path: str) -> list[Json]:
        return self._list(element, path, "quantityElement", lambda each: self._quantity(each, path))

    def _quantity(self, element: Element, path: str) -> Json:
        found: Json = {}
        for child in unwrapped(element):
            name = self._prefixes.name(child.namespace, child.name)
            if name in found:
                self._problem(path, child, f"has {name[:80]} twice")
            elif name == "quantity":
                value = number(child.text)
                if not is_nil(child):
                    found[name] = _text(child) if value is None else value
            else:
                found[name] = _text(child)
        return found

    def _typed(self, element: Element, path: str) -> list[Json]:
        name = TYPED_LISTS[element.name]

        def read(each: Element) -> Json:
            kind = each.get("type")
            return {**({} if kind is None else {"type": kind.strip()}), name: _text(each)}

        return self._list(element, path, name, read)

    def _place(self, element: Element, path: str) -> Json:
        return self._part(element, path, {"id": _text})

    def _error_declaration(self, element: Element, path: str) -> Json:
        where = f"{path}.correctiveEventIDs"
        return self._part(
            element,
            path,
            {
                "declarationTime": _text,
                "reason": _text,
                "correctiveEventIDs": lambda each: self._list(
                    each, where, "correctiveEventID", _text
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
        for child in unwrapped(element):
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
        for child in unwrapped(element):
            if child.namespace or child.name not in {"set", "unset"}:
                self._problem(path, child, f"holds {child.name[:80]!r}; only set and unset do")
            else:
                found.setdefault(child.name, []).append(_text(child))
        return found

    def _sensor_elements(self, element: Element, path: str) -> list[Json]:
        return self._list(
            element, path, "sensorElement", lambda each: self._sensor_element(each, path)
        )

    def _sensor_element(self, element: Element, path: str) -> Json:
        found: Json = {}
        self._attributes(element, found)
        for child in unwrapped(element):
            if child.namespace or child.name not in {"sensorMetadata", "sensorReport"}:
                self._extension(child, found)
            elif child.name == "sensorReport":
                found.setdefault(child.name, []).append(self._measured(child))
            elif child.name in found:
                self._problem(path, child, "has sensorMetadata twice")
            else:
                found[child.name] = self._measured(child)
        return found

    def _measured(self, element: Element) -> Json:
        """Metadata or a report, whose fields are attributes."""
        found: Json = {}
        self._attributes(element, found)
        for name in REPORT_NUMBERS & found.keys():
            value = number(found[name])
            found[name] = found[name] if value is None else value
        if "booleanValue" in found:
            value = truth(found["booleanValue"])
            found["booleanValue"] = found["booleanValue"] if value is None else value
        for child in unwrapped(element):
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
