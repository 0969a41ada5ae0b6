"""Keys in files: made, rotated, and refused where they can't be right."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from traceability.errors import CheckpointError, LedgerError, NoKeyError
from traceability.ledger.checkpoint import Checkpoint, SignedCheckpoint
from traceability.ledger.keys import KeyFolder
from traceability.ledger.notes import Verifier

NOW = datetime(2026, 11, 1, tzinfo=UTC)
NAME = "agripark.example/test"


@pytest.fixture
def keys(tmp_path: Path) -> KeyFolder:
    return KeyFolder(tmp_path / "data" / "keys")


def test_there_is_no_key_before_one_is_made(keys: KeyFolder) -> None:
    assert keys.entries() == []
    with pytest.raises(NoKeyError, match="key create"):
        keys.signer()
    with pytest.raises(NoKeyError, match="key create"):
        keys.rotate(NOW)


def test_a_key_signs_and_nobody_else_can_read_it(keys: KeyFolder) -> None:
    made = keys.create(NAME)
    signer = keys.signer()
    assert signer.verifier == made
    assert made.verify("text\n", signer.sign("text\n").value)
    assert keys.folder.stat().st_mode & 0o777 == 0o700
    assert (keys.folder / "0001.secret").stat().st_mode & 0o777 == 0o600
    assert (keys.folder / "0001.public").read_text() == f"{made}\n"
    assert Verifier.parse((keys.folder / "0001.public").read_text()) == made


def test_a_key_is_not_made_twice(keys: KeyFolder) -> None:
    made = keys.create(NAME)
    with pytest.raises(LedgerError, match="key rotate"):
        keys.create(NAME)
    assert keys.verifiers() == [made]


def test_of_many_that_make_the_first_key_one_does(keys: KeyFolder) -> None:
    def create(_number: int) -> str:
        try:
            return str(keys.create(NAME))
        except LedgerError:
            return ""

    with ThreadPoolExecutor(6) as pool:
        made = [key for key in pool.map(create, range(6)) if key]
    assert made == [str(keys.signer().verifier)]


@pytest.mark.parametrize("name", ["", "two words", "a+b", "tab\t", "line\n"])
def test_a_name_that_no_note_can_hold_is_refused(keys: KeyFolder, name: str) -> None:
    with pytest.raises(CheckpointError):
        keys.create(name)
    assert keys.entries() == []


def test_a_rotation_is_recorded_and_signed_by_both(keys: KeyFolder) -> None:
    old = keys.create(NAME)
    new = keys.rotate(NOW)
    first, second = keys.entries()
    assert (first.verifier, first.can_sign, first.rotation) == (old, False, None)
    assert (second.verifier, second.can_sign) == (new, True)
    assert second.rotation is not None
    assert second.rotation.signed_by([old, new]) == [old, new]
    assert str(old) in second.rotation.text
    assert str(new) in second.rotation.text
    assert "2026-11-01T00:00:00.000Z" in second.rotation.text
    assert keys.signer().verifier == new
    assert not (keys.folder / "0001.secret").exists()


def test_a_rotation_cannot_pass_for_a_checkpoint(keys: KeyFolder) -> None:
    keys.create(NAME)
    keys.rotate(NOW)
    note = keys.entries()[1].rotation
    assert note is not None
    with pytest.raises(CheckpointError):
        Checkpoint.parse(note.text)
    with pytest.raises(CheckpointError):
        SignedCheckpoint.parse(str(note))


def test_a_lost_key_is_given_up_only_on_demand(keys: KeyFolder) -> None:
    keys.create(NAME)
    (keys.folder / "0001.secret").unlink()
    with pytest.raises(NoKeyError, match="--lost"):
        keys.signer()
    with pytest.raises(NoKeyError, match="--lost"):
        keys.rotate(NOW)
    new = keys.rotate(NOW, lost=True)
    rotation = keys.entries()[1].rotation
    assert rotation is not None
    assert rotation.signed_by(keys.verifiers()) == [new]


@pytest.mark.parametrize("text", ["", "garbled", "AAAA\n", "\xe9\xe9"])
def test_a_garbled_private_key_is_named_and_not_shown(keys: KeyFolder, text: str) -> None:
    keys.create(NAME)
    (keys.folder / "0001.secret").write_bytes(text.encode("latin-1"))
    with pytest.raises(LedgerError, match=r"0001\.secret") as refused:
        keys.signer()
    assert "garbled; restore it" in str(refused.value) or "can't read" in str(refused.value)
    assert "AAAA" not in str(refused.value)


def test_a_garbled_public_key_is_named(keys: KeyFolder) -> None:
    keys.create(NAME)
    (keys.folder / "0001.public").write_text("garbled\n")
    for ask in (keys.verifiers, keys.signer, keys.entries):
        with pytest.raises(LedgerError, match=r"0001\.public is garbled"):
            ask()


def test_a_private_key_of_another_key_is_refused(keys: KeyFolder, tmp_path: Path) -> None:
    keys.create(NAME)
    other = KeyFolder(tmp_path / "other")
    other.create(NAME)
    secret = (other.folder / "0001.secret").read_text()
    (keys.folder / "0001.secret").write_text(secret)
    with pytest.raises(LedgerError, match="isn't the private key of"):
        keys.signer()


def test_a_private_key_that_others_may_read_is_not_used(keys: KeyFolder) -> None:
    keys.create(NAME)
    (keys.folder / "0001.secret").chmod(0o640)
    with pytest.raises(LedgerError, match="chmod 600"):
        keys.signer()


def test_a_folder_that_is_none_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    keys = KeyFolder(tmp_path / "file")
    with pytest.raises(LedgerError):
        keys.entries()
    with pytest.raises(LedgerError):
        keys.create(NAME)
