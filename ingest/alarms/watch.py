"""The conditions over what ingest receives; the writer has it, and nobody else.

Whatever goes wrong in here, readings are stored: a fault is logged, and the conditions begin anew.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence

from ingest.alarms.conditions.engine import ConditionEngine
from ingest.alarms.model import Priority, Signal
from ingest.alarms.rules.rule import RuleSet
from ingest.received import Measured
from park.assets import Park

_log = logging.getLogger(__name__)


class AlarmWatch:
    """Looks at readings and at devices that come and go; what it finds is taken for the commit."""

    def __init__(self, park: Park, rules: RuleSet, states: Mapping[str, bytes]) -> None:
        """`states` is what `take_states` gave in an earlier run."""
        self._park = park
        self._rules = rules
        self._engine = ConditionEngine(park, rules, states)

    def look(self, readings: Iterable[Measured], states: Iterable[tuple[str, str, int]]) -> None:
        """Look at readings that didn't come before, and at devices that came, fell silent or went.

        Of a device: asset, state and time.
        """
        try:
            self._readings(readings)
            for asset, state, time_ms in states:
                self._engine.liveness(asset, state, time_ms)
        except Exception:  # noqa: BLE001 - whatever it is, readings are stored
            self._begin_anew()

    def take_everything(self) -> Mapping[str, bytes]:
        """What is wanted after a restart, whether it changed or not: for an orderly end."""
        try:
            return self._engine.take_changed(everything=True)
        except Exception:  # noqa: BLE001 - the same
            self._begin_anew()
            return {}

    def take(self) -> tuple[Sequence[tuple[Signal, Priority]], Mapping[str, bytes]]:
        """What changed since the last call, with its priority, and what is wanted after a restart.

        Both belong into the commit of the readings.
        """
        try:
            signals = self._engine.take_signals()
            return [(each, self._priority(each)) for each in signals], self._engine.take_changed()
        except Exception:  # noqa: BLE001 - the same
            self._begin_anew()
            return (), {}

    def _readings(self, readings: Iterable[Measured]) -> None:
        look = self._engine.reading
        for measured in readings:
            if measured.is_live:
                values: Mapping[str, float | str] = measured.floats
                if measured.others:
                    values = {**measured.floats, **measured.others}
                look(measured.asset, measured.kind, measured.time_ms, values)

    def _priority(self, signal: Signal) -> Priority:
        return self._rules.rule(signal.rule).priority

    def _begin_anew(self) -> None:
        _log.exception("alarms begin anew; please report it")
        self._engine = ConditionEngine(self._park, self._rules, {})
