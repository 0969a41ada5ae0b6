"""JSON pointers find what RFC 6901 says, and nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.profiles.pointer import ABSENT, escape_step, find_first, parse_pointer

# The document and the pointers of RFC 6901, section 5.
DOCUMENT = {
    "foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5,
    'k"l': 6, " ": 7, "m~n": 8,
}  # fmt: skip

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("pointer", "found"),
    [
        ("", DOCUMENT), ("/foo", ["bar", "baz"]), ("/foo/0", "bar"), ("/", 0), ("/a~1b", 1),
        ("/c%d", 2), ("/e^f", 3), ("/g|h", 4), ("/i\\j", 5), ('/k"l', 6), ("/ ", 7), ("/m~0n", 8),
    ],
)  # fmt: skip
def test_the_examples_of_the_standard_hold(pointer: str, found: object) -> None:
    assert parse_pointer(pointer).find(DOCUMENT, None) == found


@pytest.mark.parametrize(
    "pointer", ["/foo/2", "/foo/-", "/foo/00", "/foo/-1", "/foo/²", "/foo/bar", "/none", "/a/b/c"]
)
def test_what_isn_t_there_is_absent(pointer: str) -> None:
    assert parse_pointer(pointer).find(DOCUMENT, None) is ABSENT


def test_a_dollar_begins_at_the_whole_message() -> None:
    assert parse_pointer("$/foo/1").find({"foo": 1}, DOCUMENT) == "baz"
    assert parse_pointer("$").find({}, DOCUMENT) == DOCUMENT


@pytest.mark.parametrize("text", ["foo", "a/b", "$foo", "/a~b", "/a~", "/~2"])
def test_what_is_no_pointer_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="pointer"):
        parse_pointer(text)


def test_the_first_pointer_with_a_value_counts_and_null_is_none() -> None:
    pointers = tuple(map(parse_pointer, ("/new", "/old")))
    assert find_first(pointers, {"new": None, "old": 3}, None) == 3
    assert find_first(pointers, {"new": 0, "old": 3}, None) == 0
    assert find_first(pointers, {}, None) is ABSENT


def every_path(value: Any, path: str = "") -> list[tuple[str, Any]]:
    found = [(path, value)]
    if isinstance(value, dict):
        steps = [(escape_step(key), inner) for key, inner in value.items()]
    elif isinstance(value, list):
        steps = [(str(index), inner) for index, inner in enumerate(value)]
    else:
        steps = []
    for step, inner in steps:
        found += every_path(inner, f"{path}/{step}")
    return found


@given(JSON)
def test_every_part_of_a_message_has_a_pointer_whatever_its_keys(message: Any) -> None:
    for path, value in every_path(message):
        assert parse_pointer(path).find(message, None) is value
        assert parse_pointer(f"${path}").find(None, message) is value
