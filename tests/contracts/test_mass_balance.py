"""Mass balances and the yield ceiling, on SQLite and on PostgreSQL alike."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, update

from park.assets import Grower, Park
from park.definition import Definition, build_park, read_definition
from park.gs1 import BatchId
from park.scans import Scan
from tests.support.scanning import NOW, START, Scans
from traceability import tables as t
from traceability.balance.service import MassBalance
from traceability.balance.values import BalanceFinding
from traceability.errors import NotFoundError, QueryError, YieldExceededError
from traceability.repository import Traceability

KG = 1_000_000
ORCHARD, RATE_KG = "orchard-001", 3000


@pytest.fixture
def park() -> Park:
    """The small park, whose first orchard is certified on two of its three mu."""
    own = {"id": ORCHARD, "area_mu": 3, "certified_area_mu": 2, "yield_kg_mu": RATE_KG}
    definition = read_definition().model_dump() | {"orchards": [own]}
    return build_park(Definition.model_validate(definition), 0.01)


@pytest.fixture
def repository(engine: Engine, park: Park) -> Traceability:
    repository = Traceability(
        engine, park, mass_tolerance=0.005, clock_skew_s=300, clock=lambda: NOW
    )
    repository.migrate()
    return repository


@pytest.fixture
def balance(engine: Engine, park: Park) -> MassBalance:
    return MassBalance(engine, park, clock=lambda: NOW)


@pytest.fixture
def scans(park: Park) -> Scans:
    return Scans(park)


class Story:
    """Two harvests sorted together: some shipped, some waiting, some stored, some gone."""

    def __init__(self, scans: Scans) -> None:
        self.first, self.second = scans.lot("H-1"), scans.lot("H-2")
        self.extra, self.rejects = scans.lot("E-1", "extra"), scans.lot("R-1", "reject")
        self.plain = scans.lot("F-1", "first")
        shipped, waiting = scans.pallet(1), scans.pallet(2)
        self.scans: list[Scan] = [
            scans.harvest(self.first, 1000),
            scans.harvest(self.second, 500, "orchard-005"),
            scans.store_in(self.first, 1000),
            scans.store_out(self.first, 996),
            scans.sort(
                {self.first: 996, self.second: 400},
                {self.extra: 1100, self.plain: 200, self.rejects: 80},
                16,
            ),
            scans.store_in(self.plain, 150, "room-0002"),
            scans.palletise(shipped, {self.extra: 600}),
            scans.palletise(waiting, {self.extra: 300}),
            scans.ship("S-1", shipped),
        ]


@pytest.fixture
def story(scans: Scans, repository: Traceability) -> Story:
    story = Story(scans)
    for scan in story.scans:
        repository.capture(scan)
    return story


def _where(balance: MassBalance, batch: BatchId) -> dict[str, float]:
    found = balance.batch(batch)
    assert found.difference_mg == 0
    masses = found.masses
    named = {name: getattr(masses, f"{name}_mg") / KG for name in _NAMES}
    return {name: mass for name, mass in named.items() if mass}


_NAMES = ("at_hand", "in_rooms", "on_pallets", "shipped", "used", "rejected", "lost")


def test_a_batch_is_accounted_for(balance: MassBalance, story: Story) -> None:
    assert _where(balance, story.first) == {"used": 996, "lost": 4}
    assert _where(balance, story.second) == {"used": 400, "at_hand": 100}
    assert _where(balance, story.extra) == {"at_hand": 200, "on_pallets": 300, "shipped": 600}
    assert _where(balance, story.plain) == {"at_hand": 50, "in_rooms": 150}
    assert _where(balance, story.rejects) == {"rejected": 80}
    with pytest.raises(NotFoundError, match="never harvested"):
        balance.batch(BatchId(story.first.gtin, "NONE"))


def test_a_line_is_accounted_for_between_two_times(balance: MassBalance, story: Story) -> None:
    found = balance.line("line-01")
    assert (found.runs, found.in_mg) == (1, 1396 * KG)
    assert {each.grade: each.qty_mg for each in found.grades} == {
        "extra": 1100 * KG,
        "first": 200 * KG,
    }
    assert (found.rejected_mg, found.lost_mg, found.difference_mg) == (80 * KG, 16 * KG, 0)
    assert found.yield_share == pytest.approx(1300 / 1396)
    at = story.scans[4].ts
    assert balance.line("line-01", at, at + timedelta(milliseconds=1)) == replace(
        found, since=at, until=at + timedelta(milliseconds=1)
    )
    for since, until in ((None, at), (at + timedelta(milliseconds=1), None), (at, at)):
        idle = balance.line("line-01", since, until)
        assert (idle.runs, idle.in_mg, idle.yield_share) == (0, 0, None)


def test_a_season_is_accounted_for(balance: MassBalance, story: Story) -> None:
    assert story.scans
    found = balance.season(2026)
    assert {each.orchard: each.harvested_mg for each in found.orchards} == {
        "orchard-001": 1000 * KG,
        "orchard-005": 500 * KG,
    }
    assert [(each.destination, each.qty_mg) for each in found.destinations] == [
        ("destination-th", 600 * KG)
    ]
    (variety,) = found.varieties
    assert (variety.variety, variety.harvested_mg) == ("winter-jujube", 1500 * KG)
    assert variety.masses == found.masses
    masses = {name: getattr(found.masses, f"{name}_mg") / KG for name in _NAMES}
    assert masses == {
        "at_hand": 350,
        "in_rooms": 150,
        "on_pallets": 300,
        "shipped": 600,
        "used": 0,
        "rejected": 80,
        "lost": 20,
    }
    assert found.difference_mg == 0
    empty = balance.season(2025)
    assert (empty.harvested_mg, empty.masses.total_mg, empty.varieties) == (0, 0, [])


def test_fruit_of_two_seasons_in_one_run_is_shared_out(
    balance: MassBalance, repository: Traceability, scans: Scans
) -> None:
    old, new, mixed = scans.lot("OLD"), scans.lot("NEW"), scans.lot("MIX", "extra")
    new_year = datetime(2027, 1, 1, 3, tzinfo=UTC)
    for scan in (
        scans.harvest(old, 1000),
        scans.harvest(new, 500, "orchard-005", ts=new_year),
        scans.sort({old: 1000, new: 500}, {mixed: 1470}, 30, ts=new_year),
        scans.palletise(scans.pallet(1), {mixed: 1000.000001}, ts=new_year),
        scans.ship("S-1", scans.pallet(1), ts=new_year),
        scans.store_in(mixed, 300, ts=new_year),
    ):
        repository.capture(scan)
    before, after = balance.season(2026), balance.season(2027)
    assert (before.difference_mg, after.difference_mg) == (0, 0)
    assert before.masses.lost_mg == 20 * KG
    assert after.masses.lost_mg == 10 * KG
    assert (before.masses.in_rooms_mg, after.masses.in_rooms_mg) == (200 * KG, 100 * KG)
    assert before.masses.shipped_mg + after.masses.shipped_mg == 1000 * KG + 1
    assert before.masses.shipped_mg == pytest.approx(1000 * KG * 2 / 3, abs=1)


def test_an_orchard_gives_no_more_than_its_certified_area_bears(
    balance: MassBalance, repository: Traceability, scans: Scans
) -> None:
    ceiling_kg = 2 * RATE_KG
    repository.capture(scans.harvest(scans.lot("A"), ceiling_kg - 1))
    with pytest.raises(YieldExceededError, match=r"2\.0 kg more .* can bear 6,000\.0 kg a season"):
        repository.capture(scans.harvest(scans.lot("B"), 2))
    repository.capture(scans.harvest(scans.lot("B"), 1))
    found = balance.orchard(ORCHARD)
    assert (found.season, found.harvested_mg, found.batches) == (2027, 0, 0)
    found = balance.orchard(ORCHARD, 2026)
    assert (found.harvested_mg, found.ceiling_mg) == (ceiling_kg * KG, ceiling_kg * KG)
    assert (found.left_mg, found.share, found.certified_area_mu) == (0, 1.0, 2)
    next_season = datetime(2027, 1, 1, tzinfo=UTC)
    repository.capture(scans.harvest(scans.lot("C"), ceiling_kg, ts=next_season))
    assert balance.orchard(ORCHARD).left_mg == 0
    repository.capture(scans.harvest(scans.lot("D"), 2, "orchard-005"))


def test_harvests_at_once_dont_slip_past_the_ceiling(
    balance: MassBalance, repository: Traceability, scans: Scans
) -> None:
    harvests = [scans.harvest(scans.lot(f"L{n}"), 1000) for n in range(16)]

    def capture(scan: Scan) -> bool:
        try:
            repository.capture(scan)
        except YieldExceededError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        captured = list(threads.map(capture, harvests))
    assert sum(captured) == 6
    assert balance.orchard(ORCHARD, 2026).left_mg == 0


def _found(balance: MassBalance, season: int = 2026) -> dict[str, BalanceFinding]:
    return {finding.code: finding for finding in balance.findings(season)}


def test_a_plain_season_has_no_findings_but_what_nobody_received(
    balance: MassBalance, story: Story
) -> None:
    assert story.scans
    found = _found(balance)
    assert set(found) == {"never-received"}
    assert found["never-received"].subject == "S-1"
    assert not balance.findings(2025)


def test_what_is_odd_is_found_with_its_reason(
    balance: MassBalance, repository: Traceability, scans: Scans
) -> None:
    idle, wet, good = scans.lot("IDLE"), scans.lot("WET"), scans.lot("GOOD", "extra")
    small = scans.lot("SMALL", "extra")
    for scan in (
        scans.harvest(idle, 5900),
        scans.harvest(wet, 3000, "orchard-005"),
        scans.sort({wet: 2000}, {good: 1700}, 300),
        scans.sort({wet: 500}, {small: 499}, 1),
        scans.harvest(scans.lot("LATE"), 100, "orchard-005", ts=NOW),
    ):
        repository.capture(scan)
    found = _found(balance)
    assert set(found) == {
        "ceiling-near",
        "never-seen-again",
        "much-lost-in-sorting",
        "run-without-rejects",
    }
    assert found["never-seen-again"].subject == idle.path
    assert "5,900.0 kg" in found["never-seen-again"].detail
    assert found["ceiling-near"].subject == ORCHARD
    lossy = found["much-lost-in-sorting"]
    assert (lossy.qty_mg, lossy.subject.startswith("urn:uuid:")) == (300 * KG, True)
    assert "line-01" in found["run-without-rejects"].detail
    assert not _found(balance, 2027), "a batch of today was only just picked"


def test_a_harvest_that_is_told_after_those_of_a_later_season_is_found(
    balance: MassBalance, repository: Traceability, scans: Scans
) -> None:
    day = timedelta(days=1)
    repository.capture(scans.harvest(scans.lot("NEW"), 100))
    repository.capture(scans.harvest(scans.lot("SLOW"), 50, ts=START - 20 * day))
    repository.capture(scans.harvest(scans.lot("OLD"), 6000, ts=START - 365 * day))
    (finding,) = (each for each in balance.findings(2025) if each.code == "harvest-told-late")
    assert finding.subject == scans.lot("OLD").path
    assert "harvest-told-late" not in _found(balance, 2026)


def test_what_dries_up_too_much_is_found(engine: Engine, park: Park, scans: Scans) -> None:
    lax = Traceability(engine, park, mass_tolerance=0.1, clock_skew_s=300, clock=lambda: NOW)
    lax.migrate()
    batch = scans.lot("DRY")
    for scan in (
        scans.harvest(batch, 1000),
        scans.store_in(batch, 1000),
        scans.store_out(batch, 920),
    ):
        lax.capture(scan)
    (finding,) = MassBalance(engine, park, clock=lambda: START + timedelta(days=9)).findings(2026)
    assert (finding.code, finding.qty_mg) == ("much-lost-in-rooms", 80 * KG)


def test_books_that_were_tampered_with_are_found(
    engine: Engine, balance: MassBalance, story: Story
) -> None:
    made = t.batches.c
    with engine.begin() as connection:
        connection.execute(
            update(t.batches)
            .where(made.gtin == story.extra.gtin, made.lot == story.extra.lot)
            .values(at_hand_mg=made.at_hand_mg + 5000 * KG)
        )
    assert balance.batch(story.extra).difference_mg == -5000 * KG
    assert balance.season(2026).difference_mg == -5000 * KG
    found = _found(balance)["mass-missing"]
    assert (found.subject, found.qty_mg) == (story.extra.path, -5000 * KG)


def test_a_ceiling_lowered_since_is_said_to_be_exceeded(
    engine: Engine, park: Park, repository: Traceability, scans: Scans
) -> None:
    repository.capture(scans.harvest(scans.lot("A"), 6000))
    orchard = park.asset(ORCHARD)
    lower = {**park.assets, ORCHARD: replace(orchard, certified_area_mu=1.0)}  # type: ignore[call-arg]  # an Orchard
    gone = {**park.assets, ORCHARD: Grower(id=ORCHARD, name=orchard.name, parent="linyi")}
    for assets in (lower, gone):
        found = _found(MassBalance(engine, replace(park, assets=assets), clock=lambda: START))
        assert found["ceiling-exceeded"].subject == ORCHARD


def test_what_isnt_there_is_said(balance: MassBalance, repository: Traceability) -> None:
    assert repository.totals().events == 0
    for ask in (lambda: balance.line("room-0001"), lambda: balance.orchard("line-01")):
        with pytest.raises(NotFoundError) as missing:
            ask()
        assert missing.value.code == "asset-not-found"
    with pytest.raises(QueryError) as bad:
        balance.line("line-01", NOW, START)
    assert bad.value.code == "bad-span"
    for season in (0, -5, 10_000):
        with pytest.raises(QueryError) as bad:
            balance.season(season)
        assert bad.value.code == "bad-season"
    assert balance.current_season == 2027
