"""Parameters that come in families: a comparison and the name of a field in one word.

Sources: GS1 EPCIS 2.0, section 8.2.7.1; the pattern properties of the query schema of its REST
binding.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from traceability.epcis.contexts import namespace_of
from traceability.epcis.identifiers import canonical
from traceability.epcis.query.conditions import (
    Atom,
    Column,
    Comparison,
    Fact,
    HasAttribute,
    Number,
    Term,
)
from traceability.epcis.query.fields import (
    SENSOR_ADDRESSES,
    Field,
    Section,
    extension,
    measured,
    sensor,
    time_of,
)
from traceability.epcis.query.given import Given, shown, unspaced
from traceability.epcis.query.rows import PRESENT
from traceability.epcis.query.values import base_value, number_of, time_ms_of
from traceability.epcis.storable import storable
from traceability.epcis.vocabulary import Word, canonical_word


class Names(Protocol):
    """What makes full names of prefixed ones: a JSON-LD context."""

    def expand(self, name: str) -> str:
        """The full name; one that has no known prefix as it is."""


_SECTIONS = {
    "": Section.EVENT,
    "ILMD_": Section.ILMD,
    "ERROR_DECLARATION_": Section.ERROR,
    "SENSORELEMENT_": Section.ELEMENT,
    "SENSORMETADATA_": Section.METADATA,
    "SENSORREPORT_": Section.REPORT,
    "readPoint_": Section.READ_POINT,
    "bizLocation_": Section.BIZ_LOCATION,
}
_EXTENSION = re.compile(
    r"(?P<operator>EQ|GT|GE|LT|LE|EXISTS)_(?P<inner>INNER_)?"
    r"(?P<section>ILMD_|ERROR_DECLARATION_|SENSORELEMENT_|SENSORMETADATA_|SENSORREPORT_"
    # Fields inside of others need no namespace.
    r"|readPoint_|bizLocation_)?(?P<name>[^:]+:.+|(?(inner)[^:]+|(?!)))",
    re.DOTALL,
)
_QUANTITY = re.compile(r"(EQ|GT|GE|LT|LE)_quantity(?:_(.+))?")
_VALUE = re.compile(
    r"(EQ|GT|GE|LT|LE)_(?:SENSORREPORT_)?(value|minValue|maxValue|meanValue|sDev|percValue)"
    r"(?:_(.+))?",
)
_RANK = re.compile(r"(EQ|GT|GE|LT|LE)_(?:SENSORREPORT_)?percRank", re.ASCII)
_SENSOR = re.compile(
    r"(?P<operator>EQ|GT|GE|LT|LE)_(?P<section>SENSORMETADATA_|SENSORREPORT_)?(?P<name>\w+)",
    re.ASCII,
)
_TYPED = re.compile(r"EQ_(bizTransaction|source|destination)_(.+)")
_ATTRIBUTE = re.compile(r"(HASATTR|EQ_?ATTR)_(.+)")

_METADATA_TEXTS = ("deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules")
_METADATA_TIMES = ("time", "startTime", "endTime")
_REPORT_TEXTS = (
    *("type", "exception", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod"),
    *("microorganism", "chemicalSubstance", "component", "stringValue", "booleanValue"),
    *("hexBinaryValue", "uriValue", "coordinateReferenceSystem"),
)
_REPORT_TIMES = ("time",)
_WORDS = {
    "type": Word.MEASUREMENT,
    "exception": Word.ALARM_CONDITION,
    "component": Word.COMPONENT,
}
_COLUMNS = {
    "bizStep": Column.BIZ_STEP,
    "disposition": Column.DISPOSITION,
    "readPoint": Column.READ_POINT,
    "bizLocation": Column.BIZ_LOCATION,
}
_DESCRIBED: Mapping[str, Column | tuple[str, ...]] = {
    **_COLUMNS,
    "bizTransaction": (Field.TRANSACTION,),
    "source": (Field.SOURCE,),
    "destination": (Field.DESTINATION,),
    "epcClass": (Field.CLASS, Field.INPUT_CLASS, Field.OUTPUT_CLASS),
}
"""Fields of the standard whose values come from a vocabulary (GS1 EPCIS 2.0, section 7.2)."""


def atoms_of(given: Given, names: Names) -> Sequence[Atom] | None:
    """What a parameter of a family asks for; None where it belongs to none, empty for nothing.

    Raises QueryParameterError where its value is none that it takes.
    """
    for read in (_quantity, _value, _rank, _sensor, _party, _attribute, _extension):
        atoms = read(given, names)
        if atoms is not None:
            return atoms
    return None


def word(kind: Word, text: str, names: Names) -> str:
    """A word of the CBV bare, another in full, whatever form it came in."""
    return storable(canonical_word(kind, names.expand(text) if ":" in text else text))


def field_names(section: Section, name: str, names: Names, *, inner: bool = False) -> list[str]:
    """The names under which an extension is indexed.

    The standard joins namespace and local name by `#`, JSON-LD joins them as they are: a full name
    with `#` stands for either. With nothing before the `#` it has no namespace.
    """
    full = names.expand(name)
    forms = [full]
    namespace, sign, local = full.rpartition("#")
    if sign and full == name:
        forms = [full, f"{namespace_of(namespace)}{local}"] if namespace else [local]
    return [storable(extension(section, form, inner=inner)) for form in forms]


def compared(name: str, comparison: Comparison, numbers: Sequence[float]) -> list[Atom]:
    """A field's number compares so with one of these."""
    return [Number(name, comparison, number) for number in numbers]


