"""A profile at work: what the messages of a foreign device say about our assets.

A message holds readings at one or more places (itself, an object in it, the elements of an array).
Each reading comes from a device, whose id is looked up; each block of the profile then makes of it
the reading of one asset, with the fields that are there. What is absent is left out; what is there
and can't be read is a fault of that reading and never of its neighbours.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ingest.element import Element
from ingest.errors import MessageError, ProfileError
from ingest.profiles.clock import Clock
from ingest.profiles.fields import Condition, FieldMap
from ingest.profiles.payload import read_payload
from ingest.profiles.pointer import ABSENT, Pointer, find_first, in_words
from ingest.profiles.topic_filter import matches
from ingest.validation import brief
from park.assets import Park
from park.errors import UnknownAssetError

MOST_READINGS = 10_000
"""In one array of a message; more would hold up everyone else's."""
_FAULTS_OF_THE_READING = {"time-invalid", "profile-mismatch"}
"""Faults that every block of the profile would find again."""
DEVICE_SLOT = "{device}"
"""In an asset's template: where the device's id goes."""


@dataclass(frozen=True, slots=True)
class MappedElement(Element):
    """An element that knows the kind that its profile meant."""

    kind: str


@dataclass(slots=True)
class Mapped:
    """What a profile made of one message."""

    elements: list[MappedElement] = field(default_factory=list)
    faults: list[MessageError] = field(default_factory=list)
    """What could not be read; its neighbours are in `elements`."""
    known: set[str] = field(default_factory=set)
    """Ids of devices that the profile has."""
    unknown: set[str] = field(default_factory=set)
    """Ids of devices that it doesn't have; each is in `faults` too."""

    def raise_faults(self) -> None:
        """Raise MessageError with the first fault's code and every fault's words, if any."""
        if self.faults:
            words = "; ".join(fault.detail for fault in self.faults)
            raise MessageError(self.faults[0].code, words)


class UnknownDeviceError(MessageError):
    """A device that the profile doesn't list; `device` is its id."""

    def __init__(self, device: str, file: str) -> None:
        super().__init__(
            "unknown-device",
            f"device {brief(device)} isn't listed under [devices] of {file}: add it there",
        )
        self.device = device


