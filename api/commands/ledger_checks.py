"""`agripark ledger check-proof` and `check-consistency`: with nothing but files and a key."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands.ledger_files import KeyOption, read_checkpoint, read_keys, read_text
from api.commands.options import JsonOption
from api.commands.output import show
from api.errors import CommandError
from traceability.errors import CheckpointError
from traceability.ledger.checkpoint import SignedCheckpoint
from traceability.ledger.merkle import HASH_BYTES
from traceability.ledger.notes import Verifier, from_base64
from traceability.ledger.proofs import (
    ConsistencyProof,
    EventProof,
    Inclusion,
    check_signed,
    id_of,
)
from traceability.ledger.tlog_proof import TlogProof, is_tlog_proof

_HEX_DIGITS = 2 * HASH_BYTES
_WHOM = "say whom you trust: --key, the log's public key or a file of it"


def check_proof(
    file: Annotated[Path, typer.Argument(help="Proof of an event; - for standard input.")],
    key: KeyOption = None,
    leaf: Annotated[
        Path | None, typer.Option("--leaf", help="File of the very bytes that were logged.")
    ] = None,
    root: Annotated[
        str | None, typer.Option("--root", help="Root in hex or base64, in place of a key.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check an event's proof with nothing but the log's public key; needs no database.

    Example: agripark ledger check-proof proof.json --key key.txt
    """
    text = read_text(file)
    given = None if leaf is None else _read_bytes(leaf)
    if root is not None:
        inclusion = _inclusion(text, given, file)
        if not inclusion.leads_to(_root(root)):
            raise CheckpointError("the leaf isn't in the tree of that root")
        words = f"leaf {inclusion.index} of {inclusion.size} is in the tree of that root"
        show({"ok": True, "leaf_index": inclusion.index, "signed_by": []} if as_json else words)
        return
    keys = _require(read_keys(key))
    event_id, inclusion, checkpoint, signers = _checked(text, given, file, keys)
    if as_json:
        show({"ok": True, "event_id": event_id, "signed_by": list(map(str, signers))})
    else:
        show(
            f"{event_id or 'the leaf'} is event {inclusion.index + 1} of {checkpoint.size} in the "
            f"log {checkpoint.checkpoint.origin}, signed by\n" + "\n".join(map(str, signers))
        )


def check_consistency(
    file: Annotated[Path, typer.Argument(help="Proof that a log grew; - for standard input.")],
    old: Annotated[
        Path | None, typer.Option("--old", help="File of the earlier checkpoint.")
    ] = None,
    new: Annotated[
        Path | None, typer.Option("--new", help="File of the later one, unless the proof has it.")
    ] = None,
    key: KeyOption = None,
    old_root: Annotated[
        str | None, typer.Option("--old-root", help="Root in hex or base64, in place of --old.")
    ] = None,
    new_root: Annotated[str | None, typer.Option("--new-root", help="And of --new.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Check that a log only grew between two checkpoints; needs no database.

    Example: agripark ledger check-consistency grown.json --old june.txt --key key.txt
    """
    body = _json(read_text(file), file)
    proof = ConsistencyProof.from_json(body)
    signed = False
    if old_root is not None and new_root is not None:
        if not proof.leads(_root(old_root), _root(new_root)):
            raise CheckpointError("the tree of the old root isn't the beginning of the new one's")
    elif old is not None:
        later = _later(body) if new is None else read_checkpoint(new)
        proof.check(read_checkpoint(old), later, _require(read_keys(key)))
        signed = True
    else:
        raise CommandError("say from where: --old and --key, or --old-root and --new-root")
    words = f"the log of {proof.new} events grew out of that of {proof.old}; nothing was changed"
    if as_json:
        show({"ok": True, "from": proof.old, "to": proof.new, "signed": signed})
    else:
        show(words if signed else f"{words}; nobody's signature was looked at")


Checked = tuple[str | None, Inclusion, SignedCheckpoint, list[Verifier]]


def _checked(text: str, leaf: bytes | None, file: Path, keys: list[Verifier]) -> Checked:
    """Id, place, checkpoint and signers of a proof that holds."""
    if is_tlog_proof(text):
        found = TlogProof.parse(text, leaf)
        inclusion, checkpoint = found.inclusion, found.checkpoint
        signers = check_signed(inclusion, checkpoint, keys)
        return id_of(inclusion.leaf), inclusion, checkpoint, signers
    proof = EventProof.from_json(_json(text, file))
    if leaf is not None and leaf != proof.document.encode():
        raise CheckpointError("the proof is of another leaf than the file")
    return proof.event_id, proof.inclusion, proof.checkpoint, proof.check(keys)


def _inclusion(text: str, leaf: bytes | None, file: Path) -> Inclusion:
    if is_tlog_proof(text):
        return TlogProof.parse(text, leaf).inclusion
    return Inclusion.from_json(_json(text, file), leaf)


def _later(body: Any) -> SignedCheckpoint:
    note = body.get("checkpoint")
    if not isinstance(note, str):
        raise CommandError("the proof has no checkpoint: name the file of the later one, --new")
    return SignedCheckpoint.parse(note)


def _require(keys: list[Verifier]) -> list[Verifier]:
    if not keys:
        raise CommandError(_WHOM)
    return keys


def _json(text: str, file: Path) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{file} is no JSON: {error}") from error


def _root(text: str) -> bytes:
    try:
        data = bytes.fromhex(text) if len(text) == _HEX_DIGITS else from_base64(text)
    except ValueError as error:
        raise CommandError(f"{text[:80]!r} is no hexadecimal") from error
    if len(data) != HASH_BYTES:
        raise CommandError(f"{text[:80]!r} is no SHA-256")
    return data


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise CommandError(f"can't read {path}: {error}") from error
