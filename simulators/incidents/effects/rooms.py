"""What goes wrong in cold rooms."""

from dataclasses import dataclass
from random import Random

from simulators.devices.base import Group
from simulators.devices.cold_room import ColdRoomGroup
from simulators.incidents.effects.base import Effect, Values
from simulators.physics.cold_room import Trouble

_BATTERY_S = 1800
"""So long sensors go on without power."""
_SHARE_SILENT = 0.4


def _room(group: Group) -> ColdRoomGroup:
    assert isinstance(group, ColdRoomGroup)  # noqa: S101 - the table of kinds names rooms only
    return group


@dataclass(frozen=True, slots=True)
class RoomAils(Effect):
    """Something is wrong with a room's machines or its air."""

    trouble: Trouble

    def begin(self, group: Group, asset: str) -> None:  # noqa: ARG002 - an effect's form
        """Break it."""
        _room(group).room.troubles.add(self.trouble)

    def end(self, group: Group, asset: str) -> None:  # noqa: ARG002 - an effect's form
        """Mend it."""
        _room(group).room.troubles.discard(self.trouble)


@dataclass(frozen=True, slots=True)
class DoorStaysOpen(Effect):
    """Somebody forgets to shut a door."""

    def begin(self, group: Group, asset: str) -> None:  # noqa: ARG002 - an effect's form
        """Open it."""
        _room(group).open_door()

    def end(self, group: Group, asset: str) -> None:  # noqa: ARG002 - an effect's form
        """Shut it."""
        _room(group).shut_door()


@dataclass(frozen=True, slots=True)
class PowerFails(Effect):
    """A centre is without power; after half an hour the sensors of some rooms are as well."""

    def begin(self, group: Group, asset: str) -> None:  # noqa: ARG002 - an effect's form
        """Everything in the room stands still."""
        _room(group).room.troubles.add(Trouble.NO_POWER)

    def end(self, group: Group, asset: str) -> None:  # noqa: ARG002 - an effect's form
        """Everything runs on."""
        _room(group).room.troubles.discard(Trouble.NO_POWER)

    def sense(self, values: Values, first: Values, since_s: float) -> Values:
        """The energy that a room's meter showed tells which batteries are good."""
        chance = Random(str(first.get("energy_kwh"))).random()  # noqa: S311 - no secret
        return {} if since_s >= _BATTERY_S and chance < _SHARE_SILENT else values
