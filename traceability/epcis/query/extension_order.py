"""Pages in the order of an extension's value.

Numbers and times come first, by size; then texts, by their bytes; then events that have no such
value, by their time. Either direction turns the order around within each of the three. A field
with several values counts by the least, by a number where it has one.

Each of the three is gone through in the order of an index. Where a field has few different texts,
events of each, like those that have none, are a question in the order of time. Where few events
fit, they are sorted.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import partial
from itertools import islice
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    literal,
    not_,
    or_,
    select,
    tuple_,
    union,
)

from traceability.epcis.contexts import context_of
from traceability.epcis.query import tables as q
from traceability.epcis.query.conditions import Condition, EventQuery, Order, Term
from traceability.epcis.query.distinct import distinct_values
from traceability.epcis.query.extensions import add_extensions
from traceability.epcis.query.fields import Section, extension, later, time_of
from traceability.epcis.query.meetings import ANY_NUMBER, narrowed, shapes_of, shapes_with
from traceability.epcis.query.pages import Found, directed, with_documents
from traceability.epcis.query.rows import PRESENT, Rows
from traceability.epcis.query.statements import Source, holding
from traceability.epcis.query.time_pages import TimePages
from traceability.epcis.storable import storable

_ORDER = ("value", "time", "seq")
_FEW = 24
"""Different texts that are gone through one by one."""
_T = q.event_terms.c
_Part = tuple[Source, ColumnElement[Any]]
"""Events, and what they are ordered by."""
_Place = tuple[Any, int, int]
"""Value, time and number, by which events of one kind are ordered."""


class Kind(IntEnum):
    """What an event's field has, in the order in which they come."""

    NUMBER = 0
    TEXT = 1
    NOTHING = 2


@dataclass(frozen=True, slots=True)
class _ExtensionKeys:
    query: EventQuery
    key_types = (int, str, int, int)

    def read_key(self, parts: Sequence[Any]) -> Sequence[Any]:
        """Kind, value, time and number of an event. Raises ValueError, OverflowError."""
        kind = Kind(parts[0])
        return kind, float.fromhex(parts[1]) if kind is Kind.NUMBER else parts[1], *parts[2:]

    def _found(self, kind: Kind, row: Any) -> Found:
        value = float(row.value).hex() if kind is Kind.NUMBER else row.value
        return Found((int(kind), value, row.time, row.seq), row.seq, row.document)


@dataclass(frozen=True, slots=True)
class FewByExtension(_ExtensionKeys):
    """Few events, sorted by what their documents say."""

    fitting: TimePages
    limit: int

    def after(
        self, connection: Connection, key: Sequence[Any] | None, limit: int
    ) -> Sequence[Found]:
        """The first events behind a key."""
        by_kind: dict[Kind, list[tuple[_Place, str]]] = {kind: [] for kind in Kind}
        for each in self.fitting.after(connection, None, self.limit):
            kind, value = _value_of(each.document, self.query.order_field)
            time, seq = each.key
            by_kind[kind].append(((value, time, seq), each.document))
        for found in by_kind.values():
            found.sort(key=itemgetter(0), reverse=self.query.descending)
        every = ((kind, *each) for kind, found in by_kind.items() for each in found)
        behind = (each for each in every if key is None or self._is_behind(*each[:2], tuple(key)))
        return [
            self._found(kind, _Row(*place, document))
            for kind, place, document in islice(behind, limit)
        ]

    def _is_behind(self, kind: Kind, place: _Place, key: tuple[Any, ...]) -> bool:
        if kind is not key[0]:
            return bool(kind > key[0])
        return place < key[1:] if self.query.descending else place > key[1:]


@dataclass(frozen=True, slots=True)
class _Row:
    value: Any
    time: int
    seq: int
    document: str


