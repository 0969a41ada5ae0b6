"""Compares what follows from the events with what a database holds.

1. Each row of a table becomes a digest, in a secret of this run; the digests fall into buckets,
   and only their number and sum are kept of each. So two tables of any size and in any order are
   compared in one pass over each, in constant memory.
2. Where buckets differ, the rows of some of them are fetched, and told apart.
"""

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection

from traceability.derived.tables import DerivedTable, Values
from traceability.ledger.damage import damage_of

LARGEST_REPORT = 20
"""Rows of one table that are described."""

_BUCKETS = 4096
_DIGEST_BYTES = 16
_MODULUS = 1 << (8 * _DIGEST_BYTES)
_MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that isn't what follows from the events."""

    table: str
    row: Mapping[str, Any]
    """What tells it apart."""
    found: Mapping[str, Any] | None
    """What stands in the database, where it is another; None where the row is missing."""
    wanted: Mapping[str, Any] | None
    """What follows from the events; None where nothing does."""


@dataclass(frozen=True, slots=True)
class TableReport:
    """How a table differs from what follows from the events."""

    table: str
    differences: Sequence[Difference]
    more: bool
    """Whether there are further ones, which weren't looked at."""
    damage: Sequence[str] = ()
    """What is wrong with its part of the file, so that queries may find other rows."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong with it."""
        return not (self.differences or self.more or self.damage)


@dataclass(slots=True)
class _Digest:
    """Number and sum of rows in each bucket."""

    counts: list[int] = field(default_factory=lambda: [0] * _BUCKETS)
    sums: list[int] = field(default_factory=lambda: [0] * _BUCKETS)

    def add(self, bucket: int, digest: int) -> None:
        self.counts[bucket] += 1
        self.sums[bucket] = (self.sums[bucket] + digest) % _MODULUS


class Comparison:
    """Of two databases; `found` is the one in doubt."""

    def __init__(self, found: Connection, wanted: Connection) -> None:
        self._found, self._wanted = found, wanted
        self._secret = secrets.token_bytes(_DIGEST_BYTES)

    def report(self, derived: DerivedTable) -> TableReport:
        """Rows of a table that differ; all of them where they are few, else some."""
        found, wanted = self._digest(self._found, derived), self._digest(self._wanted, derived)
        odd = [
            bucket
            for bucket in range(_BUCKETS)
            if (found.counts[bucket], found.sums[bucket])
            != (wanted.counts[bucket], wanted.sums[bucket])
        ]
        damage = damage_of(self._found, derived.name)[:LARGEST_REPORT]
        if not odd:
            return TableReport(derived.name, (), more=False, damage=damage)
        each = 1 + max(sum(found.counts), sum(wanted.counts)) // _BUCKETS
        looked_at = odd[: max(1, _MOST_ROWS // each)]
        differences = _told_apart(
            derived,
            self._rows_in(self._found, derived, set(looked_at)),
            self._rows_in(self._wanted, derived, set(looked_at)),
        )
        more = len(looked_at) < len(odd) or len(differences) > LARGEST_REPORT
        return TableReport(derived.name, differences[:LARGEST_REPORT], more, damage)

    def _digest(self, connection: Connection, derived: DerivedTable) -> _Digest:
        made = _Digest()
        for row in derived.rows(connection):
            made.add(*self._place(row))
        return made

    def _place(self, row: Values) -> tuple[int, int]:
        digest = blake2b(repr(row).encode(), key=self._secret, digest_size=_DIGEST_BYTES).digest()
        number = int.from_bytes(digest)
        return number % _BUCKETS, number

    def _rows_in(
        self, connection: Connection, derived: DerivedTable, buckets: set[int]
    ) -> Counter[Values]:
        return Counter(row for row in derived.rows(connection) if self._place(row)[0] in buckets)


def _told_apart(
    derived: DerivedTable, found: Counter[Values], wanted: Counter[Values]
) -> list[Difference]:
    names = [column.name for column in derived.columns]
    places = [names.index(name) for name in derived.identity]
    surplus, lacking = _by_identity(found - wanted, places), _by_identity(wanted - found, places)
    return [
        _difference(derived, names, surplus.get(key), lacking.get(key))
        for key in sorted(surplus.keys() | lacking.keys(), key=repr)
    ]


def _by_identity(rows: Counter[Values], places: Sequence[int]) -> dict[Values, Values]:
    return {tuple(row[place] for place in places): row for row in rows}


def _difference(
    derived: DerivedTable, names: Sequence[str], found: Values | None, wanted: Values | None
) -> Difference:
    either = dict(zip(names, wanted or found or (), strict=True))
    changed = [
        name
        for number, name in enumerate(names)
        if found is None or wanted is None or found[number] != wanted[number]
    ]

    def shown(row: Values | None) -> dict[str, Any] | None:
        values = None if row is None else dict(zip(names, row, strict=True))
        return values and {name: values[name] for name in changed}

    identity = {name: either[name] for name in derived.identity}
    return Difference(derived.name, identity, shown(found), shown(wanted))
