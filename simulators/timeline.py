"""Turns a season's plan into what its devices and readers send, in the order of time.

Messages are in the order of their sending, so that a room's readings of a stay arrive along with
the scans of that stay.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence

from park.times import to_epoch_ms
from simulators.incidents.plan import Incident
from simulators.incidents.troubled import troubled
from simulators.messages import Outgoing, scan_message
from simulators.readers import scans_of
from simulators.reporting import cadences_by_kind, reports
from simulators.season import SeasonPlan
from simulators.seeds import generator
from simulators.works import works_of


def season_messages(plan: SeasonPlan, incidents: Sequence[Incident] = ()) -> Iterator[Outgoing]:
    """Everything that a season sends, in the order of time. Deterministic.

    Around incidents the devices that they touch report as often as in a living park.
    """
    cadences = cadences_by_kind(plan.settings.cadences)
    site = plan.park.site.id
    streams: list[Iterable[Outgoing]] = [
        reports(troubled(work, incidents), site, cadences) for work in works_of(plan)
    ]
    return heapq.merge(*streams, _scans(plan), key=lambda outgoing: outgoing.at_ms)


def _scans(plan: SeasonPlan) -> Iterator[Outgoing]:
    rng = generator(plan.settings.seed, plan.park.site.id, plan.settings.year, "scans")
    for scan in scans_of(plan.truth, rng):
        yield scan_message(plan.park, scan, to_epoch_ms(scan.ts))
