"""Which step of our own park an event stands for: the way back from `to_events`. Pure.

A partner, a handheld of another make or an import may report our steps as EPCIS events instead of
scans. Such an event passes the books like the scan it stands for. It is known by what the standard
gives: type, action and business step, a place of our park, our products, pallets and papers:

- harvest: ObjectEvent ADD, `commissioning` or `creating_class_instance`, at an orchard;
- store_in, store_out: ObjectEvent OBSERVE, `storing`, at a room. Which of the two it is says the
  business location, where the fruit is afterwards: the room itself, or another place of the park;
- sort: TransformationEvent at a sorting line, or at a packhouse that has just one line;
- palletise: AggregationEvent ADD, `packing`, at a packhouse, batches on an SSCC;
- ship: ObjectEvent OBSERVE, `shipping`, of pallets from a packhouse to one of our destinations,
  with a despatch advice;
- receive: ObjectEvent OBSERVE, `receiving`, of pallets at a destination, with that paper.

The place is the read point's or else the business location's (see `places`). Masses may
have any unit of mass. Our own extensions help where they are: `step` where the standard doesn't
say into or out of a room, `lossKg` of a run, `reefer` of a shipment. What the event says beyond
the scan stays in the event.

What stands for no step is left to the lineage of all events; `outside_books` says so of what the
books would have kept otherwise:

- counts instead of masses, units that aren't of mass, masses of nothing;
- products without a lot, or that aren't ours; single instances, but for pallets;
- several batches in one harvest or one move;
- a move from room to room, which is two steps, or to where we don't know;
- a run told in several events (`transformationID`), or at a packhouse with several lines;
- shipments without just one despatch advice whose number a scan can have, or to a place that is
  none of our destinations;
- more than 200 batches or pallets, times before 2000;
- anything at a place that isn't ours.
"""

import math
from collections.abc import Iterable, Sequence
from uuid import UUID, uuid5

from pydantic import ValidationError

from park.assets import (
    Asset,
    ColdRoom,
    Destination,
    Orchard,
    Packhouse,
    Park,
    Reefer,
)
from park.errors import IdentifierError
from park.gs1 import CANONICAL_HOST, BatchId, parse_batch, parse_sscc
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
from traceability.epcis.contexts import NAMESPACE
from traceability.epcis.event_hash import event_hash
from traceability.epcis.model import (
    KILOGRAM,
    Action,
    AggregationEvent,
    AnyEvent,
    ObjectEvent,
    Quantity,
    TransformationEvent,
)
from traceability.epcis.units import any_mass_mg
from traceability.masses import to_kg, to_mg
from traceability.steps.places import Places

_IDS = UUID("6f1d3c1e-9a44-5f0a-9d3a-6a1f0f6f3b52")
"""Namespace of scan ids made of event ids that are no UUIDs."""
_UUID = "urn:uuid:"
_STEP = f"{NAMESPACE}step"
_LOSS = f"{NAMESPACE}lossKg"
_REEFER = f"{NAMESPACE}reefer"

MAKING = frozenset({"commissioning", "creating_class_instance"})
"""Business steps of a harvest."""

_MOST_KG = 1e12
"""More is refused by the books all the same, and fits their columns."""


def scan_of(event: AnyEvent, places: Places, event_id: str | None = None) -> Scan | None:
    """The scan that an event stands for; None where it is no step of the park.

    `event_id` is given where the event got its id at capture.
    """
    try:
        match event:
            case ObjectEvent():
                return _object_step(event, places, event_id)
            case TransformationEvent():
                return _sort(event, places, event_id)
            case AggregationEvent():
                return _palletise(event, places, event_id)
            case _:
                return None
    except ValidationError:
        return None


def _object_step(event: ObjectEvent, places: Places, event_id: str | None) -> Scan | None:
    if event.action is Action.ADD and event.biz_step in MAKING:
        return _harvest(event, places, event_id)
    if event.action is not Action.OBSERVE:
        return None
    if event.biz_step == "storing":
        return _store(event, places, event_id)
    if event.biz_step == "shipping":
        return _ship(event, places, event_id)
    if event.biz_step == "receiving":
        return _receive(event, places, event_id)
    return None


def _common(event: AnyEvent, here: Asset, event_id: str | None) -> dict[str, object]:
    known_as = event_id or event.event_id or event_hash(event)
    return {"id": _scan_id(known_as), "ts": event.event_time, "asset": here.id}


def _scan_id(event_id: str) -> UUID:
    """A UUID stays what it is; any other id has one and the same for ever."""
    if event_id.startswith(_UUID):
        try:
            return UUID(event_id.removeprefix(_UUID))
        except ValueError:
            pass
    return uuid5(_IDS, event_id)


def _harvest(event: ObjectEvent, places: Places, event_id: str | None) -> HarvestScan | None:
    orchard = places.first(event, Orchard)
    only = None if orchard is None else _only(event, places.park)
    if orchard is None or only is None:
        return None
    scan = HarvestScan(batch=only.batch, qty_kg=1, **_common(event, orchard, event_id))
    return scan.model_copy(update={"qty_kg": only.qty_kg})


def _store(event: ObjectEvent, places: Places, event_id: str | None) -> Scan | None:
    move = _move(event, places)
    only = None if move is None else _only(event, places.park)
    if move is None or only is None:
        return None
    room, step = move
    scan = step(batch=only.batch, qty_kg=1, **_common(event, room, event_id))
    return scan.model_copy(update={"qty_kg": only.qty_kg})


