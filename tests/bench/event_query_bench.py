"""How fast events are indexed, and how fast questions are answered in a store of a million.

The store is filled with index rows directly: how they come to be is measured apart. What stands
beside the answers is one bare look-up by index in the same database and the same run.
"""

import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path

from sqlalchemy import Engine, bindparam, insert, select

from park.database import open_engine
from park.times import from_epoch_ms, to_epoch_ms
from tests.bench.databases import MEMORY, settle
from tests.bench.figures import Figure
from tests.support.epcis_load import PREFIX, START, document
from tests.support.servers import run_postgresql
from traceability import tables as t
from traceability.database.bulk import BulkInsert, Row
from traceability.epcis.jsonld.documents import read_document
from traceability.epcis.jsonld.reading import read_event
from traceability.epcis.model import AnyEvent
from traceability.epcis.query import tables as q
from traceability.epcis.query.fields import Field, measured, typed
from traceability.epcis.query.indexing import index_events
from traceability.epcis.query.meetings import Meeting, keep_meetings, meetings
from traceability.epcis.query.parameters import parse_query
from traceability.epcis.query.search import find
from traceability.epcis.query.series import series
from traceability.epcis.query.shapes import keep_shapes, shape_id

EVENTS = 1_000_000
BATCH = 500
INDEXED = 10_000
QUESTIONS = 1000
_CHUNK = 20_000
_SECOND_MS = 1000
_DAY_MS = 24 * 3600 * _SECOND_MS
_STEPS = ("commissioning", "storing", "inspecting", "packing", "shipping", "receiving")
_DISPOSITIONS = ("active", "in_progress", "in_transit")
_HOST = "https://id.gs1.org"
_DOCUMENT = "x" * 900
_ADD_EVENTS, _ADD_FACTS = BulkInsert(t.events), BulkInsert(q.event_facts)
_ADD_TERMS, _ADD_NUMBERS = BulkInsert(q.event_terms), BulkInsert(q.event_numbers)
_BARE = select(t.events.c.document).where(t.events.c.event_id == bindparam("event_id"))


def measure() -> list[Figure]:
    """Events indexed a second, and the slowest of a hundred answers on SQLite and PostgreSQL."""
    with tempfile.TemporaryDirectory() as folder:
        indexed = _indexing(f"sqlite:///{Path(folder) / 'few.db'}")
        sqlite = list(_answers(f"sqlite:///{Path(folder) / 'many.db'}", "sqlite"))
    with run_postgresql(MEMORY) as server:
        return [indexed, *sqlite, *_answers(server.new_database(), "postgresql")]