def _numbers(given: Given, comparison: Comparison) -> Sequence[float]:
    return given.numbers() if comparison is Comparison.EQ else [given.number()]


def _quantity(given: Given, _names: Names) -> Sequence[Atom] | None:
    match = _QUANTITY.fullmatch(given.name)
    if match is None:
        return None
    return _measured(given, Comparison(match[1]), Field.QUANTITY, Field.QUANTITY, match[2])


def _value(given: Given, _names: Names) -> Sequence[Atom] | None:
    match = _VALUE.fullmatch(given.name)
    if match is None:
        return None
    name = sensor(Section.REPORT, match[2])
    if match[3] is None:
        name = measured(name, "")
    return _measured(given, Comparison(match[1]), name, match[2], match[3])


def _measured(
    given: Given, comparison: Comparison, name: str, attribute: str, uom: str | None
) -> Sequence[Atom]:
    numbers = _numbers(given, comparison)
    if uom is None:
        return compared(name, comparison, numbers)
    atoms: list[Atom] = []
    for number in numbers:
        based = base_value(attribute, number, uom)
        if based is None:
            given.refuse(f"{number} {uom} is too large")
        atoms.append(Number(measured(name, based[0]), comparison, based[1]))
    return atoms


def _rank(given: Given, _names: Names) -> Sequence[Atom] | None:
    match = _RANK.fullmatch(given.name)
    if match is None:
        return None
    comparison = Comparison(match[1])
    return compared(sensor(Section.REPORT, "percRank"), comparison, _numbers(given, comparison))


def _sensor(given: Given, names: Names) -> Sequence[Atom] | None:
    match = _SENSOR.fullmatch(given.name)
    if match is None:
        return None
    comparison, attribute = Comparison(match["operator"]), match["name"]
    fields = {
        "SENSORMETADATA_": ((Section.METADATA, _METADATA_TEXTS, _METADATA_TIMES),),
        "SENSORREPORT_": ((Section.REPORT, _REPORT_TEXTS, _REPORT_TIMES),),
    }.get(
        match["section"] or "",
        (
            (Section.METADATA, _METADATA_TEXTS, _METADATA_TIMES),
            (Section.REPORT, _REPORT_TEXTS, _REPORT_TIMES),
        ),
    )
    atoms: list[Atom] = []
    for section, texts, times in fields:
        if attribute in texts and comparison is Comparison.EQ:
            atoms += _sensor_texts(given, section, attribute, names)
        if attribute in times:
            atoms.append(Number(sensor(section, attribute), comparison, given.time_ms()))
    return atoms or None


