"""Pages in the order of an extension's value.

Numbers and times come before each other by size, texts by their bytes. A field with several values
counts by the least. Events without the field come first, or last where the order descends. All
events that fit are sorted for each page: no index can know which field will be asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, func, select, tuple_

from traceability.epcis.query import tables as q
from traceability.epcis.query.conditions import EventQuery
from traceability.epcis.query.fields import time_of
from traceability.epcis.query.rows import PRESENT
from traceability.epcis.query.values import storable

_LEAST = -1.7976931348623157e308
_F = q.event_facts.c


@dataclass(frozen=True, slots=True)
class ExtensionPages:
    """Pages of the events for which all of this holds."""

    query: EventQuery
    holds: Sequence[ColumnElement[bool]]
    key_types = (str, str, int)

    def statement(self, key: Sequence[Any] | None, limit: int) -> Select[Any]:
        """Number, text and event number of the first events behind a key."""
        numbers, texts = self._numbers(), self._texts()
        number = func.coalesce(numbers.c.value, _LEAST)
        text = func.coalesce(texts.c.value, PRESENT)
        columns = (number, text, _F.seq)
        joined = q.event_facts.outerjoin(numbers, numbers.c.seq == _F.seq).outerjoin(
            texts, texts.c.seq == _F.seq
        )
        statement = (
            select(number.label("number"), text.label("text"), _F.seq)
            .select_from(joined)
            .where(*self.holds)
        )
        if key is not None:
            here, there = tuple_(*columns), tuple_(*key)
            statement = statement.where(here < there if self.query.descending else here > there)
        return statement.order_by(*self._directed(*columns)).limit(limit)

    def order(self, columns: Any) -> Sequence[ColumnElement[Any]]:
        """What the rows are ordered by, of these columns."""
        return self._directed(columns.number, columns.text, columns.seq)

    def key_of(self, row: Any) -> tuple[str, str, int]:
        """The key of a row, as a token has it."""
        return float(row.number).hex(), row.text, row.seq

    def read_key(self, parts: Sequence[Any]) -> Sequence[Any]:
        """The key in a token. Raises ValueError, OverflowError."""
        return float.fromhex(parts[0]), *parts[1:]

    def _directed(self, *columns: ColumnElement[Any]) -> Sequence[ColumnElement[Any]]:
        return [each.desc() for each in columns] if self.query.descending else columns

    def _numbers(self) -> Subquery:
        names = [*self.query.order_field, *(storable(time_of(n)) for n in self.query.order_field)]
        columns = q.event_numbers.c
        return (
            select(columns.seq, func.min(columns.value).label("value"))
            .where(columns.name.in_(names))
            .group_by(columns.seq)
            .subquery()
        )

    def _texts(self) -> Subquery:
        columns = q.event_terms.c
        return (
            select(columns.seq, func.min(columns.value).label("value"))
            .where(columns.name.in_(self.query.order_field), columns.value != PRESENT)
            .group_by(columns.seq)
            .subquery()
        )
