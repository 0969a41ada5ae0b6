"""SenML packs: how base fields resolve, and what becomes of units, sums and names."""

import json
import re
from pathlib import Path
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.codecs import cbor
from ingest.codecs.senml import Record, elements, is_senml, read, resolve
from ingest.element import Element
from ingest.errors import MessageError
from park.telemetry import KINDS, Kind

_NOW_MS = 1_760_238_300_000
_KIND_OF_ASSET = {
    "room-0001": KINDS["cold_room"],
    "room-0002": KINDS["cold_room"],
    "pump-0001": KINDS["pump_head"],
    "station-001": KINDS["weather"],
    "probe-0001": KINDS["soil"],
    "mixer-001": KINDS["fertigation"],
    "line-01": KINDS["sorting_line"],
    "reefer-001": KINDS["reefer"],
}


def asset_kind(asset: str) -> Kind | None:
    return _KIND_OF_ASSET.get(asset)


def of_topic(asset: str, *records: dict[str, Any]) -> list[Element]:
    return elements(resolve(records, _NOW_MS), asset, asset_kind)


# Resolution


def test_base_fields_hold_for_the_records_after_them() -> None:
    pack = [
        {
            "bn": "urn:dev:ow:10e2073a0108006:",
            "bt": 1.276020076001e9,
            "bu": "A",
            "bver": 5,
            "n": "voltage",
            "u": "V",
            "v": 120.1,
        },
        {"n": "current", "t": -5, "v": 1.2},
        {"n": "current", "v": 1.7},
    ]
    name = "urn:dev:ow:10e2073a0108006:"
    assert resolve(pack, _NOW_MS) == [
        Record(f"{name}current", "A", 1_276_020_071_001, 1.2, None),
        Record(f"{name}voltage", "V", 1_276_020_076_001, 120.1, None),
        Record(f"{name}current", "A", 1_276_020_076_001, 1.7, None),
    ]


def test_a_base_field_replaces_the_one_before() -> None:
    pack = [
        {"bn": "a:", "bt": 1_700_000_000, "n": "x", "v": 1},
        {"bn": "b:", "n": "x", "v": 2},
        {"bt": 1_700_000_001, "n": "y", "v": 3},
    ]
    assert [(record.name, record.time_ms) for record in resolve(pack, _NOW_MS)] == [
        ("a:x", 1_700_000_000_000),
        ("b:x", 1_700_000_000_000),
        ("b:y", 1_700_000_001_000),
    ]


def test_base_values_and_sums_are_added_as_they_were_written() -> None:
    pack = [{"bn": "x", "bv": 20.1, "bs": 1000.1, "v": 0.2, "s": 0.2}, {"v": -0.1}]
    assert [(record.value, record.sum) for record in resolve(pack, _NOW_MS)] == [
        (20.3, 1000.3),
        (20.0, 1000.1),
    ]


@pytest.mark.parametrize(
    ("times", "expected_ms"),
    [
        ({}, _NOW_MS),
        ({"t": -5}, _NOW_MS - 5_000),
        ({"t": 2.5}, _NOW_MS + 2_500),
        ({"bt": -60, "t": 0.001}, _NOW_MS - 59_999),
        ({"t": 2**28 - 1}, _NOW_MS + (2**28 - 1) * 1000),
        ({"t": 2**28}, 2**28 * 1000),
        ({"bt": 1_760_238_245, "t": 0.678}, 1_760_238_245_678),
        ({"bt": 1_760_238_245.1, "t": 0.2}, 1_760_238_245_300),
        ({"t": 1_760_238_245.6785}, 1_760_238_245_678),
        ({"t": 1_760_238_245.6795}, 1_760_238_245_680),
    ],
)
def test_times_under_2_to_the_28_count_from_now(times: dict[str, float], expected_ms: int) -> None:
    assert resolve([{"n": "x", "v": 1, **times}], _NOW_MS)[0].time_ms == expected_ms


def test_a_record_with_base_fields_only_is_no_reading() -> None:
    assert resolve([{"bn": "x:"}, {"n": "y", "vs": "z"}], _NOW_MS) == [
        Record("x:y", None, _NOW_MS, "z", None)
    ]


def test_labels_that_are_not_known_are_passed_over() -> None:
    assert resolve([{"n": "x", "v": 1, "ct": "60", "l": "y"}], _NOW_MS)


