"""What traceability answers: plain values about batches, pallets, shipments and lineage."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from park.gs1 import BatchId

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list; `next_token` is None on the last."""

    items: Sequence[T]
    next_token: str | None


@dataclass(frozen=True, slots=True)
class Captured:
    """What became of a scan or document: its event; `new` is False where it was known already."""

    event_id: str
    new: bool


@dataclass(frozen=True, slots=True)
class EventFinding:
    """What is odd about an event that was stored all the same."""

    event_id: str
    code: str
    path: str
    detail: str


@dataclass(frozen=True, slots=True)
class Refused:
    """An event of a document that was left out, and why."""

    path: str
    """Where it stands in the document."""
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Mass of a batch that came from one orchard."""

    orchard: str
    qty_kg: float


class BatchStatus(StrEnum):
    """Where a batch is on its way."""

    IN_STOCK = "in_stock"
    """At least some of it lies in the park."""
    USED = "used"
    """All of it went into a sorting run or was lost."""
    PACKED = "packed"
    """All that is left is on pallets that haven't left."""
    SHIPPED = "shipped"
    """All that is left is on its way or arrived."""


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """A batch in a list of batches."""

    batch: BatchId
    product: str
    """Product name in English."""
    variety: str
    grade: str
    made_at: datetime
    """Harvest for field-run fruit, sorting for graded fruit."""
    harvested_from: datetime
    """The earliest harvest in it."""
    harvested_until: datetime
    """The latest harvest in it."""
    qty_kg: float
    """Mass when it was made."""
    status: BatchStatus
    orchards: Sequence[str]
    destinations: Sequence[str]
    """Asset ids of destinations that it, or something made of it, was shipped to."""


@dataclass(frozen=True, slots=True)
class Stay:
    """A batch's time in a cold room; `until` is None while any of it lies there."""

    batch: BatchId
    room: str
    since: datetime
    until: datetime | None
    qty_in_kg: float
    qty_out_kg: float


@dataclass(frozen=True, slots=True)
class SortingRun:
    """A sorting run that made or used a batch."""

    event_id: str
    line: str
    at: datetime
    inputs: Sequence[tuple[BatchId, float]]
    outputs: Sequence[tuple[BatchId, float]]
    loss_kg: float


@dataclass(frozen=True, slots=True)
class Shipment:
    """Pallets on their way to a destination."""

    shipment: str
    destination: str
    reefer: str | None
    shipped_from: str
    shipped_at: datetime
    received_at: datetime | None
    """When the last of its pallets arrived; None while any is on its way."""
    pallets: Sequence[str]
    qty_kg: float


@dataclass(frozen=True, slots=True)
class PalletContent:
    """So much of a batch on a pallet."""

    batch: BatchId
    qty_kg: float


@dataclass(frozen=True, slots=True)
class Pallet:
    """A pallet, what is on it and where it went."""

    sscc: str
    packed_at: datetime
    packed_by: str
    """Asset id of the packhouse."""
    contents: Sequence[PalletContent]
    shipment: str | None


@dataclass(frozen=True, slots=True)
class BatchHistory:
    """Everything known about one batch, ancestors' stays and runs included."""

    summary: BatchSummary
    origins: Sequence[Origin]
    stays: Sequence[Stay]
    """Of the batch and of every batch that went into it, oldest first."""
    runs: Sequence[SortingRun]
    """That made the batch or an ancestor, oldest first."""
    pallets: Sequence[Pallet]
    """That hold the batch or, for fruit that was sorted, what became of it."""
    shipments: Sequence[Shipment]
    events: Sequence[str]
    """Ids of the events that name the batch itself, oldest first."""
    in_stock_kg: float
    """Of this batch, not yet sorted, packed or lost."""


class NodeKind(StrEnum):
    """What a node of a trace is."""

    HARVEST = "harvest"
    """A field-run batch; `place` is its orchard."""
    BATCH = "batch"
    """A sorted batch; `place` is the line."""
    PALLET = "pallet"
    SHIPMENT = "shipment"
    """`place` is the destination."""
    STOCK = "stock"
    """An end: mass of a batch that still lies in the park."""
    REJECT = "reject"
    """An end: a batch of rejects; `place` is the line."""
    LOSS = "loss"
    """An end: mass that came out of a sorting run as no batch."""


@dataclass(frozen=True, slots=True)
class TraceNode:
    """A thing in a trace and how much of the traced mass it holds."""

    id: str
    """`01/…/10/…`, `00/{sscc}`, `shipment/{number}`, `stock/01/…` or `loss/{event id}`."""
    kind: NodeKind
    place: str | None
    at: datetime
    """When it came into being."""
    qty_kg: float
    """Traced mass in it, not its whole mass."""


@dataclass(frozen=True, slots=True)
class TraceEdge:
    """Traced mass that went from one node into another in one event, in the fruit's direction."""

    source: str
    target: str
    qty_kg: float
    event_id: str | None


@dataclass(frozen=True, slots=True)
class Trace:
    """A lineage from one node, back to orchards or forward to destinations, stock and rejects.

    Backward, the ends are harvests. Forward, the ends are shipments, pallets that haven't left,
    stock, rejects and losses, and their masses sum to the root's.
    """

    root: str
    nodes: Sequence[TraceNode]
    """In the fruit's direction: no edge points backwards."""
    edges: Sequence[TraceEdge]
    ends: Sequence[TraceNode]
    """The nodes where the trace stops."""


@dataclass(frozen=True, slots=True)
class Totals:
    """How much is in the repository."""

    events: int
    batches: int
    pallets: int
    shipments: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchQuery:
    """Which batches to list; every criterion that isn't None must hold."""

    number: str | None = None
    """Part of a lot number (case doesn't matter), a whole GTIN, or a batch in any form."""
    orchard: str | None = None
    """Asset id of an orchard that some of it came from."""
    destination: str | None = None
    """Asset id or ISO country code of a destination that some of it went to."""
    harvested_from: datetime | None = None
    """Some of it was harvested at this time or later."""
    harvested_until: datetime | None = None
    """Some of it was harvested at this time or earlier."""
    variety: str | None = None
    grade: str | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the database answers, what it is, and what is wrong where it doesn't."""

    ok: bool
    version: str
    detail: str = ""
