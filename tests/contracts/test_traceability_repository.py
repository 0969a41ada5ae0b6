"""What the traceability repository does, on SQLite and on PostgreSQL alike."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from park.assets import Park
from park.database import open_engine
from park.gs1 import BatchId, sscc_uri
from park.scans import Scan
from tests.support.scanning import NOW, START, Scans
from traceability.batches import search
from traceability.errors import (
    BatchExistsError,
    CaptureError,
    DuplicateIdError,
    MassNotConservedError,
    NotEnoughMassError,
    NotFoundError,
    PalletExistsError,
    PalletGoneError,
    QueryError,
    ShipmentExistsError,
    TimeError,
    UnknownBatchError,
    UnknownPalletError,
    UnknownPlaceError,
    UnknownProductError,
    UnknownShipmentError,
    WrongProductError,
)
from traceability.repository import Traceability
from traceability.views import BatchQuery, BatchStatus, NodeKind, Stay, Totals


@pytest.fixture
def repository(migrated_address: str, small_park: Park) -> Iterator[Traceability]:
    repository = Traceability(
        open_engine(migrated_address),
        small_park,
        mass_tolerance=0.005,
        clock_skew_s=300,
        clock=lambda: NOW,
    )
    repository.migrate()
    yield repository
    repository.close()


@pytest.fixture
def capture(repository: Traceability) -> Callable[..., None]:
    def capture_all(*scans: Scan) -> None:
        for scan in scans:
            repository.capture(scan)

    return capture_all


@pytest.fixture
def season(scans: Scans, capture: Callable[..., None]) -> "Season":
    """Two harvests, one of them stored, sorted together; one pallet shipped, one waiting."""
    season = Season(scans)
    capture(*season.scans)
    return season


class Season:
    def __init__(self, scans: Scans) -> None:
        self.first = scans.lot("JUJUBE-1")
        self.second = scans.lot("JUJUBE-2")
        self.extra = scans.lot("EXTRA-1", "extra")
        self.rejects = scans.lot("REJECT-1", "reject")
        self.shipped, self.waiting = scans.pallet(1), scans.pallet(2)
        self.scans: list[Scan] = [
            scans.harvest(self.first, 1000),
            scans.harvest(self.second, 500, "orchard-005"),
            scans.store_in(self.first, 1000),
            scans.store_out(self.first, 996),
            scans.sort(
                {self.first: 996, self.second: 400}, {self.extra: 1300, self.rejects: 80}, 16
            ),
            scans.store_in(self.extra, 1300, "room-0002"),
            scans.store_out(self.extra, 1000, "room-0002"),
            scans.palletise(self.shipped, {self.extra: 600}),
            scans.palletise(self.waiting, {self.extra: 300}),
            scans.ship("S-1", self.shipped, reefer="reefer-001"),
            scans.receive("S-1", self.shipped),
        ]


# What a scan becomes


def test_a_scan_becomes_the_event_that_bears_its_id(repository: Traceability, scans: Scans) -> None:
    captured = repository.capture(scans.harvest(scans.lot("A"), 1000, id=UUID(int=7)))
    assert captured.new
    assert captured.event_id == f"urn:uuid:{UUID(int=7)}"
    event = repository.event(captured.event_id)
    assert event["type"] == "ObjectEvent"
    assert event["eventID"] == captured.event_id
    assert event["recordTime"] == "2027-03-01T00:00:00.000Z"
    assert event["@context"][0].startswith("https://ref.gs1.org/standards/epcis/2.0")


def test_the_same_scan_again_is_answered_with_the_same_event(
    repository: Traceability, scans: Scans
) -> None:
    scan = scans.harvest(scans.lot("A"), 1000)
    first = repository.capture(scan)
    again = repository.capture(scan)
    assert again == replace(first, new=False)
    assert repository.totals() == Totals(events=1, batches=1, pallets=0, shipments=0)


def test_a_repeated_scan_is_recognised_after_the_fruit_is_gone(
    repository: Traceability, season: Season
) -> None:
    before = repository.totals()
    assert not any(repository.capture(scan).new for scan in season.scans)
    assert repository.totals() == before


def test_a_known_scan_id_with_other_content_is_refused(
    repository: Traceability, scans: Scans
) -> None:
    scan = scans.harvest(scans.lot("A"), 1000)
    repository.capture(scan)
    with pytest.raises(DuplicateIdError) as refused:
        repository.capture(scan.model_copy(update={"qty_kg": 1001.0}))
    assert refused.value.code == "scan-id-reused"


def test_events_are_listed_in_the_order_of_their_capture(
    repository: Traceability, season: Season
) -> None:
    listed: list[str] = []
    token = None
    while True:
        page = repository.events(token, limit=4)
        listed += [event["eventID"] for event in page.items]
        token = page.next_token
        if token is None:
            break
    assert listed == [f"urn:uuid:{scan.id}" for scan in season.scans]


# What is refused, and that nothing of it is stored


def _refusals(scans: Scans, season: Season) -> dict[str, tuple[Scan, type[CaptureError], str]]:
    """Scans that can't be true after the season, by why."""
    new, other = scans.lot("NEW"), scans.lot("OTHER", "first")
    apple = scans.lot("APPLE", orchard="orchard-003")
    early = START - timedelta(days=1)
    extra, pallet = season.extra, scans.pallet(3)
    place, product = (UnknownPlaceError, "unknown-place"), (UnknownProductError, "unknown-product")
    wrong, unknown = (WrongProductError, "wrong-product"), (UnknownBatchError, "unknown-batch")
    exists, time = (BatchExistsError, "batch-exists"), (TimeError, "time-travel")
    less = (NotEnoughMassError, "not-enough-mass")
    uneven = (MassNotConservedError, "mass-not-conserved")
    no_pallet, gone = (UnknownPalletError, "unknown-pallet"), (PalletGoneError, "pallet-gone")
    no_shipment = (UnknownShipmentError, "unknown-shipment")
    taken = (ShipmentExistsError, "shipment-exists")
    return {
        "harvest at no asset": (scans.harvest(new, 1, "orchard-999"), *place),
        "harvest at a room": (scans.harvest(new, 1, "room-0001"), *place),
        "store in at an orchard": (scans.store_in(season.second, 1, "orchard-001"), *place),
        "store out at a packhouse": (scans.store_out(season.second, 1, "packhouse-01"), *place),
        "sort at a packhouse": (scans.sort({extra: 1}, {other: 1}, asset="packhouse-01"), *place),
        "palletise at a line": (scans.palletise(pallet, {extra: 1}, asset="line-01"), *place),
        "ship at a line": (scans.ship("S-2", season.waiting, asset="line-01"), *place),
        "ship to a room": (scans.ship("S-2", season.waiting, destination="room-0001"), *place),
        "ship in a room": (scans.ship("S-2", season.waiting, reefer="room-0001"), *place),
        "receive at a packhouse": (
            scans.receive("S-1", season.waiting, asset="packhouse-01"),
            *place,
        ),
        "unknown product": (scans.harvest(BatchId("00000000000000", "A"), 1), *product),
        "harvest of graded fruit": (scans.harvest(other, 1), *wrong),
        "harvest of another variety": (scans.harvest(apple, 1), *wrong),
        "sort to field-run": (scans.sort({season.second: 1}, {new: 1}), *wrong),
        "sort to another variety": (
            scans.sort({season.second: 1}, {scans.lot("A", "extra", "orchard-003"): 1}),
            *wrong,
        ),
        "sort of rejects": (scans.sort({season.rejects: 1}, {other: 1}), *wrong),
        "sort of two varieties": (scans.sort({season.second: 1, apple: 1}, {other: 2}), *wrong),
        "field-run on a pallet": (scans.palletise(pallet, {season.second: 1}), *wrong),
        "rejects on a pallet": (scans.palletise(pallet, {season.rejects: 1}), *wrong),
        "store in of nothing known": (scans.store_in(new, 1), *unknown),
        "store out of nothing known": (scans.store_out(new, 1), *unknown),
        "sort of nothing known": (scans.sort({new: 1}, {other: 1}), *unknown),
        "palletise of nothing known": (scans.palletise(pallet, {other: 1}), *unknown),
        "harvest twice": (scans.harvest(season.first, 1), *exists),
        "sort to a batch that exists": (scans.sort({season.second: 1}, {extra: 1}), *exists),
        "future": (scans.harvest(new, 1, ts=NOW + timedelta(minutes=6)), *time),
        "store before harvest": (scans.store_in(season.second, 1, ts=early), *time),
        "out before in": (
            scans.store_out(extra, 1, "room-0002", ts=START + timedelta(hours=5, minutes=30)),
            *time,
        ),
        "sort before harvest": (scans.sort({season.second: 1}, {other: 1}, ts=early), *time),
        "palletise before sort": (scans.palletise(pallet, {extra: 1}, ts=early), *time),
        "ship before palletise": (scans.ship("S-2", season.waiting, ts=early), *time),
        "receive before ship": (scans.receive("S-1", season.shipped, ts=early), *time),
        "store in more than at hand": (scans.store_in(season.second, 101), *less),
        "store in what lies in a room": (scans.store_in(extra, 399), *less),
        "store out more than lies there": (scans.store_out(extra, 302, "room-0002"), *less),
        "store out of another room": (scans.store_out(extra, 1, "room-0001"), *less),
        "sort more than at hand": (scans.sort({season.second: 101}, {other: 101}), *less),
        "palletise more than at hand": (scans.palletise(pallet, {extra: 101}), *less),
        "take of what is used up": (scans.store_in(season.first, 0.1), *less),
        "more out than in": (scans.sort({season.second: 100}, {other: 101}), *uneven),
        "less out than in": (scans.sort({season.second: 100}, {other: 90}, 5), *uneven),
        "pallet twice": (
            scans.palletise(season.waiting, {extra: 1}),
            PalletExistsError,
            "pallet-exists",
        ),
        "ship no pallet": (scans.ship("S-2", pallet), *no_pallet),
        "receive a pallet of no shipment": (scans.receive("S-1", season.waiting), *no_pallet),
        "ship twice": (scans.ship("S-2", season.shipped), *gone),
        "receive twice": (scans.receive("S-1", season.shipped), *gone),
        "shipment number taken": (scans.ship("S-1", season.waiting), *taken),
        "receive no shipment": (scans.receive("S-9", season.shipped), *no_shipment),
        "receive elsewhere": (
            scans.receive("S-1", season.shipped, asset="destination-vn"),
            *no_shipment,
        ),
    }


