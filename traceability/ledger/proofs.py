"""Proofs as they are handed out, and their check by who has nothing but a public key."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from traceability.errors import CheckpointError
from traceability.ledger import merkle
from traceability.ledger.checkpoint import SignedCheckpoint
from traceability.ledger.notes import Verifier, from_base64, to_base64


@dataclass(frozen=True, slots=True)
class EventProof:
    """That an event stands in the log of a checkpoint."""

    event_id: str
    leaf_index: int
    hashes: Sequence[bytes]
    document: str
    """The event in the form of RFC 8785: its UTF-8 bytes are the leaf."""
    checkpoint: SignedCheckpoint

    def holds(self) -> bool:
        """Whether the hashes lead from the document to the checkpoint's root."""
        return merkle.verify_inclusion(
            merkle.leaf_hash(self.document.encode()),
            self.leaf_index,
            self.checkpoint.size,
            self.hashes,
            self.checkpoint.root,
        )

    def check(self, verifiers: Iterable[Verifier]) -> list[Verifier]:
        """The known keys that have signed it.

        Raises CheckpointError where it proves nothing: the log hasn't signed, or the event isn't
        what was captured.
        """
        found = self.checkpoint.require_signed(verifiers)
        if not self.holds():
            raise CheckpointError("the document isn't in the signed log: it was changed")
        return found

    def as_json(self) -> dict[str, Any]:
        """The proof as JSON."""
        return {
            "event_id": self.event_id,
            "leaf_index": self.leaf_index,
            "tree_size": self.checkpoint.size,
            "hashes": [to_base64(each) for each in self.hashes],
            "document": self.document,
            "checkpoint": str(self.checkpoint),
        }

    @classmethod
    def from_json(cls, body: Any) -> Self:
        """The proof of its JSON. Raises CheckpointError."""
        if not isinstance(body, Mapping):
            raise CheckpointError("that is no proof of an event: no JSON object")
        checkpoint = SignedCheckpoint.parse(_member(body, "checkpoint", str))
        hashes = _member(body, "hashes", list)
        if not all(isinstance(each, str) for each in hashes):
            raise CheckpointError("that is no proof of an event: hashes must be texts")
        index = _member(body, "leaf_index", int)
        if _member(body, "tree_size", int) != checkpoint.size:
            raise CheckpointError("the proof is of another size than its checkpoint")
        document = _member(body, "document", str)
        if any("\ud800" <= character <= "\udfff" for character in document):
            raise CheckpointError("the document isn't UTF-8")
        event_id = _member(body, "event_id", str)
        return cls(event_id, index, [from_base64(each) for each in hashes], document, checkpoint)


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """That a log grew, and nothing of it changed."""

    old: int
    new: int
    hashes: Sequence[bytes]


def _member(body: Mapping[str, Any], name: str, kind: type) -> Any:
    value = body.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        msg = f"that is no proof of an event: {name} is missing or wrong"
        raise CheckpointError(msg)
    return value
