"""What goes wrong with valves, pipes, pumps and mixers.

Where an incident shows only while water flows, the block is watered because of it: plans know
nothing of the soil.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from simulators.devices.base import Group
from simulators.devices.orchard import WaterGroup
from simulators.incidents.effects.base import Effect
from simulators.physics.irrigation import Block, PipeTrouble
from simulators.physics.pump import CLEAN, REST_LEVEL_M


def _water(group: Group) -> WaterGroup:
    assert isinstance(group, WaterGroup)  # noqa: S101 - the table of kinds names these only
    return group


def _block(group: Group, asset: str) -> Block:
    """The block itself, or the first of a pump head's or mixer's."""
    blocks = _water(group).blocks
    return blocks.get(asset) or next(iter(blocks.values()))


@dataclass(frozen=True, slots=True)
class PipeAils(Effect):
    """Something is wrong with a block's valve or pipes while it is watered."""

    flow_factor: float = 1.0
    pressure_factor: float = 1.0

    def begin(self, group: Group, asset: str) -> None:
        """Water it so."""
        block = _block(group, asset)
        block.trouble = PipeTrouble(self.flow_factor, self.pressure_factor)
        block.water()

    def end(self, group: Group, asset: str) -> None:
        """Mend it and stop."""
        block = _block(group, asset)
        block.trouble = PipeTrouble()
        block.shut()


@dataclass(frozen=True, slots=True)
class ValveLeaks(Effect):
    """A valve doesn't shut tight; its program is turned off meanwhile."""

    leak_m3h: float

    def begin(self, group: Group, asset: str) -> None:
        """Let it run."""
        block = _block(group, asset)
        block.shut()
        block.trouble = PipeTrouble(leak_m3h=self.leak_m3h, stays_shut=True)

    def end(self, group: Group, asset: str) -> None:
        """Mend it."""
        _block(group, asset).trouble = PipeTrouble()


@dataclass(frozen=True, slots=True)
class FilterBlocks(Effect):
    """Mud in a filter: the drop over it grows, pressure and flow behind it fall."""

    dirt: float

    def begin(self, group: Group, asset: str) -> None:
        """Water through it."""
        water = _water(group)
        water.pump.filter_dirt, water.pump.washes_back = self.dirt, False
        for block in self._behind(group):
            block.trouble = PipeTrouble(flow_factor=0.9, pressure_factor=0.82)
        _block(group, asset).water()

    def end(self, group: Group, asset: str) -> None:
        """Clean it and stop."""
        water = _water(group)
        water.pump.filter_dirt, water.pump.washes_back = CLEAN, True
        for block in self._behind(group):
            block.trouble = PipeTrouble()
        _block(group, asset).shut()

    @staticmethod
    def _behind(group: Group) -> Iterable[Block]:
        return _water(group).blocks.values()


@dataclass(frozen=True, slots=True)
class MainPipeLeaks(Effect):
    """Water is lost before it comes to any block."""

    lost_m3h: float

    def begin(self, group: Group, asset: str) -> None:  # noqa: ARG002 - an effect's form
        """Let it run."""
        _water(group).pump.lost_m3h = self.lost_m3h

    def end(self, group: Group, asset: str) -> None:  # noqa: ARG002 - an effect's form
        """Mend it."""
        _water(group).pump.lost_m3h = 0.0


@dataclass(frozen=True, slots=True)
class WellFalls(Effect):
    """The water of a well sinks away."""

    level_m: float

    def begin(self, group: Group, asset: str) -> None:  # noqa: ARG002 - an effect's form
        """Let it sink."""
        _water(group).pump.spring_m = self.level_m

    def end(self, group: Group, asset: str) -> None:  # noqa: ARG002 - an effect's form
        """Let it rise."""
        _water(group).pump.spring_m = REST_LEVEL_M


@dataclass(frozen=True, slots=True)
class DoseOff(Effect):
    """A stock solution or the acid isn't what it should be, while a block is fertilised."""

    concentration: float = 1.0
    acid: float = 1.0

    def begin(self, group: Group, asset: str) -> None:
        """Dose so."""
        mixer = _water(group).mixers[asset]
        mixer.concentration, mixer.acid = self.concentration, self.acid
        mixer.begin()
        _block(group, asset).water()

    def end(self, group: Group, asset: str) -> None:
        """Put it right and stop."""
        mixer = _water(group).mixers[asset]
        mixer.concentration = mixer.acid = 1.0
        _block(group, asset).shut()
