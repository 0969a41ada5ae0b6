"""What really happens in a simulated season, told without scans or telemetry.

Tests and the summary compare what agripark says with these records. Times are epoch
milliseconds, masses whole kilograms, so that sums are exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from park.gs1 import BatchId


@dataclass(frozen=True, slots=True)
class Amount:
    """So many kilograms of a batch."""

    batch: BatchId
    qty_kg: int


@dataclass(frozen=True, slots=True)
class Harvest:
    """A batch picked in an orchard."""

    batch: BatchId
    orchard: str
    at_ms: int
    qty_kg: int


@dataclass(frozen=True, slots=True)
class Stay:
    """Fruit that lies in a cold room; `out_ms` is None where it lies there to the end."""

    batch: BatchId
    room: str
    qty_kg: int
    in_ms: int
    out_ms: int | None


@dataclass(frozen=True, slots=True)
class SortingRun:
    """One run of a line: inputs weigh as much as outputs and loss."""

    line: str
    variety: str
    start_ms: int
    end_ms: int
    inputs: tuple[Amount, ...]
    outputs: tuple[Amount, ...]
    """Graded batches, the rejects last."""
    loss_kg: int

    @property
    def input_kg(self) -> int:
        """Mass that went in."""
        return sum(amount.qty_kg for amount in self.inputs)

    @property
    def reject_kg(self) -> int:
        """Mass of the rejects."""
        return self.outputs[-1].qty_kg


@dataclass(frozen=True, slots=True)
class Pallet:
    """Cartons on a pallet."""

    sscc: str
    packhouse: str
    at_ms: int
    contents: tuple[Amount, ...]

    @property
    def qty_kg(self) -> int:
        """Mass of the fruit on it."""
        return sum(amount.qty_kg for amount in self.contents)


@dataclass(frozen=True, slots=True)
class Shipment:
    """Pallets on their way to a destination."""

    number: str
    packhouse: str
    destination: str
    reefer: str | None
    setpoint_c: float
    crop: str
    variety: str
    pallets: tuple[str, ...]
    ship_ms: int
    arrive_ms: int
    received: bool
    """Whether its arrival was scanned."""


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything that happens to fruit in a season, each list in the order of time."""

    harvests: Sequence[Harvest]
    stays: Sequence[Stay]
    runs: Sequence[SortingRun]
    pallets: Sequence[Pallet]
    shipments: Sequence[Shipment]

    def destinations(self) -> set[str]:
        """Asset ids of every destination that a shipment went to."""
        return {shipment.destination for shipment in self.shipments}

    def shipped_to(self, destination: str) -> set[BatchId]:
        """The batches on the pallets that went there."""
        pallets = {
            sscc
            for shipment in self.shipments
            if shipment.destination == destination
            for sscc in shipment.pallets
        }
        return {
            amount.batch
            for pallet in self.pallets
            if pallet.sscc in pallets
            for amount in pallet.contents
        }

    def in_stock(self) -> dict[BatchId, int]:
        """Kilograms that lie in a cold room to the end, by batch."""
        stock: dict[BatchId, int] = {}
        for stay in self.stays:
            if stay.out_ms is None:
                stock[stay.batch] = stock.get(stay.batch, 0) + stay.qty_kg
        return stock
