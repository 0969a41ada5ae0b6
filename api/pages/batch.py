"""What the page of a batch shows, gathered from its history, lineage and climates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from api.climate import Climate, Climates, ClimateStatus, Figures, joined
from api.pages import journey
from api.pages.chart import Chart, draw
from api.pages.formats import Formats
from api.pages.names import Names
from park.assets import Orchard, Park, Reefer, Township
from park.gs1 import BatchId, parse_batch
from traceability.views import BatchHistory, NodeKind, Shipment, Stay, Trace, TraceNode


@dataclass(frozen=True, slots=True)
class HarvestRow:
    """One harvest that went into the batch."""

    batch: BatchId
    orchard: str
    name: str
    registration: str
    grower: str
    township: str
    at: datetime
    qty_kg: float


@dataclass(frozen=True, slots=True)
class StayRow:
    """One stay in a cold room and its climate."""

    batch: BatchId
    since: datetime
    until: datetime | None
    length: timedelta
    qty_kg: float
    climate: Climate


@dataclass(frozen=True, slots=True)
class RoomVisit:
    """Stays in one room that overlap in time, and one chart of them all."""

    room: str
    name: str
    stays: Sequence[StayRow]
    climate: Climate
    """Over all of them."""
    chart: Chart | None


@dataclass(frozen=True, slots=True)
class FruitRow:
    """Mass of a batch on one side of a sorting run."""

    batch: BatchId
    product: str
    qty_kg: float
    is_this: bool


@dataclass(frozen=True, slots=True)
class RunRow:
    """One sorting run."""

    name: str
    at: datetime
    inputs: Sequence[FruitRow]
    outputs: Sequence[FruitRow]
    loss_kg: float
    input_kg: float


@dataclass(frozen=True, slots=True)
class Storage:
    """Cold storage in one line: over all stays."""

    first: datetime
    last: datetime
    air: Figures | None


@dataclass(frozen=True, slots=True)
class ShipmentRow:
    """One shipment."""

    shipment: Shipment
    destination: str
    from_name: str
    container: str | None


@dataclass(frozen=True, slots=True)
class BatchPage:
    """Everything that the template shows."""

    history: BatchHistory
    product: str
    harvests: Sequence[HarvestRow]
    visits: Sequence[RoomVisit]
    storage: Storage | None
    runs: Sequence[RunRow]
    shipments: Sequence[ShipmentRow]
    journey: Sequence[journey.Entry]


def batch_page(
    history: BatchHistory, origin: Trace, climates: Climates, park: Park, formats: Formats
) -> BatchPage:
    """The page of a batch; `origin` is its backward trace."""
    names = Names(park, formats)
    harvests = [node for node in origin.nodes if node.kind is NodeKind.HARVEST]
    visits = _visits(history.stays, climates, names, formats)
    return BatchPage(
        history=history,
        product=names.product(history.summary.batch.gtin),
        harvests=[row for node in harvests if (row := _harvest(node, park, names)) is not None],
        visits=visits,
        storage=_storage(visits),
        runs=_runs(history, names),
        shipments=[_shipment(shipment, park, names) for shipment in history.shipments],
        journey=journey.entries(history, harvests, formats),
    )


def _harvest(node: TraceNode, park: Park, names: Names) -> HarvestRow | None:
    if node.place is None:
        return None
    asset = park.assets.get(node.place)
    orchard = asset if isinstance(asset, Orchard) else None
    township = None if orchard is None else park.ancestor(orchard, Township)
    return HarvestRow(
        batch=parse_batch(node.id),
        orchard=node.place,
        name=names.asset(node.place),
        registration="" if orchard is None else orchard.registration,
        grower="" if orchard is None else names.asset(orchard.grower),
        township="" if township is None else names.asset(township.id),
        at=node.at,
        qty_kg=node.qty_kg,
    )


def _visits(
    stays: Sequence[Stay], climates: Climates, names: Names, formats: Formats
) -> Sequence[RoomVisit]:
    """The stays by room, those of one room that overlap together, oldest first."""
    groups: list[list[Stay]] = []
    for stay in sorted(stays, key=lambda stay: (stay.room, stay.since)):
        last = groups[-1] if groups else []
        if last and last[0].room == stay.room and any(_reaches(old, stay.since) for old in last):
            last.append(stay)
        else:
            groups.append([stay])
    groups.sort(key=lambda group: group[0].since)
    return [_visit(group, climates, names, formats) for group in groups]


def _reaches(stay: Stay, time: datetime) -> bool:
    return stay.until is None or stay.until >= time


def _visit(stays: Sequence[Stay], climates: Climates, names: Names, formats: Formats) -> RoomVisit:
    room, since = stays[0].room, stays[0].since
    ends = [stay.until for stay in stays]
    until = None if None in ends else max(end for end in ends if end is not None)
    climate = climates.over(room, since, until)
    measured = climate.status is ClimateStatus.MEASURED
    return RoomVisit(
        room=room,
        name=names.asset(room),
        stays=[_stay(stay, climates.of(stay)) for stay in stays],
        climate=climate,
        chart=draw(climate, since, formats) if measured else None,
    )


def _stay(stay: Stay, climate: Climate) -> StayRow:
    return StayRow(
        batch=stay.batch,
        since=stay.since,
        until=stay.until,
        length=climate.until - stay.since,
        qty_kg=stay.qty_in_kg,
        climate=climate,
    )


def _storage(visits: Sequence[RoomVisit]) -> Storage | None:
    if not visits:
        return None
    return Storage(
        first=min(visit.stays[0].since for visit in visits),
        last=max(visit.climate.until for visit in visits),
        air=joined(visit.climate.air for visit in visits),
    )


def _runs(history: BatchHistory, names: Names) -> Sequence[RunRow]:
    this = history.summary.batch

    def rows(side: Sequence[tuple[BatchId, float]]) -> list[FruitRow]:
        return [
            FruitRow(batch, names.product(batch.gtin), mass, batch == this) for batch, mass in side
        ]

    return [
        RunRow(
            name=names.asset(run.line),
            at=run.at,
            inputs=rows(run.inputs),
            outputs=rows(run.outputs),
            loss_kg=run.loss_kg,
            input_kg=sum(mass for _, mass in run.inputs),
        )
        for run in history.runs
    ]


def _shipment(shipment: Shipment, park: Park, names: Names) -> ShipmentRow:
    reefer = None if shipment.reefer is None else park.assets.get(shipment.reefer)
    return ShipmentRow(
        shipment=shipment,
        destination=names.asset(shipment.destination),
        from_name=names.asset(shipment.shipped_from),
        container=reefer.container_number if isinstance(reefer, Reefer) else shipment.reefer,
    )
