"""All checkpoints that are known, from wherever, checked and in the order of their sizes."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from traceability.errors import CheckpointError
from traceability.ledger import stored
from traceability.ledger.anchors import AnchorFile
from traceability.ledger.checkpoint import SignedCheckpoint
from traceability.ledger.damage import is_passing, reason
from traceability.ledger.notes import Verifier
from traceability.ledger.report import Findings
from traceability.ledger.stored import StoredCheckpoint


class Given(NamedTuple):
    """A checkpoint from outside, and where it comes from."""

    source: str
    checkpoint: SignedCheckpoint


class Claim(NamedTuple):
    """What a checkpoint says, and who says so."""

    size: int
    root: bytes
    source: str


class Evidence:
    """The checkpoints of database, anchor file and further files."""

    def __init__(
        self, verifiers: Sequence[Verifier], anchor: AnchorFile, given: Iterable[Given]
    ) -> None:
        """The anchor file is read as it is now: what comes later may tell of later events."""
        self._verifiers = verifiers
        self._anchor = anchor
        self._length = anchor.length()
        self._given = list(given)
        self.late: list[Claim] = []
        """Claims that came behind larger ones, for a second look."""

    def claims(self, connection: Connection, findings: Findings) -> Iterator[Claim]:
        """Every checkpoint that the log has signed, the smallest first.

        What can't be read or isn't signed is a finding.
        """
        if not self._length:
            findings.notes.append(f"there is no file of checkpoints {self._anchor.path}")
        return heapq.merge(
            self._stored(connection, findings),
            self._anchored(findings),
            self._from_outside(findings),
        )

    def _stored(self, connection: Connection, findings: Findings) -> Iterator[Claim]:
        try:
            yield from self._of_rows(stored.checkpoints(connection), findings)
        except DatabaseError as error:
            if is_passing(error):
                raise
            msg = f"the database's checkpoints can't be read: {reason(error)}"
            findings.add("unreadable", msg)

    def _of_rows(self, rows: Iterable[StoredCheckpoint], findings: Findings) -> Iterator[Claim]:
        for row in rows:
            source = f"the database's checkpoint of {row.size} events"
            try:
                signed = self._checked(SignedCheckpoint.parse(row.note))
            except CheckpointError as error:
                findings.add("bad-checkpoint", f"{source}: {error}")
                continue
            if (signed.size, signed.root) != (row.size, row.root):
                findings.add("bad-checkpoint", f"{source}: its columns say other than its note")
                continue
            yield Claim(signed.size, signed.root, source)

    def _anchored(self, findings: Findings) -> Iterator[Claim]:
        largest = 0
        for line in self._anchor.lines(self._length):
            source = f"{self._anchor.path}, line {line.number}"
            try:
                signed = self._checked(line.checkpoint())
            except CheckpointError as error:
                findings.add("bad-checkpoint", f"{source}: {error}")
                continue
            claim = Claim(signed.size, signed.root, source)
            if claim.size < largest:
                self.late.append(claim)
            else:
                largest = claim.size
                yield claim

    def _from_outside(self, findings: Findings) -> Iterator[Claim]:
        for source, signed in sorted(self._given, key=lambda given: given.checkpoint.size):
            try:
                self._checked(signed)
            except CheckpointError as error:
                findings.add("bad-checkpoint", f"{source}: {error}")
                continue
            yield Claim(signed.size, signed.root, source)

    def _checked(self, signed: SignedCheckpoint) -> SignedCheckpoint:
        signed.require_signed(self._verifiers)
        return signed
