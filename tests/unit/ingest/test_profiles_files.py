"""A wrong profile file is refused in one line that names file, key and what to do."""

from pathlib import Path

import pytest

from ingest.errors import ProfileError
from ingest.profiles.files import parse_profile, read_profile, read_profiles, shipped_profiles
from park.assets import Park
from tests.support.profile_texts import ROOMS, profile

TEMP = '[fields.air_temp_c]\npointer = "/temp"\nunit = "Cel"'
DOOR = "values = { open = true, shut = false }"
LIST = '[devices]\na = "room-0001"\nb = "room-0002"'
BLOCKS = ROOMS.replace('kind = "cold_room"\n', "").replace("[fields.", "[assets.fields.")
BLOCKS = BLOCKS.replace("[assets", '[[assets]]\nname = "one"\nkind = "cold_room"\n[assets', 1)


@pytest.mark.parametrize(
    ("old", "new", "key", "complaint"),
    [
        ('name = "rooms"', "", "name", "must be given"),
        ('name = "rooms"', 'name = "my rooms"', "name", "isn't allowed here, not 'my rooms'"),
        ('name = "rooms"', "name = 7", "name", "must be a text in quotes, not 7"),
        ('name = "rooms"', 'nme = "rooms"', "", "unknown key 'nme'; did you mean name?"),
        ("rooms/+/data", "rooms/#/data", "topic", "# stands alone at the end"),
        ("rooms/+/data", "agripark/#", "topic", "agripark's own topics"),
        ('"cold_room"', '"coldroom"', "kind", "no kind 'coldroom'; there are cold_room"),
        ('"cold_room"', '"soil"', "fields.air_temp_c", "soil has no such field"),
        ('kind = "cold_room"', "", "kind", "must be given"),
        ("[fields.air_temp_c]", "[fields.air_temp]", "fields.air_temp", "did you mean air_temp_c?"),
        ('"/temp"', '"temp"', "fields.air_temp_c.pointer[0]", "must begin with /"),
        ('"/temp"', '"/a~b"', "fields.air_temp_c.pointer[0]", "write ~0 for ~"),
        ('pointer = "/temp"\n', "", "fields.air_temp_c.pointer", "must be given"),
        ('"Cel"', '"kPa"', "fields.air_temp_c.unit", "air_temp_c is in Cel: kPa measures pressure"),
        ('"Cel"', '"degC"', "fields.air_temp_c.unit", "its UCUM code is Cel"),
        ('unit = "Cel"', "scale = 0", "fields.air_temp_c", "scale = 0"),
        ('unit = "Cel"', "scale = nan", "fields.air_temp_c.scale", "finite"),
        ('unit = "Cel"', "scale = true", "fields.air_temp_c.scale", "must be a number"),
        ('unit = "Cel"', "signed = 12", "fields.air_temp_c.signed", "8, 16 or 32"),
        ('unit = "Cel"', "bit = 3", "fields.air_temp_c.bit", "isn't true or false"),
        ('unit = "Cel"', "factor = 3", "fields.air_temp_c", "unknown key 'factor'; the keys here"),
        ('unit = "Cel"', 'unit = "K"\nbit = 1', "fields.air_temp_c", "exclude each other"),
        ('unit = "Cel"', "values = { low = true }", "fields.air_temp_c.values.low", "a number"),
        (
            'unit = "Cel"',
            "missing_values = []",
            "fields.air_temp_c.missing_values",
            "must not be empty",
        ),
        (DOOR, 'values = { open = "yes" }', "fields.door_open.values.open", "true or false"),
        (DOOR, "scale = 2", "fields.door_open.scale", "is no number; use values"),
        (DOOR, "bit = 64", "fields.door_open.bit", "less than or equal to 63"),
        (DOOR, 'when = { pointer = "/x" }', "fields.door_open.when.equals", "must be given"),
        ('"rfc3339"', '"iso"', "time.format", "'epoch-s'"),
        ('format = "rfc3339"', 'format = "local"', "time", 'offset = "+08:00"'),
        ('format = "rfc3339"', 'format = "arrival"', "time", "where the device sends no time"),
        ('pointer = "/time"\n', "", "time", "give a pointer"),
        ('[time]\npointer = "/time"\nformat = "rfc3339"', "", "time", "must be given"),
        ('pointer = "/id"', "level = 1", "device.level", "counted from 1"),
        ('pointer = "/id"', "level = 4", "device.level", "counted from 1"),
        ('pointer = "/id"', 'pointer = "/id"\nlevel = 2', "device", "one of pointer, level"),
        ('pointer = "/id"', "", "device", "one of pointer, level"),
        ('kind = "', 'codec = "senml"\nkind = "', "time", "SenML says itself where"),
        (LIST, "", "devices", "lists no device: add a line"),
        ('b = "room-0002"', 'A = "room-0002"', "devices.A", "listed twice"),
        ('b = "room-0002"', 'b = "room-0001"', "devices.b", "already gets its readings"),
        ('b = "room-0002"', 'b = { one = "room-0002" }', "devices.b", "must be an asset's id"),
        ('b = "room-0002"', "b = 2", "devices.b", ""),
        ('b = "room-0002"', '"b\\n" = 2', "devices.b\\n", "must be a text in quotes"),
        ('b = "room-0002"', '"" = "room-0002"', "devices", "is empty"),
        ('b = "room-0002"', 'a = "room-0002"', "", "is a key or device written twice?"),
        (
            'kind = "cold_room"',
            'kind = "cold_room"\nasset = "room-0001"',
            "asset",
            "{device} in it",
        ),
        ('kind = "cold_room"', 'kind = "cold_room"\nat = "/a"\neach = "/b"', "each", "not both"),
        (TEMP, f"[[readings]]\ntime = {{ format = 'arrival' }}\n{TEMP}", "time", "[[readings]]"),
    ],
)
def test_the_file_and_the_key_are_named(old: str, new: str, key: str, complaint: str) -> None:
    with pytest.raises(ProfileError) as caught:
        profile((old, new))
    assert caught.value.file == "rooms.toml"
    assert caught.value.key == key
    assert complaint in caught.value.problem
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "key", "complaint"),
    [
        ("", "", "devices.a", 'which of [[assets]] is which, as in { one = "room-0001" }'),
        ('a = "room-0001"', 'a = { two = "room-0001" }', "devices.a.two", "they are one"),
        ('a = "room-0001"', "a = {}", "devices.a", "which of [[assets]] is which"),
        ('topic = "', 'kind = "soil"\ntopic = "', "kind", "belongs into [[assets]]"),
        ('kind = "cold_room"', 'kind = "ice"', "assets[0].kind", "no kind 'ice'"),
        ("[[assets]]", "[assets]", "assets", "must be a list"),
    ],
)
def test_several_assets_are_checked_too(old: str, new: str, key: str, complaint: str) -> None:
    with pytest.raises(ProfileError) as caught:
        profile((old, new), text=BLOCKS)
    assert (caught.value.key, complaint in caught.value.problem) == (key, True), caught.value


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"name = ", "is no TOML"), (b"name = 'x'\xff", "can't be read"), (b"", "must be given")],
)
def test_what_is_no_profile_at_all_is_refused(
    content: bytes, complaint: str, tmp_path: Path
) -> None:
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(ProfileError, match=rf"profile broken\.toml.*{complaint}"):
        read_profile(path)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "rooms.toml"
    path.write_text(ROOMS, encoding="utf-8-sig")
    assert read_profile(path).name == "rooms"


