"""What the database holds, read as a doubter reads: in order, page by page, believing nothing.

SQLite keeps any bytes in a column of text and any type in any column. Texts and hashes are
therefore read as bytes, so that a byte that breaks UTF-8 is a finding and not an error; numbers
may be anything. A table that is missing is read as an empty one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeGuard

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    Select,
    Table,
    Text,
    func,
    inspect,
    or_,
    select,
)

from traceability import tables as t
from traceability.database.as_stored import as_stored
from traceability.ledger.tables import ledger_checkpoints, ledger_nodes

PAGE = 1000

TABLES = (t.log_head, t.events, ledger_nodes, ledger_checkpoints)
"""What a ledger is made of."""

_CHECKED = [column for column in t.events.c if column.name != "document"]
_LARGEST = 2**63 - 1


class StoredEvent(NamedTuple):
    """A row of `events`."""

    seq: Any
    event_id: str
    document: bytes
    columns: Mapping[str, Any]


class StoredCheckpoint(NamedTuple):
    """A row of `ledger_checkpoints`."""

    size: Any
    root: bytes
    note: str


def is_whole(value: Any) -> TypeGuard[int]:
    """Whether a database's value is a whole number."""
    return type(value) is int


def missing_tables(connection: Connection) -> list[str]:
    """Names of the ledger's tables that aren't there."""
    return [table.name for table in TABLES if not _is_there(connection, table)]


def _is_there(connection: Connection, table: Table) -> bool:
    return inspect(connection).has_table(table.name)


def heads(connection: Connection) -> list[tuple[Any, Any]]:
    """Number and size in the rows of `log_head`; it should be one, of number 1."""
    if not _is_there(connection, t.log_head):
        return []
    rows = connection.execute(select(t.log_head).limit(PAGE))
    return [(row.id, row.size) for row in rows]


def last_number(connection: Connection) -> int:
    """The largest number that an event has; 0 where there is none."""
    if not _is_there(connection, t.events):
        return 0
    # SQLite sorts what is no number behind all numbers.
    query = select(func.max(t.events.c.seq)).where(t.events.c.seq <= _LARGEST)
    found = connection.execute(query).scalar()
    return found if is_whole(found) else 0


def events(connection: Connection) -> Iterator[StoredEvent]:
    """All events by their numbers."""
    for row in _pages(connection, t.events, t.events.c.seq):
        document = _bytes(row["document"])
        values = {column.name: _value(column, row[column.name]) for column in _CHECKED}
        yield StoredEvent(row["seq"], str(values["event_id"]), document, values)


def checkpoints(connection: Connection) -> Iterator[StoredCheckpoint]:
    """All checkpoints that were given out, by their sizes."""
    for row in _pages(connection, ledger_checkpoints, ledger_checkpoints.c.size):
        note = _bytes(row["note"]).decode(errors="replace")
        yield StoredCheckpoint(row["size"], _bytes(row["root"]), note)


@dataclass(slots=True)
class StoredLevel:
    """The nodes of one level, by their numbers."""

    connection: Connection
    level: int
    strays: list[Any] = field(default_factory=list)
    """Numbers of rows that nobody asked for."""
    _rows: Iterator[tuple[int, bytes]] = field(init=False)
    _next: tuple[int, bytes] | None = field(init=False)

    def __post_init__(self) -> None:
        self._rows = self._read()
        self._next = next(self._rows, None)

    def _read(self) -> Iterator[tuple[int, bytes]]:
        nodes = ledger_nodes.c
        for row in _pages(self.connection, ledger_nodes, nodes["index"], nodes.level == self.level):
            if is_whole(row["index"]):
                yield row["index"], _bytes(row["hash"])
            else:
                self.strays.append(row["index"])

    def take(self, number: int) -> bytes | None:
        """The hash of that number; None where there is none. Numbers must rise."""
        while self._next is not None and self._next[0] < number:
            self.strays.append(self._next[0])
            self._next = next(self._rows, None)
        if self._next is None or self._next[0] != number:
            return None
        found = self._next[1]
        self._next = next(self._rows, None)
        return found

    def rest(self) -> list[Any]:
        """Numbers of rows that nobody asked for, the first of what is left among them."""
        return self.strays if self._next is None else [*self.strays, self._next[0]]


def levels_outside(connection: Connection, highest: int) -> list[Any]:
    """Levels of nodes that a tree whose highest level is this can't have."""
    if not _is_there(connection, ledger_nodes):
        return []
    level = ledger_nodes.c.level
    query = select(level).where(or_(level < 0, level > highest)).distinct().limit(PAGE)
    return list(connection.execute(query).scalars())


def _pages(
    connection: Connection, table: Table, key: ColumnElement[int], *conditions: Any
) -> Iterator[dict[str, Any]]:
    """All rows by a key, PAGE at a time: PostgreSQL's driver keeps a whole answer in memory."""
    if not _is_there(connection, table):
        return
    query: Select[Any] = select(*_doubted(connection, table)).order_by(key).limit(PAGE)
    query = query.where(*conditions)
    rows = connection.execute(query).mappings().all()
    while rows:
        yield from (dict(row) for row in rows)
        rows = (
            connection.execute(query.where(key > rows[-1][key.name])).mappings().all()
            if len(rows) == PAGE
            else []
        )


def _doubted(connection: Connection, table: Table) -> list[ColumnElement[Any]]:
    if connection.dialect.name != "sqlite":
        return list(table.c)
    return [as_stored(column).label(column.name) for column in table.c]


def _bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    return b"" if value is None else bytes(value)


def _value(column: Column[Any], value: Any) -> Any:
    """A column's value as the database's other readers see it, as far as that goes."""
    if value is None or not isinstance(column.type, Text | LargeBinary):
        return value
    data = _bytes(value)
    return data.decode(errors="backslashreplace") if isinstance(column.type, Text) else data
