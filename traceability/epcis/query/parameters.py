"""The parameters of SimpleEventQuery (GS1 EPCIS 2.0, section 8.2.7.1; REST binding).

Every parameter is read, checked and brought into the form in which events are indexed: GS1 keys
as canonical Digital Link addresses, words of the CBV bare, names of extensions in full, numbers in
base units. Parameters of one name are one; values of a list fit where one of them does.

In an address, values of a list are parted by `|`, or the parameter is repeated. In a body, a list
is a JSON array.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from traceability.epcis.contexts import DEFAULT, Context
from traceability.epcis.event_types import STANDARD_TYPES, canonical_type
from traceability.epcis.identifiers import canonical, check, is_pattern, match_prefixes
from traceability.epcis.query.conditions import (
    Atom,
    Column,
    Comparison,
    Condition,
    EventId,
    EventQuery,
    NumberBetween,
    Order,
    Term,
    TermBetween,
    Within,
)
from traceability.epcis.query.families import (
    Names,
    atoms_of,
    compared,
    fact,
    field_names,
    word,
)
from traceability.epcis.query.fields import ANY_CLASS, ANY_EPC, Field, Section, measured
from traceability.epcis.query.given import Given, shown
from traceability.epcis.query.rows import PRESENT
from traceability.epcis.query.series import span_of
from traceability.epcis.query.values import after
from traceability.epcis.storable import storable
from traceability.epcis.vocabulary import Word
from traceability.errors import QueryParameterError, QueryTooComplexError

MOST_PER_PAGE = 1000
"""`perPage` beyond it is cut to it, as the REST binding allows."""
MOST_CONDITIONS = 200
"""Parameters that filter; SQLite reads no deeper expressions than 1,000."""
MOST_ATOMS = 10_000
"""Comparisons of all parameters together; PostgreSQL takes 65,535 values at once."""
MOST_RANGES = 1_000
"""Ranges of keys that patterns stand for, one or ten for each field; each is a look-up."""
_ACTIONS = {"ADD", "OBSERVE", "DELETE"}
_SINGLE = ("GT_", "GE_", "LT_", "LE_")
_SINGLE_NAMES = {
    "orderBy",
    "orderDirection",
    "eventCountLimit",
    "maxEventCount",
    "perPage",
    "nextPageToken",
    "EQ_booleanValue",
}


def parse_query(items: Iterable[tuple[str, str]], context: Names | None = None) -> EventQuery:
    """Read the parameters of an address, names and values decoded. Raises QueryParameterError.

    `context` knows the prefixes of the GS1-Extensions header.
    """
    given: dict[str, list[str]] = {}
    for name, value in items:
        if name == "nextPageToken" and not value:
            continue  # the first page, as generated clients say it
        is_single = name in _SINGLE_NAMES or name.startswith(_SINGLE)
        given.setdefault(name, []).extend([value] if is_single else value.split("|"))
    return _read([Given(name, values) for name, values in given.items()], _known(context))


def parse_query_body(query: Mapping[str, Any], context: Names | None = None) -> EventQuery:
    """Read the `query` of a named query. Raises QueryParameterError.

    Its own `@context` counts, else `context`.
    """
    names = _known(context) if "@context" not in query else Context.of(query["@context"])
    given = [
        Given(name, value if isinstance(value, list) else [value])
        for name, value in query.items()
        if name != "@context"
    ]
    return _read(given, names)


def _known(context: Names | None) -> Names:
    return DEFAULT if context is None else context


def _read(parameters: Sequence[Given], names: Names) -> EventQuery:
    query = EventQuery()
    conditions: list[Condition] = []
    for given in parameters:
        _check_characters(given)
        if given.name in _SETTINGS:
            query = _SETTINGS[given.name](query, given, names)
            continue
        atoms = _atoms(given, names)
        if atoms is None:
            given.refuse("is no parameter of SimpleEventQuery")
        if atoms:
            conditions.append(Condition(given.name, tuple(dict.fromkeys(atoms))))
    _check_limits(query, {given.name for given in parameters})
    _check_complexity(conditions)
    return replace(query, conditions=tuple(conditions))


def _check_characters(given: Given) -> None:
    for text in (given.name, *(each for each in given.values if isinstance(each, str))):
        if "\0" in text or text.encode(errors="replace").decode() != text:
            given.refuse("has a character that stands in no text")


def _check_limits(query: EventQuery, names: set[str]) -> None:
    if query.event_count_limit is not None:
        if query.max_event_count is not None:
            raise QueryParameterError("eventCountLimit", "doesn't go with maxEventCount")
        if "orderBy" not in names:
            raise QueryParameterError("eventCountLimit", "needs orderBy, or 'first' has no meaning")


def _check_complexity(conditions: Sequence[Condition]) -> None:
    if len(conditions) > MOST_CONDITIONS:
        msg = f"the query has {len(conditions)} conditions, at most {MOST_CONDITIONS} are read"
        raise QueryTooComplexError(msg)
    atoms = [atom for each in conditions for atom in each.any_of]
    if len(atoms) > MOST_ATOMS:
        msg = f"the query's values make {len(atoms)} comparisons, at most {MOST_ATOMS} are done"
        raise QueryTooComplexError(msg)
    ranges = sum(isinstance(atom, TermBetween | NumberBetween) for atom in atoms)
    if ranges > MOST_RANGES:
        msg = f"the query's patterns make {ranges} ranges of keys, at most {MOST_RANGES} are read"
        raise QueryTooComplexError(msg)


def _atoms(given: Given, names: Names) -> Sequence[Atom] | None:
    read = _PARAMETERS.get(given.name)
    return atoms_of(given, names) if read is None else read(given, names)


# Settings: order, limits, pages, and the two times that every event has


def _from_event_time(query: EventQuery, given: Given, _names: Names) -> EventQuery:
    return replace(query, event_time=replace(query.event_time, start=given.time_ms()))


def _until_event_time(query: EventQuery, given: Given, _names: Names) -> EventQuery:
    return replace(query, event_time=replace(query.event_time, end=given.time_ms()))


def _from_record_time(query: EventQuery, given: Given, _names: Names) -> EventQuery:
    return replace(query, record_time=replace(query.record_time, start=given.time_ms()))


def _until_record_time(query: EventQuery, given: Given, _names: Names) -> EventQuery:
    return replace(query, record_time=replace(query.record_time, end=given.time_ms()))


def _order_by(query: EventQuery, given: Given, names: Names) -> EventQuery:
    field = given.single()
    if field in (Order.EVENT_TIME, Order.RECORD_TIME):
        return replace(query, order=Order(field))
    if not isinstance(field, str) or ":" not in field:
        given.refuse("takes eventTime, recordTime or the name of an extension")
    found = tuple(field_names(Section.EVENT, field, names))
    return replace(query, order=Order.EXTENSION, order_field=found)


def _order_direction(query: EventQuery, given: Given, _names: Names) -> EventQuery:
    direction = given.single()
    if direction not in ("ASC", "DESC"):
        given.refuse("takes ASC or DESC")
    return replace(query, descending=direction == "DESC")


def _event_count_limit(query: EventQuery, given: Given, _names: Names) -> EventQuery:
    return replace(query, event_count_limit=given.count(1))


def _max_event_count(query: EventQuery, given: Given, _names: Names) -> EventQuery:
    return replace(query, max_event_count=given.count(0))


def _per_page(query: EventQuery, given: Given, _names: Names) -> EventQuery:
    return replace(query, per_page=min(given.count(1), MOST_PER_PAGE))


def _page_token(query: EventQuery, given: Given, _names: Names) -> EventQuery:
    (token,) = given.texts()[:1]
    return replace(query, page_token=token)


_SETTINGS: Mapping[str, Callable[[EventQuery, Given, Names], EventQuery]] = {
    "GE_eventTime": _from_event_time,
    "LT_eventTime": _until_event_time,
    "GE_recordTime": _from_record_time,
    "LT_recordTime": _until_record_time,
    "orderBy": _order_by,
    "orderDirection": _order_direction,
    "eventCountLimit": _event_count_limit,
    "maxEventCount": _max_event_count,
    "perPage": _per_page,
    "nextPageToken": _page_token,
}


# Parameters of one name

_Reader = Callable[[Given, Names], Sequence[Atom]]


def _event_types(given: Given, names: Names) -> Sequence[Atom]:
    types = [canonical_type(text, names.expand) for text in given.texts()]
    for kind in types:
        if kind not in STANDARD_TYPES and ":" not in kind:
            given.refuse(f"{kind} is no type of event")
    return fact(Column.TYPE, [storable(kind) for kind in types])


def _actions(given: Given, _names: Names) -> Sequence[Atom]:
    for text in given.texts():
        if text not in _ACTIONS:
            given.refuse(f"takes ADD, OBSERVE or DELETE, not {text}")
    return fact(Column.ACTION, given.texts())


def _words(column: Column, kind: Word) -> _Reader:
    def read(given: Given, names: Names) -> Sequence[Atom]:
        return fact(column, [word(kind, text, names) for text in given.texts()])

    return read


def _word_terms(field: Field, kind: Word) -> _Reader:
    def read(given: Given, names: Names) -> Sequence[Atom]:
        return [Term(field, word(kind, text, names)) for text in given.texts()]

    return read


def _places(column: Column) -> _Reader:
    def read(given: Given, _names: Names) -> Sequence[Atom]:
        return fact(column, [storable(canonical(text)) for text in given.texts()])

    return read


def _within(column: Column) -> _Reader:
    def read(given: Given, _names: Names) -> Sequence[Atom]:
        return [Within(column, storable(canonical(text))) for text in given.texts()]

    return read


def _identifiers(*fields: Field) -> _Reader:
    def read(given: Given, _names: Names) -> Sequence[Atom]:
        return [
            Term(field, storable(canonical(text))) for text in given.texts() for field in fields
        ]

    return read


def _matches(*fields: Field) -> _Reader:
    """Objects by identifier or pattern (section 8.2.7.1.1)."""

    def read(given: Given, _names: Names) -> Sequence[Atom]:
        atoms: list[Atom] = []
        for text in given.texts():
            wrong = check(text) if is_pattern(text) else None
            if wrong is not None:
                given.refuse(f"{shown(text)}: {wrong}")
            exact, beginnings = match_prefixes(text)
            atoms += [Term(field, storable(each)) for field in fields for each in exact]
            atoms += [_begins(field, each) for field in fields for each in beginnings]
        return atoms

    return read


def _begins(field: Field, beginning: str) -> Atom:
    span = span_of(beginning)
    if span is None:
        return TermBetween(field, beginning, after(beginning))
    return NumberBetween(measured(field, span.key), span.low, span.high)


def _event_ids(given: Given, _names: Names) -> Sequence[Atom]:
    return [EventId(text) for text in given.texts()]


def _exists(field: Field) -> _Reader:
    def read(_given: Given, _names: Names) -> Sequence[Atom]:
        # Its value means nothing, by the standard.
        return [Term(field, PRESENT)]

    return read


def _time(field: Field, comparison: Comparison) -> _Reader:
    def read(given: Given, _names: Names) -> Sequence[Atom]:
        return compared(field, comparison, [given.time_ms()])

    return read


_PARAMETERS: Mapping[str, _Reader] = {
    "eventType": _event_types,
    "EQ_eventType": _event_types,
    "EQ_action": _actions,
    "EQ_bizStep": _words(Column.BIZ_STEP, Word.BIZ_STEP),
    "EQ_disposition": _words(Column.DISPOSITION, Word.DISPOSITION),
    "EQ_persistentDisposition_set": _word_terms(Field.SET, Word.DISPOSITION),
    "EQ_persistentDisposition_unset": _word_terms(Field.UNSET, Word.DISPOSITION),
    "EQ_readPoint": _places(Column.READ_POINT),
    "WD_readPoint": _within(Column.READ_POINT),
    "EQ_bizLocation": _places(Column.BIZ_LOCATION),
    "WD_bizLocation": _within(Column.BIZ_LOCATION),
    "EQ_transformationID": _identifiers(Field.TRANSFORMATION),
    "EQ_certificationInfo": _identifiers(Field.CERTIFICATION),
    "MATCH_epc": _matches(Field.EPC),
    "MATCH_parentID": _matches(Field.PARENT),
    "MATCH_inputEPC": _matches(Field.INPUT_EPC),
    "MATCH_outputEPC": _matches(Field.OUTPUT_EPC),
    "MATCH_anyEPC": _matches(*ANY_EPC),
    "MATCH_epcClass": _matches(Field.CLASS),
    "MATCH_inputEPCClass": _matches(Field.INPUT_CLASS),
    "MATCH_outputEPCClass": _matches(Field.OUTPUT_CLASS),
    "MATCH_anyEPCClass": _matches(*ANY_CLASS),
    "EQ_eventID": _event_ids,
    "EXISTS_errorDeclaration": _exists(Field.ERROR),
    # The standard's text has the first names, its query schema the second.
    "GE_errorDeclarationTime": _time(Field.ERROR_TIME, Comparison.GE),
    "LT_errorDeclarationTime": _time(Field.ERROR_TIME, Comparison.LT),
    "GE_errorDeclaration_Time": _time(Field.ERROR_TIME, Comparison.GE),
    "LT_errorDeclaration_Time": _time(Field.ERROR_TIME, Comparison.LT),
    "EQ_errorReason": _word_terms(Field.ERROR_REASON, Word.ERROR_REASON),
    "EQ_correctiveEventID": lambda given, _names: [
        Term(Field.CORRECTIVE, storable(text)) for text in given.texts()
    ],
    "EXISTS_sensorElementList": _exists(Field.SENSOR_ELEMENT),
}
