"""Events in the order of their capture, for those who watch what arrives.

Events are numbered in the order of their commits without gaps, so who remembers the last number it
saw misses none and sees none twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, select

from park.assets import Park
from park.times import to_epoch_ms
from traceability import tables as t
from traceability.canonical import read_canonical
from traceability.database.transactions import reading
from traceability.epcis.query.conditions import EventQuery, Span
from traceability.epcis.query.master_data import KnownMasterData
from traceability.epcis.query.search import matching

_WINDOW = 500
_MOST_WINDOWS = 20

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Portion:
    """Some of the events that fit."""

    events: Sequence[Json]
    last_seq: int
    """Every event up to this number is in here, was before, or doesn't fit."""
    more: bool
    """Whether there are further events to look at right now."""


class EventFeed:
    """Events of one SQL database as they arrive. Safe to share among threads."""

    def __init__(self, engine: Engine, park: Park) -> None:
        self._engine = engine
        self._master_data = KnownMasterData(park)

    def head(self) -> int:
        """The number of the last event. Raises DatabaseUnavailableError."""
        with reading(self._engine) as connection:
            return int(connection.execute(select(t.log_head.c.size)).scalar_one())

    def take(self, query: EventQuery, after: int, limit: int) -> Portion:
        """At most `limit` of the events that fit with numbers above `after`.

        Order, limits and pages of the query mean nothing here. Raises DatabaseUnavailableError,
        and QueryTooComplexError where master data stands for too much.
        """
        found: list[tuple[int, str]] = []
        with reading(self._engine) as connection:
            head = connection.execute(select(t.log_head.c.size)).scalar_one()
            seen = after
            for _ in range(_MOST_WINDOWS):
                if seen >= head or len(found) > limit:
                    break
                last = min(seen + _WINDOW, head)
                found += matching(connection, query, seen + 1, last, master_data=self._master_data)
                seen = last
        if len(found) > limit:
            found = found[:limit]
            seen = found[-1][0]
        return Portion([read_canonical(document) for _, document in found], seen, seen < head)


def recorded_from(query: EventQuery, earliest: datetime | None) -> EventQuery:
    """The same question, of events recorded at that time or later."""
    if earliest is None:
        return query
    start = to_epoch_ms(earliest)
    known = query.record_time.start
    latest = start if known is None else max(start, known)
    return replace(query, record_time=Span(latest, query.record_time.end))
