"""How fast EPCIS events are captured: validated, hashed, logged and projected, on SQLite."""

import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from api.server import settle_memory
from park.database import open_engine
from park.definition import build_park, read_definition
from tests.bench.figures import Figure
from tests.support.epcis_load import START, bare_event, documents
from traceability.event_repository import EventRepository
from traceability.repository import Traceability

DOCUMENTS = 20
SIZE = 500
SINGLES = 200
NOW = START + timedelta(days=300)


def measure() -> list[Figure]:
    """Events captured a second in documents of 500, and the median of a single event."""
    park = build_park(read_definition(), 0.01)
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'traceability.db'}")
        rules: dict[str, Any] = {"mass_tolerance": 0.005, "clock_skew_s": 300.0}
        Traceability(engine, park, **rules).migrate()
        repository = EventRepository(engine, park, **rules, clock=lambda: NOW)
        try:
            settle_memory()  # as the server does
            return [_documents(repository, Path(folder)), _singles(repository, Path(folder))]
        finally:
            engine.dispose()


def _documents(repository: EventRepository, folder: Path) -> Figure:
    """Documents from their bytes on, against bare inserts of the same texts."""
    texts = [json.dumps(each) for each in islice(documents(SIZE), DOCUMENTS)]
    begin = time.perf_counter()
    for text in texts:
        result = repository.capture_document(json.loads(text))
        assert not result.refused, result.refused
    per_s = DOCUMENTS * SIZE / (time.perf_counter() - begin)
    bare_per_s = _bare_inserts(folder / "bare.db", texts)
    return Figure("epcis.capture_vs_insert", per_s, "events/s", bare_per_s, per_s / bare_per_s)


def _bare_inserts(path: Path, texts: list[str]) -> float:
    connection = _bare_database(path)
    bodies = [
        [json.dumps(event) for event in json.loads(text)["epcisBody"]["eventList"]]
        for text in texts
    ]
    begin = time.perf_counter()
    for rows in bodies:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO events (document) VALUES (?)", [(row,) for row in rows])
        connection.execute("COMMIT")
    taken_s = time.perf_counter() - begin
    connection.close()
    return DOCUMENTS * SIZE / taken_s


def _singles(repository: EventRepository, folder: Path) -> Figure:
    """Median time of one event in a transaction of its own, against one bare insert."""
    first = DOCUMENTS * SIZE * 10
    events = [bare_event(first + 5 * number) for number in range(SINGLES)]
    taken_ms = statistics.median(_times_ms(repository.capture_event, events))
    connection = _bare_database(folder / "bare-single.db")

    def insert(event: object) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO events (document) VALUES (?)", (json.dumps(event),))
        connection.execute("COMMIT")

    bare_ms = statistics.median(_times_ms(insert, events))
    connection.close()
    return Figure("epcis.single_event_median", taken_ms, "ms", bare_ms, taken_ms / bare_ms)


def _times_ms(work: Callable[[Any], object], items: Sequence[Any]) -> list[float]:
    times = []
    for item in items:
        begin = time.perf_counter()
        work(item)
        times.append((time.perf_counter() - begin) * 1000)
    return times


def _bare_database(path: Path) -> sqlite3.Connection:
    """As durable as `park.database` makes its own."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, document TEXT)")
    return connection
