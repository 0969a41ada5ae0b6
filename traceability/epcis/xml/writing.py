"""EPCIS documents from JSON to XML (GS1 EPCIS 2.0, section 9), elements in the schema's order.

Bare words of the CBV aren't allowed in XML: they are URNs or web addresses, as the client asks for
(`GS1-CBV-XML-Format`). Extensions of sensor metadata and reports are attributes, as the schema has
it; those that are objects or lists, which no attribute holds, are elements inside. An event of a
type of others is an `ExtendedEvent` with its type, in `extension`: so the schema lets it stand.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any

from traceability.epcis.contexts import Context
from traceability.epcis.event_types import canonical_type
from traceability.epcis.model import EPC_LISTS, QUANTITY_LISTS
from traceability.epcis.vocabulary import Word, canonical_word, urn, web_address
from traceability.epcis.xml.elements import EPCIS, EPCIS_QUERY, Element
from traceability.epcis.xml.extensions import plain, write_value
from traceability.epcis.xml.names import Namespaces
from traceability.epcis.xml.serializing import serialize
from traceability.epcis.xml.shape import (
    EXTENDED_EVENT,
    EXTENDED_FIELDS,
    FIELDS,
    MEASURED,
    NEVER_EMPTY,
    NEVER_MISSING,
    PLACES,
    TYPED_LISTS,
)

Json = Mapping[str, Any]


class WordForm(StrEnum):
    """How words of the CBV are written; the values are those of `GS1-CBV-XML-Format`."""

    NO_PREFERENCE = "No_Preference"
    WEB = "Always_Web_URI"
    URN = "Always_URN"
    AS_CAPTURED = "Never_Translates"
    """As they came; bare ones, which XML can't have, as URNs."""


_TYPES: Mapping[str, Word] = {
    "bizTransactionList": Word.BIZ_TRANSACTION_TYPE,
    "sourceList": Word.SOURCE_DEST_TYPE,
    "destinationList": Word.SOURCE_DEST_TYPE,
}
_WORDS: Mapping[str, Word] = {"bizStep": Word.BIZ_STEP, "disposition": Word.DISPOSITION}
_REPORT_WORDS: Mapping[str, Word] = {
    "type": Word.MEASUREMENT,
    "exception": Word.ALARM_CONDITION,
    "component": Word.COMPONENT,
}
_OF_THE_STANDARD = frozenset(
    {
        *("id", "type", *EXTENDED_FIELDS, "declarationTime", "reason", "correctiveEventIDs"),
        *("sensorMetadata", "sensorReport", *MEASURED),
    }
)
"""Names that a context can't give to anything else."""


def write_xml(document: Json, words: WordForm = WordForm.NO_PREFERENCE) -> bytes:
    """The XML of an EPCISDocument or EPCISQueryDocument whose events were read without fault."""
    writer = _Writer(words)
    is_query = document.get("type") == "EPCISQueryDocument"
    root = Element(
        "EPCISQueryDocument" if is_query else "EPCISDocument",
        EPCIS_QUERY if is_query else EPCIS,
        {
            ("", name): str(document[name])
            for name in ("schemaVersion", "creationDate")
            if name in document
        },
    )
    context = Context.of(document.get("@context"))
    body = document.get("epcisBody", {})
    inner = writer.results(body, context) if is_query else writer.event_list(body, context)
    root.children.append(Element("EPCISBody", children=[inner]))
    return serialize(root, writer.namespaces.prefix_of)


def _leaf(name: str, value: Any) -> Element:
    return Element(name, text=plain(value))


def _decimal(number: float) -> str:
    """A number without exponent, as the schema wants quantities."""
    return f"{Decimal(str(number)):f}"


def _extends(name: str, context: Context) -> bool:
    return ":" in name or (name in context.terms and name not in _OF_THE_STANDARD)


