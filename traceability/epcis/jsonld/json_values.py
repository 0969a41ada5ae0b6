"""JSON values of which only the form is known: what may be kept of them, and how to name them.

What is kept must have a canonical form by RFC 8785: numbers that a double holds, texts without
lone surrogates, names once, and a depth that any program can walk.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

from traceability.canonical import is_double
from traceability.epcis.contexts import Context
from traceability.epcis.jsonld.faults import Faults

_DEEPEST = 40
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\ud800-\udfff]+")
_NAMELESS = Context(None, {})
"""In which names are what they are."""
_LARGEST_INTEGER = 2**53 - 1
_SHOWN = 80


def kept(value: Any, path: str, faults: Faults, context: Context, depth: int = 0) -> Any:
    """The value with full names inside; what can't be kept is noted with its path."""
    kind = type(value)
    if kind is str:
        if not value.isascii() and not _is_unicode(value):
            faults.add(path, "has half of a surrogate pair")
    elif kind is int or kind is float:
        problem = number_problem(value)
        if problem:
            faults.add(path, problem)
    elif value is not None and kind is not bool:
        return _nested(value, path, faults, context, depth)
    return value


def _nested(value: Any, path: str, faults: Faults, context: Context, depth: int) -> Any:
    if depth > _DEEPEST:
        faults.add(path, "is nested too deeply")
        return None
    if isinstance(value, Mapping):
        inner = inner_context(value, path, context, faults)
        return _object(value, path, faults, inner, depth)
    if isinstance(value, list | tuple):
        return [
            kept(part, f"{path}[{position}]", faults, context, depth + 1)
            for position, part in enumerate(value)
        ]
    faults.add(path, f"must be JSON, not {shown(value)}")
    return None


def check_context(value: Any, path: str, faults: Faults) -> None:
    """Note a `@context` that is none, or that couldn't be kept."""
    for part in value if isinstance(value, list) else [value]:
        if isinstance(part, Mapping):
            kept(part, path, faults, _NAMELESS)
        elif not (isinstance(part, str) and _ADDRESS.fullmatch(part)):
            faults.add(path, "must be an address, an object, or a list of such")


def inner_context(value: Mapping[Any, Any], path: str, context: Context, faults: Faults) -> Context:
    """The context of an object inside, which may have its own."""
    own = value.get("@context")
    if own is None:
        return context
    check_context(own, f"{path}.@context", faults)
    return context.within(own)


def _object(
    value: Mapping[Any, Any], path: str, faults: Faults, context: Context, depth: int
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, part in value.items():
        if name == "@context":
            continue
        if not isinstance(name, str) or not (name.isascii() or _is_unicode(name)):
            faults.add(path, f"has a name that is no text: {shown(name)}")
            continue
        full = context.expand(name)
        if full in found:
            faults.add(f"{path}.{name}", f"stands here twice, as {shown(full)}")
        found[full] = kept(part, f"{path}.{name}", faults, context, depth + 1)
    return found


def text_problem(value: Any) -> str:
    """What keeps a value from being a text that says something; nothing where it is one."""
    if not isinstance(value, str):
        return f"must be a text, not {shown(value)}"
    if not value:
        return "is empty"
    if not value.isascii() and not _is_unicode(value):
        return "has half of a surrogate pair"
    return ""


def number_problem(value: Any) -> str:
    """What keeps a value from being a number that a double holds; nothing where it is one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"must be a number, not {shown(value)}"
    if isinstance(value, float) and not math.isfinite(value):
        return "must be a finite number"
    if isinstance(value, int) and abs(value) > _LARGEST_INTEGER and not is_double(value):
        return "is larger than a JSON number holds exactly; write it as a text"
    return ""


def shown(value: Any) -> str:
    """A value in a message: short, and never more than the message can carry."""
    if value is None:
        return "null; leave it out"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        cut = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}..."
        return repr(cut)
    if isinstance(value, int | float):
        return "a number"
    return "an object" if isinstance(value, Mapping) else "a list"


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
