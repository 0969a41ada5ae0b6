"""The facade of the ledger: signs checkpoints, proves events, verifies the database."""

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine

from park.times import utc_now
from traceability.database.transactions import glancing, reading, write
from traceability.errors import (
    CheckpointError,
    DatabaseUnavailableError,
    LedgerBrokenError,
    LedgerError,
    NotFoundError,
)
from traceability.ledger import archive, log, merkle
from traceability.ledger.anchors import AnchorFile, AnchorWriter
from traceability.ledger.checkpoint import Checkpoint, SignedCheckpoint, sign
from traceability.ledger.columns import Derive, columns_of
from traceability.ledger.evidence import Evidence, Given
from traceability.ledger.keys import KeyFolder
from traceability.ledger.merkle import Run
from traceability.ledger.notes import Signer, Verifier
from traceability.ledger.proofs import ConsistencyProof, EventProof
from traceability.ledger.report import LedgerState, Report
from traceability.ledger.verify import Progress
from traceability.ledger.verify import verify as verify_database
from traceability.ledger.witness import Witness
from traceability.paging import check_texts

_log = logging.getLogger(__name__)


def _silent(_done: int, _total: int) -> None:
    """Nobody watches."""


class Ledger:
    """The Merkle log over the events of one database. Safe to share among threads.

    Methods raise DatabaseUnavailableError where the database doesn't answer, LedgerError where
    keys or files can't be used, LedgerBrokenError where the events aren't those that were signed.
    """

    def __init__(
        self,
        engine: Engine,
        key_folder: Path,
        anchor_path: Path,
        *,
        origin: str,
        clock: Callable[[], datetime] = utc_now,
        derive: Derive = columns_of,
    ) -> None:
        """`origin` names the first key, which is made with the first checkpoint.

        `derive` gives the columns that an event must have from its document.
        """
        self._engine = engine
        self.keys = KeyFolder(key_folder)
        self.anchor = AnchorFile(anchor_path)
        self._origin = origin
        self._clock = clock
        self._derive = derive
        self._problem = ""
        self._signed: SignedCheckpoint | None = None
        """The latest of this process: needs no second look at its signature."""

    @property
    def problem(self) -> str:
        """Why the last `publish` couldn't sign, in words; empty where it could."""
        return self._problem

    def catch_up(self) -> None:
        """Sign what was captured and not signed, because the power went in between; never raises.

        Call it at start: a database that was rolled back meanwhile is told of at once, too.
        """
        try:
            with glancing(self._engine) as connection:
                is_empty = not log.size(connection)
        except (LedgerError, DatabaseUnavailableError):
            is_empty = False
        if not is_empty:
            self.publish()

    def publish(self) -> None:
        """Sign the log as it is and add that to the anchor file; call it after each commit.

        Never raises, as the events are stored already: what is wrong is logged, and `problem`
        says it until a checkpoint can be signed again.
        """
        try:
            self._sign_head(given_out=False)
        except (LedgerError, DatabaseUnavailableError, OSError) as error:
            if str(error) != self._problem:
                _log.error("the ledger can't be signed: %s", error)
            self._problem = str(error)
        else:
            self._problem = ""

    def state(self) -> LedgerState:
        """How far the log is signed, and what is wrong with that; signs nothing.

        Quick, so it doesn't read the events: that is what `verify` is for. Raises
        DatabaseUnavailableError.
        """
        with glancing(self._engine) as connection:
            size = 0
            try:
                size = log.size(connection)
                last = self._last_known(connection)
                if last is not None:
                    _grown(connection, last, size)
            except (LedgerError, OSError) as error:
                return LedgerState(size, 0, str(error))
        return LedgerState(size, 0 if last is None else last.size, self._problem)

    def checkpoint(self) -> SignedCheckpoint:
        """Sign the log as it is, remember that, and give it out.

        Nothing is signed that isn't a continuation of what was signed before.
        """
        return self._remember(self._sign_head(given_out=True))

    def checkpoint_of(self, size: int) -> SignedCheckpoint:
        """The checkpoint of that size as it was given out. Raises NotFoundError `no-checkpoint`."""
        with reading(self._engine) as connection:
            found = archive.checkpoint_of(connection, size)
        if found is None:
            msg = f"no checkpoint of {size} events was given out; take the latest"
            raise NotFoundError("no-checkpoint", msg)
        return found

    def prove(self, event: str | int, size: int | None = None) -> EventProof:
        """The proof that an event, by its id or its leaf's index, is in the log.

        It is about the log as it is, or as it was at a checkpoint's size. Raises NotFoundError
        `event-not-found` or `no-checkpoint`, QueryError `bad-tree-size` or `bad-text`.
        """
        if isinstance(event, str):
            check_texts(event)
        checkpoint = self.checkpoint() if size is None else self.checkpoint_of(size)
        with reading(self._engine) as connection:
            found = archive.event(connection, event)
            hashes = log.inclusion_proof(connection, found.index, checkpoint.size)
        proof = EventProof(found.event_id, found.index, hashes, found.document, checkpoint)
        if not proof.holds():
            msg = f"event {found.index + 1} isn't what was captured; run agripark ledger verify"
            raise LedgerBrokenError(msg)
        return proof

    def consistency(self, old: int, new: int | None = None) -> ConsistencyProof:
        """The proof that the log of `old` events grew into that of `new`, or of all.

        Raises QueryError `bad-tree-size`.
        """
        with reading(self._engine) as connection:
            size = log.size(connection) if new is None else new
            return ConsistencyProof(old, size, log.consistency_proof(connection, old, size))

    def verifiers(self) -> Sequence[Verifier]:
        """The log's public keys, the first made first; the last one signs."""
        return self.keys.verifiers()

    def create_key(self, name: str | None = None) -> Verifier:
        """Make the first key, named as the log's origin where nothing else is said."""
        return self.keys.create(self._origin if name is None else name)

    def rotate_key(self, *, lost: bool = False) -> Verifier:
        """Sign with a new key from now on; see KeyFolder.rotate."""
        with self.anchor.alone():
            return self.keys.rotate(self._clock(), lost=lost)

    def cosign(self, witness: Witness) -> SignedCheckpoint:
        """Have a witness sign the log as it is, and keep its signature.

        Raises WitnessError, and LedgerBrokenError where the witness saw what this log doesn't hold.
        """
        signed = self.checkpoint()
        seen = self._seen_by(witness)
        signatures = witness.cosign(
            signed, seen, lambda old: self.consistency(old, signed.size).hashes
        )
        cosigned = SignedCheckpoint(signed.checkpoint, signed.note.with_signatures(signatures))
        cosigned = self._remember(cosigned)
        with self.anchor.alone() as writer:
            last = writer.last()
            if last is None or last.size <= cosigned.size:
                writer.append(cosigned, self._clock(), durable=True)
        return cosigned

    def verify(
        self,
        given: Iterable[Given] = (),
        verifiers: Iterable[Verifier] = (),
        progress: Progress = _silent,
    ) -> Report:
        """Prove the database whole, or name what isn't.

        `given` are checkpoints from outside, `verifiers` keys besides those of the folder.
        """
        known = [*self.keys.verifiers(), *verifiers]
        evidence = Evidence(known, self.anchor, given)
        with reading(self._engine) as connection:
            return verify_database(connection, evidence, self._derive, progress)

    def close(self) -> None:
        """Let go of the database's connections."""
        self._engine.dispose()

    def _sign_head(self, *, given_out: bool) -> SignedCheckpoint:
        """The head, signed and in the anchor file; on disk there where it is to be given out."""
        # The lock comes before the look at the head: so checkpoints never go backwards. Before both
        # the database must answer: where its folder is gone, no file is made in its place.
        # Subtrees never change, so no snapshot is needed.
        with glancing(self._engine) as connection, self.anchor.alone() as writer:
            size = log.size(connection)
            last = self._last(writer, connection)
            signer = self._signer(is_new=last is None)
            if last is not None and last.size == size and _has_signed(last, signer):
                if given_out:
                    _grown(connection, last, size)
                    writer.sync()
                return last
            root = _grown(connection, last, size)
            signed = sign(Checkpoint(signer.name, size, root), signer)
            writer.append(signed, self._clock(), durable=given_out)
            self._signed = signed
            return signed

    def _last_known(self, connection: Connection) -> SignedCheckpoint | None:
        if not self.anchor.length():
            return archive.largest(connection)
        with self.anchor.alone() as writer:
            return self._last(writer, connection)

    def _last(self, writer: AnchorWriter, connection: Connection) -> SignedCheckpoint | None:
        """The latest checkpoint that was signed, with a signature that is right."""
        last = writer.last() or archive.largest(connection)
        if last is None and self._signed is not None:
            # Else a new key would be made, and what was signed before would be nobody's.
            msg = f"{self.anchor.path} was emptied or moved away; restore it from a backup"
            raise LedgerError(msg)
        if last is not None and last is not self._signed:
            try:
                last.require_signed(self.keys.verifiers())
            except CheckpointError as error:
                msg = (
                    f"the last checkpoint isn't signed by a key of {self.keys.folder}: {error}; "
                    "put the keys back, or those of the server that signed it"
                )
                raise LedgerError(msg) from error
        return last

    def _signer(self, *, is_new: bool) -> Signer:
        if is_new and not self.keys.verifiers():
            self.create_key()
        return self.keys.signer()

    def _remember(self, signed: SignedCheckpoint) -> SignedCheckpoint:
        with reading(self._engine) as connection:
            known = archive.checkpoint_of(connection, signed.size)
        if known is not None and set(signed.note.signatures) <= set(known.note.signatures):
            return archive.merged(known, signed)
        return write(
            self._engine, lambda connection: archive.keep(connection, signed, self._clock())
        )

    def _seen_by(self, witness: Witness) -> int:
        keys = {(each.name, each.key_id) for each in witness.verifiers}
        with reading(self._engine) as connection:
            return archive.largest_signed_by(connection, keys)


def _grown(connection: Connection, last: SignedCheckpoint | None, size: int) -> bytes:
    """The log's root. Raises LedgerBrokenError unless it grew out of the last checkpoint."""
    if last is None:
        return log.root(connection, size)
    if size < last.size:
        msg = (
            f"the log holds {size} events, but a checkpoint of {last.size} was signed: it was "
            "rolled back; run agripark ledger verify"
        )
        raise LedgerBrokenError(msg)
    runs = [Run(0, size), *merkle.consistency_runs(last.size, size)]
    root, *proof = log.roots(connection, runs)
    if not merkle.verify_consistency(last.size, size, last.root, root, proof):
        msg = (
            f"the first {last.size} events aren't those that were signed; "
            "run agripark ledger verify"
        )
        raise LedgerBrokenError(msg)
    return root


def _has_signed(checkpoint: SignedCheckpoint, signer: Signer) -> bool:
    key = (signer.name, signer.verifier.key_id)
    return any((each.name, each.key_id) == key for each in checkpoint.note.signatures)
