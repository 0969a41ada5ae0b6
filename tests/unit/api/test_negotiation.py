"""What a client would rather have."""

from hypothesis import given
from hypothesis import strategies as st

from api.negotiation import HTML, JSON, JSON_LD, media_type
from api.uuid7 import uuid7

OFFERED = (HTML, JSON, JSON_LD)


@given(st.text())
def test_any_accept_header_at_all_gets_one_of_the_offered_types(header: str) -> None:
    assert media_type(header, OFFERED) in OFFERED


@given(st.permutations(OFFERED), st.sampled_from(OFFERED))
def test_a_client_that_takes_one_type_gets_it(offered: list[str], wanted: str) -> None:
    assert media_type(wanted, offered) == wanted


def test_the_more_specific_range_counts() -> None:
    assert media_type("application/*;q=0.9, application/json;q=0.1", OFFERED) == JSON_LD


def test_new_ids_sort_by_time_and_differ() -> None:
    ids = [uuid7() for _ in range(100)]
    assert len(set(ids)) == 100
    assert {(made.version, made.variant) for made in ids} == {(7, "specified in RFC 4122")}
    assert [made.int >> 80 for made in ids] == sorted(made.int >> 80 for made in ids)
