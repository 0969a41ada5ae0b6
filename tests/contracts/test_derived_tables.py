"""Whatever follows from the events can be compared with them, and made anew from them."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Float,
    LargeBinary,
    Table,
    Text,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.engine import make_url

from park.assets import Park
from tests.support.derived_story import RULES, DerivedStory
from tests.support.scanning import NOW, Scans
from traceability import tables as t
from traceability.derived.comparing import Comparison
from traceability.derived.service import DerivedReport, DerivedTables
from traceability.derived.shadow import open_shadow
from traceability.derived.tables import DERIVED, EVENTS, DerivedTable
from traceability.epcis import tables as rest
from traceability.epcis.master_data import tables as master_data
from traceability.epcis.query import tables as q
from traceability.errors import LedgerBrokenError, LedgerError, MigrationError
from traceability.ledger import tables as ledger_tables
from traceability.provenance import tables as p
from traceability.repository import Traceability
from traceability.schema import metadata

Told = tuple[str, Path]
"""A database's address, and the folder beside it."""


def watched(_done: int, _total: int) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def told(shared_address: str, small_park: Park, tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("derived")
    story = DerivedStory(shared_address, small_park, folder)
    story.tell()
    story.close()
    return shared_address, folder


@pytest.fixture
def story(
    told: Told, small_park: Park, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[DerivedStory]:
    """A copy of the told story, to do with what one likes."""
    address, folder = told
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    if address.startswith("sqlite"):
        path = tmp_path / "copy.db"
        shutil.copy(str(make_url(address).database), path)
        copy = f"sqlite:///{path}"
    else:
        copy = request.getfixturevalue("postgresql").new_database(like=address)
    made = DerivedStory(copy, small_park, tmp_path)
    yield made
    made.close()


def names(report: DerivedReport) -> list[str]:
    return [table.table for table in report.tables if table.differences]


def other(column: Column[Any]) -> Any:
    """An expression for another value than that of the column."""
    if isinstance(column.type, Boolean):
        return ~column
    if isinstance(column.type, LargeBinary):
        return b"\x00" * 32
    if isinstance(column.type, Text):
        return func.coalesce(column, "") + "x"
    return func.coalesce(column, 0) + (0.25 if isinstance(column.type, Float) else 1)


def test_every_table_is_derived_or_known_not_to_be() -> None:
    others = {
        *(t.log_head, t.events, ledger_tables.ledger_nodes, ledger_tables.ledger_checkpoints),
        *(rest.capture_jobs, rest.named_queries, rest.subscriptions),
        *(master_data.master_attributes, master_data.master_children),
    }
    assert {each.table for each in DERIVED} | others == set(metadata.tables.values())


def test_what_was_captured_is_derived_again(story: DerivedStory) -> None:
    report = story.derived.compare(watched)
    assert report.ok
    assert report.doubts.count == 0
    with story.engine.connect() as connection:
        for each in DERIVED:
            count = connection.execute(select(func.count()).select_from(each.table)).scalar_one()
            assert count, each.name


def test_recordings_are_told_apart_by_their_times(story: DerivedStory, small_park: Park) -> None:
    still = Traceability(story.engine, small_park, **RULES, clock=lambda: NOW)
    scans = Scans(small_park)
    for number in range(3):
        more: dict[str, Any] = {"id": UUID(int=9_000 + number)}
        still.capture(scans.harvest(scans.lot(f"STILL-{number}"), 1, **more))
    with story.engine.connect() as connection:
        latest = select(t.events.c.record_time_ms).order_by(t.events.c.seq.desc()).limit(3)
        third, second, first = connection.execute(latest).scalars()
    assert first != second != third
    assert story.derived.compare(watched).ok


def test_every_column_of_every_derived_table_is_compared(
    story: DerivedStory, small_park: Park
) -> None:
    with open_shadow(small_park, **RULES) as shadow, story.engine.connect() as connection:
        shadow.follow(connection, story.traceability.totals().events, watched)
        connection.rollback()
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET session_replication_role = replica")
            connection.commit()
        with shadow.engine.connect() as wanted:
            comparison = Comparison(connection, wanted)
            for each in (EVENTS, *DERIVED):
                for column in each.columns:
                    if connection.dialect.name == "sqlite":
                        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
                    connection.execute(_change_one(each, column))
                    assert comparison.report(each).differences, (each.name, column.name)
                    connection.rollback()
                assert not comparison.report(each).differences


def _change_one(each: DerivedTable, column: Column[Any]) -> Any:
    key = list(each.table.primary_key)
    row = select(*key).order_by(*(part.desc() for part in key)).limit(1).subquery()
    chosen = [part == select(row.c[part.name]).scalar_subquery() for part in key]
    return update(each.table).where(*chosen).values({column.name: other(column)})


@pytest.mark.parametrize("table", [t.batches, p.links, t.findings], ids=lambda table: table.name)
def test_a_row_that_was_removed_is_missing(story: DerivedStory, table: Table) -> None:
    key = next(iter(table.primary_key))
    with story.engine.begin() as connection:
        first = connection.execute(select(func.min(key))).scalar_one()
        connection.execute(delete(t.origins).where(t.origins.c.node_id == first))
        connection.execute(delete(table).where(key == first))
    report = story.derived.compare(watched)
    assert table.name in names(report)
    (found,) = next(each for each in report.tables if each.table == table.name).differences
    assert (found.found, found.wanted is None) == (None, False)


def test_a_changed_value_is_told_with_what_follows_from_the_events(story: DerivedStory) -> None:
    with story.engine.begin() as connection:
        batch = connection.execute(select(t.batches).order_by(t.batches.c.lot).limit(1)).one()
        changed = update(t.batches).where(t.batches.c.node_id == batch.node_id)
        connection.execute(changed.values(at_hand_mg=5))
    (table,) = (each for each in story.derived.compare(watched).tables if each.differences)
    (found,) = table.differences
    assert batch.lot in found.row["node_id"]
    assert (found.found, found.wanted) == ({"at_hand_mg": 5}, {"at_hand_mg": batch.at_hand_mg})


def test_the_last_digit_of_a_time_or_key_counts(story: DerivedStory) -> None:
    numbers = q.event_numbers
    largest = select(func.max(numbers.c.value)).scalar_subquery()
    with story.engine.begin() as connection:
        value = connection.execute(select(func.max(numbers.c.value))).scalar_one()
        assert value > 10**12
        row = connection.execute(select(numbers).where(numbers.c.value == largest).limit(1)).one()
        chosen = [column == getattr(row, column.name) for column in numbers.c]
        connection.execute(update(numbers).where(*chosen).values(value=value + 1))
    assert names(story.derived.compare(watched)) == [numbers.name]


def test_everything_is_made_anew_from_the_events(story: DerivedStory, small_park: Park) -> None:
    before = story.traceability.totals()
    with story.engine.begin() as connection:
        for each in reversed(DERIVED):
            connection.execute(delete(each.table))
        connection.execute(update(t.events).values(content_hash=b"", fingerprint="x"))
    assert not story.derived.compare(watched).ok
    report = story.ledger.verify()
    rebuilt = story.derived.rebuild(report, watched)
    assert rebuilt.size == before.events
    assert story.derived.compare(watched).ok
    assert story.traceability.totals() == before
    scans = Scans(small_park)
    late: dict[str, Any] = {
        "ts": NOW - timedelta(days=1),
        "id": "01900000-0000-7000-8000-000000000001",
    }
    lot = scans.lot("AFTERWARDS")
    story.traceability.capture(scans.harvest(lot, 5, **late))
    late["id"] = "01900000-0000-7000-8000-000000000002"
    story.traceability.capture(scans.store_in(lot, 5, **late))
    assert story.derived.compare(watched).ok


def test_hashes_and_columns_are_mended_under_a_checkpoint_that_covers_all(
    story: DerivedStory,
) -> None:
    nodes = ledger_tables.ledger_nodes
    with story.engine.begin() as connection:
        connection.execute(delete(nodes).where(nodes.c.level == 2))
        connection.execute(delete(nodes).where(nodes.c["index"] == 3))
        connection.execute(update(t.events).where(t.events.c.seq == 5).values(event_time_ms=0))
    report = story.ledger.verify()
    assert not report.ok
    story.derived.rebuild(report, watched)
    assert story.ledger.verify().ok


@pytest.mark.parametrize("how", ["forged", "unproven"])
def test_nothing_follows_from_forged_or_unproven_events(story: DerivedStory, how: str) -> None:
    with story.engine.begin() as connection:
        if how == "forged":
            event = t.events.c.seq == 3
            changed = t.events.c.document.concat(" ")
            connection.execute(update(t.events).where(event).values(document=changed))
        else:
            connection.execute(delete(ledger_tables.ledger_nodes))
            connection.execute(delete(ledger_tables.ledger_checkpoints))
    if how == "unproven":
        story.ledger.anchor.path.unlink()
    with pytest.raises(LedgerBrokenError, match="nothing was rebuilt"):
        story.derived.rebuild(story.ledger.verify(), watched)


def test_tables_of_another_version_are_not_compared(story: DerivedStory) -> None:
    with story.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0005'")
    with pytest.raises(MigrationError, match="revision 0005"):
        story.derived.compare(watched)


def test_events_that_the_books_would_refuse_today_are_doubted(
    story: DerivedStory, small_park: Park
) -> None:
    strict = DerivedTables(story.engine, small_park, mass_tolerance=0.0, clock_skew_s=300)
    report = strict.compare(watched)
    assert not report.ok
    assert "tolerance" in report.doubts.some[0].detail
    with pytest.raises(LedgerError, match="--anyway"):
        strict.rebuild(story.ledger.verify(), watched)
    assert story.derived.compare(watched).ok


def test_steps_of_places_that_are_no_longer_ours_are_doubted(
    story: DerivedStory, small_park: Park
) -> None:
    elsewhere = Park(
        site=small_park.site,
        company_prefix=small_park.company_prefix,
        assets={small_park.site.id: small_park.site},
        products=small_park.products,
        calendar=small_park.calendar,
    )
    report = DerivedTables(story.engine, elsewhere, **RULES).compare(watched)
    assert not report.ok
    assert "no step of this park" in report.doubts.some[0].detail
