"""When a subscriber wants to be told: by schedule or by stream, never both."""

from collections.abc import Mapping
from typing import Any

from traceability.epcis.subscriptions.schedules import Schedule
from traceability.errors import SubscriptionControlsError


def read_schedule(schedule: Mapping[str, Any] | None, *, stream: bool) -> Schedule | None:
    """The schedule, None for a stream. Raises SubscriptionControlsError for both or neither."""
    if stream and schedule is not None:
        raise SubscriptionControlsError("stream and schedule rule each other out; give one")
    if stream:
        return None
    if schedule is None:
        raise SubscriptionControlsError("give a schedule, or stream as true")
    return Schedule.of(schedule)
