"""SQL for the atoms of a question.

A condition is asked of an event in two ways. As a *probe* it filters events that are found
otherwise: one look-up by key each. As a *source* it finds the events itself, in the order of
their time where its index has that order.

Columns in probes stand in expressions that no index serves. Else a database without statistics
takes any index with an equality, reads all that it holds and sorts it, for a page of thirty.
"""

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    false,
    literal,
    or_,
    select,
    union_all,
)

from traceability import tables as t
from traceability.epcis.query import tables as q
from traceability.epcis.query.conditions import (
    Atom,
    Comparison,
    Condition,
    EventId,
    EventQuery,
    Fact,
    Number,
    NumberBetween,
    Order,
    Shape,
    Span,
    Term,
    TermBetween,
)

C = TypeVar("C", str, float, int)

_COMPARED: Mapping[Comparison, Callable[[Any, float], ColumnElement[bool]]] = {
    Comparison.GT: operator.gt,
    Comparison.GE: operator.ge,
    Comparison.LT: operator.lt,
    Comparison.LE: operator.le,
}
_F = q.event_facts.c
_MOST_UNITED = 400
"""SQLite unites up to 500 look-ups at once."""
MOST_SORTED = 24
"""So many look-ups are merged in order; more would be allowed, but each costs."""


@dataclass(frozen=True, slots=True)
class Source:
    """A table that gives events by their time, narrowed to some of them."""

    table: FromClause
    narrowed: Sequence[ColumnElement[bool]]
    repeats: bool = False
    """It may give an event more than once."""
    in_order: bool = True
    """Its index has the order of time."""

    @property
    def seq(self) -> ColumnElement[int]:
        """The event's number."""
        column: ColumnElement[int] = self.table.c.seq
        return column

    @property
    def cheapest(self) -> ColumnElement[Any]:
        """The column in whose order the index gives its events soonest."""
        return self.table.c.value if self.repeats else self.time

    @property
    def time(self) -> ColumnElement[int]:
        """The event's time."""
        column: ColumnElement[int] = self.table.c.event_time_ms
        return column


FACTS = Source(q.event_facts, ())


def sorted_sources(condition: Condition) -> Sequence[Source] | None:
    """Look-ups that each give their events by time; None where there are none such."""
    if len(condition.any_of) > MOST_SORTED:
        return None
    sources: list[Source] = []
    for atom in condition.any_of:
        match atom:
            case Fact():
                sources.append(Source(q.event_facts, [_column(atom) == atom.value]))
            case Shape():
                sources.append(Source(q.event_facts, [_F.shape == atom.id]))
            case Term():
                terms = q.event_terms.alias()
                narrowed = [terms.c.name == atom.name, terms.c.value == atom.value]
                sources.append(Source(terms, narrowed))
            case Number() | NumberBetween():
                numbers = q.event_numbers.alias()
                narrowed = [numbers.c.name == atom.name, *_numbered(numbers.c.value, [atom])]
                sources.append(Source(numbers, narrowed, repeats=True))
            case _:
                return None
    return sources


def seqs(condition: Condition) -> Select[Any]:
    """The numbers of all events for which it holds, in no order, some perhaps twice."""
    parts = [
        *(select(_F.seq).where(_any_fact(column)) for column in _facts(condition.any_of)),
        *(select(_F.seq).where(_one_of(_F.shape, found)) for found in _shapes(condition.any_of)),
        *(_term_seqs(name, values) for name, values in _terms(condition.any_of)),
        *_id_seqs(condition.any_of),
        *_number_seqs(condition.any_of),
        *_range_seqs(condition.any_of),
    ]
    return _gathered(parts) if parts else select(_F.seq).where(false())


def probe(condition: Condition, source: Source) -> ColumnElement[bool]:
    """Whether it holds for an event of a source."""
    shapes = condition.shapes
    told = condition.any_of if shapes is None else tuple(map(Shape, shapes))
    facts = [
        _one_of(_column(group[0]).concat(""), [fact.value for fact in group])
        for group in _facts(told)
    ]
    facts += [_one_of(_F.shape + 0, found) for found in _shapes(told)]
    if facts and source.table is not q.event_facts:
        facts = [_has_facts(source, or_(*facts))]
    parts: list[ColumnElement[bool]] = [
        *facts,
        *(_has_term(source, name, values) for name, values in _terms(condition.any_of)),
    ]
    parts += (_has_number(source, numbers) for numbers in _numbers(condition.any_of))
    elsewhere = [*_id_seqs(condition.any_of), *_range_seqs(condition.any_of)]
    if elsewhere:
        parts.append(source.seq.in_(_gathered(elsewhere)))
    return or_(false(), *parts)


def holding(
    query: EventQuery, conditions: Sequence[Condition], source: Source
) -> list[ColumnElement[bool]]:
    """What an event of a source must keep beside the order: spans and these conditions."""
    return [
        *_in_spans(query, source),
        *(probe(condition, source) for condition in conditions),
    ]


def recorded_within(span: Span) -> list[ColumnElement[bool]]:
    """The facts of events that were captured in a span."""
    return within(_F.record_time_ms, span)


def _in_spans(query: EventQuery, source: Source) -> list[ColumnElement[bool]]:
    """In the query's spans; the time that orders the events may be looked up in the index."""
    if source.table is not q.event_facts:
        captured = within(_F.record_time_ms, query.record_time)
        return [
            *within(source.time, query.event_time),
            *([_has_facts(source, and_(*captured))] if captured else ()),
        ]
    happened: ColumnElement[int] = _F.event_time_ms
    recorded: ColumnElement[int] = _F.record_time_ms
    if not source.in_order or query.order is Order.RECORD_TIME:
        happened = happened + 0
    if not source.in_order or query.order is not Order.RECORD_TIME:
        recorded = recorded + 0
    return [*within(happened, query.event_time), *within(recorded, query.record_time)]


