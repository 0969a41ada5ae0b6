"""What the books hold beside masses of batches: what is new in them, stays, pallets, shipments."""

from collections.abc import Mapping
from dataclasses import dataclass

from park.assets import Product
from traceability.books.rules import BatchState


@dataclass(frozen=True, slots=True)
class NewNode:
    """A node that comes into being."""

    key: str
    kind: str
    place: str | None
    at_ms: int
    qty_mg: int


@dataclass(frozen=True, slots=True)
class NewBatch:
    """What the tables say about a batch beside its masses."""

    state: BatchState
    product: Product
    origins: Mapping[str, float]
    """Share by orchard."""


@dataclass(slots=True)
class StayState:
    """A batch's stay in a room."""

    id: int
    since_ms: int
    qty_in_mg: int
    qty_out_mg: int
    lost_mg: int
    until_ms: int | None
    """None while it hasn't ended."""

    @property
    def left_mg(self) -> int:
        """Mass still in the room."""
        return self.qty_in_mg - self.qty_out_mg - self.lost_mg


@dataclass(frozen=True, slots=True)
class PalletState:
    """A pallet."""

    node: int
    sscc: str
    packed_at_ms: int
    qty_mg: int
    shipment: int | None
    received_at_ms: int | None


@dataclass(frozen=True, slots=True)
class ShipmentState:
    """A shipment."""

    node: int
    number: str
    destination: str
    reefer: str | None
    packhouse: str
    shipped_at_ms: int
    received_at_ms: int | None
