"""Charts tell the truth after corrections, whichever database and telemetry store there is."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.figures import FiguresWriter
from ingest.stores.port import TelemetryStore, Value
from park.assets import Park
from park.database import open_engine
from park.gs1 import BatchId
from park.scans import Scan
from park.telemetry import EXPORT, MILESTONE, OUTPUT, STOCK, STORED_KINDS, TAKEN_BACK
from park.times import from_epoch_ms, to_epoch_ms
from tests.support.epcis_api import Json, document
from tests.support.scanning import START, Scans
from traceability.epcis.contexts import OWN
from traceability.epcis.jsonld.writing import write_event
from traceability.event_repository import EventRepository
from traceability.figures.projection import Figures, Point, Step, advance, later, standing
from traceability.repository import Traceability
from traceability.steps.to_events import event_of

SUMS = (STOCK.name, EXPORT.name, OUTPUT.name)
Charts = dict[tuple[str, str, int], dict[str, Value]]
"""What stands in the store: fields by kind, asset and time."""


class Season:
    """A park whose steps are captured as they happen, and whose charts are written meanwhile."""

    def __init__(self, address: str, park: Park, store: TelemetryStore, path: Path) -> None:
        self.park = park
        self.scans = Scans(park)
        self.now = START
        self.engine = open_engine(address)
        self._store = store
        self._path = path
        rules: dict[str, Any] = {"mass_tolerance": 0.005, "clock_skew_s": 300.0}
        self.traceability = Traceability(self.engine, park, **rules, clock=lambda: self.now)
        self._events = EventRepository(self.engine, park, **rules, clock=lambda: self.now)
        self.writer = self._writer()
        self._told: list[Step | datetime] = []
        """Steps, and when it was written how things stand."""
        self.untrue: set[Scan] = set()
        """Steps that the charts have to be without."""

    def _writer(self) -> FiguresWriter:
        return FiguresWriter(
            *(self.park, self.traceability, self._store, self._path), lambda: to_epoch_ms(self.now)
        )

    def scan(self, *scans: Scan) -> None:
        """Capture scans a minute after they happen; charts follow each."""
        for scan in scans:
            self.now = max(self.now, scan.ts) + timedelta(minutes=1)
            self.traceability.capture(scan)
            self.tell(scan)
            self.catch_up()

    def harvested(self, *names: str) -> list[BatchId]:
        """Batches of a tonne."""
        lots = [self.scans.lot(name) for name in names]
        self.scan(*(self.scans.harvest(lot, 1000) for lot in lots))
        return lots

    def capture(self, *events: Json) -> None:
        assert self._events.capture_document(document(*events)).refused == []

    def tell(self, *scans: Scan) -> None:
        """That these are the newest steps."""
        first = self.traceability.totals().events - len(scans) + 1
        self._told += [Step(first + number, scan) for number, scan in enumerate(scans)]

    def declare(self, *scans: Scan) -> None:
        """That they were wrong, one after the other."""
        for scan in scans:
            self.now += timedelta(minutes=1)
            self.capture(self.wrong(scan))
            self.untrue.add(scan)
            self.catch_up()

    def right(self, scan: Scan) -> Json:
        return {**write_event(event_of(scan, self.park)), "@context": OWN.value}

    def wrong(self, scan: Scan) -> Json:
        declared = {"declarationTime": "2026-10-05T00:00:00Z", "reason": "incorrect_data"}
        return {**self.right(scan), "errorDeclaration": declared}

    def catch_up(self) -> None:
        while self.writer.catch_up():
            pass

    def restart(self) -> None:
        """End and begin again; who begins writes how things stand."""
        self.now += timedelta(minutes=30)
        self.writer = self._writer()
        self.catch_up()
        self.writer.refresh()
        self._told.append(self.now)

    def charts(self) -> Charts:
        """All that stands in the telemetry store."""
        charts: Charts = {}
        for kind in (*SUMS, MILESTONE.name):
            for asset in [each.asset for each in self._store.latest(kind)]:
                for field in STORED_KINDS[kind].fields:
                    end = datetime(2030, 1, 1, tzinfo=UTC)
                    for each in self._store.raw(kind, asset, field, from_epoch_ms(0), end):
                        key = (kind, asset, to_epoch_ms(each.time))
                        charts.setdefault(key, {})[field] = each.value
        return charts

    def truth(self) -> list[Point]:
        """What had been written if all that is true had been told in time."""
        figures = Figures()
        points: list[Point] = []
        for told in sorted(self._told, key=_time):
            if isinstance(told, datetime):
                points += standing(figures, self.park, to_epoch_ms(told))
            elif told.scan not in self.untrue:
                points += advance(figures, [told], self.park)
        return points


def _time(told: Step | datetime) -> datetime:
    if isinstance(told, datetime):
        return told
    assert told.scan is not None
    return told.scan.ts


@pytest.fixture
def season(
    migrated_address: str, small_park: Park, store: TelemetryStore, tmp_path: Path
) -> Iterator[Season]:
    season = Season(migrated_address, small_park, store, tmp_path / "figures.json")
    yield season
    season.engine.dispose()


def assert_true(season: Season) -> None:
    """Every point that is there says what was so at that time, and none is missing."""
    charts, truth = season.charts(), season.truth()
    for point in truth:
        found = charts[point.kind, point.asset, point.time_ms]
        assert {name: found[name] for name in point.fields} == pytest.approx(dict(point.fields))
    for (kind, asset, time_ms), found in charts.items():
        of_asset = [each for each in truth if (each.kind, each.asset) == (kind, asset)]
        before = [each for each in of_asset if each.time_ms <= time_ms]
        if kind == MILESTONE.name:
            is_there = any(each.time_ms == time_ms for each in of_asset)
            assert is_there or (found["step"], found["mass_kg"]) == (TAKEN_BACK, 0)
        elif before:
            expected = later(max(before, key=lambda each: each.time_ms), time_ms).fields
            assert found == pytest.approx(dict(expected))
        else:
            assert all(not found[name] for name in found if name != "capacity_kg")


def steps(scans: Scans) -> list[Scan]:
    raw, extra = scans.lot("H-1"), scans.lot("E-1", "extra")
    rejects, first, second = scans.lot("R-1", "reject"), scans.pallet(1), scans.pallet(2)
    return [
        scans.harvest(raw, 1000),
        scans.store_in(raw, 600),
        scans.store_in(raw, 400),
        scans.store_out(raw, 1000),
        scans.sort({raw: 1000}, {extra: 900, rejects: 80}, 20),
        scans.palletise(first, {extra: 500}),
        scans.palletise(second, {extra: 400}),
        scans.ship("S-1", first),
        scans.ship("S-1", second),
        scans.receive("S-1", first, second),
    ]


def test_each_step_that_is_taken_back_is_in_no_chart_any_more(season: Season) -> None:
    made = steps(season.scans)
    for step in made:
        season.scan(step)
        season.restart()
    assert_true(season)
    for step in reversed(made):
        season.declare(step)
        assert_true(season)
    assert {found["step"] for key, found in season.charts().items() if key[0] == "milestone"} == {
        TAKEN_BACK
    }


def test_sums_of_later_steps_and_of_the_time_between_are_right(season: Season) -> None:
    first, *others = [
        season.scans.store_in(lot, 500) for lot in season.harvested("H-1", "H-2", "H-3")
    ]
    season.scan(first)
    season.restart()
    for other in others:
        season.scan(other)
        season.restart()
    season.declare(first)
    assert_true(season)
    season.restart()
    assert_true(season)


def test_what_the_books_keep_is_in_the_charts_until_they_let_go(season: Season) -> None:
    (lot,) = season.harvested("H-1")
    came, went = season.scans.store_in(lot, 500), season.scans.store_out(lot, 500)
    season.scan(came, went)
    season.restart()
    before = season.charts()
    season.capture(season.wrong(came))
    season.catch_up()
    assert season.charts() == before
    season.declare(went)
    season.untrue.add(came)
    assert_true(season)


def test_a_wrong_step_its_declaration_and_the_right_one_in_a_document(season: Season) -> None:
    (lot,) = season.harvested("H-1")
    wrong = season.scans.store_in(lot, 500)
    right = season.scans.store_in(lot, 50, ts=wrong.ts)
    season.now = wrong.ts
    season.capture(season.right(wrong), season.wrong(wrong), season.right(right))
    season.tell(right)
    season.catch_up()
    assert_true(season)


def test_a_correction_stands_in_place_of_the_wrong_step_from_its_time_on(season: Season) -> None:
    lot, other = season.harvested("H-1", "H-2")
    wrong = season.scans.store_in(lot, 500)
    right = season.scans.store_in(lot, 50, ts=wrong.ts)
    season.scan(wrong)
    season.restart()
    season.scan(season.scans.store_in(other, 300))
    season.restart()
    elsewhere = season.scans.store_in(other, 20, "room-0002", ts=season.now)
    season.capture(season.wrong(wrong), season.right(right), season.right(elsewhere))
    season.untrue.add(wrong)
    season.tell(right, elsewhere)
    season.catch_up()
    assert_true(season)


def test_a_step_that_was_declared_wrong_before_it_came_never_counts(season: Season) -> None:
    (lot,) = season.harvested("H-1")
    wrong = season.scans.store_in(lot, 500)
    season.declare(wrong)
    season.scan(wrong, season.scans.store_in(lot, 300))
    assert_true(season)


def test_what_was_taken_back_while_no_server_ran_is_mended_by_the_next(season: Season) -> None:
    (lot,) = season.harvested("H-1")
    wrong = season.scans.store_in(lot, 500)
    season.scan(wrong, season.scans.store_in(lot, 300))
    season.restart()
    season.capture(season.wrong(wrong))
    season.untrue.add(wrong)
    season.restart()
    assert_true(season)
    before = season.charts()
    season.restart()
    assert {key: found for key, found in season.charts().items() if key in before} == before


def test_what_was_told_before_a_wrong_late_step_stays(season: Season) -> None:
    first, second, third = season.harvested("H-1", "H-2", "H-3")
    late = season.scans.store_in(third, 70)
    season.scan(season.scans.store_in(first, 500))
    season.restart()
    season.scan(season.scans.store_in(second, 300))
    season.restart()
    season.scan(late)
    season.restart()
    before = {key: found for key, found in season.charts().items() if key[0] == STOCK.name}
    season.declare(late)
    after = season.charts()
    changed = [key for key in before if before[key] != after[key]]
    assert [after[key]["stock_kg"] for key in changed] == [800, 800]
    assert to_epoch_ms(late.ts) in {time_ms for _, _, time_ms in changed}
