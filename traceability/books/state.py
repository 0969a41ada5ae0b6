"""The books in the database, read and written within one capture's transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Select,
    Table,
    bindparam,
    exists,
    func,
    insert,
    literal,
    select,
    tuple_,
    update,
)

from park.gs1 import BatchId
from traceability import tables as t
from traceability.books.closure import ancestors
from traceability.books.records import NewBatch, NewNode, PalletState, ShipmentState, StayState
from traceability.books.rules import BatchState
from traceability.views import NodeKind

# Statements are made once: making them costs more than running them.
_B, _F, _N, _P, _S, _Y = (
    t.batches.c,
    t.flows.c,
    t.nodes.c,
    t.pallets.c,
    t.shipments.c,
    t.stays.c,
)


def _any(name: str) -> BindParameter[Any]:
    """A list of values, given at the execution."""
    return bindparam(name, expanding=True)


_FIND_BATCHES = select(t.batches).where(tuple_(_B.gtin, _B.lot).in_(_any("keys")))
_FIND_CONTENTS = (
    select(_B.gtin, _B.lot, _F.qty_mg)
    .join(t.flows, _F.source == _B.node_id)
    .where(_F.target.in_(_any("pallets")))
)
_SAVE_BATCH = (
    update(t.batches)
    .where(_B.node_id == bindparam("node"))
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in ("at_hand_mg", "stored_mg", "packed_mg", "shipped_mg", "status")
        }
    )
)
_ADD_NODES = insert(t.nodes).returning(_N.id, sort_by_parameter_order=True)
_ADD = {
    table: insert(table)
    for table in (t.batches, t.origins, t.flows, t.event_nodes, t.stays, t.pallets, t.shipments)
}
_FIND_ORIGINS = select(t.origins).where(t.origins.c.node_id.in_(_any("nodes")))
_STAYS = select(_Y.id, _Y.since_ms, _Y.qty_in_mg, _Y.qty_out_mg, _Y.lost_mg, _Y.until_ms).where(
    _Y.node_id == bindparam("node"), _Y.room == bindparam("room")
)
_FIND_OPEN_STAY = _STAYS.where(_Y.until_ms.is_(None))
_FIND_LATEST_STAY = _STAYS.order_by(_Y.id.desc()).limit(1)
_HARVESTED = select(func.sum(_N.qty_mg)).where(
    _N.kind == NodeKind.HARVEST.value,
    _N.place == bindparam("orchard"),
    _N.at_ms >= bindparam("since_ms"),
    _N.at_ms < bindparam("until_ms"),
)
_SAVE_STAY = (
    update(t.stays)
    .where(_Y.id == bindparam("stay"))
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in ("since_ms", "until_ms", "qty_in_mg", "qty_out_mg", "lost_mg")
        }
    )
)
_PALLETS = select(
    _P.node_id, _P.sscc, _P.packed_at_ms, _N.qty_mg, _P.shipment, _P.received_at_ms
).join(t.nodes, _N.id == _P.node_id)
_FIND_PALLETS = _PALLETS.where(_P.sscc.in_(_any("ssccs")))
_FIND_LOADED = _PALLETS.where(_P.shipment == bindparam("on_shipment"))
_FIND_SHIPMENT = select(t.shipments).where(_S.number == bindparam("wanted"))


class State:
    """Reads and writes for the event numbered `seq`."""

    def __init__(self, connection: Connection, seq: int, tolerance: float) -> None:
        self._connection = connection
        self._seq = seq
        self._tolerance = tolerance

    def _insert(self, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
        if rows:
            self._connection.execute(_ADD[table], rows)

    def batches(self, wanted: Collection[BatchId]) -> dict[BatchId, BatchState]:
        """Those of the batches that exist."""
        keys = [(batch.gtin, batch.lot) for batch in wanted]
        return {
            BatchId(row.gtin, row.lot): BatchState(
                node=row.node_id,
                batch=BatchId(row.gtin, row.lot),
                made_at_ms=row.made_at_ms,
                harvested_from_ms=row.harvested_from_ms,
                harvested_until_ms=row.harvested_until_ms,
                qty_mg=row.qty_mg,
                at_hand_mg=row.at_hand_mg,
                stored_mg=row.stored_mg,
                packed_mg=row.packed_mg,
                shipped_mg=row.shipped_mg,
            )
            for row in self._connection.execute(_FIND_BATCHES, {"keys": keys})
        }

    def batches_on(self, pallets: Sequence[int]) -> list[tuple[BatchState, int]]:
        """The batches on these pallets, each with its mass on them."""
        masses: dict[BatchId, int] = {}
        for gtin, lot, qty_mg in self._connection.execute(_FIND_CONTENTS, {"pallets": pallets}):
            masses[BatchId(gtin, lot)] = masses.get(BatchId(gtin, lot), 0) + qty_mg
        return [(state, masses[batch]) for batch, state in self.batches(masses).items()]

    def save(self, batches: Iterable[BatchState]) -> None:
        """Write masses and status of batches that exist."""
        rows = [
            {
                "node": batch.node,
                "new_status": batch.status(self._tolerance),
                **{f"new_{name}": value for name, value in _masses(batch).items()},
            }
            for batch in batches
        ]
        if rows:
            self._connection.execute(_SAVE_BATCH, rows)

    def add_node(self, node: NewNode) -> int:
        """Add a node; its id."""
        return self.add_nodes([node])[0]

    def add_nodes(self, nodes: Sequence[NewNode]) -> list[int]:
        """Add nodes; their ids in the same order."""
        rows = [
            {
                "key": node.key,
                "kind": node.kind,
                "place": node.place,
                "at_ms": node.at_ms,
                "qty_mg": node.qty_mg,
            }
            for node in nodes
        ]
        return list(self._connection.execute(_ADD_NODES, rows).scalars())

    def add_batches(self, batches: Sequence[NewBatch]) -> None:
        """Add batches whose nodes exist."""
        rows = [
            {
                "node_id": new.state.node,
                "gtin": new.state.batch.gtin,
                "lot": new.state.batch.lot,
                "variety": new.product.variety,
                "grade": new.product.grade,
                "made_at_ms": new.state.made_at_ms,
                "harvested_from_ms": new.state.harvested_from_ms,
                "harvested_until_ms": new.state.harvested_until_ms,
                "qty_mg": new.state.qty_mg,
                "status": new.state.status(self._tolerance),
                **_masses(new.state),
            }
            for new in batches
        ]
        self._insert(t.batches, rows)
        shares = [
            {"node_id": new.state.node, "orchard": orchard, "share": share}
            for new in batches
            for orchard, share in new.origins.items()
        ]
        self._insert(t.origins, shares)

    def add_flows(self, flows: Iterable[tuple[int, int, int]]) -> None:
        """Add flows: source, target, mass in milligrams."""
        rows = [
            {"source": source, "target": target, "seq": self._seq, "qty_mg": qty_mg}
            for source, target, qty_mg in flows
        ]
        self._insert(t.flows, rows)

    def name(self, nodes: Iterable[int]) -> None:
        """Note that the event names these nodes."""
        rows = [{"node_id": node, "seq": self._seq} for node in dict.fromkeys(nodes)]
        self._insert(t.event_nodes, rows)

    def origins(self, nodes: Collection[int]) -> dict[int, dict[str, float]]:
        """Shares by orchard of each of these batches."""
        found: dict[int, dict[str, float]] = {}
        for node, orchard, share in self._connection.execute(_FIND_ORIGINS, {"nodes": nodes}):
            found.setdefault(node, {})[orchard] = share
        return found

    def harvested_mg(self, orchard: str, since_ms: int, until_ms: int) -> int:
        """Mass that an orchard gave between these times, the latter not included."""
        span = {"orchard": orchard, "since_ms": since_ms, "until_ms": until_ms}
        return int(self._connection.execute(_HARVESTED, span).scalar() or 0)

    def open_stay(self, node: int, room: str) -> StayState | None:
        """The stay of a batch in a room that hasn't ended."""
        return self._stay(_FIND_OPEN_STAY, node, room)

    def latest_stay(self, node: int, room: str) -> StayState | None:
        """The last stay of a batch in a room, whether it has ended or not."""
        return self._stay(_FIND_LATEST_STAY, node, room)

    def _stay(self, query: Select[Any], node: int, room: str) -> StayState | None:
        row = self._connection.execute(query, {"node": node, "room": room}).first()
        return None if row is None else StayState(*row)

    def add_stay(self, node: int, room: str, since_ms: int, qty_mg: int) -> None:
        """Begin a stay."""
        stay = {
            "node_id": node,
            "room": room,
            "since_ms": since_ms,
            "qty_in_mg": qty_mg,
            "qty_out_mg": 0,
            "lost_mg": 0,
        }
        self._insert(t.stays, [stay])

    def save_stay(self, stay: StayState) -> None:
        """Write a stay that exists."""
        changed = {
            "stay": stay.id,
            "new_since_ms": stay.since_ms,
            "new_until_ms": stay.until_ms,
            "new_qty_in_mg": stay.qty_in_mg,
            "new_qty_out_mg": stay.qty_out_mg,
            "new_lost_mg": stay.lost_mg,
        }
        self._connection.execute(_SAVE_STAY, changed)

    def pallets(self, wanted: Collection[str]) -> dict[str, PalletState]:
        """Those of the pallets that exist, by SSCC."""
        rows = self._connection.execute(_FIND_PALLETS, {"ssccs": wanted})
        return {row.sscc: PalletState(*row) for row in rows}

    def pallets_of(self, shipment: int) -> dict[str, PalletState]:
        """Every pallet of a shipment, by SSCC."""
        rows = self._connection.execute(_FIND_LOADED, {"on_shipment": shipment})
        return {row.sscc: PalletState(*row) for row in rows}

    def add_pallet(self, node: int, sscc: str, packed_at_ms: int, packhouse: str) -> None:
        """Add a pallet whose node exists."""
        pallet = {
            "node_id": node,
            "sscc": sscc,
            "packed_at_ms": packed_at_ms,
            "packhouse": packhouse,
        }
        self._insert(t.pallets, [pallet])

    def shipment(self, number: str) -> ShipmentState | None:
        """The shipment of that number."""
        row = self._connection.execute(_FIND_SHIPMENT, {"wanted": number}).first()
        return None if row is None else ShipmentState(*row)

    def add_shipment(self, shipment: ShipmentState) -> None:
        """Add a shipment whose node exists."""
        row = {
            "node_id": shipment.node,
            "number": shipment.number,
            "destination": shipment.destination,
            "reefer": shipment.reefer,
            "packhouse": shipment.packhouse,
            "shipped_at_ms": shipment.shipped_at_ms,
        }
        self._insert(t.shipments, [row])

    def load(self, pallets: Sequence[int], shipment: int, qty_mg: int) -> None:
        """Put pallets of that mass on a shipment."""
        self._connection.execute(
            update(t.pallets).where(_P.node_id.in_(pallets)).values(shipment=shipment)
        )
        self._connection.execute(
            update(t.nodes).where(_N.id == shipment).values(qty_mg=_N.qty_mg + qty_mg)
        )

    def reach(self, pallets: Sequence[int], destination: str) -> None:
        """Note that everything on the pallets, and what it was made of, went there."""
        r = t.reached.c
        up = ancestors(pallets)
        known = exists().where(r.node_id == up.c.id, r.destination == destination)
        batches_up = (
            select(t.batches.c.node_id, literal(destination))
            .join(up, up.c.id == t.batches.c.node_id)
            .where(~known)
        )
        self._connection.execute(
            insert(t.reached).from_select(["node_id", "destination"], batches_up)
        )

    def receive(self, pallets: Sequence[int], at_ms: int) -> None:
        """Note when pallets arrived."""
        self._connection.execute(
            update(t.pallets).where(_P.node_id.in_(pallets)).values(received_at_ms=at_ms)
        )

    def complete(self, shipment: int, at_ms: int) -> None:
        """Note when the last pallet of a shipment arrived."""
        self._connection.execute(
            update(t.shipments).where(_S.node_id == shipment).values(received_at_ms=at_ms)
        )


def _masses(batch: BatchState) -> dict[str, int]:
    return {
        "at_hand_mg": batch.at_hand_mg,
        "stored_mg": batch.stored_mg,
        "packed_mg": batch.packed_mg,
        "shipped_mg": batch.shipped_mg,
    }
