"""From a scan to its EPCIS event; pure. One scan is one event, and the event's id is the scan's.

Which business step (CBV 2.0, section 7.1) stands for which of ours, and why:

- harvest: `commissioning`, ADD. The lot's identifier is put on fruit for the first time, which is
  CBV's definition of commissioning for class-level identifiers.
- store_in and store_out: both `storing`, OBSERVE. CBV defines it as moving objects into and out
  of storage within a location. What tells them apart is where the fruit is afterwards, the
  business location: the room, or the centre around it. The read point is the room's door in
  both. `picking` would mean collecting for an order, `departing` leaving the site; neither is so.
- sort: a TransformationEvent, `commissioning`: the output lots are new identifiers.
- palletise: AggregationEvent ADD, `packing`.
- ship: `shipping`, disposition `in_transit`. There is no business location: fruit on the road is
  in none. The number of the shipment is a despatch advice.
- receive: `receiving`, at the destination.

Extensions, all in agripark's namespace: `step` (ours, as in the scan), `lossKg` of a sorting
run, `reefer` of a shipment. Quantities are those of the scan; what the books make of them (see
`books`) stands in the lineage, not in the event.
"""

from typing import Any

from park.assets import (
    Asset,
    Centre,
    ColdRoom,
    Destination,
    Orchard,
    Packhouse,
    Park,
    Reefer,
    SortingLine,
)
from park.gs1 import sscc_uri
from park.scans import (
    BatchQuantity,
    HarvestScan,
    PalletiseScan,
    ReceiveScan,
    Scan,
    ScanBase,
    ShipScan,
    SortScan,
    StoreInScan,
    StoreOutScan,
)
from park.times import format_instant
from traceability.epcis.contexts import GS1_PREFIXES, NAMESPACE
from traceability.epcis.model import (
    KILOGRAM,
    Action,
    AggregationEvent,
    AnyEvent,
    BusinessTransaction,
    ObjectEvent,
    Party,
    Place,
    Quantity,
    TransformationEvent,
)
from traceability.steps.checks import asset_at, check_harvest, check_pallet, check_sort, place_of

STEP = f"{NAMESPACE}step"
"""Which of our steps an event stands for."""
_MDA = GS1_PREFIXES["cbvmda"]

PARK_OFFSET = "+08:00"
"""China has one time zone; scans carry instants, not zones."""
ABROAD_OFFSET = "+00:00"
"""Where the zone isn't known, times are told in UTC."""


def event_id_of(scan: ScanBase) -> str:
    """The id of the one event that a scan makes."""
    return f"urn:uuid:{scan.id}"


def event_of(scan: Scan, park: Park) -> AnyEvent:
    """The event that a scan stands for.

    Raises UnknownPlaceError, UnknownProductError or WrongProductError where the park's definition
    says it can't be.
    """
    match scan:
        case HarvestScan():
            return _harvest(scan, park)
        case StoreInScan() | StoreOutScan():
            return _store(scan, park)
        case SortScan():
            return _sort(scan, park)
        case PalletiseScan():
            return _palletise(scan, park)
        case ShipScan():
            return _ship(scan, park)
        case ReceiveScan():
            return _receive(scan, park)


def _common(scan: Scan, biz_step: str, disposition: str, read_point: Asset) -> dict[str, Any]:
    return {
        "event_id": event_id_of(scan),
        "event_time": scan.ts,
        "event_time_zone_offset": (
            ABROAD_OFFSET if isinstance(read_point, Destination) else PARK_OFFSET
        ),
        "biz_step": biz_step,
        "disposition": disposition,
        "read_point": _place(read_point),
    }


def _place(asset: Asset) -> Place:
    return Place(place_of(asset).uri)


def _step(scan: Scan, **more: object) -> dict[str, Any]:
    named = {f"{NAMESPACE}{name}": value for name, value in more.items() if value is not None}
    return {STEP: scan.action.value, **named}


