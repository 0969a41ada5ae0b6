"""Runs a planned season: sends what its devices and readers say, in the order of time."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from park.gs1 import BatchId
from simulators.errors import PlanError
from simulators.faults import NO_FAULTS, Faults
from simulators.handheld import ScanPoster
from simulators.incidents.plan import Incident
from simulators.messages import ScanPosted, Telemetry
from simulators.mqtt import Publisher
from simulators.season import SeasonPlan
from simulators.timeline import season_messages
from simulators.truth import Truth

_PROGRESS_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a season has come."""

    share: float
    """Of the season's time, 0 to 1."""
    time_ms: int
    """The season's own time, epoch milliseconds."""
    readings_sent: int
    scans_sent: int
    messages_sent: int


@dataclass(frozen=True, slots=True)
class Lookup:
    """A batch that is worth looking up."""

    batch: BatchId
    about: str
    """What is to be seen, in a few English words."""
    destination: str | None
    """Asset id of where it went; None for what is still in stock."""


@dataclass(frozen=True, slots=True)
class SeasonResult:
    """What was sent; every reading and scan of it was acknowledged."""

    readings_sent: int
    scans_sent: int
    messages_sent: int
    batches: int
    """Field-run and graded batches, rejects included."""
    pallets: int
    shipments: int
    lookups: tuple[Lookup, ...]
    first_ms: int
    """Time of the season's first message."""
    last_ms: int
    """Time of its last."""


def run_season(
    plan: SeasonPlan,
    publisher: Publisher,
    handheld: ScanPoster,
    progress: Callable[[Progress], None] = lambda _: None,
    *,
    faults: Faults = NO_FAULTS,
    incidents: Sequence[Incident] = (),
) -> SeasonResult:
    """Send a whole season as fast as broker and API take it.

    Returns when everything is acknowledged. With faults, `readings_sent` counts what was sent
    in readable payloads, duplicates included. Raises BrokerError or HandheldError.
    """
    readings = scans = messages = 0
    first_ms = last_ms = plan.start_ms
    told_at = 0.0
    for outgoing in faults.over(season_messages(plan, incidents)):
        if messages == scans == 0:
            first_ms = outgoing.at_ms
        last_ms = outgoing.at_ms
        if isinstance(outgoing, ScanPosted):
            handheld.post(outgoing.scan)
            scans += 1
        else:
            publisher.publish(outgoing)
            messages += 1
            readings += outgoing.readings
            scans += not isinstance(outgoing, Telemetry)
        if time.monotonic() - told_at >= _PROGRESS_EVERY_S:
            told_at = time.monotonic()
            share = (last_ms - plan.start_ms) / (plan.end_ms - plan.start_ms)
            progress(Progress(share, last_ms, readings, scans, messages))
    publisher.flush()
    handheld.finish()
    progress(Progress(1.0, last_ms, readings, scans, messages))
    truth = plan.truth
    return SeasonResult(
        readings_sent=readings,
        scans_sent=scans,
        messages_sent=messages,
        batches=len(truth.harvests) + sum(len(run.outputs) for run in truth.runs),
        pallets=len(truth.pallets),
        shipments=len(truth.shipments),
        lookups=lookups_of(plan),
        first_ms=first_ms,
        last_ms=last_ms,
    )


def lookups_of(plan: SeasonPlan) -> tuple[Lookup, ...]:
    """Three batches to look up: jujube that was shipped (to Thailand first), apples, and stock.

    Fewer where a park grows only one of them. Raises PlanError where nothing was shipped.
    """
    truth = plan.truth
    shipped = _shipped(truth)
    if not shipped:
        raise PlanError("nothing was shipped in this season")
    products = plan.park.products
    lookups = []
    wishes = (("winter-jujube", "jujube"), ("david-gala", "apple"))
    for variety, crop in wishes:
        chosen = [
            (batch, destination)
            for batch, destination in shipped
            if products[batch.gtin].crop == crop
        ]
        # Stable: within the wished variety and country the earliest shipment comes first.
        chosen.sort(
            key=lambda item: (
                products[item[0].gtin].variety != variety,
                crop == "jujube" and item[1] != "destination-th",
            )
        )
        if chosen:
            batch, destination = chosen[0]
            where = plan.park.asset(destination).name.en
            lookups.append(
                Lookup(batch, f"{products[batch.gtin].name.en}, to {where}", destination)
            )
    for batch in sorted(truth.in_stock()):
        lookups.append(Lookup(batch, f"{products[batch.gtin].name.en}, still in stock", None))
        break
    return tuple(lookups)


def _shipped(truth: Truth) -> list[tuple[BatchId, str]]:
    """Every batch that was shipped and where it went, in the order of shipping."""
    pallets = {pallet.sscc: pallet for pallet in truth.pallets}
    return [
        (amount.batch, shipment.destination)
        for shipment in truth.shipments
        for sscc in shipment.pallets
        for amount in pallets[sscc].contents
    ]
