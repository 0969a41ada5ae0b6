"""Names of the lineage's nodes and pages' tokens."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.books.nodes import parse_node
from traceability.errors import QueryError
from traceability.paging import read_token, write_token

BATCH = "01/09521321000018/10/A%2FB"
PALLET = "00/095213210000000018"


@pytest.mark.parametrize(
    ("text", "node"),
    [
        (BATCH, BATCH),
        ("https://example.com/01/09521321000018/10/A%2FB", BATCH),
        ("https://example.com/shop/01/09521321000018/10/A%2FB", BATCH),
        ("(01)09521321000018(10)A/B", BATCH),
        ("urn:epc:class:lgtin:9521321.000001.A%2FB", BATCH),
        ("01/09521321000018/10/00", "01/09521321000018/10/00"),
        ("01/09521321000018/10/095213210000000018", "01/09521321000018/10/095213210000000018"),
        (PALLET, PALLET),
        ("095213210000000018", PALLET),
        ("(00)095213210000000018", PALLET),
        ("https://id.gs1.org/00/095213210000000018", PALLET),
        ("urn:epc:id:sscc:9521321.0000000001", PALLET),
        ("shipment/S-1", "shipment/S-1"),
        ("stock/(01)09521321000018(10)A/B", f"stock/{BATCH}"),
        ("loss/urn:uuid:1", "loss/urn:uuid:1"),
    ],
)
def test_every_form_of_an_identifier_names_its_node(text: str, node: str) -> None:
    assert parse_node(text) == node


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("01/09521321000019/10/A", "wrong-check-digit"),
        ("095213210000000019", "wrong-check-digit"),
        ("00/09521321000000001", "bad-node"),
        ("01/09521321000018", "bad-node"),
        ("01/09521321000018/10/" + "A" * 21, "bad-node"),
        ("A-LOT", "bad-node"),
        ("stock/A-LOT", "bad-node"),
        ("", "bad-node"),
    ],
)
def test_what_names_no_node_is_refused_with_the_reason(text: str, code: str) -> None:
    with pytest.raises(QueryError) as refused:
        parse_node(text)
    assert refused.value.code == code


sixty_three_bits = st.integers(min_value=-(2**63) + 1, max_value=2**63 - 1)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


@given(st.tuples(sixty_three_bits, texts, texts))
def test_a_token_gives_its_key_back(key: tuple[int, str, str]) -> None:
    assert read_token(write_token(key), (int, str, str)) == list(key)


@pytest.mark.parametrize("key", [[2**63], [-(2**63)], [True], ["1"], [1.0], [1, 1], [], {"a": 1}])
def test_a_key_that_no_database_compares_with_is_refused(key: object) -> None:
    with pytest.raises(QueryError):
        read_token(write_token(key), (int,))  # type: ignore[arg-type]  # that is the test


@given(st.text())
def test_no_text_as_a_token_does_more_harm_than_a_refusal(text: str) -> None:
    with contextlib.suppress(QueryError):
        assert isinstance(read_token(text, (int,))[0], int)
