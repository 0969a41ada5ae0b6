"""Sums under certificates that are kept are those that all events give, whatever came and went."""

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, select

from park.assets import Park
from park.database import open_engine
from tests.support.epcis_api import Json, document
from tests.support.lineage_events import lot, pallet, place
from tests.support.recall_story import kg, told
from tests.support.scanning import NOW
from traceability.database.transactions import write
from traceability.event_repository import EventRepository
from traceability.provenance import tables as p
from traceability.provenance.certified import certified_anew

RULES: dict[str, Any] = {"mass_tolerance": 0.005, "clock_skew_s": 300.0}
ORGANIC, FAIR = "https://certificates.example/organic/17", "https://certificates.example/fair/4"
CERTIFICATES: Sequence[Any] = (
    None,
    ORGANIC,
    [ORGANIC, FAIR, ORGANIC],
    [{"type": "gs1:CertificationDetails", "gs1:certificationIdentification": "17", "n": ORGANIC}],
    f"{FAIR}/{'x' * 300}",
    "https://id.gs1.org/253/9521141000014A",
)
PLACES = (place("farm"), place("dock"), place(), None)
_ACTIONS = {"harvest": "ADD", "ship": "OBSERVE", "end": "DELETE"}
EVENTS, DOCUMENTS = 40, 60


def _event(draw: random.Random, number: int) -> Json:
    """One of any kind, of a few lots, under any certificate."""
    at = f"2025-10-{draw.randint(1, 20):02}T0{draw.randint(0, 9)}:00:00Z"
    what = [kg(lot(draw.choice("ABCD")), draw.choice([5, 7.5, 1e-9, 1e12])) for _ in range(2)]
    if draw.random() < 0.2:
        what[0] = {"epcClass": what[0]["epcClass"]}
    where = draw.choice(PLACES)
    kind = draw.choice(["harvest", "ship", "run", "pack", "end"])
    event = told("ObjectEvent", at, where)
    if kind == "run":
        event |= {"type": "TransformationEvent", "inputQuantityList": what}
        event |= {"outputQuantityList": what}
    elif kind == "pack":
        event |= {"type": "AggregationEvent", "action": "ADD", "parentID": pallet(1)}
        event |= {"childQuantityList": what}
    else:
        step = "shipping" if kind == "ship" or draw.random() < 0.2 else "inspecting"
        event |= {"action": _ACTIONS[kind], "bizStep": step, "quantityList": what}
    if kind == "ship" and draw.random() < 0.5:
        event["sourceList"] = [{"type": "location", "source": place("yard")}]
    certificate = draw.choice(CERTIFICATES)
    if certificate is not None:
        event["certificationInfo"] = certificate
    return {**event, "eventID": f"urn:uuid:0d000000-0000-4000-8000-{number:012}"}


def _wrong(event: Json) -> Json:
    declared = {"declarationTime": "2025-11-05T00:00:00Z", "reason": "did_not_occur"}
    return {**event, "errorDeclaration": declared}


def _documents(events: Sequence[Json], draw: random.Random) -> Iterator[list[Json]]:
    """Events, their declarations before, with and after them, and all of it again."""
    for _ in range(DOCUMENTS):
        said = draw.choices(events, k=draw.randint(1, 6))
        yield [_wrong(each) if draw.random() < 0.1 else each for each in said]


@pytest.fixture
def engine(migrated_address: str) -> Iterator[Engine]:
    engine = open_engine(migrated_address)
    yield engine
    engine.dispose()


def _kept(engine: Engine) -> dict[str, set[Any]]:
    with engine.connect() as connection:
        return {
            table.name: set(map(tuple, connection.execute(select(table))))
            for table in (p.certificates, p.certified_shipments)
        }


@pytest.mark.parametrize("seed", range(3))
def test_what_is_kept_is_what_is_counted_anew(engine: Engine, small_park: Park, seed: int) -> None:
    repository = EventRepository(engine, small_park, **RULES, clock=lambda: NOW)
    draw = random.Random(seed)  # noqa: S311 - no secret
    told_of = [_event(draw, number) for number in range(EVENTS)]
    taken = 0
    for events in _documents(told_of, draw):
        result = repository.capture_document(document(*events), proceed=True)
        taken += sum(each.new for each in result.captured)
    kept = _kept(engine)
    assert all(kept.values())
    write(engine, certified_anew)
    assert _kept(engine) == kept
    assert taken > EVENTS / 2


def test_two_servers_at_once_keep_one_sum(
    engine: Engine, migrated_address: str, small_park: Park
) -> None:
    other = open_engine(migrated_address)
    draw = random.Random(7)  # noqa: S311 - no secret
    told_of = [_event(draw, number) for number in range(EVENTS)]

    def capture(server: Engine, seed: int) -> None:
        repository = EventRepository(server, small_park, **RULES, clock=lambda: NOW)
        for events in _documents(told_of, random.Random(seed)):  # noqa: S311 - no secret
            repository.capture_document(document(*events), proceed=True)

    with ThreadPoolExecutor(2) as servers:
        # Both tell of the same events, each in an order of its own.
        list(servers.map(capture, (engine, other), (8, 9)))
    other.dispose()
    kept = _kept(engine)
    assert all(kept.values())
    write(engine, certified_anew)
    assert _kept(engine) == kept
