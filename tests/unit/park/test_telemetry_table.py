"""The telemetry table: laws that every row keeps."""

from park.assets import AssetType
from park.telemetry import KINDS, Behaviour, FieldType


def test_the_ten_kinds_are_there() -> None:
    assert set(KINDS) == {
        "cold_room", "irrigation_block", "pump_head", "fertigation", "soil",
        "weather", "greenhouse", "sorting_line", "sorting_lane", "reefer",
    }  # fmt: skip


def test_every_kind_belongs_to_an_asset_type() -> None:
    assert {kind.asset_type for kind in KINDS.values()} <= {str(kind) for kind in AssetType}


def test_every_field_has_a_range_and_both_languages() -> None:
    for kind in KINDS.values():
        for field in kind.fields.values():
            assert field.title.en
            assert field.title.zh
            assert field.low < field.high or field.type is FieldType.STATE


def test_only_states_have_words_and_counters_begin_at_zero() -> None:
    for kind in KINDS.values():
        for field in kind.fields.values():
            assert bool(field.states) == (field.type is FieldType.STATE)
            if field.behaviour is Behaviour.COUNTER:
                assert field.low == 0


def test_a_field_name_means_the_same_unit_in_every_kind() -> None:
    units: dict[str, str] = {}
    for kind in KINDS.values():
        for field in kind.fields.values():
            assert units.setdefault(field.name, field.unit) == field.unit
