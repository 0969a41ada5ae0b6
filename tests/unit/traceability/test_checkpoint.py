"""Signed notes and checkpoints, against those of other implementations."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from traceability.errors import CheckpointError
from traceability.ledger.checkpoint import Checkpoint, SignedCheckpoint, sign
from traceability.ledger.notes import (
    MOST_SIGNATURES,
    Algorithm,
    Note,
    Signature,
    Signer,
    Verifier,
    cosigned,
)
from traceability.ledger.proofs import EventProof

# What Go's module golang.org/x/mod/sumdb/note documents.
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
GO_FIRST = (
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngo"
    "tpRZb6KE6RyyBwJnAM=\n"
)
GO_SECOND = (
    "\u2014 EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnW"
    "Lox33WWd1RvMc+QQ=\n"
)
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_OTHER_KEY = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
GO_SUMS_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"

SIGNER = Signer("agripark.example/test", Ed25519PrivateKey.from_private_bytes(b"s" * 32))
CHECKPOINT = Checkpoint("agripark.example/test", 42, b"r" * 32)
SIGNED = sign(CHECKPOINT, SIGNER)
WRITTEN = str(SIGNED)


def test_notes_that_go_signed_are_verified() -> None:
    note = Note.parse(f"{GO_TEXT}\n{GO_FIRST}{GO_SECOND}")
    assert note.text == GO_TEXT
    assert str(note) == f"{GO_TEXT}\n{GO_FIRST}{GO_SECOND}"
    key = Verifier.parse(GO_KEY)
    assert note.signed_by([key]) == [key]
    changed = Note(GO_TEXT.replace("answer", "anzwer"), note.signatures)
    with pytest.raises(CheckpointError, match="PeterNeumann is wrong"):
        changed.signed_by([key])


@pytest.mark.parametrize("text", [GO_KEY, GO_SUMS_KEY])
def test_keys_of_go_are_read_and_written(text: str) -> None:
    key = Verifier.parse(f"{text}\n")
    assert str(key) == text
    assert key.algorithm is Algorithm.ED25519


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PeterNeumann",
        GO_KEY.replace("c74f20a3", "c74f20a4"),
        GO_KEY.replace("c74f20a3", "C74F20A3"),
        GO_KEY.replace("PeterNeumann", "Peter Neumann"),
        GO_KEY.replace("PeterNeumann", ""),
        GO_KEY.replace("PeterNeumann", "PeterNeuman"),
        GO_KEY[:-1],
        GO_KEY.replace("+ARpc", "+CRpc"),
        f"{GO_KEY}AAAA",
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(CheckpointError):
        Verifier.parse(text)


def test_a_checkpoint_is_written_as_c2sp_says() -> None:
    text, signature = WRITTEN.split("\n\n")
    assert text == f"agripark.example/test\n42\n{base64.b64encode(b'r' * 32).decode()}"
    dash, name, data = signature.removesuffix("\n").split(" ")
    assert (dash, name) == ("\u2014", "agripark.example/test")
    raw = base64.b64decode(data)
    assert raw[:4] == SIGNER.verifier.key_id
    SIGNER.private_key.public_key().verify(raw[4:], f"{text}\n".encode())


def test_a_checkpoint_comes_back_as_it_was() -> None:
    read = SignedCheckpoint.parse(WRITTEN)
    assert read == SIGNED
    assert str(read) == WRITTEN
    assert read.require_signed([SIGNER.verifier]) == [SIGNER.verifier]


@given(st.integers(0, len(WRITTEN) - 1), st.characters(max_codepoint=0x2100))
def test_no_character_of_a_checkpoint_can_be_changed(at: int, other: str) -> None:
    changed = WRITTEN[:at] + other + WRITTEN[at + 1 :]
    if changed == WRITTEN:
        return
    with pytest.raises(CheckpointError):
        SignedCheckpoint.parse(changed).require_signed([SIGNER.verifier])


ROOT = base64.b64encode(b"r" * 32).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "origin\n",
        f"origin\n1\n{ROOT}",
        f"\n1\n{ROOT}\n",
        f"origin\n01\n{ROOT}\n",
        f"origin\n-1\n{ROOT}\n",
        f"origin\n+1\n{ROOT}\n",
        f"origin\n1 \n{ROOT}\n",
        f"origin\n\u0661\n{ROOT}\n",
        f"origin\n9223372036854775808\n{ROOT}\n",
        f"origin\n{'9' * 5000}\n{ROOT}\n",
        f"origin\n1\n{ROOT[:-4]}\n",
        f"origin\n1\n{ROOT[:-2]}=\n",
        "origin\n1\ncnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnJ=\n",
        f"origin\n1\n{ROOT}\n\nmore\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(CheckpointError):
        Checkpoint.parse(text)


def test_extension_lines_are_kept() -> None:
    read = Checkpoint.parse(f"origin\n0\n{ROOT}\nmore 1\n")
    assert (read.size, read.extensions) == (0, ("more 1",))
    assert str(read) == f"origin\n0\n{ROOT}\nmore 1\n"


LINE = str(SIGNED.note.signatures[0])


@pytest.mark.parametrize(
    "written",
    [
        "text\n",
        "text\n\n",
        f"text\n{LINE}\n",
        f"text\n\n{LINE}",
        f"text\n\n{LINE}\n\n",
        f"text\n\n{LINE} \n",
        f"text\n\n-{LINE[1:]}\n",
        f"text\n\n{LINE.replace(' ', '  ')}\n",
        f"te\tt\n\n{LINE}\n",
        f"text\r\n\r\n{LINE}\r\n",
        f"te\ud800t\n\n{LINE}\n",
        "text\n\n\u2014 name AAAA\n",
        "text\n\n\u2014 name AAAAAA\n",
        "text\n\n\u2014 na+me AAAAAAAA\n",
        "text\n\n\u2014 na\u2003me AAAAAAAA\n",
        "text\n\n" + f"{LINE}\n" * (MOST_SIGNATURES + 1),
        "x" * 1_000_001 + f"\n\n{LINE}\n",
    ],
)
def test_what_is_no_note_is_refused(written: str) -> None:
    with pytest.raises(CheckpointError):
        Note.parse(written)


def test_a_text_may_have_empty_lines() -> None:
    text = "one\n\ntwo\n"
    note = Note.parse(f"{text}\n{SIGNER.sign(text)}\n")
    assert note.text == text
    assert note.signed_by([SIGNER.verifier])


def test_unknown_signatures_are_passed_over_and_wrong_ones_refused() -> None:
    stranger = Signature("stranger", b"abcd", b"anything")
    namesake = Signature(SIGNER.name, b"abcd", b"of another key of that name")
    note = SIGNED.note.with_signatures([stranger, namesake])
    assert Note.parse(str(note)).signed_by([SIGNER.verifier]) == [SIGNER.verifier]
    forged = Signature(SIGNER.name, SIGNER.verifier.key_id, b"f" * 64)
    with pytest.raises(CheckpointError, match="is wrong"):
        Note(SIGNED.note.text, (forged,)).signed_by([SIGNER.verifier])
    with pytest.raises(CheckpointError, match="no known key has signed; signed by stranger"):
        Note(SIGNED.note.text, (stranger,)).signed_by([SIGNER.verifier])
    with pytest.raises(CheckpointError, match="no known key"):
        SIGNED.note.signed_by([])


def test_keys_that_share_a_name_and_an_id_are_told_apart() -> None:
    """An id is four bytes: these two were found among a hundred thousand keys."""
    one, other = (
        Signer("log.example", Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed).digest()))
        for seed in (b"agripark 68392", b"agripark 94954")
    )
    assert one.verifier.key_id == other.verifier.key_id
    assert one.verifier != other.verifier
    both = [one.verifier, other.verifier]
    for signer in (one, other):
        note = Note("text\n", (signer.sign("text\n"),))
        assert note.signed_by(both) == note.signed_by(both[::-1]) == [signer.verifier]
    with pytest.raises(CheckpointError, match=r"the signature of log\.example is wrong"):
        Note("text\n", (one.sign("text\n"),)).signed_by([other.verifier])


def test_a_witness_signs_beside_the_log_but_not_in_its_stead() -> None:
    key = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
    public = key.public_key().public_bytes_raw()
    witness = Verifier("witness.example/w1", public, Algorithm.COSIGNATURE_V1)
    assert Verifier.parse(str(witness)) == witness
    seconds = 1_679_315_147
    message = f"cosignature/v1\ntime {seconds}\n{CHECKPOINT}".encode()
    assert cosigned(seconds, str(CHECKPOINT)) == message
    value = seconds.to_bytes(8) + key.sign(message)
    line = Signature(witness.name, witness.key_id, value)
    both = SignedCheckpoint.parse(str(SIGNED.note.with_signatures([line])))
    assert both.require_signed([witness, SIGNER.verifier]) == [SIGNER.verifier, witness]
    with pytest.raises(CheckpointError, match=r"no known key of agripark\.example/test"):
        both.require_signed([witness])
    later = Signature(witness.name, witness.key_id, (seconds + 1).to_bytes(8) + value[8:])
    with pytest.raises(CheckpointError, match="is wrong"):
        SIGNED.note.with_signatures([later]).signed_by([witness])
    assert not witness.verify(str(CHECKPOINT), b"")


def test_the_key_of_another_log_vouches_for_nothing() -> None:
    other = Signer("other.example", SIGNER.private_key)
    foreign = sign(Checkpoint("agripark.example/test", 1, b"r" * 32), other)
    with pytest.raises(CheckpointError, match="no known key of"):
        foreign.require_signed([other.verifier])


def test_a_key_has_another_id_for_another_purpose() -> None:
    public = SIGNER.verifier.public_key
    ids = {Verifier("name", public, algorithm).key_id for algorithm in Algorithm}
    assert len(ids) == len(Algorithm)
    assert Verifier.parse(GO_OTHER_KEY).key_id.hex() == "af0cfe78"


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"event_id": "e", "leaf_index": 0, "tree_size": 42, "hashes": [], "document": "{}"},
        {
            "event_id": "e",
            "leaf_index": True,
            "tree_size": 42,
            "hashes": [],
            "document": "{}",
            "checkpoint": WRITTEN,
        },
        {
            "event_id": "e",
            "leaf_index": 0,
            "tree_size": 41,
            "hashes": [],
            "document": "{}",
            "checkpoint": WRITTEN,
        },
        {
            "event_id": "e",
            "leaf_index": 0,
            "tree_size": 42,
            "hashes": [7],
            "document": "{}",
            "checkpoint": WRITTEN,
        },
        {
            "event_id": "e",
            "leaf_index": 0,
            "tree_size": 42,
            "hashes": ["%"],
            "document": "\ud800",
            "checkpoint": WRITTEN,
        },
    ],
)
def test_what_is_no_proof_is_refused(body: object) -> None:
    with pytest.raises(CheckpointError):
        EventProof.from_json(body)
