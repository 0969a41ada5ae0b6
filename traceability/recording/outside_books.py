"""What is odd about events that the books can't keep, though they tell of our park or its fruit.

======================= =======================================================================
code                    an event
======================= =======================================================================
not-in-books            makes goods at a place of ours, or fruit of ours anywhere, or stores,
                        packs, ships or receives fruit of ours at a place of ours, in a way that
                        stands for no step of the park
ceiling-exceeded        says that an orchard of ours gave more than it can bear in a season, all
                        that any event says it gave taken together
======================= =======================================================================

Nothing of it is refused: such an event may be true but for its form. But no fruit gets into the
world past the books without a word.
"""

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Connection, func, select, union

from park.assets import Destination, Orchard, Park
from park.gs1 import CANONICAL_HOST
from park.seasons import EARLIEST_SEASON, LATEST_SEASON
from park.times import to_epoch_ms
from traceability.epcis.model import (
    Action,
    AggregationEvent,
    AnyEvent,
    ObjectEvent,
    Quantity,
    TransformationEvent,
    objects_of,
)
from traceability.epcis.units import any_mass_mg
from traceability.findings import Finding
from traceability.masses import to_kg, to_mg
from traceability.provenance import tables as t
from traceability.provenance.places import SINCE, UNTIL, bounds, stops_at
from traceability.steps.from_events import MAKING, scan_of
from traceability.steps.places import Places

_KEPT = frozenset({"storing", "packing", "shipping", "receiving"})
_KEPT_ABROAD = frozenset({"receiving"})
"""What an importer does with the fruit afterwards is his own affair."""
_TELLING = (ObjectEvent, AggregationEvent, TransformationEvent)
"""Types of events that tell of goods; others tie things and papers together."""
_PRODUCT = f"{CANONICAL_HOST}/01/"
_GTIN = slice(len(_PRODUCT), len(_PRODUCT) + 14)

_L, _S = t.links.c, t.stops.c
_IN_SEASON = (_S.at_ms >= SINCE, _S.at_ms < UNTIL)
_GAVE = select(func.sum(_L.mass_mg)).where(
    _L.kind == t.MADE,
    _L.seq.in_(
        union(
            *stops_at(_S.location, holds=_IN_SEASON),
            *stops_at(_S.read_point, holds=[_S.location.is_(None), *_IN_SEASON]),
        )
    ),
)


def outside_books(event: AnyEvent, places: Places) -> Iterator[Finding]:
    """What to say of an event that stands for no step of the park."""
    made, named = [*_made(event)], [*_named(event)]
    at = [places.near(spot.id) for spot in (event.read_point, event.biz_location) if spot]
    abroad = any(isinstance(asset, Destination) for asset in at)
    here = not abroad and any(asset is not None for asset in at)
    products = places.park.products
    comes_from_nowhere = made and (here or any(_gtin(key) in products for key in made))
    is_kept = event.biz_step in (_KEPT_ABROAD if abroad else _KEPT) and (here or abroad)
    if not (comes_from_nowhere or (is_kept and any(_gtin(key) in products for key in named))):
        return
    why = "; ".join(_reasons(event, places.park, named))
    yield Finding(
        "not-in-books",
        "looks like a step of this park but can't be booked as one, so the books and their "
        f"ceilings don't know of it{': ' if why else ''}{why}",
    )


def beyond_ceilings(
    connection: Connection, rows: Sequence[tuple[int, AnyEvent]], places: Places
) -> Mapping[int, Finding]:
    """Which of these events, derived already, say that an orchard gave more than it can."""
    told: dict[tuple[str, int], list[int]] = {}
    for seq, event in rows:
        if not isinstance(event, ObjectEvent) or event.action is not Action.ADD:
            continue
        if not EARLIEST_SEASON < event.event_time.year < LATEST_SEASON:
            continue
        orchard = places.first(event, Orchard)
        if event.error_declaration is None and orchard and scan_of(event, places) is None:
            season = places.park.calendar.season_of(event.event_time)
            told.setdefault((orchard.id, season), []).append(seq)
    found: dict[int, Finding] = {}
    for (name, season), seqs in told.items():
        grove = places.park.assets[name]
        if isinstance(grove, Orchard) and grove.place is not None:
            span = map(to_epoch_ms, places.park.calendar.span(season))
            bound = {
                **bounds(grove.place.uri),
                **dict(zip(("since", "until"), span, strict=True)),
            }
            gave_mg = int(connection.execute(_GAVE, bound).scalar() or 0)
            if gave_mg > to_mg(grove.ceiling_kg):
                found |= dict.fromkeys(seqs, _beyond(grove, season, gave_mg))
    return found


def _beyond(orchard: Orchard, season: int, gave_mg: int) -> Finding:
    return Finding(
        "ceiling-exceeded",
        f"with this event {orchard.id} gave {to_kg(gave_mg):,.1f} kg in season {season} and can "
        f"bear {orchard.ceiling_kg:,.1f} kg; was fruit of another brought in?",
    )


def _made(event: AnyEvent) -> Iterator[str]:
    """Classes and products that come into being."""
    if isinstance(event, TransformationEvent):
        yield from (each.epc_class for each in event.output_quantities)
        yield from (epc for epc in event.output_epcs if epc.startswith(_PRODUCT))
    elif isinstance(event, ObjectEvent) and event.action is Action.ADD:
        yield from _named(event)


def _named(event: AnyEvent) -> Iterator[str]:
    """Classes and products; no pallets, crates and the like."""
    if isinstance(event, _TELLING):
        yield from (each.epc_class for each in _quantities(event))
        epcs = (epc for each in objects_of(event) for epc in each.epcs)
        yield from (epc for epc in epcs if epc.startswith(_PRODUCT))


def _quantities(event: AnyEvent) -> Sequence[Quantity]:
    if not isinstance(event, _TELLING):
        return ()
    return [quantity for each in objects_of(event) for quantity in each.quantities]


def _gtin(key: str) -> str:
    return key[_GTIN] if key.startswith(_PRODUCT) else ""


def _reasons(event: AnyEvent, park: Park, named: Sequence[str]) -> Iterator[str]:
    """What keeps an event from being a step, as far as that is easily said."""
    strange = sorted({key for key in named if _gtin(key) not in park.products})
    if strange:
        yield f"{strange[0]} is none of its products"
    if any("/10/" not in key for key in named):
        yield "a batch has a lot number"
    if not all(_is_mass(each) for each in _quantities(event)):
        yield "amounts have to be masses"
    if event.biz_step in {"shipping", "receiving"}:
        yield "pallets are shipped and received, under one despatch advice"
    elif isinstance(event, ObjectEvent):
        if len(named) > 1:
            yield "one event is about one batch"
        if event.action is Action.ADD and event.biz_step not in MAKING:
            yield f"a harvest is told by {' or '.join(sorted(MAKING))}"


def _is_mass(quantity: Quantity) -> bool:
    if quantity.quantity is None or quantity.uom is None:
        return False
    return bool(any_mass_mg(quantity.quantity, quantity.uom))
