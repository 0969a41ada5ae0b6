"""Storing and finding the hashes of subtrees, many with one statement.

Both statements are each database's own: what SQLAlchemy would make of so many small values costs
several times as much as the database's own work, and PostgreSQL's driver sends many rows one by
one.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import chain

from sqlalchemy import Connection

from traceability.database.postgresql_texts import array
from traceability.errors import LedgerBrokenError
from traceability.ledger.merkle import Position

Nodes = Mapping[Position, bytes]

_ADD = 'INSERT INTO ledger_nodes (level, "index", hash) VALUES (?, ?, ?)'
_ADD_ARRAYS = 'INSERT INTO ledger_nodes (level, "index", hash) SELECT * FROM unnest'
_FIND_ARRAYS = (
    'JOIN ledger_nodes AS node ON node.level = wanted.level AND node."index" = wanted.number'
)


def add(connection: Connection, rows: Sequence[tuple[Position, bytes]]) -> None:
    """Store the hashes of new subtrees."""
    if _is_postgresql(connection):
        arrays = _arrays([position for position, _ in rows])
        hashes = array((made for _, made in rows), "bytea")
        connection.exec_driver_sql(f"{_ADD_ARRAYS}({arrays}, {hashes})")
    else:
        connection.exec_driver_sql(_ADD, [(*position, made) for position, made in rows])


def fetch(connection: Connection, positions: Sequence[Position]) -> Nodes:
    """The hashes of these subtrees. Raises LedgerBrokenError where one isn't there."""
    if not positions:
        return {}
    if _is_postgresql(connection):
        wanted = f"unnest({_arrays(positions)}) AS wanted (level, number)"
        rows = connection.exec_driver_sql(
            f'SELECT node.level, node."index", node.hash FROM {wanted} {_FIND_ARRAYS}'  # noqa: S608 - numbers only
        )
    else:
        values = tuple(chain.from_iterable(positions))
        rows = connection.exec_driver_sql(_find(len(positions)), values)
    found = {Position(level, number): bytes(each) for level, number, each in rows}
    for position in positions:
        if position not in found:
            first = position.number << position.level
            msg = (
                f"the ledger lacks the hash over events {first + 1} to "
                f"{first + (1 << position.level)}; run agripark ledger verify"
            )
            raise LedgerBrokenError(msg)
    return found


def _is_postgresql(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


@cache
def _find(count: int) -> str:
    """SQLite's statement for so many subtrees; a proof has at most some hundreds."""
    wanted = ", ".join(["(?, ?)"] * count)
    # CROSS JOIN makes SQLite look up each by the primary key.
    return (
        f"WITH wanted (level, number) AS (VALUES {wanted}) "  # noqa: S608 - question marks only
        'SELECT node.level, node."index", node.hash FROM wanted CROSS JOIN ledger_nodes AS node '
        'ON node.level = wanted.level AND node."index" = wanted.number'
    )


def _arrays(positions: Sequence[Position]) -> str:
    levels = array((position.level for position in positions), "integer")
    return f"{levels}, {array((position.number for position in positions), 'bigint')}"