def _value_of(document: str, names: Sequence[str]) -> tuple[Kind, Any]:
    """Kind and value by which an event counts; of the first of these names that it has."""
    body = json.loads(document)
    context = context_of(body)
    fields = {context.expand(name): value for name, value in body.items()}
    for name in names:
        rows = Rows()
        own = {full: value for full, value in fields.items() if _name(full) == name}
        add_extensions(rows, Section.EVENT, own)
        numbers = [value for found, value in rows.numbers if found in (name, _time(name))]
        texts = [value for found, value in rows.terms if found == name and value != PRESENT]
        if numbers or texts:
            return (Kind.NUMBER, min(numbers)) if numbers else (Kind.TEXT, min(texts))
    return Kind.NOTHING, ""


def _name(full: str) -> str:
    return storable(extension(Section.EVENT, full))


def _time(name: str) -> str:
    return storable(time_of(name))


@dataclass(frozen=True, slots=True)
class ExtensionPages(_ExtensionKeys):
    """Many events, in the order of the index."""

    by_time: Callable[[Connection, EventQuery], TimePages]
    """Plans the same in the order of time."""

    def after(
        self, connection: Connection, key: Sequence[Any] | None, limit: int
    ) -> Sequence[Found]:
        """The first events behind a key."""
        found: list[Found] = []
        for kind in Kind:
            if len(found) < limit and (key is None or kind >= key[0]):
                behind = tuple(key[1:]) if key is not None and kind is key[0] else None
                found += self._of_kind(connection, kind, behind, limit - len(found))
        return found

    def _of_kind(
        self, connection: Connection, kind: Kind, key: _Place | None, limit: int
    ) -> Sequence[Found]:
        match kind:
            case Kind.NUMBER:
                return self._merged(connection, kind, self._numbers(connection), key, limit)
            case Kind.TEXT:
                return self._by_text(connection, key, limit)
            case Kind.NOTHING:
                pages = self.by_time(connection, self._timed()).narrowed(self._lacks)
                return self._alone(connection, pages, kind, "", key, limit)

    def _by_text(self, connection: Connection, key: _Place | None, limit: int) -> Sequence[Found]:
        """Where there are few texts, one after the other: each in the order of time."""
        names = self.query.order_field
        values = [
            value
            for name in names
            for value in distinct_values(connection, _T.value, (_T.name == name,), limit=_FEW + 1)
        ]
        if len(names) > 1 or len(values) > _FEW:
            return self._merged(connection, Kind.TEXT, self._texts(), key, limit)
        found: list[Found] = []
        for value in reversed(values) if self.query.descending else values:
            order = _compared(value, key)
            if len(found) < limit and (order == 0 or (order < 0) == self.query.descending):
                asked = self._timed(Condition("orderBy", (Term(names[0], value),)))
                pages = self.by_time(connection, narrowed(connection, asked))
                pages = pages.narrowed(partial(self._is_least, value))
                behind = key if order == 0 else None
                left = limit - len(found)
                found += self._alone(connection, pages, Kind.TEXT, value, behind, left)
        return found

    def _timed(self, *more: Condition) -> EventQuery:
        """The same question, or part of it, in the order of time."""
        conditions = [*self.query.conditions, *more]
        return replace(self.query, order=Order.EVENT_TIME, conditions=conditions)

    def _alone(
        self,
        connection: Connection,
        pages: TimePages,
        kind: Kind,
        value: str,
        key: _Place | None,
        limit: int,
    ) -> Sequence[Found]:
        """Events that all count by the same."""
        found = pages.after(connection, None if key is None else key[1:], limit)
        return [Found((int(kind), value, *each.key), each.seq, each.document) for each in found]

    def _lacks(self, source: Source) -> Sequence[ColumnElement[bool]]:
        return [_has_none(source, name) for name in self.query.order_field]

    def _is_least(self, text: str, source: Source) -> Sequence[ColumnElement[bool]]:
        """Of an event that has this text: it counts by that, and by no number."""
        (name,) = self.query.order_field
        numbers, least = q.event_numbers.alias(), q.event_terms.alias()
        return [
            _none(numbers, source, numbers.c.name.in_((name, _time(name)))),
            _none(least, source, least.c.name == _later(name), least.c.value == text),
        ]

    def _merged(
        self,
        connection: Connection,
        kind: Kind,
        parts: Sequence[_Part],
        key: _Place | None,
        limit: int,
    ) -> Sequence[Found]:
        if not parts:
            return ()
        limited = [self._limited(*part, key, limit) for part in parts]
        each = union(*(select(part.subquery()) for part in limited)).subquery()
        order = directed([each.c[name] for name in _ORDER], descending=self.query.descending)
        page = select(each).order_by(*order).limit(limit)
        rows = with_documents(connection, page, _ORDER, descending=self.query.descending)
        return [self._found(kind, row) for row in rows]

    def _limited(
        self,
        source: Source,
        value: ColumnElement[Any],
        key: Sequence[Any] | None,
        limit: int,
    ) -> Select[Any]:
        columns = [value, source.time, source.seq]
        statement = select(
            *(each.label(name) for each, name in zip(columns, _ORDER, strict=True))
        ).where(*source.narrowed, *holding(self.query, self.query.conditions, source))
        if key is not None:
            here, there = tuple_(*columns), tuple_(*key)
            statement = statement.where(here < there if self.query.descending else here > there)
        return statement.order_by(*directed(columns, descending=self.query.descending)).limit(limit)

    def _numbers(self, connection: Connection) -> Sequence[_Part]:
        """None where no event that may fit has a number there."""
        names = {each for name in self.query.order_field for each in (name, _time(name))}
        shapes = shapes_of(self.query)
        if shapes is not None and not shapes & shapes_with(connection, names, ANY_NUMBER):
            return ()
        parts: list[_Part] = []
        for place, name in enumerate(self.query.order_field):
            own = (name, _time(name))
            for each in own:
                numbers, less = q.event_numbers.alias(), q.event_numbers.alias()
                source = Source(numbers, [])
                narrowed = [
                    numbers.c.name == each,
                    _none(less, source, less.c.name.in_(own), less.c.value < numbers.c.value),
                    *(_has_none(source, other) for other in self.query.order_field[:place]),
                ]
                parts.append((Source(numbers, narrowed), numbers.c.value))
        return parts

    def _texts(self) -> Sequence[_Part]:
        parts: list[_Part] = []
        for place, name in enumerate(self.query.order_field):
            terms, numbers = q.event_terms.alias(), q.event_numbers.alias()
            least = q.event_terms.alias()
            source = Source(terms, [])
            narrowed = [
                terms.c.name == name,
                terms.c.value != PRESENT,
                _none(numbers, source, numbers.c.name.in_((name, _time(name)))),
                _none(least, source, least.c.name == _later(name), least.c.value == terms.c.value),
                *(_has_none(source, other) for other in self.query.order_field[:place]),
            ]
            parts.append((Source(terms, narrowed), terms.c.value))
        return parts


def _compared(value: str, key: _Place | None) -> int:
    """Less than, greater than or equal to zero, as a text is to that of a key; 0 without one."""
    if key is None or value == key[0]:
        return 0
    return -1 if value.encode() < str(key[0]).encode() else 1


def _later(name: str) -> str:
    return storable(later(name))


def _has_none(source: Source, name: str) -> ColumnElement[bool]:
    """An event has no value of that field: it isn't there, or is there without one of its own."""
    there, empty = q.event_terms.alias(), q.event_terms.alias()
    return or_(
        _none(there, source, there.c.name == name, there.c.value == PRESENT),
        not_(_none(empty, source, empty.c.name == _later(name), empty.c.value == PRESENT)),
    )


def _none(table: Any, source: Source, *holds: ColumnElement[bool]) -> ColumnElement[bool]:
    """No row of the same event for which this holds."""
    same = and_(*holds, table.c.event_time_ms == source.time, table.c.seq == source.seq)
    # With an offset PostgreSQL doesn't make a join of it.
    return ~select(literal(1)).where(same).limit(1).offset(0).exists()
