"""What `agripark ledger` reads and writes beside the database: checkpoints, keys, proofs."""

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from api.commands.output import say, show
from api.errors import CommandError
from traceability.errors import CheckpointError
from traceability.ledger.checkpoint import SignedCheckpoint
from traceability.ledger.notes import Verifier

KeyOption = Annotated[
    list[str] | None,
    typer.Option("--key", help="Public key, name+id+base64, or a file of them; repeatable."),
]


_KEY = re.compile(r"[^\s\"+]+\+[0-9a-fA-F]{8}\+[0-9A-Za-z+/=]+")
_LISTED = ("number  signs  public key", "{", "[")
"""How the table of `agripark ledger key list` begins, and JSON of it or of `/v1/ledger/key`."""


def read_keys(given: list[str] | None) -> list[Verifier]:
    """Public keys of options: each a key, a file with one a line, or what lists the log's keys."""
    found = []
    for text in given or ():
        if _is_file(text) or text == "-":
            found += [Verifier.parse(key) for key in _keys_in(Path(text))]
        elif "+" in text:
            found += [Verifier.parse(line) for line in text.splitlines() if line.strip()]
        else:
            msg = f"--key {text} is neither a public key, name+id+base64, nor a file of them"
            raise CommandError(msg)
    return found


def _keys_in(path: Path) -> list[str]:
    text = read_text(path).strip()
    listed = text.startswith(_LISTED)
    keys = _KEY.findall(text) if listed else [line for line in text.splitlines() if line.strip()]
    if not keys:
        raise CommandError(f"{path} has no public key: name+id+base64")
    return list(dict.fromkeys(keys))


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # longer than a path may be, or with a NUL
        return False


def read_checkpoint(path: Path) -> SignedCheckpoint:
    """The checkpoint of a file, signatures not checked."""
    text = read_text(path)
    try:
        return SignedCheckpoint.parse(text)
    except CheckpointError as error:
        raise CommandError(f"{path}: {error}") from error


def read_text(path: Path) -> str:
    """The text of a file; - is standard input."""
    try:
        return sys.stdin.read() if str(path) == "-" else path.read_text("utf-8-sig")
    except OSError as error:
        raise CommandError(f"can't read {path}: {error.strerror}") from error
    except ValueError as error:
        raise CommandError(f"can't read {path}: it is no text in UTF-8") from error


def write_text(text: str, out: Path | None) -> None:
    """Write a text to a file, or print it."""
    if out is None:
        show(text.rstrip("\n"))
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"can't write {out}: {error.strerror}") from error
    say(f"written to {out}")


def append_text(text: str, to: Path) -> None:
    """Add a text to a file."""
    try:
        with to.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise CommandError(f"can't write {to}: {error.strerror}") from error
