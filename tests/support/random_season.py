"""A random season: moves that hypothesis draws, played on a repository as far as possible."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from hypothesis import strategies as st
from sqlalchemy import Engine

from park.assets import Park
from park.database import open_engine
from park.definition import build_park, read_definition
from park.gs1 import BatchId
from park.scans import Scan
from tests.support.scanning import NOW, Scans
from traceability.errors import MassError
from traceability.repository import Traceability

ORCHARDS = ("orchard-001", "orchard-005")
"""Two that grow the same variety, so that their fruit may be mixed."""

_LEAST_KG = 1.0
"""Of less is nothing taken: a claim of grams falls within what is granted for rounding."""

numbers = st.integers(min_value=0, max_value=10**6)
shares = st.floats(min_value=0.01, max_value=1.0)
moves = st.tuples(
    st.sampled_from(
        ["harvest", "store", "keep", "sort", "sort", "mix", "palletise", "palletise", "ship"]
    ),
    numbers,
    shares,
    st.floats(min_value=0.996, max_value=1.004),
)


class Season:
    """Plays moves; what would break the books is refused by them and left out."""

    def __init__(self, engine: Engine, repository: Traceability, scans: Scans) -> None:
        """Begin with nothing."""
        self.repository = repository
        self.scans = scans
        self.engine = engine
        self.harvests: list[BatchId] = []
        self.batches: list[BatchId] = []
        self.pallets: list[str] = []
        self.shipments: list[str] = []
        self.waiting: list[str] = []
        self.told: list[Scan] = []

    @property
    def captured(self) -> int:
        """How many scans were captured."""
        return len(self.told)

    def play(self, move: str, number: int, share: float, error: float) -> None:
        """Play one move with these dice."""
        players: dict[str, Callable[[int, float, float], None]] = {
            "harvest": self._harvest,
            "store": self._store,
            "keep": self._keep,
            "sort": lambda n, s, e: self._sort(1, n, s, e),
            "mix": lambda n, s, e: self._sort(3, n, s, e),
            "palletise": self._palletise,
            "ship": self._ship,
        }
        players[move](number, share, error)

    def _capture(self, scan: Scan) -> bool:
        try:
            self.repository.capture(scan)
        except MassError:
            return False
        self.told.append(scan)
        return True

    def _at_hand(self, batches: list[BatchId], number: int, most: int) -> dict[BatchId, float]:
        """Some of the batches that have fruit left, and how much."""
        chosen = [
            batches[(number + step * 7) % len(batches)] for step in range(most if batches else 0)
        ]
        left = {batch: self.repository.batch(batch).in_stock_kg for batch in chosen}
        return {batch: qty_kg for batch, qty_kg in left.items() if qty_kg > _LEAST_KG}

    def _harvest(self, number: int, share: float, error: float) -> None:
        orchard = ORCHARDS[number % 2]
        batch = self.scans.lot(f"H{len(self.harvests)}", orchard=orchard)
        if self._capture(self.scans.harvest(batch, share * error * 20_000 / 3, orchard)):
            self.harvests.append(batch)

    def _store(self, number: int, share: float, error: float) -> None:
        for batch, left_kg in self._at_hand(self.harvests + self.batches, number, 1).items():
            room = f"room-{number % 3 + 1:04}"
            stored_kg = left_kg * share
            if self._capture(self.scans.store_in(batch, stored_kg * error, room)):
                self._capture(self.scans.store_out(batch, stored_kg * min(error, 1.0), room))

    def _keep(self, number: int, share: float, error: float) -> None:
        for batch, left_kg in self._at_hand(self.harvests + self.batches, number, 1).items():
            self._capture(self.scans.store_in(batch, left_kg * share * error, "room-0004"))

    def _sort(self, most: int, number: int, share: float, error: float) -> None:
        left = self._at_hand(self.harvests + self.batches, number, most)
        inputs = {batch: qty_kg * share for batch, qty_kg in left.items()}
        if not inputs:
            return
        total_kg, run = sum(inputs.values()) * error, self.captured
        extra, first, rejects = (
            self.scans.lot(f"{grade}-{run}", grade) for grade in ("extra", "first", "reject")
        )
        outputs = {extra: total_kg * 0.61, first: total_kg / 3, rejects: total_kg * 0.04}
        loss_kg = total_kg * (0.39 - 1 / 3 - 0.04)
        if self._capture(self.scans.sort(inputs, outputs, loss_kg)):
            self.batches += [extra, first]

    def _palletise(self, number: int, share: float, error: float) -> None:
        left = self._at_hand(self.batches, number, number % 2 + 1)
        contents = {batch: qty_kg * share * error for batch, qty_kg in left.items()}
        pallet = self.scans.pallet(len(self.pallets))
        if contents and self._capture(self.scans.palletise(pallet, contents)):
            self.pallets.append(pallet)
            self.waiting.append(pallet)

    def _ship(self, number: int, _share: float, _error: float) -> None:
        if self.waiting:
            leaving = self.waiting[: number % 3 + 1]
            shipment = f"S-{len(self.shipments)}"
            assert self._capture(self.scans.ship(shipment, *leaving))
            self.shipments.append(shipment)
            del self.waiting[: len(leaving)]


@contextmanager
def random_season(park: Park, mass_tolerance: float = 0.005) -> Iterator[Season]:
    """A season before its first move, on a file of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "traceability.db"
        path.write_bytes(_without_events())
        engine = open_engine(f"sqlite:///{path}")
        repository = _repository(engine, park, mass_tolerance)
        try:
            yield Season(engine, repository, Scans(park))
        finally:
            repository.close()


@cache
def _without_events() -> bytes:
    """A file with all tables: making them takes longer than many a season."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "traceability.db"
        engine = open_engine(f"sqlite:///{path}")
        repository = _repository(engine, build_park(read_definition(), 0.01), 0.0)
        repository.migrate()
        repository.close()
        return path.read_bytes()


def _repository(engine: Engine, park: Park, mass_tolerance: float) -> Traceability:
    return Traceability(
        engine, park, mass_tolerance=mass_tolerance, clock_skew_s=300, clock=lambda: NOW
    )
