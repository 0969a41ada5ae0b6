"""How much of things came into being, was used, and is packed: sums over their links.

Amounts are told by mass where they have one, else in their unit, a count among them; only amounts
of one measure are added up and compared.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Text,
    case,
    distinct,
    func,
    literal_column,
    select,
)

from traceability.database.lookups import among, rows_for
from traceability.provenance import tables as t
from traceability.provenance.extraction import NAMED
from traceability.provenance.lots import TOLERANCE
from traceability.provenance.positions import site_of

MASS, UNKNOWN, COUNT = "mass", "unknown", "unit "
"""Measures; any other is `unit ` and the unit."""

_L = t.links.c
_COUNTS = (_L.kind != t.CONTAINS) | (_L.until_ms == t.OPEN)


def measure_of(mass_mg: ColumnElement[Any], quantity: Any, uom: Any) -> ColumnElement[str]:
    """In what a row's amount is told."""
    mass, unknown, count = (literal_column(f"'{word}'", Text) for word in (MASS, UNKNOWN, COUNT))
    return case(
        (mass_mg.is_not(None), mass),
        (quantity.is_(None), unknown),
        else_=count + func.coalesce(uom, literal_column("''", Text)),
    )


_MEASURE = measure_of(_L.mass_mg, _L.quantity, _L.uom).label("measure")
_SUMS = (
    _MEASURE,
    func.coalesce(func.sum(_L.mass_mg), func.sum(_L.quantity), 0).label("amount"),
    func.count().label("rows"),
    func.min(_L.at_ms).label("first_ms"),
    func.count(distinct(case((_L.kind == t.INTO, _L.target), else_=_L.source))).label("others"),
)
_CAME = (
    select(_L.target.label("thing"), _L.kind, *_SUMS)
    .where(among(_L.target), _L.kind != t.CONTAINS)
    .group_by(_L.target, _L.kind, _MEASURE)
)
_WENT = (
    select(_L.source.label("thing"), _L.kind, *_SUMS)
    .where(among(_L.source), _COUNTS)
    .group_by(_L.source, _L.kind, _MEASURE)
)


_G, _S = t.sightings.c, t.stops.c
_SIGHTED = measure_of(_G.mass_mg, _G.quantity, _G.uom).label("measure")
_FROM = func.coalesce(_S.origin, _S.read_point)
_SHIPPED = (
    select(
        _G.thing,
        _FROM.label("place"),
        _SIGHTED,
        func.coalesce(func.sum(_G.mass_mg), func.sum(_G.quantity), 0).label("amount"),
    )
    .join(t.stops, _S.seq == _G.seq)
    .where(among(_G.thing), _G.role == NAMED, _S.biz_step == "shipping", _FROM.is_not(None))
    .group_by(_G.thing, _FROM, _SIGHTED)
)
_AT = func.coalesce(_S.location, _S.read_point).label("place")
_LEFT = (
    select(_L.source.label("thing"), _AT, *_SUMS[:2])
    .join(t.stops, _S.seq == _L.seq)
    .where(among(_L.source), _COUNTS)
    .group_by(_L.source, _AT, _MEASURE)
)


class Total(NamedTuple):
    """So much in a measure; milligrams of a mass."""

    measure: str
    amount: float


@dataclass(frozen=True, slots=True)
class Sum:
    """Links of one kind and measure, together."""

    amount: float
    rows: int
    first_ms: int
    others: int
    """How many things there are at their other ends."""


@dataclass(slots=True)
class SiteAmounts:
    """What went from one site."""

    shipped: float = 0.0
    other: float = 0.0
    """Used, ended and packed."""

    @property
    def gone(self) -> float:
        """All of it."""
        return self.shipped + self.other


Sums = dict[str, Sum]
"""By measure."""


@dataclass(slots=True)
class Amounts:
    """What came to a thing and what went from it, by kind of link; packed is what is packed now."""

    came: dict[str, Sums] = field(default_factory=lambda: defaultdict(dict))
    went: dict[str, Sums] = field(default_factory=lambda: defaultdict(dict))

    @property
    def first_made_ms(self) -> int | None:
        """When it came into being; None where nobody says so."""
        made = [each for kind in _MAKES for each in self.came.get(kind, {}).values()]
        return min((each.first_ms for each in made), default=None)

    @property
    def made(self) -> Total | None:
        """How much ever came into being; None where that isn't known.

        To be named as new and to come out of a run is told of the same goods: the more counts.
        """
        told = [_whole(self.came[kind]) for kind in _MAKES if self.came.get(kind)]
        made = [each for each in told if each is not None]
        is_known = made and len(made) == len(told) and len({each.measure for each in made}) == 1
        return max(made) if is_known else None

    @property
    def made_mg(self) -> int | None:
        """Mass that ever came into being; None where it isn't known."""
        made = self.made
        return int(made.amount) if made is not None and made.measure == MASS else None

    @property
    def put_in(self) -> Total | None:
        """How much went into a run; None where that isn't known."""
        return _whole(self.came[t.INTO]) if self.came.get(t.INTO) else None

    def gone(self, kind: str, measure: str) -> float:
        """How much went by links of a kind, as far as it is told in a measure."""
        found = self.went.get(kind, {}).get(measure)
        return 0.0 if found is None else found.amount


_MAKES = (t.MADE, t.OUT_OF)


def amounts_of(connection: Connection, things: Collection[int]) -> Mapping[int, Amounts]:
    """The amounts of things by id; empty ones of those that have no links."""
    amounts: dict[int, Amounts] = defaultdict(Amounts)
    for thing, kind, measure, found in _sums(connection, _CAME, things):
        amounts[thing].came[kind][measure] = found
    for thing, kind, measure, found in _sums(connection, _WENT, things):
        amounts[thing].went[kind][measure] = found
    return amounts


def gone_from_sites(
    connection: Connection, things: Collection[int]
) -> Mapping[int, Mapping[str, Mapping[str, SiteAmounts]]]:
    """How much of things was shipped by itself, used or packed at each site, by thing and measure.

    What was shipped in a container is packed.
    """
    found: dict[int, dict[str, dict[str, SiteAmounts]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows_for(connection, _SHIPPED, things):
        _site_amounts(found, row).shipped += float(row.amount)
    # What wasn't shipped by itself is counted by the whole already.
    for row in rows_for(connection, _LEFT, list(found)):
        _site_amounts(found, row).other += float(row.amount)
    return found


def _site_amounts(
    found: dict[int, dict[str, dict[str, SiteAmounts]]], row: Row[Any]
) -> SiteAmounts:
    """Those of a row's thing, measure and site."""
    return found[row.thing][row.measure].setdefault(site_of(row.place) or "", SiteAmounts())


def exceeds(amount: float, most: float) -> bool:
    """Whether an amount is more than another, beyond weighing errors."""
    return amount > most * (1 + TOLERANCE)


def _whole(sums: Sums) -> Total | None:
    """The sum where it is of one measure."""
    if len(sums) != 1 or UNKNOWN in sums:
        return None
    ((measure, found),) = sums.items()
    return Total(measure, found.amount)


def _sums(
    connection: Connection, query: Select[Any], things: Collection[int]
) -> Iterator[tuple[int, str, str, Sum]]:
    for row in rows_for(connection, query, things):
        found = Sum(float(row.amount), row.rows, row.first_ms, row.others)
        yield row.thing, row.kind, row.measure, found
