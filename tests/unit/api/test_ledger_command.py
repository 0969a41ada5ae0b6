"""`agripark ledger` as an operator and an auditor meet it."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer
from sqlalchemy import update

from api.commands.ledger import app
from api.errors import CommandError
from park.assets import Park
from park.database import open_engine
from tests.support.derived_story import DerivedStory
from tests.support.ledger_log import LedgerDatabase, document, event_id
from tests.support.witness_server import serving_witness
from traceability import tables as t
from traceability.errors import CheckpointError, LedgerBrokenError, LedgerError
from traceability.ledger import merkle
from traceability.ledger.checkpoint import SignedCheckpoint
from traceability.ledger.notes import Verifier, to_base64

ANCHOR_FILE, KEY_FOLDER = "ledger-checkpoints.jsonl", "ledger-keys"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[LedgerDatabase]:
    engine = open_engine(f"sqlite:///{tmp_path / 'data' / 'traceability.db'}")
    made = LedgerDatabase(engine, tmp_path / "data")
    made.create()
    made.capture(7)
    yield made
    engine.dispose()


@dataclass
class Commands:
    """Commands on one folder of data."""

    data: Path
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *words: str) -> tuple[int, str]:
        """Status and standard output."""
        return self.anywhere(*words, "--data", str(self.data))

    def anywhere(self, *words: str) -> tuple[int, str]:
        self.capsys.readouterr()
        status = typer.main.get_command(app).main(
            list(words), prog_name="agripark ledger", standalone_mode=False
        )
        return int(status or 0), self.capsys.readouterr().out


@pytest.fixture
def ledger(database: LedgerDatabase, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(database.folder, capsys)


def test_a_whole_database_is_said_to_be_whole(ledger: Commands) -> None:
    status, text = ledger("verify")
    assert status == 0
    assert text.startswith("whole: 7 events, 0 of them under 0 checkpoints")
    ledger("checkpoint")
    status, text = ledger("verify", "--json")
    report = json.loads(text)
    assert status == 0
    assert report["ok"]
    assert (report["size"], report["covered"], report["first_bad"]) == (7, 7, None)


@pytest.mark.parametrize("command", ["verify", "checkpoint"])
def test_a_mistyped_folder_makes_no_database(
    ledger: Commands, tmp_path: Path, command: str
) -> None:
    with pytest.raises(CommandError, match="there is no database"):
        ledger.anywhere(command, "--data", str(tmp_path / "daat"))
    assert not (tmp_path / "daat").exists()


def test_the_first_bad_event_is_named(ledger: Commands, database: LedgerDatabase) -> None:
    ledger("checkpoint")
    database.change_document(4, document(4, "otherwise"))
    status, text = ledger("verify")
    assert status == 1
    assert "leaf 4: event 5 isn't what was captured" in text
    assert event_id(4) in text
    assert "NOT WHOLE: 1 problems in 7 events, first at event 5" in text
    status, text = ledger("verify", "--json")
    assert status == 1
    first = json.loads(text)["first_bad"]
    assert (first["leaf_index"], first["event_id"]) == (4, event_id(4))


def test_a_checkpoint_that_was_kept_shows_a_rollback(
    ledger: Commands, database: LedgerDatabase, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.txt"
    assert ledger("checkpoint", "--out", str(kept)) == (0, "")
    SignedCheckpoint.parse(kept.read_text(encoding="utf-8"))
    database.remove_event(6)
    database.rebuild_ledger()
    (database.folder / ANCHOR_FILE).unlink()
    status, text = ledger("verify", "--checkpoint", str(kept))
    assert status == 1
    assert "event 7 is gone" in text
    with pytest.raises(CommandError, match="rolled back"):
        ledger("consistency", str(kept))


def test_a_proof_is_checked_with_nothing_but_a_key(ledger: Commands, tmp_path: Path) -> None:
    proof, key = tmp_path / "proof.json", tmp_path / "key.txt"
    key.write_text(ledger("key", "create", "--name", "example.com/packhouse")[1])
    ledger("prove", event_id(3), "--out", str(proof))
    for given in (str(key), key.read_text().strip()):
        status, text = ledger.anywhere("check-proof", str(proof), "--key", given)
        assert status == 0
        assert "event 4 of 7 in the log example.com/packhouse" in text
    status, text = ledger.anywhere("check-proof", str(proof), "--key", str(key), "--json")
    assert json.loads(text)["ok"]
    proof.write_text(proof.read_text().replace("as it was", "as it waz"))
    with pytest.raises(CheckpointError, match="it was changed"):
        ledger.anywhere("check-proof", str(proof), "--key", str(key))
    with pytest.raises(CommandError, match="--key"):
        ledger.anywhere("check-proof", str(proof))


@pytest.mark.parametrize("words", [(), ("--json",)], ids=["table", "json"])
def test_the_list_of_keys_is_a_file_of_keys(
    ledger: Commands, tmp_path: Path, words: tuple[str, ...]
) -> None:
    proof, keys = tmp_path / "proof.json", tmp_path / "keys.txt"
    ledger("prove", event_id(3), "--out", str(proof))
    ledger("key", "rotate")
    keys.write_text(ledger("key", "list", *words)[1])
    assert ledger.anywhere("check-proof", str(proof), "--key", str(keys))[0] == 0
    keys.write_text("number  signs  public key\n")
    with pytest.raises(CommandError, match="has no public key"):
        ledger.anywhere("check-proof", str(proof), "--key", str(keys))


def test_a_proof_that_another_key_signed_is_refused(ledger: Commands, tmp_path: Path) -> None:
    proof = tmp_path / "proof.json"
    ledger("prove", event_id(3), "--out", str(proof))
    other = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
    with pytest.raises(CheckpointError, match="no known key has signed"):
        ledger.anywhere("check-proof", str(proof), "--key", other)


@pytest.mark.parametrize("text", ["", "{", "[]", "\xff", "[" * 100_000])
def test_a_file_that_is_no_proof_is_refused(ledger: Commands, tmp_path: Path, text: str) -> None:
    proof = tmp_path / "proof.json"
    proof.write_bytes(text.encode("latin-1"))
    with pytest.raises((CommandError, CheckpointError)):
        ledger.anywhere("check-proof", str(proof), "--key", "x+y+z")


def test_growth_is_proven_and_rewriting_shown(
    ledger: Commands, database: LedgerDatabase, tmp_path: Path
) -> None:
    old = tmp_path / "old.txt"
    ledger("checkpoint", "--out", str(old))
    database.capture(5)
    status, text = ledger("consistency", str(old))
    assert (status, text) == (
        0,
        "the log of 12 events grew out of that of 7; nothing was changed\n",
    )
    made = json.loads(ledger("consistency", str(old), "--json")[1])
    assert (made["from"], made["to"]) == (7, 12)
    database.change_document(0, document(0, "otherwise"))
    database.rebuild_ledger()
    with pytest.raises(LedgerBrokenError):
        ledger("consistency", str(old))
    (database.folder / ANCHOR_FILE).unlink()
    with pytest.raises(CommandError, match="the first 7 events aren't those of the checkpoint"):
        ledger("consistency", str(old))


def test_keys_are_made_rotated_and_listed(ledger: Commands, database: LedgerDatabase) -> None:
    assert ledger("key", "list") == (0, "none\n")
    first = ledger("key", "create")[1].strip()
    assert Verifier.parse(first).name == "agripark/linyi"
    second = ledger("key", "rotate")[1].strip()
    listed = json.loads(ledger("key", "list", "--json")[1])
    assert [(entry["key"], entry["signs"]) for entry in listed] == [(first, False), (second, True)]
    assert second in ledger("key", "list")[1]
    with pytest.raises(LedgerError, match="key rotate"):
        ledger("key", "create")
    (database.folder / KEY_FOLDER / "0002.secret").unlink()
    assert ledger("key", "rotate", "--lost")[0] == 0


def test_a_checkpoint_is_anchored_in_a_file_and_with_a_witness(
    ledger: Commands, database: LedgerDatabase, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere.txt"
    key = Verifier.parse(ledger("key", "create")[1])
    ledger("anchor", "--to", str(elsewhere))
    with serving_witness() as witness:
        witness.trusted = [key]
        words = ("--witness", witness.url, "--witness-key", str(witness.verifier))
        _, text = ledger("anchor", *words, "--to", str(elsewhere))
    assert "witness.example/w1" in text
    assert elsewhere.read_text(encoding="utf-8").endswith(text)
    assert ledger("checkpoint")[1] == text
    assert "witness.example/w1" in (database.folder / ANCHOR_FILE).read_text(encoding="utf-8")
    for wrong in ((), ("--witness", "http://127.0.0.1:1")):
        with pytest.raises(CommandError):
            ledger("anchor", *wrong)


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "--checkpoint", "missing.txt"),
        ("verify", "--key", "missing.txt"),
        ("consistency", "missing.txt"),
        ("anchor", "--to", "missing/file.txt"),
        ("checkpoint", "--out", "missing/file.txt"),
    ],
)
def test_files_that_are_not_there_are_named(ledger: Commands, words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="missing"):
        ledger(*words)


@pytest.mark.parametrize(
    "command",
    [
        ("verify",),
        ("checkpoint",),
        ("prove",),
        ("check-proof",),
        ("consistency",),
        ("anchor",),
        ("key", "create"),
        ("key", "rotate"),
        ("key", "list"),
    ],
)
def test_every_help_has_an_example(ledger: Commands, command: tuple[str, ...]) -> None:
    status, text = ledger.anywhere(*command, "--help")
    assert status == 0
    assert f"Example: agripark ledger {' '.join(command)}" in " ".join(text.split())


@pytest.fixture
def story(small_park: Park, tmp_path: Path) -> Iterator[DerivedStory]:
    """A told story, with its folder as the commands look for it."""
    made = DerivedStory(f"sqlite:///{tmp_path / 'traceability.db'}", small_park, tmp_path)
    made.tell()
    yield made
    made.close()


def test_derived_tables_are_compared_and_rebuilt(
    story: DerivedStory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = Commands(tmp_path, capsys)
    park = ("--scale", "0.01")
    status, text = ledger("verify", "--derived", *park)
    assert (status, text.splitlines()[2][:15]) == (0, "derived tables:"), text
    with story.engine.begin() as connection:
        connection.execute(update(t.batches).values(at_hand_mg=7))
    assert ledger("verify")[0] == 0
    status, text = ledger("verify", "--derived", *park)
    assert status == 1
    assert "at_hand_mg is 7, the events give " in text
    assert "DERIVED TABLES DIFFER: batches" in text
    status, text = ledger("verify", "--derived", *park, "--json")
    derived = json.loads(text)["derived"]
    assert (status, derived["ok"], derived["tables"][0]["table"]) == (1, False, "batches")
    with pytest.raises(LedgerError, match="--scale"):
        ledger("rebuild")
    assert ledger("rebuild", *park)[1].startswith("rebuilt: ")
    assert ledger("verify", "--derived", *park)[0] == 0


def test_an_index_that_hides_an_event_from_queries_is_found(
    story: DerivedStory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index = "ix_event_facts_biz_step_event_time_ms_seq"
    story.engine.dispose()
    with closing(sqlite3.connect(tmp_path / "traceability.db")) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        step = connection.execute("SELECT biz_step FROM event_facts WHERE seq = 1").fetchone()
        connection.execute("UPDATE event_facts SET biz_step = 'hidden' WHERE seq = 1")
        entry = connection.execute("SELECT * FROM sqlite_master WHERE name = ?", (index,))
        row = entry.fetchone()
        connection.execute("DELETE FROM sqlite_master WHERE name = ?", (index,))
        connection.commit()
    with closing(sqlite3.connect(tmp_path / "traceability.db")) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE event_facts SET biz_step = ? WHERE seq = 1", step)
        connection.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", row)
        connection.commit()
    ledger, park = Commands(tmp_path, capsys), ("--scale", "0.01")
    status, text = ledger("verify", "--derived", *park)
    assert status == 1
    assert f"row 1 missing from index {index}" in text
    ledger("rebuild", *park)
    assert ledger("verify", "--derived", *park)[0] == 0


def test_what_follows_from_forged_events_is_neither_compared_nor_rebuilt(
    ledger: Commands, database: LedgerDatabase
) -> None:
    ledger("checkpoint")
    database.change_document(4, document(4, "otherwise"))
    status, text = ledger("verify", "--derived")
    assert (status, "not compared" in text) == (1, True)
    assert json.loads(ledger("verify", "--derived", "--json")[1])["derived"] is None
    with pytest.raises(LedgerBrokenError, match="nothing was rebuilt"):
        ledger("rebuild")


@pytest.fixture
def key(ledger: Commands, tmp_path: Path) -> str:
    """A file of the log's public key."""
    path = tmp_path / "key.txt"
    path.write_text(ledger("key", "create", "--name", "example.com/packhouse")[1])
    return str(path)


