"""JSON that clients send: what it says, or where it is wrong."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.epcis.json_text import parse_json
from traceability.errors import InvalidDocumentError

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4) | st.just('": '),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.text(max_size=4), parts),
    max_leaves=8,
)


@given(_VALUES, st.sampled_from([None, 1]))
def test_json_is_what_it_says(value: object, indent: int | None) -> None:
    text = json.dumps(value, indent=indent).encode()
    assert parse_json(text) == value
    assert parse_json(b"\xef\xbb\xbf" + text) == value


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (b'{"a": 1, "a": 1}', "a"),
        (b'{"b": [{"c": {}}, {"c": {"d": 1, "e": "x", "d" : 2}}]}', "b[1].c.d"),
        (b'{"a": 1, "\\u0061": 2}', "a"),
        (b'{"a": {"b": 1, "b": 2}, "a": 3}', "a"),
        (b"", "line 1 column 1"),
        (b'{"a":\n NaN}', "line 2 column 2"),
        (b'{"a": 1e400}', "line 1 column 7"),
        (b'{"a": "\xff"}', "line 1 column 1"),
        (b"[" * 100_000, "line 1 column 1026"),
        (b"[" * 1_010 + b'{"a": 1, "a": 2}' + b"]" * 1_010, ""),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: bytes, path: str) -> None:
    with pytest.raises(InvalidDocumentError) as raised:
        parse_json(text)
    (problem,) = raised.value.problems
    assert problem.path == path
