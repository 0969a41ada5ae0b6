"""What an incident was in truth, for whoever judges alarms by it."""

from collections.abc import Sequence
from typing import Any

from park.times import format_instant, from_epoch_ms
from simulators.incidents.plan import Incident


def truth_of(
    incidents: Sequence[Incident], *, start_ms: int = 0, speed: float = 1.0
) -> list[dict[str, Any]]:
    """Incidents in the times of their readings, ready for JSON.

    In a living park that is faster than time, an incident after a park's day is seen after
    24 h / `speed` since `start_ms`. `sign` is the alarm that a person would expect, `follows` what
    may come with it; `calm_at` is when the last traces are gone.
    """

    def seen(park_ms: int) -> str:
        return format_instant(from_epoch_ms(start_ms + round((park_ms - start_ms) / speed)))

    return [
        {
            "incident": each.kind.name,
            "asset": each.asset,
            "assets": sorted(each.touches),
            "begins_at": seen(each.start_ms),
            "ends_at": seen(each.end_ms),
            "calm_at": seen(each.span[1]),
            "sign": each.kind.sign,
            "follows": list(each.kind.follows),
            "fields": list(each.kind.fields),
        }
        for each in incidents
    ]
