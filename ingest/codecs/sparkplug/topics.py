"""Sparkplug topics: `spBv1.0/{group}/{type}/{node}` and `.../{device}`."""

from dataclasses import dataclass
from enum import StrEnum

from ingest.errors import MessageError
from ingest.validation import brief

NAMESPACE = "spBv1.0"
_NODE_LEVELS = 4
_DEVICE_LEVELS = 5
_LONGEST_ID = 200
_NOT_OURS = frozenset({"NCMD", "DCMD", "STATE"})


class MessageType(StrEnum):
    """The messages of edge nodes."""

    NODE_BIRTH = "NBIRTH"
    NODE_DATA = "NDATA"
    NODE_DEATH = "NDEATH"
    DEVICE_BIRTH = "DBIRTH"
    DEVICE_DATA = "DDATA"
    DEVICE_DEATH = "DDEATH"


_OF_DEVICES = frozenset(
    {MessageType.DEVICE_BIRTH, MessageType.DEVICE_DATA, MessageType.DEVICE_DEATH}
)


@dataclass(frozen=True, slots=True)
class Address:
    """Who sent a message, and of what type it is."""

    type: MessageType
    group: str
    node: str
    device: str
    """Empty for the node itself."""

    @property
    def path(self) -> str:
        """As people name it: `group/node` or `group/node/device`."""
        return "/".join(filter(None, (self.group, self.node, self.device)))


def subscriptions() -> tuple[str, ...]:
    """The topic filters that reach every message of an edge node."""
    return tuple(
        f"{NAMESPACE}/+/{type_}/+{'/+' if type_ in _OF_DEVICES else ''}" for type_ in MessageType
    )


def is_sparkplug(topic: str) -> bool:
    """Whether a topic is of the namespace."""
    return topic.startswith(f"{NAMESPACE}/")


def parse(topic: str) -> Address | None:
    """The sender that a topic names; None for commands and states, which aren't for us.

    Raises MessageError `unknown-topic`.
    """
    parts = topic.split("/")
    if parts[0] == NAMESPACE and _NOT_OURS.intersection(parts[1:3]):
        return None
    if parts[0] == NAMESPACE and len(parts) in {_NODE_LEVELS, _DEVICE_LEVELS}:
        _, group, type_, node, *rest = parts
        device = rest[0] if rest else ""
        ids = (group, node, *rest)
        if (
            type_ in set(MessageType)
            and (type_ in _OF_DEVICES) == bool(rest)
            and all(0 < len(part) <= _LONGEST_ID for part in ids)
        ):
            return Address(MessageType(type_), group, node, device)
    raise MessageError(
        "unknown-topic",
        f"{brief(topic)} is not {NAMESPACE}/{{group}}/{{NBIRTH, NDATA or NDEATH}}/{{node}}, "
        "nor .../{DBIRTH, DDATA or DDEATH}/{node}/{device}",
    )


def rebirth_topic(group: str, node: str) -> str:
    """Where the command goes that asks a node for its births."""
    return f"{NAMESPACE}/{group}/NCMD/{node}"
