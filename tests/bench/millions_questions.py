"""What is asked of a store of millions of events: queries, lineage, books, proofs, captures."""

import itertools
import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from api.server import settle_memory
from park.assets import Park
from park.database import open_engine
from park.gs1 import BatchId
from park.times import format_instant
from tests.support import park_hour
from tests.support.epcis_load import CONTEXT, PREFIX
from tests.support.scanning import Scans
from traceability.epcis.query.parameters import parse_query
from traceability.epcis.query.resources import Resource
from traceability.epcis.resources import EventResources
from traceability.epcis.subscriptions.feed import EventFeed
from traceability.event_repository import EventRepository
from traceability.ledger.ledger import Ledger
from traceability.paging import write_token
from traceability.provenance.service import ProvenanceService, RecallQuestion
from traceability.provenance.walk_statements import Direction
from traceability.repository import BatchQuery, Traceability

REPEATS = 200
_DOCUMENT = 500
_DOCUMENTS = 20
_DEEP_PAGES = 200
_SHIFT = "https://partner.example/epcis/shift"
_BRIX = "https://partner.example/epcis/brix"

Items = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Store:
    """A store that is full, and what asks it."""

    park: Park
    database: str
    folder: Path
    hours: int
    chance: random.Random

    def hour(self) -> int:
        """Any of its hours."""
        return self.chance.randrange(self.hours)

    def time(self) -> datetime:
        """Any time in it."""
        return park_hour.START + timedelta(hours=self.chance.random() * self.hours)

    def days(self, days: float) -> Items:
        """A span of time in it."""
        start = self.time()
        return [
            ("GE_eventTime", format_instant(start)),
            ("LT_eventTime", format_instant(start + timedelta(days=days))),
        ]

    @property
    def now(self) -> datetime:
        """A moment after all of it, and what is captured in addition."""
        return park_hour.START + timedelta(days=365 * 20)


@dataclass(frozen=True, slots=True)
class Question:
    """One kind of question."""

    name: str
    ask: Callable[[], object]
    repeats: int = REPEATS


def asked_of(store: Store) -> Iterator[Question]:
    """Every kind of question, one after the other; the store is open meanwhile."""
    engine = open_engine(store.database)
    rules: dict[str, Any] = {"mass_tolerance": 0.005, "clock_skew_s": 300.0}
    traceability = Traceability(engine, store.park, **rules, clock=lambda: store.now)
    repository = EventRepository(engine, store.park, **rules, clock=lambda: store.now)
    ledger = Ledger(
        engine,
        store.folder / "ledger-keys",
        store.folder / "ledger-checkpoints.jsonl",
        origin="agripark/bench",
    )
    settle_memory()
    try:
        yield from _queries(store, repository)
        yield from _resources(store, EventResources(engine))
        yield from _feed(EventFeed(engine, store.park))
        yield from _lineage(store, ProvenanceService(engine, store.park))
        yield from _books(store, traceability)
        yield from _proofs(store, ledger)
        yield from _captures(store, repository)
    finally:
        engine.dispose()