@dataclass(frozen=True, slots=True)
class Identity:
    """Where the id of the device stands."""

    pointers: tuple[Pointer, ...] = ()
    level: int | None = None
    """Level of the topic, counted from 1."""
    constant: str | None = None

    def read(self, topic: str, reading: Any, message: Any) -> str:
        """The id. Raises MessageError `profile-mismatch`, or `wrong-type` where it is no id."""
        if self.constant is not None:
            return self.constant
        if self.level is not None:
            levels = topic.split("/")
            if len(levels) < self.level:
                raise MessageError("profile-mismatch", f"the topic has no level {self.level}")
            return levels[self.level - 1]
        raw = find_first(self.pointers, reading, message)
        if raw is ABSENT:
            raise MessageError("profile-mismatch", f"no device id at {in_words(self.pointers)}")
        if isinstance(raw, str):
            return raw
        if isinstance(raw, int) and not isinstance(raw, bool):
            return str(raw)
        raise MessageError(
            "wrong-type", f"device id {brief(raw)} at {in_words(self.pointers)} is no text"
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Where readings stand in a message."""

    pointer: Pointer
    many: bool
    """Whether it is an array of readings; one object in its place is an array of one."""
    clock: Clock
    seq: Pointer | None

    def common(self, reading: Any, message: Any, now_ms: int) -> dict[str, object]:
        """What a reading's elements share: `ts`, and `seq` where there is one."""
        shared: dict[str, object] = {"ts": self.clock.read(reading, message, now_ms)}
        if self.seq is not None:
            seq = self.seq.find(reading, message)
            if seq is not ABSENT:
                shared["seq"] = seq
        return shared

    def readings(self, message: Any) -> Iterator[tuple[str, Any]]:
        """Each reading with its pointer. Raises MessageError where there are too many."""
        found = self.pointer.find(message, message)
        if found is ABSENT or found is None:
            return
        if not self.many or not isinstance(found, list):
            yield self.pointer.text, found
            return
        if len(found) > MOST_READINGS:
            raise MessageError(
                "too-many-readings",
                f"{len(found)} readings at {self.pointer.text!r}; at most {MOST_READINGS} are read",
            )
        for index, reading in enumerate(found):
            yield f"{self.pointer.text}/{index}", reading


@dataclass(frozen=True, slots=True)
class Block:
    """The readings of one asset that come of a device's."""

    name: str | None
    kind: str
    fields: tuple[FieldMap, ...]
    template: str | None
    """The asset of a device that isn't listed, with `{device}` for its id."""
    when: Condition | None

    def content(self, reading: Any, message: Any) -> dict[str, object]:
        """The fields that the reading has. Raises MessageError `wrong-type`, naming every one."""
        if self.when is not None and not self.when.holds(reading, message):
            return {}
        found: dict[str, object] = {}
        faults: list[MessageError] = []
        for each in self.fields:
            try:
                value = each.value(reading, message)
            except MessageError as fault:
                faults.append(fault)
            else:
                if value is not ABSENT:
                    found[each.name] = value
        if faults:
            Mapped(faults=faults).raise_faults()
        return found


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile that was checked and compiled; make it with `read_profile`."""

    name: str
    description: str
    topic: str
    """The MQTT topic filter of its messages."""
    file: str
    """Its file's name, for messages."""
    codec: str
    identity: Identity
    places: tuple[Place, ...]
    blocks: tuple[Block, ...]
    devices: Mapping[str, tuple[str | None, ...]]
    """Asset of each block, None for a block that the device doesn't have, by the device's id in
    lower case."""
    device_ids: tuple[str, ...]
    """The ids as they are written."""

    def matches(self, topic: str) -> bool:
        """Whether messages of that topic are its own."""
        return matches(self.topic, topic)

    def elements(self, topic: str, payload: bytes, now_ms: int) -> list[Element]:
        """The readings in a message, if all of it can be read.

        Raises MessageError for the first thing that can't be, with every fault in its detail;
        `read` keeps the neighbours.
        """
        mapped = self.read(topic, payload, now_ms)
        mapped.raise_faults()
        return list(mapped.elements)

    def read(self, topic: str, payload: bytes, now_ms: int) -> Mapped:
        """The readings in a message, and what of it can't be read. Raises nothing."""
        try:
            message = read_payload(self.codec, payload, now_ms)
        except MessageError as fault:
            return Mapped(faults=[fault])
        return self.map(topic, message, now_ms)

    def map(self, topic: str, message: Any, now_ms: int) -> Mapped:
        """The readings in a message that `read_payload` decoded."""
        mapped = Mapped()
        places = 0
        for place in self.places:
            try:
                for where, reading in place.readings(message):
                    places += 1
                    self._reading(place, (topic, message, now_ms), (where, reading), mapped)
            except MessageError as fault:
                mapped.faults.append(self._at("", fault))
        if not mapped.elements and not mapped.faults:
            mapped.faults.append(self._nothing(places))
        return mapped

    def _reading(
        self,
        place: Place,
        arrived: tuple[str, Any, int],
        found: tuple[str, Any],
        mapped: Mapped,
    ) -> None:
        """Add what one reading gives, for each block."""
        topic, message, now_ms = arrived
        where, reading = found
        try:
            assets = self._assets(self.identity.read(topic, reading, message), mapped)
        except UnknownDeviceError as fault:
            mapped.faults.append(fault)
            return
        except MessageError as fault:
            mapped.faults.append(self._at(where, fault))
            return
        common: dict[str, object] = {}
        for block, asset in zip(self.blocks, assets, strict=True):
            try:
                content = {} if asset is None else block.content(reading, message)
                if asset is None or not content:
                    continue
                common = common or place.common(reading, message, now_ms)
            except MessageError as fault:
                mapped.faults.append(self._at(where, fault))
                if fault.code in _FAULTS_OF_THE_READING:
                    return
            else:
                mapped.elements.append(MappedElement(asset, common | content, block.kind))

    def _assets(self, device: str, mapped: Mapped) -> Sequence[str | None]:
        """The asset of each block. Raises UnknownDeviceError once for each device."""
        assets = self.devices.get(device.lower())
        if assets is None:
            assets = tuple(
                None if block.template is None else block.template.replace(DEVICE_SLOT, device)
                for block in self.blocks
            )
            if not any(assets):
                if device in mapped.unknown:
                    return assets
                mapped.unknown.add(device)
                raise UnknownDeviceError(device, self.file)
        mapped.known.add(device)
        return assets

    def _at(self, where: str, fault: MessageError) -> MessageError:
        """The fault with the names of the profile and of the reading."""
        place = f"{self.file}, {where}" if where else self.file
        return MessageError(fault.code, f"{place}: {fault.detail}")

    def _nothing(self, places: int) -> MessageError:
        if not places:
            wanted = ", ".join(place.pointer.text or '""' for place in self.places)
            return MessageError("profile-mismatch", f"{self.file}: nothing at {wanted}")
        pointers = dict.fromkeys(
            in_words(each.pointers) for block in self.blocks for each in block.fields
        )
        return MessageError("no-fields", f"{self.file}: nothing at any of {', '.join(pointers)}")

    def example_topic(self) -> str:
        """A topic that its filter matches, from a device that it lists."""
        levels = self.topic.split("/")
        if levels[-1] == "#":
            wanted = max(len(levels) - 1, self.identity.level or 0)
            levels = [*levels[:-1], *["+"] * (wanted - len(levels) + 1)]
        device = self.device_ids[0] if self.device_ids else "device"
        return "/".join(
            (device if index == self.identity.level else "any") if level == "+" else level
            for index, level in enumerate(levels, start=1)
        )

    def require_assets(self, park: Park) -> None:
        """Raise ProfileError where `[devices]` names an asset that isn't there or fits no block.

        An asset that a template makes of an id is known only when a message comes.
        """
        for device, assets in zip(self.device_ids, self.devices.values(), strict=True):
            for block, asset_id in zip(self.blocks, assets, strict=True):
                if asset_id is None:
                    continue
                try:
                    asset = park.asset(asset_id)
                except UnknownAssetError as error:
                    raise ProfileError(self.file, f"devices.{device}", str(error)) from error
                actual = None if asset.kind is None else asset.kind.name
                if actual != block.kind:
                    raise ProfileError(
                        self.file,
                        f"devices.{device}",
                        f"{asset_id} is a {asset.type}, but the profile maps to {block.kind}",
                    )
