"""A small profile for tests, as the text of its file."""

from ingest.profiles.files import parse_profile
from ingest.profiles.profile import Profile

ROOMS = """
name = "rooms"
topic = "rooms/+/data"
kind = "cold_room"

[device]
pointer = "/id"

[time]
pointer = "/time"
format = "rfc3339"

[fields.air_temp_c]
pointer = "/temp"
unit = "Cel"

[fields.door_open]
pointer = "/door"
values = { open = true, shut = false }

[devices]
a = "room-0001"
b = "room-0002"
"""


def profile(*changes: tuple[str, str], text: str = ROOMS) -> Profile:
    """The profile with pieces of its text replaced."""
    for old, new in changes:
        assert old in text, f"{old!r} isn't in the profile"
        text = text.replace(old, new, 1)
    return parse_profile(text, "rooms.toml")
