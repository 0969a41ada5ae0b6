"""Units: every one of the telemetry table, and what foreign devices send."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from park.errors import UnitError
from park.telemetry import KINDS
from park.units import UNITS, convert, converter

_BY_DIMENSION = {
    dimension: sorted(code for code, unit in UNITS.items() if unit.dimension == dimension)
    for dimension in {unit.dimension for unit in UNITS.values()}
}
_pairs = st.sampled_from(sorted(_BY_DIMENSION)).flatmap(
    lambda dimension: st.tuples(
        st.sampled_from(_BY_DIMENSION[dimension]), st.sampled_from(_BY_DIMENSION[dimension])
    )
)


@given(_pairs, st.floats(-1e9, 1e9))
def test_a_value_survives_the_way_to_another_unit_and_back(
    pair: tuple[str, str], value: float
) -> None:
    there, back = pair
    # A temperature near nothing loses digits to its offset, so an absolute tolerance stands beside.
    assert convert(convert(value, there, back), back, there) == pytest.approx(
        value, rel=1e-12, abs=1e-9
    )


@given(_pairs, st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_conversion_keeps_the_order_of_values(
    pair: tuple[str, str], one: float, other: float
) -> None:
    assume(one < other)
    assert convert(one, *pair) <= convert(other, *pair)


@pytest.mark.parametrize(
    ("value", "from_unit", "to_unit", "expected"),
    [
        (272.35, "K", "Cel", -0.8),
        (14.0, "[degF]", "Cel", -10.0),
        (-40, "[degF]", "Cel", -40.0),
        (0, "Cel", "[degF]", 32.0),
        (2.1, "bar", "kPa", 210.0),
        (101325, "Pa", "hPa", 1013.25),
        (1013.2, "mbar", "hPa", 1013.2),
        (0.3, "MPa", "kPa", 300.0),
        (30, "[psi]", "kPa", 206.84271879505083),
        (10, "m[H2O]", "kPa", 98.0665),
        (0.001, "m3/s", "m3/h", 3.6),
        (60, "L/min", "m3/h", 3.6),
        (1500, "L/h", "m3/h", 1.5),
        (1, "L/s", "m3/h", 3.6),
        (250, "mL", "L", 0.25),
        (12, "m3", "L", 12000.0),
        (1.5, "t", "kg", 1500.0),
        (182, "g", "kg", 0.182),
        (2.5, "MW", "kW", 2500.0),
        (3.6, "MJ", "kW.h", 1.0),
        (7_200_000, "J", "kW.h", 2.0),
        (450, "W.h", "kW.h", 0.45),
        (1200, "uS/cm", "mS/cm", 1.2),
        (1.2, "mS/cm", "dS/m", 1.2),
        (0.12, "S/m", "dS/m", 1.2),
        (36, "km/h", "m/s", 10.0),
        (2.54, "cm", "mm", 25.4),
        (4, "L/m2", "mm", 4.0),
        (0.935, "1", "%", 93.5),
        (400, "[ppm]", "%", 0.04),
        (120, "[ppb]", "[ppm]", 0.12),
        (90, "min", "h", 1.5),
        (math.pi, "rad", "deg", 180.0),
        (850, "umol/m2/s", "umol/(m2.s)", 850.0),
        (13.2, "%", "%{Brix}", 13.2),
        (600, "{cup}/min", "{cup}/s", 10.0),
    ],
)
def test_what_devices_send_becomes_what_the_table_asks_for(
    value: float, from_unit: str, to_unit: str, expected: float
) -> None:
    assert convert(value, from_unit, to_unit) == pytest.approx(expected, rel=1e-12)


def test_a_decimal_number_stays_one() -> None:
    assert convert(272.35, "K", "Cel") == -0.8
    assert convert(0.07, "1", "%") == 7.0


def test_every_unit_of_the_telemetry_table_is_known() -> None:
    units = {field.unit for kind in KINDS.values() for field in kind.fields.values()} - {""}
    assert not units - set(UNITS)


def test_the_same_unit_changes_nothing() -> None:
    assert convert(1 / 3, "kPa", "kPa") == 1 / 3
    assert convert(1, "", "") == 1.0


def test_another_dimension_is_refused_with_both_units_named() -> None:
    with pytest.raises(UnitError, match="kPa measures pressure and can't become Cel") as caught:
        convert(1, "kPa", "Cel")
    assert (caught.value.from_unit, caught.value.to_unit) == ("kPa", "Cel")


@pytest.mark.parametrize(
    ("from_unit", "words"),
    [
        ("furlong", "'furlong' is no unit"),
        ("degC", "'degC' is no unit that can be converted; its UCUM code is Cel"),
        ("", "'' is no unit"),
        ("x" * 10_000, "xxx...' is no unit"),
    ],
)
def test_an_unknown_unit_is_refused(from_unit: str, words: str) -> None:
    with pytest.raises(UnitError, match=words):
        converter(from_unit, "Cel")


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, 1e308, 10**400])
def test_values_without_bounds_never_raise(value: float) -> None:
    assert not math.isfinite(convert(value, "MW", "W"))
