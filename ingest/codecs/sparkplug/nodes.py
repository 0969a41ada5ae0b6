"""What is known of the edge nodes, and how it is kept over a restart."""

import json
from dataclasses import dataclass, field
from typing import Any

from ingest.codecs.sparkplug.sequence import Sequence

_VERSION = 1


@dataclass(slots=True)
class Device:
    """A device of a node, or (under the empty name) the node itself."""

    online: bool = False
    """Whether its birth was seen, and no death since."""
    metrics: dict[str, int] = field(default_factory=dict)
    """Datatypes by metric name, as its birth told them."""
    aliases: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Node:
    """One edge node since its birth."""

    group: str
    name: str
    born: bool = False
    birth_number: int | None = None
    """`bdSeq` of the birth; only a death of the same number ends it."""
    devices: dict[str, Device] = field(default_factory=dict)
    aliases: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Device and metric name by alias."""
    sequence: Sequence = field(default_factory=Sequence)
    needs_rebirth: bool = False
    asked_ms: int | None = None
    """When it was last asked for its births."""

    @property
    def path(self) -> str:
        """As people name it."""
        return f"{self.group}/{self.name}"

    def register(self, device: str, metric: str, datatype: int, alias: int | None) -> None:
        """Note a metric of a device that is known."""
        self.devices[device].metrics[metric] = datatype
        if alias is not None:
            self.devices[device].aliases.add(alias)
            self.aliases[alias] = (device, metric)

    def named(self, alias: int | None) -> tuple[str, str]:
        """Device and metric that an alias stands for; both empty where that isn't known."""
        return ("", "") if alias is None else self.aliases.get(alias, ("", ""))

    def forget(self, device: str) -> None:
        """Drop the metrics and aliases of a device."""
        for alias in self.devices.get(device, Device()).aliases:
            owner = self.aliases.get(alias)
            if owner is not None and owner[0] == device:  # else another took it since
                del self.aliases[alias]
        self.devices[device] = Device()

    def forget_all(self) -> None:
        """Drop what births told; only which devices were online is still known."""
        self.aliases.clear()
        for name, device in self.devices.items():
            self.devices[name] = Device(device.online)


def dump(nodes: list[Node]) -> bytes:
    """The nodes as JSON."""
    return json.dumps(
        {"version": _VERSION, "nodes": [_as_json(node) for node in nodes]}, separators=(",", ":")
    ).encode()


def load(data: bytes) -> list[Node]:
    """The nodes that `dump` wrote. Raises ValueError where it didn't."""
    try:
        content = json.loads(data)
        if content["version"] != _VERSION:
            raise ValueError(f"version {content['version']!r} isn't known")
        return [_from_json(node) for node in content["nodes"]]
    except (KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise ValueError(f"it is no state of Sparkplug nodes: {error!r}") from error


def _as_json(node: Node) -> dict[str, Any]:
    aliases = {owner: alias for alias, owner in node.aliases.items()}
    return {
        "group": node.group,
        "node": node.name,
        "born": node.born,
        "bdSeq": node.birth_number,
        "next": node.sequence.next,
        "devices": {
            name: {
                "online": device.online,
                "metrics": [
                    [metric, datatype, aliases.get((name, metric))]
                    for metric, datatype in device.metrics.items()
                ],
            }
            for name, device in node.devices.items()
        },
    }


def _from_json(content: dict[str, Any]) -> Node:
    node = Node(str(content["group"]), str(content["node"]), bool(content["born"]))
    node.birth_number = _whole(content["bdSeq"])
    node.sequence.resume(_whole(content["next"]))
    for name, told in content["devices"].items():
        node.devices[name] = Device(bool(told["online"]))
        for metric, datatype, alias in told["metrics"]:
            node.register(name, str(metric), int(datatype), _whole(alias))
    return node


def _whole(value: object) -> int | None:
    if value is None or isinstance(value, int):
        return value
    raise ValueError(f"{value!r} is no whole number")
