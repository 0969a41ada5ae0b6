"""In any season the sums of every balance agree, to the milligram."""

import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from park.assets import Orchard, Park, SortingLine
from park.database import open_engine
from park.definition import Definition, build_park, read_definition
from park.errors import DefinitionError
from park.seasons import SeasonCalendar
from tests.support.random_season import Season, moves, random_season
from tests.support.scanning import NOW, START, Scans
from traceability.balance.mixing import MixedRun, apportion, season_masses
from traceability.balance.service import MassBalance
from traceability.books.rules import check_yield
from traceability.errors import YieldExceededError
from traceability.event_repository import EventRepository
from traceability.repository import Traceability

BOUNDARY = SeasonCalendar(10, 2)
"""A season that ends in the middle of the random season, whose first scan is on 1 October."""


@settings(
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(script=st.lists(moves, min_size=15, max_size=45))
def test_the_sums_of_every_balance_agree(
    small_park: Park, script: list[tuple[str, int, float, float]]
) -> None:
    park = replace(small_park, calendar=BOUNDARY)
    with random_season(park) as season:
        season.play("harvest", 0, 0.5, 1.0)
        for move in script:
            season.play(*move)
        balance = MassBalance(season.engine, park, clock=lambda: NOW)
        _check_batches(season, balance)
        _check_lines(park, balance)
        _check_seasons(season, balance)
        assert not [
            finding
            for year in (2025, 2026)
            for finding in balance.findings(year)
            if finding.code in {"mass-missing", "ceiling-exceeded"}
        ]


def _check_batches(season: Season, balance: MassBalance) -> None:
    for batch in (*season.harvests, *season.batches):
        found = balance.batch(batch)
        assert found.difference_mg == 0
        assert all(mass >= 0 for mass in (found.masses.at_hand_mg, found.masses.in_rooms_mg))


def _check_lines(park: Park, balance: MassBalance) -> None:
    for line in park.of_type(SortingLine):
        whole = balance.line(line.id)
        assert whole.difference_mg == 0
        middle = START + timedelta(hours=12)
        parts = [balance.line(line.id, None, middle), balance.line(line.id, middle, None)]
        for name in ("runs", "in_mg", "graded_mg", "rejected_mg", "lost_mg"):
            assert sum(getattr(part, name) for part in parts) == getattr(whole, name)


def _check_seasons(season: Season, balance: MassBalance) -> None:
    seasons = [balance.season(year) for year in (2024, 2025, 2026, 2027)]
    for found in seasons:
        assert found.difference_mg == 0
        for variety in found.varieties:
            assert variety.difference_mg == 0
        assert sum(each.qty_mg for each in found.destinations) == found.masses.shipped_mg
        assert found.masses.used_mg == 0
        for orchard in found.orchards:
            assert balance.orchard(orchard.orchard, found.season) == orchard
    made = [balance.batch(batch) for batch in season.harvests]
    assert sum(found.harvested_mg for found in seasons) == sum(each.made_mg for each in made)
    everything = [*made, *(balance.batch(batch) for batch in season.batches)]
    for name in ("at_hand_mg", "in_rooms_mg", "on_pallets_mg", "shipped_mg"):
        by_season = sum(getattr(found.masses, name) for found in seasons)
        assert by_season == sum(getattr(each.masses, name) for each in everything), name


@given(
    weights=st.lists(st.integers(0, 10**12), max_size=8),
    share=st.fractions(0, 1),
    times=st.sampled_from([0, 7]),
)
def test_apportioning_loses_nothing(weights: list[int], share: Fraction, times: int) -> None:
    total = int(sum(weights) * share) + times * sum(weights)
    parts = apportion(total, weights)
    assert sum(parts) == (total if sum(weights) else 0)
    for part, weight in zip(parts, weights, strict=True):
        exact = total * weight / sum(weights) if weight else 0
        assert part == pytest.approx(exact, abs=1, rel=1e-9)
        assert times or part <= weight


def test_a_seasons_share_follows_the_fruit_through_run_after_run() -> None:
    first = MixedRun(10, inputs={1: 600, 2: 300}, outputs={11: 850, 12: 50})
    second = MixedRun(20, inputs={11: 850, 3: 150}, outputs={21: 1000})
    found = season_masses([first, second], frozenset({1, 3}), {11: {20: 850}, 21: {-1: 999, 30: 1}})
    assert found[10, 11] + found[10, 12] == 600
    assert found[11, 20] == found[10, 11] == 567
    assert found[20, 21] == 567 + 150
    assert found[21, -1] + found[21, 30] == 717


def test_a_calendar_names_seasons_by_the_year_in_which_they_begin() -> None:
    years, autumn = SeasonCalendar(), SeasonCalendar(8, 1, timedelta(hours=8))
    new_year_in_china = datetime(2025, 12, 31, 16, tzinfo=UTC)
    just_before = new_year_in_china - timedelta(milliseconds=1)
    assert (years.season_of(new_year_in_china), years.season_of(just_before)) == (2026, 2025)
    assert years.span(2026)[0] == new_year_in_china
    assert autumn.season_of(datetime(2026, 3, 1, tzinfo=UTC)) == 2025
    assert autumn.season_of(datetime(2026, 8, 1, tzinfo=UTC)) == 2026
    for calendar in (years, autumn):
        for season in (2000, 2024, 2025):
            since, until = calendar.span(season)
            assert calendar.season_of(since) == season == calendar.season_of(until) - 1


def test_an_orchard_bears_up_to_its_ceiling_and_not_a_milligram_more() -> None:
    check_yield(400_000_000, 600_000_000, 1000.0, "orchard-001")
    with pytest.raises(YieldExceededError, match=r"bear 1,000\.0 kg.*given 400\.0 kg"):
        check_yield(400_000_000, 600_000_001, 1000.0, "orchard-001")


# The park's definition


def _definition(**more: object) -> Definition:
    return Definition.model_validate({**read_definition().model_dump(), **more})


def test_an_orchards_own_figures_stand_before_the_varietys() -> None:
    own = {"id": "orchard-001", "area_mu": 1200, "certified_area_mu": 800, "yield_kg_mu": 2600}
    park = build_park(_definition(orchards=[own, {"id": "orchard-300"}]), 0.01)
    first, second = park.of_type(Orchard)[:2]
    assert (first.area_mu, first.ceiling_kg) == (1200, 800 * 2600)
    assert (second.certified_area_mu, second.ceiling_kg) == (None, 977 * 3000)


@pytest.mark.parametrize(
    ("orchards", "problem"),
    [
        ([{"id": "orchard-999"}], "no such orchard"),
        ([{"id": "orchard-001"}, {"id": "orchard-001"}], "twice"),
        ([{"id": "orchard-001", "certified_area_mu": 5000}], "can't be certified"),
    ],
)
def test_figures_that_no_orchard_can_have_are_refused(
    orchards: list[dict[str, object]], problem: str
) -> None:
    with pytest.raises(DefinitionError, match=problem):
        build_park(_definition(orchards=orchards), 0.01)


@pytest.mark.parametrize(
    ("name", "text"),
    [("season_begins", "02-29"), ("season_begins", "1 August"), ("utc_offset", "8")],
)
def test_a_calendar_that_cant_be_is_refused(tmp_path: Path, name: str, text: str) -> None:
    usual = {"season_begins": '"01-01"', "utc_offset": '"+08:00"'}[name]
    written = Path("park/linyi.toml").read_text(encoding="utf-8")
    path = tmp_path / "park.toml"
    path.write_text(written.replace(f"{name} = {usual}", f'{name} = "{text}"'), encoding="utf-8")
    with pytest.raises(DefinitionError, match=name):
        read_definition(path)


def test_the_definition_says_when_seasons_begin() -> None:
    site = read_definition().site.model_copy(
        update={"season_begins": "08-01", "utc_offset": "-03:30"}
    )
    assert site.calendar == SeasonCalendar(8, 1, -timedelta(hours=3, minutes=30))


# Events of others are held to the same books


def test_a_harvest_beyond_the_ceiling_is_refused_as_a_document_too(small_park: Park) -> None:
    scans = Scans(small_park)
    place = small_park.asset("orchard-001").place
    assert place is not None
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'traceability.db'}")
        rules: dict[str, Any] = {"mass_tolerance": 0.005, "clock_skew_s": 300.0}
        Traceability(engine, small_park, **rules).migrate()
        events = EventRepository(engine, small_park, **rules, clock=lambda: NOW)

        def harvest(number: int, tonnes: float) -> dict[str, object]:
            return {
                "@context": "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
                "eventID": f"urn:uuid:{UUID(int=number)}",
                "type": "ObjectEvent",
                "eventTime": "2026-10-02T08:00:00.000+08:00",
                "eventTimeZoneOffset": "+08:00",
                "action": "ADD",
                "bizStep": "commissioning",
                "readPoint": {"id": place.uri},
                "quantityList": [
                    {"epcClass": scans.lot(f"L{number}").uri, "quantity": tonnes, "uom": "TNE"}
                ],
            }

        try:
            assert events.capture_event(harvest(1, 2000)).new
            with pytest.raises(YieldExceededError):
                events.capture_event(harvest(2, 1500))
            with pytest.raises(YieldExceededError):
                events.capture_event(harvest(3, 1e300))
            assert events.capture_event(harvest(4, 931)).new
            assert not events.capture_event(harvest(4, 931)).new
            found = MassBalance(engine, small_park).orchard("orchard-001", 2026)
        finally:
            engine.dispose()
    assert (found.left_mg, found.share, found.batches) == (0, 1.0, 2)
