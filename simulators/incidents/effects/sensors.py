"""Sensors that stick, drift, slip out or fall silent, and batteries; physics goes on as it was."""

from dataclasses import dataclass

from simulators.incidents.effects.base import Effect, Values

_HOUR_S = 3600


def _number(values: Values, name: str) -> float:
    value = values[name]
    assert isinstance(value, int | float)  # noqa: S101 - the table of kinds names numbers only
    return value


@dataclass(frozen=True, slots=True)
class Sticks(Effect):
    """A sensor goes on with what it said last; a thermostat has one of its own."""

    field: str

    def sense(self, values: Values, first: Values, since_s: float) -> Values:  # noqa: ARG002 - an effect's form
        """The same value all the time."""
        return {**values, self.field: first[self.field]}


@dataclass(frozen=True, slots=True)
class Drifts(Effect):
    """A sensor moves away from what it measures, as far as `most`."""

    field: str
    a_hour: float
    most: float

    def sense(self, values: Values, first: Values, since_s: float) -> Values:  # noqa: ARG002 - an effect's form
        """More each hour."""
        off = min(self.most, self.a_hour * since_s / _HOUR_S)
        return {**values, self.field: round(_number(values, self.field) + off, 2)}


@dataclass(frozen=True, slots=True)
class Slips(Effect):
    """A probe falls out of the fruit and measures something warmer."""

    field: str
    warmer: float

    def sense(self, values: Values, first: Values, since_s: float) -> Values:  # noqa: ARG002 - an effect's form
        """Always that much more."""
        return {**values, self.field: round(_number(values, self.field) + self.warmer, 2)}


@dataclass(frozen=True, slots=True)
class FallsSilent(Effect):
    """A device says nothing."""

    def sense(self, values: Values, first: Values, since_s: float) -> Values:  # noqa: ARG002 - an effect's form
        """Nothing."""
        return {}


@dataclass(frozen=True, slots=True)
class RunsDown(Effect):
    """A battery is used up within some hours, down to the least that a radio works with."""

    hours: float
    least_pct: float = 8.0

    def sense(self, values: Values, first: Values, since_s: float) -> Values:
        """Less each hour."""
        left = max(0.0, 1 - since_s / _HOUR_S / self.hours)
        pct = max(self.least_pct, _number(first, "battery_pct") * left)
        return {**values, "battery_pct": round(pct, 1)}
