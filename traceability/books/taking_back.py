"""Takes steps back out of the books that were declared wrong.

1. A step is undone to the milligram: what it made is gone, what it took is back where it was.
2. It stays in the books as long as another step rests on it: one that came later and names what it
   made, or moved on what it moved. The finding `still-in-books` says so.
3. Once that one is taken back, the first is, too. So declarations may come in any order.

No mass comes into being that way: an undone step is as if it never had been booked.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, exists, select, update

from park.gs1 import BatchId
from park.scans import (
    Action,
    HarvestScan,
    PalletiseScan,
    ReceiveScan,
    Scan,
    ShipScan,
    SortScan,
    StoreInScan,
    StoreOutScan,
)
from park.times import to_epoch_ms
from traceability import tables as t
from traceability.books.closure import ancestors, descendants
from traceability.books.nodes import loss_key, pallet_key, run_key
from traceability.books.records import StayState
from traceability.books.rules import SLACK_MG, BatchState
from traceability.books.state import State
from traceability.findings import Finding
from traceability.masses import to_mg

CODE = "still-in-books"

_B, _E, _F, _N, _P, _S, _Y = (
    *(t.batches.c, t.events.c, t.flows.c, t.nodes.c),
    *(t.pallets.c, t.shipments.c, t.stays.c),
)
_M, _R = t.event_nodes.c, t.reached.c
_D = t.events.alias("declarations").c

_BOOKED = select(_E.seq, _E.document).where(
    _E.event_id == bindparam("wanted"),
    _E.declared.is_(False),
    exists().where(_M.seq == _E.seq),
)
_NAMED_BY = select(_M.node_id).where(_M.seq == bindparam("number"))
_NAMING = (
    select(_E.document)
    .join(t.event_nodes, _M.seq == _E.seq)
    .where(_M.node_id == bindparam("node"), _E.seq != bindparam("number"))
)
_LATER = (
    select(_E.event_id)
    .join(t.event_nodes, _M.seq == _E.seq)
    .where(_M.node_id.in_(bindparam("nodes", expanding=True)), _E.seq > bindparam("number"))
    .order_by(_E.seq)
    .limit(1)
)
_WAITING = (
    select(_E.event_id)
    .join(t.event_nodes, _M.seq == _E.seq)
    .where(
        _M.node_id.in_(bindparam("nodes", expanding=True)),
        exists().where(_D.event_id == _E.event_id, _D.declared.is_(True)),
    )
    .distinct()
)
_DECLARATION = select(_E.seq).where(_E.event_id == bindparam("wanted"), _E.declared.is_(True))
_OLD_FINDING = delete(t.findings).where(
    t.findings.c.code == CODE, t.findings.c.seq.in_(_DECLARATION)
)

ReadScan = Callable[[str], Scan | None]
"""The step that a stored event stands for."""


class _RestsOnItError(Exception):
    """Something rests on the step that is to be taken back; says what."""


class TakingBack:
    """Takes steps back within one transaction."""

    def __init__(self, connection: Connection, tolerance: float, read: ReadScan) -> None:
        self._connection = connection
        self._tolerance = tolerance
        self._read = read
        self.found: dict[str, Finding] = {}
        """By the id of a wrong event, why it is still in the books."""

    def take_back(self, event_id: str) -> None:
        """Take back the step of an event, if it was booked, and those that waited for that."""
        booked = self._connection.execute(_BOOKED, {"wanted": event_id}).first()
        scan = None if booked is None else self._read(booked.document)
        if booked is None or scan is None:
            return
        named = list(self._connection.execute(_NAMED_BY, {"number": booked.seq}).scalars())
        state = State(self._connection, booked.seq, self._tolerance)
        step = _Step(self._connection, state, booked.seq, event_id, self._tolerance, self._read)
        try:
            _UNDOERS[scan.action](step, scan)
        except _RestsOnItError as error:
            self.found[event_id] = Finding(
                CODE, f"the books still have what was declared wrong, as {error} rests on it"
            )
            return
        self._connection.execute(delete(t.event_nodes).where(_M.seq == booked.seq))
        self._connection.execute(_OLD_FINDING, {"wanted": event_id})
        self.found.pop(event_id, None)
        for waiting in self._connection.execute(_WAITING, {"nodes": named}).scalars().all():
            self.take_back(waiting)


@dataclass(frozen=True, slots=True)
class _Step:
    """A booked step."""

    connection: Connection
    state: State
    seq: int
    event_id: str
    tolerance: float
    read: ReadScan

    def check_unused(self, nodes: Collection[int]) -> None:
        """Raises _RestsOnItError where a later step names one of these."""
        found = self.connection.execute(_LATER, {"nodes": list(nodes), "number": self.seq})
        if (later := found.scalar()) is not None:
            raise _RestsOnItError(later)

    def node(self, key: str) -> int:
        """The node of a key. Raises _RestsOnItError where the step isn't read as it was booked."""
        found = self.connection.execute(select(_N.id).where(_N.key == key)).scalar()
        if found is None:
            raise _RestsOnItError("an earlier definition of the park")
        return int(found)

    def batch(self, batch: BatchId) -> BatchState:
        """The books of a batch."""
        self.node(batch.path)
        return self.state.batches([batch])[batch]

    def is_less(self, left_mg: int, claimed_kg: float) -> bool:
        """Whether less is left than a step claimed, which may have been booked as a little less."""
        claimed_mg = to_mg(claimed_kg)
        return left_mg < claimed_mg - max(SLACK_MG, self.tolerance * claimed_mg)

    @staticmethod
    def at_ms(scan: Scan) -> int:
        """When it was."""
        return to_epoch_ms(scan.ts)

    def other_scans(self, node: int) -> Iterator[Scan]:
        """The other steps that name a node."""
        for document in self.connection.execute(_NAMING, {"node": node, "number": self.seq}):
            scan = self.read(document[0])
            if scan is not None:
                yield scan

    def flows(self) -> Sequence[Row[Any]]:
        """What flowed in it."""
        return self.connection.execute(select(t.flows).where(_F.seq == self.seq)).all()

    def give_back(self, flows: Iterable[Row[Any]], *, packed: bool = False) -> None:
        """To batches what flowed out of them, off a pallet or as it was."""
        masses = {flow.source: flow.qty_mg for flow in flows}
        keys = select(_B.gtin, _B.lot).where(_B.node_id.in_(list(masses)))
        batches = self.state.batches([BatchId(*row) for row in self.connection.execute(keys)])
        for batch in batches.values():
            batch.at_hand_mg += masses[batch.node]
            batch.packed_mg -= masses[batch.node] if packed else 0
        self.state.save(batches.values())

    def delete(self, nodes: Iterable[int]) -> None:
        """What it made is no more."""
        gone = list(nodes)
        for column in (
            *(_F.source, _F.target, _M.node_id, t.origins.c.node_id, _R.node_id),
            *(_B.node_id, _P.node_id, _S.node_id, _N.id),
        ):
            self.connection.execute(delete(column.table).where(column.in_(gone)))


