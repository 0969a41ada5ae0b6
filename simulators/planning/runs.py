"""Sorting runs: which batches run together, on which line, after which stay, into which grades."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

from park.assets import FIELD_RUN, REJECT, Centre, Park, SortingLine
from park.gs1 import BatchId
from simulators.errors import PlanError
from simulators.physics.fruit import grade_shares, profile_of
from simulators.planning.calendar import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    in_working_hours,
    shipping_end,
)
from simulators.planning.harvests import Lots
from simulators.truth import Amount, Harvest, SortingRun

_STAY_DAYS = {"jujube": (6, 30), "apple": (8, 55)}
_LINE_LOAD = 0.62
"""Share of a line's capacity that it runs at."""
_CHANGEOVER_MS = 40 * MINUTE_MS
_LATEST_RUN_MS = 12 * DAY_MS
"""Runs end that long before shipping does."""


@dataclass(slots=True)
class RunSlot:
    """A time on a line, and the batches that are kept for it."""

    line: SortingLine
    centre: str
    variety: str
    crop: str
    start_ms: int
    end_ms: int
    harvests: list[Harvest]


@dataclass(slots=True)
class LineBook:
    """Keeps two runs from one line at one time."""

    busy: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))

    def slot(self, line: str, start_ms: int, duration_ms: int, rng: Random) -> int:
        """The first start in working hours, at `start_ms` or later, at which the line is free."""
        start_ms = in_working_hours(start_ms, rng)
        while any(
            start_ms < until + _CHANGEOVER_MS and since - _CHANGEOVER_MS < start_ms + duration_ms
            for since, until in self.busy[line]
        ):
            start_ms = in_working_hours(start_ms + 2 * HOUR_MS, rng)
        self.busy[line].append((start_ms, start_ms + duration_ms))
        return start_ms


def plan_slots(
    park: Park, harvests: Iterable[Harvest], year: int, rng: Random
) -> tuple[list[RunSlot], list[Harvest]]:
    """Sorting slots in the order of time, and the batches that stay unsorted.

    One to three batches of one variety run together. The last batch of every second variety is
    kept as it is, so that some field-run fruit is in stock at the end.
    """
    lines = park.of_type(SortingLine)
    if not lines:
        raise PlanError("this park has no sorting line")
    by_variety: dict[str, list[Harvest]] = defaultdict(list)
    for harvest in harvests:
        by_variety[park.products[harvest.batch.gtin].variety].append(harvest)
    slots: list[RunSlot] = []
    kept: list[Harvest] = []
    book = LineBook()
    for n, (variety, batches) in enumerate(sorted(by_variety.items())):
        if n % 2 == 0 and len(batches) > 1:
            kept.append(batches.pop())
        for group in _groups(batches, rng):
            line = lines[(len(slots) + n) % len(lines)]
            slot = _slot(park, line, variety, group, book, rng)
            if slot.end_ms + _LATEST_RUN_MS < shipping_end(year):
                slots.append(slot)
            else:
                kept.extend(group)
    return sorted(slots, key=lambda slot: slot.start_ms), kept


def _groups(batches: Sequence[Harvest], rng: Random) -> list[list[Harvest]]:
    groups, rest = [], list(batches)
    while rest:
        size = rng.choice((1, 2, 2, 3))
        groups.append(rest[:size])
        rest = rest[size:]
    return groups


def _slot(
    park: Park,
    line: SortingLine,
    variety: str,
    group: list[Harvest],
    book: LineBook,
    rng: Random,
) -> RunSlot:
    crop = park.products[group[0].batch.gtin].crop
    low, high = _STAY_DAYS.get(crop, _STAY_DAYS["apple"])
    mass_kg = sum(harvest.qty_kg for harvest in group)
    duration_ms = round(mass_kg / (line.capacity_kg_h * _LINE_LOAD) * HOUR_MS)
    earliest_ms = max(h.at_ms for h in group) + round(rng.uniform(low, high) * DAY_MS)
    start_ms = book.slot(line.id, earliest_ms, duration_ms, rng)
    centre = park.ancestor(line, Centre)
    home = "" if centre is None else centre.id
    return RunSlot(line, home, variety, crop, start_ms, start_ms + duration_ms, group)


def sort_fruit(park: Park, slot: RunSlot, lots: Lots, rng: Random) -> SortingRun:
    """What comes out of a run: graded batches, rejects, and the loss that makes up the mass."""
    products = [p for p in park.products.values() if p.variety == slot.variety]
    grades = [p for p in products if p.grade not in {FIELD_RUN, REJECT}]
    rejects = next((p for p in products if p.grade == REJECT), None)
    if rejects is None or not grades:
        raise PlanError(f"variety {slot.variety!r} has no grades with rejects to sort into")
    inputs = tuple(Amount(harvest.batch, harvest.qty_kg) for harvest in slot.harvests)
    mass_kg = sum(amount.qty_kg for amount in inputs)
    nominal = profile_of(slot.variety, slot.crop)
    kept_kg = mass_kg * (1 - _loss_share(slot, rng))
    place = f"L{_number(slot.line.id)}"
    lot = lots.next(place, slot.end_ms)
    outputs = []
    for n, share in enumerate(grade_shares(nominal, nominal.varied(rng), len(grades)), start=1):
        if (qty_kg := int(kept_kg * share)) > 0:
            outputs.append(Amount(BatchId(grades[n - 1].gtin, f"{lot}-{n}"), qty_kg))
    rest_kg = max(1, int(kept_kg) - sum(output.qty_kg for output in outputs))
    outputs.append(Amount(BatchId(rejects.gtin, f"{lot}-R"), rest_kg))
    loss_kg = mass_kg - sum(output.qty_kg for output in outputs)
    return SortingRun(
        slot.line.id,
        slot.variety,
        slot.start_ms,
        slot.end_ms,
        inputs,
        tuple(outputs),
        loss_kg,
    )


def _loss_share(slot: RunSlot, rng: Random) -> float:
    """Leaves and dirt, and the water that fruit gives off: about 0.03 % a day at 93 % humidity."""
    days = (slot.start_ms - min(harvest.at_ms for harvest in slot.harvests)) / DAY_MS
    return rng.uniform(0.004, 0.01) + 0.0003 * days


def _number(line: str) -> str:
    return "".join(char for char in line if char.isdigit()).zfill(2)[-3:]
