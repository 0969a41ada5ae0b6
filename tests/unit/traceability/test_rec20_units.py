"""Units of Recommendation 20: what one is in another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.epcis.units import LARGEST_MASS_MG, UNITS, mass_mg, to_base, to_base_difference

VALUES = st.floats(-1e9, 1e9).map(lambda value: round(value, 6))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param((5, "CEL"), (278.15, "KEL"), id="temperature"),
        pytest.param((41, "FAH"), (5, "CEL"), id="fahrenheit"),
        pytest.param((1, "KGM"), (1000, "GRM"), id="mass"),
        pytest.param((1, "LBR"), (453.59237, "GRM"), id="pound"),
        pytest.param((1, "STN"), (2000, "LBR"), id="short ton"),
        pytest.param((1, "LTN"), (2240, "LBR"), id="long ton"),
        pytest.param((16, "ONZ"), (1, "LBR"), id="ounce"),
        pytest.param((0.1, "MTQ"), (100, "LTR"), id="volume"),
        pytest.param((8, "PTI"), (1, "GLI"), id="pint"),
        pytest.param((128, "OZA"), (1, "GLL"), id="fluid ounce"),
        pytest.param((42, "GLL"), (1, "BLL"), id="barrel"),
        pytest.param((1013.25, "A97"), (1, "ATM"), id="pressure"),
        pytest.param((760, "UA"), (101.325, "KPA"), id="torr"),
        pytest.param((12.5, "P1"), (0.125, "C62"), id="humidity"),
        pytest.param((1, "P1"), (10_000, "59"), id="parts per million"),
        pytest.param((36, "KMH"), (10, "MTS"), id="speed"),
        pytest.param((1, "NMI"), (1852, "MTR"), id="nautical mile"),
        pytest.param((1760, "YRD"), (1, "SMI"), id="mile"),
        pytest.param((640, "ACR"), (1, "MIK"), id="acre"),
        pytest.param((1, "KWH"), (3.6, "3B"), id="energy"),
        pytest.param((1.5, "HUR"), (90, "MIN"), id="time"),
        pytest.param((0.5, "M44"), (180, "DD"), id="angle"),
        pytest.param((1, "D10"), (10, "H61"), id="conductivity"),
        pytest.param((60, "L2"), (3.6, "MQH"), id="flow"),
        pytest.param((2, "DZN"), (24, "H87"), id="count"),
        pytest.param((60, "P57"), (1, "A96"), id="absorbed dose rate"),
        pytest.param((16, "G32"), (1, "K84"), id="density"),
        pytest.param((2, "M75"), (1, "L94"), id="force"),
        pytest.param((12, "P31"), (120_000, "A24"), id="luminance"),
        pytest.param((1, "D5"), (10_000, "28"), id="surface density"),
        pytest.param((1, "D87"), (0.001, "C19"), id="molality"),
        pytest.param((1, "A7"), (1_000_000, "A41"), id="current density"),
        pytest.param((1, "P27"), (1 / 0.09290304, "LUX"), id="illuminance"),
    ],
)
def test_the_same_in_two_units_is_one_number(
    one: tuple[float, str], other: tuple[float, str]
) -> None:
    assert to_base(*one) == to_base(*other)


def test_a_pound_force_on_a_square_inch_is_its_definition() -> None:
    (dimension, value) = to_base(1, "PS") or ("", 0)
    assert dimension == "pressure"
    assert value == pytest.approx(0.45359237 * 9.80665 / 0.0254**2)


def test_a_difference_has_no_offset() -> None:
    assert to_base_difference(2, "CEL") == ("temperature", 2.0)
    assert to_base_difference(9, "FAH") == ("temperature", 5.0)
    assert to_base_difference(2, "KGM") == to_base(2, "KGM")


@given(VALUES, st.sampled_from(sorted(UNITS)))
def test_more_is_more_in_every_unit(value: float, code: str) -> None:
    less, more = to_base(value, code), to_base(value + 1, code)
    assert less is not None
    assert more is not None
    assert less[0] == more[0]
    assert less[1] < more[1]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e308])
def test_what_is_no_number_of_the_base_unit_is_none(value: float) -> None:
    assert to_base(value, "KTN") is None


def test_a_code_that_is_not_known_is_none() -> None:
    assert to_base(1, "XYZ") is None
    assert to_base_difference(1, "XYZ") is None
    assert mass_mg(1, "XYZ") is None


@pytest.mark.parametrize(
    ("quantity", "uom", "milligrams"),
    [(1.5, "KGM", 1_500_000), (0.1, "GRM", 100), (1, "LBR", 453_592), (0.0005, "MGM", 0)],
)
def test_masses_are_whole_milligrams(quantity: float, uom: str, milligrams: int) -> None:
    assert mass_mg(quantity, uom) == milligrams


def test_only_masses_have_milligrams() -> None:
    assert mass_mg(1, "LTR") is None
    assert mass_mg(float("nan"), "KGM") is None


def test_a_mass_that_no_database_could_add_up_has_no_milligrams() -> None:
    assert mass_mg(9_000_000, "TNE") == 9 * 10**15
    assert mass_mg(2.0**53, "MGM") == LARGEST_MASS_MG
    assert mass_mg(2.0**53 + 2, "MGM") is None
    assert mass_mg(1e17, "TNE") is None
    assert mass_mg(1e300, "KGM") is None


def test_codes_are_such_as_the_standard_has() -> None:
    assert all(
        (2 <= len(code) <= 3 and code.isalnum() and code.isupper()) or code.isdigit()
        for code in UNITS
    )
    assert all(unit.factor > 0 for unit in UNITS.values())