def _harvest(step: _Step, scan: HarvestScan) -> None:
    node = step.node(scan.batch.path)
    step.check_unused([node])
    step.delete([node])


def _store_in(step: _Step, scan: StoreInScan) -> None:
    batch = step.batch(scan.batch)
    stay = step.state.open_stay(batch.node, scan.asset)
    if stay is None or stay.since_ms > step.at_ms(scan) or step.is_less(stay.left_mg, scan.qty_kg):
        raise _RestsOnItError(f"what left {scan.asset} since")
    qty_mg = min(to_mg(scan.qty_kg), stay.left_mg)
    stay.qty_in_mg -= qty_mg
    stay.since_ms = _came_first(step, batch.node, scan, stay.since_ms)
    batch.stored_mg -= qty_mg
    batch.at_hand_mg += qty_mg
    if stay.left_mg == 0:
        stay.until_ms = max(stay.since_ms, step.at_ms(scan))
    step.state.save_stay(stay)
    step.connection.execute(delete(t.stays).where(_Y.id == stay.id, _Y.qty_in_mg == 0))
    step.state.save([batch])


def _came_first(step: _Step, node: int, scan: StoreInScan, since_ms: int) -> int:
    """When a stay began that began no later than a step that is taken back."""
    others = (each for each in step.other_scans(node) if isinstance(each, StoreInScan))
    came = (step.at_ms(each) for each in others if each.asset == scan.asset)
    return min((at_ms for at_ms in came if at_ms >= since_ms), default=since_ms)


