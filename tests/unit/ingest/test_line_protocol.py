"""The line protocol that ingest writes is InfluxDB's, and reads back as what was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import UnknownFieldError
from ingest.line_protocol import decode, encode
from ingest.reading import Reading, StoredValue
from park.telemetry import KINDS, Field, FieldType

TAG_VALUES = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters="\\"), min_size=1
) | st.sampled_from(["a b", "a,b", "a=b", ", =", "枣园 1"])


def stored_values(field: Field) -> st.SearchStrategy[StoredValue]:
    if field.type is FieldType.STATE:
        return st.sampled_from(field.states)
    if field.type is FieldType.BOOLEAN:
        return st.integers(0, 1)
    if field.type is FieldType.INTEGER:
        return st.integers(0, 2**53)
    return st.floats(field.low, field.high)


@st.composite
def readings(draw: st.DrawFn) -> Reading:
    kind = draw(st.sampled_from(list(KINDS.values())))
    fields = draw(
        st.dictionaries(st.sampled_from(list(kind.fields)), st.none(), min_size=1).flatmap(
            lambda names: st.fixed_dictionaries(
                {name: stored_values(kind.fields[name]) for name in names}
            )
        )
    )
    centre = draw(st.none() | TAG_VALUES)
    time_ms = draw(st.integers(946_684_800_000, 4_102_444_800_000))
    return Reading(kind.name, draw(TAG_VALUES), draw(TAG_VALUES), centre, time_ms, fields)


@given(readings())
def test_every_reading_reads_back_as_it_was_written(reading: Reading) -> None:
    assert decode(encode(reading)) == reading


@given(st.text(st.characters(exclude_characters="\n"), max_size=50))
def test_any_string_field_reads_back_as_it_was_written(text: str) -> None:
    reading = Reading("sorting_line", "linyi", "line-01", None, 1_760_000_000_000, {"state": text})
    assert decode(encode(reading)) == reading


def test_a_line_has_sorted_tags_typed_fields_and_milliseconds() -> None:
    fields: dict[str, StoredValue] = {"air_temp_c": -0.8, "door_open": 1}
    line = encode(
        Reading("cold_room", "linyi", "room-0001", "centre-01", 1_760_000_000_678, fields)
    )
    assert line == (
        "cold_room,asset=room-0001,centre=centre-01,site=linyi"
        " air_temp_c=-0.8,door_open=1i 1760000000678"
    )


def test_commas_spaces_and_equals_signs_in_tags_are_escaped() -> None:
    line = encode(Reading("soil", "a b", "c,d=e", None, 1, {"battery_pct": 50.0}))
    assert line == r"soil,asset=c\,d\=e,site=a\ b battery_pct=50.0 1"


def test_quotes_and_backslashes_in_strings_are_escaped() -> None:
    line = encode(Reading("sorting_line", "linyi", "line-01", None, 1, {"state": 'a"b\\c'}))
    assert line.split(" ")[1] == r'state="a\"b\\c"'


@pytest.mark.parametrize(
    "line",
    [
        "",
        "cold_room",
        "cold_room,asset=a,site=b",
        "cold_room,asset=a,site=b x=1",
        "cold_room,site=b air_temp_c=1 5",
        "cold_room,asset=a,site=b air_temp_c=warm 5",
    ],
)
def test_what_is_no_line_is_refused(line: str) -> None:
    with pytest.raises(UnknownFieldError):
        decode(line)
