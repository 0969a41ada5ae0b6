"""How a running ingest fares, for metrics and readiness."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Vitals:
    """What only the running process knows; what is durable is in the spool's counters."""

    connected: bool
    acknowledged: Mapping[str, int] = field(default_factory=dict)
    """Things whose message was acknowledged since the start, by kind."""
    lag_ms: Mapping[str, int] = field(default_factory=dict)
    """How long what was shipped last had waited in the spool, by kind."""
    seconds_since_message: float | None = None
    """Age of the last message; None before the first."""
