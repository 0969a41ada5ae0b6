"""How fast EPCIS events are captured on both databases: validated, hashed, logged, projected."""

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Column, Engine, MetaData, Table, Text

from api.server import settle_memory
from park.database import open_engine
from park.definition import build_park, read_definition
from tests.bench.databases import MEMORY
from tests.bench.figures import Figure
from tests.support.epcis_load import START, bare_event, documents
from tests.support.servers import run_postgresql
from traceability.database.bulk import BulkInsert
from traceability.event_repository import EventRepository
from traceability.repository import Traceability

DOCUMENTS = 20
SIZE = 500
SINGLES = 200
NOW = START + timedelta(days=300)

_BARE = Table(
    "bare_events",
    MetaData(),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("document", Text),
)
_ADD_BARE = BulkInsert(_BARE)


def measure() -> list[Figure]:
    """Events captured a second in documents of 500, and the median of a single event."""
    with tempfile.TemporaryDirectory() as folder:
        sqlite = list(_measured(f"sqlite:///{Path(folder) / 'traceability.db'}", ""))
    with run_postgresql(MEMORY) as server:
        return [*sqlite, *_measured(server.new_database(), "postgresql_")]


def _measured(address: str, database: str) -> Iterator[Figure]:
    park = build_park(read_definition(), 0.01)
    engine = open_engine(address)
    rules: dict[str, Any] = {"mass_tolerance": 0.005, "clock_skew_s": 300.0}
    Traceability(engine, park, **rules).migrate()
    _BARE.create(engine)
    repository = EventRepository(engine, park, **rules, clock=lambda: NOW)
    try:
        settle_memory()  # as the server does
        per_s, bare_per_s = _documents(repository, engine)
        yield Figure(
            f"epcis.{database}capture_vs_insert", per_s, "events/s", bare_per_s, per_s / bare_per_s
        )
        taken_ms, bare_ms = _singles(repository, engine)
        yield Figure(
            f"epcis.{database}single_event_median", taken_ms, "ms", bare_ms, taken_ms / bare_ms
        )
    finally:
        engine.dispose()


def _documents(repository: EventRepository, engine: Engine) -> tuple[float, float]:
    """Documents from their bytes on, and bare inserts of the same texts, in events a second."""
    texts = [json.dumps(each) for each in islice(documents(SIZE), DOCUMENTS)]
    begin = time.perf_counter()
    for text in texts:
        result = repository.capture_document(json.loads(text))
        assert not result.refused, result.refused
    taken_s = time.perf_counter() - begin
    rows = [
        [(number * SIZE + position, json.dumps(event)) for position, event in enumerate(events)]
        for number, events in enumerate(
            json.loads(each)["epcisBody"]["eventList"] for each in texts
        )
    ]
    begin = time.perf_counter()
    for each in rows:
        _insert(engine, each)
    return DOCUMENTS * SIZE / taken_s, DOCUMENTS * SIZE / (time.perf_counter() - begin)


def _singles(repository: EventRepository, engine: Engine) -> tuple[float, float]:
    """Median time of one event in a transaction of its own, and of one bare insert."""
    first = DOCUMENTS * SIZE * 10
    events = [bare_event(first + 5 * number) for number in range(SINGLES)]
    rows = [[(first + number, json.dumps(event))] for number, event in enumerate(events)]
    taken_ms = statistics.median(_times_ms(repository.capture_event, events))
    return taken_ms, statistics.median(_times_ms(lambda row: _insert(engine, row), rows))


def _insert(engine: Engine, rows: Sequence[tuple[int, str]]) -> None:
    """A transaction of nothing else, as durable as a capture."""
    with engine.begin() as connection:
        _ADD_BARE(connection, rows)


def _times_ms(work: Callable[[Any], object], items: Sequence[Any]) -> list[float]:
    times = []
    for item in items:
        begin = time.perf_counter()
        work(item)
        times.append((time.perf_counter() - begin) * 1000)
    return times
