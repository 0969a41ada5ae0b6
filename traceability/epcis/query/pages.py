"""What the kinds of pages have in common."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from sqlalchemy import ColumnElement, Connection, Select, select

from traceability import tables as t


class Found(NamedTuple):
    """An event on a page, and its place in the order."""

    key: tuple[Any, ...]
    """As a token has it."""
    seq: int
    document: str


class Pages(Protocol):
    """Events in an order that an event which arrives later doesn't change."""

    @property
    def key_types(self) -> Sequence[type[str] | type[int]]:
        """What keys are made of."""

    def read_key(self, parts: Sequence[Any]) -> Sequence[Any]:
        """The key in a token. Raises ValueError, OverflowError."""

    def after(
        self, connection: Connection, key: Sequence[Any] | None, limit: int
    ) -> Sequence[Found]:
        """The first events behind a key."""


def with_documents(
    connection: Connection, page: Select[Any], order: Sequence[str], *, descending: bool
) -> Sequence[Any]:
    """Rows of a statement that has `seq`, each with its `document`, in the order of columns."""
    rows = page.subquery()
    ordered = [_directed(rows.c[name], descending=descending) for name in order]
    joined = select(rows, t.events.c.document).join(t.events, t.events.c.seq == rows.c.seq)
    return connection.execute(joined.order_by(*ordered)).all()


def directed(
    columns: Sequence[ColumnElement[Any]], *, descending: bool
) -> Sequence[ColumnElement[Any]]:
    """Columns to order by, all in one direction."""
    return [_directed(each, descending=descending) for each in columns]


def _directed(column: ColumnElement[Any], *, descending: bool) -> ColumnElement[Any]:
    return column.desc() if descending else column
