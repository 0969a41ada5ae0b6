"""How fast a batch with 200 ancestors is traced in a store of one million events.

The store is filled in bulk with trees, one half of them wide (a pallet of one lot that was mixed
of 66, each of them sorted from a harvest), one half deep (66 runs one after the other, each adding
another harvest). `python -m tests.bench.lineage_bench --events 1000000` runs it alone.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

from sqlalchemy import Engine, bindparam, select

from api.server import settle_memory
from park.database import open_engine
from tests.bench.databases import MEMORY, settle
from tests.bench.figures import Figure
from tests.support.servers import run_postgresql
from traceability import tables as events
from traceability.database.bulk import BulkInsert
from traceability.provenance import tables as t
from traceability.provenance.keys import ThingKind
from traceability.provenance.tracing import trace
from traceability.provenance.walk_statements import Direction

EVENTS = 1_000_000
TRACES = 400
_BRANCHES = 66
_TREES_AT_ONCE = 200
_MASS_MG = 1_000_000
_HOUR_MS = 3_600_000
_START_MS = 1_790_000_000_000
_P99_MS = 20.0

_ADD = {table: BulkInsert(table) for table in (events.events, t.things, t.links, t.stops)}
_ADD[t.sightings] = BulkInsert(t.sightings)
_BARE = select(t.things).where(t.things.c.key == bindparam("key"))


class Filler:
    """Makes rows of trees, counting up ids."""

    def __init__(self) -> None:
        self.events = self.things = self.links = 0
        self.roots: list[str] = []
        self._rows: dict[object, list[tuple[object, ...]]] = {table: [] for table in _ADD}

    def fill(self, engine: Engine, wanted: int) -> None:
        """Trees until there are as many events as are wanted."""
        while self.events < wanted:
            with engine.begin() as connection:
                for number in range(_TREES_AT_ONCE):
                    (self._wide if number % 2 else self._deep)()
                for table, add in _ADD.items():
                    add(connection, self._rows[table])
                    self._rows[table].clear()

    def _wide(self) -> None:
        mix = self._run()
        for _ in range(_BRANCHES):
            raw, sort, lot = self._harvest(), self._run(), self._lot()
            self._link(t.INTO, raw, sort)
            self._link(t.OUT_OF, sort, lot)
            self._link(t.INTO, lot, mix)
        self._pack(mix)

    def _deep(self) -> None:
        before = self._harvest()
        run = before
        for _ in range(_BRANCHES):
            run, added = self._run(), self._harvest()
            self._link(t.INTO, before, run)
            self._link(t.INTO, added, run)
            before = self._lot()
            self._link(t.OUT_OF, run, before)
        self._pack(run)

    def _pack(self, run: int) -> None:
        lot, at = self._lot(), self._event()
        self._link(t.OUT_OF, run, lot)
        pallet = self._thing(f"https://id.gs1.org/00/{self.things + 1:018d}", ThingKind.UNIT)
        self._link(t.CONTAINS, lot, pallet, at)
        self.roots.append(f"https://id.gs1.org/00/{pallet:018d}")

    def _harvest(self) -> int:
        lot = self._lot()
        self._link(t.MADE, None, lot, self._event())
        return lot

    def _lot(self) -> int:
        key = f"https://id.gs1.org/01/09521141000014/10/L{self.things + 1}"
        return self._thing(key, ThingKind.LOT)

    def _run(self) -> int:
        self._event()
        return self._thing(f"run/urn:uuid:{self.events}", ThingKind.RUN)

    def _thing(self, key: str, kind: ThingKind) -> int:
        self.things += 1
        self._rows[t.things].append((self.things, key, kind.value))
        at = _START_MS + self.events * _HOUR_MS
        self._rows[t.sightings].append(
            (self.things, at, max(1, self.events), "named", 1.0, "KGM", _MASS_MG)
        )
        return self.things

    def _event(self) -> int:
        self.events += 1
        seq, at = self.events, _START_MS + self.events * _HOUR_MS
        row = (seq, f"urn:uuid:{seq}", False, at, at, "", b"", "{}")
        self._rows[events.events].append(row)
        place = f"https://id.gs1.org/414/9521141000010/254/{seq % 50}"
        stop = (seq, at, "ObjectEvent", "OBSERVE", "storing", None, place, place)
        self._rows[t.stops].append((*stop, None, None, None, None, None))
        return at

    def _link(self, kind: str, source: int | None, target: int, at: int | None = None) -> None:
        self.links += 1
        at = _START_MS + self.events * _HOUR_MS if at is None else at
        from_ms = t.BEGINNING if kind == t.OUT_OF else at
        until_ms = t.OPEN if kind in {t.OUT_OF, t.CONTAINS} else at
        forms = (t.LOT if kind in {t.INTO, t.CONTAINS} else t.ITSELF, t.ITSELF)
        self._rows[t.links].append(
            (
                *(self.links, kind, source, forms[0], target, forms[1]),
                *(at, from_ms, until_ms, self.events, None, 1.0, "KGM", _MASS_MG),
            )
        )


def measure(wanted: int = EVENTS) -> list[Figure]:
    """Milliseconds of a trace on SQLite and PostgreSQL, beside a bare look-up."""
    with tempfile.TemporaryDirectory() as folder:
        sqlite = _on(f"sqlite:///{Path(folder) / 'lineage.db'}", "sqlite", wanted)
    with run_postgresql(MEMORY) as server:
        return [*sqlite, *_on(server.new_database(), "postgresql", wanted)]


def _on(address: str, name: str, wanted: int) -> list[Figure]:
    engine = open_engine(address)
    try:
        events.metadata.create_all(engine)
        filler = Filler()
        filler.fill(engine, wanted)
        settle(engine)
        return _figures(engine, name, filler.roots)
    finally:
        engine.dispose()


def _figures(engine: Engine, name: str, roots: Sequence[str]) -> list[Figure]:
    settle_memory()  # as the server does
    chosen = random.Random(4).choices(roots, k=TRACES)  # noqa: S311 - no secret
    with engine.connect() as connection:
        sizes = {len(trace(connection, key, Direction.BACK).nodes) for key in islice(chosen, 20)}
        assert min(sizes) > 3 * _BRANCHES
        traces = _times(chosen, lambda key: trace(connection, key, Direction.BACK))
        bare = _times(chosen, lambda key: connection.execute(_BARE, {"key": key}).one())
    figures = []
    for label, share in (("p50", 0.5), ("p99", 0.99)):
        taken, least = _quantile(traces, share), _quantile(bare, share)
        limit = least if label == "p50" else _P99_MS
        figures.append(Figure(f"lineage.{name}_{label}", taken, "ms", limit, taken / limit))
    return figures


def _times(keys: Sequence[str], work: Callable[[str], object]) -> list[float]:
    times = []
    for key in keys:
        begin = time.perf_counter()
        work(key)
        times.append((time.perf_counter() - begin) * 1000)
    return sorted(times)


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=EVENTS)
    for figure in measure(parser.parse_args().events):
        sys.stdout.write(f"{figure}\n")