def test_a_proof_passed_off_as_that_of_another_event_is_refused(
    ledger: Commands, key: str, tmp_path: Path
) -> None:
    proof = tmp_path / "proof.json"
    ledger("prove", event_id(3), "--out", str(proof))
    forged = {**json.loads(proof.read_text()), "event_id": event_id(4)}
    proof.write_text(json.dumps(forged))
    with pytest.raises(CheckpointError, match=event_id(3)):
        ledger.anywhere("check-proof", str(proof), "--key", key)


def test_a_proof_for_other_tools_is_checked_as_well(
    ledger: Commands, key: str, tmp_path: Path
) -> None:
    proof, leaf = tmp_path / "event.tlog-proof", tmp_path / "event.json"
    ledger("prove", event_id(3), "--tlog", "--out", str(proof))
    lines = proof.read_text(encoding="utf-8").split("\n")
    assert (lines[0], lines[2]) == ("c2sp.org/tlog-proof@v1", "index 3")
    status, text = ledger.anywhere("check-proof", str(proof), "--key", key)
    assert (status, text.startswith(f"{event_id(3)} is event 4 of 7")) == (0, True)
    without = [lines[0], *lines[2:]]
    proof.write_text("\n".join(without), encoding="utf-8")
    with pytest.raises(CheckpointError, match="name the file"):
        ledger.anywhere("check-proof", str(proof), "--key", key)
    leaf.write_bytes(document(3))
    assert ledger.anywhere("check-proof", str(proof), "--key", key, "--leaf", str(leaf))[0] == 0
    leaf.write_bytes(document(4))
    with pytest.raises(CheckpointError, match="it was changed"):
        ledger.anywhere("check-proof", str(proof), "--key", key, "--leaf", str(leaf))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("proof@v1", "proof@v2"),
        ("extra ", "extra !"),
        ("index 3", "index 03"),
        ("index 3", "index -3"),
        ("index 3\n", ""),
        ("index 3", "index 9"),
        ("\n\n", "\n"),
        ("=\n\nexample", "=\nAAAA\n\nexample"),
        ("example.com", "example.org"),
    ],
)
def test_a_garbled_proof_of_that_form_is_refused(
    ledger: Commands, key: str, tmp_path: Path, old: str, new: str
) -> None:
    proof = tmp_path / "event.tlog-proof"
    ledger("prove", event_id(3), "--tlog", "--out", str(proof))
    written = proof.read_text(encoding="utf-8")
    assert old in written
    proof.write_text(written.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CheckpointError):
        ledger.anywhere("check-proof", str(proof), "--key", key)


