"""What the ledger promises, on SQLite and PostgreSQL alike."""

import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from park.database import open_engine
from tests.support.ledger_log import ORIGIN, LedgerDatabase, document, event_id
from traceability import tables as t
from traceability.errors import (
    DatabaseUnavailableError,
    LedgerBrokenError,
    LedgerError,
    NotFoundError,
    QueryError,
)
from traceability.ledger import log, merkle
from traceability.ledger.checkpoint import SignedCheckpoint
from traceability.ledger.evidence import Given
from traceability.ledger.report import LedgerState, Report
from traceability.ledger.tables import ledger_checkpoints, ledger_nodes


@pytest.fixture
def database(engine: Engine, tmp_path: Path) -> LedgerDatabase:
    made = LedgerDatabase(engine, tmp_path)
    made.create()
    return made


def codes(report: Report) -> list[str]:
    return [problem.code for problem in report.problems]


# The tree


def test_a_log_grown_in_any_pieces_is_the_tree_of_its_leaves(database: LedgerDatabase) -> None:
    leaves: list[bytes] = []
    for count in (1, 1, 3, 8, 2, 17, 64, 5):
        database.capture(count)
        leaves += [document(index) for index in range(len(leaves), len(leaves) + count)]
        with database.engine.connect() as connection:
            assert log.root(connection) == merkle.tree_root(leaves)
    with database.engine.connect() as connection:
        for size in range(len(leaves) + 1):
            assert log.root(connection, size) == merkle.tree_root(leaves[:size])
        nodes = connection.execute(select(ledger_nodes)).all()
    assert len(nodes) == 2 * len(leaves) - len(leaves).bit_count()


def test_proofs_are_those_of_the_pure_tree(database: LedgerDatabase) -> None:
    database.capture(37)
    leaves = [document(index) for index in range(37)]

    @given(st.integers(1, 37), st.data())
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    def check(size: int, data: st.DataObject) -> None:
        index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
        with database.engine.connect() as connection:
            path = log.inclusion_proof(connection, index, size)
            growth = log.consistency_proof(connection, old, size)
        assert path == merkle.inclusion_proof(leaves[:size], index)
        assert growth == merkle.consistency_proof(leaves[:size], old)

    check()


@pytest.mark.parametrize(("index", "size"), [(3, 3), (-1, 3), (0, 4), (0, -1), (0, 0)])
def test_a_leaf_that_is_not_there_has_no_proof(
    database: LedgerDatabase, index: int, size: int
) -> None:
    database.capture(3)
    with database.engine.connect() as connection, pytest.raises(QueryError) as refused:
        log.inclusion_proof(connection, index, size)
    assert refused.value.code == "bad-tree-size"


@pytest.mark.parametrize(("old", "new"), [(4, 3), (-1, 3), (4, 4), (0, 4)])
def test_a_size_that_never_was_has_no_proof(database: LedgerDatabase, old: int, new: int) -> None:
    database.capture(3)
    with database.engine.connect() as connection, pytest.raises(QueryError) as refused:
        log.consistency_proof(connection, old, new)
    assert refused.value.code == "bad-tree-size"


def test_nothing_is_added_to_a_tree_that_lacks_its_nodes(database: LedgerDatabase) -> None:
    database.capture(4)
    database.run("DELETE FROM ledger_nodes WHERE level = 2")
    with pytest.raises(LedgerBrokenError, match="events 1 to 4"):
        database.capture(1)


# Checkpoints


def test_the_first_checkpoint_makes_the_key(database: LedgerDatabase) -> None:
    database.capture(5)
    ledger = database.ledger()
    signed = ledger.checkpoint()
    (verifier,) = ledger.verifiers()
    assert signed.require_signed([verifier]) == [verifier]
    assert (signed.checkpoint.origin, signed.size) == (ORIGIN, 5)
    assert str(ledger.checkpoint()) == str(signed)
    assert str(database.ledger().checkpoint()) == str(signed)


def test_a_checkpoint_is_kept_in_the_database_and_outside(database: LedgerDatabase) -> None:
    database.capture(5)
    ledger = database.ledger()
    signed = ledger.checkpoint()
    (line,) = ledger.anchor.lines()
    assert line.checkpoint() == signed
    assert ledger.checkpoint_of(5) == signed
    with pytest.raises(NotFoundError):
        ledger.checkpoint_of(4)


