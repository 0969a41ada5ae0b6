"""The way of a batch from orchard to buyer, one entry a step, oldest first.

Steps of one kind that follow each other on one day are one entry: twenty pallets packed in a
morning, or three lots brought into two rooms, are one line to a reader.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from api.pages.formats import Formats
from traceability.views import BatchHistory, TraceNode


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to the fruit."""

    at: datetime
    kind: str
    """`harvest`, `store_in`, `store_out`, `sort`, `palletise`, `ship` or `receive`."""
    place: str
    """Asset id."""
    number: str | None = None
    """Of the shipment; None for other steps."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Steps of one kind on one day, one after the other."""

    kind: str
    places: Sequence[str]
    """Asset ids, each once."""
    first: datetime
    last: datetime
    steps: int
    number: str | None


def entries(
    history: BatchHistory, harvests: Sequence[TraceNode], formats: Formats
) -> Sequence[Entry]:
    """The journey of a batch."""

    def key(step: Step) -> tuple[str, str, str | None]:
        return formats.day(step.at), step.kind, step.number

    ordered = sorted(_steps(history, harvests), key=lambda step: (step.at, step.kind, step.place))
    return [_entry(list(group)) for _, group in groupby(ordered, key)]


def _entry(steps: Sequence[Step]) -> Entry:
    return Entry(
        kind=steps[0].kind,
        places=list(dict.fromkeys(step.place for step in steps)),
        first=steps[0].at,
        last=steps[-1].at,
        steps=len(steps),
        number=steps[0].number,
    )


def _steps(history: BatchHistory, harvests: Sequence[TraceNode]) -> Iterable[Step]:
    for node in harvests:
        if node.place is not None:
            yield Step(node.at, "harvest", node.place)
    for stay in history.stays:
        yield Step(stay.since, "store_in", stay.room)
        if stay.until is not None:
            yield Step(stay.until, "store_out", stay.room)
    for run in history.runs:
        yield Step(run.at, "sort", run.line)
    for pallet in history.pallets:
        yield Step(pallet.packed_at, "palletise", pallet.packed_by)
    for shipment in history.shipments:
        number, place = shipment.shipment, shipment.destination
        yield Step(shipment.shipped_at, "ship", place, number)
        if shipment.received_at is not None:
            yield Step(shipment.received_at, "receive", place, number)