def test_what_cannot_be_true_is_refused_whole_and_says_what_to_do(
    repository: Traceability, scans: Scans, season: Season
) -> None:
    totals = repository.totals()
    books = repository.batch(season.second), repository.batch(season.extra)
    for why, (scan, error, code) in _refusals(scans, season).items():
        with pytest.raises(error) as refused:
            repository.capture(scan)
        assert refused.value.code == code, why
        assert len(refused.value.detail) > 20, why
        assert repository.totals() == totals, why
    assert (repository.batch(season.second), repository.batch(season.extra)) == books


def test_a_sorting_run_refused_at_its_last_check_leaves_no_trace(
    repository: Traceability, scans: Scans, season: Season
) -> None:
    first = scans.lot("FIRST", "first")
    with pytest.raises(MassNotConservedError):
        repository.capture(scans.sort({season.second: 100}, {first: 50}))
    with pytest.raises(NotFoundError):
        repository.batch(first)
    assert repository.batch(season.second).in_stock_kg == 100


def test_a_refused_scan_can_be_sent_again_once_it_is_true(
    repository: Traceability, scans: Scans
) -> None:
    batch = scans.lot("A")
    harvest, stored = scans.harvest(batch, 100), scans.store_in(batch, 100)
    with pytest.raises(UnknownBatchError):
        repository.capture(stored)
    repository.capture(harvest)
    assert repository.capture(stored).new