def _queries(store: Store, repository: EventRepository) -> Iterator[Question]:
    yield Question("event_by_id", lambda: repository.event(_event_id(store)))
    chance = store.chance
    steps = ("storing", "inspecting", "packing", "shipping", "receiving", "commissioning")
    asked: dict[str, Callable[[], Items]] = {
        "all": list,
        "simple": lambda: [("EQ_bizStep", chance.choice(steps)), *store.days(30)],
        "epc": lambda: [("MATCH_anyEPC", _pallet(store))],
        "lot": lambda: [("MATCH_anyEPCClass", park_hour.lot(3, park_hour.tag(store.hour())))],
        "crate": lambda: [("MATCH_epc", park_hour.crate(chance.randrange(20)))],
        "mixed": lambda: [
            ("EQ_bizStep", "inspecting"),
            ("EQ_readPoint", park_hour.room(chance.randrange(69))),
            ("EQ_source_owning_party", park_hour.party(0)),
            *store.days(90),
        ],
        "pattern": lambda: [
            ("MATCH_anyEPC", f"urn:epc:idpat:grai:{PREFIX}.00001.*"),
            *store.days(90),
        ],
        "pattern_in_vain": lambda: [("MATCH_anyEPC", "urn:epc:idpat:sgtin:0614141.*.*")],
        "in_vain": lambda: [("EQ_bizStep", "shipping"), ("EQ_disposition", "active")],
        "in_vain_place": lambda: [
            ("EQ_bizStep", "shipping"),
            ("EQ_bizLocation", f"urn:epc:id:sgln:{PREFIX}.00001.yard"),
        ],
        "in_vain_term": lambda: [
            ("EQ_bizStep", "storing"),
            ("EQ_destination_owning_party", park_hour.party(2 + chance.randrange(3))),
        ],
        "in_vain_two_terms": lambda: [
            ("EQ_source_owning_party", park_hour.party(0)),
            ("EQ_persistentDisposition_set", "needs_replacement"),
        ],
        "in_vain_same_step": lambda: [
            ("EQ_source_owning_party", park_hour.party(3)),
            ("EQ_bizStep", "shipping"),
        ],
        "in_vain_same_kind": lambda: [
            ("EQ_bizStep", "shipping"),
            ("EQ_source_owning_party", park_hour.party(0)),
            ("EQ_destination_owning_party", park_hour.party(4)),
            (f"EQ_{_SHIFT}", "day"),
        ],
        "in_vain_number": lambda: [
            ("EQ_bizStep", "shipping"),
            (f"GE_{_BRIX}", "10"),
        ],
        "in_vain_quantity": lambda: [
            ("EQ_bizStep", "receiving"),
            ("EQ_quantity", "700"),
        ],
        "by_extension": lambda: [
            ("EQ_bizStep", chance.choice(steps)),
            ("orderBy", _SHIFT),
            ("orderDirection", "ASC"),
        ],
        "by_number": lambda: [("EQ_bizStep", "inspecting"), ("orderBy", _BRIX)],
        "by_number_in_vain": lambda: [("EQ_bizStep", "shipping"), ("orderBy", _BRIX)],
        "by_record_time": lambda: [("EQ_bizStep", "shipping"), ("orderBy", "recordTime")],
        "within": lambda: [("WD_bizLocation", _building(store)), *store.days(30)],
        "within_step": lambda: [("WD_bizLocation", _building(store)), ("EQ_bizStep", "packing")],
        "sensor": lambda: [("GE_value_KEL", "274.9"), *store.days(30)],
        "sensor_rare": lambda: [("GE_value_KEL", "300")],
        "ilmd": lambda: [
            ("EQ_ILMD_urn:epcglobal:cbv:mda:lotNumber", f"{park_hour.tag(store.hour())}30"),
        ],
        "counted": lambda: [("EQ_bizStep", "shipping"), ("maxEventCount", "100000000")],
    }
    for name, items in asked.items():
        yield Question(
            f"query_{name}",
            partial(_query, repository, items),
        )
    yield _deep(repository, "page", [])
    yield _deep(repository, "page_simple", [("EQ_bizStep", "shipping")])


def _query(repository: EventRepository, items: Callable[[], Items]) -> object:
    return repository.query(parse_query(items()))


def _deep(repository: EventRepository, name: str, items: Items) -> Question:
    """Page after page, each of a thousand events."""
    token: list[str | None] = [None]

    def ask() -> None:
        token[0] = repository.query(parse_query(items), token[0], 1000).next_token

    return Question(f"query_{name}_after_page", ask, _DEEP_PAGES)


def _event_id(store: Store) -> str:
    return (
        f"urn:uuid:{park_hour.tag(store.hour())}-0000-4000-8000-{store.chance.randrange(900):012x}"
    )