def test_a_folder_gives_its_profiles_by_name(tmp_path: Path) -> None:
    for name in ("zebra", "ant"):
        (tmp_path / f"{name}.toml").write_text(ROOMS.replace('"rooms"', f'"{name}"'))
    (tmp_path / "notes.txt").write_text("nothing of ours")
    assert [each.name for each in read_profiles(tmp_path)] == ["ant", "zebra"]


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    for file in ("a.toml", "b.toml"):
        (tmp_path / file).write_text(ROOMS)
    with pytest.raises(
        ProfileError, match=r"profile b\.toml, name: 'rooms' is the name of a\.toml"
    ):
        read_profiles(tmp_path)


def test_a_folder_that_isn_t_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="is no folder"):
        read_profiles(tmp_path / "nowhere")


def test_the_shipped_profiles_are_right_and_their_assets_exist(small_park: Park) -> None:
    for each in shipped_profiles():
        assert each.file == f"{each.name}.toml"
        assert each.description
        each.require_assets(small_park)


@pytest.mark.parametrize(
    ("asset", "complaint"),
    [
        ("room-9999", "no asset 'room-9999'"),
        ("probe-0001", "is a soil_probe, but the profile maps"),
    ],
)
def test_an_asset_that_does_not_fit_is_named(asset: str, complaint: str, small_park: Park) -> None:
    wrong = profile(("room-0002", asset))
    with pytest.raises(ProfileError, match=complaint) as caught:
        wrong.require_assets(small_park)
    assert caught.value.key == "devices.b"


def test_a_file_that_nests_without_end_is_refused() -> None:
    with pytest.raises(ProfileError, match="is no TOML"):
        parse_profile("x = " + "[" * 5000, "deep.toml")
