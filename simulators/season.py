"""A season of the park, planned: what happens to fruit from orchard to buyer.

A plan is pure: the same park and settings give the same plan. Its rules, which hold for every
seed:

- fruit is conserved: a stay's mass out is its mass in, a run's outputs and loss are its inputs,
  pallets hold what was sorted;
- nothing is used before it exists: harvest, store in, store out, sort, palletise, ship, receive;
- no room holds more than its capacity, no line sorts two runs at once, no orchard gives more
  than it bears;
- winter jujube goes to Thailand, and fruit goes to at least six destinations where the park has
  so many.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from park.assets import ColdRoom, Park
from simulators.planning import calendar
from simulators.planning.calendar import DAY_MS, HOUR_MS, MINUTE_MS
from simulators.planning.harvests import Lots, plan_harvests
from simulators.planning.rooms import FOREVER_MS, Booking, RoomBook
from simulators.planning.runs import RunSlot, plan_slots, sort_fruit
from simulators.planning.settings import Cadences, SeasonSettings, season_settings
from simulators.planning.shipments import Dispatch, Order
from simulators.seeds import generator
from simulators.truth import Amount, Harvest, SortingRun, Stay, Truth

__all__ = ["Cadences", "SeasonPlan", "SeasonSettings", "plan_season", "season_settings"]


@dataclass(frozen=True, slots=True)
class SeasonPlan:
    """What will happen, and between which times (epoch milliseconds)."""

    park: Park
    settings: SeasonSettings
    truth: Truth

    @property
    def start_ms(self) -> int:
        """From when devices report."""
        return calendar.growing_start(self.settings.year)

    @property
    def growing_end_ms(self) -> int:
        """When the orchards' devices go to sleep."""
        return calendar.growing_end(self.settings.year)

    @property
    def shipping_end_ms(self) -> int:
        """When the park's other devices stop reporting."""
        return calendar.shipping_end(self.settings.year)

    @property
    def end_ms(self) -> int:
        """Nothing happens after it."""
        return calendar.season_end(self.settings.year)


def plan_season(park: Park, settings: SeasonSettings) -> SeasonPlan:
    """Plan a season. Raises PlanError where the park lacks what a season needs."""
    rng = generator(settings.seed, park.site.id, settings.year, "plan")
    lots = Lots.of(park, settings.year, settings.seed)
    harvests = plan_harvests(park, settings, lots, rng)
    slots, kept = plan_slots(park, harvests, settings.year, rng)
    return SeasonPlan(park, settings, _Season(park, settings, lots, rng).run(slots, kept))


@dataclass(slots=True)
class _Waiting:
    """Graded fruit in a room that no shipment has called for yet."""

    amount: Amount
    bookings: Sequence[Booking]


