"""Values as they stand on a page."""

from datetime import timedelta

import pytest

from api.pages.formats import Formats
from api.parameters import parse_duration
from park.times import parse_instant

EN, ZH = Formats("en"), Formats("zh")


@pytest.mark.parametrize(
    ("kg", "written"),
    [
        (812.5, "812.5 kg"),
        (800, "800 kg"),
        (12_345.67, "12,345.7 kg"),
        (0.25, "0.25 kg"),
        (90.0, "90 kg"),
        (0, "0 kg"),
    ],
)
def test_masses_keep_what_matters(kg: float, written: str) -> None:
    assert EN.mass(kg) == written.replace(" ", "\u202f")


def test_temperatures_have_a_true_minus_sign_and_no_minus_zero() -> None:
    assert EN.temperature(-0.52) == "−0.5\u202f°C"
    assert EN.temperature(-0.04) == "0.0\u202f°C"
    assert EN.temperature(None) == "–"


def test_times_are_the_park_s() -> None:
    late = parse_instant("2025-10-02T16:30:00Z")
    assert EN.moment(late) == "3 Oct 2025 00:30"
    assert ZH.moment(late) == "2025年10月3日 00:30"


def test_spans_are_days_or_hours() -> None:
    assert EN.span(timedelta(days=17.8)) == "18 days"
    assert ZH.span(timedelta(hours=5)) == "5 小时"
    assert EN.span(timedelta(minutes=90)) == "1.5 h"


def test_a_share_of_nothing_is_a_dash() -> None:
    assert EN.share(1, 3) == "33.3\u202f%"
    assert EN.share(1, 0) == "–"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("900", 900),
        ("15m", 900),
        ("PT15M", 900),
        ("1h30m", 5400),
        ("1d", 86_400),
        ("P1DT1H", 90_000),
        ("2w", 1_209_600),
    ],
)
def test_durations_are_read_in_several_forms(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "P", "0", "-1", "1.5h", "h", "1y", "9" * 30, "٣h"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)