@pytest.mark.parametrize(
    ("pack", "words"),
    [
        ([{"n": "x", "v": 1, "ct_": "60"}], "'ct_' must be understood"),
        ([{"n": "x"}], "neither a value .* nor a sum"),
        ([{"n": "x", "t": 5}], "neither a value"),
        ([{"n": "x", "v": 1, "vs": "a"}], "v and vs; one value is allowed"),
        ([{"v": 1}], "neither name nor base name"),
        ([{"n": "/x", "v": 1}], "begin with a letter or digit"),
        ([{"n": "x y", "v": 1}], "must be of letters"),
        ([{"n": "温度", "v": 1}], "must be of letters"),
        ([{"n": 5, "v": 1}], "n is 5, must be text"),
        ([{"n": "x", "v": "1"}], "v is '1', must be a number"),
        ([{"n": "x", "v": True}], "v is true, must be a number"),
        ([{"n": "x", "v": None}], "v is None, must be a number"),
        ([{"n": "x", "vb": 1}], "vb is 1, must be true or false"),
        ([{"n": "x", "v": 1, "t": "now"}], "t is 'now', must be a number"),
        ([{"n": "x", "v": 1, "bver": 1.5}], "bver is 1.5, must be a whole number"),
        ([{"n": "x", "v": 1, "bver": 0}], "bver 0 asks for what isn't understood"),
        ([{"n": "x", "v": 1, "bver": 32}], "bver 32 asks for what isn't understood"),
        ([{"n": "x", "v": 1}, {"bver": 26, "n": "y", "v": 2}], "record 2: bver is 26"),
        ([{"bn": "x"}], "no record with a value"),
        ([{"n": "x", "v": 1}, 5], "record 2: a record must be an object"),
    ],
)
def test_a_pack_that_breaks_the_rules_is_refused(pack: list[Any], words: str) -> None:
    with pytest.raises(MessageError, match=words) as caught:
        resolve(pack, _NOW_MS)
    assert caught.value.code == "malformed-senml"


@pytest.mark.parametrize("time", [float("nan"), float("inf"), -1e300, 2**63])
def test_a_time_of_no_calendar_is_refused(time: float) -> None:
    with pytest.raises(MessageError, match="is no time in seconds"):
        resolve([{"n": "x", "v": 1, "t": time}], _NOW_MS)


def test_the_version_may_ask_for_secondary_units() -> None:
    assert resolve([{"bver": 26, "n": "x", "v": 1}, {"bver": 26, "n": "y", "v": 1}], _NOW_MS)


# Recognition


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([{"n": "x", "v": 1}], True),
        ([{"bn": "x"}], True),
        ([{"bt": 1, "vb": True}], True),
        ([{"ts": 1, "v": 1}], False),
        ([{"air_temp_c": 1}], False),
        ({"n": "x", "v": 1}, False),
        ([], False),
        ([5], False),
        ("n", False),
        (None, False),
    ],
)
def test_a_pack_is_told_from_our_own_json(value: object, *, expected: bool) -> None:
    assert is_senml(value) is expected


def test_a_pack_in_cbor_is_one_as_well() -> None:
    payload = cbor2.dumps([{-2: "room-0001:", -3: 1_760_238_245.678}, {0: "co2_pct", 2: 0.4}])
    value = cbor.read_objects(payload)
    assert is_senml(value)
    assert elements(resolve(value, _NOW_MS), None, asset_kind) == [
        Element("room-0001", {"ts": 1_760_238_245_678, "co2_pct": 0.4})
    ]


# Readings


def test_records_of_one_time_make_one_reading() -> None:
    made = of_topic(
        "room-0001",
        {"bn": "urn:dev:mac:0024befffe804ff1:", "bt": 1_760_238_245, "n": "air_temp_c", "v": -0.8},
        {"n": "door_open", "vb": False},
        {"n": "air_temp_c", "t": -60, "v": -0.7},
    )
    assert made == [
        Element("room-0001", {"ts": 1_760_238_185_000, "air_temp_c": -0.7}),
        Element("room-0001", {"ts": 1_760_238_245_000, "air_temp_c": -0.8, "door_open": False}),
    ]


