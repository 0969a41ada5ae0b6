"""What dashboards mark on their time axes: alarms, harvests and shipments."""

from grafana.columns import BLUE, GREEN, RED
from grafana.dashboards.frame import Marks
from grafana.influxql import Source, source

_MOST = 200
"""More marks than these hide each other."""


def alarm_marks(alarms: Source) -> Marks:
    """Alarms as they were raised."""
    raised = alarms.where_word("action", "raise")
    query = raised.newest("rule", "priority", limit=_MOST)
    return Marks("alarms", query, "rule", ("priority", "asset"), RED)


def harvest_marks() -> Marks:
    """Batches as they were harvested."""
    query = source("milestone").where_word("step", "harvest").newest("batch", limit=_MOST)
    return Marks("harvests", query, "batch", ("asset",), GREEN)


def shipment_marks() -> Marks:
    """Shipments as they left."""
    query = source("milestone").where_word("step", "ship").newest("destination", limit=_MOST)
    return Marks("shipments", query, "destination", ("asset",), BLUE)
