"""Schema and decoder agree: a payload fits the document if and only if ingest stores it."""

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from ingest.asyncapi.scans import ACTIONS_AT
from ingest.codecs.senml import resolve
from ingest.errors import MessageError
from park.scans import Action
from park.telemetry import KINDS, Field, FieldType, Kind
from tests.support.asyncapi_document import (
    FAR_AHEAD_MS,
    decoder,
    document,
    fits,
    is_taken,
    topic_of,
)

ASCII = st.characters(max_codepoint=127)
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    # A float that is whole is an integer to JSON Schema, but not where ingest wants an integer.
    st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: not x.is_integer()),
    st.text(max_size=70),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
ZONES = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda m: timezone(timedelta(minutes=m)))
INSTANTS = st.one_of(
    st.integers(946_684_800_000, FAR_AHEAD_MS),
    st.datetimes(datetime(2000, 1, 2), datetime(2999, 12, 30), timezones=ZONES).map(  # noqa: DTZ001 - hypothesis adds the zone
        datetime.isoformat
    ),
)


def values(field: Field) -> st.SearchStrategy[object]:
    """What the table says that a field may hold."""
    match field.type:
        case FieldType.BOOLEAN:
            return st.sampled_from([True, False, 0, 1])
        case FieldType.STATE:
            return st.sampled_from(field.states)
        case FieldType.INTEGER:
            return st.integers(int(field.low), int(field.high))
        case _:
            return st.one_of(
                st.floats(field.low, field.high), st.integers(int(field.low), int(field.high))
            )


@st.composite
def right_readings(draw: st.DrawFn, kind: Kind) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(list(kind.fields)), min_size=1, unique=True))
    reading = {name: draw(st.none() | values(kind.fields[name])) for name in names[1:]}
    reading[names[0]] = draw(values(kind.fields[names[0]]))
    if draw(st.booleans()):
        reading["seq"] = draw(st.none() | st.integers(0, 2**32 - 1))
    return {**reading, "ts": draw(INSTANTS)}


@st.composite
def changed_readings(draw: st.DrawFn, kind: Kind) -> dict[str, Any]:
    """A reading that is right but for one entry, perhaps."""
    reading = draw(right_readings(kind))
    name = draw(st.sampled_from([*kind.fields, "ts", "seq"]) | st.text(max_size=12))
    if draw(st.booleans()):
        reading.pop(name, None)
    else:
        near = [nearby(kind.fields[name])] if name in kind.fields else []
        reading[name] = draw(st.one_of(JUNK, *near))
        # An unknown field without a value loses nothing: ingest passes it over.
        assume(name in {*kind.fields, "ts", "seq"} or reading[name] is not None)
    return reading


def nearby(field: Field) -> st.SearchStrategy[object]:
    """Values about the ends of the range."""
    ends = [field.low, field.high]
    around = [end + step for end in ends for step in (-1, -0.5, 0.5, 1)]
    return st.sampled_from(
        [x for x in around if not float(x).is_integer()] + [int(x) for x in ends]
    )


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=20)
@given(data=st.data())
def test_a_reading_within_the_table_fits_and_is_stored(kind: str, data: st.DataObject) -> None:
    reading = data.draw(right_readings(KINDS[kind]))
    assert fits(f"{kind}_readings", reading)
    assert is_taken(topic_of(kind, "telemetry"), reading)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=50)
@given(data=st.data())
def test_a_reading_fits_if_and_only_if_ingest_stores_it(kind: str, data: st.DataObject) -> None:
    changed = changed_readings(KINDS[kind])
    payload = data.draw(changed | st.lists(changed, max_size=3))
    assert fits(f"{kind}_readings", payload) is is_taken(topic_of(kind, "telemetry"), payload)


