"""What every kind of question, a capture and each command take in a store of millions of events.

Not part of `make bench`: filling takes one to two minutes and three gigabytes a million events.
`python -m tests.bench millions --events 10000000 --folder build/millions` fills a store in that
folder, or takes the one that was filled there before; with `--database postgresql` the store is on
a server of its own, and gone afterwards. `--only query` measures what has that word in its name.

Each figure is the slowest of a hundred answers (p99); as its limit stands their median.
"""

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import func, select, text

from park.assets import Park
from park.database import open_engine
from park.definition import build_park, read_definition
from tests.bench.databases import MEMORY, settle
from tests.bench.figures import Figure
from tests.bench.millions_questions import Question, Store, asked_of
from tests.support import park_hour
from tests.support.hours_store import fill
from tests.support.serve_process import ServeProcess
from tests.support.servers import run_postgresql
from traceability import tables as t
from traceability.repository import Traceability

EVENTS = 10_000_000
SCALE = 0.01
_DEADLINE_S = 3600
_LONGEST_S = 10.0
"""What takes longer is asked less often."""


def add_options(parser: argparse._ArgumentGroup) -> None:
    """What to measure, and where."""
    parser.add_argument("--events", type=int, default=EVENTS, help="most of ten million")
    parser.add_argument("--folder", type=Path, default=Path("build/millions"))
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--only", default="", help="measure what has this in its name")


def measure_as(options: argparse.Namespace) -> list[Figure]:
    """Measure as the options say."""
    return measure(options.events, options.folder, options.database, options.only)


def measure(events: int, folder: Path, database: str, only: str = "") -> list[Figure]:
    """Fill the store, or take the one that is there; measure all whose name has `only` in it."""
    folder.mkdir(parents=True, exist_ok=True)
    park = build_park(read_definition(), SCALE)
    with ExitStack() as stack:
        address = f"sqlite:///{folder / 'traceability.db'}"
        if database == "postgresql":
            address = stack.enter_context(run_postgresql(MEMORY)).new_database()
        took_s = _filled(address, park, events)
        store = Store(
            park,
            address,
            folder,
            -(-events // park_hour.EVENTS),
            random.Random(5),  # noqa: S311 - no secret
        )
        figures = [Figure("millions.filled", took_s, "s")] if took_s else []
        figures += [_disk(store)]
        for each in (*_commands(store), *asked_of(store)):
            if only in each.name:
                figures.append(_figure(each))
                sys.stderr.write(f"{figures[-1]}\n")
        return figures


def _filled(address: str, park: Park, events: int) -> float:
    """Fill the store where there is none; the seconds that it took."""
    engine = open_engine(address)
    try:
        with engine.connect() as connection:
            there = engine.dialect.has_table(connection, t.log_head.name)
        if there:
            Traceability(engine, park, mass_tolerance=0.005, clock_skew_s=300.0).migrate()
            return 0.0
        begin = time.perf_counter()
        fill(engine, park, events, lambda done: sys.stderr.write(f"\r{done:,} events"))
        settle(engine)
        return time.perf_counter() - begin
    finally:
        engine.dispose()


def _disk(store: Store) -> Figure:
    """Bytes on disk, of all tables and indexes, for a million events."""
    engine = open_engine(store.database)
    with engine.connect() as connection:
        count = connection.execute(select(func.max(t.events.c.seq))).scalar_one()
        if engine.dialect.name == "sqlite":
            (size,) = [Path(engine.url.database or "").stat().st_size]
        else:
            whole = text("SELECT pg_database_size(current_database())")
            size = connection.execute(whole).scalar_one()
    engine.dispose()
    return Figure("millions.disk", size / count * 1_000_000 / 2**30, "GiB/million")


def _figure(question: Question) -> Figure:
    taken: list[float] = []
    last = time.monotonic() + _LONGEST_S
    while len(taken) < question.repeats and (time.monotonic() < last or not taken):
        begin = time.perf_counter()
        question.ask()
        taken.append((time.perf_counter() - begin) * 1000)
    taken.sort()
    slowest = taken[len(taken) * 99 // 100]
    return Figure(f"millions.{question.name}", slowest, "ms", taken[len(taken) // 2])


def _commands(store: Store) -> Iterator[Question]:
    options = ("--data", str(store.folder), "--scale", str(SCALE), "--database", store.database)

    def run(*words: str) -> None:
        subprocess.run(
            (sys.executable, "-m", "api", *words),
            check=False,
            timeout=_DEADLINE_S,
            stdout=sys.stderr,
        )
        used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        sys.stderr.write(f"{words[0]}: {used / 1024:.0f} MiB at most so far\n")

    def serve() -> None:
        with tempfile.TemporaryDirectory() as folder:
            server = ServeProcess(store.database, store.folder, Path(folder) / "log")
            try:
                server.start()
            finally:
                server.kill()

    yield Question("serve_start", serve, 3)
    yield Question("backup", lambda: _backup(store, run), 1)
    yield Question("verify", lambda: run("ledger", "verify", *options), 1)


def _backup(store: Store, run: Callable[..., None]) -> None:
    with tempfile.TemporaryDirectory(dir=store.folder) as folder:
        run(
            *("backup", str(Path(folder) / "copy")),
            *("--data", str(store.folder), "--database", store.database),
        )
