"""Storing and finding the hashes of subtrees, many with one statement.

Both statements are each database's own: what SQLAlchemy would make of so many small values costs
several times as much as the database's own work, and PostgreSQL's driver sends many rows one by
one.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import chain

from sqlalchemy import Connection, text

from traceability.errors import LedgerBrokenError
from traceability.ledger.merkle import Position

Nodes = Mapping[Position, bytes]

_ADD = 'INSERT INTO ledger_nodes (level, "index", hash) VALUES (?, ?, ?)'
_ADD_ARRAYS = text(
    'INSERT INTO ledger_nodes (level, "index", hash) SELECT * FROM unnest('
    "CAST(:levels AS integer[]), CAST(:indexes AS bigint[]), CAST(:hashes AS bytea[]))"
)
_FIND_ARRAYS = text(
    'SELECT node.level, node."index", node.hash FROM unnest('
    "CAST(:levels AS integer[]), CAST(:indexes AS bigint[])) AS wanted (level, number) "
    'JOIN ledger_nodes AS node ON node.level = wanted.level AND node."index" = wanted.number'
)


def add(connection: Connection, rows: Sequence[tuple[Position, bytes]]) -> None:
    """Store the hashes of new subtrees."""
    if _is_postgresql(connection):
        hashes = _array(rf'"\\x{made.hex()}"' for _, made in rows)
        values = {**_arrays([position for position, _ in rows]), "hashes": hashes}
        connection.execute(_ADD_ARRAYS, values)
    else:
        connection.exec_driver_sql(_ADD, [(*position, made) for position, made in rows])


def fetch(connection: Connection, positions: Sequence[Position]) -> Nodes:
    """The hashes of these subtrees. Raises LedgerBrokenError where one isn't there."""
    if not positions:
        return {}
    if _is_postgresql(connection):
        rows = connection.execute(_FIND_ARRAYS, _arrays(positions))
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


def _arrays(positions: Sequence[Position]) -> dict[str, str]:
    return {
        "levels": _array(position.level for position in positions),
        "indexes": _array(position.number for position in positions),
    }


def _array(values: Iterable[object]) -> str:
    """PostgreSQL's text form of an array."""
    return "{" + ",".join(map(str, values)) + "}"
