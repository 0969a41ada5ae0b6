"""MQTT topic filters: what they match, and what they have in common."""

from collections.abc import Iterable

_LONGEST = 65_535
_OWN = "agripark/v1/+/+/+/+"


def check_filter(text: str) -> str:
    """The filter, unless it is none. Raises ValueError saying how to write it."""
    levels = text.split("/")
    if not text or len(text.encode()) > _LONGEST or "\0" in text:
        raise ValueError("a topic filter has 1 to 65535 bytes and no NUL")
    if levels[0] == "$share":
        raise ValueError("write the filter without $share/GROUP/: ingest adds its own group")
    if any("+" in level and level != "+" for level in levels):
        raise ValueError(f"{text!r}: + stands for one whole level, as in a/+/b")
    if any("#" in level for level in levels[:-1]) or ("#" in levels[-1] and levels[-1] != "#"):
        raise ValueError(f"{text!r}: # stands alone at the end, as in a/b/#")
    if overlap(text, _OWN):
        raise ValueError(f"{text!r} would also catch agripark's own topics: begin it otherwise")
    return text


def matches(topic_filter: str, topic: str) -> bool:
    """Whether a message of that topic reaches a subscriber to the filter."""
    wanted, given = topic_filter.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in {"+", "#"}:
        return False
    if wanted[-1] == "#":
        wanted.pop()
        given = given[: len(wanted)]
    return len(wanted) == len(given) and all(
        level in {"+", name} for level, name in zip(wanted, given, strict=True)
    )


def overlap(one: str, other: str) -> bool:
    """Whether some topic matches both filters."""
    ones, others = one.split("/"), other.split("/")
    for index in range(max(len(ones), len(others)) + 1):
        left, right = (levels[index] if index < len(levels) else None for levels in (ones, others))
        if "#" in {left, right}:
            return True
        if left is None or right is None:
            return left is right
        if "+" not in {left, right} and left != right:
            return False
    return False


def covers(wide: str, narrow: str) -> bool:
    """Whether every topic that matches `narrow` matches `wide`."""
    wides, narrows = wide.split("/"), narrow.split("/")
    if narrow.startswith("$") and wides[0] in {"+", "#"}:
        return False
    for index, level in enumerate(wides):
        if level == "#":
            return True
        if index >= len(narrows) or narrows[index] == "#":
            return False
        if level not in {"+", narrows[index]}:
            return False
    return len(wides) == len(narrows)


def without_covered(filters: Iterable[str]) -> tuple[str, ...]:
    """The filters, sorted, without those that another one covers."""
    every = sorted(set(filters))
    return tuple(
        one for one in every if not any(covers(other, one) for other in every if other != one)
    )
