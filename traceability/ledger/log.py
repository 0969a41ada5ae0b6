"""The Merkle log in the database: appending leaves, roots and proofs.

Every question takes two statements: the log's size, and O(log n) look-ups by primary key.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection, select

from traceability import tables as t
from traceability.errors import LedgerBrokenError, QueryError
from traceability.ledger import merkle, nodes
from traceability.ledger.merkle import Position, Run

BAD_SIZE = "bad-tree-size"

_SIZE = select(t.log_head.c.size).limit(2)
_LOCK = select(t.log_head.c.size).with_for_update()


def append(connection: Connection, first_index: int, leaves: Sequence[bytes]) -> None:
    """Add leaves behind the first `first_index` ones, within the capture's transaction.

    Raises LedgerBrokenError where the tree that should be there isn't.
    """
    if not leaves:
        return
    known = nodes.fetch(connection, merkle.complete_subtrees(Run(0, first_index)))
    left = {position.level: found for position, found in known.items()}
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    nodes.add(connection, list(_completed(first_index, hashes, left)))


def _completed(
    first: int, hashes: Sequence[bytes], left: Mapping[int, bytes]
) -> Iterator[tuple[Position, bytes]]:
    """Every subtree that new leaves complete, level by level.

    `left` are the complete subtrees that the tree was made of before, at most one a level.
    """
    level, start, made = 0, first, list(hashes)
    while made:
        for number, each in enumerate(made, start):
            yield Position(level, number), each
        if start & 1:
            made.insert(0, left[level])
        pairs = zip(made[::2], made[1::2], strict=False)
        made = [merkle.node_hash(*pair) for pair in pairs]
        level, start = level + 1, start >> 1


def size(connection: Connection) -> int:
    """How many events there are. Raises LedgerBrokenError where the log's head doesn't say."""
    return _only(connection.execute(_SIZE).scalars().all())


def lock(connection: Connection) -> int:
    """The same; whoever else is about to add events waits until this transaction ends."""
    return _only(connection.execute(_LOCK).scalars().all())


def _only(sizes: Sequence[Any]) -> int:
    if len(sizes) == 1 and type(sizes[0]) is int and sizes[0] >= 0:
        return sizes[0]
    msg = "the log's head doesn't say how many events there are; run agripark ledger verify"
    raise LedgerBrokenError(msg)


def root(connection: Connection, size: int | None = None) -> bytes:
    """The root of the tree of the first `size` events, of all without it.

    Raises QueryError `bad-tree-size`, LedgerBrokenError.
    """
    held = _held(connection, size or 0)
    (found,) = roots(connection, [Run(0, held if size is None else size)])
    return found


def inclusion_proof(connection: Connection, index: int, size: int) -> list[bytes]:
    """The proof that a leaf stands at `index` in the tree of the first `size` events.

    Raises QueryError `bad-tree-size`, LedgerBrokenError.
    """
    _held(connection, size)
    try:
        return roots(connection, merkle.inclusion_runs(index, size))
    except ValueError as error:
        raise QueryError(BAD_SIZE, str(error)) from error


def consistency_proof(connection: Connection, old: int, new: int) -> list[bytes]:
    """The proof that the tree of the first `old` events grew into that of the first `new`.

    Raises QueryError `bad-tree-size`, LedgerBrokenError.
    """
    _held(connection, new)
    try:
        return roots(connection, merkle.consistency_runs(old, new))
    except ValueError as error:
        raise QueryError(BAD_SIZE, str(error)) from error


def roots(connection: Connection, runs: Sequence[Run]) -> list[bytes]:
    """The root of each run of leaves, with one statement. Raises LedgerBrokenError."""
    parts = [merkle.complete_subtrees(run) for run in runs]
    known = nodes.fetch(connection, list(chain.from_iterable(parts)))
    return [merkle.join([known[position] for position in part]) for part in parts]


def _held(connection: Connection, wanted: int) -> int:
    held = size(connection)
    if not 0 <= wanted <= held:
        msg = f"the ledger holds {held} events, not {wanted}"
        raise QueryError(BAD_SIZE, msg)
    return held
