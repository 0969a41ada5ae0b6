"""Pages in the order of event or record time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, select, tuple_, union

from traceability.epcis.query import tables as q
from traceability.epcis.query.conditions import Condition, EventQuery, Order
from traceability.epcis.query.statements import Source, holding

_F = q.event_facts.c


@dataclass(frozen=True, slots=True)
class TimePages:
    """Pages merged from what each source gives in order."""

    query: EventQuery
    sources: Sequence[Source]
    others: Sequence[Condition]
    """Conditions that the sources don't answer."""
    key_types = (int, int)

    def statement(self, key: Sequence[Any] | None, limit: int) -> Select[Any]:
        """Key and number of the first events behind a key."""
        parts = [self._part(source, key, limit) for source in self.sources]
        if len(parts) == 1:
            return parts[0]
        each = union(*(select(part.subquery()) for part in parts)).subquery()
        return select(each).order_by(*self.order(each.c)).limit(limit)

    def order(self, columns: Any) -> Sequence[ColumnElement[Any]]:
        """What the rows are ordered by, of these columns."""
        return self._directed(columns.key, columns.seq)

    def key_of(self, row: Any) -> tuple[int, int]:
        """The key of a row, as a token has it."""
        return row.key, row.seq

    def read_key(self, parts: Sequence[Any]) -> Sequence[Any]:
        """The key in a token."""
        return parts

    def _part(self, source: Source, key: Sequence[Any] | None, limit: int) -> Select[Any]:
        at = _F.record_time_ms if self.query.order is Order.RECORD_TIME else source.time
        statement = select(at.label("key"), source.seq.label("seq")).where(
            *source.narrowed, *holding(self.query, self.others, source)
        )
        if source.repeats:
            statement = statement.distinct()
        if key is not None:
            here, there = tuple_(at, source.seq), tuple_(*key)
            statement = statement.where(here < there if self.query.descending else here > there)
        return statement.order_by(*self._directed(at, source.seq)).limit(limit)

    def _directed(self, *columns: ColumnElement[int]) -> Sequence[ColumnElement[int]]:
        return [each.desc() for each in columns] if self.query.descending else columns
