"""JSON pointers (RFC 6901) into a message.

A pointer begins at the reading, which may be a part of the message; with `$` before it, at the
whole message.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

_ROOT = "$"
_BAD_ESCAPE = re.compile(r"~(?![01])")
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)


class Absent:
    """What a pointer finds where there is nothing; JSON's null is a value."""


ABSENT: Final = Absent()


@dataclass(frozen=True, slots=True)
class Pointer:
    """A pointer that was checked and taken apart."""

    text: str
    steps: tuple[str, ...]
    from_message: bool
    """Whether it begins at the whole message, not at the reading."""

    def find(self, reading: Any, message: Any) -> Any:
        """What it points at; ABSENT where there is nothing."""
        value = message if self.from_message else reading
        for step in self.steps:
            if type(value) is dict:
                value = value.get(step, ABSENT)
            elif type(value) is list and _INDEX.fullmatch(step) and int(step) < len(value):
                value = value[int(step)]
            else:
                return ABSENT
        return value


def parse_pointer(text: str) -> Pointer:
    """Take a pointer apart. Raises ValueError saying how to write it."""
    from_message = text.startswith(_ROOT)
    path = text.removeprefix(_ROOT)
    if path and not path.startswith("/"):
        raise ValueError(f"pointer {text!r} must begin with /, as in /object/temperature")
    if _BAD_ESCAPE.search(path):
        raise ValueError(f"pointer {text!r} has a ~ alone: write ~0 for ~ and ~1 for / in a key")
    steps = tuple(step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:])
    return Pointer(text, steps, from_message)


def escape_step(key: str) -> str:
    """A key as a pointer writes it."""
    return key.replace("~", "~0").replace("/", "~1")


def find_first(pointers: Sequence[Pointer], reading: Any, message: Any) -> Any:
    """What the first pointer that finds a value points at; ABSENT for none and for null."""
    for pointer in pointers:
        value = pointer.find(reading, message)
        if value is not ABSENT and value is not None:
            return value
    return ABSENT


def in_words(pointers: Sequence[Pointer]) -> str:
    """The pointers as a message names them."""
    return " or ".join(pointer.text or '""' for pointer in pointers)
