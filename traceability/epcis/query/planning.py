"""How the events that fit a question are found.

1. A condition that few events fit gives those events; the others filter them.
2. Else, of the conditions whose index is in the order of time, the one that the fewest fit gives
   its events in that order, each filtered by the others, until the page is full. Of several
   values, each gives a page's worth and the pages are merged.
3. Else all events are gone through in order.

How many fit is found by a look at the first of them, `FEW` or `MANY`, within the span of time that
is asked for, and by how far these reach: both databases would have to guess it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select, union_all

from traceability.epcis.query import tables as q
from traceability.epcis.query.conditions import (
    Condition,
    EventId,
    EventQuery,
    Fact,
    Number,
    NumberBetween,
    Order,
    Shape,
    Term,
)
from traceability.epcis.query.extension_order import ExtensionPages, FewByExtension
from traceability.epcis.query.pages import Pages, directed
from traceability.epcis.query.statements import (
    FACTS,
    Source,
    recorded_within,
    seqs,
    sorted_sources,
    within,
)
from traceability.epcis.query.time_pages import TimePages

FEW = 1000
"""Fewer are taken at once; of more, an index in the order of time gives a page soon enough."""
MANY = 5_000
"""The same of what no index has in the order of time."""
_F = q.event_facts.c
_RANKS = {EventId: 0, Term: 1, Number: 3, NumberBetween: 3, Shape: 4, Fact: 4}
_RANK_OF_OTHERS = 2


def plan(connection: Connection, query: EventQuery) -> Pages:
    """The pages of a question whose conditions the index answers."""
    if query.order is not Order.EXTENSION:
        return time_plan(connection, query)
    by_time = replace(query, order=Order.EVENT_TIME)
    few = _few(connection, by_time, [])
    return ExtensionPages(query, time_plan) if few is None else FewByExtension(query, few, MANY)


def time_plan(connection: Connection, query: EventQuery) -> TimePages:
    """The same in the order of a time."""
    preferred = _preferred(query)
    pages = _direct(query, preferred)
    if pages is not None:
        return pages
    looks: list[_Look] = []
    pages = _few(connection, query, looks)
    if pages is None and query.order is Order.EVENT_TIME:
        looks.sort(key=attrgetter("reach"))
        pages = _in_order(query, [each.condition for each in looks])
    return pages or TimePages(query, [FACTS], preferred)


def _preferred(query: EventQuery) -> Sequence[Condition]:
    return sorted(query.conditions, key=_rank)


def _rank(condition: Condition) -> int:
    """Conditions that few events fit, as a rule, come first."""
    return max((_RANKS.get(type(atom), _RANK_OF_OTHERS) for atom in condition.any_of), default=0)


def _direct(query: EventQuery, preferred: Sequence[Condition]) -> TimePages | None:
    """One condition whose index goes through no event in vain; those of numbers do."""
    if query.order is not Order.EVENT_TIME or not query.record_time.is_open:
        return None
    if len(preferred) != 1 or any(
        isinstance(atom, Number | NumberBetween) for atom in preferred[0].any_of
    ):
        return None
    return _in_order(query, preferred)


@dataclass(frozen=True, slots=True)
class _Look:
    """What the first events that fit a condition tell of how many there are."""

    condition: Condition
    is_few: bool
    reach: float
    """How far the first of many reach in the order of time; less is farther."""

    @classmethod
    def at(cls, connection: Connection, query: EventQuery, condition: Condition) -> "_Look":
        """Look at a condition's first events within the span of time that is asked for."""
        sources = sorted_sources(condition)
        if not sources:
            return cls(condition, _count(connection, seqs(condition)) <= MANY, math.inf)
        if any(source.repeats for source in sources):
            count = _count(connection, _some(sources))
            # Numbers in the order of time go past all others of their field.
            return cls(condition, count <= FEW, -math.inf if count <= MANY else math.inf)
        most = _most(query)
        first = _first(query, sources, most + 1).subquery()
        farthest = func.min(first.c.time) if query.descending else -func.max(first.c.time)
        count, reach = connection.execute(select(func.count(), farthest).select_from(first)).one()
        return cls(condition, count <= most, reach or 0)


def _count(connection: Connection, statement: Select[Any]) -> int:
    """How many rows there are, counted until they are many."""
    some = statement.limit(MANY + 1).subquery()
    return connection.execute(select(func.count()).select_from(some)).scalar_one()


def _few(connection: Connection, query: EventQuery, looks: list[_Look]) -> TimePages | None:
    """Pages of the first condition that few events fit; else `looks` has a look at each."""
    preferred = _preferred(query)
    for condition in preferred:
        look = _Look.at(connection, query, condition)
        if look.is_few:
            found = _numbers(connection, _all_of(query, condition))
            return TimePages(query, [_these(found)], _without(preferred, condition))
        looks.append(look)
    if query.order is not Order.RECORD_TIME and not query.record_time.is_open:
        recorded = select(_F.seq).where(*recorded_within(query.record_time)).limit(FEW + 1)
        found = _numbers(connection, recorded)
        if len(found) <= FEW:
            return TimePages(query, [_these(found)], preferred)
    return None


def _most(query: EventQuery) -> int:
    """How many events are few, of a condition whose index has the order of their time."""
    return MANY if query.order is Order.RECORD_TIME else FEW


def _in_order(query: EventQuery, preferred: Sequence[Condition]) -> TimePages | None:
    for condition in preferred:
        sources = sorted_sources(condition)
        if sources:
            return TimePages(query, sources, _without(preferred, condition))
    return None


def _first(query: EventQuery, sources: Sequence[Source], limit: int) -> Select[Any]:
    """The first events of sources in the order of time."""
    parts = [
        _named(source)
        .where(*source.narrowed, *within(source.time, query.event_time))
        .order_by(*directed([source.time, source.seq], descending=query.descending))
        .limit(limit)
        for source in sources
    ]
    if len(parts) == 1:
        return parts[0]
    each = union_all(*(select(part.subquery()) for part in parts)).subquery()
    order = directed([each.c.time, each.c.seq], descending=query.descending)
    return select(each).order_by(*order).limit(limit)


def _named(source: Source) -> Select[Any]:
    columns: Sequence[ColumnElement[Any]] = [source.seq.label("seq"), source.time.label("time")]
    return select(*columns)


def _some(sources: Sequence[Source]) -> Select[Any]:
    """Events of sources in whatever order, at any time.

    Of numbers, the order of their values goes through none in vain; a span of time would.
    """
    parts = [
        select(source.seq.label("seq"))
        .where(*source.narrowed)
        .order_by(source.cheapest)
        .limit(MANY + 1)
        for source in sources
    ]
    return select(union_all(*(select(part.subquery()) for part in parts)).subquery().c.seq)


def _all_of(query: EventQuery, condition: Condition) -> Select[Any]:
    """All events that fit a condition, of which there are few."""
    sources = sorted_sources(condition)
    if not sources:
        return seqs(condition)
    if any(source.repeats for source in sources):
        return _some(sources)
    return select(_first(query, sources, _most(query)).subquery().c.seq)


def _without(conditions: Sequence[Condition], condition: Condition) -> list[Condition]:
    return [each for each in conditions if each is not condition]


def _numbers(connection: Connection, statement: Select[Any]) -> Sequence[int]:
    """The numbers of events that a statement gives, each once."""
    return sorted(set(connection.execute(statement).scalars()))


def _these(found: Sequence[int]) -> Source:
    return Source(q.event_facts, [_F.seq.in_(found)], in_order=False)
