"""Index rows of extensions: fields that the standard doesn't know, at any depth.

A field has a row that says that it is there, unless it is empty. A text has its own row, and one
more where it can be read as a number or a time, because documents made of XML have texts only.
Elements of a list count as fields of one name. Of an object with `@value` (JSON-LD), `rdf:value`
(text beside the attributes of an XML element) or `#text` (what XML converters write), that is the
field's own value; other keys with such signs are none.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from traceability.epcis.contexts import GS1_PREFIXES
from traceability.epcis.query.fields import Section, extension, later, time_of
from traceability.epcis.query.rows import Rows
from traceability.epcis.query.values import number_of, time_ms_of
from traceability.epcis.storable import storable

_OWN_VALUE = ("@value", f"{GS1_PREFIXES['rdf']}value", "#text")
_SIGNS = ("@", "#")
_OF_EVENTS = extension(Section.EVENT, "")
_INSIDE = extension(Section.EVENT, "", inner=True)


def add_extensions(rows: Rows, section: Section, fields: Mapping[str, Any]) -> None:
    """Add rows of every field in this mapping, and of those inside them."""
    _add_fields(rows, section, fields, inner=False)


def add_order(rows: Rows) -> None:
    """Add what tells how events are ordered by their extensions: few need that said.

    An event comes once, by its least text; and where a field has no value of its own.
    """
    texts: dict[str, list[str]] = {}
    for name, text in rows.terms:
        if name.startswith(_OF_EVENTS) and not name.startswith(_INSIDE):
            texts.setdefault(name, []).append(text)
    numbered = {name for name, _ in rows.numbers}
    for name, found in texts.items():
        _, *others = sorted(found)  # the empty one says that the field is there
        if others[1:]:
            for each in others[1:]:
                rows.add_text(later(name), each)
        elif not others and numbered.isdisjoint((name, storable(time_of(name)))):
            rows.add_presence(later(name))


def _add_fields(rows: Rows, section: Section, fields: Mapping[str, Any], *, inner: bool) -> None:
    for name, value in fields.items():
        if not name.startswith(_SIGNS):
            _add(rows, section, extension(section, name, inner=inner), value)


def _add(rows: Rows, section: Section, name: str, value: Any) -> None:
    match value:
        case None | "":
            pass
        case bool():
            rows.add_presence(name)
            rows.add_text(name, "true" if value else "false")
        case int() | float():
            rows.add_presence(name)
            rows.add_number(name, value)
        case str():
            rows.add_presence(name)
            _add_text(rows, name, value)
        case Mapping():
            _add_object(rows, section, name, value)
        case Sequence():
            for each in value:
                _add(rows, section, name, each)


def _add_object(rows: Rows, section: Section, name: str, value: Mapping[str, Any]) -> None:
    if value:
        rows.add_presence(name)
    for key in _OWN_VALUE:
        if key in value:
            _add(rows, section, name, value[key])
    _add_fields(rows, section, value, inner=True)


def _add_text(rows: Rows, name: str, text: str) -> None:
    rows.add_text(name, text)
    number = number_of(text)
    if number is not None:
        rows.add_number(name, number)
        return
    at_ms = time_ms_of(text)
    if at_ms is not None:
        rows.add_number(time_of(name), at_ms)