def test_publishing_adds_a_line_for_each_new_head(database: LedgerDatabase) -> None:
    ledger = database.ledger()
    for _ in range(3):
        database.capture(2)
        ledger.publish()
        ledger.publish()
    assert [line.checkpoint().size for line in ledger.anchor.lines()] == [2, 4, 6]
    assert ledger.problem == ""


def test_many_may_publish_at_once(database: LedgerDatabase) -> None:
    ledgers = [database.ledger() for _ in range(4)]
    ledgers[0].checkpoint()

    def work(number: int) -> None:
        for _ in range(5):
            database.capture(1)
            ledgers[number].publish()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    sizes = [line.checkpoint().size for line in ledgers[0].anchor.lines()]
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == 20
    assert [ledger.problem for ledger in ledgers] == [""] * 4
    assert ledgers[0].verify().ok


def test_after_a_rotation_old_checkpoints_still_count(database: LedgerDatabase) -> None:
    database.capture(2)
    ledger = database.ledger()
    old = ledger.checkpoint()
    new_key = ledger.rotate_key()
    same = ledger.checkpoint()
    assert same.note.text == old.note.text
    assert len(same.note.signatures) == 2
    database.capture(3)
    assert ledger.checkpoint().note.signed_by([new_key]) == [new_key]
    report = ledger.verify(given=[Given("old", old)])
    assert report.ok
    assert report.covered == 5


def test_a_rolled_back_log_is_not_signed_again(database: LedgerDatabase) -> None:
    database.capture(6)
    ledger = database.ledger()
    ledger.publish()
    for index in (4, 5):
        database.remove_event(index)
    database.rebuild_ledger()
    for each in (ledger, database.ledger()):
        each.publish()
        assert "rolled back" in each.problem
        with pytest.raises(LedgerBrokenError, match="rolled back"):
            each.checkpoint()


def test_a_rewritten_log_is_not_signed_again(database: LedgerDatabase) -> None:
    database.capture(6)
    ledger = database.ledger()
    ledger.checkpoint()
    database.change_document(2, document(2, "otherwise"))
    database.rebuild_ledger()
    with pytest.raises(LedgerBrokenError, match="aren't those that were signed"):
        ledger.checkpoint()
    database.capture(1)
    ledger.publish()
    assert "aren't those that were signed" in ledger.problem


def test_the_state_says_how_far_the_log_is_signed(database: LedgerDatabase) -> None:
    ledger = database.ledger()
    assert ledger.state() == LedgerState(0, 0, "")
    assert not (database.folder / "checkpoints.jsonl").exists()
    database.capture(5)
    assert ledger.state() == LedgerState(5, 0, "")
    ledger.publish()
    database.capture(2)
    for each in (ledger, database.ledger()):
        assert each.state() == LedgerState(7, 5, "")


def test_the_state_tells_of_a_log_that_was_rolled_back(database: LedgerDatabase) -> None:
    database.capture(5)
    database.ledger().publish()
    database.remove_event(4)
    database.rebuild_ledger()
    found = database.ledger().state()
    assert (found.events, found.signed) == (4, 0)
    assert "rolled back" in found.problem


def test_what_a_power_cut_left_unsigned_is_signed_at_start(database: LedgerDatabase) -> None:
    ledger = database.ledger()
    ledger.catch_up()
    assert not ledger.verifiers()
    database.capture(5)
    ledger.publish()
    database.capture(2)
    database.ledger().catch_up()
    assert ledger.verify().covered == 7
    database.remove_event(6)
    database.rebuild_ledger()
    started = database.ledger()
    started.catch_up()
    assert "rolled back" in started.problem


def test_a_lost_key_is_not_made_anew_in_silence(database: LedgerDatabase) -> None:
    database.capture(1)
    database.ledger().publish()
    shutil.rmtree(database.folder / "keys")
    ledger = database.ledger()
    with pytest.raises(LedgerError, match="isn't signed by a key of"):
        ledger.checkpoint()
    ledger.publish()
    assert ledger.problem


# Proofs


def test_an_event_is_proven_by_its_document_and_a_checkpoint(database: LedgerDatabase) -> None:
    database.capture(11)
    ledger = database.ledger()
    early = ledger.checkpoint()
    database.capture(4)
    proof = ledger.prove(event_id(6))
    assert proof.check(ledger.verifiers()) == list(ledger.verifiers())
    assert (proof.leaf_index, proof.document.encode()) == (6, document(6))
    assert proof.checkpoint.size == 15
    then = ledger.prove(6, size=11)
    assert then.checkpoint == early
    assert then.holds()
    with pytest.raises(NotFoundError):
        ledger.prove(event_id(99))
    with pytest.raises(QueryError):
        ledger.prove(14, size=11)
    growth = ledger.consistency(11)
    late = ledger.checkpoint()
    assert merkle.verify_consistency(11, 15, early.root, late.root, growth.hashes)


