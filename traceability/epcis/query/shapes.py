"""Shapes of events: the ways in which type, action, business step and disposition go together.

There are few, however many events there are. A question about several of the four becomes one about
shapes: no event is looked at in vain, and what never goes together is known at once.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from sqlalchemy import ColumnElement, Connection, false, insert, or_, select

from traceability.epcis.query import tables as q
from traceability.epcis.query.conditions import Column, Condition, EventQuery, Fact, Order, Shape
from traceability.epcis.query.statements import MOST_SORTED

_COLUMNS = (Column.TYPE, Column.ACTION, Column.BIZ_STEP, Column.DISPOSITION)
_MOST = 400
"""Where there are more, the conditions stay as they are."""
_BYTES = 6
"""Of a digest: of a million shapes two would share them in one store of 500; there are hundreds."""
_CACHED = 1024
_S = q.event_shapes.c

Told = tuple[str | None, ...]
"""Type, action, business step and disposition."""


def keep_shapes(connection: Connection, told: Iterable[Told]) -> None:
    """Keep these shapes, but for those that are known."""
    by_id = {shape_id(each): each for each in told}
    known = set(connection.execute(select(_S.id).where(_S.id.in_(list(by_id)))).scalars())
    new = [
        {"id": number, **dict(zip(_COLUMNS, each, strict=True))}
        for number, each in sorted(by_id.items())
        if number not in known
    ]
    if new:
        connection.execute(insert(q.event_shapes), new)


@lru_cache(_CACHED)
def shape_id(told: Told) -> int:
    """The number of a shape: the same wherever and whenever it is made."""
    digest = hashlib.sha256(json.dumps(told).encode()).digest()
    return int.from_bytes(digest[:_BYTES], "big")


def shaped(connection: Connection, query: EventQuery) -> EventQuery:
    """The same question with shapes in place of what they tell, or beside it."""
    told = [each for each in query.conditions if _tells(each)]
    alone = len(query.conditions) == 1 and query.order is not Order.EXTENSION
    if not told or (alone and _has_index(told[0])):
        return query
    statement = select(_S.id).where(*(_holds(each) for each in told)).limit(_MOST + 1)
    found = connection.execute(statement).scalars().all()
    if len(found) > _MOST:
        return query
    is_source = _has_index if len(told) == 1 or len(found) > MOST_SORTED else lambda _: False
    conditions = [
        replace(each, shapes=found) if each in told else each
        for each in query.conditions
        if each not in told or is_source(each)
    ]
    if len(told) > 1 or not _has_index(told[0]):
        conditions.append(Condition("shape", tuple(map(Shape, found))))
    return replace(query, conditions=conditions)


def _tells(condition: Condition) -> bool:
    return bool(condition.any_of) and all(
        isinstance(atom, Fact) and atom.column in _COLUMNS for atom in condition.any_of
    )


def _has_index(condition: Condition) -> bool:
    """Whether it is answered in the order of time without shapes."""
    return all(
        isinstance(atom, Fact) and atom.column is Column.BIZ_STEP for atom in condition.any_of
    )


def _holds(condition: Condition) -> ColumnElement[bool]:
    values: dict[Column, list[str]] = {}
    for atom in condition.any_of:
        if isinstance(atom, Fact):
            values.setdefault(atom.column, []).append(atom.value)
    return or_(false(), *(_S[column].in_(each) for column, each in values.items()))
