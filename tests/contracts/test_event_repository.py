"""What the repository of events promises, on SQLite and PostgreSQL alike."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from park.assets import Park
from park.database import open_engine
from tests.support.epcis_load import bare_event, document
from tests.support.scanning import NOW, Scans
from traceability import tables as t
from traceability.errors import EventIdReusedError, InvalidDocumentError, NotFoundError
from traceability.event_repository import CaptureResult, EventRepository
from traceability.recording.entries import entry_of_scan
from traceability.repository import Traceability

Json = dict[str, Any]

RULES: dict[str, Any] = {"mass_tolerance": 0.005, "clock_skew_s": 300.0}


@pytest.fixture
def engine(migrated_address: str, small_park: Park) -> Iterator[Engine]:
    engine = open_engine(migrated_address)
    _traceability(engine, small_park).migrate()
    yield engine
    engine.dispose()


def _traceability(engine: Engine, park: Park) -> Traceability:
    return Traceability(engine, park, **RULES, clock=lambda: NOW)


@pytest.fixture
def traceability(engine: Engine, small_park: Park) -> Traceability:
    return _traceability(engine, small_park)


@pytest.fixture
def repository(engine: Engine, small_park: Park) -> EventRepository:
    return EventRepository(engine, small_park, **RULES, clock=lambda: NOW)


def events_of(body: Json) -> list[Json]:
    events: list[Json] = body["epcisBody"]["eventList"]
    return events


def stored(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(t.events)).scalar_one()


def test_events_come_back_as_they_went_in(repository: EventRepository) -> None:
    body = document(1, 5)
    result = repository.capture_document(body)
    assert [each.new for each in result.captured] == [True] * 5
    for event in events_of(body):
        found = repository.event(event["eventID"])
        assert found.pop("recordTime") == "2027-03-01T00:00:00.000Z"
        assert found.pop("@context") == body["@context"]
        assert found == event


def test_the_same_document_again_changes_nothing(
    repository: EventRepository, engine: Engine
) -> None:
    repository.capture_document(document(1, 10))
    again = repository.capture_document(document(1, 10))
    assert [each.new for each in again.captured] == [False] * 10
    assert stored(engine) == 10


def test_an_event_is_known_in_any_form_of_its_identifiers(
    repository: EventRepository, engine: Engine
) -> None:
    event = bare_event(5)
    repository.capture_event(event)
    as_link = "https://brand.example/01/09521141123454/10/L5"
    other = {**event, "quantityList": [{**event["quantityList"][0], "epcClass": as_link}]}
    assert not repository.capture_event(other).new
    assert stored(engine) == 1


def test_an_event_without_an_id_is_named_by_what_it_says(
    repository: EventRepository, engine: Engine
) -> None:
    event = {name: value for name, value in bare_event(0).items() if name != "eventID"}
    first, again = repository.capture_event(event), repository.capture_event(event)
    assert first.event_id.startswith("ni:///sha-256;")
    assert (first.new, again.new, again.event_id) == (True, False, first.event_id)
    assert repository.event(first.event_id)["eventID"] == first.event_id
    assert stored(engine) == 1


def test_other_content_under_a_known_id_is_refused(repository: EventRepository) -> None:
    repository.capture_event(bare_event(0))
    with pytest.raises(EventIdReusedError):
        repository.capture_event({**bare_event(0), "disposition": "damaged"})
    assert repository.event(bare_event(0)["eventID"])["action"] == "ADD"


def test_one_event_that_is_refused_takes_its_document_with_it(
    repository: EventRepository, engine: Engine
) -> None:
    repository.capture_event(bare_event(0))
    body = document(0, 3)
    events_of(body)[0]["disposition"] = "destroyed"
    result = repository.capture_document(body)
    assert result.captured == ()
    assert [(each.path, each.code) for each in result.refused] == [
        ("epcisBody.eventList[0]", "event-id-reused")
    ]
    assert stored(engine) == 1


def test_with_proceed_the_others_are_captured(repository: EventRepository, engine: Engine) -> None:
    repository.capture_event(bare_event(0))
    body = document(0, 5)
    events_of(body)[0]["disposition"] = "destroyed"
    events_of(body)[3]["action"] = "EXPLODE"
    result = repository.capture_document(body, proceed=True)
    assert [each.new for each in result.captured] == [True] * 3
    assert {each.path for each in result.refused} == {
        "epcisBody.eventList[0]",
        "epcisBody.eventList[3].action",
    }
    assert stored(engine) == 4


def test_a_document_that_breaks_the_schema_names_every_path(
    repository: EventRepository, engine: Engine
) -> None:
    body = document(0, 5)
    events_of(body)[1]["eventTimeZoneOffset"] = "Beijing"
    del events_of(body)[2]["eventTime"]
    with pytest.raises(InvalidDocumentError) as refused:
        repository.capture_document(body)
    assert {problem.path for problem in refused.value.problems} == {
        "epcisBody.eventList[1].eventTimeZoneOffset",
        "epcisBody.eventList[2].eventTime",
    }
    assert stored(engine) == 0


def test_an_error_declaration_stands_beside_what_it_corrects(
    repository: EventRepository, engine: Engine
) -> None:
    event = bare_event(0)
    declaration = {"declarationTime": "2026-04-01T00:00:00Z", "reason": "incorrect_data"}
    wrong = {**event, "errorDeclaration": declaration}
    repository.capture_event(event)
    assert repository.capture_event(wrong).new
    assert not repository.capture_event(wrong).new
    assert repository.event(event["eventID"])["errorDeclaration"] == declaration
    assert stored(engine) == 2


def test_the_same_told_under_two_ids_is_found(
    repository: EventRepository, traceability: Traceability
) -> None:
    repository.capture_event(bare_event(0))
    twin = {**bare_event(0), "eventID": "urn:uuid:7e1a3f2e-5b52-4f49-9f6e-0f6f6d1f7d11"}
    assert repository.capture_event(twin).new
    (finding,) = traceability.findings("same-content").items
    assert finding.event_id == twin["eventID"]


def test_what_was_never_captured_is_not_found(repository: EventRepository) -> None:
    with pytest.raises(NotFoundError):
        repository.event("urn:uuid:7e1a3f2e-5b52-4f49-9f6e-0f6f6d1f7d11")


# Our own park


def test_a_step_of_our_park_may_come_as_a_document(
    repository: EventRepository, traceability: Traceability, small_park: Park
) -> None:
    scans = Scans(small_park)
    batch = scans.lot("EP-1")
    harvest = entry_of_scan(scans.harvest(batch, 500), small_park)
    foreign = {name: part for name, part in harvest.body.items() if name != "agripark:step"}
    repository.capture_event(foreign)
    traceability.capture(scans.store_in(batch, 500))
    assert traceability.batch(batch).summary.qty_kg == 500


def test_the_books_refuse_what_can_t_be_true_of_our_park(
    repository: EventRepository, small_park: Park, engine: Engine
) -> None:
    scans = Scans(small_park)
    batch = scans.lot("EP-2")
    entries = [
        entry_of_scan(scans.harvest(batch, 500), small_park),
        entry_of_scan(scans.store_in(batch, 900), small_park),
        entry_of_scan(scans.store_in(batch, 100), small_park),
    ]
    body = document(0, 0)
    body["@context"] = entries[0].body["@context"]
    body["epcisBody"]["eventList"] = [
        {name: part for name, part in entry.body.items() if name != "@context"} for entry in entries
    ]
    whole = repository.capture_document(body)
    assert [(each.path, each.code) for each in whole.refused] == [
        ("epcisBody.eventList[1]", "not-enough-mass")
    ]
    assert stored(engine) == 0
    parts = repository.capture_document(body, proceed=True)
    assert len(parts.captured) == 2
    assert stored(engine) == 2


# Concurrency


def _at_once(repository: EventRepository, bodies: Sequence[Json]) -> list[CaptureResult]:
    barrier = Barrier(len(bodies))

    def run(body: Json) -> CaptureResult:
        barrier.wait(timeout=10)
        return repository.capture_document(body, proceed=True)

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(run, bodies))


def test_clients_that_capture_the_same_at_once_count_it_once(
    repository: EventRepository, engine: Engine
) -> None:
    results = _at_once(repository, [document(2, 50) for _ in range(4)])
    assert sum(each.new for result in results for each in result.captured) == 50
    assert stored(engine) == 50


def test_of_clients_that_contradict_each_other_one_wins(
    repository: EventRepository, engine: Engine
) -> None:
    bodies = [document(3, 20) for _ in range(4)]
    for number, body in enumerate(bodies):
        for event in events_of(body):
            event["partner:client"] = str(number)
    results = _at_once(repository, bodies)
    assert sum(len(result.captured) for result in results) == 20
    assert {each.code for result in results for each in result.refused} == {"event-id-reused"}
    assert stored(engine) == 20


def test_overlapping_documents_in_opposite_orders_don_t_deadlock(
    repository: EventRepository, engine: Engine
) -> None:
    forward, backward = document(4, 60), document(4, 60)
    events_of(backward).reverse()
    results = _at_once(repository, [forward, backward, forward, backward])
    assert sum(each.new for result in results for each in result.captured) == 60
    with engine.connect() as connection:
        numbers = connection.execute(select(t.events.c.seq).order_by(t.events.c.seq)).scalars()
        assert list(numbers) == list(range(1, 61))
