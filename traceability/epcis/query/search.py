"""Finding the events that fit a question, page by page.

A page's token holds the order key and number of its last event. Events that arrive meanwhile have
their place in that order and shift nothing. It also holds a digest of the question: with another
question, where that place would mean nothing, it is refused.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select

from traceability import tables as t
from traceability.epcis.query import tables as q
from traceability.epcis.query.conditions import EventQuery, Order
from traceability.epcis.query.master_data import MasterData, NoMasterData
from traceability.epcis.query.meetings import narrowed
from traceability.epcis.query.pages import Pages
from traceability.epcis.query.places import resolved
from traceability.epcis.query.planning import plan, time_plan
from traceability.epcis.query.shapes import shaped
from traceability.epcis.query.statements import FACTS, holding
from traceability.errors import QueryError, QueryTooLargeError
from traceability.paging import bad_token, read_token, write_token
from traceability.views import Page

_F = q.event_facts.c
_NO_MASTER_DATA = NoMasterData()
_DIGEST = 12

FoundEvent = tuple[int, str]
"""An event's number and its document as captured."""


def find(
    connection: Connection,
    query: EventQuery,
    page_token: str | None = None,
    per_page: int | None = None,
    *,
    master_data: MasterData = _NO_MASTER_DATA,
) -> Page[FoundEvent]:
    """One page of the events that fit, without a token where it is the last.

    Token and size of the page are the query's where they aren't given. Raises QueryError for a
    token that is none, QueryTooLargeError where more fit than the query allows.
    """
    token = query.page_token if page_token is None else page_token
    asked = shaped(connection, resolved(connection, query, master_data))
    asked = narrowed(connection, asked)
    if token is None and query.max_event_count is not None:
        _check_size(connection, asked, query.max_event_count)
    pages = plan(connection, asked)
    key, before = (None, 0) if token is None else _read(token, pages, query)
    size = query.per_page if per_page is None else per_page
    if query.event_count_limit is not None:
        size = min(size, query.event_count_limit - before)
    found = pages.after(connection, key, size + 1)
    given = before + size
    is_last = len(found) <= size or given == query.event_count_limit
    kept = found[:size]
    next_token = None if is_last else write_token((*kept[-1].key, given, _digest(query)))
    return Page([(each.seq, each.document) for each in kept], next_token)


def matching(
    connection: Connection,
    query: EventQuery,
    first_seq: int,
    last_seq: int,
    *,
    master_data: MasterData = _NO_MASTER_DATA,
) -> list[FoundEvent]:
    """Which of the events of these numbers fit, in the order of their capture.

    For whoever watches what is captured; order and limits of the query mean nothing here.
    """
    asked = resolved(connection, query, master_data)
    statement = (
        select(_F.seq, t.events.c.document)
        .join(t.events, t.events.c.seq == _F.seq)
        .where(_F.seq.between(first_seq, last_seq), *holding(asked, asked.conditions, FACTS))
        .order_by(_F.seq)
    )
    return [(row.seq, row.document) for row in connection.execute(statement)]


def _check_size(connection: Connection, query: EventQuery, most: int) -> None:
    by_time = replace(query, order=Order.EVENT_TIME)
    if time_plan(connection, by_time).count(connection, most + 1) > most:
        raise QueryTooLargeError(most)


def _read(token: str, pages: Pages, query: EventQuery) -> tuple[Sequence[Any], int]:
    """The key behind which the page begins, and how many events the pages before it had."""
    *key, before, digest = read_token(token, (*pages.key_types, int, str))
    if digest != _digest(query):
        msg = "the page token is of another query; ask as for the page before, or leave it out"
        raise QueryError("bad-page-token", msg)
    try:
        return pages.read_key(key), _within_limit(int(before), query.event_count_limit)
    except (ValueError, OverflowError) as error:
        raise bad_token(token) from error


def _within_limit(before: int, limit: int | None) -> int:
    if before < 1 or (limit is not None and before >= limit):
        msg = f"no page has {before} events before it"
        raise ValueError(msg)
    return before


def _digest(query: EventQuery) -> str:
    """The same for questions that give the same events in the same order."""
    asked = replace(query, conditions=(), max_event_count=None, per_page=0, page_token=None)
    conditions = sorted({repr(sorted(map(repr, each.any_of))) for each in query.conditions})
    return hashlib.sha256(repr((asked, conditions)).encode()).hexdigest()[:_DIGEST]
