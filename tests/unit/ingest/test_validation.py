"""Each rule of the telemetry table has its code, and what keeps to the rules is typed by it."""

import math

import pytest

from ingest.errors import MessageError
from ingest.validation import check_fields, check_seq, check_time
from park.telemetry import KINDS, LINE_STATES, FieldType
from park.times import parse_instant, to_epoch_ms

NOW_MS = to_epoch_ms(parse_instant("2026-10-12T12:00:00Z"))
SKEW_MS = 300_000


def code_of(kind: str, **fields: object) -> str:
    with pytest.raises(MessageError) as caught:
        check_fields(kind, fields)
    return caught.value.code


def time_code(value: object) -> str:
    with pytest.raises(MessageError) as caught:
        check_time(value, NOW_MS, SKEW_MS)
    return caught.value.code


@pytest.mark.parametrize("value", ["-0.8", True, [1], {"value": 1}])
def test_a_number_must_be_a_number(value: object) -> None:
    assert code_of("cold_room", air_temp_c=value) == "wrong-type"


@pytest.mark.parametrize("value", [1.5, "7", True])
def test_a_count_must_be_whole(value: object) -> None:
    assert code_of("sorting_lane", fruit_count=value) == "wrong-type"


@pytest.mark.parametrize("value", [2, -1, 1.5, "true", "on"])
def test_a_switch_must_be_true_or_false(value: object) -> None:
    assert code_of("cold_room", door_open=value) == "wrong-type"


@pytest.mark.parametrize("value", [1, True, ["running"]])
def test_a_state_must_be_a_word(value: object) -> None:
    assert code_of("sorting_line", state=value) == "wrong-type"


def test_a_state_must_be_a_known_word() -> None:
    assert code_of("sorting_line", state="dancing") == "out-of-range"


@pytest.mark.parametrize("value", [-40.01, 60.01, 85, -127, 1e300])
def test_a_number_must_be_plausible(value: float) -> None:
    assert code_of("cold_room", air_temp_c=value) == "out-of-range"


@pytest.mark.parametrize("value", [-1, 2**53 + 2, 1e300, 2**64 - 1])
def test_a_count_must_be_plausible(value: float) -> None:
    assert code_of("sorting_lane", fruit_count=value) == "out-of-range"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_must_be_finite(value: float) -> None:
    assert code_of("cold_room", air_temp_c=value) == "not-finite"


def test_a_count_must_be_finite() -> None:
    assert code_of("sorting_lane", fruit_count=math.inf) == "wrong-type"


def test_a_field_must_be_in_the_table_of_its_kind() -> None:
    assert code_of("cold_room", temperature=1.0) == "unknown-field"
    assert code_of("soil", air_temp_c=1.0) == "unknown-field"


@pytest.mark.parametrize("fields", [{}, {"air_temp_c": None}])
def test_a_reading_must_have_a_value(fields: dict[str, object]) -> None:
    assert code_of("cold_room", **fields) == "no-fields"


def test_one_bad_field_refuses_the_reading_and_every_fault_is_named() -> None:
    with pytest.raises(MessageError) as caught:
        check_fields("cold_room", {"air_temp_c": 85, "humidity_pct": 50, "door_open": "shut"})
    assert caught.value.code == "out-of-range"
    assert "air_temp_c" in caught.value.detail
    assert "door_open" in caught.value.detail
    assert "humidity_pct is" not in caught.value.detail


def test_nulls_are_left_out() -> None:
    assert check_fields("cold_room", {"air_temp_c": 1.5, "co2_pct": None}) == {"air_temp_c": 1.5}


def test_switches_are_stored_as_0_and_1() -> None:
    checked = check_fields("cold_room", {"door_open": True, "defrost_on": False})
    assert [(type(value), value) for value in checked.values()] == [(int, 1), (int, 0)]
    assert check_fields("cold_room", {"door_open": 1, "defrost_on": 0}) == checked


