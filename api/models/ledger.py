"""Keys and proofs of the ledger."""

from typing import Annotated

from pydantic import ConfigDict, Field

from api.models.common import Model
from traceability.ledger.checkpoint import SignedCheckpoint
from traceability.ledger.keys import KeyEntry
from traceability.ledger.notes import to_base64
from traceability.ledger.proofs import ConsistencyProof, EventProof

Hashes = Annotated[
    list[str],
    Field(
        description="SHA-256 hashes in base64, in the order of RFC 9162.",
        examples=[["PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw="]],
    ),
]
NoteText = Annotated[
    str,
    Field(
        description="Signed note of c2sp.org/tlog-checkpoint.",
        examples=[
            "agripark/linyi\n42\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\u2014 ...\n"
        ],
    ),
]


class LedgerKey(Model):
    """A public key of the log."""

    number: int
    key: Annotated[
        str,
        Field(
            description="Verifier key of c2sp.org/signed-note.",
            examples=["agripark/linyi+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"],
        ),
    ]
    rotation: Annotated[
        str | None,
        Field(description="Signed note that says which key it followed; null for the first."),
    ]

    @classmethod
    def of(cls, entry: KeyEntry) -> "LedgerKey":
        """A key as JSON."""
        rotation = None if entry.rotation is None else str(entry.rotation)
        return cls(number=entry.number, key=str(entry.verifier), rotation=rotation)


class LedgerKeys(Model):
    """The log's public keys."""

    current: Annotated[str | None, Field(description="The key that signs now; null before any.")]
    keys: Annotated[list[LedgerKey], Field(description="All of them, the first made first.")]

    @classmethod
    def of(cls, entries: list[KeyEntry]) -> "LedgerKeys":
        """All keys as JSON."""
        keys = [LedgerKey.of(entry) for entry in entries]
        return cls(current=keys[-1].key if keys else None, keys=keys)


class ProofJson(Model):
    """That an event stands in the signed log; `agripark ledger check-proof` checks it offline."""

    event_id: str
    leaf_index: Annotated[int, Field(description="Place in the log, counted from 0.")]
    tree_size: Annotated[int, Field(description="Events that the checkpoint covers.")]
    hashes: Hashes
    document: Annotated[
        str,
        Field(description="The event in the form of RFC 8785; its UTF-8 bytes are the leaf."),
    ]
    checkpoint: NoteText

    @classmethod
    def of(cls, proof: EventProof) -> "ProofJson":
        """A proof as JSON."""
        return cls(**proof.as_json())


class ConsistencyJson(Model):
    """That the log only grew between two sizes."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    from_size: Annotated[int, Field(alias="from")]
    to_size: Annotated[int, Field(alias="to")]
    hashes: Hashes
    checkpoint: Annotated[
        NoteText | None, Field(description="Of the larger size, where one was given out.")
    ] = None

    @classmethod
    def of(cls, proof: ConsistencyProof, checkpoint: SignedCheckpoint | None) -> "ConsistencyJson":
        """A proof as JSON."""
        return cls(
            from_size=proof.old,
            to_size=proof.new,
            hashes=[to_base64(each) for each in proof.hashes],
            checkpoint=None if checkpoint is None else str(checkpoint),
        )
