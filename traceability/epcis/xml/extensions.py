"""Values of extensions: JSON in elements, and elements in JSON.

An element that repeats is a list; one with children is an object. Numbers and truth values say so
by `xsi:type`, null by `xsi:nil`; whatever says nothing is text. Attributes are fields, and the text
beside them is `rdf:value`, RDF's name for what a structure is the value of:
`<cbvmda:netWeight measurementUnitCode="KGM">3.5</...>` is
`{"measurementUnitCode": "KGM", "rdf:value": "3.5"}`.

XML has no empty list and no list of one: like JSON-LD, it takes the one for nothing and the other
for its only entry.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from traceability.epcis.contexts import Context
from traceability.epcis.jsonld.json_values import number_problem
from traceability.epcis.xml.elements import XSI, Element
from traceability.epcis.xml.names import Namespaces, Prefixes

RDF_VALUE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#value"
_VALUE = "rdf:value"
_INTEGERS = frozenset(
    {
        *("integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger"),
        *("negativeInteger", "nonPositiveInteger"),
        *("unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte"),
    }
)
_FLOATS = frozenset({"double", "float", "decimal"})


def number(text: str) -> float | None:
    """The number in a text as JSON has it, whole where it is; None where there is none."""
    text = text.strip()
    if "_" in text or len(text) > 400:  # noqa: PLR2004 - no double needs more digits
        return None
    try:
        return int(text)
    except ValueError:
        pass
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def truth(text: str) -> bool | None:
    """The truth value in a text; None where there is none."""
    return {"true": True, "1": True, "false": False, "0": False}.get(text.strip())


def is_nil(element: Element) -> bool:
    """Whether the element says that it has no value."""
    return truth(element.attributes.get((XSI, "nil"), "")) is True


def add(fields: dict[str, Any], name: str, value: Any) -> None:
    """Put a value into an object, into a list where the name has one already."""
    if name not in fields:
        fields[name] = value
    elif isinstance(fields[name], list):
        fields[name].append(value)
    else:
        fields[name] = [fields[name], value]


def read_value(element: Element, prefixes: Prefixes) -> Any:
    """The JSON that an element of an extension stands for."""
    if is_nil(element):
        return None
    fields: dict[str, Any] = {}
    for (namespace, name), text in element.attributes.items():
        if namespace != XSI:
            add(fields, prefixes.name(namespace, name), text)
    for child in element.children:
        add(fields, prefixes.name(child.namespace, child.name), read_value(child, prefixes))
    scalar = _scalar(element.text, element.attributes.get((XSI, "type"), ""))
    if not fields:
        return scalar
    if element.text.strip():
        add(fields, _VALUE, scalar)
    return fields


def _scalar(text: str, kind: str) -> Any:
    local = kind.rpartition(":")[2].strip()
    if local == "boolean":
        found = truth(text)
        return text if found is None else found
    if local in _INTEGERS or local in _FLOATS:
        value = number(text)
        return text if value is None or number_problem(value) else value
    return text


def write_value(
    name: str, value: Any, context: Context, namespaces: Namespaces
) -> Iterable[Element]:
    """The elements that stand for JSON under a name."""
    if isinstance(value, list | tuple):
        for each in value:
            yield from write_value(name, each, context, namespaces)
        return
    namespace, local = namespaces.split(name, context)
    element = Element(local, namespace)
    if isinstance(value, Mapping):
        _fill(element, value, context, namespaces)
    else:
        _say(element, value)
    yield element


def _fill(
    element: Element, fields: Mapping[str, Any], context: Context, namespaces: Namespaces
) -> None:
    context = context.within(fields.get("@context"))
    fields = {name: value for name, value in fields.items() if name != "@context"}
    attributes = {
        name: text
        for name, text in fields.items()
        if isinstance(text, str) and ":" not in context.expand(name)
    }
    texts = [name for name in fields if context.expand(name) == RDF_VALUE]
    beside = bool(attributes) and len(texts) == 1 and _is_visible(fields[texts[0]])
    for name, value in fields.items():
        if beside and name == texts[0]:
            _say(element, value)
        elif beside and name in attributes:
            element.attributes[namespaces.split(name, context)] = value
        else:
            element.children.extend(write_value(name, value, context, namespaces))


def _is_visible(value: Any) -> bool:
    """Whether text would be seen beside attributes and children."""
    if isinstance(value, str):
        return bool(value.strip())
    return isinstance(value, int | float)


def _say(element: Element, value: Any) -> None:
    """Put a plain value into an element."""
    if value is None:
        element.attributes[XSI, "nil"] = "true"
        return
    element.text = plain(value)
    if isinstance(value, bool):
        element.attributes[XSI, "type"] = "xsd:boolean"
    elif isinstance(value, int):
        element.attributes[XSI, "type"] = "xsd:integer"
    elif isinstance(value, float):
        element.attributes[XSI, "type"] = "xsd:double"


def plain(value: Any) -> str:
    """A plain value as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
