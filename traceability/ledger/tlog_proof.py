"""Proofs as https://c2sp.org/tlog-proof writes them: for other people's tools, and from them.

The leaf stands beside the proof; ours carry it as their extra data. That is as good as any other
place: what counts is that its hash leads to the signed root.
"""

from dataclasses import dataclass
from typing import Self

from traceability.errors import CheckpointError
from traceability.ledger.checkpoint import SignedCheckpoint, parse_size
from traceability.ledger.notes import from_base64, to_base64
from traceability.ledger.proofs import EventProof, Inclusion

_HEADER = "c2sp.org/tlog-proof@v1"
_EXTRA, _INDEX = "extra ", "index "


@dataclass(frozen=True, slots=True)
class TlogProof:
    """That some leaf stands in the log of a checkpoint."""

    inclusion: Inclusion
    checkpoint: SignedCheckpoint

    @classmethod
    def parse(cls, written: str, leaf: bytes | None = None) -> Self:
        """The proof of its text; `leaf` in place of the extra data. Raises CheckpointError."""
        head, gap, note = written.partition("\n\n")
        first, *lines = head.split("\n")
        if first != _HEADER or not gap:
            msg = f"that is no proof: {_HEADER}, index, hashes, an empty line, a checkpoint"
            raise CheckpointError(msg)
        if lines and lines[0].startswith(_EXTRA):
            extra = from_base64(lines.pop(0).removeprefix(_EXTRA))
            leaf = extra if leaf is None else leaf
        if leaf is None:
            raise CheckpointError("the proof doesn't carry its leaf: name the file of it")
        if not lines or not lines[0].startswith(_INDEX):
            raise CheckpointError("the proof doesn't say which leaf it is of: index")
        index = parse_size(lines.pop(0).removeprefix(_INDEX))
        checkpoint = SignedCheckpoint.parse(note)
        hashes = [from_base64(line) for line in lines]
        return cls(Inclusion(leaf, index, checkpoint.size, hashes), checkpoint)


def is_tlog_proof(written: str) -> bool:
    """Whether a text means to be such a proof, of whatever version."""
    return written.startswith(_HEADER.partition("@")[0])


def tlog_proof(proof: EventProof) -> str:
    """The text of an event's proof, with the event as its extra data."""
    hashes = "".join(f"{to_base64(each)}\n" for each in proof.hashes)
    extra = to_base64(proof.document.encode())
    return f"{_HEADER}\n{_EXTRA}{extra}\n{_INDEX}{proof.leaf_index}\n{hashes}\n{proof.checkpoint}"
