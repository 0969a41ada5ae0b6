"""Checkpoints: how large the log is and what its root is, as a signed note.

The text is that of https://c2sp.org/tlog-checkpoint: origin, size, base64 of the root, a line
each; lines that follow are extensions, which are kept and never written.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from traceability.errors import CheckpointError
from traceability.ledger.merkle import HASH_BYTES
from traceability.ledger.notes import Note, Signer, Verifier, from_base64, to_base64

_LINES = 3
_LONGEST_SIZE = 19  # digits of the largest number of 63 bits


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself."""

    origin: str
    size: int
    root: bytes
    extensions: Sequence[str] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """The checkpoint that a note's text says. Raises CheckpointError."""
        lines = text.removesuffix("\n").split("\n")
        if not text.endswith("\n") or len(lines) < _LINES or not all(lines):
            raise CheckpointError("that is no checkpoint: origin, size and root, a line each")
        origin, size, root, *extensions = lines
        data = from_base64(root)
        if len(data) != HASH_BYTES:
            raise CheckpointError("the root of a checkpoint is no SHA-256")
        return cls(origin, parse_size(size), data, tuple(extensions))

    def __str__(self) -> str:
        lines = (self.origin, str(self.size), to_base64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint and the note that says it."""

    checkpoint: Checkpoint
    note: Note

    @classmethod
    def parse(cls, written: str) -> Self:
        """The checkpoint of a note, without checking signatures. Raises CheckpointError."""
        note = Note.parse(written)
        return cls(Checkpoint.parse(note.text), note)

    def __str__(self) -> str:
        return str(self.note)

    @property
    def size(self) -> int:
        """How many events it covers."""
        return self.checkpoint.size

    @property
    def root(self) -> bytes:
        """The root of their tree."""
        return self.checkpoint.root

    def require_signed(self, verifiers: Iterable[Verifier]) -> list[Verifier]:
        """Those of the keys that have signed, a key of the log's own name among them.

        Raises CheckpointError where the log hasn't signed, or a signature is wrong.
        """
        found = self.note.signed_by(verifiers)
        if not any(each.name == self.checkpoint.origin for each in found):
            msg = f"no known key of {self.checkpoint.origin} has signed"
            raise CheckpointError(msg)
        return found


def sign(checkpoint: Checkpoint, signer: Signer) -> SignedCheckpoint:
    """The checkpoint, signed by the log."""
    text = str(checkpoint)
    return SignedCheckpoint(checkpoint, Note(text, (signer.sign(text),)))


def parse_size(text: str) -> int:
    """A size without leading zeros. Raises CheckpointError."""
    plain = text.isascii() and text.isdigit() and len(text) <= _LONGEST_SIZE
    if not plain or (text[0] == "0" and text != "0") or int(text) >= 1 << 63:
        msg = f"{text[:40]!r} is no size"
        raise CheckpointError(msg)
    return int(text)
