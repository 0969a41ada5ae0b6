"""What is odd about an event that was stored all the same."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that an event doesn't keep, though no rule that would have refused it."""

    code: str
    """Stable and kebab-case."""
    detail: str
    """What is wrong and what to do."""
    path: str = ""
    """The field, as in `quantityList[0].uom`; empty where it is the event as a whole."""
