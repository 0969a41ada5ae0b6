"""What `agripark ledger` reads and writes beside the database: checkpoints, keys, proofs."""

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


def read_keys(given: list[str] | None) -> list[Verifier]:
    """Public keys of options, each a key or a file of them, a line each."""
    found = []
    for text in given or ():
        lines = read_text(Path(text)) if _is_file(text) or "+" not in text else text
        found += [Verifier.parse(line) for line in lines.splitlines() if line.strip()]
    return found


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
    except (OSError, ValueError) as error:
        raise CommandError(f"can't read {path}: {error}") from error


def write_text(text: str, out: Path | None) -> None:
    """Write a text to a file, or print it."""
    if out is None:
        show(text.rstrip("\n"))
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"can't write {out}: {error}") from error
    say(f"written to {out}")


def append_text(text: str, to: Path) -> None:
    """Add a text to a file."""
    try:
        with to.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise CommandError(f"can't write {to}: {error}") from error
