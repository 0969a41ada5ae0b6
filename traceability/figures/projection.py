"""Figures that follow the steps of the park, one after the other in the order of their capture.

Pure: the same steps give the same figures. Each step gives the points that it changes, at the
step's own time, so that charts of the past are right as well. A step that was taken out of the
books changes nothing; its points say so, in place of those that it may have had before.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from park.assets import ColdRoom, Park
from park.gs1 import BatchId, parse_batch
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
from park.telemetry import EXPORT, MILESTONE, OUTPUT, STOCK, TAKEN_BACK
from park.times import to_epoch_ms

_DAY_MS = 86_400_000
_KG_PER_T = 1000
_CRUMB_KG = 0.001
"""Less than this is the rounding of sums, not fruit."""
_SHOWN_LOTS = 5
_SPREAD_MS = 10
"""Steps of one place and instant are set apart by less than this."""

Fields = Mapping[str, float | int | str]


class Step(NamedTuple):
    """An event, as far as figures follow from it."""

    seq: int
    scan: Scan | None
    """None where it is no step of the park."""
    counts: bool = True
    """False for a step that was declared wrong and is not in the books."""
    takes_back: int | None = None
    """The number of the step that this event took out of the books."""


class Point(NamedTuple):
    """Figures of an asset at an instant; `kind` is one of the telemetry table's."""

    kind: str
    asset: str
    time_ms: int
    fields: Fields


@dataclass(slots=True)
class Lot:
    """A batch in a room."""

    mass_kg: float
    since_ms: int


@dataclass(slots=True)
class Exports:
    """What went to a destination."""

    in_transit_kg: float = 0.0
    in_transit_shipments: int = 0
    arrived_kg: float = 0.0
    shipments: int = 0


@dataclass(slots=True)
class Figures:
    """How things stand after the first `seq` events."""

    seq: int = 0
    rooms: dict[str, dict[str, Lot]] = field(default_factory=dict)
    """Lots by room and batch, the batch as `01/{gtin}/10/{lot}`."""
    exports: dict[str, Exports] = field(default_factory=dict)
    under_way: dict[str, list[str]] = field(default_factory=dict)
    """Pallets that didn't arrive yet, by shipment."""
    destinations: dict[str, str] = field(default_factory=dict)
    """Where each shipment under way goes."""
    pallets: dict[str, float] = field(default_factory=dict)
    """Kilograms of each pallet that didn't arrive yet."""
    packed_kg: dict[str, float] = field(default_factory=dict)
    """By grade."""
    left_out: set[int] = field(default_factory=set)
    """Numbers of the steps that don't count."""


def advance(figures: Figures, steps: Sequence[Step], park: Park) -> list[Point]:
    """Take steps in; the points that they give."""
    points = [
        point
        for step in steps
        if step.scan is not None
        for point in _take(figures, step, step.scan, park)
    ]
    if steps:
        figures.seq = steps[-1].seq
    return points


def counts_too_much(figures: Figures, steps: Sequence[Step]) -> bool:
    """Whether figures, these steps in them, count a step that one of these took back."""
    return any(
        step.takes_back is not None
        and step.takes_back < step.seq
        and step.takes_back not in figures.left_out
        for step in steps
    )


def standing(figures: Figures, park: Park, now_ms: int) -> Iterator[Point]:
    """Everything as it stands now, for charts that look at the last hours only."""
    for room in figures.rooms:
        yield _stock(figures, room, now_ms, park)
    for destination in figures.exports:
        yield _export(figures, destination, now_ms)
    for grade in figures.packed_kg:
        yield _output(figures, grade, now_ms)


def later(point: Point, time_ms: int) -> Point:
    """The same figures at a later instant, where nothing happened meanwhile."""
    fields = dict(point.fields)
    if fields.get("lots"):
        longest_days = float(fields["longest_days"])
        fields["longest_days"] = longest_days + (time_ms - point.time_ms) / _DAY_MS
    return point._replace(time_ms=time_ms, fields=fields)


def _take(figures: Figures, step: Step, scan: Scan, park: Park) -> Iterator[Point]:
    time_ms = to_epoch_ms(scan.ts)
    if step.counts:
        _count(figures, scan, time_ms, park)
    else:
        figures.left_out.add(step.seq)
    match scan:
        case StoreInScan() | StoreOutScan():
            yield _stock(figures, scan.asset, time_ms, park)
        case PalletiseScan():
            for grade in dict.fromkeys(grade for grade, _ in _packed(scan, park)):
                yield _output(figures, grade, time_ms)
        case ShipScan():
            yield _export(figures, scan.destination, time_ms)
        case ReceiveScan():
            yield _export(figures, scan.asset, time_ms)
        case _:
            pass
    stone_ms = time_ms + step.seq % _SPREAD_MS
    if step.counts:
        yield _milestone(figures, scan, stone_ms)
    else:
        yield Point(MILESTONE.name, scan.asset, stone_ms, {"step": TAKEN_BACK, "mass_kg": 0.0})