def _pallet(store: Store) -> str:
    number = store.chance.randrange(60)
    return f"urn:epc:id:grai:{PREFIX}.00001.{park_hour.tag(store.hour())}P{number}"


def _building(store: Store) -> str:
    return f"urn:epc:id:sgln:{PREFIX}.{store.chance.randrange(3) + 2:05d}.0"


def _resources(store: Store, resources: EventResources) -> Iterator[Question]:
    for each in Resource:
        yield Question(f"list_{each.value}", partial(resources.page, each, None, 30))
    middle = f"https://id.gs1.org/8003/09521141000013{park_hour.tag(store.hours // 2)}P3"
    token = write_token([middle])
    yield Question("list_epcs_deep", lambda: resources.page(Resource.EPCS, token, 30))
    yield Question("has_epc", lambda: resources.has(Resource.EPCS, _pallet(store)))


def _feed(feed: EventFeed) -> Iterator[Question]:
    query = parse_query([("EQ_bizStep", "receiving")])
    head = feed.head()
    yield Question("standing_query", lambda: feed.take(query, head - 500, 100))
    never = parse_query([("EQ_bizStep", "repairing")])
    yield Question("standing_query_from_start", lambda: feed.take(never, 0, 100), 20)


def _lineage(store: Store, provenance: ProvenanceService) -> Iterator[Question]:
    def root(name: str) -> str:
        return park_hour.root(name, park_hour.tag(store.hour()))

    def lot(name: str) -> str:
        return park_hour.lot(name, park_hour.tag(store.hour()))

    def trace_back(name: str) -> object:
        return provenance.trace(root(name), Direction.BACK)

    for name in ("wide", "deep"):
        yield Question(
            f"lineage_{name}",
            partial(trace_back, name),
        )
    yield Question("lineage_forward", lambda: provenance.trace(lot("d0"), Direction.FORWARD))
    yield Question("whereabouts", lambda: provenance.whereabouts(lot("3G")))
    yield Question(
        "lineage_crate",
        lambda: provenance.trace(park_hour.crate(store.chance.randrange(20)), Direction.BACK),
    )
    yield Question("whereabouts_crate", lambda: provenance.whereabouts(park_hour.crate(1)), 20)
    asked = {
        "orchard": {"orchard": "orchard-001"},
        "room": {"room": "room-0001"},
        "line": {"line": "line-01"},
        "partners_room": {"room": park_hour.room(7)},
        "partners_field": {"orchard": f"urn:epc:id:sgln:{PREFIX}.00001.yard"},
    }
    for name, cause in asked.items():
        yield Question(f"recall_{name}", partial(_recall, store, provenance, cause), 20)


def _recall(store: Store, provenance: ProvenanceService, cause: dict[str, Any]) -> None:
    since = store.time()
    question = RecallQuestion(**cause, since=since, until=since + timedelta(hours=1))
    provenance.recall(question)