# The books


def test_readers_clocks_may_differ_by_the_skew(repository: Traceability, scans: Scans) -> None:
    batch = scans.lot("A")
    repository.capture(scans.harvest(batch, 100, ts=START))
    repository.capture(scans.store_in(batch, 100, ts=START - timedelta(minutes=4)))
    repository.capture(scans.harvest(scans.lot("B"), 1, ts=NOW + timedelta(minutes=4)))
    assert repository.totals().events == 3


def test_fruit_can_go_straight_from_the_orchard_to_the_line(
    repository: Traceability, scans: Scans, capture: Callable[..., None]
) -> None:
    raw, extra = scans.lot("A"), scans.lot("B", "extra")
    capture(scans.harvest(raw, 100), scans.sort({raw: 100}, {extra: 95}, 5))
    assert repository.batch(raw).summary.status is BatchStatus.USED
    assert repository.batch(extra).in_stock_kg == 95


def test_two_scales_may_differ_by_the_tolerance_and_mass_never_grows(
    repository: Traceability, scans: Scans, capture: Callable[..., None]
) -> None:
    raw, extra, pallet = scans.lot("A"), scans.lot("B", "extra"), scans.pallet(1)
    capture(
        scans.harvest(raw, 1000),
        scans.store_in(raw, 1004),
        scans.store_out(raw, 1004),
        scans.sort({raw: 1004}, {extra: 1008}),
        scans.palletise(pallet, {extra: 1004}),
    )
    assert repository.batch(extra).summary.qty_kg == 1000
    trace = repository.trace_back(pallet)
    assert [(end.kind, end.qty_kg) for end in trace.ends] == [(NodeKind.HARVEST, 1000)]