def test_whole_floats_are_taken_for_counts_and_stored_as_integers() -> None:
    (value,) = check_fields("sorting_lane", {"fruit_count": 1200.0}).values()
    assert (type(value), value) == (int, 1200)


def test_whole_numbers_are_taken_for_measurements_and_stored_as_floats() -> None:
    (value,) = check_fields("cold_room", {"air_temp_c": 2}).values()
    assert (type(value), value) == (float, 2.0)


@pytest.mark.parametrize("word", LINE_STATES)
def test_every_state_word_is_taken(word: str) -> None:
    assert check_fields("sorting_line", {"state": word}) == {"state": word}


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_bounds_of_every_range_are_inside(kind: str) -> None:
    for field in KINDS[kind].fields.values():
        if field.type in {FieldType.FLOAT, FieldType.INTEGER}:
            assert check_fields(kind, {field.name: field.low}) == {field.name: field.low}
            assert check_fields(kind, {field.name: field.high}) == {field.name: field.high}


def test_a_truth_value_is_shown_as_it_was_sent() -> None:
    with pytest.raises(MessageError, match="is true, must be a number"):
        check_fields("cold_room", {"air_temp_c": True})


def test_a_number_of_many_digits_is_cut_in_the_detail() -> None:
    with pytest.raises(MessageError) as caught:
        check_fields("sorting_line", {"fruit_count": 1e300})
    assert len(caught.value.detail) < 200


def test_a_long_foreign_value_is_cut_in_the_detail() -> None:
    with pytest.raises(MessageError) as caught:
        check_fields("cold_room", {"air_temp_c": "x" * 10_000})
    assert len(caught.value.detail) < 200


@pytest.mark.parametrize(
    "value", ["2026-10-12T12:00:00.678Z", "2026-10-12T20:00:00.678+08:00", NOW_MS + 678]
)
def test_times_are_rfc_3339_or_epoch_milliseconds(value: object) -> None:
    assert check_time(value, NOW_MS, SKEW_MS) == NOW_MS + 678


def test_a_time_must_be_given() -> None:
    assert time_code(None) == "time-missing"


@pytest.mark.parametrize(
    "value",
    ["noon", "2026-10-12T12:00:00", "2026-02-30T12:00:00Z", "", 1.5, True, [NOW_MS], math.nan],
)
def test_a_time_must_be_readable(value: object) -> None:
    assert time_code(value) == "time-invalid"


def test_a_time_may_be_ahead_by_the_clock_skew_and_no_more() -> None:
    assert check_time(NOW_MS + SKEW_MS, NOW_MS, SKEW_MS) == NOW_MS + SKEW_MS
    assert time_code(NOW_MS + SKEW_MS + 1) == "time-in-future"


def test_microseconds_sent_for_milliseconds_are_guessed() -> None:
    with pytest.raises(MessageError, match="were microseconds sent") as caught:
        check_time(NOW_MS * 1000, NOW_MS, SKEW_MS)
    assert caught.value.code == "time-in-future"


@pytest.mark.parametrize("value", [0, -1, NOW_MS // 1000, "1999-12-31T23:59:59Z"])
def test_a_time_before_2000_is_a_clock_that_was_never_set(value: object) -> None:
    assert time_code(value) == "time-implausible"


@pytest.mark.parametrize("value", [None, 0, 41, 2**32 - 1])
def test_seq_may_be_left_out_or_any_uint32(value: object) -> None:
    check_seq(value)


@pytest.mark.parametrize("value", [-1, 2**32, 1.5, "41", True])
def test_seq_that_is_no_uint32_is_refused(value: object) -> None:
    with pytest.raises(MessageError) as caught:
        check_seq(value)
    assert caught.value.code == "wrong-type"


def test_whole_numbers_may_be_written_with_a_point() -> None:
    assert check_seq(41.0) == 41
    assert check_time(float(NOW_MS), NOW_MS, SKEW_MS) == NOW_MS
    assert check_fields("cold_room", {"door_open": 1.0}) == {"door_open": 1}
