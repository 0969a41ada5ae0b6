"""How the events that fit a question are found.

1. A condition that few events fit gives those events; the others filter them.
2. Else, of the conditions whose index is in the order of time, the one that the fewest fit gives
   its events in that order, each filtered by the others, until the page is full. Of several
   values, each gives a page's worth and the pages are merged.
3. Else all events are gone through in order.

How many fit is found by counting, up to `FEW` and then to `MANY`, within the span of time that is
asked for: both databases would have to guess it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Select, func, select, union_all

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
from traceability.epcis.query.pages import Pages
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
MANY = 5_000
_F = q.event_facts.c
_RANKS = {EventId: 0, Term: 1, Number: 3, NumberBetween: 3, Shape: 4, Fact: 4}
_RANK_OF_OTHERS = 2


def plan(connection: Connection, query: EventQuery) -> Pages:
    """The pages of a question whose conditions the index answers."""
    if query.order is not Order.EXTENSION:
        return time_plan(connection, query)
    few = _few(connection, replace(query, order=Order.EVENT_TIME), _preferred(query))
    return ExtensionPages(query) if few is None else FewByExtension(query, few, FEW)


def time_plan(connection: Connection, query: EventQuery) -> TimePages:
    """The same in the order of a time."""
    preferred = _preferred(query)
    pages = _direct(query, preferred) or _few(connection, query, preferred)
    if pages is None and query.order is Order.EVENT_TIME:
        pages = _in_order(query, _fewest_first(connection, query, preferred))
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


def _few(
    connection: Connection, query: EventQuery, preferred: Sequence[Condition]
) -> TimePages | None:
    for condition in preferred:
        found = _numbers(connection, _some_of(query, condition, FEW + 1))
        if found is not None:
            return TimePages(query, [_these(found)], _without(preferred, condition))
    if query.order is Order.EVENT_TIME and not query.record_time.is_open:
        recorded = select(_F.seq).where(*recorded_within(query.record_time)).limit(FEW + 1)
        found = _numbers(connection, recorded)
        if found is not None:
            return TimePages(query, [_these(found)], preferred)
    return None


def _in_order(query: EventQuery, preferred: Sequence[Condition]) -> TimePages | None:
    for condition in preferred:
        sources = sorted_sources(condition)
        if sources:
            return TimePages(query, sources, _without(preferred, condition))
    return None


def _fewest_first(
    connection: Connection, query: EventQuery, preferred: Sequence[Condition]
) -> Sequence[Condition]:
    if len(preferred) == 1:
        return preferred
    counts = [_count(connection, _some_of(query, condition, MANY)) for condition in preferred]
    return [preferred[place] for place in sorted(range(len(counts)), key=counts.__getitem__)]


def _some_of(query: EventQuery, condition: Condition, limit: int) -> Select[Any]:
    """Numbers of events that fit one condition, in the query's span where its index has times.

    They come in the order of the index: without one, PostgreSQL gathers all before the first.
    """
    sources = sorted_sources(condition)
    if not sources:
        return seqs(condition).limit(limit)
    parts = [
        select(source.seq.label("seq"))
        .where(*source.narrowed, *within(source.time, query.event_time))
        .order_by(source.cheapest)
        .limit(limit)
        for source in sources
    ]
    if len(parts) == 1:
        return parts[0]
    each = union_all(*(select(part.subquery()) for part in parts)).subquery()
    return select(each.c.seq).limit(limit)


def _count(connection: Connection, statement: Select[Any]) -> int:
    """How many rows a statement gives."""
    counted = select(func.count()).select_from(statement.subquery())
    return connection.execute(counted).scalar_one()


def _without(conditions: Sequence[Condition], condition: Condition) -> list[Condition]:
    return [each for each in conditions if each is not condition]


def _numbers(connection: Connection, statement: Select[Any]) -> Sequence[int] | None:
    """The numbers of events that a statement gives; None where there are many."""
    found = connection.execute(statement).scalars().all()
    return None if len(found) > FEW else sorted(set(found))


def _these(found: Sequence[int]) -> Source:
    return Source(q.event_facts, [_F.seq.in_(found)], in_order=False)
