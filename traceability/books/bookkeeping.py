"""What each step does to the books: one function a step, each within its capture's transaction.

The functions check that place and product fit the step, and what only the books can tell: that a
batch exists and existed then, that enough of it is left, that a pallet is still here, that an
orchard can bear so much. Order of checks: identity, time, mass.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from park.assets import REJECT, Destination, Orchard, Park, Product, Reefer
from park.gs1 import BatchId
from park.scans import (
    Action,
    BatchQuantity,
    HarvestScan,
    PalletiseScan,
    ReceiveScan,
    ShipScan,
    SortScan,
    StoreInScan,
    StoreOutScan,
)
from park.times import format_instant, from_epoch_ms, to_epoch_ms
from traceability.books.nodes import RUN, loss_key, pallet_key, run_key, shipment_key
from traceability.books.records import NewBatch, NewNode, PalletState, ShipmentState
from traceability.books.rules import BatchState, book_run, check_yield, dried_up, take
from traceability.books.state import State
from traceability.errors import (
    BatchExistsError,
    NotEnoughMassError,
    PalletExistsError,
    PalletGoneError,
    ShipmentExistsError,
    TimeError,
    UnknownBatchError,
    UnknownPalletError,
    UnknownShipmentError,
)
from traceability.masses import to_mg
from traceability.steps.checks import asset_at, check_harvest, check_pallet, check_sort, product_of
from traceability.views import NodeKind


@dataclass(frozen=True, slots=True)
class Desk:
    """What a step needs beside its scan."""

    park: Park
    state: State
    event_id: str
    at_ms: int
    tolerance: float
    skew_ms: int

    def check_after(self, since_ms: int, what: str) -> None:
        """Nothing happens to a thing before it exists, but for clock skew. Raises TimeError."""
        if self.at_ms < since_ms - self.skew_ms:
            msg = (
                f"{what} since {format_instant(from_epoch_ms(since_ms))}, but the scan says "
                f"{format_instant(from_epoch_ms(self.at_ms))}; check the reader's clock"
            )
            raise TimeError(msg)

    def existing(self, batches: Iterable[BatchId]) -> dict[BatchId, BatchState]:
        """The books of batches that must exist by now. Raises UnknownBatchError, TimeError."""
        wanted = list(batches)
        found = self.state.batches(wanted)
        for batch in wanted:
            if batch not in found:
                msg = f"{batch} was never harvested or sorted here; scan that first"
                raise UnknownBatchError(msg)
            self.check_after(found[batch].made_at_ms, f"{batch} exists")
        return found

    def harvested_mg(self, orchard: Orchard) -> int:
        """What an orchard has given so far in the season of this step."""
        calendar = self.park.calendar
        span = calendar.span(calendar.season_of(from_epoch_ms(self.at_ms)))
        return self.state.harvested_mg(orchard.id, *map(to_epoch_ms, span))

    def check_new(self, batches: Sequence[BatchId]) -> None:
        """Batches that are made must not exist. Raises BatchExistsError."""
        known = next(iter(self.state.batches(batches)), None)
        twice = next((batch for batch in batches if batches.count(batch) > 1), None)
        if known or twice:
            msg = f"{known or twice} exists already; a batch is made once, take a new lot number"
            raise BatchExistsError(msg)


def harvest(desk: Desk, scan: HarvestScan) -> None:
    """A batch comes into being at hand, as far as the orchard can bear it."""
    orchard = asset_at(desk.park, scan.asset, Orchard)
    product = check_harvest(desk.park, orchard, scan.batch)
    desk.check_new([scan.batch])
    qty_mg = to_mg(scan.qty_kg)
    check_yield(desk.harvested_mg(orchard), qty_mg, orchard.ceiling_kg, orchard.id)
    node = desk.state.add_node(
        NewNode(scan.batch.path, NodeKind.HARVEST, scan.asset, desk.at_ms, qty_mg)
    )
    batch = BatchState(node, scan.batch, desk.at_ms, desk.at_ms, desk.at_ms, qty_mg, qty_mg)
    desk.state.add_batches([NewBatch(batch, product, {scan.asset: 1.0})])
    desk.state.name([node])


def store_in(desk: Desk, scan: StoreInScan) -> None:
    """From hand into the room; a stay begins or grows."""
    batch = desk.existing([scan.batch])[scan.batch]
    booked_mg = batch.take_from_hand(to_mg(scan.qty_kg), desk.tolerance)
    batch.stored_mg += booked_mg
    desk.state.save([batch])
    stay = desk.state.open_stay(batch.node, scan.asset)
    if stay is None:
        desk.state.add_stay(batch.node, scan.asset, desk.at_ms, booked_mg)
    else:
        stay.since_ms = min(stay.since_ms, desk.at_ms)
        stay.qty_in_mg += booked_mg
        desk.state.save_stay(stay)
    desk.state.name([batch.node])


def store_out(desk: Desk, scan: StoreOutScan) -> None:
    """From the room to hand; what has dried up is booked as lost and the stay ends."""
    batch = desk.existing([scan.batch])[scan.batch]
    stay = desk.state.open_stay(batch.node, scan.asset)
    if stay is None:
        msg = f"no {scan.batch} lies in {scan.asset}; check the room and the number"
        raise NotEnoughMassError(msg)
    desk.check_after(stay.since_ms, f"{scan.batch} lies in {scan.asset}")
    what = f"{scan.batch} in {scan.asset}"
    booked_mg = take(to_mg(scan.qty_kg), stay.left_mg, desk.tolerance, what)
    stay.qty_out_mg += booked_mg
    if dried_up(stay.left_mg, stay.qty_in_mg, desk.tolerance):
        stay.lost_mg = stay.left_mg
        stay.until_ms = max(stay.since_ms, desk.at_ms)
    batch.stored_mg -= booked_mg + stay.lost_mg
    batch.at_hand_mg += booked_mg
    desk.state.save([batch])
    desk.state.save_stay(stay)
    _lose(desk, batch.node, stay.lost_mg, scan.asset)
    desk.state.name([batch.node])


def _lose(desk: Desk, source: int, qty_mg: int, place: str) -> None:
    if qty_mg:
        key = loss_key(desk.event_id)
        node = desk.state.add_node(NewNode(key, NodeKind.LOSS, place, desk.at_ms, qty_mg))
        desk.state.add_flows([(source, node, qty_mg)])


def sort(desk: Desk, scan: SortScan) -> None:
    """Batches at hand go into a run; new batches at hand and a loss come out of it."""
    claimed = _merged(scan.inputs)
    check_sort(desk.park, claimed, (each.batch for each in scan.outputs))
    inputs = desk.existing(claimed)
    made = [each.batch for each in scan.outputs]
    desk.check_new(made)
    taken = [
        (inputs[batch], inputs[batch].take_from_hand(qty_mg, desk.tolerance))
        for batch, qty_mg in claimed.items()
    ]
    booked_in_mg = sum(qty_mg for _, qty_mg in taken)
    booking = book_run(
        booked_in_mg,
        sum(claimed.values()),
        [to_mg(each.qty_kg) for each in scan.outputs],
        to_mg(scan.loss_kg),
        desk.tolerance,
    )
    run = desk.state.add_node(
        NewNode(run_key(desk.event_id), RUN, scan.asset, desk.at_ms, booked_in_mg)
    )
    desk.state.save(batch for batch, _ in taken)
    desk.state.add_flows((batch.node, run, qty_mg) for batch, qty_mg in taken)
    outputs = _make_outputs(
        desk, scan.asset, taken, dict(zip(made, booking.outputs_mg, strict=True))
    )
    desk.state.add_flows((run, batch.node, batch.qty_mg) for batch in outputs)
    _lose(desk, run, booking.loss_mg, scan.asset)
    desk.state.name([*(batch.node for batch, _ in taken), *(batch.node for batch in outputs)])


def _make_outputs(
    desk: Desk,
    line: str,
    taken: Sequence[tuple[BatchState, int]],
    made: Mapping[BatchId, int],
) -> list[BatchState]:
    products = {batch: product_of(desk.park, batch) for batch in made}
    nodes = desk.state.add_nodes(
        [
            NewNode(batch.path, _kind(products[batch]), line, desk.at_ms, qty_mg)
            for batch, qty_mg in made.items()
        ]
    )
    first_ms = min(batch.harvested_from_ms for batch, _ in taken)
    last_ms = max(batch.harvested_until_ms for batch, _ in taken)
    outputs = [
        BatchState(node, batch, desk.at_ms, first_ms, last_ms, qty_mg, qty_mg)
        for node, (batch, qty_mg) in zip(nodes, made.items(), strict=True)
    ]
    origins = _mixed_origins(desk.state, taken)
    desk.state.add_batches([NewBatch(each, products[each.batch], origins) for each in outputs])
    return outputs


def _kind(product: Product) -> NodeKind:
    return NodeKind.REJECT if product.grade == REJECT else NodeKind.BATCH


def _mixed_origins(state: State, taken: Sequence[tuple[BatchState, int]]) -> dict[str, float]:
    """Shares by orchard of what went into a run."""
    shares = state.origins([batch.node for batch, _ in taken])
    total_mg = sum(qty_mg for _, qty_mg in taken)
    mixed: dict[str, float] = {}
    for batch, qty_mg in taken:
        for orchard, share in shares[batch.node].items():
            mixed[orchard] = mixed.get(orchard, 0.0) + share * qty_mg / total_mg
    return mixed


def palletise(desk: Desk, scan: PalletiseScan) -> None:
    """From hand onto a new pallet."""
    if desk.state.pallets([scan.pallet]):
        msg = f"pallet {scan.pallet} has been packed already; take a new SSCC"
        raise PalletExistsError(msg)
    claimed = _merged(scan.contents)
    check_pallet(desk.park, claimed)
    batches = desk.existing(claimed)
    packed = {
        batch: batches[batch].take_from_hand(qty_mg, desk.tolerance)
        for batch, qty_mg in claimed.items()
    }
    for batch, qty_mg in packed.items():
        batches[batch].packed_mg += qty_mg
    desk.state.save(batches.values())
    key, total_mg = pallet_key(scan.pallet), sum(packed.values())
    node = desk.state.add_node(NewNode(key, NodeKind.PALLET, scan.asset, desk.at_ms, total_mg))
    desk.state.add_pallet(node, scan.pallet, desk.at_ms, scan.asset)
    desk.state.add_flows((batches[batch].node, node, qty_mg) for batch, qty_mg in packed.items())
    desk.state.name([node, *(batch.node for batch in batches.values())])


def _merged(quantities: Iterable[BatchQuantity]) -> dict[BatchId, int]:
    """Milligrams by batch; a batch named twice counts with the sum."""
    merged: dict[BatchId, int] = {}
    for each in quantities:
        merged[each.batch] = merged.get(each.batch, 0) + to_mg(each.qty_kg)
    return merged


def ship(desk: Desk, scan: ShipScan) -> None:
    """Pallets leave with a new shipment, or with one of that number that is being loaded."""
    asset_at(desk.park, scan.destination, Destination)
    if scan.reefer is not None:
        asset_at(desk.park, scan.reefer, Reefer)
    pallets = _pallets(desk, scan.pallets)
    for pallet in pallets:
        if pallet.shipment is not None:
            msg = f"pallet {pallet.sscc} has left with another scan; it can't leave twice"
            raise PalletGoneError(msg)
        desk.check_after(pallet.packed_at_ms, f"pallet {pallet.sscc} exists")
    shipment = _shipment(desk, scan)
    nodes = [pallet.node for pallet in pallets]
    desk.state.load(nodes, shipment, sum(pallet.qty_mg for pallet in pallets))
    desk.state.add_flows((pallet.node, shipment, pallet.qty_mg) for pallet in pallets)
    shipped = desk.state.batches_on(nodes)
    for batch, qty_mg in shipped:
        batch.packed_mg -= qty_mg
        batch.shipped_mg += qty_mg
    desk.state.save(batch for batch, _ in shipped)
    desk.state.reach(nodes, scan.destination)
    desk.state.name([*nodes, shipment])


def _pallets(desk: Desk, wanted: Iterable[str]) -> list[PalletState]:
    found = desk.state.pallets(list(wanted))
    for sscc in wanted:
        if sscc not in found:
            msg = f"pallet {sscc} was never packed here; scan palletise first"
            raise UnknownPalletError(msg)
    return list(found.values())


def _shipment(desk: Desk, scan: ShipScan) -> int:
    known = desk.state.shipment(scan.shipment)
    if known is None:
        node = desk.state.add_node(
            NewNode(shipment_key(scan.shipment), NodeKind.SHIPMENT, scan.destination, desk.at_ms, 0)
        )
        desk.state.add_shipment(
            ShipmentState(
                node, scan.shipment, scan.destination, scan.reefer, scan.asset, desk.at_ms, None
            )
        )
        return node
    same = (known.destination, known.reefer, known.packhouse) == (
        scan.destination,
        scan.reefer,
        scan.asset,
    )
    if not same or known.received_at_ms is not None:
        msg = (
            f"shipment {scan.shipment} from {known.packhouse} to {known.destination} exists "
            "already; add pallets to it before it arrives, or take a new number"
        )
        raise ShipmentExistsError(msg)
    return known.node


def receive(desk: Desk, scan: ReceiveScan) -> None:
    """Pallets of a shipment arrive; with the last of them the shipment has."""
    shipment = desk.state.shipment(scan.shipment)
    if shipment is None:
        raise UnknownShipmentError(f"no shipment {scan.shipment} has left; check the number")
    if shipment.destination != scan.asset:
        msg = f"shipment {scan.shipment} goes to {shipment.destination}, not to {scan.asset}"
        raise UnknownShipmentError(msg)
    desk.check_after(shipment.shipped_at_ms, f"shipment {scan.shipment} is on its way")
    expected = desk.state.pallets_of(shipment.node)
    for sscc in scan.pallets:
        if sscc not in expected:
            msg = f"pallet {sscc} isn't part of shipment {scan.shipment}"
            raise UnknownPalletError(msg)
        if expected[sscc].received_at_ms is not None:
            msg = f"pallet {sscc} has arrived already"
            raise PalletGoneError(msg)
    arrived = [expected[sscc].node for sscc in dict.fromkeys(scan.pallets)]
    desk.state.receive(arrived, desk.at_ms)
    waiting = [p for p in expected.values() if p.received_at_ms is None and p.node not in arrived]
    if not waiting:
        before = [p.received_at_ms for p in expected.values() if p.received_at_ms is not None]
        desk.state.complete(shipment.node, max([*before, desk.at_ms]))
    desk.state.name([*arrived, shipment.node])


BOOKKEEPERS: Mapping[Action, Callable[[Desk, Any], None]] = {
    Action.HARVEST: harvest,
    Action.STORE_IN: store_in,
    Action.STORE_OUT: store_out,
    Action.SORT: sort,
    Action.PALLETISE: palletise,
    Action.SHIP: ship,
    Action.RECEIVE: receive,
}
"""What to do for each step."""
