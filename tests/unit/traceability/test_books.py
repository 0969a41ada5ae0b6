"""The rules of the books, one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park.gs1 import BatchId
from traceability.books.rules import BatchState, book_run, dried_up, take
from traceability.errors import MassNotConservedError, NotEnoughMassError
from traceability.masses import to_kg, to_mg
from traceability.views import BatchStatus

TOLERANCE = 0.005
masses = st.integers(min_value=1, max_value=10**12)


def _batch(**masses_mg: int) -> BatchState:
    return BatchState(1, BatchId("09521321000018", "A"), 0, 0, 0, **{"qty_mg": 1000, **masses_mg})


@pytest.mark.parametrize(
    ("qty_kg", "qty_mg"), [(1, 1_000_000), (0.1, 100_000), (1e-9, 1), (0, 0), (1e6, 10**12)]
)
def test_masses_are_whole_milligrams_and_a_positive_one_is_at_least_one(
    qty_kg: float, qty_mg: int
) -> None:
    assert to_mg(qty_kg) == qty_mg


@given(masses)
def test_kilograms_and_milligrams_convert_without_loss(qty_mg: int) -> None:
    assert to_mg(to_kg(qty_mg)) == qty_mg


@pytest.mark.parametrize(
    ("claimed_mg", "booked_mg"), [(1, 1), (10**9, 10**9), (10**9 + 5 * 10**6, 10**9)]
)
def test_a_claim_beyond_what_is_left_but_within_the_tolerance_is_booked_as_what_is_left(
    claimed_mg: int, booked_mg: int
) -> None:
    assert take(claimed_mg, 10**9, TOLERANCE, "a batch") == booked_mg


def test_a_gram_is_forgiven_where_the_tolerance_is_nothing() -> None:
    assert take(10_999, 10_000, 0.0, "a batch") == 10_000
    with pytest.raises(NotEnoughMassError):
        take(11_001, 10_000, 0.0, "a batch")


def test_nothing_is_taken_where_nothing_is_left() -> None:
    with pytest.raises(NotEnoughMassError) as refused:
        take(1, 0, TOLERANCE, "a batch")
    assert "0 kg left of a batch" in refused.value.detail


def test_a_refusal_names_what_else_lies_in_cold_rooms() -> None:
    batch = _batch(at_hand_mg=0, stored_mg=5_000_000)
    with pytest.raises(NotEnoughMassError) as refused:
        batch.take_from_hand(1_000_000, TOLERANCE)
    assert "5 kg more lie in cold rooms" in refused.value.detail


@pytest.mark.parametrize(("left_mg", "empty"), [(0, True), (5_000, True), (5_001, False)])
def test_a_room_is_empty_when_what_is_left_is_within_the_tolerance(
    left_mg: int,
    empty: bool,  # noqa: FBT001 - pytest passes it
) -> None:
    assert dried_up(left_mg, 1_000_000, TOLERANCE) is empty


def test_outputs_are_booked_as_weighed_and_the_rest_is_the_loss() -> None:
    booking = book_run(10**9, 10**9, [6 * 10**8, 3 * 10**8], 97 * 10**6, TOLERANCE)
    assert booking.outputs_mg == [6 * 10**8, 3 * 10**8]
    assert booking.loss_mg == 10**8


def test_outputs_that_exceed_the_inputs_are_scaled_down() -> None:
    booking = book_run(10**9, 10**9, [502 * 10**6, 502 * 10**6], 0, TOLERANCE)
    assert booking.outputs_mg == [5 * 10**8, 5 * 10**8]
    assert booking.loss_mg == 0


@pytest.mark.parametrize("out_mg", [10**9 - 5_000_001, 10**9 + 5_000_001])
def test_outputs_beyond_the_tolerance_are_refused(out_mg: int) -> None:
    with pytest.raises(MassNotConservedError):
        book_run(10**9, 10**9, [out_mg], 0, TOLERANCE)


@given(st.lists(masses, min_size=1), st.integers(min_value=-4, max_value=4))
def test_a_booked_run_never_grows_and_never_loses_track(
    outputs_mg: list[int], permille: int
) -> None:
    total_mg = sum(outputs_mg)
    booked_in_mg = total_mg + total_mg * permille // 1000
    booking = book_run(booked_in_mg, booked_in_mg, outputs_mg, 0, TOLERANCE)
    assert sum(booking.outputs_mg) + booking.loss_mg == booked_in_mg
    assert booking.loss_mg >= 0
    assert all(mine <= theirs for mine, theirs in zip(booking.outputs_mg, outputs_mg, strict=True))


@pytest.mark.parametrize(
    ("batch", "status"),
    [
        (_batch(at_hand_mg=1000), BatchStatus.IN_STOCK),
        (_batch(at_hand_mg=0, stored_mg=6, packed_mg=994), BatchStatus.IN_STOCK),
        (_batch(at_hand_mg=5, packed_mg=900, shipped_mg=95), BatchStatus.PACKED),
        (_batch(at_hand_mg=5, shipped_mg=995), BatchStatus.SHIPPED),
        (_batch(at_hand_mg=5), BatchStatus.USED),
    ],
)
def test_what_is_left_within_the_tolerance_counts_as_nothing_for_the_status(
    batch: BatchState, status: BatchStatus
) -> None:
    assert batch.status(TOLERANCE) is status
