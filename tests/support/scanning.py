"""Scans of the small park for tests: each with an id of its own, an hour after the one before."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from park.assets import FIELD_RUN, Orchard, Park
from park.gs1 import BatchId, make_sscc
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

START = datetime(2026, 10, 1, tzinfo=UTC)
NOW = datetime(2027, 3, 1, tzinfo=UTC)
"""What the repository under test takes for now: after every scan."""

Masses = Mapping[BatchId, float]


class Scans:
    """Makes scans; any field can be given by name to overrule what it would be."""

    def __init__(self, park: Park) -> None:
        self.park = park
        self._made = 0

    def gtin(self, variety: str, grade: str) -> str:
        """The product of that variety and grade."""
        return next(
            product.gtin
            for product in self.park.products.values()
            if (product.variety, product.grade) == (variety, grade)
        )

    def lot(self, lot: str, grade: str = FIELD_RUN, orchard: str = "orchard-001") -> BatchId:
        """A batch of the orchard's variety."""
        asset = self.park.assets[orchard]
        assert isinstance(asset, Orchard)
        return BatchId(self.gtin(asset.variety, grade), lot)

    def pallet(self, serial: int) -> str:
        """A pallet's number."""
        return make_sscc(self.park.company_prefix, serial)

    def _common(self, asset: str, more: Mapping[str, Any]) -> dict[str, Any]:
        self._made += 1
        common = {
            "id": UUID(int=self._made),
            "ts": START + timedelta(hours=self._made),
            "asset": asset,
        }
        return {**common, **more}

    def harvest(
        self, batch: BatchId, qty_kg: float, orchard: str = "orchard-001", **more: object
    ) -> HarvestScan:
        """A harvest."""
        return HarvestScan(batch=batch, qty_kg=qty_kg, **self._common(orchard, more))

    def store_in(
        self, batch: BatchId, qty_kg: float, room: str = "room-0001", **more: object
    ) -> StoreInScan:
        """Into a room."""
        return StoreInScan(batch=batch, qty_kg=qty_kg, **self._common(room, more))

    def store_out(
        self, batch: BatchId, qty_kg: float, room: str = "room-0001", **more: object
    ) -> StoreOutScan:
        """Out of a room."""
        return StoreOutScan(batch=batch, qty_kg=qty_kg, **self._common(room, more))

    def sort(
        self, inputs: Masses, outputs: Masses, loss_kg: float = 0.0, **more: object
    ) -> SortScan:
        """A sorting run."""
        return SortScan(
            inputs=quantities(inputs),
            outputs=quantities(outputs),
            loss_kg=loss_kg,
            **self._common("line-01", more),
        )

    def palletise(self, pallet: str, contents: Masses, **more: object) -> PalletiseScan:
        """A pallet."""
        common = self._common("packhouse-01", more)
        return PalletiseScan(pallet=pallet, contents=quantities(contents), **common)

    def ship(self, shipment: str, *pallets: str, **more: Any) -> ShipScan:
        """A shipment to Thailand."""
        more.setdefault("destination", "destination-th")
        common = self._common("packhouse-01", more)
        return ShipScan(shipment=shipment, pallets=pallets, **common)

    def receive(self, shipment: str, *pallets: str, **more: object) -> ReceiveScan:
        """An arrival in Thailand."""
        common = self._common("destination-th", more)
        return ReceiveScan(shipment=shipment, pallets=pallets, **common)

    def of_every_step(self) -> dict[str, Scan]:
        """One scan of every step, by the step's name: a batch from the tree to Thailand."""
        raw, extra, rejects = self.lot("A/1"), self.lot("B", "extra"), self.lot("C", "reject")
        pallet = self.pallet(1)
        return {
            "harvest": self.harvest(raw, 1000.5),
            "store_in": self.store_in(raw, 1000),
            "store_out": self.store_out(raw, 999),
            "sort": self.sort({raw: 999}, {extra: 900, rejects: 80}, 19),
            "palletise": self.palletise(pallet, {extra: 900}),
            "ship": self.ship("S-1", pallet, reefer="reefer-001"),
            "receive": self.receive("S-1", pallet),
        }


def quantities(masses: Masses) -> tuple[BatchQuantity, ...]:
    """Masses as scans have them."""
    return tuple(BatchQuantity(batch=batch, qty_kg=qty_kg) for batch, qty_kg in masses.items())