def test_fruit_that_dried_in_a_room_is_lost_when_the_room_is_emptied(
    repository: Traceability, scans: Scans, capture: Callable[..., None]
) -> None:
    batch = scans.lot("A")
    capture(scans.harvest(batch, 1000), scans.store_in(batch, 1000))
    capture(scans.store_out(batch, 500), scans.store_out(batch, 496))
    history = repository.batch(batch)
    assert history.in_stock_kg == 996
    assert history.stays == [
        Stay(
            batch,
            "room-0001",
            START + timedelta(hours=2),
            START + timedelta(hours=4),
            qty_in_kg=1000,
            qty_out_kg=996,
        )
    ]
    ends = {end.kind: end.qty_kg for end in repository.trace_forward(batch.path).ends}
    assert ends == {NodeKind.STOCK: 996, NodeKind.LOSS: 4}


def test_a_stay_begins_with_the_first_fruit_that_came_whatever_was_told_first(
    repository: Traceability, scans: Scans, capture: Callable[..., None]
) -> None:
    batch = scans.lot("A")
    harvest, first, later = (
        scans.harvest(batch, 100),
        scans.store_in(batch, 30),
        scans.store_in(batch, 40),
    )
    capture(harvest, later, first)
    (stay,) = repository.batch(batch).stays
    assert (stay.since, stay.qty_in_kg) == (first.ts, 70)