def test_growth_is_checked_with_nothing_but_files(
    ledger: Commands, key: str, database: LedgerDatabase, tmp_path: Path
) -> None:
    old, new, proof = tmp_path / "old.txt", tmp_path / "new.txt", tmp_path / "grown.json"
    ledger("checkpoint", "--out", str(old))
    database.capture(5)
    ledger("checkpoint", "--out", str(new))
    proof.write_text(ledger("consistency", str(old), "--json")[1])
    check = ("check-consistency", str(proof), "--old", str(old))
    status, text = ledger.anywhere(*check, "--key", key)
    assert (status, text) == (
        0,
        "the log of 12 events grew out of that of 7; nothing was changed\n",
    )
    with pytest.raises(CommandError, match="--key"):
        ledger.anywhere(*check)
    with pytest.raises(CheckpointError, match="from 7 to 12"):
        ledger.anywhere(*check, "--new", str(old), "--key", key)
    grown = json.loads(proof.read_text())
    proof.write_text(json.dumps({**grown, "checkpoint": None}))
    with pytest.raises(CommandError, match="--new"):
        ledger.anywhere(*check, "--key", key)
    assert ledger.anywhere(*check, "--new", str(new), "--key", key)[0] == 0
    proof.write_text(json.dumps({**grown, "hashes": grown["hashes"][::-1]}))
    with pytest.raises(CheckpointError, match="rewritten"):
        ledger.anywhere(*check, "--new", str(new), "--key", key)


