"""A sorting line's controller and those of its lanes."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from park.assets import SortingLane, SortingLine
from simulators.devices.base import Device, Group
from simulators.messages import Value
from simulators.physics.fruit import FruitProfile
from simulators.physics.sorting import Lane, Line


@dataclass(frozen=True, slots=True)
class Feed:
    """Fruit to be sorted evenly between two times."""

    start_ms: int
    end_ms: int
    mass_kg: float
    reject_kg: float
    fruit: FruitProfile

    def share(self, time_ms: int) -> float:
        """How much of it is sorted by then, 0 to 1."""
        return min(1.0, max(0.0, (time_ms - self.start_ms) / (self.end_ms - self.start_ms)))


class LineDevice(Device):
    """The line as a whole."""

    def __init__(self, asset: SortingLine, line: Line) -> None:
        super().__init__(asset)
        self._line = line

    @property
    def active(self) -> bool:
        """Whether it runs."""
        return self._line.state == "running"

    def values(self) -> dict[str, Value]:
        """What it reports."""
        line = self._line
        return {
            "state": line.state,
            "throughput_kg_h": round(line.throughput_kg_h, 1),
            "fruit_count": line.fruit_count,
            "mass_kg": round(line.mass_kg, 3),
            "reject_kg": round(line.reject_kg, 3),
            "cup_fill_pct": round(line.cup_fill_pct, 1),
        }


class LaneDevice(Device):
    """One lane."""

    def __init__(self, asset: SortingLane, lane: Lane) -> None:
        super().__init__(asset)
        self._lane = lane

    @property
    def active(self) -> bool:
        """Whether it runs."""
        return self._lane.speed_cups_s > 0

    def values(self) -> dict[str, Value]:
        """What it reports."""
        lane = self._lane
        return {
            "speed_cups_s": round(lane.speed_cups_s, 2),
            "fruit_count": lane.fruit_count,
            "mass_kg": round(lane.mass_kg, 3),
            "mean_mass_g": round(lane.mean_mass_g, 2),
            "mean_diameter_mm": round(lane.mean_diameter_mm, 2),
            "mean_colour_pct": round(lane.mean_colour_pct, 1),
            "mean_brix": round(lane.mean_brix, 2),
            "reject_count": lane.reject_count,
        }


class LineGroup(Group):
    """A line with its lanes."""

    def __init__(
        self, asset: SortingLine, lanes: Sequence[SortingLane], rng: Random, start_ms: int
    ) -> None:
        super().__init__(start_ms)
        self.line = Line([Lane() for _ in lanes], rng)
        self.feed: Feed | None = None
        self._behind = 0.0
        self.devices = (
            LineDevice(asset, self.line),
            *(
                LaneDevice(lane_asset, lane)
                for lane_asset, lane in zip(lanes, self.line.lanes, strict=True)
            ),
        )

    def change_over(self) -> None:
        """Make the line ready for the next batch."""
        self.line.state = "changeover"

    def start(self, feed: Feed) -> None:
        """Begin to sort."""
        self.feed = feed
        self.line.start(feed.fruit)

    def stop(self) -> None:
        """Stand still."""
        self.feed = None
        self._behind = 0.0
        self.line.stop()

    def halt(self, state: str) -> None:
        """Stand still in the middle of a run, `stopped` or in `fault`; nothing where none runs."""
        if self.feed is not None:
            self.line.stop(state)

    def go_on(self) -> None:
        """End a halt; what was missed is sorted besides the rest."""
        if self.feed is not None:
            self.line.state = "running"

    def pass_time(self, dt_s: float) -> None:
        """Sort what the feed gives in that time."""
        if self.feed is None:
            return
        to_ms = self.now_ms + round(dt_s * 1000)
        done = self.feed.share(self.now_ms)
        share = self.feed.share(to_ms) - done
        if self.line.state != "running":
            self._behind += share
            return
        if self._behind > 0 and share > 0:
            made_up = self._behind * min(1.0, share / (1 - done))
            self._behind -= made_up
            share += made_up
        if share > 0:
            self.line.feed(dt_s, share * self.feed.mass_kg, share * self.feed.reject_kg)
