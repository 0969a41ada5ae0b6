"""What is kept of an asset between its readings."""

from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from ingest.alarms.conditions.episode import FOREVER, NEVER, Episode, Hide

Sample = tuple[int, float, float]
"""Time, and the values of a rule's one or two fields."""


@dataclass(slots=True)
class Live:
    """A condition that holds, or an alarm that stands."""

    since_ms: int
    seen_ms: int
    """The last reading that says something of it."""
    value: float | None
    limit: float | None
    raised_ms: int = NEVER
    """`NEVER` as long as the on-delay runs."""
    off_since_ms: int = NEVER
    """Since when the condition is over; `NEVER` where it isn't."""
    hides: tuple[Hide, ...] = ()
    """The last is open as long as it lasts."""

    def episode(self, rule: str, cleared_ms: int = FOREVER) -> Episode:
        """The alarm that stands, or stood until then."""
        return Episode(
            rule, self.since_ms, self.raised_ms, cleared_ms, self.value, self.limit, self.hides
        )


@dataclass(frozen=True, slots=True)
class PullDown:
    """A room is being cooled."""

    start_ms: int
    loaded_ms: int
    """When the door was last open, or what else began it."""
    mark_c: float
    mark_ms: int
    """The air at the last look whether it gets colder."""


@dataclass(slots=True)
class State:
    """An asset after its readings so far."""

    time_ms: int = NEVER
    before_ms: int = NEVER
    """Of the reading before the last."""
    first_ms: int = NEVER
    values: tuple[float, ...] = ()
    """Each field as it is known; NaN where it isn't."""
    ages: tuple[int, ...] | None = None
    """When each field was measured; None where all that are known were in the last reading."""
    keys: tuple[str, ...] = ()
    """The names in the last reading."""
    live: dict[str, Live] = field(default_factory=dict)
    windows: dict[str, tuple[Sample, ...]] = field(default_factory=dict)
    defrost: tuple[int, int] | None = None
    pull_down: PullDown | None = None
    door_since_ms: int = NEVER
    closed: tuple[Episode, ...] = ()
    """Alarms that returned within the horizon."""
    dips: tuple[tuple[str, int, int], ...] = ()
    """Rule, begin and end of what didn't last for its on-delay, where a centre wants to know."""

    def copy(self) -> "State":
        """A state of its own."""
        return replace(
            self,
            live={rule: replace(live) for rule, live in self.live.items()},
            windows=dict(self.windows),
        )

    def measured_ms(self, index: int) -> int:
        """When a field was measured last."""
        return self.time_ms if self.ages is None else self.ages[index]

    def episodes(self) -> list[Episode]:
        """Alarms that returned within the horizon, and those that stand."""
        standing = [
            live.episode(rule) for rule, live in self.live.items() if live.raised_ms != NEVER
        ]
        return [*self.closed, *standing]


def dump(state: State, *others: Any) -> bytes:
    """A state, and what goes with it, as bytes; without the alarms that returned."""
    return orjson.dumps(
        (
            state.time_ms,
            state.before_ms,
            state.first_ms,
            state.values,
            state.ages,
            {rule: _live(live) for rule, live in state.live.items()},
            state.windows,
            state.defrost,
            None if state.pull_down is None else _pull_down(state.pull_down),
            state.door_since_ms,
            others,
        )
    )


def load(content: bytes) -> tuple[State, list[Any]]:
    """What `dump` made bytes of. Raises ValueError and its kin where it can't have been."""
    time_ms, before, first, values, ages, live, windows, defrost, pull, door, others = orjson.loads(
        content
    )
    state = State(
        time_ms=time_ms,
        before_ms=before,
        first_ms=first,
        values=tuple(float("nan") if value is None else float(value) for value in values),
        ages=None if ages is None else tuple(ages),
        live={rule: _read_live(said) for rule, said in live.items()},
        windows={
            rule: tuple((at, one, two) for at, one, two in samples)
            for rule, samples in windows.items()
        },
        defrost=None if defrost is None else (defrost[0], defrost[1]),
        pull_down=None if pull is None else PullDown(pull[0], pull[1], _number(pull[2]), pull[3]),
        door_since_ms=door,
    )
    return state, others


def _live(live: Live) -> tuple[Any, ...]:
    return (
        live.since_ms,
        live.seen_ms,
        live.value,
        live.limit,
        live.raised_ms,
        live.off_since_ms,
        [tuple(hide) for hide in live.hides],
    )


def _read_live(said: list[Any]) -> Live:
    since_ms, seen_ms, value, limit, raised_ms, off_since_ms, hides = said
    return Live(
        since_ms,
        seen_ms,
        value,
        limit,
        raised_ms,
        off_since_ms,
        tuple(Hide(*hide) for hide in hides),
    )


def _pull_down(pull: PullDown) -> tuple[Any, ...]:
    return pull.start_ms, pull.loaded_ms, pull.mark_c, pull.mark_ms


def _number(value: float | None) -> float:
    return float("inf") if value is None else value
