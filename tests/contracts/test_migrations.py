"""A database of the last release becomes one of this, with all that it held."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, MetaData, Table, delete, func, insert, inspect, select

from park.assets import Park
from park.database import open_engine
from tests.support.derived_story import DerivedStory
from tests.support.scanning import NOW, Scans
from traceability import migrations
from traceability import tables as t
from traceability.canonical import canonical_json
from traceability.database.transactions import write
from traceability.epcis.query import tables as q
from traceability.errors import MigrationError
from traceability.event_repository import EventRepository
from traceability.provenance import tables as p
from traceability.recording import upgrading as rebuilding
from traceability.repository import Traceability
from traceability.schema import metadata

CASE = Path(__file__).parents[1] / "cases" / "traceability" / "release-0.1.json"
NEW = (q.shape_terms, p.certificates, p.certified_shipments)
"""Tables that revision 0007 made."""
RULES: dict[str, Any] = {"mass_tolerance": 0.005, "clock_skew_s": 300.0}


@contextmanager
def _empty(address: str) -> Iterator[Engine]:
    engine = open_engine(address)
    yield engine
    engine.dispose()


@contextmanager
def _of_release(address: str) -> Iterator[Engine]:
    """A database as release 0.1 left it: ten scans, from two harvests to a shipment's arrival."""
    with _empty(address) as engine:
        write(engine, _fill)
        yield engine


@pytest.fixture
def engine(address: str) -> Iterator[Engine]:
    with _of_release(address) as engine:
        yield engine


def _fill(connection: Connection) -> None:
    migrations.upgrade(connection, "0001")
    found = MetaData()
    found.reflect(connection)
    for name, rows in json.loads(CASE.read_text()).items():
        if name == "log_head":
            connection.execute(found.tables[name].update().values(size=rows[0]["size"]))
        else:
            connection.execute(insert(found.tables[name]), rows)
    if connection.dialect.name == "postgresql":
        for name in ("nodes", "stays"):
            table = found.tables[name]
            sequence = func.pg_get_serial_sequence(name, "id")
            connection.execute(select(func.setval(sequence, func.max(table.c.id))))


def _traceability(engine: Engine, park: Park) -> Traceability:
    return Traceability(engine, park, **RULES, clock=lambda: NOW)


def test_every_event_of_the_last_release_is_there(engine: Engine, small_park: Park) -> None:
    traceability = _traceability(engine, small_park)
    traceability.migrate()
    old = {row["event_id"]: row for row in json.loads(CASE.read_text())["events"]}
    with engine.connect() as connection:
        rows = connection.execute(select(t.events)).all()
    assert {row.event_id for row in rows} == set(old)
    for row in rows:
        document = json.loads(row.document)
        before = json.loads(old[row.event_id]["document"])
        assert document.pop("@context")
        assert document == before
        assert canonical_json(json.loads(row.document)).decode() == row.document
        assert len(row.content_hash) == 32
        assert row.fingerprint == old[row.event_id]["fingerprint"]


def test_the_books_go_on_where_they_were(engine: Engine, small_park: Park) -> None:
    traceability = _traceability(engine, small_park)
    traceability.migrate()
    scans = Scans(small_park)
    batch, pallet = scans.lot("E-1", "extra"), scans.pallet(2)
    assert traceability.batch(batch).summary.qty_kg == 1900
    scans.harvest(scans.lot("X"), 1, ts=NOW)
    palletise = scans.palletise(
        pallet, {batch: 700}, ts=NOW, id="01900000-0000-7000-8000-000000000001"
    )
    assert traceability.capture(palletise).new
    assert {end.kind for end in traceability.trace_back(f"00/{pallet}").ends} == {"harvest"}


def test_a_scan_of_the_last_release_is_known(engine: Engine, small_park: Park) -> None:
    traceability = _traceability(engine, small_park)
    traceability.migrate()
    scans = Scans(small_park)
    assert not traceability.capture(scans.harvest(scans.lot("H-0"), 1000)).new


def test_the_new_tables_hold_the_old_events(engine: Engine, small_park: Park) -> None:
    traceability = _traceability(engine, small_park)
    traceability.migrate()
    traceability.migrate()
    with engine.connect() as connection:
        size = connection.execute(select(func.count()).select_from(t.events)).scalar_one()
    assert size == traceability.totals().events == 10
    events = EventRepository(engine, small_park, **RULES, clock=lambda: NOW)
    first = json.loads(CASE.read_text())["events"][0]["event_id"]
    assert events.event(first)["bizStep"] == "commissioning"


def test_what_an_earlier_version_indexed_is_indexed_anew(
    address: str, tmp_path: Path, small_park: Park
) -> None:
    with _of_release(f"sqlite:///{tmp_path / 'new.db'}") as new, _empty(address) as old:
        _traceability(new, small_park).migrate()
        with new.connect() as source, old.begin() as target:
            migrations.upgrade(target, "0005")
            _copy_events(source, target)
        _traceability(old, small_park).migrate()
        assert _index(old) == _index(new)
        assert len(_index(old)["event_facts"]) == 10


@pytest.mark.parametrize("few_texts", [0, 1000], ids=["many texts", "few texts"])
def test_what_an_earlier_version_didnt_sum_up_is_summed_up(
    address: str,
    tmp_path: Path,
    small_park: Park,
    few_texts: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rebuilding, "_FEW_TEXTS", few_texts)
    monkeypatch.setattr(rebuilding, "_PAGE", 7)
    story = DerivedStory(f"sqlite:///{tmp_path / 'new.db'}", small_park, tmp_path)
    story.tell()
    with _empty(address) as old:
        with story.engine.connect() as source, old.begin() as target:
            migrations.upgrade(target, "0006")
            _copy(source, target, [each for each in metadata.sorted_tables if each not in NEW])
        _traceability(old, small_park).migrate()
        assert _rows(old, NEW) == _rows(story.engine, NEW)
    story.close()


def _copy_events(source: Connection, target: Connection) -> None:
    _copy(source, target, (t.events, t.log_head))


def _copy(source: Connection, target: Connection, tables: Iterable[Table]) -> None:
    for table in tables:
        rows = [dict(row) for row in source.execute(select(table)).mappings()]
        target.execute(delete(table))
        if rows:
            target.execute(insert(table), rows)


def _index(engine: Engine) -> dict[str, set[Any]]:
    return _rows(
        engine, (q.event_facts, q.event_shapes, q.event_terms, q.event_numbers, q.shape_terms)
    )


def _rows(engine: Engine, tables: Iterable[Table]) -> dict[str, set[Any]]:
    with engine.connect() as connection:
        return {each.name: set(map(tuple, connection.execute(select(each)))) for each in tables}


def test_a_database_of_a_newer_version_is_left_alone(address: str, small_park: Park) -> None:
    engine = open_engine(address)
    traceability = _traceability(engine, small_park)
    traceability.migrate()
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(MigrationError, match="revision 9999"):
        traceability.migrate()
    assert "9999" in traceability.health().detail
    engine.dispose()


def test_a_database_of_something_else_is_left_alone(address: str, small_park: Park) -> None:
    engine = open_engine(address)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE events (title TEXT)")
    with pytest.raises(MigrationError, match="belongs to something else"):
        _traceability(engine, small_park).migrate()
    assert inspect(engine).get_table_names() == ["events"]
    engine.dispose()