@pytest.mark.parametrize("separator", ["/", ":"])
def test_without_an_asset_in_the_topic_the_name_says_it(separator: str) -> None:
    pack = [
        {"bn": f"gateway{separator}room-0001{separator}", "n": "air_temp_c", "v": -0.8},
        {"bn": f"gateway{separator}room-0002{separator}", "n": "air_temp_c", "v": -0.6},
    ]
    assert elements(resolve(pack, _NOW_MS), None, asset_kind) == [
        Element("room-0001", {"ts": _NOW_MS, "air_temp_c": -0.8}),
        Element("room-0002", {"ts": _NOW_MS, "air_temp_c": -0.6}),
    ]


def test_one_asset_that_is_not_known_leaves_its_neighbours_alone() -> None:
    pack = [
        {"n": "room-0001/air_temp_c", "v": -0.8},
        {"n": "room-9999/air_temp_c", "v": -0.6},
        {"n": "humidity_pct", "v": 90},
    ]
    made, faults = read(resolve(pack, _NOW_MS), None, asset_kind)
    assert [element.asset for element in made] == ["room-0001"]
    assert [(fault.code, fault.detail) for fault in faults] == [
        (
            "unknown-asset",
            "name 'room-9999/air_temp_c': 'room-9999' is nothing that sends telemetry",
        ),
        ("unknown-asset", "name 'humidity_pct': it names no asset"),
    ]


def test_the_same_value_twice_is_one_and_two_values_are_refused() -> None:
    record = {"n": "air_temp_c", "v": -0.8}
    assert of_topic("room-0001", record, record)
    with pytest.raises(MessageError, match="air_temp_c has two values at one time"):
        of_topic("room-0001", record, {"n": "air_temp_c", "v": -0.7})


def test_what_the_kind_does_not_have_is_left_to_the_checks() -> None:
    assert of_topic("room-0001", {"n": "colour", "u": "Cel", "v": 5})[0].content["colour"] == 5


@pytest.mark.parametrize(
    ("asset", "field", "unit", "value", "expected"),
    [
        ("room-0001", "air_temp_c", "K", 272.35, -0.8),
        ("room-0001", "air_temp_c", "Cel", -0.8, -0.8),
        ("room-0001", "humidity_pct", "%RH", 93.5, 93.5),
        ("room-0001", "humidity_pct", "/", 0.935, 93.5),
        ("room-0001", "co2_pct", "ppm", 4000, 0.4),
        ("room-0001", "ethylene_ppm", "ppb", 120, 0.12),
        ("room-0001", "ethylene_ppm", "ppm", 0.12, 0.12),
        ("room-0001", "power_kw", "W", 4250, 4.25),
        ("room-0001", "energy_kwh", "J", 7_200_000, 2.0),
        ("room-0001", "energy_kwh", "Wh", 450, 0.45),
        ("room-0001", "energy_kwh", "kWh", 1812.5, 1812.5),
        ("room-0001", "door_open", "/", 1, 1),
        ("room-0001", "door_open", "/", 0.0, 0),
        ("pump-0001", "pressure_kpa", "Pa", 310_000, 310.0),
        ("pump-0001", "flow_m3h", "m3/s", 0.01, 36.0),
        ("pump-0001", "flow_m3h", "l/s", 10, 36.0),
        ("pump-0001", "volume_m3", "l", 12_500, 12.5),
        ("station-001", "pressure_hpa", "Pa", 101_325, 1013.25),
        ("station-001", "wind_ms", "km/h", 36, 10.0),
        ("station-001", "rain_mm", "m", 0.4126, 412.6),
        ("station-001", "solar_wm2", "W/m2", 640, 640.0),
        ("probe-0001", "ec_20cm_ds_m", "S/m", 0.06, 0.6),
        ("probe-0001", "battery_pct", "%EL", 88, 88.0),
        ("mixer-001", "ec_ms_cm", "S/m", 0.18, 1.8),
        ("mixer-001", "ph", "pH", 6.4, 6.4),
        ("mixer-001", "dose_l", "l", 5, 5.0),
        ("line-01", "fruit_count", "count", 840_211, 840_211),
        ("line-01", "mass_kg", "g", 12_603_200, 12_603.2),
        ("reefer-001", "lat", "lat", 22.5, 22.5),
        ("reefer-001", "lon", "lon", 114.1, 114.1),
        ("reefer-001", "lon", "", 114.1, 114.1),
    ],
)
def test_a_unit_is_converted_to_the_fields_own(
    asset: str, field: str, unit: str, value: float, expected: float
) -> None:
    assert of_topic(asset, {"n": field, "u": unit, "v": value})[0].content[field] == expected


