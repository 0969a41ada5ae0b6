"""The shape of a profile file: its tables and keys, checked by pydantic.

What the keys mean together (a field of the kind, a unit that converts) is checked where the file
is compiled; docs/profiles.md is the reference for people.
"""

from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ingest.profiles.pointer import parse_pointer
from ingest.profiles.topic_filter import check_filter


def _pointer_text(text: str) -> str:
    parse_pointer(text)
    return text


def _one_as_list(value: object) -> object:
    return value if isinstance(value, list) else [value]


Scalar = bool | int | float | str
PointerText = Annotated[str, AfterValidator(_pointer_text)]
PointerTexts = Annotated[list[PointerText], Field(min_length=1), BeforeValidator(_one_as_list)]
"""One pointer, or several of which the first that finds a value counts."""
Scalars = Annotated[list[Scalar], Field(min_length=1), BeforeValidator(_one_as_list)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)]
Text = Annotated[str, Field(min_length=1, max_length=200)]
TopicFilter = Annotated[str, AfterValidator(check_filter)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _known_keys_only(cls, data: Any) -> Any:
        """Name the keys there are where one is misspelt; pydantic's own words don't."""
        if isinstance(data, dict):
            for key in data:
                if key not in cls.model_fields:
                    raise ValueError(_unknown_key(key, list(cls.model_fields)))
        return data


def _unknown_key(key: str, known: list[str]) -> str:
    close = get_close_matches(key, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"the keys here are {', '.join(known)}"
    return f"unknown key {key!r}; {hint}"


class WhenTable(_Table):
    """A condition: what the pointer finds is one of these values."""

    pointer: PointerTexts
    equals: Scalars


class DeviceTable(_Table):
    """Where the device's id stands; exactly one of the three."""

    pointer: PointerTexts | None = None
    level: Annotated[int, Field(ge=1, le=128)] | None = None
    """Level of the topic, counted from 1."""
    constant: Text | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "DeviceTable":
        if [self.pointer, self.level, self.constant].count(None) != 2:  # noqa: PLR2004 - of three
            raise ValueError("give one of pointer, level, constant")
        return self


class TimeTable(_Table):
    """Where a reading's time stands, and how it is written."""

    format: Literal["rfc3339", "epoch-s", "epoch-ms", "local", "arrival"]
    pointer: PointerTexts | None = None
    offset: Annotated[str, Field(pattern=r"^[+-]([01]\d|2[0-3]):[0-5]\d$")] | None = None
    """Offset from UTC of a `local` time."""

    @model_validator(mode="after")
    def _keys_of_the_format(self) -> "TimeTable":
        if (self.format == "arrival") is not (self.pointer is None):
            raise ValueError('give a pointer, or format = "arrival" where the device sends no time')
        if (self.format == "local") is not (self.offset is not None):
            raise ValueError('format = "local" needs offset = "+08:00" or the like; no other does')
        return self


class ReadingsTable(_Table):
    """Where in a message readings stand: one object, or each element of an array."""

    at: PointerText | None = None
    each: PointerText | None = None
    time: TimeTable
    seq: PointerText | None = None

    @model_validator(mode="after")
    def _one_place(self) -> "ReadingsTable":
        if self.at is not None and self.each is not None:
            raise ValueError("give at (an object) or each (an array), not both")
        return self


class FieldTable(_Table):
    """How one field of ours comes of the message."""

    pointer: PointerTexts
    unit: Text | None = None
    """UCUM code of what the device sends, after scale and offset; ours where not given."""
    scale: float = 1.0
    offset: float = 0.0
    signed: Literal[8, 16, 32] | None = None
    """Bits of a register that was read without its sign."""
    bit: Annotated[int, Field(ge=0, le=63)] | None = None
    values: Annotated[dict[str, Scalar], Field(min_length=1)] | None = None
    missing_values: Scalars | None = None
    when: WhenTable | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "FieldTable":
        if self.scale == 0:
            raise ValueError("scale = 0 would make every value the same")
        numeric = {"unit", "scale", "offset", "signed"} & self.model_fields_set
        ways = [bool(numeric), self.bit is not None, self.values is not None]
        if ways.count(True) > 1:
            raise ValueError("values, bit, and unit/scale/offset/signed exclude each other")
        return self


class AssetTable(_Table):
    """The readings of one asset that a device's message holds."""

    name: Name
    """What its assets are listed under in `[devices]`."""
    kind: str
    fields: Annotated[dict[str, FieldTable], Field(min_length=1)]
    asset: Text | None = None
    when: WhenTable | None = None


class ProfileFile(_Table):
    """A whole profile file."""

    name: Name
    description: str = ""
    topic: TopicFilter
    codec: Literal["json", "senml"] = "json"
    device: DeviceTable
    devices: dict[str, Text | dict[str, Text]] = {}

    at: PointerText | None = None
    each: PointerText | None = None
    time: TimeTable | None = None
    seq: PointerText | None = None
    readings: Annotated[list[ReadingsTable], Field(min_length=1)] | None = None

    kind: str | None = None
    fields: dict[str, FieldTable] | None = None
    asset: Text | None = None
    when: WhenTable | None = None
    assets: Annotated[list[AssetTable], Field(min_length=1)] | None = None