@dataclass(slots=True)
class _Season:
    """Follows fruit through rooms, runs and orders, in the order of time."""

    park: Park
    settings: SeasonSettings
    lots: Lots
    rng: Random
    rooms: RoomBook = field(init=False)
    harvests: list[Harvest] = field(default_factory=list)
    runs: list[SortingRun] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    held: list[_Waiting] = field(default_factory=list)
    """Everything that lies or lay in a room."""
    waiting: dict[tuple[str, str], list[_Waiting]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """By packhouse and variety."""

    def __post_init__(self) -> None:
        self.rooms = RoomBook(self.park.of_type(ColdRoom))

    def run(self, slots: Sequence[RunSlot], kept: Sequence[Harvest]) -> Truth:
        for harvest in kept:
            self._keep(harvest)
        for slot in slots:
            self._fill(slot)
            if slot.harvests:
                self._sort(slot)
        self._clear()
        head = self.lots.head
        dispatch = Dispatch(self.park, self.settings, head, self.rng)
        dispatch.ship(self.orders)
        return Truth(
            harvests=sorted(self.harvests, key=lambda harvest: harvest.at_ms),
            stays=sorted(self._stays(), key=lambda stay: stay.in_ms),
            runs=self.runs,
            pallets=sorted(dispatch.pallets, key=lambda pallet: pallet.at_ms),
            shipments=dispatch.shipments,
        )

    def _keep(self, harvest: Harvest) -> None:
        """Store a batch that won't be sorted; without space it isn't picked."""
        crop = self.park.products[harvest.batch.gtin].crop
        self._store(harvest, crop, "", FOREVER_MS)

    def _fill(self, slot: RunSlot) -> None:
        """Store a run's batches until it begins; what finds no space isn't picked."""
        out_ms = slot.start_ms - self.rng.randint(25, 90) * MINUTE_MS
        slot.harvests = [
            harvest
            for harvest in slot.harvests
            if self._store(harvest, slot.crop, slot.centre, out_ms)
        ]

    def _store(self, harvest: Harvest, crop: str, centre: str, out_ms: int) -> bool:
        in_ms = harvest.at_ms + round(self.rng.uniform(1.5, 5) * HOUR_MS)
        split = self.rng.random() < 0.2  # noqa: PLR2004 - a share, nothing more
        bookings = self.rooms.book(crop, centre, harvest.qty_kg, in_ms, out_ms, split=split)
        if bookings:
            self.harvests.append(harvest)
            self.held.append(_Waiting(Amount(harvest.batch, harvest.qty_kg), bookings))
        return bool(bookings)

    def _sort(self, slot: RunSlot) -> None:
        """Sort; ship some at once with what waits from earlier runs, store the rest."""
        run = sort_fruit(self.park, slot, self.lots, self.rng)
        self.runs.append(run)
        packhouse = self.park.asset(run.line).parent or ""
        pack_ms = run.end_ms + self.rng.randint(60, 150) * MINUTE_MS
        order = Order(packhouse, slot.variety, slot.crop, pack_ms, [])
        if self.rng.random() < 0.6:  # noqa: PLR2004 - a share, nothing more
            self._call(order)
        for n, output in enumerate(run.outputs[:-1]):
            self._share_out(order, slot, output, direct=n == 0)
        self.orders.append(order)

    def _share_out(self, order: Order, slot: RunSlot, output: Amount, *, direct: bool) -> None:
        """Send a graded batch to the pallets, to a room, or half of it to each."""
        fate = self.rng.choices(("pallets", "room", "both"), (0.4, 0.4, 0.2))[0]
        if fate == "pallets" or (direct and fate == "room"):
            order.parts.append(output)
            return
        stored_kg = output.qty_kg if fate == "room" else output.qty_kg // 2
        stored = Amount(output.batch, stored_kg)
        in_ms = slot.end_ms + self.rng.randint(20, 50) * MINUTE_MS
        bookings = stored_kg and self.rooms.book(
            slot.crop, slot.centre, stored_kg, in_ms, FOREVER_MS, split=False
        )
        if not bookings:
            order.parts.append(output)
            return
        waiting = _Waiting(stored, bookings)
        self.held.append(waiting)
        self.waiting[order.packhouse, order.variety].append(waiting)
        if stored_kg < output.qty_kg:
            order.parts.append(Amount(output.batch, output.qty_kg - stored_kg))

    def _call(self, order: Order) -> None:
        """Take what waits for this packhouse and variety, if it has lain at least a day."""
        key = (order.packhouse, order.variety)
        due = [w for w in self.waiting[key] if w.bookings[0].since_ms + DAY_MS < order.pack_ms]
        for waiting in due:
            self.waiting[key].remove(waiting)
            for booking in waiting.bookings:
                booking.until_ms = order.pack_ms - self.rng.randint(15, 55) * MINUTE_MS
            order.parts.append(waiting.amount)

    def _clear(self) -> None:
        """Ship most of what still waits some weeks later; a fifth stays in stock."""
        for (packhouse, variety), waiting in sorted(self.waiting.items()):
            if not waiting:
                continue
            crop = self.park.products[waiting[0].amount.batch.gtin].crop
            last_ms = max(w.bookings[0].since_ms for w in waiting)
            wished_ms = last_ms + round(self.rng.uniform(5, 40) * DAY_MS)
            latest_ms = calendar.shipping_end(self.settings.year) - 6 * DAY_MS
            pack_ms = calendar.in_working_hours(min(wished_ms, latest_ms), self.rng)
            order = Order(packhouse, variety, crop, pack_ms, [])
            if self.rng.random() < 0.8:  # noqa: PLR2004 - a share, nothing more
                self._call(order)
            if order.parts:
                self.orders.append(order)

    def _stays(self) -> list[Stay]:
        end_ms = calendar.season_end(self.settings.year)
        return [
            Stay(
                held.amount.batch,
                booking.room,
                booking.qty_kg,
                booking.since_ms,
                booking.until_ms if booking.until_ms < end_ms else None,
            )
            for held in self.held
            for booking in held.bookings
        ]
