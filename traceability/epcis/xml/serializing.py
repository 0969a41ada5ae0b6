"""Elements to bytes: UTF-8, every namespace declared on the root."""

import re
from collections.abc import Iterator, Mapping

from traceability.epcis.xml.elements import XSD, XSI, Element

_IMPOSSIBLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 can't hold, not even escaped."""
_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_ATTRIBUTE = str.maketrans(
    {"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)


def serialize(root: Element, prefix_of: Mapping[str, str]) -> bytes:
    """The document; characters that XML can't hold become U+FFFD."""
    used = {root.namespace, *_used(root)}
    if XSI in used:
        used.add(XSD)
    declarations = "".join(
        f' xmlns:{prefix}="{_attribute(namespace)}"'
        for namespace, prefix in prefix_of.items()
        if namespace in used
    )
    parts = ['<?xml version="1.0" encoding="UTF-8"?>\n', *_written(root, prefix_of, declarations)]
    return "".join(parts).encode()


def _used(element: Element) -> Iterator[str]:
    yield element.namespace
    for namespace, _ in element.attributes:
        yield namespace
    for child in element.children:
        yield from _used(child)


def _written(
    element: Element, prefix_of: Mapping[str, str], declarations: str = ""
) -> Iterator[str]:
    name = _qualified(element.namespace, element.name, prefix_of)
    attributes = "".join(
        f' {_qualified(namespace, local, prefix_of)}="{_attribute(value)}"'
        for (namespace, local), value in element.attributes.items()
    )
    text = _IMPOSSIBLE.sub("\ufffd", element.text).translate(_TEXT)
    if not (text or element.children):
        yield f"<{name}{declarations}{attributes}/>"
        return
    yield f"<{name}{declarations}{attributes}>{text}"
    for child in element.children:
        yield from _written(child, prefix_of)
    yield f"</{name}>"


def _qualified(namespace: str, name: str, prefix_of: Mapping[str, str]) -> str:
    return f"{prefix_of[namespace]}:{name}" if namespace else name


def _attribute(value: str) -> str:
    return _IMPOSSIBLE.sub("\ufffd", value).translate(_ATTRIBUTE)
