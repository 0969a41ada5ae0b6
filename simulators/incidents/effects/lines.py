"""What goes wrong with sorting lines."""

from dataclasses import dataclass

from simulators.devices.base import Group
from simulators.devices.sorting import LineGroup
from simulators.incidents.effects.base import Effect


def _line(group: Group) -> LineGroup:
    assert isinstance(group, LineGroup)  # noqa: S101 - the table of kinds names lines only
    return group


@dataclass(frozen=True, slots=True)
class LineHalts(Effect):
    """A line stands still in the middle of a run; what it misses is sorted in the rest."""

    state: str

    def begin(self, group: Group, asset: str) -> None:  # noqa: ARG002 - an effect's form
        """Stop it."""
        _line(group).halt(self.state)

    def end(self, group: Group, asset: str) -> None:  # noqa: ARG002 - an effect's form
        """Let it run on."""
        _line(group).go_on()


@dataclass(frozen=True, slots=True)
class RejectsRise(Effect):
    """A dirty camera rejects good fruit; people put it back later, and scans don't show it."""

    share: float

    def begin(self, group: Group, asset: str) -> None:  # noqa: ARG002 - an effect's form
        """Reject it."""
        _line(group).line.least_reject = self.share

    def end(self, group: Group, asset: str) -> None:  # noqa: ARG002 - an effect's form
        """Clean it."""
        _line(group).line.least_reject = 0.0


@dataclass(frozen=True, slots=True)
class CupsEmpty(Effect):
    """Too little fruit is fed for the speed."""

    factor: float

    def begin(self, group: Group, asset: str) -> None:  # noqa: ARG002 - an effect's form
        """Run half empty."""
        _line(group).line.fill_factor = self.factor

    def end(self, group: Group, asset: str) -> None:  # noqa: ARG002 - an effect's form
        """Feed as usual."""
        _line(group).line.fill_factor = 1.0