def _move(
    event: ObjectEvent, places: Places
) -> tuple[ColdRoom, type[StoreInScan] | type[StoreOutScan]] | None:
    """The room, and which way the fruit went; the standard's word stands before ours."""
    at, after = places.at(event.read_point), places.at(event.biz_location)
    said = event.extensions.get(_STEP)
    if not isinstance(at, ColdRoom):
        return (after, StoreInScan) if isinstance(after, ColdRoom) else None
    if isinstance(after, ColdRoom):
        if after is not at:
            return None
        # Of a room that stands alone, both ways look alike but for our word.
        return at, StoreOutScan if said == "store_out" else StoreInScan
    if after is not None or said == "store_out":
        return at, StoreOutScan
    return (at, StoreInScan) if said == "store_in" else None


def _sort(event: TransformationEvent, places: Places, event_id: str | None) -> SortScan | None:
    line = places.line(event)
    if line is None or event.input_epcs or event.output_epcs or event.transformation_id:
        return None
    inputs = _contents(event.input_quantities, places.park)
    outputs = _contents(event.output_quantities, places.park)
    loss_kg = event.extensions.get(_LOSS, 0)
    if not (inputs and outputs) or isinstance(loss_kg, bool):
        return None
    return SortScan(
        inputs=inputs, outputs=outputs, loss_kg=loss_kg, **_common(event, line, event_id)
    )


def _palletise(
    event: AggregationEvent, places: Places, event_id: str | None
) -> PalletiseScan | None:
    if event.action is not Action.ADD or event.biz_step != "packing" or event.child_epcs:
        return None
    packhouse = places.first(event, Packhouse)
    if packhouse is None:
        return None
    pallet = _pallet(event.parent or "")
    contents = _contents(event.child_quantities, places.park)
    if pallet is None or not contents:
        return None
    return PalletiseScan(pallet=pallet, contents=contents, **_common(event, packhouse, event_id))


def _ship(event: ObjectEvent, places: Places, event_id: str | None) -> ShipScan | None:
    packhouse = places.first(event, Packhouse, event.sources)
    destination = places.party(event.destinations, Destination)
    if packhouse is None or destination is None or event.quantities:
        return None
    pallets, shipment = _pallets(event.epcs), _shipment(event)
    if not pallets or shipment is None:
        return None
    reefer = places.park.assets.get(str(event.extensions.get(_REEFER)))
    return ShipScan(
        shipment=shipment,
        pallets=pallets,
        destination=destination.id,
        reefer=reefer.id if isinstance(reefer, Reefer) else None,
        **_common(event, packhouse, event_id),
    )


def _receive(event: ObjectEvent, places: Places, event_id: str | None) -> ReceiveScan | None:
    destination = places.first(event, Destination)
    if destination is None or event.quantities:
        return None
    pallets, shipment = _pallets(event.epcs), _shipment(event)
    if not pallets or shipment is None:
        return None
    return ReceiveScan(shipment=shipment, pallets=pallets, **_common(event, destination, event_id))


def _contents(quantities: Sequence[Quantity], park: Park) -> tuple[BatchQuantity, ...] | None:
    """Masses of our own batches; None where one is something else."""
    found = [_content(each, park) for each in quantities]
    known = tuple(each for each in found if each is not None)
    return known if len(known) == len(found) else None


def _content(quantity: Quantity, park: Park) -> BatchQuantity | None:
    batch = _batch(quantity.epc_class)
    if batch is None or batch.gtin not in park.products:
        return None
    qty_kg = _kilograms(quantity)
    if qty_kg is None:
        return None
    # One scan has a limit, against slips of a finger; how much there can be, the books know.
    return BatchQuantity(batch=batch, qty_kg=1).model_copy(update={"qty_kg": qty_kg})


def _kilograms(quantity: Quantity) -> float | None:
    """A mass above nothing, or None."""
    value, uom = quantity.quantity, quantity.uom
    if value is None or uom is None or not math.isfinite(value):
        return None
    if uom == KILOGRAM:
        qty_kg = float(value)
    else:
        qty_mg = any_mass_mg(value, uom)
        qty_kg = 0.0 if qty_mg is None else to_kg(min(qty_mg, to_mg(_MOST_KG)))
    return min(qty_kg, _MOST_KG) if qty_kg > 0 else None


def _batch(link: str) -> BatchId | None:
    if not link.startswith(f"{CANONICAL_HOST}/01/"):
        return None
    try:
        return parse_batch(link)
    except IdentifierError:
        return None


def _only(event: ObjectEvent, park: Park) -> BatchQuantity | None:
    """The one batch that an event is about."""
    contents = None if event.epcs else _contents(event.quantities, park)
    return contents[0] if contents and len(contents) == 1 else None


def _pallet(link: str) -> str | None:
    if not link.startswith(f"{CANONICAL_HOST}/00/"):
        return None
    try:
        return parse_sscc(link)
    except IdentifierError:
        return None


def _pallets(links: Iterable[str]) -> tuple[str, ...]:
    """Numbers of pallets; none where one is something else."""
    found = [_pallet(link) for link in links]
    known = tuple(each for each in found if each is not None)
    return known if len(known) == len(found) else ()


def _shipment(event: ObjectEvent) -> str | None:
    """Number of the one despatch advice: the last part of its identifier."""
    papers = {paper.id for paper in event.biz_transactions if paper.type == "desadv"}
    if len(papers) != 1:
        return None
    return papers.pop().rsplit(":", 1)[-1].rsplit("/", 1)[-1]
