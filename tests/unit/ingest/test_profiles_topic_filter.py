"""Topic filters match as MQTT 5 says, section 4.7."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.profiles.topic_filter import (
    check_filter,
    covers,
    matches,
    overlap,
    without_covered,
)

LEVELS = st.lists(st.sampled_from(["a", "b", "", "$a"]), min_size=1, max_size=4)
TOPICS = LEVELS.map("/".join)


@st.composite
def filters(draw: st.DrawFn) -> str:
    levels = draw(st.lists(st.sampled_from(["a", "b", "", "+", "$a"]), min_size=1, max_size=4))
    return "/".join([*levels, "#"] if draw(st.booleans()) else levels)


@pytest.mark.parametrize(
    ("topic_filter", "topic", "matched"),
    [
        ("sport/tennis/player1/#", "sport/tennis/player1", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", True),
        ("sport/#", "sport", True),
        ("#", "a/b", True),
        ("sport/tennis/+", "sport/tennis/player1", True),
        ("sport/tennis/+", "sport/tennis/player1/ranking", False),
        ("sport/+", "sport", False),
        ("sport/+", "sport/", True),
        ("+/+", "/finance", True),
        ("/+", "/finance", True),
        ("+", "/finance", False),
        ("#", "$SYS/x", False),
        ("+/monitor/Clients", "$SYS/monitor/Clients", False),
        ("$SYS/#", "$SYS/x", True),
        ("$SYS/monitor/+", "$SYS/monitor/Clients", True),
        ("Sport", "sport", False),
    ],
)
def test_a_filter_matches_as_the_standard_s_examples_say(
    topic_filter: str, topic: str, *, matched: bool
) -> None:
    assert matches(topic_filter, topic) is matched


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "1 to 65535"),
        ("a\0b", "NUL"),
        ("a" * 65_536, "65535"),
        ("a/#/b", "at the end"),
        ("a/b#", "at the end"),
        ("a+/b", "one whole level"),
        ("$share/g/a/b", "without .share"),
        ("#", "agripark's own"),
        ("+/#", "agripark's own"),
        ("agripark/v1/linyi/#", "agripark's own"),
    ],
)
def test_a_wrong_filter_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        check_filter(text)


@pytest.mark.parametrize("text", ["a", "+/+", "a/#", "/", "a b/ü/+/#", "$SYS/broker/uptime"])
def test_a_filter_is_taken_as_it_is(text: str) -> None:
    assert check_filter(text) == text


@given(filters(), filters(), TOPICS)
def test_filters_that_share_a_topic_overlap_and_a_covering_one_has_every_topic(
    one: str, other: str, topic: str
) -> None:
    if matches(one, topic) and matches(other, topic):
        assert overlap(one, other)
    if covers(one, other) and matches(other, topic):
        assert matches(one, topic)


def test_covered_filters_are_not_subscribed_to_again() -> None:
    assert without_covered(["a/+/c", "a/b/c", "a/#", "b/+", "b/+"]) == ("a/#", "b/+")
