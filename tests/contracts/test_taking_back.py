"""What was declared wrong is taken out of the books, and nothing else is, on both databases."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from park.assets import Park
from park.database import open_engine
from park.scans import Scan
from tests.support.books_picture import booked, picture
from tests.support.epcis_api import Json, document
from tests.support.random_season import moves, random_season
from tests.support.scanning import NOW, Scans
from traceability.balance.service import MassBalance
from traceability.derived.service import DerivedTables
from traceability.epcis.contexts import OWN
from traceability.epcis.jsonld.writing import write_event
from traceability.errors import MassError
from traceability.event_repository import EventRepository
from traceability.repository import Traceability
from traceability.steps.to_events import event_id_of, event_of
from traceability.views import Refused

KG = 1_000_000


class Books:
    """A database that takes scans and documents."""

    def __init__(self, engine: Engine, park: Park, mass_tolerance: float = 0.005) -> None:
        self.engine = engine
        self.park = park
        self.scans = Scans(park)
        rules: dict[str, Any] = {"mass_tolerance": mass_tolerance, "clock_skew_s": 300.0}
        self.traceability = Traceability(engine, park, **rules, clock=lambda: NOW)
        self._repository = EventRepository(engine, park, **rules, clock=lambda: NOW)
        self.balance = MassBalance(engine, park, clock=lambda: NOW)

    def told(self, scan: Scan) -> Json:
        """The event of a scan, as a partner may send it."""
        return {**write_event(event_of(scan, self.park)), "@context": OWN.value}

    def wrong(self, scan: Scan) -> Json:
        """The declaration that it was wrong."""
        declared = {"declarationTime": "2027-01-05T00:00:00Z", "reason": "incorrect_data"}
        return {**self.told(scan), "errorDeclaration": declared}

    def refused(self, *events: Json) -> Sequence[Refused]:
        """Capture; what is refused."""
        return self._repository.capture_document(document(*events)).refused

    def capture(self, *events: Json) -> list[str]:
        """Capture; codes of what is refused."""
        return [each.code for each in self.refused(*events)]

    def scan(self, *scans: Scan) -> None:
        for scan in scans:
            self.traceability.capture(scan)

    def still(self) -> list[str]:
        """Ids of what the books keep though it was declared wrong."""
        found = self.traceability.findings("still-in-books", None, 100).items
        return [each.event_id for each in found]

    def picture(self) -> Any:
        with self.engine.connect() as connection:
            return picture(connection)


@pytest.fixture
def books(migrated_address: str, small_park: Park) -> Iterator[Books]:
    books = Books(open_engine(migrated_address), small_park)
    yield books
    books.engine.dispose()


def season(scans: Scans) -> list[Scan]:
    """Every step once or more, each resting on those before."""
    raw, more = scans.lot("H-1"), scans.lot("H-2")
    extra, rejects = scans.lot("E-1", "extra"), scans.lot("R-1", "reject")
    first, second = scans.pallet(1), scans.pallet(2)
    return [
        scans.harvest(raw, 1000),
        scans.harvest(more, 500, "orchard-005"),
        scans.store_in(raw, 700),
        scans.store_in(raw, 300),
        scans.store_out(raw, 400),
        scans.store_out(raw, 598),
        scans.sort({raw: 998, more: 400}, {extra: 1300, rejects: 80}, 18),
        scans.store_in(extra, 300, "room-0002"),
        scans.palletise(first, {extra: 600}),
        scans.palletise(second, {extra: 400}),
        scans.ship("S-1", first),
        scans.ship("S-1", second),
        scans.receive("S-1", first),
        scans.receive("S-1", second),
    ]


def test_each_step_is_undone_as_if_it_had_never_been(books: Books) -> None:
    steps = season(books.scans)
    before = []
    for step in steps:
        before.append(books.picture())
        books.scan(step)
    for step, was in reversed(list(zip(steps, before, strict=True))):
        assert books.capture(books.wrong(step)) == []
        assert books.picture() == was, step.action
    assert books.still() == []


def test_what_something_rests_on_stays_until_that_is_taken_back(books: Books) -> None:
    steps = season(books.scans)
    books.scan(*steps)
    full = books.picture()
    for number, step in enumerate(steps[:7]):
        assert books.capture(books.wrong(step)) == []
        assert len(books.still()) == number + 1
        assert books.picture() == full
    assert books.balance.season(2026).difference_mg == 0
    fixed = books.scans.harvest(books.scans.lot("H-1"), 900)
    (refused,) = books.refused(books.wrong(steps[10]), books.told(fixed))
    assert (refused.code, f"as {event_id_of(steps[12])} rests on it" in refused.detail) == (
        "batch-exists",
        True,
    )
    for step in reversed(steps[7:]):
        books.capture(books.wrong(step))
    assert books.still() == []
    assert not any(books.picture().values())


def test_a_stay_begins_with_the_first_fruit_that_did_come(books: Books) -> None:
    raw = books.scans.lot("H-1")
    harvest, wrong = books.scans.harvest(raw, 1000), books.scans.store_in(raw, 300)
    elsewhere = books.scans.store_in(raw, 100, "room-0002")
    right, more = books.scans.store_in(raw, 300), books.scans.store_in(raw, 200)
    books.scan(harvest, wrong, elsewhere, right, more)
    assert books.capture(books.wrong(wrong)) == []
    stays = {stay.room: stay for stay in books.traceability.batch(raw).stays}
    assert (stays["room-0001"].since, stays["room-0001"].qty_in_kg) == (right.ts, 500)
    assert (stays["room-0002"].since, stays["room-0002"].qty_in_kg) == (elsewhere.ts, 100)


def test_a_shipment_has_arrived_once_what_is_left_of_it_has(books: Books) -> None:
    steps = season(books.scans)
    books.scan(*steps[:13])
    (*_, second, arrival) = steps[:13]
    assert books.traceability.shipment("S-1").received_at is None, "its second pallet is under way"
    assert books.capture(books.wrong(second)) == []
    assert books.traceability.shipment("S-1").received_at == arrival.ts


def test_what_left_a_room_stays_out_until_what_left_it_afterwards_is_taken_back(
    books: Books,
) -> None:
    raw = books.scans.lot("H-1")
    books.scan(books.scans.harvest(raw, 1000), books.scans.store_in(raw, 1000))
    before = books.picture()
    first, last = books.scans.store_out(raw, 400), books.scans.store_out(raw, 598)
    books.scan(first, last)
    assert books.capture(books.wrong(first)) == []
    (kept,) = books.traceability.findings("still-in-books", None, 100).items
    assert f"what became of {raw} since rests on it" in kept.detail
    assert books.capture(books.wrong(last)) == []
    assert (books.still(), books.picture()) == ([], before)


def test_a_mass_is_corrected_by_a_declaration_and_another_event(books: Books) -> None:
    batch = books.scans.lot("H-1")
    for number, order in enumerate((slice(None), slice(None, None, -1))):
        typed = books.scans.harvest(batch, 10_000)
        right = books.scans.harvest(batch, 1_000 + number)
        books.scan(typed)
        assert books.capture(*[books.wrong(typed), books.told(right)][order]) == []
        assert books.balance.orchard("orchard-001", 2026).harvested_mg == right.qty_kg * KG
        assert books.capture(books.wrong(typed), books.told(typed)) == [], "known already"
        assert books.capture(books.wrong(right)) == []
    assert books.balance.orchard("orchard-001", 2026).harvested_mg == 0


def test_what_was_declared_wrong_before_it_came_is_never_booked(books: Books) -> None:
    wrong = books.scans.harvest(books.scans.lot("H-1"), 1000)
    other = books.scans.harvest(books.scans.lot("H-2"), 1000)
    assert books.capture(books.wrong(wrong)) == []
    assert books.capture(books.told(wrong)) == []
    assert books.capture(books.told(other), books.wrong(other)) == []
    assert not any(books.picture().values())


def test_a_shipment_that_is_shipped_again_makes_no_mass(books: Books) -> None:
    steps = season(books.scans)
    books.scan(*steps[:11])
    again = books.scans.ship("S-2", books.scans.pallet(1))
    assert books.capture(books.told(again)) == ["pallet-gone"]
    assert books.capture(books.wrong(steps[10]), books.told(again)) == []
    balance = books.balance.season(2026)
    assert (balance.masses.shipped_mg, balance.difference_mg) == (600 * KG, 0)
    books.scan(books.scans.receive("S-2", books.scans.pallet(1)))
    late = books.scans.ship("S-3", books.scans.pallet(1))
    assert books.capture(books.wrong(again), books.told(late)) == ["pallet-gone"]


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(
    script=st.lists(moves, min_size=5, max_size=25),
    wrong=st.lists(st.integers(min_value=0, max_value=10**6), min_size=1, max_size=12),
)
def test_books_with_wrong_steps_are_those_without_them(
    small_park: Park, script: Sequence[tuple[str, int, float, float]], wrong: Sequence[int]
) -> None:
    """Scales don't differ here: what is granted for that depends on the steps before."""
    with random_season(small_park, 0) as told, random_season(small_park, 0) as without:
        told.play("harvest", 0, 0.5, 1.0)
        for move, number, share, _ in script:
            told.play(move, number, share, 1.0)
        books = Books(told.engine, small_park, mass_tolerance=0)
        for number in wrong:
            assert books.capture(books.wrong(told.told[number % len(told.told)])) == []
        with told.engine.connect() as connection:
            kept = booked(connection)
        for scan in told.told:
            if event_id_of(scan) in kept:
                try:
                    without.repository.capture(scan)
                except MassError:
                    # Enough is left now, but wasn't when this step was taken.
                    reject()
        assert books.picture() == Books(without.engine, small_park).picture()
        assert books.balance.season(2026).difference_mg == 0
        declared = {event_id_of(told.told[number % len(told.told)]) for number in wrong}
        assert declared & kept == set(books.still())
        rules = {"mass_tolerance": 0.0, "clock_skew_s": 300.0}
        derived = DerivedTables(told.engine, small_park, **rules)
        assert derived.compare(lambda _done, _total: None).ok