def _count(figures: Figures, scan: Scan, time_ms: int, park: Park) -> None:
    match scan:
        case StoreInScan():
            _put(figures, scan.asset, scan.batch, scan.qty_kg, time_ms)
        case StoreOutScan():
            _put(figures, scan.asset, scan.batch, -scan.qty_kg, time_ms)
        case PalletiseScan():
            figures.pallets[scan.pallet] = sum(each.qty_kg for each in scan.contents)
            for grade, mass_kg in _packed(scan, park):
                figures.packed_kg[grade] = figures.packed_kg.get(grade, 0.0) + mass_kg
        case ShipScan():
            _ship(figures, scan)
        case ReceiveScan():
            _receive(figures, scan)
        case _:
            pass


def _put(figures: Figures, room: str, batch: BatchId, mass_kg: float, time_ms: int) -> None:
    lots = figures.rooms.setdefault(room, {})
    lot = lots.setdefault(batch.path, Lot(0.0, time_ms))
    lot.mass_kg += mass_kg
    if lot.mass_kg < _CRUMB_KG:
        del lots[batch.path]


def _packed(scan: PalletiseScan, park: Park) -> Iterator[tuple[str, float]]:
    """What is on a pallet, as grades and kilograms."""
    for each in scan.contents:
        product = park.products.get(each.batch.gtin)
        if product is not None:
            yield product.grade, each.qty_kg


def _ship(figures: Figures, scan: ShipScan) -> None:
    exports = figures.exports.setdefault(scan.destination, Exports())
    if scan.shipment not in figures.under_way:
        exports.shipments += 1
        exports.in_transit_shipments += 1
    figures.destinations[scan.shipment] = scan.destination
    figures.under_way.setdefault(scan.shipment, []).extend(scan.pallets)
    exports.in_transit_kg += sum(figures.pallets.get(sscc, 0.0) for sscc in scan.pallets)


def _receive(figures: Figures, scan: ReceiveScan) -> None:
    exports = figures.exports.setdefault(scan.asset, Exports())
    arrived_kg = sum(figures.pallets.pop(sscc, 0.0) for sscc in scan.pallets)
    exports.in_transit_kg = max(0.0, exports.in_transit_kg - arrived_kg)
    exports.arrived_kg += arrived_kg
    left = [sscc for sscc in figures.under_way.get(scan.shipment, ()) if sscc not in scan.pallets]
    if left:
        figures.under_way[scan.shipment] = left
    elif figures.under_way.pop(scan.shipment, None) is not None:
        exports.in_transit_shipments -= 1
        figures.destinations.pop(scan.shipment, None)


def _stock(figures: Figures, room: str, time_ms: int, park: Park) -> Point:
    lots = figures.rooms.setdefault(room, {})
    largest = sorted(lots, key=lambda batch: -lots[batch].mass_kg)
    shown = [f"{parse_batch(batch).lot} {lots[batch].mass_kg:.0f} kg" for batch in largest]
    more = len(shown) - _SHOWN_LOTS
    fields: dict[str, float | int | str] = {
        "stock_kg": round(sum(lot.mass_kg for lot in lots.values()), 3),
        "lots": len(lots),
        "longest_days": max(
            ((time_ms - lot.since_ms) / _DAY_MS for lot in lots.values()), default=0.0
        ),
        "lots_text": ", ".join(shown[:_SHOWN_LOTS]) + (f", +{more}" if more > 0 else ""),
    }
    asset = park.assets.get(room)
    if isinstance(asset, ColdRoom):
        fields["capacity_kg"] = asset.capacity_t * _KG_PER_T
    return Point(STOCK.name, room, time_ms, fields)


def _export(figures: Figures, destination: str, time_ms: int) -> Point:
    exports = figures.exports.setdefault(destination, Exports())
    fields: dict[str, float | int | str] = {
        "in_transit_kg": round(exports.in_transit_kg, 3),
        "in_transit_shipments": exports.in_transit_shipments,
        "arrived_kg": round(exports.arrived_kg, 3),
        "shipments": exports.shipments,
    }
    return Point(EXPORT.name, destination, time_ms, fields)


def _output(figures: Figures, grade: str, time_ms: int) -> Point:
    packed_kg = figures.packed_kg.setdefault(grade, 0.0)
    return Point(OUTPUT.name, grade, time_ms, {"packed_kg": round(packed_kg, 3)})


def _milestone(figures: Figures, scan: Scan, time_ms: int) -> Point:
    fields: dict[str, float | int | str] = {"step": scan.action.value}
    match scan:
        case HarvestScan() | StoreInScan() | StoreOutScan():
            fields |= {"mass_kg": float(scan.qty_kg), "batch": scan.batch.path}
        case SortScan():
            fields["mass_kg"] = float(sum(each.qty_kg for each in scan.outputs))
            fields["batch"] = _first(scan.outputs)
        case PalletiseScan():
            fields["mass_kg"] = float(sum(each.qty_kg for each in scan.contents))
            fields["batch"] = _first(scan.contents)
        case ShipScan():
            fields["mass_kg"] = float(sum(figures.pallets.get(sscc, 0.0) for sscc in scan.pallets))
            fields["destination"] = scan.destination
        case ReceiveScan():
            fields["destination"] = scan.asset
    return Point(MILESTONE.name, scan.asset, time_ms, fields)


def _first(contents: Sequence[BatchQuantity]) -> str:
    return max(contents, key=lambda each: each.qty_kg).batch.path
