"""How much of things came into being, was used, and is packed: sums over their links."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Select, case, distinct, func, select

from traceability.provenance import tables as t
from traceability.provenance.lookups import among
from traceability.provenance.store import rows_for

TOLERANCE = 0.005
"""Share by which weighings of the same goods may differ."""

_L = t.links.c
_COUNTS = (_L.kind != t.CONTAINS) | (_L.until_ms == t.OPEN)
_SUMS = (
    func.count().label("rows"),
    func.count(_L.mass_mg).label("weighed"),
    func.sum(_L.mass_mg).label("mass_mg"),
    func.min(_L.at_ms).label("first_ms"),
    func.count(distinct(case((_L.kind == t.INTO, _L.target), else_=_L.source))).label("others"),
)
_CAME = (
    select(_L.target.label("thing"), _L.kind, *_SUMS)
    .where(among(_L.target), _L.kind != t.CONTAINS)
    .group_by(_L.target, _L.kind)
)
_WENT = (
    select(_L.source.label("thing"), _L.kind, *_SUMS)
    .where(among(_L.source), _COUNTS)
    .group_by(_L.source, _L.kind)
)


@dataclass(frozen=True, slots=True)
class Sum:
    """Links of one kind, together."""

    rows: int = 0
    weighed: int = 0
    """How many of them have a mass."""
    mass_mg: int = 0
    first_ms: int = 0
    others: int = 0
    """How many things there are at their other ends."""

    @property
    def is_weighed(self) -> bool:
        """Whether the mass is the whole mass."""
        return self.rows == self.weighed


NOTHING = Sum()


@dataclass(slots=True)
class Amounts:
    """What came to a thing and what went from it, by kind of link; packed is what is packed now."""

    came: dict[str, Sum] = field(default_factory=dict)
    went: dict[str, Sum] = field(default_factory=dict)

    @property
    def made(self) -> list[Sum]:
        """What came into being: by being named so, and out of runs. It is the same goods."""
        return [self.came[kind] for kind in (t.MADE, t.OUT_OF) if kind in self.came]

    @property
    def made_mg(self) -> int | None:
        """Mass that ever came into being; None where it isn't known."""
        made = self.made
        if not made or not all(each.is_weighed for each in made):
            return None
        return max(each.mass_mg for each in made)

    @property
    def used_mg(self) -> int:
        """Mass that is no more."""
        return sum(self.went[kind].mass_mg for kind in (t.INTO, t.ENDED) if kind in self.went)

    @property
    def packed_mg(self) -> int:
        """Mass that is in containers now."""
        return self.went.get(t.CONTAINS, NOTHING).mass_mg

    @property
    def loose_mg(self) -> int | None:
        """What is left in no container; None where that isn't known, 0 within weighing errors."""
        made_mg = self.made_mg
        if made_mg is None or not all(each.is_weighed for each in self.went.values()):
            return None
        left_mg = made_mg - self.used_mg - self.packed_mg
        return left_mg if left_mg > made_mg * TOLERANCE else 0


def amounts_of(connection: Connection, things: Collection[int]) -> Mapping[int, Amounts]:
    """The amounts of things by id; empty ones of those that have no links."""
    amounts: dict[int, Amounts] = defaultdict(Amounts)
    for thing, kind, found in _sums(connection, _CAME, things):
        amounts[thing].came[kind] = found
    for thing, kind, found in _sums(connection, _WENT, things):
        amounts[thing].went[kind] = found
    return amounts


def exceeds(mass_mg: int, most_mg: int) -> bool:
    """Whether a mass is more than another, beyond weighing errors."""
    return mass_mg > most_mg * (1 + TOLERANCE)


def _sums(
    connection: Connection, query: Select[Any], things: Collection[int]
) -> Iterator[tuple[int, str, Sum]]:
    for row in rows_for(connection, query, things):
        found = Sum(row.rows, row.weighed, int(row.mass_mg or 0), row.first_ms, row.others)
        yield row.thing, row.kind, found