def _sensor_texts(given: Given, section: Section, attribute: str, names: Names) -> Iterator[Term]:
    is_flag = attribute == "booleanValue"
    texts = [str(given.flag()).lower()] if is_flag else given.texts()
    for text in texts:
        yield Term(sensor(section, attribute), _sensor_text(attribute, text, names))


def _sensor_text(attribute: str, text: str, names: Names) -> str:
    if attribute in _WORDS:
        return word(_WORDS[attribute], text, names)
    if attribute == "hexBinaryValue":
        return storable(text.upper())
    return storable(canonical(text) if attribute in SENSOR_ADDRESSES else text)


def _party(given: Given, names: Names) -> Sequence[Atom] | None:
    match = _TYPED.fullmatch(given.name)
    if match is None:
        return None
    field, kind = Field(match[1]), match[2]
    words = Word.BIZ_TRANSACTION_TYPE if field is Field.TRANSACTION else Word.SOURCE_DEST_TYPE
    name = storable(f"{field}/{word(words, kind, names)}")
    return [Term(name, storable(canonical(text))) for text in given.texts()]


def _attribute(given: Given, names: Names) -> Sequence[Atom] | None:
    match = _ATTRIBUTE.fullmatch(given.name)
    if match is None:
        return None
    if match[1] == "HASATTR":
        of = _attribute_of(given, match[2], names)
        return [HasAttribute(of, names.expand(text)) for text in given.texts()]
    field, _, attribute = match[2].partition("_")
    if field not in _DESCRIBED:
        # Both are full or prefixed names: they part at the first _ with a colon on either side.
        field, attribute = next(
            (
                (match[2][:at], match[2][at + 1 :])
                for at, sign in enumerate(match[2])
                if sign == "_" and ":" in match[2][:at] and ":" in match[2][at:]
            ),
            (field, attribute),
        )
    if not attribute:
        given.refuse("names no attribute")
    of = _attribute_of(given, field, names)
    return [HasAttribute(of, names.expand(attribute), tuple(given.texts()))]


def _attribute_of(given: Given, field: str, names: Names) -> Column | tuple[str, ...]:
    if field in _DESCRIBED:
        return _DESCRIBED[field]
    if ":" not in field:
        given.refuse(f"{field} is no field that has master data")
    return tuple(field_names(Section.EVENT, field, names))


def _extension(given: Given, names: Names) -> Sequence[Atom] | None:
    match = _EXTENSION.fullmatch(given.name)
    if match is None:
        return None
    found = field_names(
        _SECTIONS[match["section"] or ""], match["name"], names, inner=match["inner"] is not None
    )
    if match["operator"] == "EXISTS":
        return [Term(name, PRESENT) for name in found]
    comparison = Comparison(match["operator"])
    if comparison is Comparison.EQ:
        given.check_count()
        return [
            atom for name in found for value in given.values for atom in _equal(given, name, value)
        ]
    return [_unequal(given, name, comparison) for name in found]


def _equal(given: Given, name: str, value: object) -> Iterator[Atom]:
    """A text may be meant as text, number or time: it fits whatever the field is."""
    if isinstance(value, bool):
        yield Term(name, "true" if value else "false")
        return
    if isinstance(value, str) and value:
        yield Term(name, storable(value))
        number, at_ms = number_of(value.strip()), time_ms_of(unspaced(value))
        if number is not None:
            yield Number(name, Comparison.EQ, number)
        if at_ms is not None:
            yield Number(time_of(name), Comparison.EQ, at_ms)
        return
    yield from compared(name, Comparison.EQ, Given(given.name, [value]).numbers())


def _unequal(given: Given, name: str, comparison: Comparison) -> Atom:
    value = given.single()
    if isinstance(value, str) and number_of(value.strip()) is None:
        at_ms = time_ms_of(unspaced(value))
        if at_ms is None:
            given.refuse(f"{shown(value)} is no number, time with an offset, or date")
        return Number(time_of(name), comparison, at_ms)
    return Number(name, comparison, given.number())


def fact(column: Column, texts: Sequence[str]) -> list[Atom]:
    """A column has one of these texts."""
    return [Fact(column, text) for text in texts]
