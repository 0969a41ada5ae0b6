"""Things by their keys and ids, for the several parts of the lineage that name them."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from sqlalchemy import (
    Connection,
    Table,
    bindparam,
    exists,
    func,
    select,
)

from traceability.database.lookups import among, rows_for
from traceability.errors import NotFoundError
from traceability.provenance import tables as t
from traceability.provenance.extraction import Facts
from traceability.provenance.keys import ThingKind, form_of

_THINGS = select(t.things.c.key, t.things.c.id).where(among(t.things.c.key))
NAMED = select(t.things.c.id, t.things.c.kind).where(
    exists().where(t.sightings.c.thing == t.things.c.id)
)
"""Id and kind of things that an event names."""
_FIND = NAMED.where(t.things.c.key == bindparam("key"))


class Found(NamedTuple):
    """A thing that an event names."""

    id: int
    kind: ThingKind


def last_id(connection: Connection, table: Table) -> int:
    """The highest id; 0 in an empty table. Recordings run one by one, so ids can be counted up."""
    highest: int | None = connection.execute(select(func.max(table.c.id))).scalar()
    return highest or 0


def find(connection: Connection, key: str) -> Found:
    """A thing that an event names, by its key. Raises NotFoundError `node-not-found`."""
    found = connection.execute(_FIND, {"key": key}).first()
    if found is None:
        raise unknown(key)
    return Found(found.id, ThingKind(found.kind))


def unknown(key: str) -> NotFoundError:
    """What to raise where no event names a thing."""
    msg = (
        f"no event names {key} (what was declared wrong doesn't count); write it as labelled: "
        "01/{gtin}/10/{lot}, 01/{gtin}/21/{serial}, 00/{sscc}, or the whole identifier"
    )
    return NotFoundError("node-not-found", msg)


def known_ids(connection: Connection, keys: Collection[str]) -> dict[str, int]:
    """Ids of those things that are known."""
    return {row.key: row.id for row in rows_for(connection, _THINGS, keys)}


class Names:
    """Ids and forms of the things that a batch of events names."""

    def __init__(self, ids: Mapping[str, int], facts: Facts) -> None:
        self._ids = ids
        self._forms = {key: form_of(kind) for key, kind in facts.things.items()}
        self._keys = {number: key for key, number in ids.items()}

    def id(self, key: str | None) -> int | None:
        """The id of a thing; None of none."""
        return None if key is None else self._ids[key]

    def form(self, key: str | None) -> int:
        """The form of a thing; that of an object of none."""
        return t.ITSELF if key is None else self._forms[key]

    def key(self, number: int) -> str | None:
        """The key of an id, where the batch names it."""
        return self._keys.get(number)
