"""UUIDv7 (RFC 9562), which Python has only from 3.14 on."""

import secrets
from uuid import UUID

from park.times import now_ms


def uuid7() -> UUID:
    """A new UUID that sorts by the time it was made."""
    milliseconds = now_ms()
    value = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64
    return UUID(int=value | 0b10 << 62 | secrets.randbits(62))
