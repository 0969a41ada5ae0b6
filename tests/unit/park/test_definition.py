"""The park definition: the seed's figures at scale 1, a whole park at any scale."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from park.assets import (
    AssetType,
    Centre,
    ColdRoom,
    Destination,
    IrrigationBlock,
    Orchard,
    Park,
    Reefer,
    SortingLane,
    SortingLine,
)
from park.definition import build_park, read_definition
from park.errors import DefinitionError, UnknownAssetError
from park.telemetry import KINDS


@pytest.fixture(scope="module")
def full_park() -> Park:
    return build_park(read_definition())


def test_scale_one_has_the_seeds_figures(full_park: Park) -> None:
    assert len(full_park.of_type(ColdRoom)) == 1576
    assert len(full_park.of_type(SortingLine)) == 17
    assert len(full_park.of_type(Centre)) == 20
    assert len(full_park.of_type(Destination)) == 37
    assert full_park.site.irrigated_area_mu == 521_000
    watered_mu = sum(block.area_mu for block in full_park.of_type(IrrigationBlock))
    assert watered_mu == full_park.site.irrigated_area_mu


def test_a_small_park_still_has_every_type_of_asset(small_park: Park) -> None:
    assert {asset.type for asset in small_park.assets.values()} == set(AssetType)


def test_every_telemetry_kind_has_an_asset_that_sends_it(small_park: Park) -> None:
    sent = {asset.kind.name for asset in small_park.assets.values() if asset.kind is not None}
    assert sent == set(KINDS)


def test_both_crops_have_rooms_and_orchards_in_a_small_park(small_park: Park) -> None:
    assert {room.crop for room in small_park.of_type(ColdRoom)} == {"jujube", "apple"}
    assert {orchard.crop for orchard in small_park.of_type(Orchard)} == {"jujube", "apple"}


@settings(max_examples=20)
@given(st.floats(0.001, 0.2))
def test_the_same_scale_gives_the_same_park(scale: float) -> None:
    definition = read_definition()
    assert build_park(definition, scale) == build_park(definition, scale)


@pytest.mark.parametrize("scale", [0, -1, 101, float("nan"), float("inf")])
def test_an_impossible_scale_is_refused(scale: float) -> None:
    with pytest.raises(DefinitionError, match="scale"):
        build_park(read_definition(), scale)


def test_rooms_and_lines_know_their_centre_and_lanes_carry_none(small_park: Park) -> None:
    room = small_park.of_type(ColdRoom)[0]
    line = small_park.of_type(SortingLine)[0]
    lane = small_park.of_type(SortingLane)[0]
    assert small_park.centre_of(room) == room.parent
    assert small_park.centre_of(line) in {centre.id for centre in small_park.of_type(Centre)}
    assert small_park.centre_of(lane) is None


def test_an_unknown_asset_is_named(small_park: Park) -> None:
    with pytest.raises(UnknownAssetError, match="room-9999"):
        small_park.asset("room-9999")


def test_container_numbers_have_distinct_serials_and_a_check_digit(full_park: Park) -> None:
    numbers = [reefer.container_number for reefer in full_park.of_type(Reefer)]
    assert len(set(numbers)) == 400
    assert all(len(number) == 11 for number in numbers)


def edited(tmp_path: Path, old: str, new: str) -> Path:
    source = Path(__file__).parents[3] / "park" / "linyi.toml"
    text = source.read_text(encoding="utf-8")
    assert old in text
    copy = tmp_path / "park.toml"
    copy.write_text(text.replace(old, new, 1), encoding="utf-8")
    return copy


def test_a_definition_of_ones_own_is_read(tmp_path: Path) -> None:
    path = edited(tmp_path, 'id = "linyi"', 'id = "my-park"')
    assert build_park(read_definition(path), 0.01).site.id == "my-park"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("cold_rooms = 1_576", "cold_rooms = -3", "counts.cold_rooms"),
        ("cold_rooms = 1_576", "cold_romms = 1_576", "counts.cold_rooms"),
        ('country = "TH"', 'country = "Thailand"', "destinations.0.country"),
        ("[site]", "[site", "can't read"),
    ],
)
def test_a_wrong_definition_is_refused_by_the_entrys_name(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    with pytest.raises(DefinitionError, match=complaint):
        read_definition(edited(tmp_path, old, new))


def test_a_missing_definition_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="can't read"):
        read_definition(tmp_path / "nowhere.toml")


def test_a_prefix_that_leaves_no_room_for_the_parks_places_is_refused(tmp_path: Path) -> None:
    path = edited(tmp_path, '"9521321"', '"9521321000"')
    with pytest.raises(DefinitionError, match="prefix is too long"):
        build_park(read_definition(path))


def test_what_has_no_position_of_its_own_is_where_it_belongs(small_park: Park) -> None:
    block = next(iter(small_park.of_type(IrrigationBlock)))
    orchard = small_park.ancestor(block, Orchard)
    assert orchard is not None
    assert small_park.position_of(block) == (orchard.latitude_deg, orchard.longitude_deg)
    room = next(iter(small_park.of_type(ColdRoom)))
    centre = small_park.ancestor(room, Centre)
    assert centre is not None
    assert small_park.position_of(room) == (centre.latitude_deg, centre.longitude_deg)


def test_a_container_has_no_fixed_position(small_park: Park) -> None:
    assert small_park.position_of(next(iter(small_park.of_type(Reefer)))) is None
