"""`agripark trace` of the park's own and of anybody's, as a user types it."""

import json
import sqlite3
from contextlib import closing

import pytest

from tests.support.api_story import EXPORT, SHADY, SUNNY
from tests.support.command_line import CommandLine, Done
from tests.support.recall_story import FIRST, NETS, SHOP


def trace(agripark: CommandLine, *words: str) -> Done:
    return agripark("trace", *words, "--scale", "0.01")


def test_a_partners_lot_is_traced_back_to_our_orchards(agripark: CommandLine) -> None:
    done = trace(agripark, NETS)
    assert done.status == 0, done.stderr
    for expected in (SUNNY.uri, SHADY.uri, EXPORT.uri, "66.7%", SHOP, "400.0 kg", "shipping"):
        assert expected in done.stdout, expected


def test_it_is_the_json_that_the_server_gives(agripark: CommandLine) -> None:
    found = json.loads(trace(agripark, NETS, "--json").stdout)
    assert found["key"] == NETS
    assert {each["key"] for each in found["beginnings"]} == {SUNNY.uri, SHADY.uri}
    assert found["positions"][0]["who_has_it"] == SHOP


def test_the_parks_own_is_traced_by_its_books(agripark: CommandLine) -> None:
    found = json.loads(trace(agripark, EXPORT.path, "--json").stdout)
    assert {each["kind"] for each in found["ends"]} == {"harvest"}
    assert "shipped to" in trace(agripark, FIRST, "--forward").stdout


@pytest.mark.parametrize(
    ("node", "complaint"),
    [
        (
            "nonsense",
            "no event names nonsense (what",
        ),
        (
            "01/09521321000018/10/NOPE",
            "no event names https://id.gs1.org/01/09521321000018/10/NOPE",
        ),
        ("01/09521321000019/10/LY-7", "has check digit 9, it should be 8"),
        ("(10)LY-7", "is no GS1 Digital Link"),
    ],
)
def test_what_is_unknown_is_one_line_that_says_what_to_do(
    agripark: CommandLine, node: str, complaint: str
) -> None:
    done = trace(agripark, node)
    assert (done.status, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert complaint in line


def test_a_mistyped_folder_makes_no_database(agripark: CommandLine) -> None:
    (agripark.data / "traceability.db").unlink()
    done = trace(agripark, NETS)
    assert done.status == 1
    assert "there is no database" in done.stderr
    assert not list(agripark.data.glob("*.db"))


@pytest.mark.parametrize("command", [("trace", NETS), ("recall", "--orchard", "orchard-001")])
def test_a_database_of_another_version_is_to_be_brought_up_to_date_first(
    agripark: CommandLine, command: tuple[str, ...]
) -> None:
    with closing(sqlite3.connect(agripark.data / "traceability.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '0005'")
    done = agripark(*command, "--scale", "0.01")
    assert (done.status, done.stdout) == (1, "")
    assert "start it once, as by agripark serve" in done.stderr
