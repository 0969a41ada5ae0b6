"""A correction counts within its validity, from when it was recorded until it was withdrawn."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.calibration.correction import Correction, Curve, Draft, counting_at, segments
from ingest.calibration.register import CalibrationRegister
from ingest.errors import CalibrationError, CalibrationUnavailableError, NoCorrectionError
from park.assets import Park
from park.errors import UnknownAssetError

HOUR_MS = 3_600_000


def draft(
    curve: Curve | None = None,
    start_ms: int = 0,
    end_ms: int | None = None,
    asset: str = "room-0001",
    field: str = "air_temp_c",
) -> Draft:
    correction = curve or Curve(offset=-0.3)
    return Draft(asset, field, correction, start_ms, end_ms, "CNAS L1234, 2026-118", "Li Wei")


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now_ms = 1_000

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def register(tmp_path: Path, small_park: Park, clock: Clock) -> CalibrationRegister:
    return CalibrationRegister(tmp_path / "calibration.db", small_park, clock)


def test_a_gain_and_an_offset_are_applied() -> None:
    assert Curve(2.0, -0.5).correct(10.0) == 19.5


@pytest.mark.parametrize(
    ("raw", "corrected"),
    [(-1.0, -0.5), (0.0, 0.5), (5.0, 5.25), (10.0, 10.0), (20.0, 20.0), (-40.0, -39.5)],
)
def test_points_are_joined_by_straight_lines_and_their_ends_go_on(
    raw: float, corrected: float
) -> None:
    assert Curve(points=((0.0, 0.5), (10.0, 10.0))).correct(raw) == corrected


@given(st.floats(-40, 60), st.floats(-40, 60))
def test_a_curve_keeps_the_order_of_values(a: float, b: float) -> None:
    curve = Curve(points=((-20.0, -19.0), (0.0, 0.4), (30.0, 29.0)))
    assert (curve.correct(a) <= curve.correct(b)) == (a <= b) or abs(a - b) < 1e-9


def test_a_span_is_cut_where_another_correction_begins_to_count() -> None:
    early = Correction(1, draft(Curve(offset=1.0), 0, 100), 0, None)
    late = Correction(2, draft(Curve(offset=2.0), 50, None), 0, None)
    found = segments([early, late], -50, 200)
    assert [(s.start_ms, s.end_ms, s.curve.offset) for s in found] == [
        (-50, 0, 0.0),
        (0, 50, 1.0),
        (50, 200, 2.0),
    ]


spans = st.tuples(st.integers(0, 50), st.integers(1, 50), st.booleans())


@given(st.lists(spans, max_size=6))
def test_every_moment_lies_in_the_one_segment_of_its_correction(
    validities: list[tuple[int, int, bool]],
) -> None:
    known = [
        Correction(number, draft(None, start, None if is_open else start + length), 0, None)
        for number, (start, length, is_open) in enumerate(validities, 1)
    ]
    cut = segments(known, 10, 90)
    assert [cut[0].start_ms, cut[-1].end_ms] == [10, 90]
    for moment in range(10, 90):
        (segment,) = [s for s in cut if s.start_ms <= moment < s.end_ms]
        assert segment.correction == counting_at(known, moment)


@pytest.mark.parametrize("end_ms", [10, 9])
def test_an_empty_span_has_no_segments(end_ms: int) -> None:
    assert segments([Correction(1, draft(), 0, None)], 10, end_ms) == []


def test_what_was_added_is_found_again_newest_first(register: CalibrationRegister) -> None:
    first = register.add(draft())
    second = register.add(draft(Curve(points=((0.0, 0.1), (9.0, 9.2))), field="pulp_temp_c"))
    assert list(register.corrections()) == [second, first]
    assert list(register.corrections("room-0001", "air_temp_c")) == [first]
    assert list(register.corrections(before=2, limit=1)) == [first]
    assert second.draft.curve.points == ((0.0, 0.1), (9.0, 9.2))


def test_what_was_withdrawn_counted_until_then(register: CalibrationRegister, clock: Clock) -> None:
    clock.now_ms = 2_000
    number = register.add(draft()).number
    clock.now_ms = 3_000
    withdrawn = register.withdraw(number, "Li Wei", "wrong probe")
    assert [withdrawn.counts_as_of(moment) for moment in (1_999, 2_000, 2_999, 3_000, None)] == [
        False,
        True,
        True,
        False,
        False,
    ]
    with pytest.raises(CalibrationError, match="withdrawn already"):
        register.withdraw(number, "Li Wei", "again")


def test_a_register_that_is_not_there_yet_is_empty(register: CalibrationRegister) -> None:
    assert list(register.corrections()) == []
    with pytest.raises(NoCorrectionError, match="no correction 1"):
        register.correction(1)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (draft(field="door_open"), "no measurement"),
        (draft(field="energy_kwh"), "no measurement"),
        (draft(field="temperature"), "has no field 'temperature'; it has air_temp_c"),
        (draft(asset="orchard-001"), "sends no telemetry"),
        (draft(Curve(offset=30.0)), "by 30 Cel, more than a quarter"),
        (draft(Curve(offset=float("nan"))), "more than a quarter"),
        (draft(Curve(gain=-1.0)), "gain must lie"),
        (draft(Curve(gain=1.9)), "more than a quarter"),
        (draft(Curve(points=((0.0, 1.0), (1.0, 0.0)))), "rise together"),
        (draft(Curve(points=((0.0, 0.2), (0.0, 0.3)))), "rise together"),
        (draft(Curve(points=((0.0, 0.2), (10.0, 1.2)))), r"from 0 to 10 .* rises 0\.1 times"),
        (draft(Curve(points=((0.0, 0.0), (0.1, 5.0)))), "rises 50 times"),
        (draft(Curve(points=((0.0, 26.0),))), "by 26 Cel, more than a quarter"),
        (draft(Curve(points=((float("inf"), float("inf")),))), "plain numbers"),
        (draft(Curve(1.1, 0.0, ((0.0, 0.1),))), "either points, or gain and offset"),
        (draft(Curve(points=tuple((n / 1, n / 1) for n in range(101)))), "at most 100 points"),
        (replace(draft(), person="Li\nWei"), "the person has a character that is no text"),
        (replace(draft(), person="\udcff"), "the person has a character that is no text"),
        (replace(draft(), certificate=" "), "the certificate is missing"),
        (replace(draft(), certificate="C" * 301), "longer than 300 characters"),
        (draft(None, 10, 10), "ends before it begins"),
    ],
)
def test_what_can_not_be_meant_is_refused(
    register: CalibrationRegister, wrong: Draft, words: str
) -> None:
    with pytest.raises(CalibrationError, match=words):
        register.add(wrong)
    assert list(register.corrections()) == []


def test_an_asset_that_the_park_does_not_have_is_refused(register: CalibrationRegister) -> None:
    with pytest.raises(UnknownAssetError):
        register.add(draft(asset="room-9999"))


def test_a_file_that_is_no_register_is_named(tmp_path: Path, small_park: Park) -> None:
    path = tmp_path / "calibration.db"
    path.write_bytes(b"a letter to my aunt, long enough to be no database" * 100)
    register = CalibrationRegister(path, small_park)
    with pytest.raises(CalibrationUnavailableError, match=r"calibration\.db"):
        register.add(draft())
    with pytest.raises(CalibrationUnavailableError, match=r"calibration\.db"):
        register.corrections()