def test_a_changed_event_is_not_proven(database: LedgerDatabase) -> None:
    database.capture(3)
    database.change_document(1, document(1, "otherwise"))
    with pytest.raises(LedgerBrokenError, match="event 2 isn't what was captured"):
        database.ledger().prove(event_id(1))


# Verification


def test_a_whole_database_is_whole(database: LedgerDatabase) -> None:
    ledger = database.ledger()
    assert ledger.verify().ok
    for count in (1, 2, 30, 8):
        database.capture(count)
        ledger.publish()
    ledger.checkpoint()
    report = ledger.verify()
    assert report.ok
    assert (report.size, report.covered, report.checkpoints) == (41, 41, 5)
    with database.engine.connect() as connection:
        assert report.root == log.root(connection)


def test_events_that_no_checkpoint_covers_are_mentioned(database: LedgerDatabase) -> None:
    database.capture(5)
    ledger = database.ledger()
    ledger.publish()
    database.capture(2)
    report = ledger.verify()
    assert report.ok
    assert report.covered == 5
    assert any("2 later ones" in note for note in report.notes)


@pytest.mark.parametrize("index", [0, 1, 6, 7, 8])
def test_one_changed_byte_is_named(database: LedgerDatabase, index: int) -> None:
    database.capture(9)
    ledger = database.ledger()
    ledger.publish()
    changed = document(index).replace(b"as it was", b"as it waz")
    database.change_document(index, changed)
    report = ledger.verify()
    assert codes(report) == ["changed-event"]
    first = report.first_bad
    assert first is not None
    assert (first.index, first.event_id) == (index, event_id(index))


def test_a_byte_changed_together_with_its_hash_is_found(database: LedgerDatabase) -> None:
    database.capture(9)
    ledger = database.ledger()
    ledger.publish()
    database.change_document(3, document(3, "otherwise"), with_hash=True)
    report = ledger.verify()
    assert codes(report) == ["changed-node"]
    assert (report.problems[0].index, report.problems[0].last) == (2, 3)


def test_a_history_that_was_rebuilt_is_found_by_its_checkpoints(database: LedgerDatabase) -> None:
    ledger = database.ledger()
    for _ in range(9):
        database.capture(1)
        ledger.publish()
    database.change_document(3, document(3, "otherwise"))
    database.rebuild_ledger()
    report = ledger.verify()
    assert codes(report) == ["changed-history"]
    assert (report.problems[0].index, report.problems[0].last) == (3, 3)
    assert report.covered == 3


def test_a_removed_last_event_is_found(database: LedgerDatabase) -> None:
    database.capture(9)
    ledger = database.ledger()
    ledger.publish()
    database.remove_event(8)
    report = ledger.verify()
    assert codes(report) == ["missing-event"]
    assert report.problems[0].index == 8


def test_a_removed_last_event_is_found_where_the_head_was_set_back(
    database: LedgerDatabase,
) -> None:
    database.capture(9)
    ledger = database.ledger()
    ledger.publish()
    database.remove_event(8)
    database.set_head(8)
    report = ledger.verify()
    assert set(codes(report)) == {"stray-node", "rolled-back"}
    assert report.first_bad is not None
    assert report.first_bad.index == 8


def test_an_event_behind_a_head_that_was_set_back_is_the_first_bad(
    database: LedgerDatabase,
) -> None:
    database.capture(8)
    ledger = database.ledger()
    ledger.publish()
    database.set_head(7)
    report = ledger.verify()
    assert set(codes(report)) == {"stray-event", "stray-node", "rolled-back"}
    assert report.first_bad is not None
    assert report.first_bad.index == 7


def test_a_removed_last_event_is_found_where_its_traces_were_removed(
    database: LedgerDatabase,
) -> None:
    database.capture(9)
    ledger = database.ledger()
    ledger.publish()
    database.remove_event(8)
    database.rebuild_ledger()
    report = ledger.verify()
    assert codes(report) == ["rolled-back"]
    assert (report.problems[0].index, report.problems[0].last) == (8, 8)


