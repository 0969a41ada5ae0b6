"""The sessions of Sparkplug edge nodes: what their messages mean, one after the other.

- A birth tells every metric with its name, alias and datatype; its values are readings too. A
  node's birth ends all that was known of its devices.
- Data may name its metrics by alias only. What an alias stands for is known from the birth; where
  it isn't, the node is asked for its births again. What can be read is read all the same.
- Messages are numbered; a number that doesn't come (`ingest.codecs.sparkplug.sequence`) leads to
  the same question. A node is asked at most once in 30 seconds.
- A node's death counts if its `bdSeq` is that of the birth: the broker may send an old will after
  the node is back. It takes the node's devices with it.
- A metric that no field is meant by is named once, at its birth, and left out from then on.
- A value is left out that is null or that its sender calls transient; one that its sender calls
  bad or stale is a fault. Historical values are readings, kept apart for whoever raises alarms.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from ingest.codecs.sparkplug import nodes as nodes_file
from ingest.codecs.sparkplug.naming import Naming, birth_number, is_about_itself
from ingest.codecs.sparkplug.nodes import Device, Node
from ingest.codecs.sparkplug.payload import Payload, decode
from ingest.codecs.sparkplug.readings import Readings, SparkplugFault, listed
from ingest.codecs.sparkplug.topics import Address, MessageType, parse
from ingest.element import Element
from ingest.errors import MessageError
from park.telemetry import Kind
from park.times import EARLIEST, to_epoch_ms

_REBIRTH_EVERY_MS = 30_000
_MOST_NODES = 10_000
_REMEMBERED_NAMES = 100_000
_MOST_DEVICES = 2_000
_MOST_METRICS = 20_000
"""Of one device; a node that names ever new ones must not fill the memory."""
_EARLIEST_MS = to_epoch_ms(EARLIEST)
_SEQUENCE_MAX = 255


@dataclass(frozen=True, slots=True)
class DeviceState:
    """An asset came or went."""

    asset: str
    online: bool
    time_ms: int


@dataclass(slots=True)
class SparkplugOutcome:
    """What came of one message."""

    elements: list[Element] = field(default_factory=list)
    historical: list[Element] = field(default_factory=list)
    """Readings that its sender calls historical: for the store, never for alarms."""
    states: list[DeviceState] = field(default_factory=list)
    faults: list[SparkplugFault] = field(default_factory=list)
    rebirth: tuple[str, str] | None = None
    """Group and node that should be asked for its births now."""


class Sessions:
    """The state of all edge nodes; it must see their messages in the order of arrival."""

    def __init__(
        self,
        asset_kind: Callable[[str], Kind | None],
        names: Mapping[str, str] | None = None,
        assets: Mapping[str, str] | None = None,
    ) -> None:
        self._naming = Naming(asset_kind, names or {}, assets or {})
        self._target = lru_cache(maxsize=_REMEMBERED_NAMES)(self._naming.target)
        self._nodes: dict[tuple[str, str], Node] = {}
        self.changed = False
        """Whether a birth or death has come since `dump`: time to keep the state."""

    def receive(self, topic: str, payload: bytes, now_ms: int) -> SparkplugOutcome:
        """Everything that a message holds; nothing for commands and states of hosts.

        Raises MessageError `unknown-topic`, `malformed-sparkplug`, `too-many-readings` or
        `sparkplug-too-many`.
        """
        address = parse(topic)
        outcome = SparkplugOutcome()
        if address is None:
            return outcome
        message = decode(payload)
        node = self._node(address)
        match address.type:
            case MessageType.NODE_DEATH:
                self._node_death(node, message, now_ms, outcome)
            case MessageType.DEVICE_DEATH:
                self._count(node, message, now_ms)
                self._device_death(node, address.device, message, now_ms, outcome)
            case MessageType.NODE_BIRTH | MessageType.DEVICE_BIRTH:
                self._birth(node, address, message, now_ms, outcome)
            case _:
                self._count(node, message, now_ms)
                self._data(node, address, message, now_ms, outcome)
        outcome.rebirth = self._question(node, now_ms)
        return outcome

    def due(self, now_ms: int) -> list[tuple[str, str]]:
        """The nodes that should be asked for their births now; to be called every second or so."""
        found = []
        for node in self._nodes.values():
            if node.born and node.sequence.overdue(now_ms):
                node.needs_rebirth = True
            question = self._question(node, now_ms)
            if question is not None:
                found.append(question)
        return found

    def dump(self) -> bytes:
        """The state, for `load` after a restart."""
        self.changed = False
        return nodes_file.dump(list(self._nodes.values()))

    def load(self, data: bytes) -> bool:
        """Take up the state that `dump` gave.

        False where it can't be read: then the nodes are strangers, and will be asked for births.
        """
        try:
            loaded = nodes_file.load(data)
        except ValueError:
            return False
        self._nodes = {(node.group, node.name): node for node in loaded}
        return True

    def _node(self, address: Address) -> Node:
        key = address.group, address.node
        node = self._nodes.get(key)
        if node is None:
            if len(self._nodes) >= _MOST_NODES:
                raise MessageError(
                    "sparkplug-too-many", f"{address.path} would be node {_MOST_NODES + 1}"
                )
            node = self._nodes[key] = Node(*key)
        return node

    # Births and deaths

    def _birth(
        self, node: Node, address: Address, message: Payload, now_ms: int, outcome: SparkplugOutcome
    ) -> None:
        if address.type is MessageType.NODE_BIRTH:
            self._node_birth(node, message, outcome)
        else:
            self._count(node, message, now_ms)
            _device(node, address)
            node.forget(address.device)
        device = _device(node, address)
        device.online = True
        self.changed = True
        self._notice_new(node, address, device, message, outcome)
        time_ms = _moment(message, now_ms)
        outcome.states += [
            DeviceState(asset, online=True, time_ms=time_ms)
            for asset in self._assets(node, address.device)
        ]
        self._read(node, address, message, now_ms, outcome)

    def _node_birth(self, node: Node, message: Payload, outcome: SparkplugOutcome) -> None:
        node.forget_all()
        node.born, node.needs_rebirth = True, False
        node.birth_number = _birth_number(message)
        if node.birth_number is None:
            outcome.faults.append(
                SparkplugFault(
                    "sparkplug-no-bdseq",
                    f"the birth of {node.path} has no bdSeq; its death will count without one only",
                )
            )
        node.sequence.begin((message.seq or 0) % (_SEQUENCE_MAX + 1))

    def _node_death(
        self, node: Node, message: Payload, now_ms: int, outcome: SparkplugOutcome
    ) -> None:
        if not node.born or _birth_number(message) != node.birth_number:
            return
        # The will was written when the node connected, so its time is not that of the death.
        online = [name for name, device in node.devices.items() if device.online]
        gone = {asset for device in online for asset in self._assets(node, device)}
        outcome.states += [
            DeviceState(asset, online=False, time_ms=now_ms) for asset in sorted(gone)
        ]
        node.devices.clear()
        node.aliases.clear()
        node.born, node.needs_rebirth = False, False
        self.changed = True

    def _device_death(
        self, node: Node, device: str, message: Payload, now_ms: int, outcome: SparkplugOutcome
    ) -> None:
        time_ms = _moment(message, now_ms)
        outcome.states += [
            DeviceState(asset, online=False, time_ms=time_ms)
            for asset in self._assets(node, device)
        ]
        if device in node.devices:
            node.forget(device)
        self.changed = True

    def _assets(self, node: Node, device: str) -> list[str]:
        """The assets that a device, or the node itself, speaks for."""
        own = self._naming.own_asset(node.group, node.name, device)
        found = {own} if own else set()
        known = node.devices.get(device, Device()).metrics
        targets = (self._target(node.group, node.name, device, metric) for metric in known)
        return sorted(found | {target.asset for target in targets if target})

    # Data

    def _data(
        self, node: Node, address: Address, message: Payload, now_ms: int, outcome: SparkplugOutcome
    ) -> None:
        device = _device(node, address)
        if not device.online:
            node.needs_rebirth = True
        self._notice_new(node, address, device, message, outcome)
        self._read(node, address, message, now_ms, outcome)

    def _notice_new(
        self,
        node: Node,
        address: Address,
        device: Device,
        message: Payload,
        outcome: SparkplugOutcome,
    ) -> None:
        """Note metrics that haven't been told of yet; most come in the birth."""
        new = [
            metric
            for metric in message.metrics
            if metric.name and metric.name not in device.metrics
        ]
        if not new or len(device.metrics) + len(new) > _MOST_METRICS:
            return
        for metric in new:
            node.register(address.device, metric.name, metric.datatype, metric.alias)
        self._tell_unmapped(address, [metric.name for metric in new], outcome)

    def _tell_unmapped(
        self, address: Address, metrics: Iterable[str], outcome: SparkplugOutcome
    ) -> None:
        unmapped = [
            metric
            for metric in metrics
            if not is_about_itself(metric)
            and not self._target(address.group, address.node, address.device, metric)
        ]
        if unmapped:
            own = self._naming.own_asset(address.group, address.node, address.device)
            hint = "" if own else f"; {address.device or address.node!r} is no asset of this park"
            detail = f"{address.path} has metrics that are left out for want of a field: "
            outcome.faults.append(
                SparkplugFault("sparkplug-unmapped-metric", detail + listed(unmapped) + hint)
            )

    def _read(
        self, node: Node, address: Address, message: Payload, now_ms: int, outcome: SparkplugOutcome
    ) -> None:
        """The readings in a message, one for each asset and time, and its faults."""
        found = Readings(message.time_ms or now_ms)
        for metric in message.metrics:
            device, name = address.device, metric.name
            if not name:
                device, name = node.named(metric.alias)
            if not name:
                found.without_name.append(metric)
                continue
            target = self._target(node.group, node.name, device, name)
            if target is not None:
                born = node.devices.get(device, Device()).metrics
                found.take(metric, name, target, born.get(name, 0))
        outcome.elements += found.readings(historical=False)
        outcome.historical += found.readings(historical=True)
        outcome.faults += found.faults(address.path, born=node.born)
        node.needs_rebirth |= bool(found.without_name)

    # Sequence and questions

    def _count(self, node: Node, message: Payload, now_ms: int) -> None:
        if node.born and message.seq is not None and message.seq <= _SEQUENCE_MAX:
            if not node.sequence.take(message.seq, now_ms):
                node.needs_rebirth = True
        elif not node.born:
            node.needs_rebirth = True

    def _question(self, node: Node, now_ms: int) -> tuple[str, str] | None:
        """The node, where it is to be asked for its births and wasn't just now."""
        if not node.needs_rebirth:
            return None
        if node.asked_ms is not None and 0 <= now_ms - node.asked_ms < _REBIRTH_EVERY_MS:
            return None
        node.asked_ms, node.needs_rebirth = now_ms, False
        return node.group, node.name


def _device(node: Node, address: Address) -> Device:
    """The device that a message is of. Raises MessageError where its node has too many."""
    device = node.devices.get(address.device)
    if device is None:
        if len(node.devices) > _MOST_DEVICES:
            raise MessageError(
                "sparkplug-too-many", f"{node.path} has {_MOST_DEVICES} devices already"
            )
        device = node.devices[address.device] = Device()
    return device


def _birth_number(message: Payload) -> int | None:
    for metric in message.metrics:
        if birth_number(metric.name) and isinstance(metric.raw, int):
            return metric.raw
    return None


def _moment(message: Payload, now_ms: int) -> int:
    """When something happened by its sender's clock, if that can be true."""
    told = message.time_ms
    return told if told is not None and _EARLIEST_MS <= told <= now_ms else now_ms
