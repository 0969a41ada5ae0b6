"""The profiles of a park together.

Profiles may share a topic filter, as all devices of a ChirpStack do: a message is read by every
profile that has its device. Only a device that no profile has is unknown.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from ingest.errors import MessageError
from ingest.profiles.payload import read_payload
from ingest.profiles.profile import Mapped, Profile, UnknownDeviceError
from ingest.profiles.topic_filter import without_covered
from ingest.validation import brief
from park.assets import Park

_REMEMBERED_TOPICS = 100_000


class Profiles:
    """Every profile that is in use."""

    def __init__(self, profiles: Iterable[Profile] = ()) -> None:
        self.all = tuple(profiles)
        self._of_topic = lru_cache(maxsize=_REMEMBERED_TOPICS)(self._find)

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """The topic filters to subscribe to; what another one covers is left out."""
        return without_covered(profile.topic for profile in self.all)

    def require_assets(self, park: Park) -> None:
        """Raise ProfileError where a profile lists an asset that isn't there or doesn't fit."""
        for profile in self.all:
            profile.require_assets(park)

    def of_topic(self, topic: str) -> tuple[Profile, ...]:
        """The profiles whose filter the topic matches."""
        return self._of_topic(topic)

    def _find(self, topic: str) -> tuple[Profile, ...]:
        return tuple(profile for profile in self.all if profile.matches(topic))

    def read(self, topic: str, payload: bytes, now_ms: int) -> Mapped:
        """The readings in a message, and what of it can't be read. Raises nothing."""
        profiles = self.of_topic(topic)
        if len(profiles) == 1:
            return profiles[0].read(topic, payload, now_ms)
        if not profiles:
            problem = "no profile's topic filter matches this topic"
            return Mapped(faults=[MessageError("unknown-topic", problem)])
        every = []
        for codec in dict.fromkeys(profile.codec for profile in profiles):
            sharing = [profile for profile in profiles if profile.codec == codec]
            try:
                message = read_payload(codec, payload, now_ms)
            except MessageError as fault:
                every.append(Mapped(faults=[fault]))
            else:
                every += [profile.map(topic, message, now_ms) for profile in sharing]
        return _joined(every, profiles)


def _joined(every: Sequence[Mapped], profiles: Sequence[Profile]) -> Mapped:
    """What those profiles read that know the device; the first one's words where none does."""
    known = set().union(*(mapped.known for mapped in every))
    unknown = set().union(*(mapped.unknown for mapped in every)) - known
    taking = [mapped for mapped in every if mapped.known]
    joined = Mapped(known=known, unknown=unknown)
    for mapped in taking:
        joined.elements += mapped.elements
        joined.faults += [
            fault for fault in mapped.faults if not isinstance(fault, UnknownDeviceError)
        ]
    if joined.elements:  # one profile's message may be nothing to another
        joined.faults = [fault for fault in joined.faults if fault.code != "no-fields"]
    joined.faults += [_unknown(device, profiles) for device in sorted(unknown)]
    if not taking and not unknown:
        joined.faults += every[0].faults
    return joined


def _unknown(device: str, profiles: Sequence[Profile]) -> MessageError:
    files = ", ".join(profile.file for profile in profiles)
    return MessageError(
        "unknown-device",
        f"device {brief(device)} isn't listed under [devices] of {files}: add it to one of them",
    )
