"""Proofs as they are handed out, and their check by who has nothing but a public key."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from traceability.errors import CheckpointError
from traceability.ledger import merkle
from traceability.ledger.checkpoint import SignedCheckpoint
from traceability.ledger.notes import Verifier, from_base64, to_base64


@dataclass(frozen=True, slots=True)
class Inclusion:
    """That a leaf stands at its place in a tree; whose tree that is, it doesn't say."""

    leaf: bytes
    index: int
    size: int
    hashes: Sequence[bytes]

    def leads_to(self, root: bytes) -> bool:
        """Whether the hashes lead from the leaf to that root."""
        leaf = merkle.leaf_hash(self.leaf)
        return merkle.verify_inclusion(leaf, self.index, self.size, self.hashes, root)

    @classmethod
    def from_json(cls, body: Any, leaf: bytes | None = None) -> Self:
        """The proof of its JSON; `leaf` where it has none of its own. Raises CheckpointError.

        A leaf is its `document`, or base64 of its bytes as `leaf`.
        """
        if not isinstance(body, Mapping):
            raise CheckpointError("that is no proof: no JSON object")
        if leaf is None and "document" in body:
            leaf = _utf8(_member(body, "document", str))
        elif leaf is None:
            leaf = from_base64(_member(body, "leaf", str))
        size = _member(body, "tree_size", int)
        return cls(leaf, _member(body, "leaf_index", int), size, _hashes(body))


def check_signed(
    inclusion: Inclusion, checkpoint: SignedCheckpoint, verifiers: Iterable[Verifier]
) -> list[Verifier]:
    """The known keys that have signed the tree in which a leaf stands.

    Raises CheckpointError where it proves nothing: the log hasn't signed, or the leaf isn't in it.
    """
    found = checkpoint.require_signed(verifiers)
    if inclusion.size != checkpoint.size:
        raise CheckpointError("the proof is of another size than its checkpoint")
    if not inclusion.leads_to(checkpoint.root):
        raise CheckpointError("the document isn't in the signed log: it was changed")
    return found


@dataclass(frozen=True, slots=True)
class EventProof:
    """That an event stands in the log of a checkpoint."""

    event_id: str
    leaf_index: int
    hashes: Sequence[bytes]
    document: str
    """The event in the form of RFC 8785: its UTF-8 bytes are the leaf."""
    checkpoint: SignedCheckpoint

    @property
    def inclusion(self) -> Inclusion:
        """That the document is a leaf of the checkpoint's tree."""
        leaf = self.document.encode()
        return Inclusion(leaf, self.leaf_index, self.checkpoint.size, self.hashes)

    def holds(self) -> bool:
        """Whether the hashes lead from the document to the checkpoint's root."""
        return self.inclusion.leads_to(self.checkpoint.root)

    def check(self, verifiers: Iterable[Verifier]) -> list[Verifier]:
        """The known keys that have signed it.

        Raises CheckpointError where it proves nothing: the log hasn't signed, or the event isn't
        what was captured, or is another one.
        """
        found = check_signed(self.inclusion, self.checkpoint, verifiers)
        proven = id_of(self.document.encode())
        if proven != self.event_id:
            msg = f"the proof says that it is of {self.event_id}, but proves {proven}"
            raise CheckpointError(msg)
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
        inclusion = Inclusion.from_json(body)
        checkpoint = SignedCheckpoint.parse(_member(body, "checkpoint", str))
        if inclusion.size != checkpoint.size:
            raise CheckpointError("the proof is of another size than its checkpoint")
        document, event_id = _member(body, "document", str), _member(body, "event_id", str)
        return cls(event_id, inclusion.index, inclusion.hashes, document, checkpoint)


def id_of(leaf: bytes) -> str | None:
    """The id of the event that a leaf is; None where it is none."""
    try:
        event = json.loads(leaf)
    except (ValueError, RecursionError):
        return None
    found = event.get("eventID") if isinstance(event, dict) else None
    return found if isinstance(found, str) else None


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """That a log grew, and nothing of it changed."""

    old: int
    new: int
    hashes: Sequence[bytes]

    def leads(self, old_root: bytes, new_root: bytes) -> bool:
        """Whether the hashes lead from the one root to the other."""
        return merkle.verify_consistency(self.old, self.new, old_root, new_root, self.hashes)

    def check(
        self, old: SignedCheckpoint, new: SignedCheckpoint, verifiers: Sequence[Verifier]
    ) -> None:
        """Raises CheckpointError unless a log signed both checkpoints and grew between them."""
        for checkpoint in (old, new):
            checkpoint.require_signed(verifiers)
        if old.checkpoint.origin != new.checkpoint.origin:
            msg = f"{old.checkpoint.origin} and {new.checkpoint.origin} are different logs"
            raise CheckpointError(msg)
        if (self.old, self.new) != (old.size, new.size):
            msg = (
                f"the proof is from {self.old} to {self.new} events, the checkpoints are of "
                f"{old.size} and {new.size}"
            )
            raise CheckpointError(msg)
        if not self.leads(old.root, new.root):
            raise CheckpointError("the log didn't grow out of the old one: it was rewritten")

    @classmethod
    def from_json(cls, body: Any) -> Self:
        """The proof of its JSON. Raises CheckpointError."""
        if not isinstance(body, Mapping):
            raise CheckpointError("that is no proof: no JSON object")
        return cls(_member(body, "from", int), _member(body, "to", int), _hashes(body))


def _hashes(body: Mapping[str, Any]) -> list[bytes]:
    hashes = _member(body, "hashes", list)
    if not all(isinstance(each, str) for each in hashes):
        raise CheckpointError("that is no proof: hashes must be texts")
    return [from_base64(each) for each in hashes]


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise CheckpointError("the document isn't UTF-8") from error


def _member(body: Mapping[str, Any], name: str, kind: type) -> Any:
    value = body.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        msg = f"that is no proof: {name} is missing or wrong"
        raise CheckpointError(msg)
    return value