def test_proofs_of_any_tree_are_checked_by_its_roots(ledger: Commands, tmp_path: Path) -> None:
    leaves = [bytes(range(number)) for number in range(9)]
    root, small = merkle.tree_root(leaves), merkle.tree_root(leaves[:6])
    proof, grown = tmp_path / "proof.json", tmp_path / "grown.json"
    body = {
        "leaf_index": 4,
        "tree_size": 9,
        "leaf": to_base64(leaves[4]),
        "hashes": [to_base64(each) for each in merkle.inclusion_proof(leaves, 4)],
    }
    proof.write_text(json.dumps(body))
    for given in (root.hex(), to_base64(root)):
        status, text = ledger.anywhere("check-proof", str(proof), "--root", given)
        assert (status, text) == (0, "leaf 4 of 9 is in the tree of that root\n")
    with pytest.raises(CheckpointError):
        ledger.anywhere("check-proof", str(proof), "--root", small.hex())
    for bad in ("", "00", "zz" * 32):
        with pytest.raises((CommandError, CheckpointError)):
            ledger.anywhere("check-proof", str(proof), "--root", bad)
    hashes = [to_base64(each) for each in merkle.consistency_proof(leaves, 6)]
    grown.write_text(json.dumps({"from": 6, "to": 9, "hashes": hashes}))
    check = ("check-consistency", str(grown))
    roots = ("--old-root", small.hex(), "--new-root", root.hex())
    assert ledger.anywhere(*check, *roots)[0] == 0
    with pytest.raises(CheckpointError):
        ledger.anywhere(*check, "--old-root", root.hex(), "--new-root", small.hex())
    with pytest.raises(CommandError, match="--old-root"):
        ledger.anywhere(*check)


@pytest.mark.parametrize("key", ["+" * 5000, "a\x00+b+c", "", "sum.golang.org+033de0ae+"])
def test_what_is_no_key_is_refused(ledger: Commands, tmp_path: Path, key: str) -> None:
    proof = tmp_path / "proof.json"
    proof.write_text("{}")
    with pytest.raises((CommandError, CheckpointError)):
        ledger.anywhere("check-proof", str(proof), "--key", key)
