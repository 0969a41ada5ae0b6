"""UUIDv7 (RFC 9562), which Python has only from 3.14 on."""

import secrets
import time
from uuid import UUID


def uuid7() -> UUID:
    """A new UUID that sorts by the time it was made."""
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64
    return UUID(int=value | 0b10 << 62 | secrets.randbits(62))
