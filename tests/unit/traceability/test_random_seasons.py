"""Whatever happens in a season, mass is conserved along the lineage, both ways."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from park.assets import Park
from park.database import open_engine
from park.gs1 import BatchId
from park.scans import Scan
from tests.support.scanning import NOW, Scans
from traceability.errors import MassError
from traceability.repository import Traceability
from traceability.views import NodeKind, Trace

ORCHARDS = ("orchard-001", "orchard-005")
"""Two that grow the same variety, so that their fruit may be mixed."""
WITHIN = 1e-6

numbers = st.integers(min_value=0, max_value=10**6)
shares = st.floats(min_value=0.01, max_value=1.0)
moves = st.tuples(
    st.sampled_from(["harvest", "store", "sort", "sort", "mix", "palletise", "palletise", "ship"]),
    numbers,
    shares,
    st.floats(min_value=0.996, max_value=1.004),
)


class Season:
    """Plays moves; what would break the books is refused by them and left out."""

    def __init__(self, repository: Traceability, scans: Scans) -> None:
        self.repository = repository
        self.scans = scans
        self.harvests: list[BatchId] = []
        self.batches: list[BatchId] = []
        self.pallets: list[str] = []
        self.shipments: list[str] = []
        self.waiting: list[str] = []
        self.captured = 0

    def play(self, move: str, number: int, share: float, error: float) -> None:
        players: dict[str, Callable[[int, float, float], None]] = {
            "harvest": self._harvest,
            "store": self._store,
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
        self.captured += 1
        return True

    def _at_hand(self, batches: list[BatchId], number: int, most: int) -> dict[BatchId, float]:
        """Some of the batches that have fruit left, and how much."""
        chosen = [
            batches[(number + step * 7) % len(batches)] for step in range(most if batches else 0)
        ]
        left = {batch: self.repository.batch(batch).in_stock_kg for batch in chosen}
        return {batch: qty_kg for batch, qty_kg in left.items() if qty_kg > 0.001}

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
def _repository(park: Park) -> Iterator[Traceability]:
    with tempfile.TemporaryDirectory() as folder:
        repository = Traceability(
            open_engine(f"sqlite:///{Path(folder) / 'traceability.db'}"),
            park,
            mass_tolerance=0.005,
            clock_skew_s=300,
            clock=lambda: NOW,
        )
        repository.migrate()
        try:
            yield repository
        finally:
            repository.close()


def _mass_by_end(trace: Trace) -> dict[str, float]:
    return {end.id: end.qty_kg for end in trace.ends}


def _check_edges(trace: Trace) -> None:
    """Into every node but those where the trace begins flows its mass; no edge points back."""
    order = {node.id: position for position, node in enumerate(trace.nodes)}
    arriving = dict.fromkeys(order, 0.0)
    for edge in trace.edges:
        assert order[edge.source] < order[edge.target]
        arriving[edge.target] += edge.qty_kg
    for node in trace.nodes:
        if arriving[node.id]:
            assert arriving[node.id] == pytest.approx(node.qty_kg, rel=WITHIN)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(script=st.lists(moves, min_size=5, max_size=25))
def test_mass_is_conserved_from_every_harvest_to_every_end_and_back(
    small_park: Park, script: list[tuple[str, int, float, float]]
) -> None:
    with _repository(small_park) as repository:
        season = Season(repository, Scans(small_park))
        season.play("harvest", 0, 0.5, 1.0)
        for move in script:
            season.play(*move)
        assert repository.totals().events == season.captured
        _check_forward_and_backward(season)
        _check_origins(season)


def _check_forward_and_backward(season: Season) -> None:
    repository = season.repository
    backward: dict[str, dict[str, float]] = {}
    drawn: dict[str, float] = {batch.path: 0.0 for batch in season.harvests}
    for batch in season.harvests:
        harvested_kg = repository.batch(batch).summary.qty_kg
        forward = repository.trace_forward(batch.path)
        _check_edges(forward)
        assert sum(_mass_by_end(forward).values()) == pytest.approx(harvested_kg, rel=WITHIN)
        for end in forward.ends:
            if end.id not in backward:
                trace = repository.trace_back(end.id)
                _check_edges(trace)
                assert {each.kind for each in trace.ends} == {NodeKind.HARVEST}
                backward[end.id] = _mass_by_end(trace)
            from_here_kg = backward[end.id][batch.path]
            assert end.qty_kg == pytest.approx(from_here_kg, rel=WITHIN, abs=WITHIN)
            drawn[batch.path] += from_here_kg
        assert drawn[batch.path] <= harvested_kg * (1 + WITHIN)


def _check_origins(season: Season) -> None:
    """The projection that search uses says the same as the lineage."""
    repository = season.repository
    for batch in season.batches:
        by_orchard: dict[str | None, float] = {}
        for end in repository.trace_back(batch.path).ends:
            by_orchard[end.place] = by_orchard.get(end.place, 0.0) + end.qty_kg
        history = repository.batch(batch)
        assert {each.orchard: each.qty_kg for each in history.origins} == pytest.approx(
            by_orchard, rel=WITHIN, abs=WITHIN
        )
        assert set(history.summary.orchards) == set(by_orchard)
    for pallet in season.pallets:
        contents_kg = sum(each.qty_kg for each in repository.pallet(pallet).contents)
        ends = _mass_by_end(repository.trace_back(pallet))
        assert sum(ends.values()) == pytest.approx(contents_kg, rel=WITHIN)
