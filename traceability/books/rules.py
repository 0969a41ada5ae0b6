"""The books: how much of which batch lies where. Pure rules; `bookkeeping` applies them.

1. Masses are whole milligrams, so that sums are exact.
2. A batch comes into being with a mass. At any moment that mass is at hand (in the orchard, a
   yard, on a packhouse floor: the books don't tell these apart), in cold rooms, on pallets in the
   park, on pallets that left, or gone: into sorting runs, or lost.
3. store_in takes from hand to a room and store_out from that room to hand; sort takes from hand
   and makes new batches at hand; palletise takes from hand to a pallet; ship takes pallets away.
4. No two scales agree. A step may claim more than is left by the mass tolerance of what is left,
   or by a gram, and is then booked as all that is left. Where nothing is left nothing is taken.
5. Fruit dries. When store_out leaves no more in a room than the mass tolerance of what went in
   during that stay, the room is empty: the rest is booked as lost.
6. What the scan of a sorting run says came out, loss included, equals what it says went in,
   within the mass tolerance. Outputs are booked as weighed; where together they exceed what was
   booked in, they are scaled down in proportion. What they don't cover is the run's loss.
7. An orchard gives no more in a season than its ceiling: its certified area, or all of it, times
   what a mu of it can bear. A harvest that would take it beyond is refused as a whole.
8. For a batch's status, what is left of it within the mass tolerance counts as nothing.

From 4 and 6 follows that mass in the books never grows: whatever leaves the park is covered by
what was harvested, to the milligram; and with 7, by what the orchards can grow.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from park.gs1 import BatchId
from traceability.errors import MassNotConservedError, NotEnoughMassError, YieldExceededError
from traceability.masses import to_kg, to_mg
from traceability.views import BatchStatus

SLACK_MG = 1_000
"""A gram: what rounding at a scale or in a program may add up to."""


@dataclass(slots=True)
class BatchState:
    """What the books say about one batch."""

    node: int
    batch: BatchId
    made_at_ms: int
    harvested_from_ms: int
    harvested_until_ms: int
    qty_mg: int
    at_hand_mg: int
    stored_mg: int = 0
    packed_mg: int = 0
    shipped_mg: int = 0

    @property
    def in_stock_mg(self) -> int:
        """Mass that lies in the park and on no pallet."""
        return self.at_hand_mg + self.stored_mg

    def status(self, tolerance: float) -> BatchStatus:
        """Where the batch is on its way (rule 8)."""
        if self.in_stock_mg > tolerance * self.qty_mg:
            return BatchStatus.IN_STOCK
        if self.packed_mg:
            return BatchStatus.PACKED
        return BatchStatus.SHIPPED if self.shipped_mg else BatchStatus.USED

    def take_from_hand(self, claimed_mg: int, tolerance: float) -> int:
        """Take from what is at hand; how much was booked. Raises NotEnoughMassError."""
        hint = f", {to_kg(self.stored_mg):g} kg more lie in cold rooms" if self.stored_mg else ""
        booked = take(claimed_mg, self.at_hand_mg, tolerance, f"{self.batch} at hand", hint)
        self.at_hand_mg -= booked
        return booked


def take(claimed_mg: int, left_mg: int, tolerance: float, what: str, hint: str = "") -> int:
    """How much is booked of a claim on what is left (rule 4). Raises NotEnoughMassError."""
    if left_mg == 0 or claimed_mg > left_mg + max(SLACK_MG, tolerance * left_mg):
        msg = (
            f"{to_kg(claimed_mg):g} kg are more than the {to_kg(left_mg):g} kg left of "
            f"{what}{hint}; check the number and the mass"
        )
        raise NotEnoughMassError(msg)
    return min(claimed_mg, left_mg)


def dried_up(left_mg: int, went_in_mg: int, tolerance: float) -> bool:
    """Whether so little is left in a room that nothing is (rule 5)."""
    return left_mg <= tolerance * went_in_mg


def check_yield(harvested_mg: int, more_mg: int, ceiling_kg: float, orchard: str) -> None:
    """Whether an orchard can bear that much more (rule 7). Raises YieldExceededError."""
    if harvested_mg + more_mg > to_mg(ceiling_kg):
        msg = (
            f"{to_kg(more_mg):,.1f} kg more would make {to_kg(harvested_mg + more_mg):,.1f} kg "
            f"from {orchard}, which can bear {ceiling_kg:,.1f} kg a season and has given "
            f"{to_kg(harvested_mg):,.1f} kg; check the mass and the orchard"
        )
        raise YieldExceededError(msg)


@dataclass(frozen=True, slots=True)
class RunBooking:
    """A sorting run in the books: inputs, outputs and loss, with inputs = outputs + loss."""

    outputs_mg: Sequence[int]
    loss_mg: int


def book_run(
    booked_in_mg: int,
    claimed_in_mg: int,
    claimed_out_mg: Sequence[int],
    claimed_loss_mg: int,
    tolerance: float,
) -> RunBooking:
    """What a sorting run made of what it took (rule 6). Raises MassNotConservedError."""
    total_out_mg = sum(claimed_out_mg)
    difference_mg = total_out_mg + claimed_loss_mg - claimed_in_mg
    if abs(difference_mg) > max(SLACK_MG, tolerance * claimed_in_mg):
        msg = (
            f"{to_kg(claimed_in_mg):g} kg went in, but {to_kg(total_out_mg):g} kg came out and "
            f"{to_kg(claimed_loss_mg):g} kg are reported lost: {to_kg(difference_mg):+g} kg, "
            f"beyond the tolerance of {tolerance:.1%}; weigh again or report the loss"
        )
        raise MassNotConservedError(msg)
    outputs_mg = _scaled_down(claimed_out_mg, booked_in_mg)
    return RunBooking(outputs_mg, booked_in_mg - sum(outputs_mg))


def _scaled_down(masses_mg: Sequence[int], most_mg: int) -> list[int]:
    """The masses, in proportion so reduced that together they are no more than `most_mg`."""
    total_mg = sum(masses_mg)
    if total_mg <= most_mg:
        return list(masses_mg)
    return [mass_mg * most_mg // total_mg for mass_mg in masses_mg]
