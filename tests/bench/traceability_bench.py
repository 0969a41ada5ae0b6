"""How fast scans are captured and pallets traced, beside what the bare database does."""

import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from park.assets import Park
from park.database import open_engine
from park.definition import build_park, read_definition
from park.scans import Scan
from tests.bench.figures import Figure
from tests.support.scanning import NOW, Scans
from traceability.repository import Traceability

T = TypeVar("T")

ROUNDS = 60
"""Of ten scans each: from harvest to arrival."""
TRACES = 300


def measure() -> list[Figure]:
    """Scans captured and pallets traced a second on SQLite."""
    park = build_park(read_definition(), 0.01)
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
            return [_capture(repository, park, Path(folder)), _trace(repository, park, folder)]
        finally:
            repository.close()


def _capture(repository: Traceability, park: Park, folder: Path) -> Figure:
    """Each scan in a transaction of its own, against one insert in a transaction of its own."""
    maker = Scans(park)
    scans = [scan for number in range(ROUNDS) for scan in _way_to_the_buyer(maker, number)]
    document = "x" * 600
    connection = _bare_database(folder / "bare.db")

    def insert(number: int) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO events VALUES (?, ?)", (number, document))
        connection.execute("COMMIT")

    inserts_per_s = _per_second(insert, range(len(scans)))
    connection.close()
    captures_per_s = _per_second(repository.capture, scans)
    return Figure(
        "traceability.capture_vs_insert",
        captures_per_s,
        "scans/s",
        inserts_per_s,
        captures_per_s / inserts_per_s,
    )


def _trace(repository: Traceability, park: Park, folder: str) -> Figure:
    """A pallet traced back to its orchards, against one look-up by index."""
    connection = sqlite3.connect(Path(folder) / "traceability.db")
    query = "SELECT id FROM nodes WHERE key = ?"
    pallets = [f"00/{Scans(park).pallet(number % ROUNDS)}" for number in range(TRACES)]
    look_ups_per_s = _per_second(lambda key: connection.execute(query, (key,)).fetchone(), pallets)
    connection.close()
    traces_per_s = _per_second(repository.trace_back, pallets)
    return Figure(
        "traceability.trace_vs_lookup",
        traces_per_s,
        "traces/s",
        look_ups_per_s,
        traces_per_s / look_ups_per_s,
    )


def _bare_database(path: Path) -> sqlite3.Connection:
    """As durable as `park.database` makes its own."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, document TEXT)")
    return connection


def _per_second(work: Callable[[T], object], items: Sequence[T]) -> float:
    start = time.perf_counter()
    for item in items:
        work(item)
    return len(items) / (time.perf_counter() - start)


def _way_to_the_buyer(scans: Scans, number: int) -> Iterator[Scan]:
    """Two harvests, stored, sorted together, packed, shipped and received."""
    raw = [scans.lot(f"H{number}-{k}") for k in range(2)]
    extra, rejects = scans.lot(f"E{number}", "extra"), scans.lot(f"R{number}", "reject")
    pallet = scans.pallet(number)
    for batch in raw:
        yield scans.harvest(batch, 1000)
        yield scans.store_in(batch, 1000)
        yield scans.store_out(batch, 1000)
    yield scans.sort(dict.fromkeys(raw, 1000.0), {extra: 1900, rejects: 80}, 20)
    yield scans.palletise(pallet, {extra: 1900})
    yield scans.ship(f"S-{number}", pallet)
    yield scans.receive(f"S-{number}", pallet)
