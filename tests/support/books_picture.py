"""All that the books say, whatever ids their rows have."""

from typing import Any

from sqlalchemy import Connection, select

from traceability import tables as t

Picture = dict[str, list[tuple[Any, ...]]]


def picture(connection: Connection) -> Picture:
    """Every table of the books, nodes by their keys and events by their ids."""
    nodes = {row.id: row.key for row in connection.execute(select(t.nodes))}
    events = {row.seq: row.event_id for row in connection.execute(select(t.events))}
    found = {}
    for table in (
        *(t.nodes, t.flows, t.event_nodes, t.batches, t.origins, t.reached, t.stays),
        *(t.pallets, t.shipments),
    ):
        rows = connection.execute(select(table)).mappings()
        found[table.name] = sorted(
            (
                tuple(
                    _readable(name, value, nodes, events)
                    for name, value in row.items()
                    if name != "id"
                )
                for row in rows
            ),
            key=repr,
        )
    return found


def _readable(name: str, value: Any, nodes: dict[int, str], events: dict[int, str]) -> Any:
    if name in {"node_id", "source", "target", "shipment"}:
        return nodes.get(value)
    if name == "seq":
        return events[value]
    return round(value, 9) if isinstance(value, float) else value


def booked(connection: Connection) -> set[str]:
    """Ids of the events that are in the books."""
    named = select(t.event_nodes.c.seq)
    query = select(t.events.c.event_id).where(t.events.c.seq.in_(named))
    return set(connection.execute(query).scalars())
