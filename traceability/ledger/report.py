"""What a verification found."""

from collections.abc import Sequence
from dataclasses import dataclass, field

LARGEST_REPORT = 100
"""Problems that are described; further ones are only counted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that isn't as it was signed.

    `code` is stable. `index` is the leaf, counted from 0, that is bad; with `last`, the bad one is
    among `index` to `last`. Both are None for what concerns no leaf.
    """

    code: str
    detail: str
    index: int | None = None
    event_id: str | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome: whether all is whole, and what isn't."""

    size: int
    """Events that the log says it holds."""
    root: bytes | None
    """Root over them; None where the tree can't be made."""
    covered: int
    """Events that the largest checkpoint covers which was found to hold."""
    checkpoints: int
    """Checkpoints that were compared."""
    problems: Sequence[Problem]
    more: int
    """Problems beyond those that are listed."""
    notes: Sequence[str]
    """What should be known besides."""

    @property
    def ok(self) -> bool:
        """Whether the database is whole."""
        return not self.problems

    @property
    def first_bad(self) -> Problem | None:
        """The problem of the first leaf that is bad."""
        leaves = [problem for problem in self.problems if problem.index is not None]
        return min(leaves, key=lambda problem: problem.index or 0, default=None)


@dataclass(frozen=True, slots=True)
class LedgerState:
    """How far a log is signed, without a look at its events."""

    events: int
    """Events that the log says it holds."""
    signed: int
    """Events that the last checkpoint covers, where it holds."""
    problem: str
    """Why nothing can be signed, in words; empty where it can."""


@dataclass(slots=True)
class Findings:
    """Problems as they are found."""

    problems: list[Problem] = field(default_factory=list)
    more: int = 0
    notes: list[str] = field(default_factory=list)

    def add(
        self,
        code: str,
        detail: str,
        index: int | None = None,
        event_id: str | None = None,
        last: int | None = None,
    ) -> None:
        """Keep one, or count it where there are many."""
        if len(self.problems) < LARGEST_REPORT:
            self.problems.append(Problem(code, detail, index, event_id, last))
        else:
            self.more += 1
