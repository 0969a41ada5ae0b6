"""Named queries: questions that were given a name, to be asked again or subscribed to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, insert, select

from park.times import from_epoch_ms, to_epoch_ms
from traceability.database.transactions import Matter, alone, reading, write
from traceability.epcis import tables as t
from traceability.epcis.query.conditions import EventQuery
from traceability.epcis.query.parameters import parse_query_body
from traceability.errors import DuplicateNameError, NotFoundError, QueryParameterError
from traceability.paging import check_texts, read_token, write_token
from traceability.views import Page

LONGEST_NAME = 200
_Q = t.named_queries.c
_S = t.subscriptions.c


@dataclass(frozen=True, slots=True)
class NamedQuery:
    """A question with a name."""

    name: str
    definition: Mapping[str, Any]
    """The parameters as they were given; `@context` says what prefixes in them stand for."""
    created_at: datetime

    @property
    def query(self) -> EventQuery:
        """The question, read."""
        return parse_query_body(self.definition)


class NamedQueries:
    """The named queries in one SQL database. Safe to share among threads.

    Every method raises DatabaseUnavailableError where the database doesn't answer.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, name: str, definition: Mapping[str, Any], now: datetime) -> NamedQuery:
        """Give a question a name.

        Raises QueryParameterError where it can't be asked or the name can't be used,
        DuplicateNameError where the name is taken.
        """
        check_name(name)
        added = NamedQuery(name, dict(definition), now)
        _ = added.query  # raises where it can't be read

        def work(connection: Connection) -> None:
            alone(connection, Matter.QUERIES)
            if _find(connection, name) is not None:
                msg = f"there is a query {name} already; delete it first or take another name"
                raise DuplicateNameError(msg)
            values = {
                "name": name,
                "definition": json.dumps(added.definition),
                "created_at_ms": to_epoch_ms(now),
            }
            connection.execute(insert(t.named_queries).values(values))

        write(self._engine, work)
        return added

    def get(self, name: str) -> NamedQuery:
        """One query. Raises NotFoundError `query-not-found`."""
        check_texts(name)
        with reading(self._engine) as connection:
            row = _find(connection, name)
        if row is None:
            raise _missing(name)
        return _query(row)

    def names(self) -> Mapping[str, datetime]:
        """The names of all queries, each with the time when it got it."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(_Q.name, _Q.created_at_ms)).all()
        return {row.name: from_epoch_ms(row.created_at_ms) for row in rows}

    def page(self, token: str | None, per_page: int) -> Page[NamedQuery]:
        """One page of the queries, the oldest first. Raises QueryError for no token."""
        statement = select(t.named_queries).order_by(_Q.id).limit(per_page + 1)
        if token is not None:
            statement = statement.where(_Q.id > read_token(token, (int,))[0])
        with reading(self._engine) as connection:
            rows = connection.execute(statement).all()
        more = len(rows) > per_page
        return Page(
            [_query(row) for row in rows[:per_page]],
            write_token([rows[per_page - 1].id]) if more else None,
        )

    def remove(self, name: str) -> None:
        """Forget a query and all subscriptions to it. Raises NotFoundError `query-not-found`."""
        check_texts(name)

        def work(connection: Connection) -> None:
            alone(connection, Matter.QUERIES)
            row = _find(connection, name)
            if row is None:
                raise _missing(name)
            connection.execute(delete(t.subscriptions).where(_S.query_id == row.id))
            connection.execute(delete(t.named_queries).where(_Q.id == row.id))

        write(self._engine, work)


def check_name(name: str) -> None:
    """Raise QueryParameterError for a name that can't stand in an address."""
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable() or name in {".", ".."}:
        raise QueryParameterError(
            "name", f"takes 1 to {LONGEST_NAME} characters, none of them a control character"
        )


def _find(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(select(t.named_queries).where(_Q.name == name)).one_or_none()


def _missing(name: str) -> NotFoundError:
    return NotFoundError("query-not-found", f"there is no query {name}")


def _query(row: Row[Any]) -> NamedQuery:
    return NamedQuery(row.name, json.loads(row.definition), from_epoch_ms(row.created_at_ms))
