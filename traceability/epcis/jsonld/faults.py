"""What is wrong with a document, gathered while it is read."""

from dataclasses import dataclass, field

from traceability.errors import FieldProblem

MOST_PROBLEMS = 50
_LONGEST_PATH = 300


@dataclass(slots=True)
class Faults:
    """What is wrong with a document so far."""

    problems: list[FieldProblem] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether more would say nothing new; nobody need look for more then."""
        return len(self.problems) >= MOST_PROBLEMS

    def add(self, path: str, problem: str) -> None:
        """Note a problem; beyond fifty they are dropped."""
        if not self.is_full:
            self.problems.append(FieldProblem(_printable(path[:_LONGEST_PATH]), problem))


def _printable(path: str) -> str:
    """The path without lone surrogates, which no answer could carry."""
    return path if path.isascii() else path.encode(errors="replace").decode()