def test_a_removed_event_in_the_middle_is_found(database: LedgerDatabase) -> None:
    database.capture(9)
    ledger = database.ledger()
    ledger.publish()
    database.remove_event(4)
    report = ledger.verify()
    assert codes(report) == ["missing-event"]
    assert report.problems[0].index == 4
    database.run('DELETE FROM ledger_nodes WHERE level = 0 AND "index" = 4')
    report = ledger.verify()
    assert report.first_bad is not None
    assert report.first_bad.index == 4


def test_a_removed_event_is_found_where_the_others_closed_ranks(database: LedgerDatabase) -> None:
    database.capture(9)
    ledger = database.ledger()
    ledger.publish()
    database.remove_event(4)
    for seq in range(6, 10):
        database.run(f"UPDATE events SET seq = {seq - 1} WHERE seq = {seq}")  # noqa: S608 - numbers
    report = ledger.verify()
    assert report.first_bad is not None
    assert (report.first_bad.index, report.first_bad.event_id) == (4, event_id(5))


def test_two_events_that_changed_places_are_found(database: LedgerDatabase) -> None:
    database.capture(9)
    ledger = database.ledger()
    ledger.publish()
    for old, new in ((3, 100), (7, 3), (100, 7)):
        database.run(f"UPDATE events SET seq = {new} WHERE seq = {old}")  # noqa: S608 - numbers
    report = ledger.verify()
    assert [(p.index, p.event_id) for p in report.problems] == [(2, event_id(6)), (6, event_id(2))]
    database.rebuild_ledger()
    assert codes(ledger.verify()) == ["changed-history"]


def test_an_event_that_was_slipped_in_is_found(database: LedgerDatabase) -> None:
    database.capture(5)
    ledger = database.ledger()
    ledger.publish()
    with database.engine.begin() as connection:
        row = connection.execute(select(t.events).where(t.events.c.seq == 5)).mappings().one()
        forged = {**row, "seq": 6, "event_id": event_id(77)}
        connection.execute(t.events.insert(), forged)
    report = ledger.verify()
    assert codes(report) == ["stray-event"]
    assert report.problems[0].event_id == event_id(77)
    database.set_head(6)
    assert codes(ledger.verify()) == ["no-leaf", "no-node"]


@pytest.mark.parametrize(
    "change", ["event_time_ms = 0", "record_time_ms = 5", "event_id = 'urn:uuid:other'"]
)
def test_a_column_that_says_other_than_its_document_is_found(
    database: LedgerDatabase, change: str
) -> None:
    database.capture(5)
    ledger = database.ledger()
    database.run(f"UPDATE events SET {change} WHERE seq = 3")  # noqa: S608 - the test's own words
    report = ledger.verify()
    assert codes(report) == ["changed-column"]
    assert report.problems[0].index == 2


def test_a_changed_or_missing_subtree_is_found(database: LedgerDatabase) -> None:
    database.capture(8)
    ledger = database.ledger()
    ledger.publish()
    database.run(
        "UPDATE ledger_nodes SET hash = (SELECT hash FROM ledger_nodes WHERE level = 3)"
        ' WHERE level = 1 AND "index" = 1'
    )
    report = ledger.verify()
    assert codes(report) == ["changed-node"]
    assert (report.problems[0].index, report.problems[0].last) == (2, 3)
    database.run('DELETE FROM ledger_nodes WHERE level = 2 AND "index" = 1')
    assert codes(ledger.verify()) == ["changed-node", "no-node"]


def test_hashes_that_no_log_of_this_size_has_are_found(database: LedgerDatabase) -> None:
    database.capture(2)
    ledger = database.ledger()
    with database.engine.begin() as connection:
        rows = [{"level": 9, "index": 0, "hash": b"x" * 32}, {"level": 0, "index": 5, "hash": b""}]
        connection.execute(ledger_nodes.insert(), rows)
    assert codes(ledger.verify()) == ["stray-node", "stray-node"]


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("DELETE FROM log_head", {"bad-head"}),
        ("INSERT INTO log_head VALUES (2, 9)", {"bad-head"}),
        ("UPDATE log_head SET size = -1", {"bad-head"}),
        ("UPDATE log_head SET id = 0", {"bad-head"}),
        ("DROP TABLE log_head", {"missing-table", "bad-head"}),
        ("DROP TABLE events", {"missing-table", "missing-event"}),
        ("DROP TABLE ledger_nodes", {"missing-table", "no-leaf", "no-node"}),
        ("DROP TABLE ledger_checkpoints", {"missing-table"}),
        ("ALTER TABLE events DROP COLUMN document", {"unreadable"}),
        (
            'INSERT INTO ledger_nodes SELECT 0, -4, hash FROM ledger_nodes WHERE "index" = 8',
            {"stray-node"},
        ),
    ],
)
def test_tables_that_were_tampered_with_are_a_finding(
    database: LedgerDatabase, statement: str, found: set[str]
) -> None:
    database.capture(9)
    ledger = database.ledger()
    ledger.checkpoint()
    database.run(statement)
    assert set(codes(ledger.verify())) == found