@pytest.mark.parametrize(("count", "is_right"), [(10_000, True), (10_001, False)])
def test_a_message_has_as_many_readings_as_ingest_takes(count: int, *, is_right: bool) -> None:
    one, several = document()["components"]["messages"]["cold_room_readings"]["payload"]["oneOf"]
    assert several["items"] == one
    length = Draft7Validator({**several, "items": True})
    assert length.is_valid([1] * count) is is_right
    topic, payload = topic_of("cold_room", "telemetry"), json.dumps([1] * count).encode()
    faults = decoder().decode(topic, payload, FAR_AHEAD_MS).faults
    assert ("too-many-readings" not in {fault.code for fault in faults}) is is_right


@given(
    status=st.fixed_dictionaries(
        {},
        optional={
            "online": st.booleans() | JUNK,
            "fw": st.none()
            | JUNK.filter(lambda x: not isinstance(x, str))
            | st.text(ASCII, max_size=70),
            "ts": INSTANTS | st.none(),
            "rssi": JUNK,
        },
    )
    | JUNK
)
def test_a_status_fits_if_and_only_if_ingest_takes_it(status: object) -> None:
    assert fits("status", status) is is_taken(topic_of("cold_room", "status"), status)


SCANS = [
    (asset_type.value, action) for asset_type, actions in ACTIONS_AT.items() for action in actions
]


@pytest.mark.parametrize(("asset_type", "action"), SCANS)
@settings(max_examples=50)
@given(data=st.data())
def test_a_scan_fits_if_and_only_if_ingest_takes_it(
    asset_type: str, action: Action, data: st.DataObject
) -> None:
    name = f"{action}_scan"
    (example,) = document()["components"]["messages"][name]["examples"]
    scan = dict(example["payload"])
    entry = data.draw(st.sampled_from([*scan, "asset"]) | st.text(max_size=12))
    if data.draw(st.booleans()):
        scan.pop(entry, None)
    else:
        # Any text may be a key of GS1 or an asset's id to JSON Schema.
        is_key = entry in {"batch", "pallet", "asset"}
        scan[entry] = data.draw(JUNK.filter(lambda x: not (is_key and isinstance(x, str))))
    assert fits(name, scan) is is_taken(topic_of(asset_type, "scan"), scan)


@pytest.mark.parametrize("mass", [0, -1, 1_000_001, 1e300, "5", True, None])
def test_a_mass_that_no_scan_may_have_does_not_fit(mass: object) -> None:
    (example,) = document()["components"]["messages"]["harvest_scan"]["examples"]
    scan = {**example["payload"], "qty_kg": mass}
    assert not fits("harvest_scan", scan)
    assert not is_taken(topic_of("orchard", "scan"), scan)


PACKS: list[tuple[object, bool]] = [
    ([{"n": "a", "v": 1}], True),
    ([{"n": "a", "v": 1, "note": "passed over"}], True),
    ([{"bn": "room/", "bt": 1.76e9}, {"n": "a", "vb": True}, {"n": "b", "vs": "x"}], True),
    ([{"n": "a", "s": 1}, {"n": "b", "v": 1, "s": 1}], True),
    ([{"n": "a", "v": 1, "bver": 31}], True),
    ([], False),
    ([{"n": "a"}], False),
    ([{"bn": "a"}], False),
    ([{"n": "a b", "v": 1}], False),
    ([{"n": "a", "v": "1"}], False),
    ([{"n": "a", "v": True}], False),
    ([{"n": "a", "vb": 1}], False),
    ([{"n": "a", "v": 1, "vs": "x"}], False),
    ([{"n": "a", "v": 1, "must_": 1}], False),
    ([{"n": "a", "v": 1, "bver": 32}], False),
    ([1], False),
]


@pytest.mark.parametrize(("pack", "is_right"), PACKS)
def test_a_pack_fits_if_and_only_if_it_can_be_resolved(
    pack: list[object], *, is_right: bool
) -> None:
    try:
        is_resolved = bool(resolve(pack, FAR_AHEAD_MS))
    except MessageError:
        is_resolved = False
    assert fits("cold_room_senml", pack) is is_resolved is is_right
