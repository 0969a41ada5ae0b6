"""The register of corrections is only ever added to, by as many as like at the same time."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from shutil import copy

import pytest

from ingest.calibration.correction import Curve, Draft
from ingest.calibration.register import CalibrationRegister
from ingest.errors import CalibrationError, CalibrationUnavailableError, NoCorrectionError
from park.assets import Park
from park.definition import build_park, read_definition

WRITERS, EACH = 4, 3


def draft(asset: str = "room-0001") -> Draft:
    return Draft(asset, "air_temp_c", Curve(offset=-0.3), 0, None, "CNAS L1234", "Li Wei")


def add_some(path: Path) -> list[int]:
    register = CalibrationRegister(path, build_park(read_definition(), 0.01))
    return [register.add(draft()).number for _ in range(EACH)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "calibration.db"


@pytest.fixture
def register(path: Path, small_park: Park) -> CalibrationRegister:
    return CalibrationRegister(path, small_park)


@pytest.fixture(scope="module")
def others() -> Iterator[Executor]:
    """Other processes."""
    with ProcessPoolExecutor(WRITERS, get_context("spawn")) as pool:
        yield pool


def test_processes_that_make_the_register_at_once_all_add_to_it(
    path: Path, register: CalibrationRegister, others: Executor
) -> None:
    numbers = [number for some in others.map(add_some, [path] * WRITERS) for number in some]
    assert sorted(numbers) == list(range(1, WRITERS * EACH + 1))
    assert len(register.corrections()) == WRITERS * EACH


def test_what_another_process_adds_is_seen_at_once(
    path: Path, register: CalibrationRegister, others: Executor
) -> None:
    assert list(register.of_assets(["room-0001"])) == []
    others.submit(add_some, path).result()
    assert len(register.of_assets(["room-0001"])) == EACH
    others.submit(add_some, path).result()
    assert len(register.of_assets(["room-0001"])) == 2 * EACH


def test_threads_share_one_register(register: CalibrationRegister) -> None:
    def add_and_look(_: int) -> bool:
        added = register.add(draft())
        return added in register.of_assets(["room-0001"])

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(add_and_look, range(24)))
    assert [known.number for known in register.corrections()] == list(range(24, 0, -1))


def test_of_withdrawals_at_the_same_time_one_counts(register: CalibrationRegister) -> None:
    number = register.add(draft()).number

    def withdraw(reason: str) -> str | None:
        try:
            withdrawal = register.withdraw(number, "Li Wei", reason).withdrawal
        except CalibrationError:
            return None
        return None if withdrawal is None else withdrawal.reason

    with ThreadPoolExecutor(8) as pool:
        told = [reason for reason in pool.map(withdraw, map(str, range(8))) if reason]
    withdrawal = register.correction(number).withdrawal
    assert withdrawal is not None
    assert told == [withdrawal.reason]


@pytest.mark.parametrize("table", ["corrections", "withdrawals"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET person = 'nobody'",
        "DELETE FROM {}",
        "INSERT OR REPLACE INTO {0} SELECT * FROM {0}",
    ],
)
def test_the_file_itself_refuses_to_forget(
    table: str, statement: str, path: Path, register: CalibrationRegister
) -> None:
    register.add(draft())
    before = register.withdraw(1, "Li Wei", "wrong probe")
    with (
        closing(sqlite3.connect(path)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="only ever added to"),
    ):
        connection.execute(statement.format(table))
    assert register.correction(1) == before


def test_a_copy_of_the_file_is_whole_and_can_be_put_back(
    path: Path, register: CalibrationRegister
) -> None:
    first = register.add(draft())
    assert len(register.corrections()) == 1
    backup = Path(copy(path, path.with_name("backup.db")))
    register.add(draft("room-0002"))
    assert len(register.corrections()) == 2
    backup.replace(path)
    assert list(register.corrections()) == [first]


def test_a_file_without_tables_is_an_empty_register(
    path: Path, register: CalibrationRegister
) -> None:
    path.parent.mkdir()
    path.touch()
    assert list(register.corrections()) == []
    assert register.add(draft()) in register.corrections()


@pytest.mark.parametrize("number", [0, -1, 2**63, 10**30])
def test_a_number_that_was_never_given_is_told(register: CalibrationRegister, number: int) -> None:
    register.add(draft())
    with pytest.raises(NoCorrectionError, match=f"no correction {number}"):
        register.withdraw(number, "Li Wei", "wrong probe")


@pytest.mark.parametrize(("person", "reason"), [("", "wrong"), ("Li Wei", " "), ("a\tb", "wrong")])
def test_a_withdrawal_says_who_and_why(
    register: CalibrationRegister, person: str, reason: str
) -> None:
    register.add(draft())
    with pytest.raises(CalibrationError):
        register.withdraw(1, person, reason)
    assert register.correction(1).withdrawal is None


def test_a_register_that_is_broken_meanwhile_is_named_and_mends(
    path: Path, register: CalibrationRegister
) -> None:
    register.add(draft())
    kept = path.rename(path.with_name("kept.db"))
    path.write_bytes(b"a letter to my aunt, long enough to be no database" * 100)
    with pytest.raises(
        CalibrationUnavailableError, match=r"register .*calibration\.db can't be read"
    ):
        register.corrections()
    kept.replace(path)
    assert len(register.corrections()) == 1
