"""When scheduled subscriptions report."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.epcis.subscriptions.schedules import Schedule
from traceability.errors import SubscriptionControlsError

SATURDAY = datetime(2025, 11, 15, 10, 20, 30, 400_000, tzinfo=UTC)


def following(fields: dict[str, Any], start: datetime = SATURDAY, count: int = 1) -> list[str]:
    schedule = Schedule.of(fields)
    times: list[str] = []
    for _ in range(count):
        start = schedule.next_after(start)
        times.append(start.strftime("%Y-%m-%d %H:%M:%S"))
    return times


@pytest.mark.parametrize(
    ("fields", "times"),
    [
        ({"second": "31"}, ["2025-11-15 10:20:31", "2025-11-15 10:21:31"]),
        ({"second": "30"}, ["2025-11-15 10:21:30", "2025-11-15 10:22:30"]),
        ({"second": "0/30"}, ["2025-11-15 10:21:00", "2025-11-15 10:21:30"]),
        ({"second": "*"}, ["2025-11-15 10:20:31", "2025-11-15 10:20:32"]),
        ({"minute": "5"}, ["2025-11-15 11:05:00", "2025-11-15 12:05:00"]),
        ({"minute": "[18-22]"}, ["2025-11-15 10:21:00", "2025-11-15 10:22:00"]),
        ({"minute": "20-21"}, ["2025-11-15 10:21:00", "2025-11-15 11:20:00"]),
        ({"hour": "1", "minute": "5"}, ["2025-11-16 01:05:00", "2025-11-17 01:05:00"]),
        ({"hour": 10}, ["2025-11-16 10:00:00", "2025-11-17 10:00:00"]),
        ({"hour": "[8-9],23"}, ["2025-11-15 23:00:00", "2025-11-16 08:00:00"]),
        ({"dayOfWeek": "1"}, ["2025-11-17 00:00:00", "2025-11-24 00:00:00"]),
        ({"dayOfWeek": "6,7"}, ["2025-11-16 00:00:00", "2025-11-22 00:00:00"]),
        ({"dayOfMonth": "31"}, ["2025-12-31 00:00:00", "2026-01-31 00:00:00"]),
        ({"month": "2", "dayOfMonth": "29"}, ["2028-02-29 00:00:00", "2032-02-29 00:00:00"]),
        ({"month": "1"}, ["2026-01-01 00:00:00", "2026-01-02 00:00:00"]),
        (
            {"hour": "23", "minute": "59", "second": "59"},
            ["2025-11-15 23:59:59", "2025-11-16 23:59:59"],
        ),
    ],
)
def test_the_times_that_follow(fields: dict[str, Any], times: list[str]) -> None:
    assert following(fields, count=2) == times


def test_the_second_before_midnight_passes_into_the_next_day() -> None:
    midnight = datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert following({"second": "0"}, midnight) == ["2026-01-01 00:00:00"]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, "second"),
        ({"second": "60"}, "schedule.second"),
        ({"minute": ""}, "schedule.minute"),
        ({"minute": "5-"}, "schedule.minute"),
        ({"minute": "[9-3]"}, "schedule.minute"),
        ({"minute": "0/0"}, "schedule.minute"),
        ({"minute": "1,,2"}, "schedule.minute"),
        ({"hour": True}, "schedule.hour"),
        ({"hour": 1.5}, "schedule.hour"),
        ({"hour": None}, "schedule.hour"),
        ({"hour": ["1"]}, "schedule.hour"),
        ({"hour": "9" * 500}, "schedule.hour"),
        ({"hour": "-1"}, "schedule.hour"),
        ({"dayOfWeek": "0"}, "schedule.dayOfWeek"),
        ({"dayOfMonth": "32"}, "schedule.dayOfMonth"),
        ({"month": "2", "dayOfMonth": "30"}, "never"),
        ({"year": "2027"}, "year"),
        ({"minute": "\u0665"}, "schedule.minute"),
    ],
)
def test_what_never_comes_is_refused(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(SubscriptionControlsError, match=named):
        Schedule.of(fields)


NUMBERS = st.tuples(
    st.sets(st.integers(0, 59), min_size=1), st.sets(st.integers(0, 23), min_size=1)
)


@given(NUMBERS, st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - made aware below
def test_the_next_time_fits_and_none_between_does(
    numbers: tuple[set[int], set[int]], naive: datetime
) -> None:
    minutes, hours = numbers
    start = naive.replace(tzinfo=UTC)
    schedule = Schedule.of(
        {"minute": ",".join(map(str, minutes)), "hour": ",".join(map(str, hours))}
    )
    found = schedule.next_after(start)
    assert found > start
    assert (found.minute in minutes, found.hour in hours, found.second) == (True, True, 0)
    between = start.replace(second=0, microsecond=0) + timedelta(minutes=1)
    while between < found:
        assert between.minute not in minutes or between.hour not in hours
        between += timedelta(minutes=1)