class _Writer:
    """Writes one document; `namespaces` gathers those it uses."""

    def __init__(self, words: WordForm) -> None:
        self.namespaces = Namespaces()
        self._words = words
        self._parts: Mapping[str, Callable[[Any, Context], Iterator[Element]]] = {
            **dict.fromkeys(EPC_LISTS, self._epcs),
            **dict.fromkeys(QUANTITY_LISTS, self._quantities),
            **dict.fromkeys(PLACES, self._place),
            "sensorElementList": self._sensor_elements,
            "persistentDisposition": self._persistent_disposition,
            "errorDeclaration": self._error_declaration,
            "ilmd": self._extensions,
        }

    def results(self, body: Json, context: Context) -> Element:
        """What a query found."""
        results = body.get("queryResults", {})
        found = Element("QueryResults", EPCIS_QUERY)
        found.children = [
            _leaf(name, results[name])
            for name in ("queryName", "subscriptionID")
            if name in results
        ]
        events = self.event_list(results.get("resultsBody", {}), context)
        found.children.append(Element("resultsBody", children=[events]))
        return found

    def event_list(self, body: Json, context: Context) -> Element:
        """The events of a body."""
        events = body.get("eventList", [body["event"]] if "event" in body else [])
        return Element("EventList", children=[self._event(each, context) for each in events])

    def _event(self, event: Json, outer: Context) -> Element:
        context = outer.within(event.get("@context"))
        kind = canonical_type(event["type"], context.expand)
        if kind in FIELDS:
            return self._filled(Element(kind), FIELDS[kind], event, context)
        element = Element(EXTENDED_EVENT, attributes={("", "type"): kind})
        self._filled(element, EXTENDED_FIELDS, event, context)
        return Element("extension", children=[element])

    def _filled(
        self, element: Element, fields: Sequence[str], event: Json, context: Context
    ) -> Element:
        for name in fields:
            if name in event:
                element.children.extend(self._field(name, event[name], context))
            elif NEVER_MISSING.get(element.name) == name:
                element.children.append(Element(name))
        element.children.extend(self._extensions(event, context))
        return element

    def _field(self, name: str, value: Any, context: Context) -> Iterator[Element]:
        if name == "certificationInfo":
            for each in value if isinstance(value, list) else [value]:
                yield self._certificate(name, each, context)
        elif name in NEVER_EMPTY and not value:
            return
        elif name in self._parts:
            yield Element(name, children=list(self._parts[name](value, context)))
        elif name in TYPED_LISTS:
            yield Element(name, children=list(self._typed(name, value, context)))
        elif name in _WORDS:
            yield _leaf(name, self._word(_WORDS[name], value, context))
        else:
            yield _leaf(name, value)

    def _certificate(self, name: str, value: Any, context: Context) -> Element:
        if isinstance(value, str):
            return _leaf(name, value)
        return Element(name, children=list(self._extensions(value, context)))

    def _word(self, kind: Word, text: str, context: Context) -> str:
        full = context.expand(text)
        if self._words is WordForm.AS_CAPTURED and ":" in text:
            return full
        word = canonical_word(kind, full)
        return web_address(kind, word) if self._words is WordForm.WEB else urn(kind, word)

    def _epcs(self, epcs: Any, _context: Context) -> Iterator[Element]:
        for each in epcs:
            yield _leaf("epc", each)

    def _quantities(self, quantities: Any, _context: Context) -> Iterator[Element]:
        for each in quantities:
            children = [
                _leaf(name, _decimal(each[name]) if name == "quantity" else each[name])
                for name in ("epcClass", "quantity", "uom")
                if name in each
            ]
            yield Element("quantityElement", children=children)

    def _typed(self, name: str, parts: Any, context: Context) -> Iterator[Element]:
        for part in parts:
            element = _leaf(TYPED_LISTS[name], part[TYPED_LISTS[name]])
            if "type" in part:
                element.attributes["", "type"] = self._word(_TYPES[name], part["type"], context)
            yield element

    def _place(self, place: Json, context: Context) -> Iterator[Element]:
        yield _leaf("id", place["id"])
        yield from self._extensions(place, context)

    def _persistent_disposition(self, found: Json, context: Context) -> Iterator[Element]:
        for name in ("unset", "set"):
            for word in found.get(name, ()):
                yield _leaf(name, self._word(Word.DISPOSITION, word, context))

    def _error_declaration(self, found: Json, context: Context) -> Iterator[Element]:
        if "declarationTime" in found:
            yield _leaf("declarationTime", found["declarationTime"])
        if "reason" in found:
            yield _leaf("reason", self._word(Word.ERROR_REASON, found["reason"], context))
        if found.get("correctiveEventIDs"):
            children = [_leaf("correctiveEventID", each) for each in found["correctiveEventIDs"]]
            yield Element("correctiveEventIDs", children=children)
        yield from self._extensions(found, context)

    def _sensor_elements(self, elements: Any, context: Context) -> Iterator[Element]:
        for each in elements:
            element = Element("sensorElement")
            if "sensorMetadata" in each:
                element.children.append(
                    self._measured("sensorMetadata", each["sensorMetadata"], context)
                )
            element.children += [
                self._measured("sensorReport", report, context)
                for report in each.get("sensorReport", ())
            ]
            element.children.extend(self._extensions(each, context))
            yield element

    def _measured(self, name: str, fields: Json, context: Context) -> Element:
        element = Element(name)
        context = context.within(fields.get("@context"))
        for field, value in fields.items():
            if field in _REPORT_WORDS and name == "sensorReport":
                # New in CBV 2.0, these have no URN.
                kind = _REPORT_WORDS[field]
                word = canonical_word(kind, context.expand(value))
                element.attributes["", field] = web_address(kind, word)
            elif field in MEASURED:
                element.attributes["", field] = plain(value)
            elif isinstance(value, str | int | float):
                element.attributes[self.namespaces.split(field, context)] = plain(value)
            elif _extends(field, context):
                element.children.extend(write_value(field, value, context, self.namespaces))
        return element

    def _extensions(self, fields: Json, context: Context) -> Iterator[Element]:
        inner = context.within(fields.get("@context"))
        for name, value in fields.items():
            if _extends(name, inner):
                yield from write_value(name, value, inner, self.namespaces)
