"""Index rows of one event while they are gathered; the same thing said twice is one row."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from traceability.epcis.query.values import finite
from traceability.epcis.storable import storable

PRESENT = ""
"""The text that says that a field is there."""


@dataclass(slots=True)
class Rows:
    """Texts and numbers, each by the name of its field."""

    terms: set[tuple[str, str]] = field(default_factory=set)
    numbers: set[tuple[str, float]] = field(default_factory=set)

    def add_text(self, name: str, text: str) -> None:
        """A text; an empty one says nothing."""
        if text:
            self.terms.add((storable(str(name)), storable(text)))

    def add_texts(self, name: str, texts: Iterable[str]) -> None:
        """Several texts of one field."""
        for text in texts:
            self.add_text(name, text)

    def add_presence(self, name: str) -> None:
        """Say that the field is there, whatever it holds."""
        self.terms.add((storable(str(name)), PRESENT))

    def add_number(self, name: str, number: float) -> None:
        """A number; one that the databases can't keep is left out."""
        value = finite(number)
        if value is not None:
            self.numbers.add((storable(str(name)), value))
