"""Master data of an XML document, to the JSON in which it is checked.

It stands in the header, or it is all that an EPCISMasterDataDocument holds or a query has found.

An attribute that is an element with children is an object; one that repeats has several values.
The rest of a header, such as a StandardBusinessDocumentHeader, says nothing that is kept.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from traceability.epcis.xml.elements import Element, unwrapped
from traceability.epcis.xml.extensions import is_nil, read_value
from traceability.epcis.xml.names import Prefixes

Json = dict[str, Any]
Problem = Callable[[str, Element, str], None]
"""Notes what is wrong: path, element, problem."""

_PATH = "epcisHeader.epcisMasterData"


def read_header(header: Element, prefixes: Prefixes, problem: Problem) -> Json | None:
    """The JSON of `epcisHeader`; None where it has no master data."""
    found = next((each for each in _own(header) if each.name == "EPCISMasterData"), None)
    if found is None:
        return None
    return {"epcisMasterData": _Reader(prefixes, problem).vocabularies(found, _PATH)}


def read_master_data(body: Element, prefixes: Prefixes, problem: Problem) -> Json:
    """The JSON of an `epcisHeader` that says what the body of an EPCISMasterDataDocument does."""
    return {"epcisMasterData": _Reader(prefixes, problem).vocabularies(body, _PATH)}


def read_results(body: Element, path: str, prefixes: Prefixes, problem: Problem) -> Json:
    """The JSON of `resultsBody` but its events."""
    return _Reader(prefixes, problem).vocabularies(body, path)


class _Reader:
    def __init__(self, prefixes: Prefixes, problem: Problem) -> None:
        self._prefixes = prefixes
        self._problem = problem

    def vocabularies(self, element: Element, where: str) -> Json:
        """What holds a VocabularyList, and nothing else of the standard's."""
        lists = list(self._children(element, where, "VocabularyList"))
        path = f"{where}.vocabularyList"
        vocabularies = [
            self._vocabulary(child, f"{path}[{position}]")
            for each in lists
            for position, child in enumerate(self._children(each, path, "Vocabulary"))
        ]
        return {"vocabularyList": vocabularies}

    def _vocabulary(self, element: Element, path: str) -> Json:
        inner = f"{path}.vocabularyElementList"
        elements = [
            child
            for each in self._children(element, path, "VocabularyElementList")
            for child in self._children(each, inner, "VocabularyElement")
        ]
        found = _named(element, "type")
        found["vocabularyElementList"] = [
            self._element(each, f"{inner}[{position}]") for position, each in enumerate(elements)
        ]
        return found

    def _element(self, element: Element, path: str) -> Json:
        found = _named(element, "id")
        for child in self._children(element, path, "attribute", "children"):
            if child.name == "attribute":
                found.setdefault("attributes", []).append(self._attribute(child))
            else:
                ids = self._children(child, f"{path}.children", "id")
                found.setdefault("children", []).extend(self._id(each) for each in ids)
        return found

    def _id(self, element: Element) -> Any:
        """Text; with elements in it, it is refused as what it is."""
        return read_value(element, self._prefixes) if element.children else element.text.strip()

    def _attribute(self, element: Element) -> Json:
        found = _named(element, "id")
        if is_nil(element):
            return found
        attributes = {name: text for name, text in element.attributes.items() if name != ("", "id")}
        value = read_value(replace(element, attributes=attributes), self._prefixes)
        # What `xsi:type` says of a plain value changes nothing: they are compared as texts.
        found["attribute"] = value if isinstance(value, Mapping) else element.text.strip()
        return found

    def _children(self, element: Element, path: str, *names: str) -> Iterator[Element]:
        """The children of these names; of the standard's own there are no others."""
        for child in _own(element):
            if child.name in names:
                yield child
            else:
                wanted = " and ".join(names)
                self._problem(path, child, f"holds {child.name[:80]!r}; only {wanted} belongs here")


def _own(element: Element) -> Iterator[Element]:
    return (each for each in unwrapped(element) if not each.namespace)


def _named(element: Element, name: str) -> Json:
    text = element.get(name)
    return {} if text is None else {name: text.strip()}
