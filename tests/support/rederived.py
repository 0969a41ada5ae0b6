"""What is derived from events, beside what it is where they are captured anew, one by one."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from park.assets import Park
from park.database import open_engine
from park.times import from_epoch_ms
from traceability import schema
from traceability import tables as t
from traceability.event_repository import EventRepository
from traceability.provenance.tables import things
from traceability.repository import Traceability

RULES: dict[str, Any] = {"mass_tolerance": 0.005, "clock_skew_s": 300.0}
_BESIDES = {
    *("capture_jobs", "ledger_checkpoints", "named_queries", "subscriptions"),
    *("master_attributes", "master_children"),
}
"""Tables that aren't derived from events."""
_THINGS = {"contents": ("parent", "child"), "sightings": ("thing",), "links": ("source", "target")}
_NODES = {"flows": ("source", "target"), "pallets": ("shipment",)}
_COUNTED_UP = {"things", "nodes", "links", "stays"}
"""Their ids follow the order in which things were first named."""

Rows = list[tuple[Any, ...]]


def differing_tables(address: str, park: Park, folder: Path) -> dict[str, tuple[int, int]]:
    """Derived tables that differ, each with how many rows are only in one or in the other."""
    engine, fresh = open_engine(address), open_engine(f"sqlite:///{folder / 'anew.db'}")
    try:
        with engine.connect() as connection:
            found = _derived(connection)
            rows = connection.execute(select(t.events).order_by(t.events.c.seq)).all()
        now = [from_epoch_ms(0)]

        def clock() -> datetime:
            return now[0]

        Traceability(fresh, park, **RULES).migrate()
        repository = EventRepository(fresh, park, **RULES, clock=clock)
        for row in rows:
            body = json.loads(row.document)
            del body["recordTime"]
            now[0] = from_epoch_ms(row.record_time_ms)
            assert repository.capture_event(body).new
        with fresh.connect() as connection:
            anew = _derived(connection)
    finally:
        engine.dispose()
        fresh.dispose()
    return {
        name: (len(set(found[name]) - set(anew[name])), len(set(anew[name]) - set(found[name])))
        for name in found
        if found[name] != anew[name]
    }


def _derived(connection: Connection) -> dict[str, Rows]:
    """The rows of all derived tables, with names in the place of ids."""
    keys = {row.id: row.key for row in connection.execute(select(things))}
    nodes = {row.id: row.key for row in connection.execute(select(t.nodes))}
    derived = {}
    for name, table in schema.metadata.tables.items():
        if name in _BESIDES:
            continue
        named = dict.fromkeys(_THINGS.get(name, ()), keys)
        named |= dict.fromkeys(("node_id", *_NODES.get(name, ())), nodes)
        columns = [c for c in table.columns if not (c.name == "id" and name in _COUNTED_UP)]
        found = connection.execute(select(*columns)).mappings()
        derived[name] = sorted((_row(row, named) for row in found), key=str)
    return derived


def _row(row: Mapping[Any, Any], named: Mapping[str, Mapping[int, str]]) -> tuple[Any, ...]:
    return tuple(
        named[name].get(value, value)
        if name in named
        else bytes(value)
        if isinstance(value, memoryview | bytearray)
        else value
        for name, value in row.items()
    )