def test_a_batch_may_lie_in_a_room_again_and_in_two_at_once(
    repository: Traceability, scans: Scans, capture: Callable[..., None]
) -> None:
    batch = scans.lot("A")
    capture(
        scans.harvest(batch, 100),
        scans.store_in(batch, 30),
        scans.store_in(batch, 30),
        scans.store_in(batch, 40, "room-0002"),
        scans.store_out(batch, 60),
        scans.store_in(batch, 60),
    )
    stays = [
        (stay.room, stay.qty_in_kg, stay.until is None) for stay in repository.batch(batch).stays
    ]
    assert stays == [("room-0001", 60, False), ("room-0002", 40, True), ("room-0001", 60, True)]


def test_a_batch_named_twice_in_one_scan_counts_with_the_sum(
    repository: Traceability, scans: Scans, capture: Callable[..., None]
) -> None:
    raw, extra, pallet = scans.lot("A"), scans.lot("B", "extra"), scans.pallet(1)
    capture(scans.harvest(raw, 100), scans.sort({raw: 100}, {extra: 100}))
    scan = scans.palletise(pallet, {extra: 40})
    capture(scan.model_copy(update={"contents": scan.contents * 2}))
    assert [content.qty_kg for content in repository.pallet(pallet).contents] == [80]


def test_an_output_named_twice_is_refused(repository: Traceability, scans: Scans) -> None:
    raw, extra = scans.lot("A"), scans.lot("B", "extra")
    repository.capture(scans.harvest(raw, 100))
    scan = scans.sort({raw: 100}, {extra: 50})
    with pytest.raises(BatchExistsError):
        repository.capture(scan.model_copy(update={"outputs": scan.outputs * 2}))


def test_status_follows_the_fruit(
    repository: Traceability, scans: Scans, capture: Callable[..., None]
) -> None:
    raw, extra = scans.lot("A"), scans.lot("B", "extra")
    first, second = scans.pallet(1), scans.pallet(2)

    def status(batch: BatchId) -> BatchStatus:
        return repository.batch(batch).summary.status

    capture(scans.harvest(raw, 100))
    assert status(raw) is BatchStatus.IN_STOCK
    capture(scans.sort({raw: 100}, {extra: 100}))
    assert (status(raw), status(extra)) == (BatchStatus.USED, BatchStatus.IN_STOCK)
    capture(scans.palletise(first, {extra: 50}), scans.palletise(second, {extra: 50}))
    assert status(extra) is BatchStatus.PACKED
    capture(scans.ship("S-1", first))
    assert status(extra) is BatchStatus.PACKED
    capture(scans.ship("S-1", second))
    assert status(extra) is BatchStatus.SHIPPED


# Batches


def test_the_history_of_a_batch_tells_its_way_from_orchard_to_buyer(
    repository: Traceability, season: Season
) -> None:
    history = repository.batch(season.extra)
    summary = history.summary
    assert (summary.variety, summary.grade, summary.qty_kg) == ("winter-jujube", "extra", 1300)
    assert (summary.harvested_from, summary.harvested_until) == (
        START + timedelta(hours=1),
        START + timedelta(hours=2),
    )
    assert summary.orchards == ["orchard-001", "orchard-005"]
    assert summary.destinations == ["destination-th"]
    shares = {origin.orchard: origin.qty_kg for origin in history.origins}
    assert shares == pytest.approx(
        {"orchard-001": 1300 * 996 / 1396, "orchard-005": 1300 * 400 / 1396}
    )
    assert [(stay.batch, stay.room) for stay in history.stays] == [
        (season.first, "room-0001"),
        (season.extra, "room-0002"),
    ]
    (run,) = history.runs
    assert run.inputs == [(season.first, 996), (season.second, 400)]
    assert run.outputs == [(season.extra, 1300), (season.rejects, 80)]
    assert (run.line, run.loss_kg) == ("line-01", 16)
    assert [pallet.sscc for pallet in history.pallets] == [season.shipped, season.waiting]
    assert [shipment.shipment for shipment in history.shipments] == ["S-1"]
    assert len(history.events) == 5
    assert history.in_stock_kg == 400


