"""Which asset and field a Sparkplug metric stands for.

A device's id is its asset's id, a metric's name is the field's. Where the name has folders, the
last of them names the asset if the park has one of that id: so one node can speak for many assets
without devices. Both can be overridden by name.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from park.telemetry import Kind

_ABOUT_ITSELF = ("Node Control/", "Device Control/", "Properties/")
_BIRTH_NUMBER = "bdSeq"


@dataclass(frozen=True, slots=True)
class Target:
    """What a metric stands for."""

    asset: str
    field: str


@dataclass(frozen=True, slots=True)
class Naming:
    """From metric names to assets and fields."""

    asset_kind: Callable[[str], Kind | None]
    names: Mapping[str, str] = field(default_factory=dict)
    """Field, or `asset/field`, by metric name."""
    assets: Mapping[str, str] = field(default_factory=dict)
    """Asset by `group/node/device`, `node/device` or `device`; without a device by `group/node`
    or `node`. A folder counts as a device."""

    def target(self, group: str, node: str, device: str, metric: str) -> Target | None:
        """The field that a metric stands for; None where the park has none such."""
        if is_about_itself(metric) and metric not in self.names:
            return None
        folder, _, name = self.names.get(metric, metric).rpartition("/")
        name = self.names.get(name, name)
        for asset in self._candidates(group, node, device, folder.rpartition("/")[2]):
            kind = self.asset_kind(asset)
            if kind is not None:
                return Target(asset, name) if name in kind.fields else None
        return None

    def own_asset(self, group: str, node: str, device: str) -> str | None:
        """The asset that a device, or the node itself, is; None where the park has none such."""
        asset = self._asset(group, node, device)
        return asset if self.asset_kind(asset) is not None else None

    def _candidates(self, group: str, node: str, device: str, folder: str) -> Iterator[str]:
        if folder:
            yield self._asset(group, node, folder)
        yield self._asset(group, node, device)

    def _asset(self, group: str, node: str, device: str) -> str:
        steps = [step for step in (group, node, device) if step]
        paths = ["/".join(steps[first:]) for first in range(len(steps))]
        return next((self.assets[path] for path in paths if path in self.assets), steps[-1])


def is_about_itself(metric: str) -> bool:
    """Whether a metric tells of the node's or device's own workings, and is no measurement."""
    return metric == _BIRTH_NUMBER or metric.startswith(_ABOUT_ITSELF)


def birth_number(metric: str) -> bool:
    """Whether a metric is the number that ties a death to its birth."""
    return metric == _BIRTH_NUMBER
