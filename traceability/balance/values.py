"""What mass balances say. Masses are whole milligrams, so that sums can be compared exactly."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime

from park.gs1 import BatchId


@dataclass(slots=True)
class Masses:
    """Where a mass is, or what became of it."""

    at_hand_mg: int = 0
    """In the park, in no room and on no pallet; rejects aside."""
    in_rooms_mg: int = 0
    on_pallets_mg: int = 0
    """On pallets that haven't left."""
    shipped_mg: int = 0
    used_mg: int = 0
    """Went into sorting runs; of a season none, as what came out of them is counted."""
    rejected_mg: int = 0
    """Sorted out as rejects, and not in a room."""
    lost_mg: int = 0
    """Dried up in rooms, or lost in sorting."""

    @property
    def total_mg(self) -> int:
        """The sum of all."""
        return sum(getattr(self, each.name) for each in fields(self))

    def add(self, other: "Masses") -> None:
        """Add another's masses to these."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchBalance:
    """What became of one batch."""

    batch: BatchId
    variety: str
    grade: str
    made_at: datetime
    made_mg: int
    masses: Masses

    @property
    def difference_mg(self) -> int:
        """What is missing: 0 in books that are right."""
        return self.made_mg - self.masses.total_mg


@dataclass(frozen=True, slots=True)
class GradeMass:
    """So much of one grade."""

    grade: str
    qty_mg: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LineBalance:
    """What a sorting line took and gave between two times, the latter not included."""

    line: str
    since: datetime | None
    until: datetime | None
    runs: int
    in_mg: int
    grades: Sequence[GradeMass]
    """What came out, rejects aside."""
    rejected_mg: int
    lost_mg: int

    @property
    def graded_mg(self) -> int:
        """What came out, rejects aside."""
        return sum(each.qty_mg for each in self.grades)

    @property
    def difference_mg(self) -> int:
        """What is missing: 0 in books that are right."""
        return self.in_mg - self.graded_mg - self.rejected_mg - self.lost_mg

    @property
    def yield_share(self) -> float | None:
        """Share that came out as good fruit; None where nothing went in."""
        return self.graded_mg / self.in_mg if self.in_mg else None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchardBalance:
    """What an orchard gave in a season, against what it can bear."""

    orchard: str
    variety: str
    season: int
    area_mu: float
    certified_area_mu: float | None
    yield_kg_mu: float
    ceiling_mg: int
    harvested_mg: int
    batches: int

    @property
    def left_mg(self) -> int:
        """What it may still give; negative where its ceiling was lowered since."""
        return self.ceiling_mg - self.harvested_mg

    @property
    def share(self) -> float | None:
        """Share of its ceiling that it gave; None where the ceiling is nothing."""
        return self.harvested_mg / self.ceiling_mg if self.ceiling_mg else None


@dataclass(frozen=True, slots=True)
class VarietyBalance:
    """What became of a season's harvest of one variety."""

    variety: str
    harvested_mg: int
    masses: Masses

    @property
    def difference_mg(self) -> int:
        """What is missing: 0 in books that are right."""
        return self.harvested_mg - self.masses.total_mg


@dataclass(frozen=True, slots=True)
class DestinationMass:
    """So much went to a destination."""

    destination: str
    qty_mg: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonBalance:
    """What was harvested in a season, and where all of it is now, in whatever later year."""

    season: int
    since: datetime
    until: datetime
    orchards: Sequence[OrchardBalance]
    """Those that gave anything."""
    varieties: Sequence[VarietyBalance]
    destinations: Sequence[DestinationMass]
    masses: Masses = field(init=False)

    def __post_init__(self) -> None:
        """Sum up the varieties."""
        masses = Masses()
        for each in self.varieties:
            masses.add(each.masses)
        object.__setattr__(self, "masses", masses)

    @property
    def harvested_mg(self) -> int:
        """What all orchards gave."""
        return sum(each.harvested_mg for each in self.orchards)

    @property
    def difference_mg(self) -> int:
        """What is missing: 0 in books that are right."""
        return self.harvested_mg - self.masses.total_mg


@dataclass(frozen=True, slots=True)
class BalanceFinding:
    """Something odd that is possible all the same, and why it is odd."""

    code: str
    """Stable and kebab-case."""
    subject: str
    """A batch as `01/{gtin}/10/{lot}`, a run's event, a shipment's number or an asset."""
    qty_mg: int
    detail: str