def test_a_harvest_knows_the_pallets_and_shipments_that_hold_some_of_it(
    repository: Traceability, season: Season
) -> None:
    history = repository.batch(season.second)
    assert len(history.pallets) == 2
    assert len(history.shipments) == 1
    assert history.runs == []
    assert history.summary.destinations == ["destination-th"]


def test_an_unknown_batch_is_not_found(repository: Traceability, scans: Scans) -> None:
    with pytest.raises(NotFoundError) as missing:
        repository.batch(scans.lot("NONE"))
    assert missing.value.code == "batch-not-found"


def _finds() -> list[tuple[BatchQuery, list[str]]]:
    """Queries and the lots of the season that they find."""
    sorted_lots = ["REJECT-1", "EXTRA-1"]
    later = BatchQuery(harvested_from=START + timedelta(minutes=90))
    earlier = BatchQuery(harvested_until=START + timedelta(minutes=90))
    return [
        (BatchQuery(), [*sorted_lots, "JUJUBE-2", "JUJUBE-1"]),
        (BatchQuery(number="jujube"), ["JUJUBE-2", "JUJUBE-1"]),
        (BatchQuery(number=" JUJUBE-1 "), ["JUJUBE-1"]),
        (BatchQuery(number="(01)09521321000025(10)EXTRA-1"), ["EXTRA-1"]),
        (BatchQuery(number="https://example.com/01/09521321000025/10/EXTRA-1"), ["EXTRA-1"]),
        (BatchQuery(number="09521321000025"), ["EXTRA-1"]),
        (BatchQuery(number="%"), []),
        (BatchQuery(number="_"), []),
        (BatchQuery(orchard="orchard-005"), [*sorted_lots, "JUJUBE-2"]),
        (BatchQuery(orchard="orchard-002"), []),
        (BatchQuery(destination="destination-th"), ["EXTRA-1", "JUJUBE-2", "JUJUBE-1"]),
        (BatchQuery(destination="TH", grade="extra"), ["EXTRA-1"]),
        (BatchQuery(destination="VN"), []),
        (BatchQuery(destination="nowhere"), []),
        (BatchQuery(variety="winter-jujube", grade="reject"), ["REJECT-1"]),
        (BatchQuery(variety="fuji"), []),
        (later, [*sorted_lots, "JUJUBE-2"]),
        (earlier, [*sorted_lots, "JUJUBE-1"]),
        (BatchQuery(harvested_from=START + timedelta(hours=3)), []),
    ]


@pytest.mark.usefixtures("season")
@pytest.mark.parametrize("few", [search.FEW, 0], ids=["few", "many"])
def test_batches_are_found_by_number_orchard_destination_date_and_product(
    repository: Traceability, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "FEW", few)
    for query, lots in _finds():
        found = repository.search_batches(query)
        assert sorted(item.batch.lot for item in found.items) == sorted(lots), query
        made = [item.made_at for item in found.items]
        assert made == sorted(made, reverse=True), query
        assert found.next_token is None, query


