"""JSON from bytes, where every name stands once in its object.

Programs differ in which of two values of one name they take, so such a text says different things
to different readers. The fast parser doesn't look; where the counts of names in text and value
differ, a slower one finds out.
"""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import Any

import orjson

from traceability.errors import FieldProblem, InvalidDocumentError

_NAME_ENDS = re.compile(rb'"[ \t\r\n]*:')


def parse_json(content: bytes) -> Any:
    """The value, behind a byte order mark or not. Raises InvalidDocumentError."""
    text = content.removeprefix(BOM_UTF8)
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise InvalidDocumentError([FieldProblem(place, f"isn't JSON: {error.msg}")]) from error
    if sum(1 for _ in _NAME_ENDS.finditer(text)) != _names_in(value):
        _check_names(text)
    return value


def _names_in(value: Any) -> int:
    count, waiting = 0, [value]
    while waiting:
        part = waiting.pop()
        if type(part) is dict:
            count += len(part)
            waiting += [each for each in part.values() if type(each) is dict or type(each) is list]
        elif type(part) is list:
            waiting += [each for each in part if type(each) is dict or type(each) is list]
    return count


def _check_names(text: bytes) -> None:
    """Raise InvalidDocumentError where a name stands twice in an object."""
    twice: list[tuple[dict[str, Any], str]] = []

    def read(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, part in pairs:
            if name in found:
                twice.append((found, name))
            found[name] = part
        return found

    try:
        value = json.loads(text, object_pairs_hook=read)
    except RecursionError as error:
        raise InvalidDocumentError([FieldProblem("", "is nested too deeply")]) from error
    if twice:
        # An object that another of its name replaced is there no more.
        paths = {id(part): path for path, part in _objects(value)}
        path, name = next((paths[id(part)], name) for part, name in twice if id(part) in paths)
        where = f"{path}.{name}" if path else name
        raise InvalidDocumentError([FieldProblem(where, "stands twice in one object")])


def _objects(value: Any) -> Iterator[tuple[str, Any]]:
    waiting = [("", value)]
    while waiting:
        path, part = waiting.pop()
        if isinstance(part, dict):
            yield path, part
            inner = ((f"{path}.{name}" if path else name, each) for name, each in part.items())
            waiting.extend(inner)
        elif isinstance(part, list):
            waiting.extend((f"{path}[{position}]", each) for position, each in enumerate(part))
