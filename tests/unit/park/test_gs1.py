"""GS1 keys: check digits, canonical forms, refusals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park.errors import IdentifierError
from park.gs1 import (
    BatchId,
    PlaceId,
    check_digit,
    make_gln,
    make_gtin,
    make_sscc,
    parse_batch,
    parse_gln,
    parse_gtin,
    parse_lot,
    parse_place,
    parse_sscc,
)

LOT_CHARACTERS = (
    "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
)
lots = st.text(LOT_CHARACTERS, min_size=1, max_size=20).filter(lambda lot: lot.strip("."))
gtins = st.integers(0, 10**13 - 1).map(lambda n: f"{n:013}{check_digit(f'{n:013}')}")


@pytest.mark.parametrize(
    ("body", "digit"),
    [
        ("629104150021", 3),  # the worked example of the GS1 General Specifications
        ("37610425002123456", 9),  # the same, for an SSCC
    ],
)
def test_check_digits_match_gs1s_worked_examples(body: str, digit: int) -> None:
    assert check_digit(body) == digit


@given(gtins, st.integers(0, 13), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(gtin: str, position: int, change: int) -> None:
    wrong = str((int(gtin[position]) + change) % 10)
    with pytest.raises(IdentifierError, match="check digit"):
        parse_gtin(gtin[:position] + wrong + gtin[position + 1 :])


def test_shorter_gtins_are_filled_to_fourteen_digits() -> None:
    assert parse_gtin("6291041500213") == "06291041500213"


@pytest.mark.parametrize(
    "text", ["", "12345", "0952132100001x", "０9521321000018", "-0952132100001"]
)
def test_what_is_no_gtin_is_refused(text: str) -> None:
    with pytest.raises(IdentifierError) as refusal:
        parse_gtin(text)
    assert refusal.value.value == text


@given(gtins, lots)
def test_a_batch_survives_every_form_it_can_be_written_in(gtin: str, lot: str) -> None:
    batch = BatchId(gtin, lot)
    assert parse_batch(batch.uri) == batch
    assert parse_batch(batch.path) == batch
    assert parse_batch(str(batch)) == batch


def test_a_batch_is_read_from_any_host_below_any_path() -> None:
    batch = parse_batch("https://trace.example.com/link/01/09521321000018/10/LY-7?linkType=all")
    assert batch == BatchId("09521321000018", "LY-7")


def test_a_batch_is_read_from_its_urn() -> None:
    batch = parse_batch("urn:epc:class:lgtin:9521321.000001.LY-7")
    assert batch == BatchId("09521321000018", "LY-7")


@pytest.mark.parametrize("lot", ["", "x" * 21, "with space", "果", ".", ".."])
def test_what_is_no_lot_is_refused(lot: str) -> None:
    with pytest.raises(IdentifierError, match="lot"):
        parse_lot(lot)


@pytest.mark.parametrize("text", ["LY-7", "01/09521321000018", "10/LY-7", "https://[", "//"])
def test_what_is_no_batch_is_refused(text: str) -> None:
    with pytest.raises(IdentifierError):
        parse_batch(text)


@pytest.mark.parametrize(
    "end", ["LY/7", "LY?7", "LY#7", "LY\n7", "LY-7/10/LY-8", "LY-7/21", "LY%0A7", "%2E%2E"]
)
def test_no_lot_is_cut_short_to_make_a_batch(end: str) -> None:
    with pytest.raises(IdentifierError):
        parse_batch(f"01/09521321000018/10/{end}")


def test_a_refusal_shows_the_beginning_of_a_long_text_only() -> None:
    with pytest.raises(IdentifierError, match=r"^batch 'x+\.\.\.': write it as") as refusal:
        parse_batch("x" * 100_000)
    assert len(str(refusal.value)) < 250
    assert len(refusal.value.value) == 100_000


@given(st.integers(0, 99_999), lots | st.none())
def test_a_place_survives_its_forms(location: int, extension: str | None) -> None:
    place = PlaceId(make_gln("9521321", location), extension)
    assert parse_place(place.uri) == place
    assert parse_place(place.path) == place


def test_a_place_is_read_from_its_urn() -> None:
    assert parse_place("urn:epc:id:sgln:9521321.00003.0") == PlaceId("9521321000032")
    assert parse_place("urn:epc:id:sgln:9521321.00003.room-0001").extension == "room-0001"


@given(st.integers(0, 10**9 - 1), st.integers(0, 9))
def test_a_pallet_survives_its_forms(serial: int, extension: int) -> None:
    sscc = make_sscc("9521321", serial, extension)
    assert parse_sscc(sscc) == parse_sscc(f"(00){sscc}") == sscc
    assert parse_sscc(f"https://id.gs1.org/00/{sscc}") == sscc


def test_made_keys_pass_their_own_check() -> None:
    assert parse_gtin(make_gtin("9521321", 42)) == make_gtin("9521321", 42)
    assert parse_gln(make_gln("9521321", 42)) == make_gln("9521321", 42)


def test_a_number_that_the_prefix_leaves_no_room_for_is_refused() -> None:
    with pytest.raises(IdentifierError, match="room for 5 digits"):
        make_gln("9521321", 100_000)