def test_pages_hold_every_batch_once_while_new_ones_are_made(
    repository: Traceability, scans: Scans, capture: Callable[..., None]
) -> None:
    lots = [f"LOT-{number}" for number in range(7)]
    # Three batches a time, so that a page ends amid equal times.
    capture(
        *(
            scans.harvest(scans.lot(lot), 1, ts=START + timedelta(hours=number // 3))
            for number, lot in enumerate(lots)
        )
    )
    page = repository.search_batches(BatchQuery(), limit=2)
    seen = [item.batch.lot for item in page.items]
    while page.next_token is not None:
        capture(scans.harvest(scans.lot(f"LATER-{len(seen)}"), 1, ts=NOW))
        page = repository.search_batches(BatchQuery(), page.next_token, limit=2)
        seen += [item.batch.lot for item in page.items]
    assert sorted(seen) == lots


def test_a_page_token_that_was_made_up_is_refused(repository: Traceability) -> None:
    tokens = [
        "",
        "x",
        "!!!",
        "\N{LATIN SMALL LETTER E WITH ACUTE}",
        "bnVsbA",
        "WzEsMl0",
        "W3RydWVd",
    ]
    for token in tokens:
        reads: list[Callable[[str], object]] = [
            lambda token: repository.search_batches(BatchQuery(), token),
            lambda token: repository.shipments(after=token),
            repository.events,
        ]
        for read in reads:
            with pytest.raises(QueryError) as refused:
                read(token)
            assert refused.value.code == "bad-page-token"


def test_a_limit_out_of_range_is_refused(repository: Traceability) -> None:
    for limit in (0, -1, 1001):
        with pytest.raises(QueryError) as refused:
            repository.search_batches(BatchQuery(), limit=limit)
        assert refused.value.code == "bad-limit"


# Pallets and shipments


def test_a_pallet_says_what_is_on_it_and_where_it_went(
    repository: Traceability, season: Season
) -> None:
    shipped, waiting = repository.pallet(season.shipped), repository.pallet(season.waiting)
    assert [(each.batch, each.qty_kg) for each in shipped.contents] == [(season.extra, 600)]
    assert (shipped.shipment, waiting.shipment) == ("S-1", None)
    assert shipped.packed_by == "packhouse-01"


def test_a_shipment_has_arrived_with_its_last_pallet(
    repository: Traceability, scans: Scans, season: Season, capture: Callable[..., None]
) -> None:
    last = scans.pallet(3)
    capture(
        scans.palletise(last, {season.extra: 100}),
        scans.ship("S-2", season.waiting),
        scans.ship("S-2", last),
        scans.receive("S-2", last),
    )
    on_its_way = repository.shipment("S-2")
    assert on_its_way.pallets == sorted([season.waiting, last])
    assert (on_its_way.qty_kg, on_its_way.received_at) == (400, None)
    arrival = scans.receive("S-2", season.waiting)
    capture(arrival)
    assert repository.shipment("S-2").received_at == arrival.ts


def test_a_shipment_has_arrived_when_its_last_pallet_did_whatever_was_told_last(
    repository: Traceability, scans: Scans, season: Season, capture: Callable[..., None]
) -> None:
    other = scans.pallet(3)
    capture(scans.palletise(other, {season.extra: 100}), scans.ship("S-2", season.waiting, other))
    early, late = scans.receive("S-2", other), scans.receive("S-2", season.waiting)
    capture(late, early)
    assert repository.shipment("S-2").received_at == late.ts


def test_shipments_are_listed_by_destination_the_latest_first(
    repository: Traceability, scans: Scans, season: Season, capture: Callable[..., None]
) -> None:
    capture(scans.ship("S-2", season.waiting, destination="destination-vn"))
    page = repository.shipments(limit=1)
    assert [each.shipment for each in page.items] == ["S-2"]
    rest = repository.shipments(after=page.next_token, limit=1)
    assert [each.shipment for each in rest.items] == ["S-1"]
    assert rest.next_token is None
    for destination in ("VN", "vn", "destination-vn"):
        found = repository.shipments(destination)
        assert [each.shipment for each in found.items] == ["S-2"]


def test_what_is_not_there_is_not_found(repository: Traceability, scans: Scans) -> None:
    missing: dict[str, Callable[[], object]] = {
        "pallet-not-found": lambda: repository.pallet(scans.pallet(9)),
        "shipment-not-found": lambda: repository.shipment("S-9"),
        "event-not-found": lambda: repository.event("urn:uuid:none"),
        "node-not-found": lambda: repository.trace_back("shipment/S-9"),
    }
    for code, ask in missing.items():
        with pytest.raises(NotFoundError) as error:
            ask()
        assert error.value.code == code


# Lineage


def test_a_pallet_is_traced_back_to_its_orchards_by_mass(
    repository: Traceability, season: Season
) -> None:
    trace = repository.trace_back(season.shipped)
    assert trace.root == f"00/{season.shipped}"
    assert {end.place: end.qty_kg for end in trace.ends} == pytest.approx(
        {"orchard-001": 600 * 996 / 1396, "orchard-005": 600 * 400 / 1396}
    )
    assert {end.kind for end in trace.ends} == {NodeKind.HARVEST}
    order = [node.id for node in trace.nodes]
    assert all(order.index(edge.source) < order.index(edge.target) for edge in trace.edges)


def test_a_harvest_is_traced_forward_to_every_end_by_mass(
    repository: Traceability, season: Season
) -> None:
    trace = repository.trace_forward(season.second.uri)
    run_loss = f"loss/urn:uuid:{season.scans[4].id}"
    assert {end.id: end.qty_kg for end in trace.ends} == pytest.approx(
        {
            "shipment/S-1": 400 * 600 / 1396,
            f"00/{season.waiting}": 400 * 300 / 1396,
            f"stock/{season.extra.path}": 400 * 400 / 1396,
            season.rejects.path: 400 * 80 / 1396,
            run_loss: 400 * 16 / 1396,
            f"stock/{season.second.path}": 100,
        }
    )


def test_every_form_of_an_identifier_starts_a_trace(
    repository: Traceability, season: Season
) -> None:
    batch, sscc = season.extra, season.shipped
    forms = [batch.path, batch.uri, str(batch), "urn:epc:class:lgtin:9521321.000002.EXTRA-1"]
    assert {repository.trace_back(form).root for form in forms} == {batch.path}
    urn = f"urn:epc:id:sscc:9521321.0{sscc[8:17]}"
    forms = [sscc, f"00/{sscc}", f"(00){sscc}", sscc_uri(sscc), urn]
    assert {repository.trace_back(form).root for form in forms} == {f"00/{sscc}"}


def test_ends_of_a_trace_can_be_traced_back_themselves(
    repository: Traceability, season: Season
) -> None:
    for end in repository.trace_forward(season.first.path).ends:
        trace = repository.trace_back(end.id)
        assert trace.root == end.id
        assert season.first.path in {harvest.id for harvest in trace.ends}
        assert sum(harvest.qty_kg for harvest in trace.ends) == pytest.approx(
            next(node.qty_kg for node in trace.nodes if node.id == end.id)
        )
        (only,) = repository.trace_forward(end.id).ends
        assert only.id in {end.id, "shipment/S-1"}


def test_the_stock_of_a_batch_that_is_used_up_is_not_found(
    repository: Traceability, season: Season
) -> None:
    with pytest.raises(NotFoundError):
        repository.trace_back(f"stock/{season.first.path}")


def test_what_names_no_node_is_refused(repository: Traceability) -> None:
    for node in ("", "EXTRA-1", "00/123", "01/123/10/A", "stock/", "run/x"):
        with pytest.raises(QueryError) as refused:
            repository.trace_forward(node)
        assert refused.value.code == "bad-node"


def test_a_character_that_stands_in_no_identifier_is_refused(repository: Traceability) -> None:
    for text in ("a\0b", "a\ud800b"):
        asks: list[Callable[[str], object]] = [
            lambda text: repository.search_batches(BatchQuery(number=text)),
            lambda text: repository.search_batches(BatchQuery(orchard=text)),
            lambda text: repository.trace_back(f"shipment/{text}"),
            lambda text: repository.shipments(destination=text),
            repository.pallet,
            repository.shipment,
            repository.event,
        ]
        for ask in asks:
            with pytest.raises(QueryError) as refused:
                ask(text)
            assert refused.value.code == "bad-text"


# Health


def test_a_database_with_its_tables_is_healthy(repository: Traceability) -> None:
    health = repository.health()
    assert health.ok
    assert health.version.split()[0] in {"sqlite", "postgresql"}
