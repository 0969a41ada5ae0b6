"""Proves that the events in a database are those that were signed, or names the first that isn't.

1. Events are numbered from 1 without gaps, up to the number that the log's head says.
2. Each event's document has the hash that was stored as its leaf.
3. The tree over these leaves has the hashes that were stored for its subtrees, and no others are
   stored.
4. At the size of every known checkpoint the tree has the checkpoint's root, and none is of more
   events than there are.
5. What an event's columns say is what its document says.

The tree is built of the hashes that were stored, where there are any: so one changed document is
one finding, and a leaf that was changed together with its hash shows in 3 or 4. Then the smallest
subtree, or the first checkpoint, that doesn't hold says among which leaves the bad one is.

One pass in the order of the log; memory doesn't grow with it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from traceability.errors import TraceabilityError
from traceability.ledger import log, merkle, stored
from traceability.ledger.columns import Derive
from traceability.ledger.damage import damage_of, is_passing, reason
from traceability.ledger.evidence import Claim, Evidence
from traceability.ledger.merkle import Frontier, Position
from traceability.ledger.report import Findings, Report
from traceability.ledger.stored import StoredEvent, StoredLevel

Progress = Callable[[int, int], None]
"""Called with events checked and events in all, now and then."""


def verify(
    connection: Connection, evidence: Evidence, derive: Derive, progress: Progress
) -> Report:
    """Check everything. `connection` must see one state throughout."""
    findings = Findings()
    _check_file(connection, findings)
    held = _held(connection, findings)
    claims = evidence.claims(connection, findings)
    walk = _Walk(connection, findings, held, derive, claims)
    try:
        walk.check_claims()
        for done, event in enumerate(stored.events(connection), 1):
            walk.take(event)
            if done % stored.PAGE == 0:
                progress(done, held)
        walk.finish(evidence)
    except DatabaseError as error:
        if is_passing(error):
            raise
        msg = f"the database can't be read from event {walk.tree.size + 1} on: {reason(error)}"
        findings.add("unreadable", msg, walk.tree.size, last=max(walk.tree.size, held - 1))
    progress(held, held)
    return walk.report()


def _held(connection: Connection, findings: Findings) -> int:
    """How many events the log says it holds; where it doesn't say, the last one's number."""
    for name in stored.missing_tables(connection):
        findings.add("missing-table", f"the table {name} is missing")
    heads = stored.heads(connection)
    sizes = [size for _, size in heads[:3]]
    if len(heads) != 1 or not stored.is_whole(sizes[0]) or sizes[0] < 0:
        words = ", ".join(map(_short, sizes)) or "nothing"
        msg = f"the log's head doesn't say how many events there are, but: {words}"
        findings.add("bad-head", msg)
        return stored.last_number(connection)
    number, size = heads[0]
    if number != 1:
        findings.add("bad-head", f"the log's head has the number {_short(number)}, not 1")
    return int(size)


def _check_file(connection: Connection, findings: Findings) -> None:
    missing = stored.missing_tables(connection)
    for table in (each.name for each in stored.TABLES if each.name not in missing):
        for damage in damage_of(connection, table):
            findings.add("damaged-file", f"the database's file is damaged at {table}: {damage}")


@dataclass(slots=True)
class _Walk:
    """The state of one verification."""

    connection: Connection
    findings: Findings
    held: int
    derive: Derive
    claims: Iterator[Claim]
    tree: Frontier = field(default_factory=Frontier)
    levels: dict[int, StoredLevel] = field(default_factory=dict)
    whole: bool = True
    """Whether the tree could be built up to here."""
    first_lost: int | None = None
    """The first leaf from which on roots can't be as they were."""
    covered: int = 0
    compared: int = 0
    _claim: Claim | None = None
    _next: int = 0

    def __post_init__(self) -> None:
        self._claim = next(self.claims, None)

    def take(self, event: StoredEvent) -> None:
        """Take the next event."""
        index = event.seq - 1 if stored.is_whole(event.seq) else -1
        if not 0 <= index < self.held:
            number = _short(event.seq)
            msg = f"event {number} stands outside of the log, which holds {self.held}"
            leaf = index if index >= 0 else None
            self.findings.add("stray-event", msg, leaf, event.event_id)
            return
        self._miss(index)
        made = merkle.leaf_hash(event.document)
        kept = self._stored(Position(0, index))
        if kept is None:
            msg = f"event {event.seq} has no hash in the ledger"
            self.findings.add("no-leaf", msg, index, event.event_id)
        elif kept != made:
            msg = f"event {event.seq} isn't what was captured: its document has another hash"
            self.findings.add("changed-event", msg, index, event.event_id)
        else:
            self._check_columns(index, event)
        self._next = index + 1
        self._grow(made if kept is None else kept)

    def _miss(self, until: int) -> None:
        """Note that events are missing before this index."""
        first = self._next
        if first >= until:
            return
        which = _numbered(first + 1, until)
        self.findings.add("missing-event", f"{which} missing", first, last=until - 1)
        while self._next < until and self.whole:
            kept = self._stored(Position(0, self._next))
            if kept is None:
                self.whole = False
                self._lose(self._next)
            else:
                self._next += 1
                self._grow(kept)
        self._next = until

    def _stored(self, position: Position) -> bytes | None:
        level = self.levels.get(position.level)
        if level is None:
            level = self.levels[position.level] = StoredLevel(self.connection, position.level)
        return level.take(position.number)

    def _grow(self, leaf: bytes) -> None:
        if not self.whole:
            return
        for position, made in self.tree.add(leaf)[1:]:
            kept = self._stored(position)
            if kept != made:
                self._subtree_differs(position, missing=kept is None)
        self.check_claims()

    def _subtree_differs(self, position: Position, *, missing: bool) -> None:
        first = position.number << position.level
        last = first + (1 << position.level) - 1
        over = f"over events {first + 1} to {last + 1}"
        if missing:
            self.findings.add("no-node", f"the ledger lacks the hash {over}", first, last=last)
        elif not any(
            each.index is not None and first <= each.index <= last
            for each in self.findings.problems
        ):
            msg = f"the hash {over} was another: one of them was changed together with its own"
            self.findings.add("changed-node", msg, first, last=last)
        if not missing:
            self._lose(first)

    def _lose(self, index: int) -> None:
        if self.first_lost is None or index < self.first_lost:
            self.first_lost = index

    def check_claims(self) -> None:
        """Compare the tree with the checkpoints of its present size."""
        while self._claim is not None and self._claim.size <= self.tree.size:
            if self._claim.size == self.tree.size:
                self._compare(self._claim, self.tree.root())
            self._claim = next(self.claims, None)

    def _compare(self, claim: Claim, root: bytes) -> None:
        self.compared += 1
        if claim.root == root:
            self.covered = max(self.covered, claim.size)
            return
        if self.first_lost is not None and self.first_lost < claim.size:
            # What is lost is named already, and a later root can't be as it was.
            return
        first, last = self.covered, claim.size - 1
        msg = (
            f"the first {claim.size} events aren't those that were signed ({claim.source}); "
            f"the first {first} are"
        )
        self.findings.add("changed-history", msg, first, last=max(first, last))
        self._lose(first)

    def _check_columns(self, index: int, event: StoredEvent) -> None:
        try:
            wanted = self.derive(event.document.decode())
        except (ValueError, LookupError, TypeError, TraceabilityError) as error:
            msg = f"event {event.seq} has a document that can't be read: {error}"
            self.findings.add("unreadable-event", msg, index, event.event_id)
            return
        for name, value in wanted.items():
            found = event.columns[name]
            if found != value or isinstance(found, float):
                msg = (
                    f"event {event.seq} has {name} {_short(found)} in its column, "
                    f"{_short(value)} in its document"
                )
                self.findings.add("changed-column", msg, index, event.event_id)

    def finish(self, evidence: Evidence) -> None:
        """All events were taken: look for what is missing behind, or too much."""
        self._miss(self.held)
        self._check_strays()
        self._check_rollback()
        for claim in evidence.late:
            if claim.size <= self.held and self.whole:
                self._compare(claim, log.root(self.connection, claim.size))
        uncovered = self.held - self.covered
        if uncovered and not self.findings.problems:
            last = f"the first {self.covered} events" if self.covered else "no event at all"
            self.findings.notes.append(
                f"known checkpoints cover {last}; {uncovered} later ones agree with the ledger's "
                "own hashes only"
            )

    def _check_strays(self) -> None:
        for level, reader in self.levels.items():
            for number in reader.rest()[: stored.PAGE]:
                msg = f"the ledger has a hash of level {level} that the log can't have: "
                if stored.is_whole(number) and number >= 0:
                    first = number << level
                    msg += f"over events {first + 1} and on"
                    # Of these, the ones that the log doesn't hold are bad.
                    held = self.held if first + (1 << level) > self.held else first
                    self.findings.add("stray-node", msg, max(first, held))
                else:
                    self.findings.add("stray-node", f"{msg}of number {_short(number)}")
        highest = max(self.levels, default=-1)
        for level in stored.levels_outside(self.connection, highest):
            msg = (
                f"the ledger has hashes of level {_short(level)}, which a log of {self.held} "
                "can't have"
            )
            self.findings.add("stray-node", msg)

    def _check_rollback(self) -> None:
        """Checkpoints that the walk didn't reach: of more events, or behind a tree that broke."""
        beyond: Claim | None = None
        while self._claim is not None:
            if self._claim.size > self.held:
                beyond = self._claim
            self._claim = next(self.claims, None)
        if beyond is not None:
            msg = (
                f"a checkpoint of {beyond.size} events was given out ({beyond.source}), but the "
                f"log holds {self.held}: {_numbered(self.held + 1, beyond.size)} gone"
            )
            self.findings.add("rolled-back", msg, self.held, last=beyond.size - 1)

    def report(self) -> Report:
        """What was found."""
        whole = self.whole and self.tree.size == self.held
        return Report(
            size=self.held,
            root=self.tree.root() if whole else None,
            covered=self.covered,
            checkpoints=self.compared,
            problems=tuple(self.findings.problems),
            more=self.findings.more,
            notes=tuple(self.findings.notes),
        )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."  # noqa: PLR2004 - a line's worth


def _numbered(first: int, last: int) -> str:
    return f"event {first} is" if first == last else f"events {first} to {last} are"
