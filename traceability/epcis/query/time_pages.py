"""Pages in the order of event or record time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select, tuple_, union

from traceability.epcis.query import tables as q
from traceability.epcis.query.conditions import Condition, EventQuery, Order
from traceability.epcis.query.pages import Found, directed, with_documents
from traceability.epcis.query.statements import Source, holding

_F = q.event_facts.c
_ORDER = ("key", "seq")


@dataclass(frozen=True, slots=True)
class TimePages:
    """Pages merged from what each source gives in order."""

    query: EventQuery
    sources: Sequence[Source]
    others: Sequence[Condition]
    """Conditions that the sources don't answer."""
    key_types = (int, int)

    def narrowed(self, more: Callable[[Source], Sequence[ColumnElement[bool]]]) -> "TimePages":
        """The same, of events for which more holds, whichever source gives them."""
        sources = [replace(each, narrowed=[*each.narrowed, *more(each)]) for each in self.sources]
        return replace(self, sources=sources)

    def read_key(self, parts: Sequence[Any]) -> Sequence[Any]:
        """The key in a token."""
        return parts

    def after(
        self, connection: Connection, key: Sequence[Any] | None, limit: int
    ) -> Sequence[Found]:
        """The first events behind a key."""
        statement = self._statement(key, limit)
        rows = with_documents(connection, statement, _ORDER, descending=self.query.descending)
        return [Found((row.key, row.seq), row.seq, row.document) for row in rows]

    def count(self, connection: Connection, limit: int) -> int:
        """How many events there are, counted up to a limit."""
        counted = select(func.count()).select_from(self._statement(None, limit).subquery())
        return connection.execute(counted).scalar_one()

    def _statement(self, key: Sequence[Any] | None, limit: int) -> Select[Any]:
        parts = [self._part(source, key, limit) for source in self.sources]
        if len(parts) == 1:
            return parts[0]
        each = union(*(select(part.subquery()) for part in parts)).subquery()
        order = directed([each.c[name] for name in _ORDER], descending=self.query.descending)
        return select(each).order_by(*order).limit(limit)

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
        order = directed([at, source.seq], descending=self.query.descending)
        return statement.order_by(*order).limit(limit)