def test_the_base_unit_counts_where_a_record_has_none() -> None:
    made = of_topic("room-0001", {"bu": "K", "n": "air_temp_c", "v": 272.35})
    assert made[0].content["air_temp_c"] == -0.8


@pytest.mark.parametrize(
    ("field", "unit", "words"),
    [
        ("air_temp_c", "Pa", "air_temp_c is in Cel; the unit 'Pa' can't become it: Pa measures"),
        ("air_temp_c", "degC", "the unit 'degC' .* its UCUM code is Cel"),
        ("air_temp_c", "cubit", "air_temp_c is in Cel; the unit 'cubit'"),
        ("humidity_pct", "lat", "is for the field of that name only"),
    ],
)
def test_a_wrong_unit_is_refused_with_both_named(field: str, unit: str, words: str) -> None:
    with pytest.raises(MessageError, match=words) as caught:
        of_topic("room-0001", {"n": field, "u": unit, "v": 1})
    assert caught.value.code == "wrong-unit"


@pytest.mark.parametrize(
    ("unit", "total", "expected_kwh"),
    [(None, 1812.5, 1812.5), ("W", 7_200_000, 2.0), ("kW", 7200, 2.0), ("kWh", 5, 5.0)],
)
def test_a_sum_alone_is_a_counters_value(
    unit: str | None, total: float, expected_kwh: float
) -> None:
    record = {"n": "energy_kwh", "s": total} | ({"u": unit} if unit else {})
    assert of_topic("room-0001", record)[0].content["energy_kwh"] == expected_kwh


def test_a_sum_beside_a_value_is_not_the_value() -> None:
    record = {"n": "power_kw", "u": "W", "v": 4250, "s": 7_200_000}
    assert of_topic("room-0001", record)[0].content == {"ts": _NOW_MS, "power_kw": 4.25}


def test_a_gauge_needs_a_value() -> None:
    with pytest.raises(MessageError, match="power_kw has a sum only"):
        of_topic("room-0001", {"n": "power_kw", "s": 5})


def test_the_pack_in_the_docs_makes_the_readings_that_they_tell_of() -> None:
    page = (Path(__file__).parents[3] / "docs" / "codecs.md").read_text(encoding="utf-8")
    (asset, body), *_ = re.findall(r"/([\w-]+)/telemetry -m '(\[.*?\])'", page, re.DOTALL)
    value = json.loads(body)
    assert is_senml(value)
    assert of_topic(asset, *value) == [
        Element("room-0001", {"ts": _NOW_MS - 60_000, "air_temp_c": -0.7}),
        Element(
            "room-0001",
            {
                "ts": _NOW_MS,
                "air_temp_c": -0.8,
                "humidity_pct": 93.5,
                "door_open": False,
                "energy_kwh": 18_125.4,
            },
        ),
    ]


# Anything


_labels = st.sampled_from(
    ["bn", "bt", "bu", "bv", "bs", "bver", "n", "u", "v", "vs", "vb", "vd", "s", "t", "ut", "x_"]
)
_anything = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["room-0001/", "air_temp_c", "Cel", "K", "W"])
    | st.lists(st.integers(), max_size=2)
)


@given(st.lists(st.dictionaries(_labels, _anything, max_size=6) | _anything, max_size=5))
def test_any_pack_is_read_or_refused(pack: list[Any]) -> None:
    is_senml(pack)
    try:
        records = resolve(pack, _NOW_MS)
    except MessageError:
        return
    for asset in ("room-0001", None):
        made, faults = read(records, asset, asset_kind)
        assert made or faults


_times_s = st.integers(2**28 * 1000, 4_000_000_000_000).map(lambda ms: ms / 1000)


@given(_times_s, st.floats(-1e6, 1e6))
def test_a_resolved_pack_resolves_to_itself(time_s: float, value: float) -> None:
    pack = [{"n": "room-0001:air_temp_c", "u": "Cel", "t": time_s, "v": value}]
    first = resolve(pack, _NOW_MS)[0]
    again = {"n": first.name, "u": first.unit, "t": first.time_ms / 1000, "v": first.value}
    assert resolve(json.loads(json.dumps([again])), 0) == [first]
