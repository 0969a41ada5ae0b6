"""What goes wrong with refrigerated containers."""

from dataclasses import dataclass

from simulators.devices.base import Group
from simulators.devices.reefer import ReeferGroup
from simulators.incidents.effects.base import Effect
from simulators.physics.reefer import UnitTrouble


def _reefer(group: Group) -> ReeferGroup:
    assert isinstance(group, ReeferGroup)  # noqa: S101 - the table of kinds names these only
    return group


@dataclass(frozen=True, slots=True)
class UnitAils(Effect):
    """Something is wrong with its refrigeration unit."""

    trouble: UnitTrouble

    def begin(self, group: Group, asset: str) -> None:  # noqa: ARG002 - an effect's form
        """Break it."""
        _reefer(group).reefer.trouble = self.trouble

    def end(self, group: Group, asset: str) -> None:  # noqa: ARG002 - an effect's form
        """Mend it."""
        _reefer(group).reefer.trouble = None


@dataclass(frozen=True, slots=True)
class DoorsOpen(Effect):
    """Somebody opens it under way."""

    def begin(self, group: Group, asset: str) -> None:  # noqa: ARG002 - an effect's form
        """Open its doors."""
        _reefer(group).open()

    def end(self, group: Group, asset: str) -> None:  # noqa: ARG002 - an effect's form
        """Shut them."""
        _reefer(group).shut()
