"""From a profile file's tables to a profile at work; says what in the file can't be meant."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from ingest.errors import ProfileError
from ingest.profiles import fields as f
from ingest.profiles.clock import Clock
from ingest.profiles.file import (
    AssetTable,
    DeviceTable,
    FieldTable,
    ProfileFile,
    ReadingsTable,
    Scalar,
    TimeTable,
    WhenTable,
)
from ingest.profiles.pointer import Pointer, parse_pointer
from ingest.profiles.profile import DEVICE_SLOT, Block, Identity, Place, Profile
from park.errors import UnitError
from park.telemetry import KINDS, Field, FieldType, Kind
from park.units import convert


@dataclass(frozen=True, slots=True)
class _Key:
    """A key of a file, for messages."""

    file: str
    path: str = ""

    def __truediv__(self, step: str) -> "_Key":
        return _Key(self.file, f"{self.path}.{step}" if self.path else step)

    def error(self, problem: str) -> ProfileError:
        return ProfileError(self.file, self.path, problem)


def compile_profile(tables: ProfileFile, file: str) -> Profile:
    """The profile that the tables describe. Raises ProfileError naming the key that is wrong."""
    top = _Key(file)
    blocks = _blocks(tables, top)
    identity = _identity(tables.device, tables.topic, top / "device")
    devices = _devices(tables.devices, blocks, top / "devices")
    if not devices and not any(block.template for block in blocks):
        raise (top / "devices").error(
            'lists no device: add a line like "a84041ffff123456" = "room-0001"'
        )
    return Profile(
        name=tables.name,
        description=tables.description,
        topic=tables.topic,
        file=file,
        codec=tables.codec,
        identity=identity,
        places=_places(tables, top),
        blocks=blocks,
        devices=devices,
        device_ids=tuple(tables.devices),
    )


# --- devices ----------------------------------------------------------------------------------


def _identity(table: DeviceTable, topic: str, key: _Key) -> Identity:
    if table.level is not None:
        levels = topic.split("/")
        part = levels[min(table.level, len(levels)) - 1]
        if part not in {"+", "#"} or (part == "+" and table.level > len(levels)):
            raise (key / "level").error(
                f"level {table.level} of {topic!r}, counted from 1, is no + and not under #"
            )
    return Identity(_pointers(table.pointer or ()), table.level, table.constant)


def _devices(
    listed: Mapping[str, str | Mapping[str, str]], blocks: tuple[Block, ...], key: _Key
) -> dict[str, tuple[str | None, ...]]:
    devices: dict[str, tuple[str | None, ...]] = {}
    taken: dict[tuple[int, str], str] = {}
    for device, entry in listed.items():
        here = key / device
        if not device:
            raise key.error("a device's id is empty")
        if device.lower() in devices:
            raise here.error("this device is listed twice; capitals make no difference")
        assets = _assets_of(entry, blocks, here)
        devices[device.lower()] = assets
        for index, asset in enumerate(assets):
            if asset is not None and taken.setdefault((index, asset), device) != device:
                raise here.error(
                    f"{asset} already gets its readings from device {taken[index, asset]}"
                )
    return devices


def _assets_of(
    entry: str | Mapping[str, str], blocks: tuple[Block, ...], key: _Key
) -> tuple[str | None, ...]:
    names = [block.name for block in blocks]
    if names == [None]:
        if isinstance(entry, str):
            return (entry,)
        raise key.error('must be an asset\'s id, as in "a84041ffff123456" = "room-0001"')
    if isinstance(entry, str) or not entry:
        example = entry or "room-0001"
        raise key.error(
            f'must say which of [[assets]] is which, as in {{ {names[0]} = "{example}" }}'
        )
    for name in entry:
        if name not in names:
            raise (key / name).error(f"no [[assets]] has this name; they are {_listed(names)}")
    return tuple(None if name is None else entry.get(name) for name in names)


# --- places and times -------------------------------------------------------------------------

_SENML_READINGS = ReadingsTable(
    each="",
    time=TimeTable(format="epoch-ms", pointer=["/time"]),
)


def _places(tables: ProfileFile, top: _Key) -> tuple[Place, ...]:
    if tables.codec == "senml":
        for key in ("at", "each", "time", "seq", "readings"):
            if getattr(tables, key) is not None:
                raise (top / key).error("must not be given: SenML says itself where readings are")
        return (_place(_SENML_READINGS),)
    if tables.readings is not None:
        _refuse_at_top(tables, ("at", "each", "time", "seq"), "readings", top)
        return tuple(map(_place, tables.readings))
    if tables.time is None:
        raise (top / "time").error(
            'must be given: [time] with pointer and format, or format = "arrival"'
        )
    if tables.at is not None and tables.each is not None:
        raise (top / "each").error("give at (an object) or each (an array), not both")
    return (
        _place(ReadingsTable(at=tables.at, each=tables.each, time=tables.time, seq=tables.seq)),
    )


def _place(table: ReadingsTable) -> Place:
    return Place(
        pointer=parse_pointer((table.at or table.each or "").removeprefix("$")),
        many=table.each is not None,
        clock=Clock(
            table.time.format, _pointers(table.time.pointer or ()), table.time.offset or ""
        ),
        seq=None if table.seq is None else parse_pointer(table.seq),
    )


def _refuse_at_top(tables: ProfileFile, keys: Iterable[str], list_name: str, top: _Key) -> None:
    for key in keys:
        if getattr(tables, key) is not None:
            raise (top / key).error(f"belongs into [[{list_name}]] where that is given")


# --- blocks and fields ------------------------------------------------------------------------


def _blocks(tables: ProfileFile, top: _Key) -> tuple[Block, ...]:
    if tables.assets is None:
        for name in ("kind", "fields"):
            if not getattr(tables, name):
                raise (top / name).error("must be given, here or in each of several [[assets]]")
        return (_block(tables, None, top, constant=tables.device.constant is not None),)
    _refuse_at_top(tables, ("kind", "fields", "asset", "when"), "assets", top)
    blocks = []
    names: set[str] = set()
    for index, table in enumerate(tables.assets):
        key = top / f"assets[{index}]"
        if table.name in names:
            raise (key / "name").error(f"two [[assets]] are called {table.name!r}")
        names.add(table.name)
        blocks.append(_block(table, table.name, key, constant=tables.device.constant is not None))
    return tuple(blocks)


def _block(
    table: ProfileFile | AssetTable, name: str | None, key: _Key, *, constant: bool
) -> Block:
    kind = KINDS.get(table.kind or "")
    if kind is None:
        raise (key / "kind").error(f"no kind {table.kind!r}; there are {_listed(KINDS)}")
    if table.asset is not None and DEVICE_SLOT not in table.asset and not constant:
        raise (key / "asset").error(
            f"must have {DEVICE_SLOT} in it, or every device would be the same asset"
        )
    fields = table.fields or {}
    return Block(
        name=name,
        kind=kind.name,
        fields=tuple(
            _field(kind, field, entry, key / "fields" / field) for field, entry in fields.items()
        ),
        template=table.asset,
        when=_condition(table.when),
    )


def _field(kind: Kind, name: str, table: FieldTable, key: _Key) -> f.FieldMap:
    field = kind.fields.get(name)
    if field is None:
        close = get_close_matches(name, kind.fields, n=1)
        hint = f"did you mean {close[0]}?" if close else f"it has {_listed(kind.fields)}"
        raise key.error(f"{kind.name} has no such field; {hint}")
    return f.FieldMap(
        name=name,
        pointers=_pointers(table.pointer),
        convert=_convert(field, table, key),
        missing=_keys(table.missing_values or ()),
        when=_condition(table.when),
    )


def _convert(field: Field, table: FieldTable, key: _Key) -> f.Convert:
    if table.values is not None:
        for foreign, ours in table.values.items():
            _check_value(field, ours, key / "values" / foreign)
        return f.one_of(table.values)
    if table.bit is not None:
        if field.type is not FieldType.BOOLEAN:
            raise (key / "bit").error(f"{field.name} isn't true or false, which a bit is")
        return f.bit(table.bit)
    if field.type in {FieldType.BOOLEAN, FieldType.STATE}:
        for name in ("unit", "scale", "offset", "signed"):
            if name in table.model_fields_set:
                raise (key / name).error(f"{field.name} is no number; use values")
        return f.boolean if field.type is FieldType.BOOLEAN else f.word
    return _numeric(field, table, key)


def _check_value(field: Field, value: Scalar, key: _Key) -> None:
    if field.type is FieldType.BOOLEAN:
        wanted, fits = "true or false", isinstance(value, bool)
    elif field.type is FieldType.STATE:
        wanted, fits = f"one of {_listed(field.states)}", value in field.states
    else:
        wanted, fits = "a number", isinstance(value, int | float) and not isinstance(value, bool)
    if not fits:
        raise key.error(f"must become {wanted}")


def _numeric(field: Field, table: FieldTable, key: _Key) -> f.Convert:
    slope, shift = _unit_line(field, table.unit or field.unit, key / "unit")
    terms = (slope * table.offset, shift)
    if (slope * table.scale, *terms) == (1.0, 0.0, 0.0):
        convert_number: f.Convert = f.to_number
    else:
        convert_number = f.number(slope * table.scale, sum(terms), terms)
    return convert_number if table.signed is None else f.signed(table.signed, convert_number)


_FAR = 1e6
_CHECKED = -40.0


def _unit_line(field: Field, unit: str, key: _Key) -> tuple[float, float]:
    """Slope and shift that make our unit of the device's: every such conversion is a line."""
    if unit == field.unit:
        return 1.0, 0.0
    try:
        shift = convert(0.0, unit, field.unit)
        slope = (
            (convert(_FAR, unit, field.unit) - shift) / _FAR
            if shift
            else convert(1.0, unit, field.unit)
        )
        bend = convert(_CHECKED, unit, field.unit) - (slope * _CHECKED + shift)
    except UnitError as error:
        raise key.error(f"{field.name} is in {field.unit or 'no unit'}: {error}") from error
    if abs(bend) > abs(slope) * 1e-6:
        raise key.error(f"{unit} doesn't become {field.unit} by a factor and a shift")
    return slope, shift


# --- small things -----------------------------------------------------------------------------


def _pointers(texts: Iterable[str]) -> tuple[Pointer, ...]:
    return tuple(map(parse_pointer, texts))


def _keys(values: Iterable[Scalar]) -> frozenset[f.ScalarKey]:
    return frozenset(key for key in map(f.scalar_key, values) if key is not None)


def _condition(table: WhenTable | None) -> f.Condition | None:
    if table is None:
        return None
    return f.Condition(_pointers(table.pointer), _keys(table.equals))


def _listed(names: Iterable[object]) -> str:
    return ", ".join(map(str, names))