def test_nothing_is_signed_or_added_under_a_head_that_says_nothing(
    database: LedgerDatabase,
) -> None:
    database.capture(3)
    database.run("DELETE FROM log_head")
    with pytest.raises(LedgerBrokenError, match="head"):
        database.ledger().checkpoint()
    with database.engine.begin() as connection, pytest.raises(LedgerBrokenError, match="head"):
        log.lock(connection)
    assert "head" in database.ledger().state().problem


def test_a_head_that_lies_is_found(database: LedgerDatabase) -> None:
    database.capture(3)
    ledger = database.ledger()
    database.set_head(2**62)
    report = ledger.verify()
    assert codes(report) == ["missing-event"]
    assert report.problems[0].index == 3
    assert report.root is None


def test_a_log_rolled_back_behind_a_checkpoint_file_is_found(database: LedgerDatabase) -> None:
    database.capture(5)
    ledger = database.ledger()
    given_out = SignedCheckpoint.parse(str(ledger.checkpoint()))
    for index in (3, 4):
        database.remove_event(index)
    database.rebuild_ledger()
    ledger.anchor.path.unlink()
    assert ledger.verify().ok
    report = ledger.verify(given=[Given("kept.txt", given_out)])
    assert codes(report) == ["rolled-back"]
    assert "kept.txt" in report.problems[0].detail
    assert (report.problems[0].index, report.problems[0].last) == (3, 4)


def test_a_forged_checkpoint_in_the_database_is_found(database: LedgerDatabase) -> None:
    database.capture(5)
    ledger = database.ledger()
    signed = ledger.checkpoint()
    forged = str(signed).replace("\n5\n", "\n4\n")
    with database.engine.begin() as connection:
        connection.execute(ledger_checkpoints.update().values(note=forged))
    report = ledger.verify()
    assert codes(report) == ["bad-checkpoint"]
    assert "wrong" in report.problems[0].detail
    with database.engine.begin() as connection:
        connection.execute(ledger_checkpoints.update().values(note=str(signed), root=b"r" * 32))
    assert codes(ledger.verify()) == ["bad-checkpoint"]


def test_a_garbled_line_of_the_anchor_file_is_found(database: LedgerDatabase) -> None:
    ledger = database.ledger()
    for _ in range(3):
        database.capture(1)
        ledger.publish()
    lines = ledger.anchor.path.read_text().splitlines(keepends=True)
    ledger.anchor.path.write_text("".join([lines[0], "nonsense\n", lines[2]]))
    report = ledger.verify()
    assert codes(report) == ["bad-checkpoint"]
    assert "line 2" in report.problems[0].detail


def test_a_line_that_was_cut_short_does_no_harm(database: LedgerDatabase) -> None:
    ledger = database.ledger()
    for _ in range(2):
        database.capture(1)
        ledger.publish()
    with ledger.anchor.path.open("a") as file:
        file.write('{"time":')
    assert ledger.verify().ok
    database.capture(1)
    for each in (ledger, database.ledger()):
        each.publish()
        assert each.problem == ""
    assert [line.checkpoint().size for line in ledger.anchor.lines()] == [1, 2, 3]


def test_lines_out_of_order_are_compared_all_the_same(database: LedgerDatabase) -> None:
    ledger = database.ledger()
    for _ in range(4):
        database.capture(1)
        ledger.publish()
    lines = ledger.anchor.path.read_text().splitlines(keepends=True)
    ledger.anchor.path.write_text("".join(reversed(lines)))
    report = database.ledger().verify()
    assert report.ok
    assert report.checkpoints == 4


def test_much_that_is_wrong_is_counted(database: LedgerDatabase) -> None:
    database.capture(150)
    ledger = database.ledger()
    database.run("UPDATE events SET document = '{}'")
    report = ledger.verify()
    assert (len(report.problems), report.more) == (100, 50)


# SQLite's own


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[LedgerDatabase]:
    engine = open_engine(f"sqlite:///{tmp_path / 'lite.db'}")
    database = LedgerDatabase(engine, tmp_path)
    database.create()
    yield database
    engine.dispose()


