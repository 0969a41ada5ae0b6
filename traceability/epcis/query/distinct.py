"""Different values of an indexed column, without going through all its rows.

Each value is found by one look-up for the least that is greater than the one before (a loose index
scan), so the cost grows with the values asked for, not with the events.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, ScalarSelect, func, literal, select


def distinct_values(
    connection: Connection,
    column: Column[Any],
    conditions: Sequence[ColumnElement[bool]] = (),
    *,
    low: str = "",
    high: str | None = None,
    limit: int | None = None,
) -> list[str]:
    """The different texts of a column that are greater than `low` and less than `high`.

    In the order of bytes, at most `limit`. `conditions` say which rows count; an index must begin
    with what they ask for and the column.
    """

    def least(after: ColumnElement[str]) -> ScalarSelect[Any]:
        narrowed = (*conditions, column > after, *(() if high is None else (column < high,)))
        return select(func.min(column)).where(*narrowed).scalar_subquery()

    walk = select(least(literal(low)).label("value")).cte("walk", recursive=True)
    walk = walk.union_all(select(least(walk.c.value)).where(walk.c.value.is_not(None)))
    statement = select(walk.c.value).where(walk.c.value.is_not(None)).limit(limit)
    return list(connection.execute(statement).scalars())
