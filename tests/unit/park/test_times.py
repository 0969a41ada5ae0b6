"""Instants: aware in, UTC inside, RFC 3339 out."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park.times import format_instant, from_epoch_ms, parse_instant, to_epoch_ms

milliseconds = st.integers(0, to_epoch_ms(datetime(9999, 12, 31, tzinfo=UTC)))


@given(milliseconds)
def test_milliseconds_survive_the_way_through_text(epoch_ms: int) -> None:
    assert to_epoch_ms(parse_instant(format_instant(from_epoch_ms(epoch_ms)))) == epoch_ms


def test_an_offset_is_turned_into_utc() -> None:
    assert parse_instant("2026-10-12T11:04:05.678+08:00") == datetime(
        2026, 10, 12, 3, 4, 5, 678_000, tzinfo=UTC
    )


@pytest.mark.parametrize(
    "text",
    ["", "2026-10-12", "2026-10-12T03:04:05", "20261012T030405Z", "2026-13-01T00:00:00Z",
     "2016-12-31T23:59:60Z", "2026-10-12T03:04:05+24:00",
     "0001-01-01T00:00:00+23:59", "٢٠٢٦-10-12T03:04:05Z"],
)  # fmt: skip
def test_what_is_no_rfc_3339_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no RFC 3339 time|is no time of|outside the calendar"):
        parse_instant(text)