def _quantities(quantities: tuple[BatchQuantity, ...]) -> tuple[Quantity, ...]:
    return tuple(Quantity(each.batch.uri, each.qty_kg, KILOGRAM) for each in quantities)


def _harvest(scan: HarvestScan, park: Park) -> ObjectEvent:
    orchard = asset_at(park, scan.asset, Orchard)
    product = check_harvest(park, orchard, scan.batch)
    return ObjectEvent(
        **_common(scan, "commissioning", "active", orchard),
        action=Action.ADD,
        quantities=(Quantity(scan.batch.uri, scan.qty_kg, KILOGRAM),),
        biz_location=_place(orchard),
        ilmd={
            f"{_MDA}lotNumber": scan.batch.lot,
            f"{_MDA}harvestEndDate": format_instant(scan.ts)[:10],
            f"{NAMESPACE}variety": product.variety,
            f"{NAMESPACE}orchardRegistration": orchard.registration,
        },
        extensions=_step(scan),
    )


def _store(scan: StoreInScan | StoreOutScan, park: Park) -> ObjectEvent:
    room = asset_at(park, scan.asset, ColdRoom)
    centre = park.ancestor(room, Centre)
    outside = room if centre is None or isinstance(scan, StoreInScan) else centre
    return ObjectEvent(
        **_common(scan, "storing", "in_progress", room),
        action=Action.OBSERVE,
        quantities=(Quantity(scan.batch.uri, scan.qty_kg, KILOGRAM),),
        biz_location=_place(outside),
        extensions=_step(scan),
    )


def _sort(scan: SortScan, park: Park) -> TransformationEvent:
    line = asset_at(park, scan.asset, SortingLine)
    check_sort(park, (each.batch for each in scan.inputs), (each.batch for each in scan.outputs))
    return TransformationEvent(
        **_common(scan, "commissioning", "in_progress", line),
        input_quantities=_quantities(scan.inputs),
        output_quantities=_quantities(scan.outputs),
        biz_location=_place(line),
        extensions=_step(scan, lossKg=scan.loss_kg or None),
    )


def _palletise(scan: PalletiseScan, park: Park) -> AggregationEvent:
    packhouse = asset_at(park, scan.asset, Packhouse)
    check_pallet(park, (each.batch for each in scan.contents))
    return AggregationEvent(
        **_common(scan, "packing", "in_progress", packhouse),
        action=Action.ADD,
        parent=sscc_uri(scan.pallet),
        child_quantities=_quantities(scan.contents),
        biz_location=_place(packhouse),
        extensions=_step(scan),
    )


def _despatch_advice(park: Park, shipment: str) -> BusinessTransaction:
    issuer = place_of(park.site).gln
    return BusinessTransaction(f"urn:epcglobal:cbv:bt:{issuer}:{shipment}", "desadv")


def _pallet_uris(pallets: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sscc_uri(pallet) for pallet in pallets))


def _ship(scan: ShipScan, park: Park) -> ObjectEvent:
    packhouse = asset_at(park, scan.asset, Packhouse)
    destination = asset_at(park, scan.destination, Destination)
    if scan.reefer is not None:
        asset_at(park, scan.reefer, Reefer)
    return ObjectEvent(
        **_common(scan, "shipping", "in_transit", packhouse),
        action=Action.OBSERVE,
        epcs=_pallet_uris(scan.pallets),
        biz_transactions=(_despatch_advice(park, scan.shipment),),
        sources=(Party("location", place_of(packhouse).uri),),
        destinations=(Party("location", place_of(destination).uri),),
        extensions=_step(scan, reefer=scan.reefer),
    )


def _receive(scan: ReceiveScan, park: Park) -> ObjectEvent:
    destination = asset_at(park, scan.asset, Destination)
    return ObjectEvent(
        **_common(scan, "receiving", "in_progress", destination),
        action=Action.OBSERVE,
        epcs=_pallet_uris(scan.pallets),
        biz_location=_place(destination),
        biz_transactions=(_despatch_advice(park, scan.shipment),),
        extensions=_step(scan),
    )