def within(column: ColumnElement[int], span: Span) -> list[ColumnElement[bool]]:
    """A time lies in a span."""
    parts = []
    if span.start is not None:
        parts.append(column >= span.start)
    if span.end is not None:
        parts.append(column < span.end)
    return parts


def _column(atom: Fact) -> ColumnElement[str]:
    column: ColumnElement[str] = _F[atom.column]
    return column


def _facts(atoms: Iterable[Atom]) -> list[list[Fact]]:
    """Facts by column."""
    facts = sorted((atom for atom in atoms if isinstance(atom, Fact)), key=attrgetter("column"))
    return [list(group) for _, group in groupby(facts, key=attrgetter("column"))]


def _shapes(atoms: Iterable[Atom]) -> list[list[int]]:
    """All shapes in one list, where there are any."""
    shapes = [atom.id for atom in atoms if isinstance(atom, Shape)]
    return [shapes] if shapes else []


def _terms(atoms: Iterable[Atom]) -> list[tuple[str, list[str]]]:
    """Values of terms by name."""
    terms = sorted((atom for atom in atoms if isinstance(atom, Term)), key=attrgetter("name"))
    return [
        (name, [atom.value for atom in group])
        for name, group in groupby(terms, key=attrgetter("name"))
    ]


def _any_fact(facts: Sequence[Fact]) -> ColumnElement[bool]:
    return _one_of(_column(facts[0]), [fact.value for fact in facts])


def _one_of(column: ColumnElement[C], values: Sequence[C]) -> ColumnElement[bool]:
    return column == values[0] if len(values) == 1 else column.in_(values)


def _term_seqs(name: str, values: Sequence[str]) -> Select[Any]:
    terms = q.event_terms.c
    return select(terms.seq).where(terms.name == name, _one_of(terms.value, values))


def _numbers(atoms: Iterable[Atom]) -> list[Sequence[Number | NumberBetween]]:
    """Numbers by field; those that must be equal to one of several stand together."""
    found = [atom for atom in atoms if isinstance(atom, Number | NumberBetween)]
    equal = [each for each in found if _is_equal(each)]
    name = attrgetter("name")
    groups = [list(group) for _, group in groupby(sorted(equal, key=name), key=name)]
    return [*groups, *([each] for each in found if not _is_equal(each))]


def _is_equal(atom: Number | NumberBetween) -> bool:
    return isinstance(atom, Number) and atom.comparison is Comparison.EQ


def _number_seqs(atoms: Iterable[Atom]) -> Iterator[Select[Any]]:
    numbers = q.event_numbers.c
    for group in _numbers(atoms):
        yield select(numbers.seq).where(
            numbers.name == group[0].name, *_numbered(numbers.value, group)
        )


def _id_seqs(atoms: Iterable[Atom]) -> Iterator[Select[Any]]:
    ids = [atom.value for atom in atoms if isinstance(atom, EventId)]
    if ids:
        yield select(t.events.c.seq).where(_one_of(t.events.c.event_id, ids))


def _range_seqs(atoms: Iterable[Atom]) -> Iterator[Select[Any]]:
    terms = q.event_terms.c
    for atom in atoms:
        if isinstance(atom, TermBetween):
            yield select(terms.seq).where(
                terms.name == atom.name, terms.value >= atom.low, terms.value < atom.high
            )


def _gathered(parts: Sequence[Select[Any]]) -> Select[Any]:
    """What all of these give."""
    while len(parts) > _MOST_UNITED:
        parts = [
            _gathered(parts[begin : begin + _MOST_UNITED])
            for begin in range(0, len(parts), _MOST_UNITED)
        ]
    return select(union_all(*parts).subquery().c.seq)


def _has_facts(source: Source, holds: ColumnElement[bool]) -> ColumnElement[bool]:
    return _exists(select(literal(1)).where(_F.seq == source.seq, holds))


def _exists(statement: Select[Any]) -> ColumnElement[bool]:
    # With an offset PostgreSQL doesn't make a join of it, which it would begin at the wrong end.
    return statement.limit(1).offset(0).exists()


def _has_term(source: Source, name: str, values: Sequence[str]) -> ColumnElement[bool]:
    terms = q.event_terms.alias()
    return _exists(
        select(literal(1)).where(
            terms.c.name == name,
            _one_of(terms.c.value, values),
            terms.c.event_time_ms == source.time,
            terms.c.seq == source.seq,
        )
    )


def _has_number(source: Source, group: Sequence[Number | NumberBetween]) -> ColumnElement[bool]:
    numbers = q.event_numbers.alias()
    return _exists(
        select(literal(1)).where(
            numbers.c.name == group[0].name,
            numbers.c.event_time_ms == source.time,
            numbers.c.seq == source.seq,
            *_numbered(numbers.c.value, group),
        )
    )


def _numbered(
    column: ColumnElement[float], group: Sequence[Number | NumberBetween]
) -> Sequence[ColumnElement[bool]]:
    """A column compares with a number so, lies in a span, or is equal to one of several."""
    match group[0]:
        case NumberBetween(_, low, high):
            return [column >= low, column < high]
        case Number(_, Comparison.EQ, _):
            return [_one_of(column, [each.value for each in group if isinstance(each, Number)])]
        case Number(_, comparison, value):
            return [_COMPARED[comparison](column, value)]
