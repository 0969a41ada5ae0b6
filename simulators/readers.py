"""The readers of the park: what happens to fruit, told in scans.

Each step becomes one scan with a UUIDv7 of its time. Arrivals are scanned by handhelds overseas,
which speak HTTP; all other readers speak MQTT.
"""

from random import Random

from park.scans import (
    BatchQuantity,
    HarvestScan,
    PalletiseScan,
    ReceiveScan,
    Scan,
    ShipScan,
    SortScan,
    StoreInScan,
    StoreOutScan,
)
from park.times import from_epoch_ms
from simulators.seeds import uuid7
from simulators.truth import Amount, Harvest, Pallet, Shipment, SortingRun, Stay, Truth


def scans_of(truth: Truth, rng: Random) -> list[Scan]:
    """Every scan of a season in the order of time."""
    told: list[Scan] = [
        *(_harvest(harvest, rng) for harvest in truth.harvests),
        *(_store_in(stay, rng) for stay in truth.stays),
        *(_store_out(stay, stay.out_ms, rng) for stay in truth.stays if stay.out_ms is not None),
        *(_sort(run, rng) for run in truth.runs),
        *(_palletise(pallet, rng) for pallet in truth.pallets),
        *(_ship(shipment, rng) for shipment in truth.shipments),
        *(_receive(shipment, rng) for shipment in truth.shipments if shipment.received),
    ]
    return sorted(told, key=lambda scan: (scan.ts, scan.id))


def _quantities(amounts: tuple[Amount, ...]) -> tuple[BatchQuantity, ...]:
    return tuple(BatchQuantity(batch=a.batch, qty_kg=float(a.qty_kg)) for a in amounts)


def _harvest(harvest: Harvest, rng: Random) -> HarvestScan:
    return HarvestScan(
        id=uuid7(harvest.at_ms, rng),
        ts=from_epoch_ms(harvest.at_ms),
        asset=harvest.orchard,
        batch=harvest.batch,
        qty_kg=float(harvest.qty_kg),
    )


def _store_in(stay: Stay, rng: Random) -> StoreInScan:
    return StoreInScan(
        id=uuid7(stay.in_ms, rng),
        ts=from_epoch_ms(stay.in_ms),
        asset=stay.room,
        batch=stay.batch,
        qty_kg=float(stay.qty_kg),
    )


def _store_out(stay: Stay, out_ms: int, rng: Random) -> StoreOutScan:
    return StoreOutScan(
        id=uuid7(out_ms, rng),
        ts=from_epoch_ms(out_ms),
        asset=stay.room,
        batch=stay.batch,
        qty_kg=float(stay.qty_kg),
    )


def _sort(run: SortingRun, rng: Random) -> SortScan:
    return SortScan(
        id=uuid7(run.end_ms, rng),
        ts=from_epoch_ms(run.end_ms),
        asset=run.line,
        inputs=_quantities(run.inputs),
        outputs=_quantities(run.outputs),
        loss_kg=float(run.loss_kg),
    )


def _palletise(pallet: Pallet, rng: Random) -> PalletiseScan:
    return PalletiseScan(
        id=uuid7(pallet.at_ms, rng),
        ts=from_epoch_ms(pallet.at_ms),
        asset=pallet.packhouse,
        pallet=pallet.sscc,
        contents=_quantities(pallet.contents),
    )


def _ship(shipment: Shipment, rng: Random) -> ShipScan:
    return ShipScan(
        id=uuid7(shipment.ship_ms, rng),
        ts=from_epoch_ms(shipment.ship_ms),
        asset=shipment.packhouse,
        shipment=shipment.number,
        pallets=shipment.pallets,
        destination=shipment.destination,
        reefer=shipment.reefer,
    )


def _receive(shipment: Shipment, rng: Random) -> ReceiveScan:
    return ReceiveScan(
        id=uuid7(shipment.arrive_ms, rng),
        ts=from_epoch_ms(shipment.arrive_ms),
        asset=shipment.destination,
        shipment=shipment.number,
        pallets=shipment.pallets,
    )