def _store_out(step: _Step, scan: StoreOutScan) -> None:
    batch = step.batch(scan.batch)
    stay = _stay_left(step, batch.node, scan)
    if stay is None or step.is_less(min(batch.at_hand_mg, stay.qty_out_mg), scan.qty_kg):
        raise _RestsOnItError(f"what became of {scan.batch} since")
    qty_mg = min(to_mg(scan.qty_kg), batch.at_hand_mg, stay.qty_out_mg)
    stay.qty_out_mg -= qty_mg
    batch.at_hand_mg -= qty_mg
    batch.stored_mg += qty_mg + stay.lost_mg
    if stay.lost_mg:
        step.delete([step.node(loss_key(step.event_id))])
    stay.lost_mg, stay.until_ms = 0, None
    step.state.save_stay(stay)
    step.state.save([batch])


def _stay_left(step: _Step, node: int, scan: StoreOutScan) -> StayState | None:
    """The stay that a batch left, or of which a part left; None where another step went on."""
    latest = step.state.latest_stay(node, scan.asset)
    at_ms = step.at_ms(scan)
    if latest is None or latest.since_ms > at_ms:
        return None
    if latest.until_ms not in {None, max(latest.since_ms, at_ms)}:
        return None
    return latest


def _sort(step: _Step, _: SortScan) -> None:
    run = step.node(run_key(step.event_id))
    flows = step.flows()
    made = [flow.target for flow in flows if flow.source == run]
    step.check_unused(made)
    step.give_back(flow for flow in flows if flow.target == run)
    step.delete([run, *made])


def _palletise(step: _Step, scan: PalletiseScan) -> None:
    pallet = step.node(pallet_key(scan.pallet))
    step.check_unused([pallet])
    step.give_back(step.flows(), packed=True)
    step.delete([pallet])


def _ship(step: _Step, scan: ShipScan) -> None:
    loaded = {flow.source: flow for flow in step.flows()}
    step.check_unused(loaded)
    (shipment,) = {flow.target for flow in loaded.values()}
    for batch, qty_mg in step.state.batches_on(list(loaded)):
        batch.packed_mg += qty_mg
        batch.shipped_mg -= qty_mg
        step.state.save([batch])
    connection, qty_mg = step.connection, sum(flow.qty_mg for flow in loaded.values())
    connection.execute(update(t.pallets).where(_P.node_id.in_(loaded)).values(shipment=None))
    connection.execute(delete(t.flows).where(_F.seq == step.seq))
    connection.execute(update(t.nodes).where(_N.id == shipment).values(qty_mg=_N.qty_mg - qty_mg))
    left = step.state.pallets_of(shipment).values()
    if not left:
        step.delete([shipment])
    elif all(pallet.received_at_ms is not None for pallet in left):
        step.state.complete(shipment, max(pallet.received_at_ms or 0 for pallet in left))
    _reach_no_more(connection, list(loaded), scan.destination)


def _reach_no_more(connection: Connection, pallets: Sequence[int], destination: str) -> None:
    """Of what is on pallets, and what it was made of, forget that it went there, unless it did."""
    up = ancestors(pallets)
    nodes = select(_R.node_id).join(up, up.c.id == _R.node_id).where(_R.destination == destination)
    for node in connection.execute(nodes).scalars().all():
        down = descendants([node])
        went = (
            select(_P.node_id)
            .join(down, down.c.id == _P.node_id)
            .join(t.shipments, _S.node_id == _P.shipment)
            .where(_S.destination == destination)
            .limit(1)
        )
        if connection.execute(went).first() is None:
            connection.execute(
                delete(t.reached).where(_R.node_id == node, _R.destination == destination)
            )


def _receive(step: _Step, scan: ReceiveScan) -> None:
    pallets = step.state.pallets(scan.pallets)
    nodes = [pallet.node for pallet in pallets.values()]
    step.connection.execute(
        update(t.pallets).where(_P.node_id.in_(nodes)).values(received_at_ms=None)
    )
    shipment = step.state.shipment(scan.shipment)
    if shipment is not None:
        step.connection.execute(
            update(t.shipments).where(_S.node_id == shipment.node).values(received_at_ms=None)
        )


_UNDOERS: Mapping[Action, Callable[[_Step, Any], None]] = {
    Action.HARVEST: _harvest,
    Action.STORE_IN: _store_in,
    Action.STORE_OUT: _store_out,
    Action.SORT: _sort,
    Action.PALLETISE: _palletise,
    Action.SHIP: _ship,
    Action.RECEIVE: _receive,
}
"""How to undo each step."""