def _indexing(address: str) -> Figure:
    """Documents of 500 events, index only, against the bare insert of the events."""
    engine = _new(address)
    batches = [list(batch) for batch in _batches(INDEXED // BATCH)]
    inserting = indexing = 0.0
    for batch in batches:
        with engine.begin() as connection:
            start = time.perf_counter()
            connection.execute(insert(t.events), [_event_row(seq, event) for seq, event in batch])
            inserted = time.perf_counter()
            index_events(connection, batch)
            inserting += inserted - start
            indexing += time.perf_counter() - inserted
    engine.dispose()
    count = len(batches) * BATCH
    return Figure(
        "traceability.event_index",
        count / indexing,
        "events/s",
        count / inserting,
        inserting / indexing,
    )


def _batches(count: int) -> Iterator[Iterator[tuple[int, AnyEvent]]]:
    for number in range(count):
        read = read_document(document(number, BATCH))
        events = (read_event(body, read.context) for body in read.bodies)
        yield enumerate(events, start=number * BATCH + 1)


def _event_row(seq: int, event: AnyEvent) -> dict[str, object]:
    return {
        "seq": seq,
        "event_id": event.event_id,
        "declared": False,
        "event_time_ms": to_epoch_ms(event.event_time),
        "record_time_ms": to_epoch_ms(START),
        "fingerprint": f"{seq:064x}",
        "content_hash": seq.to_bytes(32, "big"),
        "document": _DOCUMENT,
    }


def _answers(address: str, database: str) -> Iterator[Figure]:
    engine = _new(address)
    fill(engine, EVENTS)
    settle(engine)
    chance = random.Random(1)  # noqa: S311 - no secret
    looked_up = _p99_ms(lambda: _look_up(engine, f"urn:event:{chance.randrange(EVENTS)}"))
    for name, ask in _QUESTIONS.items():
        answered = _p99_ms(lambda ask=ask: _ask(engine, ask(chance)))  # type: ignore[misc] # bound
        figure = f"traceability.event_query_{name}_{database}_p99"
        yield Figure(figure, answered, "ms", looked_up, answered / looked_up)
    engine.dispose()


def _look_up(engine: Engine, event_id: str) -> None:
    with engine.connect().execution_options(read_only=True) as connection:
        connection.execute(_BARE, {"event_id": event_id}).one()


def _ask(engine: Engine, items: Sequence[tuple[str, str]]) -> None:
    with engine.connect().execution_options(read_only=True) as connection:
        find(connection, parse_query(items))


def _p99_ms(work: Callable[[], object]) -> float:
    taken: list[float] = []
    for _ in range(QUESTIONS):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return sorted(taken)[QUESTIONS * 99 // 100] * 1000


def _simple(chance: random.Random) -> list[tuple[str, str]]:
    return [("EQ_bizStep", chance.choice(_STEPS)), *_days(chance, 30)]


def _by_epc(chance: random.Random) -> list[tuple[str, str]]:
    return [("MATCH_epc", _epc(chance.randrange(EVENTS)))]


def _mixed(chance: random.Random) -> list[tuple[str, str]]:
    return [
        ("EQ_bizStep", chance.choice(_STEPS)),
        ("EQ_readPoint", _place(chance.randrange(200))),
        ("EQ_source_owning_party", _party(chance.randrange(5))),
        *_days(chance, 90),
    ]


def _by_pattern(chance: random.Random) -> list[tuple[str, str]]:
    return [("MATCH_anyEPC", f"urn:epc:idpat:sgtin:{PREFIX}.*.*"), *_days(chance, 90)]


def _in_vain(_chance: random.Random) -> list[tuple[str, str]]:
    """Both are common, no event has both."""
    return [("EQ_bizStep", "shipping"), ("EQ_disposition", "active")]


def _by_extension(chance: random.Random) -> list[tuple[str, str]]:
    shift = "https://partner.example/epcis/shift"
    return [("EQ_bizStep", chance.choice(_STEPS)), ("orderBy", shift), ("orderDirection", "ASC")]


_QUESTIONS: Mapping[str, Callable[[random.Random], list[tuple[str, str]]]] = {
    "simple": _simple,
    "epc": _by_epc,
    "mixed": _mixed,
    "pattern": _by_pattern,
    "in_vain": _in_vain,
    "by_extension": _by_extension,
}


def _days(chance: random.Random, days: int) -> list[tuple[str, str]]:
    last = EVENTS * 10 * _SECOND_MS
    start = to_epoch_ms(START) + chance.randrange(last)
    return [
        ("GE_eventTime", from_epoch_ms(start).isoformat()),
        ("LT_eventTime", from_epoch_ms(start + days * _DAY_MS).isoformat()),
    ]


def _new(address: str) -> Engine:
    engine = open_engine(address)
    t.metadata.create_all(engine)
    return engine


def fill(engine: Engine, count: int) -> None:
    """Write events and their index rows; events follow each other every ten seconds."""
    chance = random.Random(0)  # noqa: S311 - no secret
    rows = (_rows(seq, chance) for seq in range(1, count + 1))
    while chunk := list(islice(rows, _CHUNK)):
        events, facts, terms, numbers = zip(*chunk, strict=True)
        with engine.begin() as connection:
            _ADD_EVENTS(connection, events)
            keep_shapes(connection, {each[4:8] for each in facts})
            keep_meetings(connection, set().union(*map(_meetings, facts, terms, numbers)))
            _ADD_FACTS(connection, facts)
            _ADD_TERMS(connection, sorted(chain.from_iterable(terms)))
            _ADD_NUMBERS(connection, sorted(chain.from_iterable(numbers)))


def _meetings(facts: Row, terms: Sequence[Row], numbers: Sequence[Row]) -> set[Meeting]:
    places = {"read_point": facts[8], "biz_location": facts[9]}
    texts = ((name, value) for name, value, *_ in terms)
    return meetings(facts[3], places, texts, ((each[0], each[3]) for each in numbers))


def _rows(seq: int, chance: random.Random) -> tuple[Row, Row, list[Row], list[Row]]:
    at_ms = to_epoch_ms(START) + seq * 10 * _SECOND_MS
    place, step = _place(chance.randrange(200)), chance.choice(_STEPS)
    disposition = "in_transit" if step == "shipping" else chance.choice(_DISPOSITIONS)
    event = (seq, f"urn:event:{seq}", False, at_ms, at_ms, "", seq.to_bytes(32, "big"), _DOCUMENT)
    told = ("ObjectEvent", "OBSERVE", step, disposition)
    facts = (seq, at_ms, at_ms, shape_id(told), *told, place, place.partition("/254/")[0])
    epc = _epc(chance.randrange(seq))
    key, number = series(epc) or ("", 0.0)
    terms = [
        (str(Field.EPC), epc, at_ms, seq),
        (str(Field.CLASS), f"{_HOST}/01/09521141000012/10/L{seq // 20}", at_ms, seq),
        (typed(Field.SOURCE, "owning_party"), _party(chance.randrange(5)), at_ms, seq),
        (typed(Field.TRANSACTION, "po"), f"urn:paper:{seq // 50}", at_ms, seq),
        ("event:https://partner.example/epcis/shift", "", at_ms, seq),
        ("event:https://partner.example/epcis/shift", chance.choice(("day", "night")), at_ms, seq),
    ]
    quantity = float(chance.randrange(1, 1000))
    numbers = [
        (measured(Field.EPC, key), at_ms, seq, number),
        (str(Field.QUANTITY), at_ms, seq, quantity),
        (measured(Field.QUANTITY, "mass"), at_ms, seq, quantity * 1000),
    ]
    return event, facts, terms, numbers


def _epc(number: int) -> str:
    return f"{_HOST}/01/09521141000012/21/{number % 250_000}"


def _place(number: int) -> str:
    return f"{_HOST}/414/9521141000019/254/R{number}"


def _party(number: int) -> str:
    return f"{_HOST}/417/95211410000{number:02}"
