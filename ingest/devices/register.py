"""Reads the records of devices that ingest keeps in its spool's file, from any process."""

import sqlite3
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from ingest.devices.device import Device, State
from ingest.errors import SpoolError
from ingest.readonly import read_only

COLUMNS = tuple(field.name for field in fields(Device))


class DeviceRegister:
    """The records of a spool's file; a file that isn't there yet holds none."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def devices(
        self,
        *,
        state: State | None = None,
        kind: str | None = None,
        after: str = "",
        limit: int = 50,
    ) -> Sequence[Device]:
        """Devices by asset id, those behind `after`. Raises SpoolError."""
        wanted = {"state": state, "kind": kind}
        conditions = [f"{name} = :{name}" for name, value in wanted.items() if value is not None]
        where = " AND ".join(["asset > :after", *conditions])
        return self._select(
            f"WHERE {where} ORDER BY asset LIMIT :limit",
            {**wanted, "after": after, "limit": limit},
        )

    def device(self, asset: str) -> Device | None:
        """One device; None where nothing ever came from it. Raises SpoolError."""
        found = self._select("WHERE asset = :asset", {"asset": asset})
        return found[0] if found else None

    def count(self) -> dict[tuple[str, State], int]:
        """How many devices of each kind are in each state. Raises SpoolError."""
        with read_only(self._path, SpoolError) as connection:
            if connection is None:
                return {}
            rows = connection.execute("SELECT kind, state, count(*) FROM devices GROUP BY 1, 2")
            return {(kind, State(state)): number for kind, state, number in rows}

    def _select(self, rest: str, values: dict[str, object]) -> list[Device]:
        with read_only(self._path, SpoolError) as connection:
            return [] if connection is None else select_devices(connection, rest, values)


def select_devices(
    connection: sqlite3.Connection, rest: str = "", values: dict[str, object] | None = None
) -> list[Device]:
    """The devices that a query's rest asks for."""
    rows = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM devices {rest}", values or {})
    return [_device(dict(zip(COLUMNS, row, strict=True))) for row in rows]


def _device(row: dict[str, object]) -> Device:
    return Device(**{**row, "state": State(str(row["state"]))})  # type: ignore[arg-type]  # as stored
