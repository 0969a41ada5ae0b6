"""The Merkle tree of RFC 6962 and RFC 9162, as values: no I/O.

A leaf's hash is SHA-256(0x00 || leaf), a node's SHA-256(0x01 || left || right): so no node can be
passed off as a leaf. The left part of a tree is the largest power of two smaller than its size; a
leaf without a partner rises as it is and is never doubled. The empty tree's root is SHA-256("").

Every proof is a list of roots of runs of leaves. `inclusion_runs` and `consistency_runs` say
which, so that the same rules serve a list in memory and a database of subtrees.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()

_LEAF = b"\x00"
_NODE = b"\x01"


class Run(NamedTuple):
    """Leaves from `start` up to, not including, `end`."""

    start: int
    end: int


class Position(NamedTuple):
    """A complete subtree: that of the 2**level leaves from number * 2**level on."""

    level: int
    number: int


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of one leaf."""
    return hashlib.sha256(_LEAF + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node over the hashes of its two parts."""
    return hashlib.sha256(_NODE + left + right).digest()


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """The root of the tree over these leaves (RFC 9162, section 2.1.1)."""
    return root_of_hashes([leaf_hash(leaf) for leaf in leaves])


def root_of_hashes(hashes: Sequence[bytes]) -> bytes:
    """The root of the tree whose leaves have these hashes."""
    frontier = Frontier()
    for each in hashes:
        frontier.add(each)
    return frontier.root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of a leaf (RFC 9162, section 2.1.3.1). Raises ValueError for a bad index."""
    return _roots(leaves, inclusion_runs(index, len(leaves)))


def consistency_proof(leaves: Sequence[bytes], old: int) -> list[bytes]:
    """The proof that the first `old` leaves are a tree's beginning (RFC 9162, section 2.1.4.1).

    Raises ValueError for a bad size.
    """
    return _roots(leaves, consistency_runs(old, len(leaves)))


def _roots(leaves: Sequence[bytes], runs: Sequence[Run]) -> list[bytes]:
    return [tree_root(leaves[run.start : run.end]) for run in runs]


def inclusion_runs(index: int, size: int) -> list[Run]:
    """The runs whose roots prove a leaf's place, its neighbour first.

    Raises ValueError unless 0 <= index < size.
    """
    if not 0 <= index < size:
        msg = f"a tree of {size} leaves has no leaf {index}"
        raise ValueError(msg)
    runs: list[Run] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _largest_power_below(end - start)
        if index < middle:
            runs.append(Run(middle, end))
            end = middle
        else:
            runs.append(Run(start, middle))
            start = middle
    runs.reverse()
    return runs


def consistency_runs(old: int, new: int) -> list[Run]:
    """The runs whose roots prove that a tree of `old` leaves grew into one of `new`.

    None where there is nothing to prove: the old tree is empty, or the same. Raises ValueError
    unless 0 <= old <= new.
    """
    if not 0 <= old <= new:
        msg = f"a tree of {new} leaves never had {old}"
        raise ValueError(msg)
    if old in {0, new}:
        return []
    runs: list[Run] = []
    start, end = 0, new
    while end != old:
        middle = start + _largest_power_below(end - start)
        if old <= middle:
            runs.append(Run(middle, end))
            end = middle
        else:
            runs.append(Run(start, middle))
            start = middle
    if start:
        # Where it is 0 the run is the whole old tree, whose root the verifier has.
        runs.append(Run(start, end))
    runs.reverse()
    return runs


def _largest_power_below(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1


def complete_subtrees(run: Run) -> list[Position]:
    """The complete subtrees that make up a run, the leftmost first.

    The run must begin where a subtree of its width may begin, as those of proofs do.
    """
    positions: list[Position] = []
    start = run.start
    for level in range((run.end - run.start).bit_length() - 1, -1, -1):
        if (run.end - run.start) >> level & 1:
            positions.append(Position(level, start >> level))
            start += 1 << level
    return positions


def join(hashes: Sequence[bytes]) -> bytes:
    """The root over complete subtrees of falling width, the leftmost first."""
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


@dataclass(slots=True)
class Frontier:
    """A tree that only grows: the hashes of its complete subtrees, at most one of each width."""

    size: int = 0
    hashes: list[bytes] = field(default_factory=list)
    """Of falling width, the leftmost first."""

    def add(self, leaf: bytes) -> list[tuple[Position, bytes]]:
        """Add a leaf by its hash; gives every subtree that it completed, itself the first."""
        done = [(Position(0, self.size), leaf)]
        level, number, made = 0, self.size, leaf
        while number & 1:
            made = node_hash(self.hashes.pop(), made)
            level, number = level + 1, number >> 1
            done.append((Position(level, number), made))
        self.hashes.append(made)
        self.size += 1
        return done

    def root(self) -> bytes:
        """The root of the tree as it is now."""
        return join(self.hashes)


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether a proof shows that the leaf of this hash stands at `index` in the tree of `root`.

    The algorithm of RFC 9162, section 2.1.3.2. A proof that is longer or shorter than it must be
    shows nothing.
    """
    if not 0 <= index < size or not _are_hashes([leaf, root, *proof]):
        return False
    position, last, made = index, size - 1, leaf
    for each in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            made = node_hash(each, made)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            made = node_hash(made, each)
        position, last = position >> 1, last >> 1
    return last == 0 and made == root


def verify_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether a proof shows that the tree of `old_root` is the beginning of that of `new_root`.

    The algorithm of RFC 9162, section 2.1.4.2. The same size needs the same root, whatever that is,
    and no proof; the empty tree is the beginning of every tree, with no proof.
    """
    if old == new:
        return old >= 0 and not proof and old_root == new_root
    if not 0 <= old < new or not _are_hashes([old_root, new_root, *proof]):
        return False
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    return _grew(old, new, old_root, new_root, proof)


def _grew(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    steps: Iterator[bytes] = iter(proof if old & (old - 1) else (old_root, *proof))
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    made_old = made_new = next(steps, b"")
    for each in steps:
        if last == 0:
            return False
        if position & 1 or position == last:
            made_old, made_new = node_hash(each, made_old), node_hash(each, made_new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            made_new = node_hash(made_new, each)
        position, last = position >> 1, last >> 1
    return last == 0 and made_old == old_root and made_new == new_root


def _are_hashes(values: Sequence[bytes]) -> bool:
    return all(len(value) == HASH_BYTES for value in values)