def _books(store: Store, books: Traceability) -> Iterator[Question]:
    maker = Scans(store.park)

    def batch(name: str, grade: str) -> BatchId:
        return maker.lot(f"{park_hour.tag(store.hour())}{name}", grade)

    yield Question("batch_page", lambda: books.batch(batch("e1", "extra")))
    yield Question("pallet", lambda: books.pallet(_sscc(store, maker)))
    yield Question("trace_pallet", lambda: books.trace_back(_sscc(store, maker)))
    yield Question("shipments", books.shipments)
    yield Question("shipments_of", lambda: books.shipments("TH"))
    yield Question("shipments_in_vain", lambda: books.shipments("VN"))
    yield Question("events_list", books.events)
    yield Question("findings_list", books.findings)
    yield Question("findings_in_vain", lambda: books.findings("late-event"))
    yield Question("totals", books.totals)
    queries = {
        "": BatchQuery(),
        "_by_number": BatchQuery(number=f"{park_hour.tag(store.hours // 3)}e1"),
        "_by_number_in_vain": BatchQuery(number="nowhere"),
        "_by_orchard": BatchQuery(orchard="orchard-001"),
        "_by_orchard_in_vain": BatchQuery(orchard="orchard-003"),
        "_by_destination": BatchQuery(destination="TH"),
        "_by_destination_in_vain": BatchQuery(destination="VN"),
        "_by_grade": BatchQuery(grade="reject"),
        "_by_variety_in_vain": BatchQuery(variety="no-such"),
        "_by_harvest": BatchQuery(
            harvested_from=park_hour.START, harvested_until=park_hour.START + timedelta(days=1)
        ),
    }
    for name, query in queries.items():
        yield Question(f"batches{name}", partial(books.search_batches, query), 20)
    balance = books.balance
    yield Question("balance_batch", lambda: balance.batch(batch("e1", "extra")))
    yield Question("balance_orchard", lambda: balance.orchard("orchard-001", 2026), 20)
    day = store.time()
    yield Question("balance_line", lambda: balance.line("line-01", day, day + timedelta(days=1)))
    yield Question("balance_line_ever", lambda: balance.line("line-01"), 3)
    yield Question("balance_season", lambda: balance.season(2026), 3)
    yield Question("balance_findings", lambda: balance.findings(2026), 3)
    yield Question("stored_in", lambda: books.stored_in(["room-0001"]))
    yield Question("health", books.health)


def _sscc(store: Store, maker: Scans) -> str:
    return maker.pallet(int(f"{park_hour.serial(store.hour())}1"))


def _proofs(store: Store, ledger: Ledger) -> Iterator[Question]:
    size = store.hours * park_hour.EVENTS
    yield Question("ledger_state", ledger.state, 50)
    yield Question("checkpoint", ledger.checkpoint, 50)
    yield Question("inclusion_proof", lambda: ledger.prove(_event_id(store)))
    yield Question(
        "consistency_proof", lambda: ledger.consistency(store.chance.randrange(1, size), size)
    )


def _captures(store: Store, repository: EventRepository) -> Iterator[Question]:
    """At last, as they make the store larger: by lots of their own."""
    run, later = itertools.count(int(time.time())), itertools.count(store.chance.randrange(1000))

    def events(size: int) -> list[dict[str, object]]:
        text = json.dumps(park_hour.events(park_hour.EVENTS - size - 2 * 134))
        own = f"{next(run) & 0xFFFFFFFF:08x}"
        moved = text.replace(park_hour.TAG, own)
        # Days apart: crates that are shipped again and again within three days are compared.
        moved = moved.replace(park_hour.HOUR, park_hour.hour(store.hours + 100 * next(later)))
        made: list[dict[str, object]] = json.loads(moved)[-size:]
        return made

    certified = iter([_certified(store, number) for number in range(REPEATS)])
    documents = [park_hour.document(events(_DOCUMENT)) for _ in range(_DOCUMENTS)]
    singles = [{"@context": CONTEXT, **each} for each in events(REPEATS)]
    document, single = iter(documents), iter(singles)
    yield Question("capture_certified", lambda: repository.capture_event(next(certified)))
    yield Question("capture_event", lambda: repository.capture_event(next(single)))
    yield Question(
        "capture_document", lambda: repository.capture_document(next(document)), _DOCUMENTS
    )


def _certified(store: Store, number: int) -> dict[str, object]:
    """A lot leaves under a certificate under which half the store came into being."""
    name = {"epcClass": park_hour.lot(number % 60, park_hour.tag(store.hour()))}
    return {
        "@context": CONTEXT,
        "type": "ObjectEvent",
        "action": "OBSERVE",
        "bizStep": "shipping",
        "eventTime": format_instant(store.time()),
        "eventTimeZoneOffset": "+08:00",
        "quantityList": [{**name, "quantity": 700, "uom": "KGM"}],
        "readPoint": {"id": f"urn:epc:id:sgln:{PREFIX}.00001.dock"},
        "certificationInfo": ["https://partner.example/certificates/gap"],
        "partner:note": f"{time.time()}",
    }