def test_a_database_file_that_was_put_back_is_found(lite: LedgerDatabase, tmp_path: Path) -> None:
    ledger = lite.ledger()
    lite.capture(5)
    ledger.publish()
    source, old = tmp_path / "lite.db", tmp_path / "old.db"
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(old)) as copy:
        live.backup(copy)
    lite.capture(3)
    ledger.publish()
    lite.engine.dispose()
    shutil.copy(old, source)
    report = lite.ledger().verify()
    assert codes(report) == ["rolled-back"]
    assert (report.size, report.problems[0].index, report.problems[0].last) == (5, 5, 7)


@pytest.mark.parametrize(
    "value", ["CAST(x'7bff7d' AS TEXT)", "CAST(document AS BLOB) || x'00'", "''", "7"]
)
def test_any_bytes_in_place_of_a_document_are_named(lite: LedgerDatabase, value: str) -> None:
    lite.capture(5)
    lite.run(f"UPDATE events SET document = {value} WHERE seq = 4")  # noqa: S608 - the test's own
    report = lite.ledger().verify()
    assert codes(report) == ["changed-event"]
    assert report.problems[0].index == 3


def test_any_bytes_in_other_columns_are_named(lite: LedgerDatabase) -> None:
    lite.capture(5)
    lite.run("UPDATE events SET event_id = CAST(x'ff' AS TEXT), event_time_ms = 'x' WHERE seq = 4")
    lite.run("UPDATE ledger_nodes SET hash = 'text' WHERE level = 0 AND \"index\" = 1")
    report = lite.ledger().verify()
    assert codes(report) == ["changed-event", "changed-column", "changed-column"]
    assert [problem.index for problem in report.problems] == [1, 3, 3]


@pytest.mark.parametrize(
    ("statement", "found", "first"),
    [
        ("UPDATE events SET seq = 'x' WHERE seq = 4", {"missing-event", "stray-event"}, 3),
        ("UPDATE events SET seq = 3.5 WHERE seq = 4", {"missing-event", "stray-event"}, 3),
        ("UPDATE events SET declared = '' WHERE seq = 4", {"changed-column"}, 3),
        ("UPDATE events SET declared = 2 WHERE seq = 4", {"changed-column"}, 3),
        (
            'UPDATE ledger_nodes SET "index" = \'x\' WHERE level = 0 AND "index" = 3',
            {"no-leaf", "stray-node"},
            3,
        ),
        ("UPDATE ledger_nodes SET level = x'ff' WHERE level = 2", {"no-node", "stray-node"}, 0),
        ("UPDATE log_head SET size = 'five'", {"bad-head"}, None),
        ("UPDATE ledger_checkpoints SET size = 'x'", {"bad-checkpoint"}, None),
    ],
)
def test_any_type_in_place_of_a_number_is_a_finding(
    lite: LedgerDatabase, statement: str, found: set[str], first: int | None
) -> None:
    lite.capture(5)
    ledger = lite.ledger()
    ledger.checkpoint()
    lite.run(statement)
    report = ledger.verify()
    assert set(codes(report)) == found
    assert (report.first_bad and report.first_bad.index) == first


@pytest.mark.parametrize("length", [10, 512, 20_000])
def test_a_file_that_was_cut_short_is_said_to_be_damaged(
    lite: LedgerDatabase, tmp_path: Path, length: int
) -> None:
    lite.capture(30)
    lite.engine.dispose()
    path = tmp_path / "lite.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(DatabaseUnavailableError, match=r"malformed|not a database"):
        lite.ledger().verify()


def test_a_byte_changed_in_the_file_itself_is_named(lite: LedgerDatabase, tmp_path: Path) -> None:
    lite.capture(30)
    ledger = lite.ledger()
    ledger.publish()
    lite.engine.dispose()
    path = tmp_path / "lite.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(path.read_bytes())
    at = data.index(b'"eventID":"' + event_id(17).encode())
    data[at + 13] ^= 1
    path.write_bytes(data)
    report = lite.ledger().verify()
    assert codes(report) == ["changed-event"]
    assert report.problems[0].index == 17


def test_a_damaged_file_is_a_finding(lite: LedgerDatabase, tmp_path: Path) -> None:
    lite.capture(300)
    lite.engine.dispose()
    path = tmp_path / "lite.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(path.read_bytes())
    at = data.index(event_id(120).encode()) // 4096 * 4096
    data[at : at + 4096] = b"\xaa" * 4096
    path.write_bytes(data)
    report = lite.ledger().verify()
    assert not report.ok
    assert "damaged-file" in codes(report)
