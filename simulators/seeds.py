"""Chance that can be repeated: generators and UUIDs that follow from the seed alone."""

from random import Random
from uuid import UUID

_VERSION_7 = 0x7000
_VARIANT = 0x8000_0000_0000_0000


def generator(seed: int, *names: str | int) -> Random:
    """A generator of its own for each name, so that one device's chance never moves another's."""
    return Random("/".join(str(part) for part in (seed, *names)))  # noqa: S311 - no secret


def uuid7(time_ms: int, rng: Random) -> UUID:
    """A UUIDv7 (RFC 9562) of that time, its random part from `rng`."""
    high = time_ms << 16 | _VERSION_7 | rng.getrandbits(12)
    return UUID(int=high << 64 | _VARIANT | rng.getrandbits(62))
