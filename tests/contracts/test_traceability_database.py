"""Tables, concurrency and failures of the traceability database on the real servers."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, make_url, select

from park.assets import Park
from park.database import open_engine
from park.postgresql import postgresql_engine
from park.scans import Scan
from tests.support.relay import Relay, relay_to
from tests.support.scanning import NOW, Scans
from tests.support.servers import PostgreSQL, free_port
from traceability import schema, tables
from traceability.database.transactions import write
from traceability.epcis.named_queries import NamedQueries
from traceability.epcis.subscriptions.store import Subscriptions, Wanted
from traceability.errors import (
    CaptureError,
    DatabaseFullError,
    DatabaseUnavailableError,
    DuplicateNameError,
    TraceabilityError,
)
from traceability.ledger.ledger import Ledger
from traceability.repository import Traceability
from traceability.views import Captured


def _repository(engine: Engine, park: Park) -> Traceability:
    return Traceability(engine, park, mass_tolerance=0.005, clock_skew_s=300, clock=lambda: NOW)


# Migrations


def test_migrations_make_the_tables_that_the_code_declares(
    engine: Engine, small_park: Park
) -> None:
    repository = _repository(engine, small_park)
    assert not repository.health().ok
    repository.migrate()
    repository.migrate()
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []
    assert repository.health().ok


def test_two_processes_may_migrate_at_once(engine: Engine, small_park: Park) -> None:
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(_repository(engine, small_park).migrate) for _ in range(2)]:
            done.result()
    assert _repository(engine, small_park).totals().events == 0


# Concurrency


def _at_once(works: Sequence[Callable[[], object]]) -> list[object]:
    """Do all works in threads of their own; what came of each, our errors included."""
    barrier = Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        barrier.wait(timeout=10)
        try:
            return work()
        except CaptureError as error:
            return error.code
        except TraceabilityError as error:
            return type(error)

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def _all_at_once(capture: Callable[[Scan], Captured], scans: Sequence[Scan]) -> list[object]:
    """Capture each scan in a thread of its own."""
    return _at_once([partial(capture, scan) for scan in scans])


@pytest.fixture(params=["sqlite", "postgresql", "serializing postgresql"])
def concurrent(
    request: pytest.FixtureRequest, tmp_path: Path, small_park: Park
) -> Iterator[Traceability]:
    """A repository; PostgreSQL also as one that serializes by default, as clusters do."""
    if request.param == "sqlite":
        engine = open_engine(f"sqlite:///{tmp_path / 'traceability.db'}")
    else:
        engine = open_engine(request.getfixturevalue("postgresql").new_database())
    if request.param == "serializing postgresql":
        engine = engine.execution_options(isolation_level="SERIALIZABLE")
    repository = _repository(engine, small_park)
    repository.migrate()
    yield repository
    repository.close()


def test_one_scan_sent_many_times_at_once_is_captured_once(
    concurrent: Traceability, scans: Scans
) -> None:
    scan = scans.harvest(scans.lot("A"), 100)
    captured = _all_at_once(concurrent.capture, [scan] * 6)
    assert all(isinstance(each, Captured) for each in captured)
    assert sum(isinstance(each, Captured) and each.new for each in captured) == 1
    assert concurrent.totals().events == 1


def test_scans_that_take_the_same_fruit_at_once_do_not_count_it_twice(
    concurrent: Traceability, scans: Scans
) -> None:
    first, second = scans.lot("A", "extra"), scans.lot("B", "extra")
    raw = scans.lot("R")
    concurrent.capture(scans.harvest(raw, 200))
    concurrent.capture(scans.sort({raw: 200}, {first: 100, second: 100}))
    # Named in opposite orders: where each locked batch by batch, they would deadlock.
    rivals = [
        scans.palletise(
            scans.pallet(number),
            {first: 40, second: 40} if number % 2 else {second: 40, first: 40},
        )
        for number in range(6)
    ]
    outcome = _all_at_once(concurrent.capture, rivals)
    assert sum(isinstance(each, Captured) for each in outcome) == 2
    assert outcome.count("not-enough-mass") == 4
    assert concurrent.batch(first).in_stock_kg == 20
    assert concurrent.batch(second).in_stock_kg == 20
    assert concurrent.totals().events == 4


def test_events_are_numbered_without_gaps_whatever_is_refused_between(
    engine: Engine, small_park: Park, scans: Scans
) -> None:
    repository = _repository(engine, small_park)
    repository.migrate()
    rivals = [scans.harvest(scans.lot(f"L{number % 4}"), 1) for number in range(8)]
    _all_at_once(repository.capture, rivals)
    with engine.connect() as connection:
        numbers = connection.execute(select(tables.events.c.seq)).scalars().all()
    assert sorted(numbers) == [1, 2, 3, 4]


def test_a_question_does_not_wait_for_a_capture(
    engine: Engine, small_park: Park, scans: Scans
) -> None:
    repository = _repository(engine, small_park)
    repository.migrate()
    repository.capture(scans.harvest(scans.lot("A"), 100))
    with engine.begin() as writer:
        writer.execute(select(tables.log_head).with_for_update())
        writer.execute(tables.log_head.update().values(size=99))
        assert repository.totals().events == 1
        writer.rollback()


def test_of_rivals_for_a_name_one_gets_it_and_its_subscriptions_go_with_it(
    engine: Engine, small_park: Park
) -> None:
    _repository(engine, small_park).migrate()
    queries, subscriptions = NamedQueries(engine), Subscriptions(engine)
    wanted = Wanted(dest="http://127.0.0.1:9/")
    for name in ("a", "b", "c"):
        made = _at_once([partial(queries.add, name, {"EQ_action": ["ADD"]}, NOW)] * 4)
        assert made.count(DuplicateNameError) == 3
        _at_once(
            [partial(subscriptions.add, name, wanted, NOW)] * 4 + [partial(queries.remove, name)]
        )
    assert queries.page(None, 10).items == []
    assert subscriptions.due(NOW) == []


def test_checkpoints_that_are_asked_for_at_once_are_one(
    engine: Engine, small_park: Park, scans: Scans, tmp_path: Path
) -> None:
    repository = _repository(engine, small_park)
    repository.migrate()
    ledgers = [
        Ledger(engine, tmp_path / "keys", tmp_path / "checkpoints", origin="test") for _ in "12"
    ]
    for number in range(1, 4):
        repository.capture(scans.harvest(scans.lot(f"L{number}"), 1))
        signed = _at_once([ledger.checkpoint for ledger in ledgers * 3])
        assert {str(each) for each in signed} == {str(ledgers[0].checkpoint_of(number))}


# Failures


def test_a_database_that_does_not_answer_is_worth_another_try(
    small_park: Park, scans: Scans
) -> None:
    nobody = open_engine(f"postgresql://postgres@127.0.0.1:{free_port()}/none")
    repository = _repository(nobody, small_park)
    with pytest.raises(DatabaseUnavailableError) as refused:
        repository.capture(scans.harvest(scans.lot("A"), 100))
    assert refused.value.retryable
    with pytest.raises(DatabaseUnavailableError):
        repository.totals()
    assert not repository.health().ok


def test_a_connection_that_breaks_is_worth_another_try_and_the_next_one_works(
    postgresql: PostgreSQL, small_park: Park, scans: Scans
) -> None:
    engine = open_engine(postgresql.new_database())
    repository = _repository(engine, small_park)
    repository.migrate()

    def break_off(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(DatabaseUnavailableError):
        write(engine, break_off)
    assert repository.capture(scans.harvest(scans.lot("A"), 100)).new
    repository.close()


@pytest.fixture
def relayed(postgresql: PostgreSQL) -> Iterator[tuple[Relay, Engine]]:
    """A database with tables behind a wire that may break, and an engine of little patience."""
    with relay_to(postgresql.port) as relay:
        engine = postgresql_engine(
            make_url(postgresql.new_database()).set(port=relay.port), answer_s=1, connect_s=1
        )
        yield relay, engine
        relay.is_deaf = False
        engine.dispose()


def test_a_wire_that_breaks_amid_a_capture_is_worth_another_try(
    relayed: tuple[Relay, Engine], small_park: Park, scans: Scans
) -> None:
    relay, engine = relayed
    repository = _repository(engine, small_park)
    repository.migrate()

    def break_off(connection: Connection) -> None:
        connection.execute(tables.log_head.update().values(size=99))
        relay.break_off()
        connection.execute(select(tables.log_head))

    with pytest.raises(DatabaseUnavailableError):
        write(engine, break_off)
    assert repository.capture(scans.harvest(scans.lot("A"), 100)).new
    assert repository.totals().events == 1


def test_a_server_that_falls_silent_is_given_up(
    relayed: tuple[Relay, Engine], small_park: Park
) -> None:
    relay, engine = relayed
    repository = _repository(engine, small_park)
    repository.migrate()
    relay.is_deaf = True
    with pytest.raises(DatabaseUnavailableError):
        repository.totals()
    relay.is_deaf = False
    assert repository.totals().events == 0


def test_what_finds_no_room_is_not_stored_and_is_taken_once_there_is_some(
    tmp_path: Path, small_park: Park, scans: Scans
) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'traceability.db'}")
    repository = _repository(engine, small_park)
    repository.migrate()
    with engine.connect() as connection:  # the one that the pool has
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 9}")
    many = [scans.harvest(scans.lot(f"L{number}"), 1) for number in range(100)]
    with pytest.raises(DatabaseFullError):
        list(map(repository.capture, many))
    stored = repository.totals().events
    engine.dispose()
    assert [repository.capture(scan).new for scan in many].count(True) == len(many) - stored
    assert repository.totals().events == len(many)


def test_events_are_not_written_to_a_file_that_was_moved_away(
    tmp_path: Path, small_park: Park, scans: Scans
) -> None:
    path, elsewhere = tmp_path / "traceability.db", tmp_path / "elsewhere.db"
    repository = _repository(open_engine(f"sqlite:///{path}"), small_park)
    repository.migrate()
    path.rename(elsewhere)
    with pytest.raises(DatabaseUnavailableError):
        repository.capture(scans.harvest(scans.lot("A"), 100))
    assert not path.exists()
    elsewhere.rename(path)
    assert repository.capture(scans.harvest(scans.lot("A"), 100)).new
    repository.close()


def test_a_damaged_file_is_told(tmp_path: Path, small_park: Park) -> None:
    path = tmp_path / "traceability.db"
    path.write_bytes(b"no database" * 1000)
    repository = _repository(open_engine(f"sqlite:///{path}"), small_park)
    with pytest.raises(DatabaseUnavailableError, match="not a database"):
        repository.migrate()
    assert not repository.health().ok


def test_a_user_who_may_make_no_tables_is_told(postgresql: PostgreSQL, small_park: Park) -> None:
    postgresql.run("CREATE ROLE guest LOGIN")
    address = make_url(postgresql.new_database()).set(username="guest").render_as_string()
    repository = _repository(open_engine(address), small_park)
    with pytest.raises(DatabaseUnavailableError, match="permission denied"):
        repository.migrate()
    repository.close()


def test_missing_tables_are_told_by_health_and_refuse_every_call(
    engine: Engine, small_park: Park
) -> None:
    repository = _repository(engine, small_park)
    health = repository.health()
    assert (health.ok, "migrate" in health.detail) == (False, True)
    with pytest.raises(DatabaseUnavailableError):
        repository.totals()
