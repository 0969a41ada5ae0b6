"""Canonical JSON is that of RFC 8785, whichever way it is written."""

import math
from typing import Any

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from traceability.canonical import canonical_json, read_canonical
from traceability.epcis.jsonld.json_values import number_problem
from traceability.errors import EventFormatError

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_NUMBERS = st.one_of(
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-1000, 1000),
)
_VALUES = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(_TEXTS, parts, max_size=4),
    max_leaves=12,
)


@given(_VALUES)
def test_it_is_what_rfc_8785_says(value: Any) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1.0, "a": -0.0}, '{"a":0,"b":1}'),
        ([1e21, 1e-7, 0.000001, 1e16], "[1e+21,1e-7,0.000001,10000000000000000]"),
        ({"\ufb33": 1, "\U0001f600": 2}, '{"\U0001f600":2,"\ufb33":1}'),
        ('\u20ac\x0f\n"\\/\x7f', '"\u20ac\\u000f\\n\\"\\\\/\x7f"'),
        ([True, None], "[true,null]"),
    ],
)
def test_numbers_names_and_texts_have_one_form(value: object, text: str) -> None:
    assert canonical_json(value).decode() == text


@pytest.mark.parametrize("value", [2**53 + 1, math.nan, math.inf, "\ud800", {"\ud800": 1}])
def test_what_has_no_form_is_refused(value: object) -> None:
    with pytest.raises(EventFormatError):
        canonical_json(value)


@given(st.floats() | st.integers(-(2**70), 2**70) | st.floats(1e15, 1e23))
def test_a_number_that_is_kept_comes_back_from_the_database(number: float) -> None:
    if number_problem(number):
        return
    document = canonical_json({"a": number})
    back = read_canonical(document.decode())
    assert back == {"a": number}
    assert not number_problem(back["a"])
    assert canonical_json(back) == document
    assert orjson.loads(orjson.dumps(back)) == back
